//! Claims: order, exclusivity, scope, and what a claim writes.

use std::collections::BTreeSet;

use postgres::Client;

use super::fixture::{Waiting, ask, chunk, claim, load, process, refused, register_model, status};
use crate::support::TestDatabase;

fn claim_next(client: &mut Client) -> Option<String> {
    client.query_opt("select run_id from graphdb.claim_run('chunk', 'w')", &[]).unwrap().map(|row| row.get(0))
}

#[test]
fn claim_run_takes_the_highest_priority_then_the_oldest() {
    let database = TestDatabase::new();
    database.register_runs(3);
    let mut client = database.connect();
    client.execute("update graphdb.processed_runs set priority = 1 where run_id = 'r02'", &[]).unwrap();
    let claimed: Vec<String> = (0..4).filter_map(|_| claim_next(&mut client)).collect();
    assert_eq!(claimed, ["r02", "r01", "r03"]);
}

#[test]
fn claim_run_takes_the_lowest_run_id_of_runs_as_old() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for run_id in ["b", "a.1", "c", "a"] {
        ask(&mut client, &format!("select graphdb.register_run('{run_id}', 'dita', 0, '2026-01-01')"));
    }
    let claimed: Vec<String> = (0..4).filter_map(|_| claim_next(&mut client)).collect();
    assert_eq!(claimed, ["a", "a.1", "b", "c"]);
}

#[test]
fn claim_run_takes_the_oldest_whatever_its_name() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    for (run_id, at) in [("b", "2026-01-01"), ("a", "2026-01-02")] {
        load(&mut client, run_id, at, &[(run_id, "text")]);
    }
    let first = |phase: &str| format!("select run_id from graphdb.claim_run('{phase}', 'w')");
    ask(&mut client, "begin");
    assert_eq!(ask(&mut client, &first("chunk")), "b");
    ask(&mut client, "rollback");
    for run_id in ["a", "b"] {
        chunk(&mut client, run_id);
    }
    assert_eq!(ask(&mut client, &first("embed")), "b");
}

#[test]
fn a_run_that_is_claimed_to_be_embedded_again_keeps_the_vectors_it_shares() {
    for claim in [
        "graphdb.claim_run('embed', 'w')",
        "graphdb.claim_runs('embed', 'w', '1 hour', 1)",
        r#"graphdb.claim_runs('embed', 'w', '1 hour', 1, '{"run_ids": "b"}')"#,
    ] {
        let database = TestDatabase::new();
        let mut client = database.connect();
        process(&mut client, "a", &["shared"]);
        process(&mut client, "b", &["shared"]);
        ask(&mut client, r#"select graphdb.reset_runs('{"run_ids": "b"}', 'embeddings')"#);
        ask(&mut client, &format!("select {claim}"));
        let deleted = r#"select deleted, deleted_vectors from graphdb.delete_runs('{"run_ids": "a"}')"#;
        assert_eq!(ask(&mut client, deleted), "1 0", "{claim}");
    }
}

#[test]
fn claim_runs_returns_several_in_the_order_of_the_claim() {
    let database = TestDatabase::new();
    database.register_runs(12);
    let mut client = database.connect();
    ask(&mut client, "update graphdb.processed_runs set priority = 5 where run_id = 'r12'");
    let claimed = ask(&mut client, "select string_agg(run_id, ',') from graphdb.claim_runs('chunk', 'w', '1 hour', 5)");
    assert_eq!(claimed, "r12,r01,r02,r03,r04");
}

#[test]
fn claim_runs_does_the_same_with_a_filter_that_narrows_nothing() {
    for phase in ["chunk", "embed"] {
        let claimed_with = |filter: &str| {
            let database = TestDatabase::new();
            database.take_over_clock();
            database.set_clock("2026-06-01 12:00:00+00");
            database.register_runs(7);
            let mut client = database.connect();
            register_model(&mut client);
            for run_id in ["r02", "r03", "r04", "r06"] {
                chunk(&mut client, run_id);
            }
            ask(&mut client, r#"select graphdb.reset_runs('{"run_ids": ["r03", "r04"]}', 'embeddings')"#);
            ask(&mut client, "update graphdb.processed_runs set priority = 1 where run_id in ('r04', 'r05')");
            let claim = format!("select r.* from graphdb.claim_runs('{phase}', 'w', '1 hour', 3, {filter}) as r");
            (ask(&mut client, &claim), ask(&mut client, "select * from graphdb.processed_runs order by run_id"))
        };
        let (claimed, backlog) = claimed_with("null");
        assert_eq!(claimed.lines().count(), 3, "{claimed}");
        assert_eq!(claimed_with("'{}'"), (claimed, backlog));
    }
}

#[test]
fn claim_run_passes_over_a_claim_that_is_not_committed() {
    let database = TestDatabase::new();
    database.register_runs(2);
    let (mut one, mut two) = (database.connect(), database.connect());
    ask(&mut one, "begin");
    assert_eq!(claim_next(&mut one).as_deref(), Some("r01"));
    // If the session waits for the other session, the test should fail instead of hanging.
    ask(&mut two, "set lock_timeout = '20s'");
    assert_eq!(claim_next(&mut two).as_deref(), Some("r02"));
    assert_eq!(claim_next(&mut two), None);
    ask(&mut one, "rollback");
    assert_eq!(claim_next(&mut two).as_deref(), Some("r01"));
}

#[test]
fn eight_workers_in_open_transactions_claim_eight_runs() {
    let database = TestDatabase::new();
    database.register_runs(8);
    let mut workers: Vec<Client> = (0..8).map(|_| database.connect()).collect();
    let claimed: Vec<Option<String>> = workers
        .iter_mut()
        .map(|worker| {
            ask(worker, "set lock_timeout = '20s'; begin");
            claim_next(worker)
        })
        .collect();
    let expected: Vec<Option<String>> = (1..=8).map(|number| Some(format!("r{number:02}"))).collect();
    assert_eq!(claimed, expected);
    assert_eq!(claim_next(&mut database.connect()), None);
    for worker in &mut workers {
        ask(worker, "commit");
    }
    let tokens = ask(
        &mut workers[0],
        "select count(distinct claim_token) from graphdb.processed_runs where status = 'chunking'",
    );
    assert_eq!(tokens, "8");
}

#[test]
fn eight_workers_at_once_claim_each_run_once() {
    let database = TestDatabase::new();
    database.register_runs(99);
    let mut gate = database.connect();
    let last_token = "select last_value from graphdb.claim_tokens";
    let before: i64 = ask(&mut gate, last_token).parse().unwrap();
    // All sessions wait for the same lock, so that they start together.
    ask(&mut gate, "begin; select pg_advisory_xact_lock(1)");
    let claim_all = "do $$ begin \
                       perform pg_advisory_lock_shared(1); \
                       while exists (select from graphdb.claim_run('chunk', pg_backend_pid()::text)) loop commit; end loop; \
                     end $$";
    let workers: Vec<Waiting> = (0..8).map(|_| Waiting::start(&database, database.connect(), claim_all)).collect();
    ask(&mut gate, "commit");
    for worker in workers {
        worker.finish().1.unwrap();
    }
    // If two workers had claimed a run, two tokens would have been used.
    let after: i64 = ask(&mut gate, last_token).parse().unwrap();
    assert_eq!(after - before, 99);
    assert_eq!(ask(&mut gate, "select count(*) from graphdb.processed_runs where status = 'chunking'"), "99");
}

#[test]
fn claim_runs_takes_no_more_than_asked_for_under_any_join() {
    let database = TestDatabase::new();
    database.register_runs(30);
    let mut client = database.connect();
    let claim = "select count(*) from graphdb.claim_runs('chunk', 'w', '1 hour', 3)";
    for method in ["nestloop", "hashjoin", "mergejoin"] {
        ask(
            &mut client,
            "set enable_nestloop = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off",
        );
        ask(&mut client, &format!("set enable_{method} = on"));
        assert_eq!(ask(&mut client, claim), "3", "{method}");
    }
    assert_eq!(ask(&mut client, "select count(*) from graphdb.processed_runs where status = 'chunking'"), "9");
}

#[test]
fn claim_runs_claims_nothing_outside_its_filter() {
    let database = TestDatabase::new();
    database.register_runs(6);
    let mut client = database.connect();
    let mut claim = |filter: &str| {
        ask(
            &mut client,
            &format!("select string_agg(run_id, ',') from graphdb.claim_runs('chunk', 'w', '1 hour', 10, '{filter}')"),
        )
    };
    assert_eq!(claim(r#"{"source": "confluence"}"#), "-");
    assert_eq!(claim(r#"{"status": "chunked"}"#), "-");
    assert_eq!(claim(r#"{"run_ids": ["r02", "r05", "other"]}"#), "r02,r05");
    assert_eq!(claim(r#"{"run_id_glob": "r0*", "limit": 2}"#), "r01,r03");
    assert_eq!(claim("{}"), "r04,r06");
}

#[test]
fn a_claim_writes_the_whole_lease() {
    let database = TestDatabase::new();
    database.register_runs(1);
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let mut client = database.connect();
    ask(&mut client, "set timezone = 'UTC'");
    let claimed = "select status, claimed_by, claimed_from, to_char(claimed_at, 'HH24:MI'), to_char(claim_expires_at, 'HH24:MI'), \
                   to_char(chunk_started_at, 'HH24:MI'), claim_progress from graphdb.claim_run('chunk', 'host/1/2', '30 minutes')";
    assert_eq!(ask(&mut client, claimed), "chunking host/1/2 normalized 12:00 12:30 12:00 -");
}

#[test]
fn every_claim_has_a_token_of_its_own_above_all_before() {
    let database = TestDatabase::new();
    database.register_runs(1);
    let mut client = database.connect();
    let mut last = 0;
    for _ in 0..4 {
        let token = claim(&mut client, "chunk", "r01");
        assert!(token > last, "{token} after {last}");
        ask(&mut client, &format!("select graphdb.release_run('r01', {token})"));
        last = ask(&mut client, "select claim_token from graphdb.processed_runs").parse().unwrap();
        assert!(last > token, "a release leaves the token as it was");
    }
}

#[test]
fn the_queues_hold_only_what_their_phase_can_do() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    for (run_id, day) in [("chunked", 1), ("normalized", 2), ("reset", 3), ("rereset", 4)] {
        load(&mut client, run_id, &format!("2026-01-0{day}"), &[("d", "text")]);
    }
    for run_id in ["chunked", "reset"] {
        chunk(&mut client, run_id);
    }
    ask(&mut client, r#"select graphdb.reset_runs('{"run_ids": ["reset", "rereset"]}')"#);
    let due = |client: &mut Client, phase: &str| {
        ask(client, "begin");
        let query = format!("select string_agg(run_id, ',') from graphdb.claim_runs('{phase}', 'w', '1 hour', 10)");
        let due = ask(client, &query);
        ask(client, "rollback");
        due
    };
    assert_eq!(due(&mut client, "chunk"), "normalized,reset,rereset");
    // Of the two runs that were reset, only one has counted chunks.
    assert_eq!(due(&mut client, "embed"), "chunked,reset");
}

#[test]
fn a_claim_with_bad_arguments_is_refused_and_claims_nothing() {
    let database = TestDatabase::new();
    database.register_runs(1);
    let mut client = database.connect();
    for arguments in [
        "null, 'w'",
        "'', 'w'",
        "'Chunk', 'w'",
        "'search', 'w'",
        "'chunk', null",
        "'chunk', ''",
        "'chunk', 'w', null",
        "'chunk', 'w', '0 seconds'",
        "'chunk', 'w', '-1 hour'",
        "'chunk', 'w', '8 days'",
    ] {
        refused(&mut client, &format!("select * from graphdb.claim_run({arguments})"), "TB001");
        refused(&mut client, &format!("select * from graphdb.claim_runs({arguments})"), "TB001");
    }
    for max_runs in ["null", "0", "-1", "10001"] {
        refused(&mut client, &format!("select * from graphdb.claim_runs('chunk', 'w', '1 hour', {max_runs})"), "TB001");
    }
    refused(
        &mut client,
        r#"select * from graphdb.claim_runs('chunk', 'w', '1 hour', 1, '{"sorce": "dita"}')"#,
        "TB001",
    );
    assert_eq!(status(&mut client, "r01"), "normalized");
}

#[test]
fn the_runs_of_a_worker_differ_from_those_of_another() {
    let database = TestDatabase::new();
    database.register_runs(10);
    let (mut one, mut two) = (database.connect(), database.connect());
    ask(&mut one, "begin");
    ask(&mut two, "begin; set lock_timeout = '20s'");
    let claim = "select run_id from graphdb.claim_runs('chunk', 'w', '1 hour', 5)";
    let first: BTreeSet<String> = ask(&mut one, claim).lines().map(str::to_owned).collect();
    let second: BTreeSet<String> = ask(&mut two, claim).lines().map(str::to_owned).collect();
    assert_eq!((first.len(), second.len()), (5, 5));
    assert!(first.is_disjoint(&second));
}
