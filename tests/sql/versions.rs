//! Which version of a document is searched if loads and completions run at the same time.

use postgres::Client;

use super::fixture::{Waiting, ask, chunk, claim, embed, load, register_model, stage, stage_chunks, store_vectors};
use crate::support::TestDatabase;

/// A statement that completes one run, by `complete_run` or by `complete_runs`.
type Complete = fn(run_id: &str, phase: &str, token: i64) -> String;

const COMPLETIONS: [Complete; 2] = [
    |run_id, phase, token| format!("select status from graphdb.complete_run('{run_id}', '{phase}', {token})"),
    |run_id, phase, token| {
        format!("select status from graphdb.complete_runs('{{{run_id}}}', '{phase}', '{{{token}}}')")
    },
];

const LOAD_NEW: &str = "select outcome from graphdb.load_documents('new', 'confluence', '2026-02-01')";

fn searched(client: &mut Client) -> String {
    ask(client, "select run_id, doc_id from graphdb.documents where is_searched order by 1, 2")
}

/// Loads a run, claims it, begins a transaction and writes its chunks. Only the completion is missing.
fn almost_chunked(client: &mut Client, run_id: &str, at: &str) -> i64 {
    load(client, run_id, at, &[("a", run_id)]);
    let token = claim(client, "chunk", run_id);
    stage_chunks(client, run_id);
    ask(client, &format!("begin; select graphdb.replace_chunks('{run_id}', {token})"));
    token
}

#[test]
fn a_completion_keeps_its_version_from_a_load_that_ends_meanwhile() {
    for complete in COMPLETIONS {
        let database = TestDatabase::new();
        let (mut worker, mut loader) = (database.connect(), database.connect());
        let token = almost_chunked(&mut worker, "old", "2026-01-01");
        stage(&mut loader, &[("a", "new")]);
        ask(&mut loader, &format!("begin; {LOAD_NEW}"));
        let waiting = Waiting::start(&database, worker, &format!("{}; commit", complete("old", "chunk", token)));
        ask(&mut loader, "commit");
        assert_eq!(waiting.finish().1.unwrap(), "chunked");
        assert_eq!(searched(&mut loader), "old a");
    }
}

#[test]
fn a_load_sees_the_completion_that_ends_meanwhile() {
    for complete in COMPLETIONS {
        let database = TestDatabase::new();
        let (mut worker, mut loader) = (database.connect(), database.connect());
        let token = almost_chunked(&mut worker, "old", "2026-01-01");
        stage(&mut loader, &[("a", "new")]);
        ask(&mut worker, &complete("old", "chunk", token));
        let waiting = Waiting::start(&database, loader, LOAD_NEW);
        ask(&mut worker, "commit");
        assert_eq!(waiting.finish().1.unwrap(), "registered");
        assert_eq!(searched(&mut worker), "old a");
    }
}

#[test]
fn a_completion_keeps_its_version_from_another_completion_that_ends_meanwhile() {
    for complete in COMPLETIONS {
        let database = TestDatabase::new();
        let (mut one, mut two) = (database.connect(), database.connect());
        register_model(&mut one);
        load(&mut one, "old", "2026-01-01", &[("a", "old")]);
        chunk(&mut one, "old");
        let old = claim(&mut one, "embed", "old");
        let new = almost_chunked(&mut two, "new", "2026-02-01");
        ask(&mut two, &complete("new", "chunk", new));
        store_vectors(&mut one, "old", old);
        let waiting = Waiting::start(&database, one, &complete("old", "embed", old));
        ask(&mut two, "commit");
        assert_eq!(waiting.finish().1.unwrap(), "embedded");
        assert_eq!(searched(&mut two), "old a");
    }
}

#[test]
fn a_completion_that_waits_for_a_load_does_not_keep_it_from_its_end() {
    for complete in COMPLETIONS {
        let database = TestDatabase::new();
        let (mut worker, mut loader) = (database.connect(), database.connect());
        load(&mut worker, "old", "2026-01-01", &[("a", "old")]);
        chunk(&mut worker, "old");
        let token = almost_chunked(&mut worker, "new", "2026-02-01");
        // A load that is still writing its documents.
        ask(&mut loader, "begin; select pg_advisory_xact_lock(graphdb._newest_lock())");
        let waiting = Waiting::start(&database, worker, &format!("{}; commit", complete("new", "chunk", token)));
        load(&mut loader, "other", "2026-03-01", &[("b", "other")]);
        ask(&mut loader, "commit");
        assert_eq!(waiting.finish().1.unwrap(), "chunked");
        assert_eq!(searched(&mut loader), "new a\nother b");
    }
}

#[test]
fn a_completion_of_what_is_searched_does_not_wait_for_a_load_that_still_writes() {
    for complete in COMPLETIONS {
        let database = TestDatabase::new();
        let (mut worker, mut loader) = (database.connect(), database.connect());
        let token = almost_chunked(&mut worker, "old", "2026-01-01");
        ask(&mut loader, "begin; select pg_advisory_xact_lock(graphdb._newest_lock())");
        ask(&mut worker, "set local lock_timeout = '1s'");
        assert_eq!(ask(&mut worker, &complete("old", "chunk", token)), "chunked");
    }
}

#[test]
fn complete_runs_marks_the_versions_of_runs_that_are_not_searched_only() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "old", "2026-01-01", &[("a", "old")]);
    chunk(&mut client, "old");
    database.register_runs(2);
    let empty = ["r01", "r02"].map(|run_id| claim(&mut client, "chunk", run_id));
    let new = almost_chunked(&mut client, "new", "2026-02-01");
    ask(&mut client, "set local track_functions = 'all'");
    let [one, two] = empty;
    ask(&mut client, &format!("select graphdb.complete_runs('{{r01,new,r02}}', 'chunk', '{{{one},{new},{two}}}')"));
    let calls = "select calls from pg_stat_xact_user_functions where funcname = '_mark_versions'";
    assert_eq!(ask(&mut client, calls), "1");
    ask(&mut client, "commit");
    assert_eq!(searched(&mut client), "new a");
}

#[test]
fn a_reset_that_gives_up_vectors_or_chunks_leaves_search_where_it_was() {
    for (scope, deletes) in [("embeddings", "false"), ("all", "true")] {
        let database = TestDatabase::new();
        let mut client = database.connect();
        register_model(&mut client);
        for (run_id, at) in [("old", "2026-01-01"), ("new", "2026-02-01")] {
            load(&mut client, run_id, at, &[("a", run_id)]);
            chunk(&mut client, run_id);
            embed(&mut client, run_id);
        }
        assert_eq!(searched(&mut client), "new a");
        let reset =
            format!(r#"select graphdb.reset_runs('{{"run_ids": "new"}}', '{scope}', p_delete_chunks => {deletes})"#);
        ask(&mut client, &reset);
        assert_eq!(searched(&mut client), "new a");
        chunk(&mut client, "new");
        embed(&mut client, "new");
        assert_eq!(searched(&mut client), "new a");
    }
}

#[test]
fn a_reset_that_deletes_chunks_marks_versions_with_a_load_that_ends_meanwhile() {
    let database = TestDatabase::new();
    let (mut admin, mut loader) = (database.connect(), database.connect());
    load(&mut admin, "old", "2026-01-01", &[("a", "old")]);
    chunk(&mut admin, "old");
    stage(&mut loader, &[("a", "new")]);
    ask(&mut loader, &format!("begin; {LOAD_NEW}"));
    let reset = r#"select reset from graphdb.reset_runs('{"run_ids": "old"}', 'all', p_delete_chunks => true)"#;
    let waiting = Waiting::start(&database, admin, reset);
    ask(&mut loader, "commit");
    assert_eq!(waiting.finish().1.unwrap(), "1");
    assert_eq!(searched(&mut loader), "old a");
    assert_eq!(ask(&mut loader, "select run_id from graphdb.documents where is_newest"), "new");
}

#[test]
fn a_document_that_is_kept_for_others_is_not_searched() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let documents = [("a", "text"), ("b", "text")];
    stage(&mut client, &documents);
    ask(&mut client, "update pg_temp.staged_documents set meta = '{\"searchable\": false}' where doc_id = 'b'");
    ask(&mut client, LOAD_NEW);
    chunk(&mut client, "new");
    assert_eq!(searched(&mut client), "new a");
    stage(&mut client, &documents);
    ask(&mut client, LOAD_NEW);
    assert_eq!(searched(&mut client), "new a\nnew b");
}
