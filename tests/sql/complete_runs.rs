//! `complete_runs` completes many runs in one call, like `complete_run`.

use postgres::Client;

use super::fixture::{Waiting, ask, chunk, claim, load, refused, register_model, stage_chunks, store_vectors};
use crate::support::TestDatabase;

/// Registers runs `r01`, `r02`, … without documents, and claims all of them for chunking. Returns ids and tokens as SQL arrays.
fn claimed(database: &TestDatabase, client: &mut Client, runs: i32) -> (String, String) {
    database.register_runs(runs);
    let query = "select array_agg(run_id)::text, array_agg(claim_token)::text from graphdb.claim_runs('chunk', 'w', '1 hour', 100)";
    let row = client.query_one(query, &[]).unwrap();
    (format!("'{}'", row.get::<_, &str>(0)), format!("'{}'", row.get::<_, &str>(1)))
}

fn completed(client: &mut Client, ids: &str, phase: &str, tokens: &str) -> String {
    let query = format!(
        "select string_agg(run_id, ',' order by run_id) from graphdb.complete_runs({ids}, '{phase}', {tokens})"
    );
    ask(client, &query)
}

fn statuses(client: &mut Client) -> String {
    ask(client, "select string_agg(status, ',' order by run_id) from graphdb.processed_runs")
}

#[test]
fn runs_whose_claim_is_lost_are_left_out_and_the_others_completed() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let (ids, tokens) = claimed(&database, &mut client, 4);
    ask(&mut client, r#"select graphdb.reset_runs('{"run_ids": "r02"}', p_force => true)"#);
    ask(&mut client, "select graphdb.release_run('r03', claim_token) from graphdb.processed_runs where run_id = 'r03'");
    assert_eq!(completed(&mut client, &ids, "chunk", &tokens), "r01,r04");
    assert_eq!(statuses(&mut client), "chunked,reset,normalized,chunked");
    let history = "select string_agg(run_id || ' ' || outcome, ',' order by run_id) from graphdb.run_attempts";
    assert_eq!(ask(&mut client, history), "r01 completed,r02 reset,r03 released,r04 completed");
    // A claim can end only once.
    assert_eq!(completed(&mut client, &ids, "chunk", &tokens), "-");
}

#[test]
fn a_token_opens_its_own_run_under_its_own_phase_only() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    let (ids, tokens) = claimed(&database, &mut client, 2);
    assert_eq!(
        completed(
            &mut client,
            "array['r02', 'r01', 'absent', null]",
            "chunk",
            &format!("{tokens}::bigint[] || '{{1,2}}'")
        ),
        "-"
    );
    assert_eq!(completed(&mut client, &ids, "chunk", "'{null,null}'"), "-");
    assert_eq!(completed(&mut client, &ids, "embed", &tokens), "-");
    assert_eq!(completed(&mut client, "'{}'", "chunk", "'{}'"), "-");
    assert_eq!(completed(&mut client, "null", "chunk", "null"), "-");
    assert_eq!(statuses(&mut client), "chunking,chunking");
    // A run that is listed twice is completed once.
    assert_eq!(
        completed(&mut client, &format!("{ids}::text[] || {ids}"), "chunk", &format!("{tokens}::bigint[] || {tokens}")),
        "r01,r02"
    );
    assert_eq!(ask(&mut client, "select count(*) from graphdb.run_attempts"), "2");
    for arguments in [
        "'{a,b}', 'chunk', '{1}'",
        "null, 'chunk', '{1}'",
        "'{a}', 'all', '{1}'",
        "'{a}', null, '{1}'",
        "'{a}', 'embed', '{1}', 'absent'",
    ] {
        refused(&mut client, &format!("select graphdb.complete_runs({arguments})"), "TB001");
    }
}

#[test]
fn nothing_is_completed_when_work_is_missing_in_one_run() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for (run_id, body) in [("a", ""), ("b", "text"), ("c", "")] {
        load(&mut client, run_id, "2026-01-01", &[(run_id, body)]);
    }
    let tokens: Vec<String> = ["a", "b", "c"].map(|run_id| claim(&mut client, "chunk", run_id).to_string()).into();
    let complete = format!("select graphdb.complete_runs('{{a,b,c}}', 'chunk', '{{{}}}')", tokens.join(","));
    let error = refused(&mut client, &complete, "TB003");
    assert!(error.message().contains("\"b\""), "{error}");
    assert_eq!(statuses(&mut client), "chunking,chunking,chunking");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.run_attempts"), "0");
}

#[test]
fn many_at_once_end_as_one_at_a_time() {
    let end = |at_once: bool| {
        let database = TestDatabase::new();
        let mut client = database.connect();
        register_model(&mut client);
        // The newer version of a document replaces the older one.
        load(&mut client, "old", "2026-01-01", &[("a", "one"), ("b", "two")]);
        chunk(&mut client, "old");
        load(&mut client, "new", "2026-01-02", &[("a", "three")]);
        for phase in ["chunk", "embed"] {
            if phase == "embed" {
                let token = claim(&mut client, "embed", "old");
                store_vectors(&mut client, "old", token);
                ask(&mut client, &format!("select graphdb.release_run('old', {token})"));
            }
            let token = claim(&mut client, phase, "new");
            if phase == "chunk" {
                stage_chunks(&mut client, "new");
                ask(&mut client, &format!("select graphdb.replace_chunks('new', {token})"));
            } else {
                store_vectors(&mut client, "new", token);
            }
            let other = if phase == "embed" { claim(&mut client, phase, "old") } else { 0 };
            if at_once {
                ask(
                    &mut client,
                    &format!("select graphdb.complete_runs('{{new,old}}', '{phase}', '{{{token},{other}}}')"),
                );
            } else {
                ask(&mut client, &format!("select graphdb.complete_run('new', '{phase}', {token})"));
                if other > 0 {
                    ask(&mut client, &format!("select graphdb.complete_run('old', '{phase}', {other})"));
                }
            }
        }
        [
            "select run_id, status, total_docs, total_chunks, embedded_chunks, embedding_model, attempts, claimed_by, \
             num_nonnulls(chunk_started_at, chunk_completed_at, embed_started_at, embed_completed_at) \
             from graphdb.processed_runs order by run_id",
            "select run_id, claim_token, phase, worker, outcome, total_docs, total_chunks, embedded_chunks, error, started_at < ended_at \
             from graphdb.run_attempts order by claim_token",
            "select run_id, doc_id, is_newest, is_searched from graphdb.documents order by 1, 2",
        ]
        .map(|query| ask(&mut client, query))
        .join("\n--\n")
    };
    let one_at_a_time = end(false);
    assert!(one_at_a_time.contains("new a t t") && one_at_a_time.contains("old a f f"), "{one_at_a_time}");
    assert_eq!(end(true), one_at_a_time);
}

#[test]
fn a_call_that_waited_for_a_forced_reset_leaves_the_run_out() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let (ids, tokens) = claimed(&database, &mut client, 2);
    ask(&mut client, r#"begin; select graphdb.reset_runs('{"run_ids": "r01"}', p_force => true)"#);
    let complete = format!("select run_id from graphdb.complete_runs({ids}, 'chunk', {tokens})");
    let waiting = Waiting::start(&database, database.connect(), &complete);
    ask(&mut client, "commit");
    assert_eq!(waiting.finish().1.unwrap(), "r02");
    assert_eq!(statuses(&mut client), "reset,chunked");
}

#[test]
fn runs_are_counted_without_a_call_for_each() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let (ids, tokens) = claimed(&database, &mut client, 3);
    ask(&mut client, "begin; set local track_functions = 'all'");
    assert_eq!(completed(&mut client, &ids, "chunk", &tokens), "r01,r02,r03");
    // The rules of the table are checked at each write.
    let each =
        "select funcname, calls from pg_stat_xact_user_functions where calls >= 3 and funcname <> '_keeps_rules'";
    assert_eq!(ask(&mut client, each), "");
}
