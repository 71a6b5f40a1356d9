//! Information about the backlog.

use postgres::Client;

use super::fixture::{ask, chunk, claim, embed, load, refused, register_model};
use crate::support::TestDatabase;

fn backlog(client: &mut Client, arguments: &str) -> String {
    ask(
        client,
        &format!(
            "select total, deferred, to_char(first_normalized_at at time zone 'UTC', 'DDHH24'), \
             to_char(last_normalized_at at time zone 'UTC', 'DDHH24'), sample_run_ids from graphdb.backlog({arguments})"
        ),
    )
}

#[test]
fn the_backlog_without_a_scope_is_every_run_that_is_not_processed() {
    let database = TestDatabase::new();
    database.register_runs(12);
    let mut client = database.connect();
    ask(&mut client, "update graphdb.processed_runs set priority = 1 where run_id = 'r12'");
    assert_eq!(backlog(&mut client, ""), "12 0 0101 0112 {r12,r01,r02,r03,r04,r05,r06,r07,r08,r09}");
    assert_eq!(backlog(&mut client, "'embed'"), "0 0 - - {}");
    chunk(&mut client, "r02");
    assert_eq!(backlog(&mut client, "'embed'"), "1 0 0102 0102 {r02}");
    assert_eq!(backlog(&mut client, "'chunk', '{}'"), "11 0 0101 0112 {r12,r01,r03,r04,r05,r06,r07,r08,r09,r10}");
}

#[test]
fn the_backlog_counts_what_a_filter_selects() {
    let database = TestDatabase::new();
    database.register_runs(5);
    let mut client = database.connect();
    assert_eq!(backlog(&mut client, r#"'chunk', '{"run_ids": ["r02", "r04", "x"]}'"#), "2 0 0102 0104 {r02,r04}");
    assert_eq!(backlog(&mut client, r#"'chunk', '{"limit": 3}'"#), "3 0 0101 0103 {r01,r02,r03}");
    assert_eq!(backlog(&mut client, r#"'chunk', '{"source": "confluence"}'"#), "0 0 - - {}");
    // Runs in back-off come last.
    let fail =
        "select graphdb.fail_run(c.run_id, c.claim_token, 'no', '1 hour') from graphdb.claim_run('chunk', 'w') as c";
    ask(&mut client, fail);
    assert_eq!(backlog(&mut client, r#"'chunk', '{"limit": 3}'"#), "3 0 0102 0104 {r02,r03,r04}");
    assert_eq!(backlog(&mut client, r#"'chunk', '{"limit": 5}'"#), "5 1 0101 0105 {r02,r03,r04,r05,r01}");
    for phase in ["'search'", "null", "''"] {
        refused(&mut client, &format!("select graphdb.backlog({phase})"), "TB001");
    }
}

#[test]
fn the_backlog_names_as_many_runs_as_a_limit_lets_through_up_to_a_thousand() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ask(
        &mut client,
        "select graphdb.register_run('r' || n, 'dita', 0, '2026-01-01') from generate_series(1, 1100) as n",
    );
    for (limit, named) in [("9", "9 9"), ("11", "11 11"), ("1001", "1001 1000")] {
        let count = format!(
            "select total, cardinality(sample_run_ids) from graphdb.backlog('chunk', '{{\"limit\": {limit}}}')"
        );
        assert_eq!(ask(&mut client, &count), named);
    }
}

#[test]
fn the_backlog_tells_what_waits_from_what_is_held() {
    let database = TestDatabase::new();
    database.register_runs(4);
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let mut client = database.connect();
    ask(&mut client, "select graphdb.claim_runs('chunk', 'w', '10 minutes', 1)");
    ask(&mut client, "select graphdb.claim_runs('chunk', 'w', '1 hour', 1)");
    let token = claim(&mut client, "chunk", "r03");
    ask(&mut client, &format!("select graphdb.fail_run('r03', {token}, 'no', '15 minutes')"));
    // The time format of the session does not matter, because the condition is written and parsed with the same setting.
    for session in [
        "set datestyle = 'ISO'",
        "set datestyle = 'SQL, DMY'; set timezone = 'Asia/Kolkata'",
        "set datestyle = 'German'",
    ] {
        ask(&mut client, session);
        database.set_clock("2026-06-01 12:09:59+00");
        assert_eq!(backlog(&mut client, ""), "2 1 0103 0104 {r04,r03}", "{session}");
        database.set_clock("2026-06-01 12:10:00+00");
        assert_eq!(backlog(&mut client, ""), "3 1 0101 0104 {r01,r04,r03}", "{session}");
        database.set_clock("2026-06-01 12:15:00+00");
        assert_eq!(backlog(&mut client, ""), "3 0 0101 0104 {r01,r03,r04}", "{session}");
    }
}

#[test]
fn the_status_of_an_empty_backlog_is_one_row() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    assert_eq!(ask(&mut client, "select * from graphdb.backlog_status"), "0 {} 0 0 - - 0 0 [] 0 - 0 0 - 0 0 0 -");
}

#[test]
fn the_status_counts_runs_and_shows_the_claims() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ask(&mut client, "set timezone = 'UTC'");
    database.register_runs(4);
    load(&mut client, "r05", "2026-01-01 05:00:00+00", &[("a", "1"), ("b", "2")]);
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let token = claim(&mut client, "chunk", "r05");
    ask(&mut client, &format!("select graphdb.renew_claim('r05', {token}, '30 minutes', 1)"));
    ask(&mut client, r#"select graphdb.claim_runs('chunk', 'v', '1 minute', 1, '{"run_ids": "r01"}')"#);
    let failed = claim(&mut client, "chunk", "r02");
    ask(&mut client, &format!("select graphdb.fail_run('r02', {failed}, 'no', '1 hour')"));
    database.set_clock("2026-06-01 12:02:00+00");
    let status = "select total, by_status, due, deferred, next_available_at, oldest_normalized_at, live_claims, expired_claims \
                  from graphdb.backlog_status";
    assert_eq!(
        ask(&mut client, status),
        r#"5 {"chunking": 2, "normalized": 3} 2 1 2026-06-01 13:00:00+00 2026-01-01 02:00:00+00 1 1"#
    );
    let claims = "select c ->> 'run_id', c ->> 'phase', c ->> 'worker', c ->> 'age_seconds', c ->> 'expires_in_seconds', \
                  c ->> 'done', c ->> 'total' from graphdb.backlog_status, jsonb_array_elements(claims) as c order by 1";
    assert_eq!(ask(&mut client, claims), "r01 chunk v 120 -60 - 0\nr05 chunk w 120 1680 1 2");
}

#[test]
fn the_time_to_go_follows_the_last_ten_minutes_and_is_never_negative() {
    let database = TestDatabase::new();
    database.register_runs(5);
    database.take_over_clock();
    database.set_clock("2026-06-01 11:00:00+00");
    let mut client = database.connect();
    register_model(&mut client);
    for run_id in ["r01", "r02", "r03", "r04", "r05"] {
        chunk(&mut client, run_id);
    }
    let eta = "select embedded_last_10_minutes, time_to_go from graphdb.backlog_status";
    database.set_clock("2026-06-01 12:00:00+00");
    embed(&mut client, "r01");
    assert_eq!(ask(&mut client, eta), "1 -");
    database.set_clock("2026-06-01 12:02:00+00");
    embed(&mut client, "r02");
    database.set_clock("2026-06-01 12:04:00+00");
    // Two runs in four minutes, and three are left.
    assert_eq!(ask(&mut client, eta), "2 00:06:00");
    database.set_clock("2026-06-01 12:10:00+00");
    assert_eq!(ask(&mut client, eta), "1 -");
    // Set the server's clock back.
    database.set_clock("2026-06-01 11:55:00+00");
    assert_eq!(ask(&mut client, "select coalesce(time_to_go >= '0', true) from graphdb.backlog_status"), "t");
}

#[test]
fn runs_are_listed_the_newest_first() {
    let database = TestDatabase::new();
    database.register_runs(3);
    let mut client = database.connect();
    ask(&mut client, "select graphdb.register_run('a', 'dita', 0, '2026-01-01 02:00:00+00')");
    assert_eq!(ask(&mut client, "select run_id from graphdb.list_runs()"), "r03\na\nr02\nr01");
}

#[test]
fn documents_of_a_run_come_in_pages() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("b", "2"), ("a", "1"), ("c", "3")]);
    assert_eq!(
        ask(&mut client, "select doc_id, title, body from graphdb.run_documents('r', '', 2)"),
        "a Title 1\nb Title 2"
    );
    assert_eq!(ask(&mut client, "select doc_id from graphdb.run_documents('r', 'b', 2)"), "c");
    assert_eq!(ask(&mut client, "select doc_id from graphdb.run_documents('r', 'c', 2)"), "");
}

#[test]
fn a_page_of_documents_ends_with_the_one_that_brings_it_to_the_bytes() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let documents = [("a", "12345"), ("b", "あ"), ("c", ""), ("d", "1"), ("e", "1234567890")];
    load(&mut client, "r", "2026-01-01", &documents);
    for (bytes, limit, expected) in [
        ("0", 10, "a b cd e"),
        ("1", 10, "a b cd e"),
        ("5", 10, "a bcde"),
        ("6", 10, "ab cde"),
        ("8", 10, "ab cde"),
        ("9", 10, "abcd e"),
        ("9", 3, "abc de"),
        ("null", 10, "abcde"),
    ] {
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let page = format!("select doc_id from graphdb.run_documents('r', '{after}', {limit}, {bytes})");
            let page = ask(&mut client, &page);
            let Some(last) = page.lines().last() else { break };
            last.clone_into(&mut after);
            pages.push(page.replace('\n', ""));
        }
        assert_eq!(pages.join(" "), expected, "{bytes} bytes, {limit} documents");
    }
}
