//! Formats the report as HTML.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::runs::runs;
use super::wording::{self, ATTENTION, CHUNKS, CONTENT, Part, grouped};
use super::{DUPLICATES, MOST_PAGES, Report};
use crate::artifact::shown;
use crate::db::report::{Duplicates, Group, Page};

const STYLE: &str = include_str!("style.css");
/// The browser runs no scripts and loads no resources, regardless of the content of a title.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/// Number of values in a section that are shown at once.
const SHOWN: usize = 12;
/// Number of further values that are not worth a fold.
const FEW: usize = 3;

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
                        "Pages that the database role may not read are not included. "
                        "Select a number to see its pages. " code { "trailblazer show PATH" } " prints one of them."
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
                "This report names " a href="#access" { (grouped(restricted)) @if restricted == 1 { " restricted page" } @else { " restricted pages" } }
                ". Share the report only with people who may see them."
            }
        }
    }
}

/// Formats the most important numbers. Each is a link to its section.
fn summary(report: &Report) -> Markup {
    let count =
        |kind: &str, value: &str| report.groups(kind).find(|group| group.value == value).map_or(0, |g| g.documents);
    let (identical, similar) = (Listed::of(report, true), Listed::of(report, false));
    let documents: i64 = identical.groups.iter().map(|group| group.documents).sum();
    let pairs = i64::try_from(similar.groups.len()).unwrap_or(i64::MAX);
    let cards = [
        ("documents", report.total_documents(), false, "source"),
        ("shown by search", count("search", "shown"), false, "search"),
        ("empty", count("flag", "empty_body"), false, "flag"),
        ("placeholders", count("flag", "placeholder_only") + count("flag", "boilerplate"), false, "flag"),
        ("with broken links", count("flag", "broken_links"), false, "broken_link"),
        ("with the same text", documents, identical.are_more, "duplicates"),
        ("pairs that are alike", pairs, similar.are_more, "duplicates"),
    ];
    html! {
        ul.cards {
            @for (label, number, are_more, target) in cards {
                li { a href={ "#" (target) } { strong { (grouped(number)) @if are_more { "+" } } " " (label) } }
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
            @let row = |group: &&Group| row(report, &wording::value(part.kind, &group.value), group, most, part.unit);
            (folded(&groups.iter().map(row).collect::<Vec<_>>()))
            @if further > 0 {
                @let all = i64::try_from(groups.len()).unwrap_or(i64::MAX).saturating_add(further);
                p.note { "And " (grouped(further)) " rarer values: " (more(report, all)) }
            }
        }
    }
}

/// Shows the first rows, and folds the others if there are many.
pub(super) fn folded(rows: &[Markup]) -> Markup {
    let (first, others) = rows.split_at(if rows.len() > SHOWN + FEW { SHOWN } else { rows.len() });
    html! {
        @for row in first { (row) }
        @if !others.is_empty() {
            details.more {
                summary { "Show " (others.len()) " more" }
                @for row in others { (row) }
            }
        }
    }
}

fn row(report: &Report, label: &str, group: &Group, most: i64, unit: &str) -> Markup {
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
            (pages(report, &group.pages, group.documents, unit))
        }
    }
}

fn pages(report: &Report, pages: &[Page], all: i64, unit: &str) -> Markup {
    let most = usize::try_from(report.pages).unwrap_or(usize::MAX);
    let pages = &pages[..pages.len().min(most)];
    html! {
        ul.pages {
            @for page in pages {
                li { (title(page)) @if !unit.is_empty() { span.note { " " (wording::weight(page.weight, unit)) } } }
            }
            @if let Some(left) = rest(all, pages.len()) {
                li.note { "and " (grouped(left)) " more: " (more(report, all)) }
            }
        }
    }
}

/// Returns how many of `all` entries are not among the `listed` ones.
pub(super) fn rest(all: i64, listed: usize) -> Option<i64> {
    Some(all - i64::try_from(listed).unwrap_or(all)).filter(|left| *left > 0)
}

/// Returns the command that writes this report with lists of `all` entries.
pub(super) fn more(report: &Report, all: i64) -> Markup {
    html! {
        code {
            "trailblazer report" @if let Some(run_id) = &report.run_id { " --run " (run_id) } " --pages " (all.min(i64::from(MOST_PAGES)))
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

/// Duplicates of one kind.
struct Listed<'a> {
    groups: Vec<&'a Duplicates>,
    /// Whether there are more than the report lists.
    are_more: bool,
}

impl<'a> Listed<'a> {
    fn of(report: &'a Report, is_identical: bool) -> Self {
        let all = report.duplicates.iter().filter(|group| group.is_identical == is_identical);
        let are_more = all.clone().count() > usize::from(DUPLICATES);
        Self { groups: all.take(DUPLICATES.into()).collect(), are_more }
    }
}

fn duplicates(report: &Report) -> Markup {
    let (identical, similar) = (Listed::of(report, true), Listed::of(report, false));
    let rows = identical.groups.iter().map(|group| same(report, group));
    let rows: Vec<Markup> = rows.chain(similar.groups.iter().map(|pair| alike(report, pair))).collect();
    html! {
        div.part {
            h3 #duplicates { "Duplicate pages" }
            p.note { "Pages with the same text, and pairs whose vectors are nearly the same." }
            @if rows.is_empty() { p.none { "None." } }
            (folded(&rows))
            @if identical.are_more || similar.are_more {
                @let run_id = report.run_id.as_ref().map(|run_id| format!("p_run_id => '{run_id}', ")).unwrap_or_default();
                p.note { "There are more: " code { "select * from graphdb.report_duplicates(" (run_id) "p_limit => 10000)" } }
            }
        }
    }
}

fn same(report: &Report, group: &Duplicates) -> Markup {
    html! {
        details.row {
            summary { span.label { "Same text" } span.number { (grouped(group.documents)) } }
            (pages(report, &group.pages, group.documents, ""))
        }
    }
}

fn alike(report: &Report, pair: &Duplicates) -> Markup {
    html! {
        details.row {
            summary {
                span.label { @for (place, page) in pair.pages.iter().enumerate() { @if place > 0 { " / " } (page.title) } }
                span.number { (format!("{:.1} % alike", pair.similarity * 100.0)) }
            }
            (pages(report, &pair.pages, pair.documents, ""))
        }
    }
}
