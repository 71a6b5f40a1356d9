//! Expired leases, renewals, failures and back-off. The test sets the clock.

use postgres::Client;

use super::fixture::{ask, claim, refused, status};
use crate::support::TestDatabase;

/// Returns a database with `runs` runs whose clock is set to noon.
fn at_noon(runs: i32) -> (TestDatabase, Client) {
    let database = TestDatabase::new();
    database.register_runs(runs);
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let client = database.connect();
    (database, client)
}

fn set_time(database: &TestDatabase, time: &str) {
    database.set_clock(&format!("2026-06-01 {time}+00"));
}

fn claim_any(client: &mut Client) -> String {
    ask(client, "select run_id from graphdb.claim_run('chunk', 'w')")
}

#[test]
fn a_lease_is_recovered_by_the_next_claim_once_it_has_run_out() {
    let (database, mut client) = at_noon(1);
    let first = claim(&mut client, "chunk", "r01");
    set_time(&database, "12:44:59.999");
    assert_eq!(claim_any(&mut client), "");
    set_time(&database, "12:45:00");
    let again =
        "select run_id, status, claimed_from, attempts, claim_token > 0 from graphdb.claim_run('chunk', 'other')";
    assert_eq!(ask(&mut client, again), "r01 chunking normalized 1 t");
    let history = "select claim_token, phase, worker, outcome, error from graphdb.run_history('r01')";
    assert_eq!(
        ask(&mut client, history),
        format!("{first} chunk w expired lease of w ran out at 2026-06-01T12:45:00Z")
    );
}

#[test]
fn an_expiry_charges_the_attempt_and_from_the_second_on_backs_off() {
    let (database, mut client) = at_noon(1);
    claim(&mut client, "chunk", "r01");
    set_time(&database, "13:00:00");
    let recovered = "select run_id, status, attempts, available_at is null from graphdb.recover_expired_claims()";
    assert_eq!(ask(&mut client, recovered), "r01 normalized 1 t");
    claim(&mut client, "chunk", "r01");
    set_time(&database, "14:00:00");
    let recovered =
        "select run_id, status, attempts, available_at - graphdb.clock() from graphdb.recover_expired_claims()";
    assert_eq!(ask(&mut client, recovered), "r01 normalized 2 00:00:10");
}

#[test]
fn a_clock_that_is_set_back_costs_no_claim_and_no_attempt() {
    let (database, mut client) = at_noon(4);
    let tokens = ["r01", "r02", "r03", "r04"].map(|run_id| claim(&mut client, "chunk", run_id));
    set_time(&database, "07:00:00");
    let renew = format!(
        "select claim_expires_at - graphdb.clock() from graphdb.renew_claims(array[{}, {}])",
        tokens[0], tokens[1]
    );
    assert_eq!(ask(&mut client, &renew), "00:45:00\n00:45:00");
    let renew = format!("select graphdb.renew_claim('r03', {}) - graphdb.clock()", tokens[2]);
    assert_eq!(ask(&mut client, &renew), "00:45:00");
    assert_eq!(ask(&mut client, "select graphdb.recover_expired_claims()"), "");
    let ages =
        "select distinct c ->> 'age_seconds' from graphdb.backlog_status as s, jsonb_array_elements(s.claims) as c";
    assert_eq!(ask(&mut client, ages), "0");
    ask(&mut client, &format!("select graphdb.complete_run('r01', 'chunk', {})", tokens[0]));
    ask(&mut client, &format!("select graphdb.release_run('r02', {})", tokens[1]));
    ask(&mut client, &format!("select graphdb.complete_run('r03', 'chunk', {})", tokens[2]));
    // The lease of a dead worker is not renewed. It ends at the time that was granted.
    set_time(&database, "12:44:59");
    assert_eq!(ask(&mut client, "select graphdb.recover_expired_claims()"), "");
    ask(&mut client, &format!("select graphdb.complete_run('r04', 'chunk', {})", tokens[3]));
    let charged = "select sum(attempts) from graphdb.processed_runs";
    assert_eq!(ask(&mut client, charged), "0");
}

#[test]
fn claims_of_a_procedure_that_commits_are_made_at_the_current_time() {
    let database = TestDatabase::new();
    database.register_runs(2);
    let mut client = database.connect();
    ask(
        &mut client,
        "create procedure public.claim_twice() language plpgsql as $$ \
         declare v_first timestamptz; \
         begin \
           perform graphdb.claim_run('chunk', 'one'); \
           v_first := clock_timestamp(); \
           while clock_timestamp() = v_first loop end loop; \
           commit; \
           perform graphdb.claim_run('chunk', 'two'); \
         end $$",
    );
    ask(&mut client, "call public.claim_twice()");
    let order = "select claimed_by from graphdb.processed_runs order by claimed_at";
    assert_eq!(ask(&mut client, order), "one\ntwo");
    assert_eq!(ask(&mut client, "select count(distinct claimed_at) from graphdb.processed_runs"), "2");
}

#[test]
fn a_run_that_kills_its_workers_fails_in_the_end() {
    let (database, mut client) = at_noon(1);
    ask(&mut client, "set graphdb.max_attempts = 2");
    claim(&mut client, "chunk", "r01");
    set_time(&database, "13:00:00");
    claim(&mut client, "chunk", "r01");
    set_time(&database, "14:00:00");
    assert_eq!(claim_any(&mut client), "");
    let failed = "select status, attempts, failed_phase, last_error from graphdb.processed_runs";
    assert_eq!(ask(&mut client, failed), "failed 2 chunk lease of w ran out at 2026-06-01T13:45:00Z");
}

#[test]
fn an_expired_embed_claim_falls_back_to_the_queue_it_came_from() {
    let (database, mut client) = at_noon(2);
    for run_id in ["r01", "r02"] {
        super::fixture::chunk(&mut client, run_id);
    }
    ask(&mut client, r#"select graphdb.reset_runs('{"run_ids": "r02"}')"#);
    claim(&mut client, "embed", "r01");
    claim(&mut client, "embed", "r02");
    set_time(&database, "13:00:00");
    ask(&mut client, "select graphdb.recover_expired_claims()");
    assert_eq!(status(&mut client, "r01"), "chunked");
    assert_eq!(status(&mut client, "r02"), "reset");
}

#[test]
fn recovery_is_bounded_and_returns_only_leases_that_ran_out() {
    let (database, mut client) = at_noon(4);
    let token = claim(&mut client, "chunk", "r01");
    ask(&mut client, &format!("select graphdb.fail_run('r01', {token}, 'no', '1 minute')"));
    for run_id in ["r02", "r03", "r04"] {
        claim(&mut client, "chunk", run_id);
    }
    set_time(&database, "13:00:00");
    let recover = "select string_agg(run_id, ',' order by run_id) from graphdb.recover_expired_claims(3)";
    assert_eq!(ask(&mut client, recover), "r02,r03");
    assert_eq!(ask(&mut client, recover), "r04");
    assert_eq!(ask(&mut client, recover), "-");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.processed_runs where available_at is null"), "4");
}

#[test]
fn two_that_recover_at_once_charge_once() {
    let (database, mut one) = at_noon(1);
    let mut two = database.connect();
    claim(&mut one, "chunk", "r01");
    set_time(&database, "13:00:00");
    ask(&mut one, "begin");
    assert_eq!(ask(&mut one, "select run_id from graphdb.recover_expired_claims()"), "r01");
    ask(&mut two, "set lock_timeout = '20s'");
    assert_eq!(ask(&mut two, "select run_id from graphdb.recover_expired_claims()"), "");
    ask(&mut one, "commit");
    assert_eq!(ask(&mut two, "select run_id from graphdb.recover_expired_claims()"), "");
    assert_eq!(ask(&mut two, "select attempts from graphdb.processed_runs"), "1");
}

#[test]
fn a_lease_that_is_renewed_outlives_twice_its_length() {
    let (database, mut client) = at_noon(1);
    let token = claim(&mut client, "chunk", "r01");
    ask(&mut client, "set timezone = 'UTC'");
    for (now, end) in [("12:40:00", "13:25:00"), ("13:20:00", "14:05:00")] {
        set_time(&database, now);
        let renewed = format!("select to_char(graphdb.renew_claim('r01', {token}), 'HH24:MI:SS')");
        assert_eq!(ask(&mut client, &renewed), end);
    }
    set_time(&database, "14:04:59");
    assert_eq!(claim_any(&mut client), "");
    assert_eq!(ask(&mut client, "select attempts, claim_token from graphdb.processed_runs"), format!("0 {token}"));
    set_time(&database, "14:05:00");
    assert_eq!(claim_any(&mut client), "r01");
}

#[test]
fn a_renewal_records_progress_and_none_leaves_it() {
    let (_database, mut client) = at_noon(1);
    let token = claim(&mut client, "chunk", "r01");
    let progress = "select claim_progress from graphdb.processed_runs";
    ask(&mut client, &format!("select graphdb.renew_claim('r01', {token}, '45 minutes', 7)"));
    assert_eq!(ask(&mut client, progress), "7");
    ask(&mut client, &format!("select graphdb.renew_claim('r01', {token})"));
    assert_eq!(ask(&mut client, progress), "7");
    ask(&mut client, &format!("select graphdb.release_run('r01', {token})"));
    assert_eq!(ask(&mut client, progress), "-");
}

#[test]
fn renew_claims_moves_every_lease_and_tells_which_are_lost() {
    let (database, mut client) = at_noon(3);
    let tokens = ["r01", "r02", "r03"].map(|run_id| claim(&mut client, "chunk", run_id));
    let [one, two, three] = tokens;
    ask(&mut client, &format!("select graphdb.renew_claim('r01', {one}, '45 minutes', 10)"));
    ask(&mut client, &format!("select graphdb.release_run('r02', {two})"));
    set_time(&database, "12:30:00");
    let renew = format!(
        "select claim_token, run_id, claim_expires_at - graphdb.clock() \
         from graphdb.renew_claims(array[{three}, {two}, {one}], '20 minutes', array[30, 20, null]) order by 1"
    );
    assert_eq!(ask(&mut client, &renew), format!("{one} r01 00:20:00\n{two} - -\n{three} r03 00:20:00"));
    let progress = "select run_id, claim_progress from graphdb.processed_runs order by run_id";
    assert_eq!(ask(&mut client, progress), "r01 10\nr02 -\nr03 30");
    refused(&mut client, "select graphdb.renew_claims('{1,2}', '20 minutes', '{1}')", "TB001");
    refused(&mut client, "select graphdb.renew_claims('{1,2}', '0 minutes')", "TB001");
    assert_eq!(ask(&mut client, "select * from graphdb.renew_claims('{}')"), "");
}

#[test]
fn a_failed_run_is_due_again_after_its_back_off_and_not_before() {
    let (database, mut client) = at_noon(1);
    let token = claim(&mut client, "chunk", "r01");
    let failed =
        format!("select status, attempts, failed_phase, last_error from graphdb.fail_run('r01', {token}, 'disk full')");
    assert_eq!(ask(&mut client, &failed), "normalized 1 chunk disk full");
    set_time(&database, "12:00:09.999");
    assert_eq!(claim_any(&mut client), "");
    let scoped = r#"select run_id from graphdb.claim_runs('chunk', 'w', '1 hour', 5, '{"source": "dita"}')"#;
    assert_eq!(ask(&mut client, scoped), "");
    set_time(&database, "12:00:10");
    assert_eq!(ask(&mut client, scoped), "r01");
}

#[test]
fn the_back_off_doubles_up_to_fifteen_minutes() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let pauses = "select string_agg(coalesce(graphdb._backoff(n)::text, 'none'), ' ' order by n) from generate_series(-1, 12) as n";
    assert_eq!(
        ask(&mut client, pauses),
        "none none 00:00:10 00:00:20 00:00:40 00:01:20 00:02:40 00:05:20 00:10:40 \
         00:15:00 00:15:00 00:15:00 00:15:00 00:15:00"
    );
}

#[test]
fn the_caller_may_say_when_to_try_again() {
    let (database, mut client) = at_noon(1);
    let token = claim(&mut client, "chunk", "r01");
    for pause in ["-1 second", "31 days"] {
        refused(&mut client, &format!("select graphdb.fail_run('r01', {token}, 'no', '{pause}')"), "TB001");
    }
    ask(&mut client, &format!("select graphdb.fail_run('r01', {token}, 'slow down', '3 minutes')"));
    set_time(&database, "12:02:59");
    assert_eq!(claim_any(&mut client), "");
    set_time(&database, "12:03:00");
    let token = claim(&mut client, "chunk", "r01");
    ask(&mut client, &format!("select graphdb.fail_run('r01', {token}, 'at once', '0')"));
    assert_eq!(claim_any(&mut client), "r01");
}

#[test]
fn a_run_that_used_up_its_attempts_is_failed_until_it_is_reset() {
    let (database, mut client) = at_noon(1);
    ask(&mut client, "set graphdb.max_attempts = 3");
    for (time, left) in [("12:00:00", "normalized 1"), ("12:10:00", "normalized 2"), ("12:20:00", "failed 3")] {
        set_time(&database, time);
        let token = claim(&mut client, "chunk", "r01");
        let fail = format!("select status, attempts from graphdb.fail_run('r01', {token}, 'poison')");
        assert_eq!(ask(&mut client, &fail), left);
    }
    set_time(&database, "23:00:00");
    assert_eq!(claim_any(&mut client), "");
    ask(&mut client, r#"select graphdb.reset_runs('{"status": "failed"}')"#);
    let reset = "select status, attempts, failed_phase, last_error, available_at from graphdb.processed_runs";
    assert_eq!(ask(&mut client, reset), "reset 0 - - -");
    assert_eq!(claim_any(&mut client), "r01");
}

#[test]
fn five_attempts_are_the_default() {
    let (database, mut client) = at_noon(1);
    for attempt in 1..=5 {
        set_time(&database, &format!("{}:00:00", 12 + attempt));
        assert_ne!(status(&mut client, "r01"), "failed");
        let token = claim(&mut client, "chunk", "r01");
        ask(&mut client, &format!("select graphdb.fail_run('r01', {token}, 'no')"));
    }
    assert_eq!(status(&mut client, "r01"), "failed");
}

#[test]
fn a_setting_of_max_attempts_that_is_no_number_is_refused() {
    let (_database, mut client) = at_noon(1);
    let token = claim(&mut client, "chunk", "r01");
    for setting in ["many", "0", "-1", "10000", "1.5"] {
        ask(&mut client, &format!("set graphdb.max_attempts = '{setting}'"));
        refused(&mut client, &format!("select graphdb.fail_run('r01', {token}, 'no')"), "TB001");
    }
}

#[test]
fn a_permanent_failure_is_not_tried_again() {
    let (_database, mut client) = at_noon(1);
    let token = claim(&mut client, "chunk", "r01");
    let fail = format!("select status, attempts, last_error from graphdb.fail_run('r01', {token}, '', null, true)");
    assert_eq!(ask(&mut client, &fail), "failed 1 no reason given");
    assert_eq!(claim_any(&mut client), "");
}

#[test]
fn a_release_charges_nothing_and_the_run_is_due_at_once() {
    let (_database, mut client) = at_noon(1);
    let token = claim(&mut client, "chunk", "r01");
    let release = format!(
        "select status, attempts, available_at, chunk_started_at, last_error from graphdb.release_run('r01', {token})"
    );
    assert_eq!(ask(&mut client, &release), "normalized 0 - - -");
    assert_eq!(ask(&mut client, "select outcome from graphdb.run_history('r01')"), "released");
    assert_eq!(claim_any(&mut client), "r01");
}

#[test]
fn a_completed_phase_clears_attempts_and_error() {
    let (database, mut client) = at_noon(1);
    let token = claim(&mut client, "chunk", "r01");
    ask(&mut client, &format!("select graphdb.fail_run('r01', {token}, 'no')"));
    set_time(&database, "12:01:00");
    let token = claim(&mut client, "chunk", "r01");
    let complete =
        format!("select status, attempts, failed_phase, last_error from graphdb.complete_run('r01', 'chunk', {token})");
    assert_eq!(ask(&mut client, &complete), "chunked 0 - -");
}

#[test]
fn the_history_has_a_row_for_each_claim_that_ended_in_the_order_they_began() {
    let (database, mut client) = at_noon(1);
    ask(&mut client, "select graphdb.register_model('m', 'hash', 3)");
    let token = claim(&mut client, "chunk", "r01");
    ask(&mut client, &format!("select graphdb.release_run('r01', {token})"));
    let token = claim(&mut client, "chunk", "r01");
    set_time(&database, "12:00:30");
    ask(&mut client, &format!("select graphdb.fail_run('r01', {token}, 'no', '0')"));
    super::fixture::chunk(&mut client, "r01");
    claim(&mut client, "embed", "r01");
    set_time(&database, "13:00:00");
    let token = claim(&mut client, "embed", "r01");
    ask(&mut client, "select graphdb.reset_runs(p_force => true)");
    refused(&mut client, &format!("select graphdb.release_run('r01', {token})"), "TB002");
    claim(&mut client, "chunk", "r01");
    ask(&mut client, "select graphdb.register_run('r01', 'other')");
    claim(&mut client, "chunk", "r01");
    let history =
        "select phase, outcome, extract(epoch from ended_at - started_at)::int from graphdb.run_history('r01')";
    assert_eq!(
        ask(&mut client, history),
        "chunk released 0\nchunk failed 30\nchunk completed 0\nembed expired 3570\nembed reset 0\nchunk superseded 0"
    );
    assert_eq!(ask(&mut client, "select * from graphdb.run_history('absent')"), "");
}

#[test]
fn prune_attempts_deletes_the_history_of_claims_that_are_old_enough() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    database.register_runs(2);
    for (run_id, ended_at) in [("r01", "2020-01-01"), ("r02", "now")] {
        ask(
            &mut client,
            &format!(
                "insert into graphdb.run_attempts values ('{run_id}', 7, 'chunk', 'w', '2019-01-01', '{ended_at}', 'completed')"
            ),
        );
    }
    for arguments in ["null", "'-1 day'", "'1 day', null", "'100000 years'", "'178000000 years'"] {
        refused(&mut client, &format!("select graphdb.prune_attempts({arguments})"), "TB001");
    }
    for arguments in ["null", "'1 day', 0", "'178000000 years', 1", "'2 years', 10"] {
        refused(&mut client, &format!("select graphdb.backlog_history({arguments})"), "TB001");
    }
    assert_eq!(ask(&mut client, "select graphdb.prune_attempts('30 days', true)"), "1");
    assert_eq!(ask(&mut client, "select graphdb.prune_attempts('30 days')"), "1");
    assert_eq!(ask(&mut client, "select run_id from graphdb.run_attempts"), "r02");
}

#[test]
fn a_lease_that_ran_out_while_the_server_was_down_charges_nothing() {
    let (database, mut client) = at_noon(1);
    claim_any(&mut client);
    // The server was started after the last heartbeat.
    let started = "create or replace function graphdb._server_started_at() returns timestamptz language sql stable as \
                   $$ select timestamptz '2026-06-01 12:30:00+00' $$";
    ask(&mut client, started);
    set_time(&database, "13:00:00");
    let recovered = "select run_id, status, attempts, available_at is null from graphdb.recover_expired_claims()";
    assert_eq!(ask(&mut client, recovered), "r01 normalized 0 t");
    let history = "select outcome, error from graphdb.run_attempts";
    let told = ask(&mut client, history);
    assert!(told.starts_with("released the database server was started or promoted while"), "{told}");
    // A heartbeat after the start is charged.
    claim_any(&mut client);
    set_time(&database, "14:00:00");
    assert_eq!(ask(&mut client, recovered), "r01 normalized 1 t");
}
