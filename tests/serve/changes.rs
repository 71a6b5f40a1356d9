//! `serve --allow-changes`.

use super::server::library;
use super::{Answer, Server};

fn send(server: &Server, run: &str, form: &str) -> Answer {
    let origin = server.url.clone();
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("origin", origin.as_str()), ("accept", "text/html")];
    server.send("POST", &format!("/runs/{run}"), &headers, form)
}

fn status(server: &Server, run: &str) -> String {
    server.get(&format!("/api/runs/{run}")).json()["run"]["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_change_says_first_what_it_would_do() {
    let server = Server::start(library(), &["--allow-changes"], &[]);
    assert!(server.page("/runs/one").body.contains("value=\"reset\">Reset …</button>"));
    let asked = send(&server, "one", "action=reset").status(200);
    assert!(asked.body.contains("Run one will be reset"), "{}", asked.body);
    assert_eq!(status(&server, "one"), "embedded");
    let done = send(&server, "one", "action=reset&confirmed=yes").status(303);
    assert_eq!(done.header("location"), "/runs/one");
    assert_eq!(status(&server, "one"), "reset");
    assert!(send(&server, "one", "action=reset").status(409).body.contains("already reset"));
}

#[test]
fn a_dead_workers_claim_is_released_and_no_other() {
    let server = Server::start(library(), &["--allow-changes"], &[]);
    server.sandbox.database.register_runs(1);
    let claim = "select claim_token from graphdb.claim_run('chunk', 'dead/1/0', interval '1 hour')";
    let token = server.sandbox.database.column(claim).remove(0);
    let asked = send(&server, "r01", "action=release").status(200);
    assert!(asked.body.contains("The claim of worker dead/1/0"), "{}", asked.body);
    assert!(asked.body.contains(&format!("name=\"claim_token\" value=\"{token}\"")), "{}", asked.body);
    // The claim ends and another one begins before the confirmation.
    server.sandbox.database.column(&format!("select graphdb.release_run('r01', {token})"));
    let other = server.sandbox.database.column(claim).remove(0);
    send(&server, "r01", &format!("action=release&claim_token={token}&confirmed=yes")).status(409);
    assert_eq!(status(&server, "r01"), "chunking");
    send(&server, "r01", &format!("action=release&claim_token={other}&confirmed=yes")).status(303);
    assert_eq!(status(&server, "r01"), "normalized");
}

#[test]
fn failed_runs_are_retried_and_priorities_changed() {
    let server = Server::start(library(), &["--allow-changes"], &[]);
    server.sandbox.database.register_runs(1);
    send(&server, "r01", "action=retry&confirmed=yes").status(409);
    server.sandbox.database.column(
        "select graphdb.fail_run(c.run_id, c.claim_token, 'broken', p_permanent => true)::text from graphdb.claim_run('chunk', 'h/1/0') as c",
    );
    assert_eq!(status(&server, "r01"), "failed");
    send(&server, "r01", "action=retry&confirmed=yes").status(303);
    assert_eq!(status(&server, "r01"), "reset");
    assert!(send(&server, "r01", "action=priority&priority=7").status(200).body.contains("from 0 to 7"));
    send(&server, "r01", "action=priority&priority=7&confirmed=yes").status(303);
    assert_eq!(server.get("/api/runs/r01").json()["run"]["priority"], 7);
    send(&server, "r01", "action=priority&priority=70000&confirmed=yes").status(409);
}

#[test]
fn nothing_changes_without_the_flag_or_from_elsewhere() {
    let server = Server::new();
    assert!(!server.page("/runs/one").body.contains("<form"));
    send(&server, "one", "action=reset&confirmed=yes").status(403);
    let open = Server::start(library(), &["--allow-changes"], &[]);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    open.send("POST", "/runs/one", &form, "action=reset&confirmed=yes").status(403);
    let foreign = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://evil.example")];
    open.send("POST", "/runs/one", &foreign, "action=reset&confirmed=yes").status(403);
    open.send("GET", "/runs/one?action=reset&confirmed=yes", &[], "").status(200);
    send(&open, "one", "action=delete&confirmed=yes").status(422);
    send(&open, "none", "action=reset&confirmed=yes").status(409);
    assert_eq!((status(&server, "one"), status(&open, "one")), ("embedded".to_owned(), "embedded".to_owned()));
}

#[test]
fn runs_are_paused_with_a_reason_and_resumed() {
    let server = Server::start(library(), &["--allow-changes"], &[]);
    server.sandbox.database.register_runs(1);
    let asked = send(&server, "r01", "action=pause&reason=the+space+is+%3Cb%3Emoving").status(200);
    assert!(asked.body.contains("Run r01 will be paused"), "{}", asked.body);
    assert!(asked.body.contains("value=\"the space is &lt;b&gt;moving\""), "{}", asked.body);
    send(&server, "r01", "action=pause&reason=the+space+is+%3Cb%3Emoving&confirmed=yes").status(303);
    let run = server.get("/api/runs/r01").json()["run"].clone();
    assert_eq!(run["pause_reason"], "the space is <b>moving");
    for page in ["/runs/r01", "/backlog"] {
        let body = server.page(page).body;
        assert!(body.contains("the space is &lt;b&gt;moving") && !body.contains("<b>moving"), "{page}: {body}");
    }
    assert_eq!(server.get("/api/backlog").json()["paused"], 1);
    send(&server, "r01", "action=pause&reason=the+space+is+%3Cb%3Emoving").status(409);
    send(&server, "r01", "action=resume&confirmed=yes").status(303);
    assert!(server.get("/api/runs/r01").json()["run"]["paused_at"].is_null());
    send(&server, "r01", "action=resume").status(409);
}

#[test]
fn the_backlog_page_says_which_worker_is_probably_dead() {
    let server = Server::start(library(), &["--allow-changes"], &[]);
    server.sandbox.database.register_runs(1);
    server.sandbox.database.take_over_clock();
    server.sandbox.database.set_clock("2026-06-01 12:00:00+00");
    server.sandbox.database.column("select claim_token from graphdb.claim_run('chunk', 'dead/1/0', interval '1 hour')");
    server.sandbox.database.set_clock("2026-06-01 12:09:12+00");
    let page = server.page("/backlog").body;
    assert!(page.contains("9 min 12 s ago") && page.contains("probably dead"), "{page}");
    let claim = server.get("/api/backlog").json()["claims"][0].clone();
    assert_eq!(
        (&claim["state"], &claim["host"], &claim["silent_seconds"]),
        (&"dead".into(), &"dead".into(), &552.into())
    );
    let asked = send(&server, "r01", "action=release").status(200);
    assert!(asked.body.contains("Its last heartbeat came 9 min 12 s ago."), "{}", asked.body);
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("trailblazer_claims{state=\"dead\"} 1.0"), "{metrics}");
    assert!(metrics.contains("trailblazer_claims{state=\"live\"} 0.0"), "{metrics}");
}
