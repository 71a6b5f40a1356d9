//! `/backlog`: the remaining work and the workers.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State as Shared;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::layout::{self, Place};
use super::{Page, links};
use crate::ids::Status;
use crate::plot::{self, Bar};
use crate::serve::api::types::{Backlog, Claim, Interval, Pause, Run};
use crate::serve::backlog;
use crate::serve::caller::Caller;
use crate::serve::state::State;
use crate::terminal::{counted, duration};

/// Seconds between two refreshes.
const REFRESH: u32 = 5;
/// Number of listed runs.
const RECENT: u32 = 25;

/// Shows the backlog.
pub async fn show(Shared(state): Shared<Arc<State>>, Extension(caller): Extension<Caller>) -> Page {
    caller.require_known()?;
    let backlog = backlog::read(&state).await?;
    let recent = backlog::runs(&state, &caller, RECENT).await?;
    let content = html! {
        h1 { "Backlog" }
        (summary(&backlog))
        div.plots {
            (throughput("Runs embedded per minute, last hour", &backlog.last_hour, 10, "%H:%M"))
            (throughput("Runs embedded per half hour, last 24 hours", &backlog.last_day, 8, "%H:%M"))
        }
        (pauses(&backlog.pauses))
        (workers(&backlog.claims))
        (failed(&backlog.failed))
        (runs(&recent))
        p.hint { "As of " (instant(backlog.at)) "." }
    };
    Ok(layout::live_page("Backlog", Place::Backlog, REFRESH, &content))
}

fn summary(backlog: &Backlog) -> Markup {
    let finished = backlog.by_status.get("embedded").copied().unwrap_or(0);
    html! {
        p.lead { (sentence(backlog)) }
        dl.figures {
            div { dt { "Due" } dd { (backlog.due) } }
            div { dt { "Deferred" } dd { (backlog.deferred) } }
            @if backlog.paused > 0 { div { dt { "Paused" } dd { (backlog.paused) } } }
            div { dt { "Held" } dd { (backlog.live_claims) } }
            @if backlog.dead_claims > 0 { div.bad { dt { "Probably dead" } dd { (backlog.dead_claims) } } }
            div class=[(backlog.expired_claims > 0).then_some("bad")] { dt { "Lease expired" } dd { (backlog.expired_claims) } }
            div class=[(!backlog.failed.is_empty()).then_some("bad")] {
                dt { "Failed" } dd { (backlog.by_status.get("failed").copied().unwrap_or(0)) }
            }
            div { dt { "Embedded" } dd { (finished) " of " (backlog.total) } }
            div { dt { "Estimated time left" } dd { (backlog.seconds_left.map_or_else(|| "–".into(), duration)) } }
            div { dt { "Documents" } dd { (backlog.content.documents) } }
            div { dt { "Chunks" } dd { (backlog.content.chunks) } }
        }
        div.scroll tabindex="0" {
            table {
                caption { "Runs by status" }
                thead { tr { @for status in Status::ALL { th scope="col" { (status) } } th scope="col" { "total" } } }
                tbody { tr {
                    @for status in Status::ALL { td { (backlog.by_status.get(status.as_str()).copied().unwrap_or(0)) } }
                    td { (backlog.total) }
                } }
            }
        }
    }
}

/// Describes the state of the backlog in one sentence.
fn sentence(backlog: &Backlog) -> String {
    let failed = backlog.by_status.get("failed").copied().unwrap_or(0);
    let attention = match (backlog.dead_claims, failed) {
        (0, 0) => "Nothing needs attention.".to_owned(),
        (0, failed) => format!("{} failed.", counted(failed, "run")),
        (dead, 0) => format!("{} probably dead.", are_workers(dead)),
        (dead, failed) => format!("{} failed, and {} probably dead.", counted(failed, "run"), are_workers(dead)),
    };
    let left = match backlog.texts {
        0 => String::new(),
        texts => format!(" {} of {} embedded.", backlog.embedded_texts, counted(texts, "text")),
    };
    let work = match (backlog.due + backlog.deferred, backlog.live_claims) {
        (0, 0) => "There is nothing to do.".to_owned(),
        (waiting, 0) => format!("{} waiting, but no worker is processing a run.", are(waiting)),
        (waiting, held) => format!("{} waiting, {} being processed.", are(waiting), are(held)),
    };
    format!("{work}{left} {attention}")
}

fn are_workers(workers: i64) -> String {
    format!("{} {}", counted(workers, "worker"), if workers == 1 { "is" } else { "are" })
}

fn pauses(pauses: &[Pause]) -> Markup {
    html! {
        @for pause in pauses {
            p.notice {
                (counted(pause.runs, "run")) " paused since " (instant(pause.since))
                @if let Some(reason) = &pause.reason { ": " (reason) }
            }
        }
    }
}

fn are(runs: i64) -> String {
    format!("{} {}", counted(runs, "run"), if runs == 1 { "is" } else { "are" })
}

fn throughput(title: &str, intervals: &[Interval], every: usize, format: &str) -> Markup {
    let bars: Vec<Bar> = intervals
        .iter()
        .enumerate()
        .map(|(place, interval)| Bar {
            value: interval.embedded,
            label: format!(
                "{}: {} embedded, {} chunked, {} failed",
                interval.since.format(format),
                interval.embedded,
                interval.chunked,
                interval.failed
            ),
            tick: if place % every == 0 { interval.since.format(format).to_string() } else { String::new() },
        })
        .collect();
    plot::bars(title, &bars)
}

fn workers(claims: &[Claim]) -> Markup {
    html! {
        h2 { "Workers" }
        @if claims.is_empty() {
            p { "No worker holds a run." }
        } @else {
            div.scroll tabindex="0" {
                table {
                    thead { tr {
                        th scope="col" { "Host" } th scope="col" { "Worker" } th scope="col" { "Run" } th scope="col" { "Phase" }
                        th scope="col" { "Progress" } th scope="col" { "Held for" } th scope="col" { "Last heartbeat" } th scope="col" { "Lease" }
                    } }
                    tbody { @for claim in claims { (worker(claim)) } }
                }
            }
        }
    }
}

fn worker(claim: &Claim) -> Markup {
    let rest = claim.worker.split_once('/').map_or("", |(_, rest)| rest);
    html! {
        tr class=[(claim.state != "alive").then_some("bad")] {
            td { (claim.host) }
            td { (rest) }
            td { a href=(links::run(&claim.run_id)) { (claim.run_id) } }
            td { (claim.phase) }
            td {
                @if let (Some(done), Some(total)) = (claim.done, claim.total) {
                    progress value=(done) max=(total.max(1)) aria-label="Progress" {}
                    " " (done) "/" (total)
                } @else { "–" }
            }
            td { (duration(claim.age_seconds)) }
            td {
                (duration(claim.silent_seconds)) " ago"
                @if claim.state == "dead" { strong { " probably dead" } }
            }
            td {
                @if claim.expires_in_seconds < 0 { "expired " (duration(-claim.expires_in_seconds)) " ago" }
                @else { (duration(claim.expires_in_seconds)) " left" }
            }
        }
    }
}

fn failed(runs: &[Run]) -> Markup {
    html! {
        @if !runs.is_empty() {
            h2 { "Failed runs" }
            div.scroll tabindex="0" {
                table {
                    thead { tr {
                        th scope="col" { "Run" } th scope="col" { "Source" } th scope="col" { "Phase" } th scope="col" { "Attempts" }
                        th scope="col" { "Reason" }
                    } }
                    tbody {
                        @for run in runs {
                            tr {
                                td { a href=(links::run(&run.run_id)) { (run.run_id) } }
                                td { (run.source) }
                                td { (run.failed_phase.as_deref().unwrap_or("–")) }
                                td { (run.attempts) }
                                td.reason { (run.last_error.as_deref().unwrap_or("–")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn runs(runs: &[Run]) -> Markup {
    html! {
        h2 { "Newest runs" }
        @if runs.is_empty() {
            p { "There are no runs yet." }
        } @else {
            div.scroll tabindex="0" {
                table {
                    thead { tr {
                        th scope="col" { "Run" } th scope="col" { "Source" } th scope="col" { "Status" } th scope="col" { "Documents" }
                        th scope="col" { "Chunks" } th scope="col" { "Normalized" }
                    } }
                    tbody {
                        @for run in runs {
                            tr {
                                td { a href=(links::run(&run.run_id)) { (run.run_id) } }
                                td { (run.source) }
                                td { (status(&run.status)) @if run.paused_at.is_some() { " paused" } }
                                td { (run.total_docs) }
                                td { (run.total_chunks.map_or_else(|| "–".into(), |chunks| chunks.to_string())) }
                                td { (instant(run.normalized_at)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns a status as a badge.
pub fn status(name: &str) -> Markup {
    html! { span class={ "status " (Status::named(name).map_or("", Status::as_str)) } { (name) } }
}

/// Formats a time for people.
pub fn instant(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (at.format("%Y-%m-%d %H:%M:%S UTC")) } }
}
