//! `/runs/ID`: a run and its actions.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use maud::{Markup, html};
use serde::Deserialize;

use super::backlog::{instant, status};
use super::layout::{self, Place};
use super::{PageProblem, links, see_other};
use crate::ids::RunId;
use crate::plot::{self, Bar};
use crate::serve::actions::{self, Action, Change};
use crate::serve::api::types::{Attempt, Loss, Run, RunDetails, RunDocument};
use crate::serve::api::{Params, Segment};
use crate::serve::backlog;
use crate::serve::caller::Caller;
use crate::serve::problem::Problem;
use crate::serve::state::State;
use crate::terminal::duration;

/// Seconds between two refreshes.
const REFRESH: u32 = 5;

/// The start of the list of documents, and the last action.
#[derive(Debug, Deserialize)]
pub struct At {
    #[serde(default)]
    after: String,
}

/// Shows a run.
pub async fn show(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment,
    Params(at): Params<At>,
) -> Result<Response, PageProblem> {
    caller.require_known()?;
    let run_id: RunId = id.parse().map_err(|_| Problem::not_found("no such run"))?;
    let details = backlog::run(&state, &caller, &run_id, &at.after).await?;
    let run = &details.run;
    let content = html! {
        p.crumbs { a href="/backlog" { "Backlog" } }
        h1 { "Run " (run.run_id) }
        (facts(run))
        @if state.changes.is_some() { (buttons(run)) }
        (timeline(run, &details.attempts))
        (sizes(&details))
        (losses(&details.losses))
        (documents(run, &details.documents, details.next.as_deref()))
    };
    Ok(layout::live_page(&format!("Run {}", run.run_id), Place::Backlog, REFRESH, &content).into_response())
}

fn facts(run: &Run) -> Markup {
    let number = |count: Option<i32>| count.map_or_else(|| "–".into(), |count| count.to_string());
    html! {
        @if let Some(error) = &run.last_error {
            p.notice { strong { "Last error" } ": " (error) }
        }
        @if let Some(at) = run.paused_at {
            p.notice { strong { "Paused" } " since " (instant(at)) @if let Some(reason) = &run.pause_reason { ": " (reason) } }
        }
        dl.figures {
            div { dt { "Status" } dd { (status(&run.status)) } }
            div { dt { "Source" } dd { (run.source) } }
            div { dt { "Documents" } dd { (run.total_docs) } }
            div { dt { "Chunks" } dd { (number(run.total_chunks)) } }
            div { dt { "Embedded" } dd { (number(run.embedded_chunks)) } }
            div { dt { "Priority" } dd { (run.priority) } }
            @if run.attempts > 0 { div { dt { "Failed attempts" } dd { (run.attempts) } } }
            @if let Some(model) = &run.embedding_model { div { dt { "Model" } dd { (model) } } }
            @if let Some(worker) = &run.claimed_by { div { dt { "Held by" } dd { (worker) } } }
            @if let Some(at) = run.claim_expires_at { div { dt { "Lease expires" } dd { (instant(at)) } } }
            @if let Some(at) = run.available_at { div { dt { "Not before" } dd { (instant(at)) } } }
            @if let Some(version) = &run.code_version { div { dt { "Normalized by version" } dd { (version) } } }
        }
    }
}

/// Returns the buttons of all possible actions. Each button leads to a page that describes the effect of the action.
fn buttons(run: &Run) -> Markup {
    let can_retry = run.status == "failed";
    let is_held = run.claimed_by.is_some();
    let is_paused = run.paused_at.is_some();
    html! {
        form.actions method="post" action=(links::run(&run.run_id)) {
            @if can_retry { button name="action" value="retry" { "Retry …" } }
            @if !is_held { button name="action" value="reset" { "Reset …" } }
            @if is_held { button name="action" value="release" { "Release the claim …" } }
            @if is_paused { button name="action" value="resume" { "Resume …" } }
        }
        @if !is_paused {
            form.actions method="post" action=(links::run(&run.run_id)) {
                label { "Reason " input type="text" name="reason" maxlength="200"; }
                " "
                button name="action" value="pause" { "Pause …" }
            }
        }
        form.actions method="post" action=(links::run(&run.run_id)) {
            label { "Priority " input type="number" name="priority" min="-32768" max="32767" value=(run.priority) required; }
            " "
            button name="action" value="priority" { "Change the priority …" }
        }
    }
}

/// The data of a form: the change, and whether its dry run was shown.
#[derive(Debug, Deserialize)]
pub struct Sent {
    action: Action,
    #[serde(default)]
    priority: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    claim_token: Option<String>,
    #[serde(default)]
    confirmed: Option<String>,
}

/// Describes the effect of a change, or makes the change after a confirmation.
pub async fn change(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment,
    headers: HeaderMap,
    sent: Result<Form<Sent>, axum::extract::rejection::FormRejection>,
) -> Result<Response, PageProblem> {
    // Browsers always send the origin of a form, and `guard` has compared it with this server.
    if !headers.contains_key(axum::http::header::ORIGIN) && !headers.contains_key("sec-fetch-site") {
        let problem =
            Problem::new(axum::http::StatusCode::FORBIDDEN, "changes are only possible from the page of a run");
        return Err(problem.hint("Programs call the SQL functions, or `trailblazer runs`.").into());
    }
    let run_id: RunId = id.parse().map_err(|_| Problem::not_found("no such run"))?;
    let Form(sent) = sent.map_err(|rejection| Problem::new(rejection.status(), "the form cannot be read"))?;
    let change = Change {
        action: sent.action,
        priority: sent.priority.and_then(|priority| priority.trim().parse().ok()),
        reason: sent.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty()),
        claim_token: sent.claim_token.and_then(|token| token.parse().ok()),
    };
    let is_confirmed = sent.confirmed.is_some();
    let (sentence, claim_token) = actions::apply(&state, &caller, &run_id, change.clone(), !is_confirmed).await?;
    if is_confirmed {
        return Ok(see_other(&links::run(run_id.as_str())));
    }
    Ok(confirmation(&run_id, &change, claim_token, &sentence).into_response())
}

fn confirmation(run_id: &RunId, change: &Change, claim_token: Option<i64>, sentence: &str) -> Markup {
    let address = links::run(run_id.as_str());
    let action = serde_json::to_value(change.action).unwrap_or_default();
    let content = html! {
        h1 { "Confirm" }
        p.lead { (sentence) }
        form.actions method="post" action=(address) {
            input type="hidden" name="action" value=(action.as_str().unwrap_or_default());
            @if let Some(priority) = change.priority { input type="hidden" name="priority" value=(priority); }
            @if let Some(reason) = &change.reason { input type="hidden" name="reason" value=(reason); }
            @if let Some(token) = claim_token { input type="hidden" name="claim_token" value=(token); }
            button name="confirmed" value="yes" { "Yes, do it" }
            " "
            a href=(address) { "Cancel" }
        }
    };
    layout::page("Confirm", Place::Backlog, &content)
}

fn timeline(run: &Run, attempts: &[Attempt]) -> Markup {
    html! {
        h2 { "Timeline" }
        div.scroll tabindex="0" {
            table {
                thead { tr {
                    th scope="col" { "Began" } th scope="col" { "What" } th scope="col" { "Took" } th scope="col" { "Worker" } th scope="col" { "Error" }
                } }
                tbody {
                    tr { td { (instant(run.normalized_at)) } td { "normalized" } td { "–" } td { "–" } td { "–" } }
                    @for attempt in attempts {
                        tr class=[matches!(attempt.outcome.as_str(), "failed" | "expired").then_some("bad")] {
                            td { (instant(attempt.started_at)) }
                            td { (attempt.phase) " " (attempt.outcome) }
                            td { (duration((attempt.ended_at - attempt.started_at).num_seconds())) }
                            td { (attempt.worker) }
                            td.reason { (attempt.error.as_deref().unwrap_or("–")) }
                        }
                    }
                    @if let Some(worker) = &run.claimed_by {
                        tr { td { "now" } td { (run.status) } td { "–" } td { (worker) } td { "–" } }
                    }
                }
            }
        }
    }
}

fn sizes(details: &RunDetails) -> Markup {
    // The database returns no row for ranges without chunks. The chart shows them as gaps.
    let last = details.chunk_sizes.last().map_or(0, |size| size.from_tokens);
    let step = details.chunk_sizes.first().map_or(32, |size| size.to_tokens - size.from_tokens + 1).max(1);
    let count = usize::try_from(last / step + 1).unwrap_or(1).min(128);
    let bars: Vec<Bar> = (0..count)
        .map(|place| {
            let from = i32::try_from(place).unwrap_or(0) * step;
            let size = details.chunk_sizes.iter().find(|size| size.from_tokens == from);
            let chunks = size.map_or(0, |size| size.chunks);
            let tick = if place % (count / 8).max(1) == 0 { from.to_string() } else { String::new() };
            Bar { value: chunks, label: format!("{from} to {} tokens: {chunks} chunks", from + step - 1), tick }
        })
        .collect();
    html! {
        @if !details.chunk_sizes.is_empty() { (plot::bars("Chunks by size in tokens", &bars)) }
    }
}

fn losses(losses: &[Loss]) -> Markup {
    html! {
        @if !losses.is_empty() {
            h2 { "Losses" }
            p.hint { "Content that was dropped, unresolved or cleaned during normalization." }
            div.scroll tabindex="0" {
                table {
                    thead { tr { th scope="col" { "Construct" } th scope="col" { "Times" } th scope="col" { "Documents" } } }
                    tbody { @for loss in losses { tr { td { (loss.loss) } td { (loss.occurrences) } td { (loss.documents) } } } }
                }
            }
        }
    }
}

fn documents(run: &Run, documents: &[RunDocument], next: Option<&str>) -> Markup {
    html! {
        h2 { "Documents" }
        @if documents.is_empty() {
            p { "No documents here." }
        } @else {
            div.scroll tabindex="0" {
                table {
                    thead { tr {
                        th scope="col" { "Title" } th scope="col" { "Path" } th scope="col" { "Bytes" } th scope="col" { "Chunks" }
                        th scope="col" { "Tokens" } th scope="col" { "Searched" } th scope="col" { "Losses" }
                    } }
                    tbody {
                        @for document in documents {
                            tr {
                                td { a href=(links::document(&run.run_id, &document.doc_id)) { (document.title) } }
                                td.path { (document.path.as_deref().unwrap_or(&document.doc_id)) }
                                td { (document.bytes) }
                                td { (document.chunks) }
                                td { (document.tokens) }
                                td { @if document.is_searched { "yes" } @else { "no" } }
                                td { (document.losses.values().sum::<i64>()) }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(next) = next {
            p { a href={ (links::run(&run.run_id)) "?after=" (links::encoded(next)) } { "More documents" } }
        }
    }
}
