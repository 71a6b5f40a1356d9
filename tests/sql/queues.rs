//! Pauses, and the notices that wake waiting workers.

use std::time::Duration;

use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;

use super::fixture::{ask, chunk, claim, load, refused, register_model, status, violates};
use crate::support::TestDatabase;

fn due(client: &mut Client, phase: &str) -> String {
    ask(client, &format!("select run_id from graphdb.claim_runs('{phase}', 'w', '1 hour', 10); rollback"))
}

/// Returns the runs that a claim would lease, and leases none.
fn claimable(client: &mut Client, phase: &str) -> String {
    ask(client, "begin");
    due(client, phase).replace('\n', " ")
}

#[test]
fn a_paused_run_is_claimed_by_nobody_until_it_is_resumed() {
    let database = TestDatabase::new();
    database.register_runs(3);
    let mut client = database.connect();
    let pause = r#"select matched, paused, unchanged from graphdb.pause_runs('{"run_ids": ["r01", "r03"]}', 'moving')"#;
    assert_eq!(ask(&mut client, &pause.replace("'moving'", "'moving', true")), "2 2 0");
    assert_eq!(claimable(&mut client, "chunk"), "r01 r02 r03");
    assert_eq!(ask(&mut client, pause), "2 2 0");
    assert_eq!(ask(&mut client, pause), "2 0 2");
    assert_eq!(claimable(&mut client, "chunk"), "r02");
    ask(&mut client, "begin");
    assert_eq!(ask(&mut client, "select run_id from graphdb.claim_run('chunk', 'w')"), "r02");
    assert_eq!(ask(&mut client, "select run_id from graphdb.claim_run('chunk', 'w')"), "");
    assert_eq!(
        ask(&mut client, r#"select run_id from graphdb.claim_runs('chunk', 'w', '1 hour', 9, '{"source": "dita"}')"#),
        ""
    );
    ask(&mut client, "rollback");
    let counts = "select due, paused, (select total from graphdb.backlog()) from graphdb.backlog_status";
    assert_eq!(ask(&mut client, counts), "1 2 1");
    assert_eq!(ask(&mut client, "select reason, runs, sample_run_id from graphdb.list_pauses()"), "moving 2 r01");
    // Another reason, and the same time.
    let since = "select paused_at from graphdb.processed_runs where run_id = 'r01'";
    let before = ask(&mut client, since);
    ask(&mut client, r#"select graphdb.pause_runs('{"run_ids": "r01"}')"#);
    assert_eq!(ask(&mut client, since), before);
    assert_eq!(ask(&mut client, "select reason, runs from graphdb.list_pauses() order by 1"), "moving 1\n- 1");
    for (filter, listed) in [("true", "r01 r03"), ("false", "r02")] {
        let list = format!(
            r#"select string_agg(run_id, ' ' order by run_id) from graphdb.list_runs('{{"paused": {filter}}}')"#
        );
        assert_eq!(ask(&mut client, &list), listed);
    }

    let resume = r#"select matched, resumed, unchanged from graphdb.resume_runs('{"paused": true}'"#;
    assert_eq!(ask(&mut client, &format!("{resume}, true)")), "2 2 0");
    assert_eq!(ask(&mut client, &format!("{resume})")), "2 2 0");
    assert_eq!(claimable(&mut client, "chunk"), "r01 r02 r03");
}

#[test]
fn whatever_happens_to_a_paused_run_it_stays_paused() {
    let database = TestDatabase::new();
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "a", "2026-01-01", &[("1", "one")]);
    let is_paused =
        |client: &mut Client| ask(client, "select status, paused_at is not null from graphdb.processed_runs");

    // A worker that has claimed it finishes the phase, and the next phase waits.
    let token = claim(&mut client, "chunk", "a");
    ask(&mut client, "select graphdb.pause_runs('{}', 'moving')");
    ask(&mut client, &format!("select graphdb.renew_claim('a', {token})"));
    super::fixture::stage_chunks(&mut client, "a");
    ask(
        &mut client,
        &format!("select graphdb.replace_chunks('a', {token}); select graphdb.complete_run('a', 'chunk', {token})"),
    );
    assert_eq!(is_paused(&mut client), "chunked t");
    assert_eq!(claimable(&mut client, "embed"), "");

    ask(&mut client, "select graphdb.reset_runs()");
    assert_eq!(is_paused(&mut client), "reset t");
    assert_eq!(claimable(&mut client, "chunk") + &claimable(&mut client, "embed"), "");

    // Failed with a back-off, failed for good and retried, expired, released.
    for end in [
        "select graphdb.fail_run('a', {token}, 'no', '10 seconds')",
        "select graphdb.fail_run('a', {token}, 'no', null, true); select graphdb.reset_runs()",
        "select graphdb.expire_claim('a', {token})",
        "select graphdb.release_run('a', {token})",
    ] {
        ask(&mut client, "select graphdb.resume_runs('{}')");
        let token = claim(&mut client, "chunk", "a");
        ask(&mut client, "select graphdb.pause_runs('{}', 'moving')");
        ask(&mut client, &end.replace("{token}", &token.to_string()));
        database.set_clock("2026-06-01 13:00:00+00");
        assert_eq!(claimable(&mut client, "chunk"), "", "{end}");
        assert_eq!(is_paused(&mut client), "reset t", "{end}");
        ask(&mut client, "select graphdb.recover_expired_claims()");
    }
    load(&mut client, "a", "2026-01-02", &[("1", "other")]);
    assert_eq!(is_paused(&mut client), "normalized t");
    assert_eq!(ask(&mut client, "select texts, documents_to_chunk from graphdb.backlog_status"), "0 0");
}

#[test]
fn a_pause_goes_in_steps_and_refuses_misuse() {
    let database = TestDatabase::new();
    database.register_runs(2);
    let mut client = database.connect();
    for (function, changed) in [("pause_runs('{}', 'x', false", "paused"), ("resume_runs('{}', false", "resumed")] {
        let step = |after: &str| format!("select {changed}, last_run_id from graphdb.{function}, 1, '{after}')");
        assert_eq!(super::fixture::in_steps(&mut client, step), ["1 r01", "1 r02", "0 -"]);
    }
    for call in [
        "pause_runs(null)",
        "pause_runs('{}', 'x', null)",
        "pause_runs('{}', repeat('x', 2000))",
        "resume_runs(null)",
        "resume_runs('{}', null)",
        r#"pause_runs('{"paused": "yes"}')"#,
        r#"pause_runs('{"pause": true}')"#,
    ] {
        refused(&mut client, &format!("select graphdb.{call}"), "TB001");
    }
    violates(
        &mut client,
        "update graphdb.processed_runs set pause_reason = 'x'",
        "only_a_paused_run_has_a_pause_reason",
    );
}

/// Waits for the next notice of the backlog, and returns its payload.
fn notice(listener: &mut Client) -> Option<String> {
    let next = listener.notifications().timeout_iter(Duration::from_secs(60)).next().unwrap();
    // Notices of one transaction come together.
    listener.notifications().iter().count().unwrap();
    next.map(|notice| notice.payload().to_owned())
}

#[test]
fn a_notice_comes_whenever_work_becomes_due() {
    let database = TestDatabase::new();
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let mut listener = database.connect();
    listener.batch_execute("listen graphdb_backlog").unwrap();
    let mut client = database.connect();
    register_model(&mut client);

    load(&mut client, "a", "2026-01-01", &[("1", "one")]);
    assert_eq!(notice(&mut listener).unwrap(), "chunk", "registered");
    let mut step = |statement: &str, expected: &str| {
        let token = ask(&mut client, "select claim_token from graphdb.claim_runs('chunk', 'w', '10 minutes')");
        ask(&mut client, &statement.replace("{token}", &token));
        assert_eq!(notice(&mut listener).unwrap(), expected, "{statement}");
        ask(&mut client, "update graphdb.processed_runs set available_at = null");
    };
    step("select graphdb.release_run('a', {token})", "chunk");
    step("select graphdb.fail_run('a', {token}, 'no', '10 seconds')", "chunk");
    step("select graphdb.expire_claim('a', {token})", "chunk");
    step("select graphdb.release_claims('{}', p_force => true)", "chunk");
    step("select graphdb.reset_runs(p_force => true)", "chunk");
    chunk(&mut client, "a");
    assert_eq!(notice(&mut listener).unwrap(), "embed", "chunked");
    let token = claim(&mut client, "embed", "a");
    ask(&mut client, &format!("select graphdb.fail_run('a', {token}, 'no')"));
    assert_eq!(notice(&mut listener).unwrap(), "embed", "failed");
    ask(&mut client, "select graphdb.pause_runs('{}')");
    ask(&mut client, "select graphdb.resume_runs('{}')");
    assert_eq!(notice(&mut listener).unwrap(), "chunk", "resumed");
}

#[test]
fn what_falls_due_by_itself_is_known_beforehand() {
    let database = TestDatabase::new();
    database.register_runs(3);
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let mut client = database.connect();
    let due_in = "select graphdb.due_in()";
    assert_eq!(ask(&mut client, due_in), "-");
    claim(&mut client, "chunk", "r01");
    assert_eq!(ask(&mut client, due_in), "00:45:00");
    let token = claim(&mut client, "chunk", "r02");
    ask(&mut client, &format!("select graphdb.fail_run('r02', {token}, 'no', '20 seconds')"));
    assert_eq!(ask(&mut client, due_in), "00:00:20");
    database.set_clock("2026-06-01 12:00:30+00");
    assert_eq!(ask(&mut client, due_in), "00:00:00");
    assert_eq!(status(&mut client, "r02"), "normalized");
    assert_eq!(claimable(&mut client, "chunk"), "r02 r03");
}
