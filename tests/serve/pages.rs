//! The pages in a browser without JavaScript.

use super::Server;
use super::server::HOSTILE;

#[test]
fn the_search_page_shows_hits_with_their_context_and_keeps_its_address() {
    let server = Server::new();
    let page = server.page("/?q=when+does+a+lease+expire&source=dita&label=guide").status(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    for part in [
        "<h2><a href=\"/d/one/topic%3Ag%2Flease.dita?chunk=0\">Leases</a></h2>",
        "<mark>lease</mark>",
        "<span>Handbook</span>",
        "href=\"https://docs.example/topic:g/lease.dita#expiry\" rel=\"noopener noreferrer\">Original page</a>",
        "name=\"source\" value=\"dita\" checked",
        "name=\"label\" value=\"guide\" checked",
        "value=\"when does a lease expire\"",
    ] {
        assert!(page.body.contains(part), "{part}\n{}", page.body);
    }
}

#[test]
fn the_search_page_says_plainly_that_nothing_was_found() {
    let server = Server::new();
    assert!(server.page("/").status(200).body.contains("3 documents can be searched."));
    let page = server.page("/?q=lease&source=confluence").status(200);
    assert!(page.body.contains("Nothing relevant found."), "{}", page.body);
    // A filter without any documents can still be removed.
    assert!(page.body.contains("value=\"confluence\" checked"), "{}", page.body);
    assert!(server.page("/?q=%21%3F").status(200).body.contains("The question contains no words."));
}

#[test]
fn a_hit_leads_to_its_section() {
    let server = Server::new();
    let document = "/d/one/topic%3Ag%2Flease.dita";
    let run = server.get("/api/runs/one").json();
    assert!(run["run"]["total_chunks"].as_i64().unwrap() > 0);
    let first = server.page(&format!("{document}?chunk=0")).status(303);
    assert_eq!(first.header("location"), "/d/one/topic%3Ag%2Flease.dita#s-expiry");
    let none = server.page(&format!("{document}?chunk=99")).status(303);
    assert_eq!(none.header("location"), document);
    let page = server.page(document).status(200).body;
    for part in [
        "<h1>Leases</h1>",
        "<h2 id=\"s-expiry\">Expiry</h2>",
        "<h3 id=\"s-by-a-worker\">By a worker</h3>",
        "href=\"/d/one/topic%3Ag%2Fvector.dita#s-shape\"",
        "href=\"#s-renewal\"",
        "<summary>Markdown</summary>",
        "updated_at",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let table = server.page("/d/~/topic:g/vector.dita").status(200).body;
    assert!(table.contains("<td>384</td>") || table.contains(">384</td>"), "{table}");
    assert!(table.contains("select 1 &lt; 2;"), "{table}");
}

#[test]
fn the_backlog_shows_workers_failures_and_how_long_it_takes() {
    let server = Server::new();
    let database = &server.sandbox.database;
    database.register_runs(3);
    let mut client = database.connect();
    client
        .batch_execute(
            "select graphdb.claim_run('chunk', 'far-host/7/0', interval '1 hour');
             update graphdb.processed_runs set updated_at = updated_at - interval '9 minutes' where claimed_by is not null;
             with c as (select * from graphdb.claim_run('chunk', 'h/1/0'))
             select graphdb.fail_run(c.run_id, c.claim_token, '<b>bad</b> & worse', p_permanent => true) from c",
        )
        .unwrap();
    let page = server.page("/backlog").status(200).body;
    for part in [
        "1 run failed, and 1 worker is probably dead.",
        "<td>far-host</td><td>7/0</td>",
        "9 min 0 s ago",
        "probably dead",
        "&lt;b&gt;bad&lt;/b&gt; &amp; worse",
        "<svg role=\"img\" aria-label=\"Runs embedded per minute, last hour, at most 1\"",
        "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>",
        "href=\"/runs/r02\"",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let run = server.page("/runs/r02").status(200).body;
    assert!(run.contains("chunk failed"), "{run}");
    assert!(run.contains("&lt;b&gt;bad&lt;/b&gt;"), "{run}");
    assert!(!run.contains("Retry"), "{run}");
}

/// Title, id, URL, heading, body, worker and error contain text that would run if it were not escaped.
#[test]
fn nothing_that_documents_workers_or_errors_say_is_markup() {
    let server = Server::new();
    let mut client = server.sandbox.database.connect();
    server.sandbox.database.register_runs(1);
    client
        .execute(
            "update graphdb.documents set url = $1, path = $1, labels = array[$1], breadcrumbs = array[$1]",
            &[&HOSTILE],
        )
        .unwrap();
    client.execute("select graphdb.claim_run('chunk', left($1, 100))", &[&HOSTILE]).unwrap();
    client
        .execute(
            "update graphdb.processed_runs set last_error = $1, failed_phase = 'chunk' where false or run_id = 'r01'",
            &[&HOSTILE],
        )
        .ok();
    let encoded = percent_encoding::utf8_percent_encode(HOSTILE, percent_encoding::NON_ALPHANUMERIC).to_string();
    for path in [
        "/?q=zebra".to_owned(),
        format!("/?q={encoded}&source={encoded}&label={encoded}"),
        format!("/d/one/{encoded}"),
        "/backlog".into(),
        "/runs/one".into(),
        "/runs/r01".into(),
        format!("/runs/{encoded}"),
        format!("/d/one/{encoded}{encoded}"),
        format!("/{encoded}"),
    ] {
        let page = server.page(&path).body;
        assert!(page.starts_with("<!DOCTYPE html>"), "{path}: {page}");
        let scripts = page.matches("<script").count();
        assert_eq!(scripts, 1, "{path}: {page}");
        for bad in ["<img", "onerror=window.hacked=1>", "href=\"javascript:"] {
            let is_markup = page.contains(bad) && !page.contains("&gt;");
            assert!(!is_markup && !page.contains("<img"), "{path}: {page}");
        }
    }
}

#[test]
fn errors_are_pages_for_people_and_problems_for_programs() {
    let server = Server::new();
    let page = server.page("/d/~/none").status(404);
    assert!(page.body.contains("<h1>Not Found</h1>"), "{}", page.body);
    assert_eq!(server.page("/api/documents/~/none").header("content-type"), "application/problem+json");
}
