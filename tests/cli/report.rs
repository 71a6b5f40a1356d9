//! `trailblazer report`

use std::fs;

use serde_json::json;

use crate::support::Sandbox;

const SCRIPT: &str = "<script>alert(1)</script>";

/// A run with an empty page, a placeholder, two pages that say the same, and values that try to run code.
fn library() -> Sandbox {
    let sandbox = Sandbox::new();
    let hostile = format!("{SCRIPT}\"'><img src=x onerror=alert(1)>");
    let long = "A sentence about nothing in particular that fills the page with words. ".repeat(20);
    let documents = [
        json!({"id": "empty", "title": "Empty", "text_md": "", "source_system": "dita"}),
        json!({"id": "tbd", "title": "Later", "text_md": "# Scope\n\nTBD\n", "source_system": "dita"}),
        json!({"id": "one", "title": "One", "text_md": long, "source_system": "dita", "url": "https://docs.example/one",
               "updated_at": "2001-02-03T04:05:06Z", "losses": {"macro:toc": 3}}),
        json!({"id": "two", "title": "Two", "text_md": long, "source_system": "dita",
               "links": [{"href": "gone.dita", "reason": "not in input"}, {"href": "https://a.example", "reason": "external"}]}),
        json!({"id": "evil", "title": hostile, "text_md": format!("{SCRIPT} {long}"), "source_system": "dita",
               "url": "javascript:alert(1)", "source_path": hostile, "labels": [hostile], "losses": {(hostile.clone()): 1},
               "links": [{"href": hostile, "reason": "not in input"}], "language": "en"}),
    ];
    let lines: Vec<String> = documents.iter().map(ToString::to_string).collect();
    sandbox.write("var/runs/one/normalize/normalized.ndjson", lines.join("\n"));
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    sandbox
}

/// The part of a report below a heading with this id, up to the next heading.
fn part<'a>(html: &'a str, id: &str) -> &'a str {
    let start = html.find(&format!("<h3 id=\"{id}\">")).unwrap_or_else(|| panic!("no part {id}: {html}"));
    let end = html[start + 4..].find("<h3").map_or(html.len(), |end| start + 4 + end);
    &html[start..end]
}

#[test]
fn report_leads_from_every_number_to_its_pages() {
    let sandbox = library();
    let run = sandbox.run(&["report"]).success();
    assert_eq!(run.stdout, "");
    assert_eq!(run.stderr, "wrote report.html: 5 documents\n");
    let html = fs::read_to_string(sandbox.folder().join("report.html")).unwrap();
    for (id, expected) in [
        ("source", "dita"),
        ("flag", "empty_body"),
        ("flag", "<code>empty</code>"),
        ("flag", "placeholder_only"),
        ("flag", "<code>tbd</code>"),
        ("loss", "macro:toc"),
        ("loss", "3 times"),
        ("broken_link", "not in input: gone.dita"),
        ("age", "5 years or more"),
        ("age", "<a href=\"https://docs.example/one\" rel=\"noreferrer\">One</a>"),
        ("access", "everybody"),
        ("duplicates", "<code>one</code></li><li>Two <code>two</code>"),
        ("search", "shown"),
        ("coverage", "whole page"),
        ("chunk_kind", "text"),
        ("chunk_size", " to "),
    ] {
        assert!(part(&html, id).contains(expected), "{id}: {expected}\n{}", part(&html, id));
    }
    // Where an external link leads is nobody's fault.
    assert!(!part(&html, "broken_link").contains("a.example"));
}

#[test]
fn nothing_in_a_report_can_run_or_load() {
    let sandbox = library();
    let html = sandbox.run(&["report", "--run", "one", "--out", "-"]).success().stdout;
    assert!(html.starts_with("<!DOCTYPE html>"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(html.contains("Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';"));
    for bad in ["<script", "<img", "href=\"javascript", "@import", "url("] {
        assert!(!html.contains(bad), "{bad}");
    }
}

#[test]
fn report_of_an_unknown_run_or_into_a_missing_folder_writes_nothing() {
    let sandbox = library();
    let unknown = sandbox.run(&["report", "--run", "two"]).exits(2);
    assert!(unknown.stderr.starts_with("error: no run \"two\"\n"), "{}", unknown.stderr);
    for path in ["missing/report.html", "missing/"] {
        let missing = sandbox.run(&["report", "--out", path]).exits(2);
        assert!(missing.stderr.starts_with("error: there is no folder missing"), "{}", missing.stderr);
    }
    assert!(!sandbox.folder().join("report.html").exists());
}

#[test]
fn report_into_a_folder_is_a_file_in_it() {
    let sandbox = library();
    fs::create_dir(sandbox.folder().join("reports")).unwrap();
    let run = sandbox.run(&["report", "--out", "reports"]).success();
    assert_eq!(run.stderr, "wrote reports/report.html: 5 documents\n");
    assert!(sandbox.folder().join("reports/report.html").is_file());
}

#[test]
fn search_filters_by_quality_flag_and_finds_flagged_pages_without_a_filter() {
    let sandbox = library();
    let titles = |args: &[&str]| {
        let found = sandbox.run(&[&["ask", "Scope TBD", "--json", "--text-only"], args].concat()).success();
        let titles = found.events_named("ask.result").iter().map(|hit| hit["title"].to_string()).collect::<Vec<_>>();
        titles.join(" ")
    };
    assert_eq!(titles(&[]), "\"Later\"");
    assert_eq!(titles(&["--where", "flag=placeholder_only"]), "\"Later\"");
    assert_eq!(titles(&["--where", "flag=empty_body"]), "");
    assert_eq!(titles(&["--where", "without_flag=placeholder_only"]), "");
}

#[test]
fn a_long_list_of_values_is_folded_and_no_page_is_missing() {
    let sandbox = Sandbox::new();
    let page = |number: usize| {
        json!({"id": format!("p{number}"), "title": format!("Page {number}"), "text_md": "Some text.", "source_system": "dita",
               "losses": {(format!("macro:m{number:02}")): 1}})
        .to_string()
    };
    let lines: Vec<String> = (0..20).map(page).collect();
    sandbox.write("var/runs/one/normalize/normalized.ndjson", lines.join("\n"));
    sandbox.run(&["runs", "backfill"]).success();
    let html = sandbox.run(&["report", "--out", "-"]).success().stdout;
    let losses = part(&html, "loss");
    assert!(!html.contains("trailblazer report --pages"), "every list is complete");
    let (shown, folded) = losses.split_once("<summary>Show 8 more</summary>").unwrap();
    assert_eq!((shown.matches("class=\"row\"").count(), folded.matches("class=\"row\"").count()), (12, 8));
    assert!((0..20).all(|number| losses.contains(&format!("<code>p{number}</code>"))), "{losses}");
    assert!(part(&html, "flag").contains("trailblazer ask WORDS --where flag=NAME"));
}

/// Returns each element `name` with its attributes and its content. Elements of this name do not contain each other.
fn elements<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let (begin, end) = (format!("<{name}"), format!("</{name}>"));
    let parts = html.split(&begin).skip(1).filter(|part| part.starts_with([' ', '>']));
    parts.map(|part| part.split(&end).next().unwrap()).collect()
}

/// Checks that every number opens a list, is a link to a part that exists, or is in the row of a run.
fn check_numbers(html: &str) {
    for details in html.split("<details class=\"row\">").skip(1) {
        let (summary, list) = details.split_once("</summary>").unwrap();
        assert!(summary.contains("class=\"number\""), "{summary}");
        assert!(list.starts_with("<ul class=\"pages\"><li>"), "{summary}: {list:.200}");
    }
    let numbers = html.matches("class=\"number\"").count();
    assert_eq!(numbers, html.matches("<details class=\"row\">").count(), "a number outside of a row");
    for link in html.split("href=\"#").skip(1) {
        let target = link.split('"').next().unwrap();
        assert!(html.contains(&format!(" id=\"{target}\"")), "no part {target}");
    }
    let cards = elements(html, "ul")[0];
    assert_eq!(cards.matches("<strong>").count(), cards.matches("<a href=\"#").count());
    for row in elements(html, "tr").into_iter().filter(|row| row.contains("class=\"count\"")) {
        assert!(row.contains("<code>trailblazer runs show "), "{row}");
    }
    // A plot is followed by the list of its bars.
    for plot in html.split("<figure class=\"plot\">").skip(1) {
        let (plot, after) = plot.split_once("</figure>").unwrap();
        assert_eq!(plot.contains("<rect"), after.starts_with("<details class=\"row\">"), "{plot}{after:.200}");
    }
}

#[test]
fn every_number_of_a_report_opens_a_list_or_names_a_command() {
    let sandbox = library();
    sandbox.database.column("select graphdb.reset_runs('{}')");
    let claim = "select graphdb.fail_run(r.run_id, r.claim_token, 'broken <b>', null, true) is null
                 from graphdb.claim_run('chunk', 'w', interval '1 hour') as r";
    sandbox.database.column(claim);
    for args in [&["report", "--out", "-"][..], &["report", "--out", "-", "--run", "one", "--pages", "1"]] {
        let html = sandbox.run(args).success().stdout;
        check_numbers(&html);
        let day = |heading: &str| {
            html.split(&format!("<figcaption>{heading}")).nth(1).unwrap().split("</figure>").nth(1).unwrap().to_owned()
        };
        assert!(day("Runs embedded each day").contains("<li><code>trailblazer runs show one</code> <time>"), "{html}");
        assert!(day("Failures each day").contains(": broken &lt;b&gt;</li>"), "{html}");
        assert_eq!(html.contains("<code>trailblazer report --run one</code>"), args.len() == 3);
    }
}

#[test]
fn a_shortened_list_names_the_command_that_lists_the_rest() {
    let sandbox = library();
    let html = sandbox.run(&["report", "--run", "one", "--pages", "1", "--out", "-"]).success().stdout;
    let rest = "<li class=\"note\">and 4 more: <code>trailblazer report --run one --pages 5</code></li>";
    assert!(part(&html, "source").contains(rest), "{}", part(&html, "source"));
    let rest = "<li class=\"note\">and 1 more: <code>trailblazer report --run one --pages 2</code></li>";
    assert!(part(&html, "duplicates").contains(rest), "{}", part(&html, "duplicates"));
    let whole = sandbox.run(&["report", "--run", "one", "--pages", "5", "--out", "-"]).success().stdout;
    assert!(!whole.contains(" more: <code>"), "{whole}");
}

#[test]
fn rare_values_and_many_duplicates_are_counted_and_can_be_listed() {
    let sandbox = Sandbox::new();
    let page = |number: usize| {
        json!({"id": format!("p{number:03}"), "title": format!("Page {number}"), "text_md": format!("Some text {}.", number / 2),
               "source_system": "dita", "labels": [format!("l{number:03}")]})
        .to_string()
    };
    let lines: Vec<String> = (0..204).map(page).collect();
    sandbox.write("var/runs/one/normalize/normalized.ndjson", lines.join("\n"));
    sandbox.run(&["runs", "backfill"]).success();
    let html = sandbox.run(&["report", "--out", "-"]).success().stdout;
    let rest = "And 104 rarer values: <code>trailblazer report --pages 204</code>";
    assert!(part(&html, "label").contains(rest), "{}", part(&html, "label"));
    let rest = "There are more: <code>select * from graphdb.report_duplicates(p_limit =&gt; 10000)</code>";
    assert!(part(&html, "duplicates").contains(rest), "{}", part(&html, "duplicates"));
    assert!(html.contains("<strong>200+</strong> with the same text"));
    check_numbers(&html);
    let whole = sandbox.run(&["report", "--out", "-", "--pages", "204"]).success().stdout;
    assert!(part(&whole, "label").contains("l203") && !part(&whole, "label").contains("rarer values"));
}
