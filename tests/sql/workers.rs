//! Who works on what, who is probably dead, and how claims are taken back. The clock is the test's.

use postgres::Client;

use super::fixture::{ask, chunk, claim, load, refused, register_model, status, store_vectors};
use crate::support::TestDatabase;

/// A database with two runs, `r01` and `r02`, that were claimed at noon by `h/1/0`.
fn claimed_at_noon() -> (TestDatabase, Client, [i64; 2]) {
    let database = TestDatabase::new();
    database.register_runs(2);
    database.take_over_clock();
    set_time(&database, "12:00:00");
    let mut client = database.connect();
    let tokens = ["r01", "r02"].map(|run_id| {
        let claim = "select claim_token from graphdb.claim_runs('chunk', 'h/1/0', '45 minutes', 1, jsonb_build_object('run_ids', $1::text))";
        client.query_one(claim, &[&run_id]).unwrap().get(0)
    });
    (database, client, tokens)
}

fn set_time(database: &TestDatabase, time: &str) {
    database.set_clock(&format!("2026-06-01 {time}+00"));
}

const STATES: &str = "select run_id, state, silent_for from graphdb.list_workers()";

#[test]
fn a_worker_is_probably_dead_when_six_heartbeats_are_missing() {
    let (database, mut client, tokens) = claimed_at_noon();
    assert_eq!(ask(&mut client, STATES), "r01 alive 00:00:00\nr02 alive 00:00:00");
    set_time(&database, "12:00:59.9");
    ask(&mut client, &format!("select graphdb.renew_claims('{{{}}}')", tokens[1]));
    assert_eq!(ask(&mut client, STATES), "r01 alive 00:00:59.9\nr02 alive 00:00:00");
    set_time(&database, "12:01:00");
    assert_eq!(ask(&mut client, STATES), "r01 dead 00:01:00\nr02 alive 00:00:00.1");
    set_time(&database, "12:45:00");
    assert_eq!(ask(&mut client, STATES), "r01 expired 00:45:00\nr02 dead 00:44:00.1");
    let counts = "select live_claims, dead_claims, expired_claims, to_char(last_heard_from at time zone 'UTC', 'HH24:MI:SS') \
                  from graphdb.backlog_status";
    assert_eq!(ask(&mut client, counts), "1 1 1 12:00:00");
    let claims = "select c ->> 'run_id', c ->> 'host', c ->> 'state', c ->> 'silent_seconds', c ->> 'heartbeat_seconds' \
                  from graphdb.backlog_status, jsonb_array_elements(claims) as c order by 1";
    assert_eq!(ask(&mut client, claims), "r01 h expired 2700 10\nr02 h dead 2640 10");
}

#[test]
fn a_short_lease_has_more_heartbeats() {
    let database = TestDatabase::new();
    database.register_runs(1);
    database.take_over_clock();
    set_time(&database, "12:00:00");
    let mut client = database.connect();
    ask(&mut client, "select graphdb.claim_run('chunk', 'h/1/0', '15 seconds')");
    let interval = "select state, heartbeat_interval from graphdb.list_workers()";
    assert_eq!(ask(&mut client, interval), "alive 00:00:05");
    // The lease is over before six of them could be missing.
    set_time(&database, "12:00:14.9");
    assert_eq!(ask(&mut client, interval), "alive 00:00:05");
    set_time(&database, "12:00:15");
    assert_eq!(ask(&mut client, interval), "expired 00:00:05");
}

#[test]
fn a_worker_in_a_long_transaction_is_alive() {
    let (database, mut client, _) = claimed_at_noon();
    let mut worker = database.connect();
    ask(&mut worker, "begin; select from graphdb.processed_runs where run_id = 'r01' for no key update");
    set_time(&database, "12:05:00");
    assert_eq!(ask(&mut client, STATES), "r01 alive 00:05:00\nr02 dead 00:05:00");
    assert_eq!(ask(&mut client, "select dead_claims from graphdb.backlog_status"), "1");
    ask(&mut worker, "commit");
    assert_eq!(ask(&mut client, STATES), "r01 dead 00:05:00\nr02 dead 00:05:00");
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_dead() {
    let (database, mut client, _) = claimed_at_noon();
    set_time(&database, "07:00:00");
    assert_eq!(ask(&mut client, STATES), "r01 alive 00:00:00\nr02 alive 00:00:00");
    assert_eq!(ask(&mut client, "select dead_claims, expired_claims from graphdb.backlog_status"), "0 0");
    ask(&mut client, "select graphdb.release_claims('{}')");
    assert_eq!(status(&mut client, "r01"), "chunking");
}

#[test]
fn what_others_do_to_a_held_run_is_no_heartbeat() {
    let (database, mut client, _) = claimed_at_noon();
    set_time(&database, "12:05:00");
    ask(&mut client, "select graphdb.set_priority('r01', 5)");
    ask(&mut client, "select graphdb.pause_runs('{}', 'moving')");
    ask(&mut client, "select graphdb.resume_runs('{}')");
    assert_eq!(ask(&mut client, STATES), "r01 dead 00:05:00\nr02 dead 00:05:00");
}

#[test]
fn claims_of_dead_workers_are_released_uncharged_and_fenced() {
    let (database, mut client, tokens) = claimed_at_noon();
    set_time(&database, "12:09:12");
    ask(&mut client, &format!("select graphdb.renew_claim('r02', {})", tokens[1]));
    let release = |arguments: &str| {
        format!("select matched, released, unclaimed, skipped from graphdb.release_claims('{{}}'{arguments})")
    };
    assert_eq!(ask(&mut client, &release(", p_dry_run => true")), "2 1 0 1");
    assert_eq!(status(&mut client, "r01"), "chunking");
    assert_eq!(ask(&mut client, &release("")), "2 1 0 1");
    assert_eq!(ask(&mut client, &release("")), "2 0 1 1");
    let runs = "select run_id, status, attempts, available_at is null from graphdb.processed_runs order by 1";
    assert_eq!(ask(&mut client, runs), "r01 normalized 0 t\nr02 chunking 0 t");
    let history = "select outcome, error from graphdb.run_history('r01')";
    let role = ask(&mut client, "select current_user");
    assert_eq!(ask(&mut client, history), format!("released released by role {role}, 552 s after the last heartbeat"));
    // The worker was only frozen.
    refused(&mut client, &format!("select graphdb.renew_claim('r01', {})", tokens[0]), "TB002");
    refused(&mut client, &format!("select graphdb.complete_run('r01', 'chunk', {})", tokens[0]), "TB002");
    assert_eq!(ask(&mut client, &release(", p_force => true")), "2 1 1 0");
    assert_eq!(status(&mut client, "r02"), "normalized");
}

#[test]
fn an_expired_claim_is_released_without_force() {
    let (database, mut client, _) = claimed_at_noon();
    set_time(&database, "12:45:00");
    let counts = "select matched, released, skipped from graphdb.release_claims('{}')";
    assert_eq!(ask(&mut client, counts), "2 2 0");
}

#[test]
fn a_release_charges_an_attempt_when_it_is_asked_to() {
    let (database, mut client, _) = claimed_at_noon();
    set_time(&database, "12:30:00");
    ask(&mut client, "select graphdb.release_claims('{\"run_ids\": \"r01\"}', p_charge => true)");
    let run = "select status, attempts, last_error like 'released by role %' from graphdb.processed_runs where run_id = 'r01'";
    assert_eq!(ask(&mut client, run), "normalized 1 t");
    assert_eq!(ask(&mut client, "select outcome from graphdb.run_history('r01')"), "expired");
}

#[test]
fn a_release_goes_in_steps_and_refuses_misuse() {
    let (database, mut client, _) = claimed_at_noon();
    set_time(&database, "12:30:00");
    let step = |after: &str| {
        format!(
            "select released, last_run_id from graphdb.release_claims('{{}}', p_max_runs => 1, p_after => '{after}')"
        )
    };
    assert_eq!(super::fixture::in_steps(&mut client, step), ["1 r01", "1 r02", "0 -"]);
    refused(&mut client, "select graphdb.release_claims(null)", "TB001");
    refused(&mut client, "select graphdb.release_claims('{}', null)", "TB001");
    refused(&mut client, r#"select graphdb.release_claims('{"run": "r01"}')"#, "TB001");
}

#[test]
fn a_claim_whose_process_ended_is_charged_like_an_expired_lease() {
    let (_database, mut client, tokens) = claimed_at_noon();
    let expire =
        format!("select status, attempts, available_at from graphdb.expire_claim('r01', {}, 'killed')", tokens[0]);
    assert_eq!(ask(&mut client, &expire), "normalized 1 -");
    refused(&mut client, &expire, "TB002");
    refused(&mut client, "select graphdb.expire_claim('none', 1)", "TB004");
    assert_eq!(ask(&mut client, "select outcome, error from graphdb.run_history('r01')"), "expired killed");
    // From the second time on with a back-off, and at last the run fails.
    for (attempt, expected) in [(2, "normalized t"), (3, "normalized t"), (4, "normalized t"), (5, "failed f")] {
        ask(&mut client, "update graphdb.processed_runs set available_at = null where run_id = 'r01'");
        let token = claim(&mut client, "chunk", "r01");
        let expire = format!("select status, available_at is not null from graphdb.expire_claim('r01', {token})");
        assert_eq!(ask(&mut client, &expire), expected, "{attempt}");
    }
    let error = "select last_error from graphdb.processed_runs where run_id = 'r01'";
    assert_eq!(ask(&mut client, error), "worker w ended without releasing the claim");
}

#[test]
fn a_claim_names_the_process_that_made_it() {
    let database = TestDatabase::new();
    database.register_runs(3);
    let mut client = database.connect();
    ask(&mut client, "set graphdb.worker_process = 'abc/7'");
    ask(&mut client, "select graphdb.claim_run('chunk', 'w'); select graphdb.claim_runs('chunk', 'w')");
    ask(&mut client, "reset graphdb.worker_process");
    ask(&mut client, r#"select graphdb.claim_runs('chunk', 'w', '1 hour', 1, '{"source": "dita"}')"#);
    let processes = "select run_id, claim_process from graphdb.processed_runs order by 1";
    assert_eq!(ask(&mut client, processes), "r01 abc/7\nr02 abc/7\nr03 -");
}

/// A database in which the run `a`, of four documents with three texts, is being embedded; `b` is not yet chunked.
fn embedding() -> (TestDatabase, Client, i64) {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "a", "2026-01-01", &[("1", "one"), ("2", "two"), ("3", "three"), ("4", "three")]);
    load(&mut client, "b", "2026-01-02", &[("5", "five"), ("6", "six")]);
    chunk(&mut client, "a");
    let token = claim(&mut client, "embed", "a");
    (database, client, token)
}

#[test]
fn progress_counts_the_texts_that_have_a_vector() {
    let (_database, mut client, token) = embedding();
    let progress = "select run_id, status, is_due, documents, texts, embedded from graphdb.work_progress()";
    assert_eq!(ask(&mut client, progress), "a embedding f 0 3 0\nb normalized t 2 0 0");
    let store = format!(
        "select graphdb.store_embeddings({token}, 'm', array_agg(p.input_sha256), array_agg('[1,0,0]'::vector)) \
         from (select * from graphdb.pending_inputs('a', 'm') limit 1) as p"
    );
    ask(&mut client, &store);
    assert_eq!(ask(&mut client, progress), "a embedding f 0 3 1\nb normalized t 2 0 0");
    // The count does not depend on the claim.
    ask(&mut client, &format!("select graphdb.release_run('a', {token})"));
    assert_eq!(ask(&mut client, progress), "a chunked t 0 3 1\nb normalized t 2 0 0");
    let status = "select documents_to_chunk, texts, embedded_texts from graphdb.backlog_status";
    assert_eq!(ask(&mut client, status), "2 3 1");
    // Another model has none of them; vectors that a reset gave up are missing, too.
    ask(&mut client, "select graphdb.register_model('other', 'hash', 3)");
    let of = |model: &str| format!(r#"select embedded from graphdb.work_progress('{{"run_ids": "a"}}', {model})"#);
    for (model, embedded) in [("'m'", "1"), ("'other'", "0"), ("null", "1")] {
        assert_eq!(ask(&mut client, &of(model)), embedded, "{model}");
    }
    refused(&mut client, &of("'none'"), "TB001");
    let token = claim(&mut client, "embed", "a");
    store_vectors(&mut client, "a", token);
    ask(&mut client, &format!("select graphdb.complete_run('a', 'embed', {token}, 'm')"));
    assert_eq!(ask(&mut client, progress), "b normalized t 2 0 0");
    ask(&mut client, r#"select graphdb.reset_runs('{"run_ids": "a"}', 'embeddings')"#);
    let token = claim(&mut client, "embed", "a");
    assert_eq!(ask(&mut client, &of("'m'")), "0");
    ask(&mut client, &format!("select graphdb.release_run('a', {token})"));
}

#[test]
fn progress_leaves_paused_runs_out_and_tells_runs_in_back_off() {
    let (_database, mut client, token) = embedding();
    ask(&mut client, &format!("select graphdb.fail_run('a', {token}, 'no', '1 hour')"));
    ask(&mut client, r#"select graphdb.pause_runs('{"run_ids": "b"}')"#);
    let progress = "select run_id, is_due, documents, texts from graphdb.work_progress()";
    assert_eq!(ask(&mut client, progress), "a f 0 3");
}

#[test]
fn the_time_to_go_follows_the_texts_that_live_workers_embed() {
    let (database, mut client, _token) = embedding();
    database.take_over_clock();
    set_time(&database, "12:00:00");
    ask(
        &mut client,
        "update graphdb.processed_runs set claimed_at = '2026-06-01 11:59:50+00', updated_at = '2026-06-01 11:59:50+00', \
                      claim_expires_at = '2026-06-01 12:30:00+00' where run_id = 'a'",
    );
    let to_go = "select texts_a_second, time_to_go from graphdb.backlog_status";
    assert_eq!(ask(&mut client, to_go), "- -");
    let token = ask(&mut client, "select claim_token from graphdb.processed_runs where run_id = 'a'");
    ask(&mut client, &format!("select graphdb.renew_claim('a', {token}, '45 minutes', 1)"));
    // One text in ten seconds. Three texts are left, and one for each of two documents.
    assert_eq!(ask(&mut client, to_go), "0.1 00:00:50");
    // A dead worker has no speed.
    set_time(&database, "12:02:00");
    assert_eq!(ask(&mut client, to_go), "- -");
    let worker = "select phase, done, total, rate from graphdb.list_workers()";
    assert_eq!(ask(&mut client, worker), "embed 0 3 0.1");
    let said = "select phase, done, total from graphdb.list_workers(p_count => false)";
    assert_eq!(ask(&mut client, said), "embed 1 4");
}
