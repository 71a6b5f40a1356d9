//! A lost claim cannot write anything, and a claim has exactly one outcome.

use postgres::Client;

use super::fixture::{MODEL, Waiting, ask, chunk, claim, load, refused, register_model, stage_chunks, status};
use crate::support::TestDatabase;

/// Returns all calls that the holder of a claim on `r` can make with its token.
fn holders_calls(phase: &str, token: i64) -> Vec<String> {
    let mut calls = vec![
        format!("select graphdb.complete_run('r', '{phase}', {token})"),
        format!("select graphdb.renew_claim('r', {token})"),
        format!("select graphdb.fail_run('r', {token}, 'no')"),
        format!("select graphdb.release_run('r', {token})"),
    ];
    if phase == "chunk" {
        calls.push(format!("select graphdb.replace_chunks('r', {token})"));
    } else {
        calls.push(format!("select graphdb.store_embeddings({token}, '{MODEL}', '{{}}', '{{}}')"));
        calls.push(format!("select graphdb.store_staged_embeddings({token}, '{MODEL}')"));
    }
    calls
}

/// Prepares a run `r` with one document for the phase.
fn ready_for(client: &mut Client, phase: &str) {
    register_model(client);
    load(client, "r", "2026-01-01", &[("d", "text")]);
    if phase == "embed" {
        chunk(client, "r");
    }
    stage_chunks(client, "r");
}

fn refuses_every_call(client: &mut Client, phase: &str, token: i64) {
    let before = super::fixture::contents(client);
    for call in holders_calls(phase, token) {
        refused(client, &call, "TB002");
    }
    let renewed = format!("select run_id, claim_expires_at from graphdb.renew_claims(array[{token}])");
    assert_eq!(ask(client, &renewed), "- -");
    assert_eq!(super::fixture::contents(client), before);
}

#[test]
fn a_worker_whose_run_was_claimed_by_another_can_write_nothing() {
    for phase in ["chunk", "embed"] {
        let database = TestDatabase::new();
        let mut client = database.connect();
        ready_for(&mut client, phase);
        database.take_over_clock();
        database.set_clock("2026-06-01 12:00:00+00");
        let stale = claim(&mut client, phase, "r");
        database.set_clock("2026-06-01 13:00:00+00");
        let live = claim(&mut client, phase, "r");
        refuses_every_call(&mut client, phase, stale);
        ask(&mut client, &format!("select graphdb.release_run('r', {live})"));
    }
}

#[test]
fn a_worker_whose_lease_was_recovered_can_write_nothing() {
    for phase in ["chunk", "embed"] {
        let database = TestDatabase::new();
        let mut client = database.connect();
        ready_for(&mut client, phase);
        database.take_over_clock();
        database.set_clock("2026-06-01 12:00:00+00");
        let stale = claim(&mut client, phase, "r");
        database.set_clock("2026-06-01 13:00:00+00");
        assert_eq!(ask(&mut client, "select run_id from graphdb.recover_expired_claims()"), "r");
        refuses_every_call(&mut client, phase, stale);
    }
}

#[test]
fn a_worker_whose_run_was_reset_or_registered_anew_can_write_nothing() {
    for takeover in ["graphdb.reset_runs(p_force => true)", "graphdb.register_run('r', 'other')"] {
        for phase in ["chunk", "embed"] {
            let database = TestDatabase::new();
            let mut client = database.connect();
            ready_for(&mut client, phase);
            let stale = claim(&mut client, phase, "r");
            ask(&mut client, &format!("select {takeover}"));
            refuses_every_call(&mut client, phase, stale);
        }
    }
}

#[test]
fn a_claim_ends_once() {
    for ending in 0..4 {
        for phase in ["chunk", "embed"] {
            let database = TestDatabase::new();
            let mut client = database.connect();
            ready_for(&mut client, phase);
            let token = claim(&mut client, phase, "r");
            if phase == "chunk" {
                ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
            } else {
                super::fixture::store_vectors(&mut client, "r", token);
            }
            let first = match ending {
                0 => format!("select graphdb.complete_run('r', '{phase}', {token})"),
                1 => format!("select graphdb.fail_run('r', {token}, 'no')"),
                2 => format!("select graphdb.fail_run('r', {token}, 'no', null, true)"),
                _ => format!("select graphdb.release_run('r', {token})"),
            };
            ask(&mut client, &first);
            refuses_every_call(&mut client, phase, token);
            let outcomes = format!("select count(*) from graphdb.run_attempts where claim_token = {token}");
            assert_eq!(ask(&mut client, &outcomes), "1");
        }
    }
}

#[test]
fn a_claim_that_another_session_ends_at_the_same_time_ends_once() {
    let endings = |token: i64| {
        [format!("select graphdb.fail_run('r', {token}, 'no')"), format!("select graphdb.expire_claim('r', {token})")]
    };
    for number in 0..2 {
        let database = TestDatabase::new();
        let mut client = database.connect();
        ready_for(&mut client, "chunk");
        let token = claim(&mut client, "chunk", "r");
        ask(&mut client, &format!("begin; select graphdb.release_run('r', {token})"));
        let second = Waiting::start(&database, database.connect(), &endings(token)[number]);
        ask(&mut client, "commit");
        let error = second.finish().1.unwrap_err();
        assert_eq!(error.code().map(postgres::error::SqlState::code), Some("TB002"), "{error}");
        assert_eq!(ask(&mut client, "select status, attempts from graphdb.processed_runs"), "normalized 0");
    }
}

#[test]
fn the_token_of_another_run_or_of_nobody_is_no_claim() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ready_for(&mut client, "chunk");
    ask(&mut client, "select graphdb.register_run('other', 'dita')");
    claim(&mut client, "chunk", "r");
    let other = claim(&mut client, "chunk", "other");
    for token in [other, -1, 0, i64::MAX] {
        refused(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"), "TB002");
        refused(&mut client, &format!("select graphdb.release_run('r', {token})"), "TB002");
    }
    refused(&mut client, "select graphdb.complete_run('r', 'chunk', null)", "TB002");
    refused(&mut client, &format!("select graphdb.store_embeddings(null, '{MODEL}', '{{}}', '{{}}')"), "TB002");
    assert_eq!(status(&mut client, "r"), "chunking");
}

#[test]
fn a_run_that_does_not_exist_is_named() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ready_for(&mut client, "chunk");
    for call in holders_calls("chunk", 1) {
        let error = refused(&mut client, &call.replace("'r'", "'absent'"), "TB004");
        assert!(error.message().contains("absent"));
    }
}

#[test]
fn chunks_are_replaced_under_a_chunk_claim_only_and_vectors_stored_under_an_embed_claim_only() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ready_for(&mut client, "chunk");
    let token = claim(&mut client, "chunk", "r");
    refused(&mut client, &format!("select graphdb.store_embeddings({token}, '{MODEL}', '{{}}', '{{}}')"), "TB002");
    ask(&mut client, &format!("select graphdb.release_run('r', {token})"));
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, "truncate pg_temp.staged_chunks");
    refused(&mut client, &format!("select graphdb.replace_chunks('r', {token})"), "TB001");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.chunks"), "1");
}

#[test]
fn a_claim_cannot_be_recovered_under_a_write_of_its_holder() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ready_for(&mut client, "embed");
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, "begin");
    super::fixture::store_vectors(&mut client, "r", token);
    database.set_clock("2026-06-01 13:00:00+00");
    let mut other = database.connect();
    ask(&mut other, "set lock_timeout = '20s'");
    assert_eq!(ask(&mut other, "select run_id from graphdb.claim_run('embed', 'other')"), "");
    ask(&mut client, "commit");
    assert_eq!(ask(&mut other, "select run_id from graphdb.claim_run('embed', 'other')"), "r");
}

#[test]
fn a_completion_that_waited_for_a_forced_reset_finds_its_claim_lost() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ready_for(&mut client, "chunk");
    let token = claim(&mut client, "chunk", "r");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
    ask(&mut client, "begin; select graphdb.reset_runs(p_force => true)");
    let completion = format!("select graphdb.complete_run('r', 'chunk', {token})");
    let waiting = Waiting::start(&database, database.connect(), &completion);
    ask(&mut client, "commit");
    let error = waiting.finish().1.unwrap_err();
    assert_eq!(error.code().map(postgres::error::SqlState::code), Some("TB002"));
    assert_eq!(status(&mut client, "r"), "reset");
}
