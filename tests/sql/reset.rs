//! Resets: the effect of each scope, skipped runs, and correct dry runs.

use postgres::Client;

use super::fixture::{
    MODEL, Waiting, ask, chunk, claim, contents, embed, in_steps, load, process, refused, register_model, status,
    store_vectors,
};
use crate::support::TestDatabase;

const COUNTS: &str = "matched, reset, unchanged, skipped, fenced, deleted_vectors, deleted_chunks";

fn reset(client: &mut Client, arguments: &str) -> String {
    ask(client, &format!("select {COUNTS} from graphdb.reset_runs({arguments})"))
}

/// Returns the numbers of vectors, chunks and documents, without those that only searches still use.
fn sizes(client: &mut Client) -> String {
    ask(
        client,
        "select (select count(*) from graphdb.embeddings) - (select count(*) from graphdb.stale_embeddings), \
                (select count(*) from graphdb.chunks as c join graphdb.documents as d using (run_id, doc_id, revision) where d.is_current), \
                (select count(*) from graphdb.documents as d where d.is_current)",
    )
}

#[test]
fn scope_processed_clears_the_marks_and_leaves_the_data() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one", "two"]);
    assert_eq!(reset(&mut client, ""), "1 1 0 0 0 0 0");
    let marks = "select status, total_docs, total_chunks, embedded_chunks, embedding_model, attempts, \
                 num_nonnulls(chunk_started_at, chunk_completed_at, embed_started_at, embed_completed_at, claimed_by, \
                 available_at, failed_phase, last_error) from graphdb.processed_runs";
    assert_eq!(ask(&mut client, marks), "reset 2 2 - m 0 0");
    assert_eq!(sizes(&mut client), "2 2 2");
    // The vectors still exist, so nothing is embedded again.
    let token = claim(&mut client, "embed", "r");
    let complete = format!("select status from graphdb.complete_run('r', 'embed', {token})");
    assert_eq!(ask(&mut client, &complete), "embedded");
}

#[test]
fn scope_embeddings_deletes_the_vectors_too() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one", "two"]);
    assert_eq!(reset(&mut client, "p_scope => 'embeddings'"), "1 1 0 0 0 2 0");
    assert_eq!(sizes(&mut client), "0 2 2");
    assert_eq!(ask(&mut client, "select total_chunks, embedding_model from graphdb.processed_runs"), "2 -");
    embed(&mut client, "r");
    assert_eq!(sizes(&mut client), "2 2 2");
}

#[test]
fn scope_all_deletes_the_chunks_when_told_to() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one", "two"]);
    assert_eq!(reset(&mut client, "p_scope => 'all'"), "1 1 0 0 0 2 0");
    assert_eq!(sizes(&mut client), "0 2 2");
    assert_eq!(reset(&mut client, "p_scope => 'all', p_delete_chunks => true"), "1 1 0 0 0 0 2");
    assert_eq!(sizes(&mut client), "0 0 2");
    assert_eq!(ask(&mut client, "select total_chunks from graphdb.processed_runs"), "-");
    assert_eq!(ask(&mut client, "select run_id from graphdb.claim_run('embed', 'w')"), "");
    chunk(&mut client, "r");
    embed(&mut client, "r");
    assert_eq!(sizes(&mut client), "2 2 2");
}

#[test]
fn p_delete_chunks_matters_in_scope_all_only() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one"]);
    assert_eq!(reset(&mut client, "p_delete_chunks => true"), "1 1 0 0 0 0 0");
    assert_eq!(reset(&mut client, "p_scope => 'embeddings', p_delete_chunks => true"), "1 1 0 0 0 1 0");
    assert_eq!(sizes(&mut client), "0 1 1");
}

#[test]
fn scope_all_leaves_the_chunks_that_search_still_shows() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one"]);
    load(&mut client, "r", "2026-01-01", &[("r-0", "changed")]);
    reset(&mut client, "p_scope => 'embeddings'");
    assert_eq!(sizes(&mut client), "0 0 1");
    assert_eq!(reset(&mut client, "p_scope => 'all', p_delete_chunks => true"), "1 0 1 0 0 0 0");
    assert_eq!(ask(&mut client, "select text from graphdb.search('one')"), "one");
}

#[test]
fn a_second_reset_changes_nothing() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for arguments in [
        "",
        "p_scope => 'embeddings'",
        "p_scope => 'all'",
        "p_scope => 'all', p_delete_chunks => true",
        "p_force => true",
    ] {
        process(&mut client, "r", &["one", "two"]);
        reset(&mut client, arguments);
        let before = contents(&mut client);
        assert_eq!(reset(&mut client, arguments), "1 0 1 0 0 0 0", "{arguments}");
        assert_eq!(contents(&mut client), before, "{arguments}");
        // Load something new, so that the next scope has work to do.
        load(&mut client, "r", "2026-01-01", &[("x", arguments)]);
    }
}

#[test]
fn a_dry_run_counts_what_the_real_one_does_and_changes_nothing() {
    for scope in ["processed", "embeddings", "all"] {
        for rest in ["", ", p_force => true", ", p_delete_chunks => true", ", p_force => true, p_delete_chunks => true"]
        {
            let database = TestDatabase::new();
            let mut client = database.connect();
            process(&mut client, "a", &["one", "two"]);
            process(&mut client, "b", &["two", "three"]);
            process(&mut client, "c", &["three", "four"]);
            process(&mut client, "outside", &["four"]);
            reset(&mut client, r#"'{"run_ids": "b"}'"#);
            load(&mut client, "d", "2026-01-01", &[("d", "one")]);
            ask(&mut client, r#"select graphdb.reset_runs('{"run_ids": "c"}')"#);
            claim(&mut client, "embed", "c");
            let arguments = format!(r#"'{{"run_id_glob": "?"}}', '{scope}'{rest}"#);
            let before = contents(&mut client);
            let dry = reset(&mut client, &format!("{arguments}, p_dry_run => true"));
            assert_eq!(contents(&mut client), before);
            assert_eq!(reset(&mut client, &arguments), dry, "{arguments}");
            let fenced = if rest.contains("force") { "0 1" } else { "1 0" };
            assert_eq!(dry.split(' ').collect::<Vec<_>>()[3..5].join(" "), fenced, "{arguments}");
        }
    }
}

#[test]
fn a_vector_stays_until_the_last_run_that_wants_it_gives_it_up() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "a", &["shared", "only a"]);
    process(&mut client, "b", &["shared"]);
    assert_eq!(reset(&mut client, r#"'{"run_ids": "a"}', 'embeddings'"#), "1 1 0 0 0 1 0");
    assert_eq!(sizes(&mut client), "1 3 3");
    assert_eq!(status(&mut client, "b"), "embedded");
    assert_eq!(reset(&mut client, r#"'{"run_ids": "b"}', 'embeddings'"#), "1 1 0 0 0 1 0");
    assert_eq!(sizes(&mut client), "0 3 3");
}

#[test]
fn a_run_that_is_waiting_or_was_only_reset_keeps_its_vectors() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "a", &["shared"]);
    load(&mut client, "waiting", "2026-01-01", &[("w", "shared")]);
    chunk(&mut client, "waiting");
    assert_eq!(reset(&mut client, r#"'{"run_ids": "a"}', 'embeddings'"#), "1 1 0 0 0 0 0");
    reset(&mut client, r#"'{"run_ids": "waiting"}'"#);
    ask(&mut client, "select graphdb.register_run('a', 'other')");
    assert_eq!(reset(&mut client, r#"'{"run_ids": "a"}', 'embeddings'"#), "1 1 0 0 0 0 0");
    assert_eq!(sizes(&mut client), "1 2 2");
}

#[test]
fn vectors_of_every_model_go() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one"]);
    ask(&mut client, "select graphdb.register_model('n', 'hash', 2); select graphdb.reset_runs()");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, &format!("select graphdb.store_embeddings({token}, 'n', array[sha256('one')], '{{\"[1,0]\"}}')"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token}, 'n')"));
    assert_eq!(reset(&mut client, "p_scope => 'embeddings'"), "1 1 0 0 0 2 0");
}

#[test]
fn a_live_claim_is_passed_over_and_an_expired_one_is_not() {
    let database = TestDatabase::new();
    database.register_runs(2);
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let mut client = database.connect();
    let token = claim(&mut client, "chunk", "r01");
    assert_eq!(reset(&mut client, ""), "2 1 0 1 0 0 0");
    assert_eq!(status(&mut client, "r01"), "chunking");
    database.set_clock("2026-06-01 12:45:00+00");
    assert_eq!(reset(&mut client, ""), "2 1 1 0 0 0 0");
    assert_eq!(status(&mut client, "r01"), "reset");
    let history = "select outcome, error from graphdb.run_history('r01')";
    assert_eq!(ask(&mut client, history), "reset reset after its lease had run out");
    refused(&mut client, &format!("select graphdb.renew_claim('r01', {token})"), "TB002");
}

#[test]
fn force_fences_the_worker_off_and_says_so_in_the_history() {
    let database = TestDatabase::new();
    database.register_runs(1);
    let mut client = database.connect();
    let token = claim(&mut client, "chunk", "r01");
    assert_eq!(reset(&mut client, "p_force => true"), "1 1 0 0 1 0 0");
    refused(&mut client, &format!("select graphdb.complete_run('r01', 'chunk', {token})"), "TB002");
    assert_eq!(ask(&mut client, "select outcome, error from graphdb.run_history('r01')"), "reset reset by force");
    assert!(claim(&mut client, "chunk", "r01") > token);
}

#[test]
fn steps_go_on_where_the_last_one_stopped() {
    let database = TestDatabase::new();
    database.register_runs(7);
    let mut client = database.connect();
    claim(&mut client, "chunk", "r03");
    let steps = in_steps(&mut client, |after| {
        format!(
            "select matched, reset, skipped, last_run_id from graphdb.reset_runs(p_max_runs => 3, p_after => '{after}')"
        )
    });
    assert_eq!(steps, ["3 2 1 r03", "3 3 0 r06", "1 1 0 -"]);
    assert_eq!(ask(&mut client, "select count(*) from graphdb.processed_runs where status = 'reset'"), "6");
}

#[test]
fn steps_delete_the_vectors_that_one_reset_would_delete() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for run_id in ["a", "b", "c"] {
        process(&mut client, run_id, &["shared", run_id]);
    }
    assert_eq!(reset(&mut client, "p_scope => 'embeddings', p_dry_run => true"), "3 3 0 0 0 4 0");
    let step = |after: &str| format!("p_scope => 'embeddings', p_max_runs => 1, p_after => '{after}'");
    assert_eq!(reset(&mut client, &step("")), "1 1 0 0 0 1 0");
    assert_eq!(reset(&mut client, &step("a")), "1 1 0 0 0 1 0");
    assert_eq!(reset(&mut client, &step("b")), "1 1 0 0 0 2 0");
}

#[test]
fn a_filter_s_limit_bounds_the_whole_reset() {
    let database = TestDatabase::new();
    database.register_runs(5);
    let mut client = database.connect();
    assert_eq!(reset(&mut client, r#"'{"limit": 2}'"#), "2 2 0 0 0 0 0");
    assert_eq!(reset(&mut client, r#"'{"limit": 2}', p_max_runs => 3"#), "2 0 2 0 0 0 0");
    // With steps smaller than the limit, a caller that continues would exceed it.
    refused(&mut client, r#"select graphdb.reset_runs('{"limit": 2}', p_max_runs => 1)"#, "TB001");
}

#[test]
fn a_reset_with_bad_arguments_is_refused_and_resets_nothing() {
    let database = TestDatabase::new();
    database.register_runs(2);
    let mut client = database.connect();
    claim(&mut client, "chunk", "r01");
    let before = contents(&mut client);
    for arguments in [
        "p_scope => 'chunks'",
        "p_scope => null",
        "p_dry_run => null",
        "p_force => null",
        "p_delete_chunks => null",
        "p_after => null",
        "p_max_runs => 0",
        "p_max_runs => -1",
        r#"'{"statsu": "failed"}'"#,
        "'[]'",
    ] {
        refused(&mut client, &format!("select graphdb.reset_runs({arguments})"), "TB001");
    }
    assert_eq!(contents(&mut client), before);
}

#[test]
fn a_reset_waits_for_the_embedding_that_counts_on_its_vectors() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "done", &["shared"]);
    register_model(&mut client);
    load(&mut client, "r", "2026-01-01", &[("r", "shared")]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, "begin");
    store_vectors(&mut client, "r", token);
    let all = "select reset, deleted_vectors from graphdb.reset_runs(p_scope => 'embeddings')";
    let waiting = Waiting::start(&database, database.connect(), all);
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token}); commit"));
    // The statement began before r was embedded, but sees the result. Both runs are reset, and the vector is deleted
    // with the last one.
    assert_eq!(waiting.finish().1.unwrap(), "2 1");
    assert_eq!(sizes(&mut client), "0 2 2");
}

#[test]
fn an_embedding_that_waited_for_a_reset_is_not_marked_done_without_vectors() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let mut worker = database.connect();
    process(&mut client, "a", &["shared"]);
    load(&mut worker, "r", "2026-01-01", &[("r", "shared")]);
    ask(&mut client, "begin");
    assert_eq!(reset(&mut client, r#"'{"run_ids": "a"}', 'embeddings'"#), "1 1 0 0 0 1 0");
    chunk(&mut worker, "r");
    let token = claim(&mut worker, "embed", "r");
    // The worker still sees the vector.
    assert_eq!(ask(&mut worker, "select count(*) from graphdb.pending_inputs('r', 'm')"), "0");
    let complete = format!("select graphdb.complete_run('r', 'embed', {token}, '{MODEL}')");
    let waiting = Waiting::start(&database, worker, &complete);
    ask(&mut client, "commit");
    let (mut worker, answer) = waiting.finish();
    assert_eq!(answer.unwrap_err().code().map(postgres::error::SqlState::code), Some("TB003"));
    store_vectors(&mut worker, "r", token);
    ask(&mut worker, &complete);
    assert_eq!(status(&mut worker, "r"), "embedded");
}

#[test]
fn two_resets_at_once_delete_each_vector_once_and_do_not_deadlock() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "a", &["shared", "a"]);
    process(&mut client, "b", &["shared", "b"]);
    ask(&mut client, "begin");
    assert_eq!(reset(&mut client, r#"'{"run_ids": "b"}', 'embeddings'"#), "1 1 0 0 0 1 0");
    let other =
        r#"select reset, unchanged, deleted_vectors from graphdb.reset_runs('{"run_ids": ["a", "b"]}', 'embeddings')"#;
    let waiting = Waiting::start(&database, database.connect(), other);
    ask(&mut client, "commit");
    assert_eq!(waiting.finish().1.unwrap(), "1 1 2");
}
