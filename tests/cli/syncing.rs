//! `sync` and `fetch` update sources from their origin.

use std::fs;
use std::process::Child;

use serde_json::Value;

use crate::support::confluence::{Confluence, Fault, TOKEN};
use crate::support::web_proxy::WebProxy;
use crate::support::{Run, Sandbox};

const TOPIC: &str = "<topic id='t'><title>Title</title><body><p>Text.</p></body></topic>";

fn run(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command(args);
    command.env("TRAILBLAZER_CONFLUENCE_TOKEN", TOKEN);
    Run::of(command.output().unwrap())
}

fn spawn(sandbox: &Sandbox, args: &[&str]) -> Child {
    let mut command = sandbox.command(args);
    command.env("TRAILBLAZER_CONFLUENCE_TOKEN", TOKEN).stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null()).spawn().unwrap()
}

/// Returns added, changed, removed and unchanged documents of the only source.
fn counts(run: &Run) -> [i64; 4] {
    let event = run.events_named("sync.source").remove(0);
    ["added", "changed", "removed", "unchanged"].map(|name| event[name].as_i64().unwrap())
}

fn bodies(sandbox: &Sandbox) -> Vec<String> {
    sandbox.database.column("select doc_id || ' ' || body from graphdb.documents where is_searched order by doc_id")
}

#[test]
fn a_confluence_source_follows_its_pages() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(60));
    sandbox.configure(&site.source("handbook"));
    let first = run(&sandbox, &["sync"]).success();
    assert_eq!(counts(&first), [60, 0, 0, 0]);
    assert!(
        first.stderr.contains("handbook: 60 documents: 60 added, 0 changed, 0 removed, 0 unchanged"),
        "{}",
        first.stderr
    );
    assert_eq!(sandbox.database.value("select status from graphdb.processed_runs"), "embedded");
    assert_eq!(sandbox.database.value("select count(distinct doc_id) from graphdb.search('number17')"), "1");

    site.requests();
    let again = run(&sandbox, &["sync"]).success();
    // The listing and the permissions of the space.
    assert_eq!((counts(&again), site.requests().len()), ([0, 0, 0, 60], 2));
    assert_eq!(again.events_named("sync.source")[0]["outcome"], "unchanged");

    site.edit(7, |page| (page.version, page.body) = (2, "<p>Another text.</p>".into()));
    site.edit(8, |page| page.labels = vec!["other".into()]);
    site.delete(60);
    let dry = run(&sandbox, &["sync", "--dry-run"]).success();
    assert_eq!(
        (counts(&dry), dry.events_named("sync.source")[0]["outcome"].clone()),
        ([0, 2, 1, 57], "dry-run".into())
    );
    assert_eq!(bodies(&sandbox).len(), 60);
    site.requests();
    let changed = run(&sandbox, &["sync"]).success();
    assert_eq!(counts(&changed), [0, 2, 1, 57]);
    let read: Vec<String> = site.requests().into_iter().filter(|request| request.contains("api/v2/pages?")).collect();
    assert_eq!(read.len(), 1, "{read:?}");
    assert!(read[0].contains("id=7&"), "{read:?}");
    let bodies = bodies(&sandbox);
    assert_eq!(bodies.len(), 59);
    assert!(bodies.iter().any(|body| body.contains("Another text.")), "{bodies:?}");
    site.assert_satisfied();
    let kept = fs::read_to_string(sandbox.folder().join("var/sources/handbook/8.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["metadata"]["labels"]["results"][0]["name"], "other");
    assert_eq!(kept["body"]["storage"]["value"], "<p>Text of page number8.</p>");
    assert_eq!(kept["users"]["results"][0]["displayName"], "Name of a1");
}

#[test]
fn a_data_center_is_read_by_the_first_version_of_the_interface() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start_data_center(60));
    sandbox.configure(&site.source("handbook"));
    site.edit(9, |page| page.body = r#"<p>By <ac:link><ri:user ri:userkey="k1"/></ac:link></p>"#.into());
    assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [60, 0, 0, 0]);
    let page = fs::read_to_string(sandbox.folder().join("var/sources/handbook/9.json")).unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["users"]["results"][0]["displayName"], "Name of k1");
    assert_eq!(page["children"]["attachment"]["results"][0]["title"], "file9.pdf");
    assert!(site.requests().iter().all(|request| !request.contains("/api/v2/")));
    site.edit(7, |page| (page.version, page.body) = (2, "<p>Another text.</p>".into()));
    assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [0, 1, 0, 59]);
}

#[test]
fn blog_posts_are_read_beside_pages() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(60));
    sandbox.configure(&site.source("handbook"));
    for id in [3, 59] {
        site.make_blog_post(id);
    }
    assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [60, 0, 0, 0]);
    let posts = "select string_agg(doc_id || ' ' || url, ', ' order by doc_id) from graphdb.documents where meta ->> 'type' = 'blogpost'";
    let posts = sandbox.database.value(posts);
    assert!(
        posts.contains("/OPS/3 ") && posts.contains("/OPS/59 ") && posts.contains("/blog/2026/01/01/59"),
        "{posts}"
    );
    site.edit(59, |page| (page.version, page.body) = (2, "<p>Another post.</p>".into()));
    assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [0, 1, 0, 59]);
    site.assert_satisfied();
}

#[test]
fn a_site_behind_a_proxy_is_reached_through_it() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(3));
    sandbox.configure(&site.source("handbook"));
    let proxy = WebProxy::start();
    let mut command = sandbox.command(&["fetch", "handbook"]);
    command.env("TRAILBLAZER_CONFLUENCE_TOKEN", TOKEN).env("http_proxy", proxy.url()).env("HTTP_PROXY", proxy.url());
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let fetched = Run::of(command.output().unwrap()).success();
    assert_eq!(fetched.events_named("fetch.complete")[0]["pages"], 3);
    assert!(proxy.connections() > 0);
    site.assert_satisfied();
}

#[test]
fn the_text_of_attached_files_follows_the_files() {
    for site in [Confluence::start(30), Confluence::start_data_center(30)] {
        let sandbox = Sandbox::new();
        sandbox.configure(&format!("{}confluence: {{ attachments: text }}\n", site.source("handbook")));
        site.attach(7, "a.txt", 1, b"Text of filea.");
        site.attach(7, "../b.txt", 1, b"Text of fileb.");
        site.attach(7, "c.png", 1, b"png");
        site.edit(7, |page| page.groups = vec!["hr".into()]);
        let first = run(&sandbox, &["sync"]).success();
        assert_eq!(counts(&first), [32, 0, 0, 0]);
        assert_eq!(first.events_named("fetch.complete")[0]["files"], 2);
        let find = "select string_agg(doc_id, ' ' order by doc_id) from graphdb.documents where is_searched and body like '%file%.'";
        let found = sandbox.database.value(find);
        assert!(found.contains("/7/attachments/..%2Fb.txt") && found.contains("/7/attachments/a.txt"), "{found}");
        let readers =
            "select distinct meta -> 'readers' ->> 0 from graphdb.documents where doc_id like '%/attachments/%'";
        assert_eq!(sandbox.database.value(readers), "group:hr");

        site.requests();
        let again = run(&sandbox, &["sync"]).success();
        assert_eq!((counts(&again), site.requests().len()), ([0, 0, 0, 32], 3));

        // A new version of a file leaves the version of its page alone.
        site.attach(7, "a.txt", 2, b"Another text.");
        assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [0, 1, 0, 31]);
        assert!(bodies(&sandbox).iter().any(|body| body.ends_with("Another text.")));
        site.edit(7, |page| (page.version, page.body) = (2, "<p>Another page.</p>".into()));
        site.detach(7, "a.txt");
        assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [0, 1, 1, 30]);
        site.delete(7);
        assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [0, 0, 2, 29]);
        assert!(!sandbox.folder().join("var/sources/handbook/attachments/7").exists());
        site.assert_satisfied();
    }
}

#[test]
fn restrictions_are_read_again_each_time() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(3));
    sandbox.configure(&site.source("handbook"));
    run(&sandbox, &["fetch", "handbook"]).success();
    site.edit(2, |page| page.groups = vec!["hr".into()]);
    let fetched = run(&sandbox, &["fetch", "handbook"]).success();
    let event = &fetched.events_named("fetch.complete")[0];
    assert_eq!((&event["touched"], &event["changed"], &event["requests"]), (&1.into(), &0.into(), &2.into()));
    let page = fs::read_to_string(sandbox.folder().join("var/sources/handbook/2.json")).unwrap();
    assert!(page.contains(r#""name":"hr""#), "{page}");
}

#[test]
fn a_page_is_for_those_who_may_view_its_space_and_the_page() {
    let v2 = Confluence::start(3);
    v2.only_in_v2();
    for (site, user) in
        [(Confluence::start(3), "accountId"), (v2, "accountId"), (Confluence::start_data_center(3), "username")]
    {
        let sandbox = Sandbox::new();
        sandbox.configure(&site.source("handbook"));
        site.edit(2, |page| page.groups = vec!["hr".into()]);
        let readers = |viewers: Option<&[(&'static str, &str)]>| {
            site.let_view(viewers);
            let synced = run(&sandbox, &["sync"]).success();
            let query =
                "select coalesce(readers::text, 'everybody') from graphdb.documents where is_searched order by doc_id";
            (sandbox.database.column(query), synced)
        };
        assert_eq!(
            readers(Some(&[("group", "confluence-users"), ("user", "ann")])).0,
            ["everybody", r#"[["group:hr"]]"#, "everybody"]
        );
        let space = r#"[["group:it", "user:ann"]]"#;
        let both = r#"[["group:hr"], ["group:it", "user:ann"]]"#;
        let (found, synced) = readers(Some(&[("group", "it"), ("user", "ann")]));
        assert_eq!(found, [space, both, space], "{user}");
        assert_eq!(counts(&synced), [0, 3, 0, 0]);
        let kept = fs::read_to_string(sandbox.folder().join("var/sources/handbook/1.json")).unwrap();
        let kept: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept["space"]["permissions"][0]["subjects"]["user"]["results"][0][user], "ann");

        // Every reader belongs to a group of the configuration.
        sandbox.configure(&format!("{}confluence: {{ everybody: [it] }}\n", site.source("handbook")));
        assert_eq!(
            readers(Some(&[("group", "it"), ("user", "bob")])).0,
            ["everybody", r#"[["group:hr"]]"#, "everybody"]
        );
        sandbox.configure(&site.source("handbook"));
        // The account may no longer read the permissions.
        assert_eq!(readers(Some(&[("group", "it"), ("user", "ann")])).0, [space, both, space]);
        let (found, synced) = readers(None);
        assert_eq!(found, [space, both, space]);
        assert!(
            synced.stderr.contains("space OPS cannot be read, so the permissions of the last fetch are kept"),
            "{}",
            synced.stderr
        );
        site.assert_satisfied();
    }
}

#[test]
fn visitors_and_roles_may_view_a_space() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(1));
    sandbox.configure(&site.source("handbook"));
    let readers = "select coalesce(readers::text, 'everybody') from graphdb.documents where is_searched";
    site.let_view(Some(&[("group", "it"), ("anonymous", "")]));
    run(&sandbox, &["sync"]).success();
    assert_eq!(sandbox.database.value(readers), "everybody");
    let (sandbox, site) = (Sandbox::new(), Confluence::start(1));
    sandbox.configure(&site.source("handbook"));
    site.only_in_v2();
    site.let_view(Some(&[("role", "role-7")]));
    run(&sandbox, &["sync"]).success();
    assert_eq!(sandbox.database.value(readers), r#"[["group:role-7"]]"#);
    site.assert_satisfied();
    let (sandbox, site) = (Sandbox::new(), Confluence::start(1));
    sandbox.configure(&site.source("handbook"));
    site.let_view(None);
    let synced = run(&sandbox, &["sync"]).success();
    assert_eq!(sandbox.database.value(readers), "everybody");
    assert!(synced.stderr.contains("only the view restrictions of its pages"), "{}", synced.stderr);
}

#[test]
fn a_site_that_misbehaves_is_read_to_the_end() {
    let faults = [
        Fault::Status(429, "retry-after: 0\r\n"),
        Fault::Status(500, ""),
        Fault::Status(503, "retry-after: 0\r\n"),
        Fault::Drop,
        Fault::Edit(3),
        Fault::Delete(4),
    ];
    for fault in faults {
        for at in 0..4 {
            let (sandbox, site) = (Sandbox::new(), Confluence::start(12));
            sandbox.configure(&site.source("handbook"));
            site.misbehave((0..at).map(|_| None).chain([Some(fault.clone())]));
            run(&sandbox, &["fetch", "handbook"]).success();
            // Fetch again, because something changed during the listing.
            run(&sandbox, &["fetch", "handbook"]).success();
            let kept = fs::read_dir(sandbox.folder().join("var/sources/handbook")).unwrap();
            let mut names: Vec<String> = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            let is_deleted = matches!(fault, Fault::Delete(_));
            assert_eq!(
                (names.len(), names.contains(&"4.json".to_owned())),
                (12 - usize::from(is_deleted), !is_deleted),
                "{fault:?} {at}"
            );
            let third = fs::read_to_string(sandbox.folder().join("var/sources/handbook/3.json")).unwrap();
            assert_eq!(third.contains("Edited text"), matches!(fault, Fault::Edit(_)), "{fault:?} {at}");
            site.assert_satisfied();
        }
    }
}

#[test]
fn a_page_that_is_listed_stays_whatever_the_site_says_of_its_body() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(30));
    sandbox.configure(&site.source("handbook"));
    run(&sandbox, &["sync"]).success();
    let before = bodies(&sandbox);
    for id in 1..=30 {
        site.edit(id, |page| (page.version, page.body) = (2, format!("<p>New text {id}.</p>")));
    }
    // The listing, the permissions, and the bodies.
    site.misbehave([None, None, Some(Fault::Status(404, ""))]);
    let refused = run(&sandbox, &["sync"]).exits(3);
    assert!(refused.stderr.contains("has no version 2 of the REST API (404)"), "{}", refused.stderr);
    assert_eq!(bodies(&sandbox), before);
    site.misbehave([None, None, Some(Fault::Forget)]);
    let forgotten = run(&sandbox, &["sync"]).exits(1);
    assert!(forgotten.stderr.contains("the site lists 30 pages without returning them"), "{}", forgotten.stderr);
    assert_eq!((counts(&forgotten), bodies(&sandbox)), ([0, 0, 0, 30], before));
    assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [0, 30, 0, 0]);
    site.assert_satisfied();
}

#[test]
fn a_page_that_the_site_cannot_return_does_not_hold_up_the_others() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(6));
    sandbox.configure(&site.source("handbook"));
    run(&sandbox, &["sync"]).success();
    for id in 1..=6 {
        site.edit(id, |page| (page.version, page.body) = (2, format!("<p>New text {id}.</p>")));
    }
    site.break_page(5);
    let partly = run(&sandbox, &["sync"]).exits(1);
    assert!(partly.stderr.contains("page 5 cannot be read: "), "{}", partly.stderr);
    assert_eq!(counts(&partly), [0, 5, 0, 1]);
    assert_eq!(bodies(&sandbox).iter().filter(|body| body.contains("New text")).count(), 5);
}

#[test]
fn what_only_decorates_a_page_or_is_one_file_of_it_does_not_hold_up_the_rest() {
    for site in [Confluence::start(3), Confluence::start_data_center(3)] {
        let sandbox = Sandbox::new();
        sandbox.configure(&format!("{}confluence: {{ attachments: text }}\n", site.source("handbook")));
        site.edit(2, |page| page.body = r#"<p>By <ac:link><ri:user ri:userkey="k1"/></ac:link></p>"#.into());
        site.attach(2, "a.txt", 1, b"Text of filea.");
        site.attach(3, "b.txt", 1, b"Text of fileb.");
        site.refuse(&["/rest/api/user", "att2x0"]);
        let partly = run(&sandbox, &["sync"]).exits(1);
        assert!(
            partly.stderr.contains("the names of people are missing, because the account may not look up users"),
            "{}",
            partly.stderr
        );
        assert!(partly.stderr.contains("file a.txt of page 2 cannot be read: "), "{}", partly.stderr);
        assert_eq!(bodies(&sandbox).iter().filter(|body| body.contains("Text of fileb.")).count(), 1);
        site.refuse(&[]);
        run(&sandbox, &["sync"]).success();
        assert_eq!(bodies(&sandbox).iter().filter(|body| body.contains("Text of filea.")).count(), 1);
        // A new version that cannot be read leaves the last one. So does one that is not as long as listed.
        site.attach(3, "b.txt", 2, b"New text of b.");
        site.list_size(3, "b.txt", 9999);
        site.attach(2, "a.txt", 2, b"New text.");
        site.refuse(&["att2x0"]);
        let shorter = run(&sandbox, &["sync"]).exits(1);
        assert!(shorter.stderr.contains("the site sent 14 bytes instead of 9999"), "{}", shorter.stderr);
        assert_eq!(bodies(&sandbox).iter().filter(|body| body.contains("Text of file")).count(), 2);
        site.refuse(&[]);
        site.list_size(3, "b.txt", 14);
        run(&sandbox, &["sync"]).success();
        assert_eq!(bodies(&sandbox).iter().filter(|body| body.contains("New text.")).count(), 1);
    }
}

#[test]
fn a_sync_says_every_time_that_a_run_has_failed() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/a.dita", TOPIC);
    sandbox.configure("sources: { manuals: { kind: dita, path: docs } }\n");
    run(&sandbox, &["sync"]).success();
    let fail = "update graphdb.processed_runs set status = 'failed', failed_phase = 'embed', attempts = 5, last_error = 'broken', \
                embed_completed_at = null, embedded_chunks = null";
    sandbox.database.connect().batch_execute(fail).unwrap();
    let synced = run(&sandbox, &["sync"]).exits(1);
    assert!(synced.stderr.contains("runs retry"), "{}", synced.stderr);
}

#[test]
fn a_restriction_applies_although_bodies_cannot_be_read() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(6));
    sandbox.configure(&site.source("handbook"));
    run(&sandbox, &["sync"]).success();
    site.edit(5, |page| page.groups = vec!["hr".into()]);
    site.edit(6, |page| page.version = 2);
    site.misbehave([None, None, Some(Fault::Status(403, ""))]);
    run(&sandbox, &["sync"]).exits(3);
    assert_eq!(
        sandbox.database.value("select count(*) from graphdb.documents where is_searched and readers is not null"),
        "1"
    );
}

#[test]
fn a_first_sync_that_fails_names_only_its_cause() {
    let sandbox = Sandbox::new();
    sandbox.configure("workspace: { dir: var }\nsources: { manuals: { kind: dita, path: absent } }\n");
    let mut command = sandbox.command(&["sync"]);
    command.env_remove("TRAILBLAZER_DB_URL");
    let failed = Run::of(command.output().unwrap()).exits(3);
    assert!(!failed.stderr.contains("no knowledge base"), "{}", failed.stderr);
    assert_eq!(failed.events_named("sync.complete").len(), 1);
}

#[test]
fn pages_of_another_site_replace_those_with_the_same_ids() {
    let (sandbox, first, second) = (Sandbox::new(), Confluence::start(3), Confluence::start(3));
    second.edit(2, |page| page.body = "<p>Text of the other site.</p>".into());
    sandbox.configure(&first.source("handbook"));
    run(&sandbox, &["sync"]).success();
    sandbox.configure(&second.source("handbook"));
    run(&sandbox, &["sync", "--yes"]).success();
    assert_eq!(bodies(&sandbox).iter().filter(|body| body.ends_with("Text of the other site.")).count(), 1);
    let port = second.source("x").split_once("127.0.0.1:").unwrap().1.split('/').next().unwrap().to_owned();
    let urls = sandbox.database.column("select url from graphdb.documents where is_searched");
    assert!(urls.len() == 3 && urls.iter().all(|url| url.contains(&port)), "{urls:?}");
}

#[test]
fn a_page_to_sign_in_is_named_at_once() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(3));
    sandbox.configure(&site.source("handbook"));
    site.misbehave([Some(Fault::SignIn)]);
    let refused = run(&sandbox, &["sync"]).exits(3);
    assert!(refused.stderr.contains("answers with a web page instead of JSON"), "{}", refused.stderr);
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn a_source_that_was_renamed_names_its_earlier_run() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/a.dita", TOPIC);
    sandbox.configure("sources: { manuals: { kind: dita, path: docs } }\n");
    run(&sandbox, &["sync"]).success();
    sandbox.configure("sources: { guides: { kind: dita, path: docs } }\n");
    let renamed = run(&sandbox, &["sync"]).success();
    let hint = "If guides replaces it, delete it: `trailblazer runs delete --run-id manuals`";
    assert!(renamed.stderr.contains(hint), "{}", renamed.stderr);
    assert!(!run(&sandbox, &["sync"]).success().stderr.contains(hint));
}

#[test]
fn a_source_names_an_older_run_with_the_same_addresses() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(3));
    sandbox.configure(&format!("{}confluence: {{ comments: true }}\n", site.source("handbook")));
    let url = site.source("x").split_once("site: '").unwrap().1.split('\'').next().unwrap().to_owned();
    let old = serde_json::json!({ "id": "2", "title": "Old", "text_md": "Old text.", "url": format!("{url}/spaces/OPS/pages/2"), "source_system": "confluence" });
    sandbox.write("var/runs/old/normalize/normalized.ndjson", format!("{old}\n"));
    run(&sandbox, &["runs", "backfill"]).success();
    let synced = run(&sandbox, &["sync"]).success();
    assert!(synced.stderr.contains("run old contains 1 document with the same addresses too."), "{}", synced.stderr);
    assert!(synced.stderr.contains("handbook: comments are read from exports"), "{}", synced.stderr);
}

#[test]
fn a_cursor_that_comes_again_ends_the_fetch_and_changes_nothing() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(12));
    sandbox.configure(&site.source("handbook"));
    run(&sandbox, &["sync"]).success();
    site.delete(12);
    site.misbehave([Some(Fault::RepeatCursor), Some(Fault::RepeatCursor), Some(Fault::RepeatCursor)]);
    let failed = run(&sandbox, &["sync"]).exits(1);
    assert!(failed.stderr.contains("the site keeps returning the same part of the listing"), "{}", failed.stderr);
    assert_eq!(failed.events_named("sync.source")[0]["outcome"], "failed");
    assert_eq!(bodies(&sandbox).len(), 12);
    assert_eq!(counts(&run(&sandbox, &["sync"]).success()), [0, 0, 1, 11]);
}

#[test]
fn a_token_that_is_refused_or_missing_changes_nothing_and_is_never_printed() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(3));
    sandbox.configure(&site.source("handbook"));
    run(&sandbox, &["sync"]).success();
    site.misbehave([Some(Fault::Status(401, ""))]);
    let refused = run(&sandbox, &["-vv", "sync"]).exits(3);
    assert!(refused.stderr.contains("rejected the token"), "{}", refused.stderr);
    let missing = sandbox.run(&["sync"]).exits(3);
    assert!(
        missing.stderr.contains("TRAILBLAZER_SOURCES_HANDBOOK_TOKEN or TRAILBLAZER_CONFLUENCE_TOKEN"),
        "{}",
        missing.stderr
    );
    let elsewhere = ["location: http://127.0.0.1:9/elsewhere\r\n", "location: //127.0.0.1:9/elsewhere\r\n"];
    let led_away = elsewhere.map(|location| {
        site.misbehave([Some(Fault::Status(302, location))]);
        let led_away = run(&sandbox, &["-vv", "sync"]).exits(1);
        let refusal = "redirects to another host, 127.0.0.1, to which the token is not sent";
        assert!(led_away.stderr.contains(refusal), "{}", led_away.stderr);
        led_away
    });
    for run in led_away.iter().chain([&refused]) {
        assert!(!run.stderr.contains(TOKEN) && !run.stdout.contains(TOKEN), "{}", run.stderr);
    }
    assert_eq!(bodies(&sandbox).len(), 3);
    for entry in fs::read_dir(sandbox.folder().join("var/sources/handbook")).unwrap() {
        assert!(!fs::read_to_string(entry.unwrap().path()).unwrap().contains(TOKEN));
    }
}

#[test]
fn ten_thousand_pages_without_a_change_need_at_most_fifty_requests() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(10_000));
    sandbox.configure(&site.source("handbook"));
    run(&sandbox, &["fetch", "handbook"]).success();
    site.requests();
    let again = run(&sandbox, &["fetch", "handbook"]).success();
    let event = &again.events_named("fetch.complete")[0];
    assert_eq!((&event["pages"], &event["unchanged"]), (&10_000.into(), &10_000.into()));
    let requests = site.requests().len();
    assert!(requests <= 50, "{requests}");
    assert_eq!(event["requests"], requests);
}

#[test]
fn a_sync_that_is_killed_at_any_request_ends_in_the_same_tables() {
    let site = Confluence::start(130);
    let finished = |sandbox: &Sandbox| {
        run(sandbox, &["sync"]).success();
        sandbox.database.final_tables()
    };
    let undisturbed = Sandbox::new();
    undisturbed.configure(&site.source("handbook"));
    let expected = finished(&undisturbed);
    let requests = site.requests().len();
    let disturbed = Sandbox::new();
    disturbed.configure(&site.source("handbook"));
    for kill_at in 1..=requests {
        let mut child = spawn(&disturbed, &["sync"]);
        let mut seen = 0;
        while seen < kill_at && child.try_wait().unwrap().is_none() {
            seen += site.requests().len();
            std::thread::yield_now();
        }
        // The process may already have ended.
        let _ = child.kill();
        child.wait().unwrap();
        // The killed process still has a lease on the run.
        disturbed.run(&["runs", "reset", "--run-id", "handbook", "--force", "--yes"]);
    }
    assert_eq!(finished(&disturbed), expected);
}

#[test]
fn sources_of_files_are_runs_of_their_names() {
    let sandbox = Sandbox::new();
    sandbox.write("one/docs/a.dita", TOPIC);
    sandbox.write("two/docs/a.dita", TOPIC.replace("Text", "Other text"));
    sandbox.configure(
        "sources:\n  first: { kind: dita, path: one/docs }\n  second:\n    kind: dita\n    path: two/docs\n",
    );
    let dry = run(&sandbox, &["sync", "--dry-run"]).success();
    assert_eq!(dry.events_named("sync.source").len(), 2);
    assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs"), "0");
    assert!(!sandbox.folder().join("var/runs").join("first").exists());
    let synced = run(&sandbox, &["sync"]).success();
    let names: Vec<_> = synced.events_named("sync.source").iter().map(|event| event["source"].clone()).collect();
    assert_eq!(names, ["first", "second"]);
    // Documents of folders with the same name are distinguished by their sources.
    let searched = "select run_id || ' ' || doc_id from graphdb.documents where is_searched order by 1";
    assert_eq!(sandbox.database.column(searched), ["first topic:first/a", "second topic:second/a"]);

    // A missing source does not stop the other.
    fs::rename(sandbox.folder().join("one"), sandbox.folder().join("away")).unwrap();
    sandbox.write("two/docs/b.dita", TOPIC);
    run(&sandbox, &["sync", "first"]).exits(3);
    let failed = run(&sandbox, &["sync"]).exits(1);
    let place = "source first: sources.first.path: no such file or folder";
    assert!(failed.stderr.contains(place), "{}", failed.stderr);
    let events = failed.events_named("sync.source");
    assert_eq!((&events[0]["outcome"], &events[1]["added"]), (&"failed".into(), &1.into()));
    assert_eq!(failed.events_named("sync.complete")[0]["failed"], 1);
    assert_eq!(
        sandbox.database.value("select count(*) from graphdb.documents where run_id = 'first' and is_searched"),
        "1"
    );
}

#[test]
fn a_source_is_named_in_the_configuration_and_synchronized_by_one_process() {
    let sandbox = Sandbox::new();
    let run_without = sandbox.run(&["sync"]).exits(2);
    assert!(run_without.stderr.contains("the configuration has no sources"), "{}", run_without.stderr);
    sandbox.write("docs/a.dita", TOPIC);
    sandbox.configure("sources: { manuals: { kind: dita, path: docs } }\n");
    let unknown = sandbox.run(&["sync", "manual"]).exits(2);
    assert!(
        unknown.stderr.contains("no source \"manual\"") && unknown.stderr.contains("Sources: manuals."),
        "{}",
        unknown.stderr
    );
    let nothing = sandbox.run(&["fetch", "manuals"]).exits(2);
    assert!(nothing.stderr.contains("there is nothing to fetch"), "{}", nothing.stderr);
    fs::create_dir_all(sandbox.folder().join("var/sources")).unwrap();
    let lock = fs::File::create(sandbox.folder().join("var/sources/manuals.lock")).unwrap();
    let lock = nix::fcntl::Flock::lock(lock, nix::fcntl::FlockArg::LockExclusive).unwrap();
    let held = sandbox.run(&["sync"]).exits(4);
    assert!(held.stderr.contains("is being synchronized by another process"), "{}", held.stderr);
    drop(lock);
    sandbox.run(&["sync", "manuals"]).success();
}

#[test]
fn a_source_that_loses_most_of_its_documents_is_left_alone_without_yes() {
    let (sandbox, site) = (Sandbox::new(), Confluence::start(30));
    sandbox.configure(&site.source("handbook"));
    run(&sandbox, &["sync"]).success();
    for id in 15..=30 {
        site.delete(id);
    }
    let refused = run(&sandbox, &["sync"]).exits(5);
    assert!(refused.stderr.contains("16 of 30 pages would be removed"), "{}", refused.stderr);
    assert_eq!(bodies(&sandbox).len(), 30);
    assert_eq!(counts(&run(&sandbox, &["sync", "--yes"]).success()), [0, 0, 16, 14]);
}
