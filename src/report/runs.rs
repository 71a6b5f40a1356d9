//! Formats the history of the claims and the tables of runs.

use maud::{Markup, html};

use super::Report;
use super::page::{folded, more, rest};
use super::wording::grouped;
use crate::artifact::shown;
use crate::db::calls::Run;
use crate::db::report::{Day, Ended};
use crate::ids::Status;
use crate::plot::{self, Bar};

/// Maximum number of runs in a table.
const RUNS: usize = 100;

/// Formats the section about runs.
pub(super) fn runs(report: &Report) -> Markup {
    let failed: Vec<&Run> = report.runs.iter().filter(|run| run.status == Status::Failed).collect();
    html! {
        div.parts {
            (history(report, false, "Runs embedded each day", "runs embedded"))
            (history(report, true, "Failures each day", "failures"))
        }
        h3 #failures { "Failed runs" }
        @if failed.is_empty() { p.none { "None." } } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "Run" } th { "Phase" } th { "Attempts" } th { "Reason" } } }
                tbody { @for run in failed.iter().take(RUNS) {
                    tr {
                        (name(report, run)) td { (run.failed_phase.as_deref().unwrap_or("-")) }
                        td.count { (run.attempts) } td { (run.last_error.as_deref().unwrap_or("-")) }
                    }
                } }
            } }
            (others(failed.len(), "failed runs", "trailblazer runs list --status failed"))
        }
        h3 #all-runs { "Runs" }
        p.note { "Select a run to see the commands that print its history and its pages." }
        div.scroll tabindex="0" { table {
            thead { tr { th { "Run" } th { "Source" } th { "Status" } th { "Normalized" } th { "Documents" } th { "Chunks" } th { "Embedded" } } }
            tbody { @for run in report.runs.iter().take(RUNS) {
                @let count = |count: Option<i32>| count.map_or_else(|| "-".to_owned(), |count| grouped(count.into()));
                tr {
                    (name(report, run)) td { (run.source) } td { (run.status) } td { (shown(run.normalized_at)) }
                    td.count { (grouped(run.total_docs.into())) } td.count { (count(run.total_chunks)) } td.count { (count(run.embedded_chunks)) }
                }
            } }
        } }
        (others(report.runs.len(), "older runs", "trailblazer runs list"))
    }
}

/// Formats the cell with the id of a run, which opens the commands that print its history and its pages.
fn name(report: &Report, run: &Run) -> Markup {
    html! {
        td { details {
            summary { (run.run_id) }
            (show(run.run_id.as_str()))
            @if report.run_id.is_none() { code { "trailblazer report --run " (run.run_id) } }
        } }
    }
}

fn show(run_id: &str) -> Markup {
    html! { code { "trailblazer runs show " (run_id) } }
}

/// Says how many of `all` runs are not in a table, and which command lists them.
fn others(all: usize, noun: &str, command: &str) -> Markup {
    html! {
        @if all > RUNS { p.note { "And " (all - RUNS) " " (noun) ": " code { (command) } } }
    }
}

/// Draws the claims of each day, and lists them below the plot.
fn history(report: &Report, is_failure: bool, heading: &str, noun: &str) -> Markup {
    let days: Vec<&Day> = report.attempts.iter().filter(|day| day.is_failure == is_failure).collect();
    let last = days.len().saturating_sub(1);
    let bar = |(place, day): (usize, &&Day)| Bar {
        value: day.attempts,
        label: format!("{}: {} {noun}", day.day, grouped(day.attempts)),
        tick: if place == 0 || place == last { day.day.format("%b %-d").to_string() } else { String::new() },
    };
    let bars: Vec<Bar> = days.iter().enumerate().map(bar).collect();
    let rows = days.iter().rev().filter(|day| day.attempts > 0).map(|day| claims(report, day));
    html! {
        div.part.history {
            (plot::bars(heading, &bars))
            (folded(&rows.collect::<Vec<_>>()))
        }
    }
}

/// Formats the claims of a day, which its number opens.
fn claims(report: &Report, day: &Day) -> Markup {
    html! {
        details.row {
            summary { span.label { (day.day) } span.number { (grouped(day.attempts)) } }
            ul.pages {
                @for ended in &day.runs { li { (show(&ended.run_id)) " " (end(ended, day.is_failure)) } }
                @if let Some(left) = rest(day.attempts, day.runs.len()) {
                    li.note { "and " (grouped(left)) " more: " (more(report, day.attempts)) }
                }
            }
        }
    }
}

/// Formats when and how a claim ended.
fn end(ended: &Ended, is_failure: bool) -> Markup {
    let error = ended.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    html! {
        time { (shown(ended.ended_at)) }
        @if is_failure { " " (ended.phase) " " (ended.outcome) (error) }
    }
}
