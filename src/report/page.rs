//! Formats the report as HTML.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Report;
use super::wording::{self, ATTENTION, CHUNKS, CONTENT, Part, grouped};
use crate::artifact::shown;
use crate::db::report::{Duplicates, Group, Page};
use crate::ids::Status;
use crate::plot::{self, Bar};

const STYLE: &str = include_str!("style.css");
/// The browser runs no scripts and loads no resources, regardless of the content of a title.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/// Number of values in a section that are shown at once.
const SHOWN: usize = 12;
/// Number of further values that are not worth a fold.
const FEW: usize = 3;
/// Maximum number of runs in the table of runs.
const RUNS: usize = 100;

/// Returns the report as a whole HTML document.
#[must_use]
pub fn render(report: &Report) -> String {
    let subject = match &report.run_id {
        Some(run_id) => format!("Run {run_id}"),
        None => "All documents".to_owned(),
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (subject) " · trailblazer report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Report: " (subject) }
                    p.about {
                        "Made " time datetime=(report.created_at.to_rfc3339()) { (shown(report.created_at)) } ". "
                        @if report.run_id.is_none() { "Only the newest version of each document is counted. " }
                        "Pages that the database role may not read are not included. Select a number to see its pages."
                    }
                    (warning(report))
                    (summary(report))
                    (section("attention", "What needs attention", &html! {
                        (parts(report, ATTENTION))
                        (duplicates(report))
                    }))
                    (section("content", "What is there", &parts(report, CONTENT)))
                    (section("chunks", "What search reads", &parts(report, CHUNKS)))
                    (section("runs", "Runs and failures", &runs(report)))
                }
            }
        }
    }
    .into_string()
}

/// Warns that the report contains the names of restricted pages.
fn warning(report: &Report) -> Markup {
    let restricted: i64 =
        report.groups("access").filter(|group| group.value != "everybody").map(|group| group.documents).sum();
    html! {
        @if restricted > 0 {
            p.warning {
                "This report names " (grouped(restricted)) @if restricted == 1 { " restricted page" } @else { " restricted pages" }
                ". Share the report only with people who may see them."
            }
        }
    }
}

/// Formats the most important numbers. Each is a link to its section.
fn summary(report: &Report) -> Markup {
    let count =
        |kind: &str, value: &str| report.groups(kind).find(|group| group.value == value).map_or(0, |g| g.documents);
    let identical: i64 = report.duplicates.iter().filter(|d| d.is_identical).map(|d| d.documents).sum();
    let similar = report.duplicates.iter().filter(|d| !d.is_identical).count();
    let cards = [
        ("documents", report.total_documents(), "source"),
        ("shown by search", count("search", "shown"), "search"),
        ("empty", count("flag", "empty_body"), "flag"),
        ("placeholders", count("flag", "placeholder_only") + count("flag", "boilerplate"), "flag"),
        ("with broken links", count("flag", "broken_links"), "broken_link"),
        ("with the same text", identical, "duplicates"),
        ("pairs that are alike", i64::try_from(similar).unwrap_or(i64::MAX), "duplicates"),
    ];
    html! {
        ul.cards {
            @for (label, number, target) in cards {
                li { a href={ "#" (target) } { strong { (grouped(number)) } " " (label) } }
            }
        }
    }
}

fn section(id: &str, heading: &str, content: &Markup) -> Markup {
    html! { section aria-labelledby=(id) { h2 id=(id) { (heading) } (content) } }
}

fn parts(report: &Report, parts: &[Part]) -> Markup {
    html! { div.parts { @for part in parts { (groups(report, part)) } } }
}

/// Formats a section. It has a row with a bar for each value, which opens the list of pages.
fn groups(report: &Report, part: &Part) -> Markup {
    let mut groups: Vec<&Group> = report.groups(part.kind).collect();
    if part.is_scale {
        groups.sort_by_key(|group| group.value.parse::<i64>().unwrap_or(i64::MAX));
    } else {
        groups.sort_by_key(|group| std::cmp::Reverse(group.documents));
    }
    let most = groups.iter().map(|group| group.documents).max().unwrap_or(0);
    let further = groups.first().map_or(0, |group| group.further_values);
    html! {
        div.part {
            h3 id=(part.kind) { (part.heading) }
            p.note { (part.explanation) }
            @if groups.is_empty() { p.none { "None." } }
            @let (first, others) = groups.split_at(if groups.len() > SHOWN + FEW { SHOWN } else { groups.len() });
            @let row = |group: &Group| row(&wording::value(part.kind, &group.value), group, most, part.unit);
            @for group in first { (row(group)) }
            @if !others.is_empty() {
                details.more {
                    summary { "Show " (others.len()) " more" }
                    @for group in others { (row(group)) }
                }
            }
            @if further > 0 { p.note { "And " (grouped(further)) " rarer values." } }
        }
    }
}

fn row(label: &str, group: &Group, most: i64, unit: &str) -> Markup {
    // The width is in thousandths, so that a small bar is still visible.
    let share = group.documents.saturating_mul(1000) / most.max(1);
    html! {
        details.row {
            summary {
                span.label { (label) }
                svg.share viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
                    rect.bar x="0" y="0" width=(share.max(4)) height="10" {}
                }
                span.number { (grouped(group.documents)) }
            }
            (pages(&group.pages, group.documents, unit))
        }
    }
}

fn pages(pages: &[Page], all: i64, unit: &str) -> Markup {
    let more = all - i64::try_from(pages.len()).unwrap_or(all);
    html! {
        ul.pages {
            @for page in pages {
                li { (title(page)) @if !unit.is_empty() { span.note { " " (wording::weight(page.weight, unit)) } } }
            }
            @if more > 0 { li.note { "and " (grouped(more)) " more" } }
        }
    }
}

/// Formats the title of a page and its source. The title is a link if the page has a web address.
fn title(page: &Page) -> Markup {
    let name = if page.title.trim().is_empty() { &page.doc_id } else { &page.title };
    html! {
        @if let Some(url) = page.url.as_deref().filter(|url| is_web(url)) {
            a href=(url) rel="noreferrer" { (name) }
        } @else {
            (name)
        }
        " " code { (page.path.as_deref().unwrap_or(&page.doc_id)) }
    }
}

fn is_web(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn duplicates(report: &Report) -> Markup {
    let (identical, similar): (Vec<&Duplicates>, Vec<&Duplicates>) =
        report.duplicates.iter().partition(|d| d.is_identical);
    html! {
        div.part {
            h3 #duplicates { "Duplicate pages" }
            p.note { "Pages with the same text, and pairs whose vectors are nearly the same." }
            @if report.duplicates.is_empty() { p.none { "None." } }
            @for group in identical {
                details.row {
                    summary { span.label { "Same text" } span.number { (grouped(group.documents)) } }
                    (pages(&group.pages, group.documents, ""))
                }
            }
            @for pair in similar {
                @let percent = format!("{:.1} % alike", pair.similarity * 100.0);
                details.row {
                    summary {
                        span.label { @for (place, page) in pair.pages.iter().enumerate() { @if place > 0 { " / " } (page.title) } }
                        span.number { (percent) }
                    }
                    (pages(&pair.pages, pair.documents, ""))
                }
            }
        }
    }
}

fn runs(report: &Report) -> Markup {
    let bars = |value: &dyn Fn(&crate::db::history::Interval) -> i64, noun: &str| -> Vec<Bar> {
        let last = report.history.len().saturating_sub(1);
        let bar = |(place, day): (usize, &crate::db::history::Interval)| Bar {
            value: value(day),
            label: format!("{}: {} {noun}", day.since.format("%Y-%m-%d"), grouped(value(day))),
            tick: if place == 0 || place == last { day.since.format("%b %-d").to_string() } else { String::new() },
        };
        report.history.iter().enumerate().map(bar).collect()
    };
    let failed = report.runs.iter().filter(|run| run.status == Status::Failed);
    html! {
        div.parts {
            (plot::bars("Runs embedded each day", &bars(&|day| day.embedded, "runs embedded")))
            (plot::bars("Failures each day", &bars(&|day| day.failed, "failures")))
        }
        h3 #failures { "Failed runs" }
        @if failed.clone().next().is_none() { p.none { "None." } } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "Run" } th { "Phase" } th { "Attempts" } th { "Reason" } } }
                tbody { @for run in failed {
                    tr {
                        td { (run.run_id) } td { (run.failed_phase.as_deref().unwrap_or("-")) }
                        td.count { (run.attempts) } td { (run.last_error.as_deref().unwrap_or("-")) }
                    }
                } }
            } }
        }
        h3 #all-runs { "Runs" }
        div.scroll tabindex="0" { table {
            thead { tr { th { "Run" } th { "Source" } th { "Status" } th { "Normalized" } th { "Documents" } th { "Chunks" } th { "Embedded" } } }
            tbody { @for run in report.runs.iter().take(RUNS) {
                @let count = |count: Option<i32>| count.map_or_else(|| "-".to_owned(), |count| grouped(count.into()));
                tr {
                    td { (run.run_id) } td { (run.source) } td { (run.status) } td { (shown(run.normalized_at)) }
                    td.count { (grouped(run.total_docs.into())) } td.count { (count(run.total_chunks)) } td.count { (count(run.embedded_chunks)) }
                }
            } }
        } }
        @if report.runs.len() > RUNS { p.note { "And " (report.runs.len() - RUNS) " older runs." } }
    }
}
