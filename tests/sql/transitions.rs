//! The state machine: every transition from every status, and the rules for every write.

use postgres::Client;

use super::fixture::{ask, chunk, claim, load, process, register_model, try_ask, violates};
use crate::support::TestDatabase;

/// Creates one run in each status with the name of the status. `reset_bare` was reset and has no chunks.
fn one_run_in_each_status(database: &TestDatabase) -> Client {
    let mut client = database.connect();
    register_model(&mut client);
    let filter = |run_id: &str| format!(r#"{{"run_ids": "{run_id}"}}"#);
    for run_id in ["normalized", "chunking", "chunked", "embedding", "failed", "reset", "reset_bare"] {
        load(&mut client, run_id, "2026-01-01", &[(run_id, "text")]);
    }
    process(&mut client, "embedded", &["text"]);
    for run_id in ["chunked", "embedding", "reset"] {
        chunk(&mut client, run_id);
    }
    for run_id in ["reset", "reset_bare"] {
        ask(&mut client, &format!("select graphdb.reset_runs('{}')", filter(run_id)));
    }
    let token = claim(&mut client, "chunk", "failed");
    ask(&mut client, &format!("select graphdb.fail_run('failed', {token}, 'broken', null, true)"));
    // This comes last, so that the text already has a vector and the run can be completed.
    claim(&mut client, "embed", "embedding");
    let token = claim(&mut client, "chunk", "chunking");
    super::fixture::stage_chunks(&mut client, "chunking");
    ask(&mut client, &format!("select graphdb.replace_chunks('chunking', {token})"));
    client
}

/// Tries the transition and rolls it back. Returns the new status, `nothing` if there was nothing to do, or the SQLSTATE.
fn after(client: &mut Client, run_id: &str, step: &str) -> String {
    let token = ask(client, &format!("select claim_token from graphdb.processed_runs where run_id = '{run_id}'"));
    let only = format!(r#"'{{"run_ids": "{run_id}"}}'"#);
    let statement = match step {
        "claim chunk" => format!("select status from graphdb.claim_runs('chunk', 'x', '1 hour', 1, {only})"),
        "claim embed" => format!("select status from graphdb.claim_runs('embed', 'x', '1 hour', 1, {only})"),
        "complete chunk" => format!("select status from graphdb.complete_run('{run_id}', 'chunk', {token})"),
        "complete embed" => format!("select status from graphdb.complete_run('{run_id}', 'embed', {token})"),
        "release" => format!("select status from graphdb.release_run('{run_id}', {token})"),
        "fail" => format!("select status from graphdb.fail_run('{run_id}', {token}, 'no')"),
        "fail for good" => format!("select status from graphdb.fail_run('{run_id}', {token}, 'no', null, true)"),
        "renew" => format!(
            "select graphdb.renew_claim('{run_id}', {token}); select status from graphdb.processed_runs where run_id = '{run_id}'"
        ),
        "reset" => format!("select case reset when 1 then 'reset' end from graphdb.reset_runs({only}) where reset = 1"),
        "force" => format!(
            "select case reset when 1 then 'reset' end from graphdb.reset_runs({only}, p_force => true) where reset = 1"
        ),
        "register same" => format!("select graphdb.register_run('{run_id}', 'confluence')"),
        _ => format!("select graphdb.register_run('{run_id}', 'dita')"),
    };
    ask(client, "begin");
    let answer = match try_ask(client, &statement) {
        Ok(answer) => answer.lines().last().map_or_else(|| "nothing".to_owned(), str::to_owned),
        Err(error) => error.code().map_or_else(|| panic!("{error}"), |code| code.code().to_owned()),
    };
    ask(client, "rollback");
    answer
}

#[test]
fn every_step_from_every_status_is_taken_or_refused_as_documented() {
    let database = TestDatabase::new();
    let mut client = one_run_in_each_status(&database);
    let expected = "
        step            normalized chunking   chunked    embedding embedded  failed    reset     reset_bare
        claim_chunk     chunking   nothing    nothing    nothing   nothing   nothing   chunking  chunking
        claim_embed     nothing    nothing    embedding  nothing   nothing   nothing   embedding nothing
        complete_chunk  TB002      chunked    TB002      TB001     TB002     TB002     TB002     TB002
        complete_embed  TB002      TB001      TB002      embedded  TB002     TB002     TB002     TB002
        release         TB002      normalized TB002      chunked   TB002     TB002     TB002     TB002
        fail            TB002      normalized TB002      chunked   TB002     TB002     TB002     TB002
        fail_for_good   TB002      failed     TB002      failed    TB002     TB002     TB002     TB002
        renew           TB002      chunking   TB002      embedding TB002     TB002     TB002     TB002
        reset           reset      nothing    reset      nothing   reset     reset     nothing   nothing
        force           reset      reset      reset      reset     reset     reset     nothing   nothing
        register_same   unchanged  unchanged  unchanged  unchanged unchanged unchanged unchanged unchanged
        register_anew   changed    changed    changed    changed   changed   changed   changed   changed";
    let mut lines = expected.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let runs = lines.next().unwrap();
    for line in lines {
        let step = line[0].replace('_', " ");
        for (run_id, wanted) in runs.iter().zip(&line).skip(1) {
            assert_eq!(after(&mut client, run_id, &step), *wanted, "{step} on {run_id}");
        }
    }
}

#[test]
fn a_phase_that_is_not_completed_leaves_no_start_time() {
    let endings = ["release_run('r', T)", "fail_run('r', T, 'no')", "expire_claim('r', T)"];
    for (phase, times) in [("chunk", "- -"), ("embed", "t -")] {
        for ending in endings {
            let database = TestDatabase::new();
            let mut client = database.connect();
            load(&mut client, "r", "2026-01-01", &[("d", "text")]);
            if phase == "embed" {
                chunk(&mut client, "r");
            }
            let token = claim(&mut client, phase, "r").to_string();
            ask(&mut client, &format!("select graphdb.{}", ending.replace('T', &token)));
            let started = "select chunk_started_at is not null or null, embed_started_at is not null or null \
                           from graphdb.processed_runs";
            assert_eq!(ask(&mut client, started), times, "{ending} in {phase}");
        }
    }
}

#[test]
fn a_run_registered_anew_starts_from_normalized_whatever_it_was() {
    let database = TestDatabase::new();
    let mut client = one_run_in_each_status(&database);
    let before = ask(&mut client, "select max(claim_token) from graphdb.processed_runs");
    ask(&mut client, "select graphdb.register_run(run_id, 'dita') from graphdb.processed_runs order by run_id");
    let same = format!(
        "select count(*) from graphdb.processed_runs where status = 'normalized' and attempts = 0 and claim_token > {before} and \
         num_nonnulls(chunk_started_at, chunk_completed_at, embed_started_at, embed_completed_at, total_chunks, embedded_chunks, \
         claimed_by, claim_expires_at, available_at, failed_phase, last_error) = 0"
    );
    assert_eq!(ask(&mut client, &same), "8");
}

#[test]
fn a_direct_update_that_breaks_a_rule_fails_by_the_name_of_the_rule() {
    let database = TestDatabase::new();
    let mut client = one_run_in_each_status(&database);
    for (run_id, change, rule) in [
        ("normalized", "source = ''", "source_is_named"),
        ("normalized", "source = repeat('x', 129)", "source_is_named"),
        ("normalized", "status = 'done'", "status_is_known"),
        ("normalized", "attempts = -1", "counts_are_not_negative"),
        ("normalized", "total_docs = -1", "counts_are_not_negative"),
        ("chunking", "claim_progress = -1", "counts_are_not_negative"),
        ("embedded", "embedded_chunks = 2", "embedded_chunks_are_chunks"),
        ("chunking", "claimed_from = null", "claim_is_whole"),
        ("normalized", "claim_expires_at = now()", "claim_is_whole"),
        ("chunking", "status = 'normalized'", "claim_goes_with_its_status"),
        ("normalized", "status = 'chunking'", "claim_goes_with_its_status"),
        ("chunking", "claimed_from = 'chunked'", "claim_returns_to_its_queue"),
        ("embedding", "claimed_from = 'normalized'", "claim_returns_to_its_queue"),
        ("chunking", "claim_expires_at = claimed_at", "claim_ends_after_it_begins"),
        ("normalized", "claim_progress = 1", "progress_belongs_to_a_claim"),
        ("normalized", "chunk_completed_at = now()", "normalized_run_has_no_marks"),
        ("chunked", "status = 'reset'", "normalized_run_has_no_marks"),
        ("chunked", "total_chunks = null", "chunks_are_counted_before_use"),
        ("embedding", "total_chunks = null", "chunks_are_counted_before_use"),
        ("chunked", "chunk_completed_at = null", "chunked_run_has_its_mark"),
        ("chunked", "status = 'embedded'", "embedded_run_is_complete"),
        ("embedded", "embed_completed_at = null", "embedded_run_is_complete"),
        ("embedded", "embedded_chunks = 0", "embedded_run_is_complete"),
        ("embedded", "embedded_chunks = null", "embedded_run_is_complete"),
        ("embedded", "embedding_model = null", "embedded_run_is_complete"),
        ("normalized", "status = 'failed'", "failed_run_says_why"),
        ("failed", "last_error = null", "failed_run_says_why"),
        ("failed", "failed_phase = 'search'", "failed_phase_is_known"),
        ("failed", "available_at = now()", "only_a_waiting_run_backs_off"),
    ] {
        let statement = format!("update graphdb.processed_runs set {change} where run_id = '{run_id}'");
        violates(&mut client, &statement, rule);
    }
}

#[test]
fn a_run_id_that_cannot_name_a_folder_is_refused_by_function_and_table() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let long = "x".repeat(129);
    for run_id in ["", ".", "..", "a/b", "../up", "a b", "a\n", "\na", "a\tb", "ä", "a\\b", "a:b", "*", &long] {
        let error = client.query("select graphdb.register_run($1, 'dita')", &[&run_id]).unwrap_err();
        assert_eq!(error.code().map(postgres::error::SqlState::code), Some("TB001"), "{run_id:?}");
        let insert = "insert into graphdb.processed_runs (run_id, source) values ($1, 'dita')";
        let error = client.execute(insert, &[&run_id]).unwrap_err();
        assert_eq!(error.as_db_error().unwrap().constraint(), Some("run_id_is_a_folder_name"), "{run_id:?}");
    }
    for run_id in ["...", "a", "A-1_b.c", &long[1..]] {
        client.query("select graphdb.register_run($1, 'dita')", &[&run_id]).unwrap();
    }
}

#[test]
fn a_run_goes_all_the_way_and_keeps_its_times() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one", "two", "one"]);
    let marks = "select status, total_docs, total_chunks, embedded_chunks, embedding_model, attempts, claimed_by, \
                 num_nonnulls(chunk_started_at, chunk_completed_at, embed_started_at, embed_completed_at) from graphdb.processed_runs";
    assert_eq!(ask(&mut client, marks), "embedded 3 3 3 m 0 - 4");
    let ordered = "select normalized_at < chunk_started_at and chunk_started_at < chunk_completed_at \
                   and chunk_completed_at < embed_started_at and embed_started_at < embed_completed_at from graphdb.processed_runs";
    assert_eq!(ask(&mut client, ordered), "t");
}
