//! Full-text search and vector search find every document while its run changes.

use postgres::Client;

use super::fixture::{MODEL, ask, chunk, claim, embed, load, register_model, stage_chunks, status, store_vectors};
use crate::support::TestDatabase;

/// Returns each document that searches return, with the text that full-text search finds and the text that vector search finds.
fn found(client: &mut Client) -> String {
    ask(
        client,
        "select d.doc_id, w.text, v.text from (select distinct doc_id from graphdb.documents) as d \
         left join lateral (select s.text from graphdb.search('alpha', null, null, 100) as s where s.doc_id = d.doc_id) as w on true \
         left join lateral (select s.text from graphdb.search('', '[1,0,0]', 'm', 100) as s where s.doc_id = d.doc_id) as v on true \
         where w.text is not null or v.text is not null order by 1",
    )
}

const OLD: &str = "a alpha_old alpha_old\nb alpha_b alpha_b\nc alpha_c alpha_c";
const NEW: &str = "a alpha_new alpha_new\nb alpha_b alpha_b\nd alpha_d alpha_d";

fn start(client: &mut Client) {
    load(client, "r", "2026-01-01", &[("a", "alpha_old"), ("b", "alpha_b"), ("c", "alpha_c")]);
    register_model(client);
    chunk(client, "r");
    embed(client, "r");
    assert_eq!(found(client), OLD);
}

/// Changes document a, removes c and adds d.
fn change(client: &mut Client) {
    let documents = [("a", "alpha_new"), ("b", "alpha_b"), ("d", "alpha_d")];
    assert_eq!(load(client, "r", "2026-01-02", &documents), "changed 3 2 1");
}

#[test]
fn a_changed_run_is_found_in_its_old_state_until_it_is_embedded() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    start(&mut client);
    change(&mut client);
    assert_eq!(found(&mut client), OLD);
    let token = claim(&mut client, "chunk", "r");
    stage_chunks(&mut client, "r");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
    // A new document has no other version, so full-text search already finds it.
    assert_eq!(found(&mut client), format!("{OLD}\nd alpha_d -"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    assert_eq!(found(&mut client), format!("{OLD}\nd alpha_d -"));
    let token = claim(&mut client, "embed", "r");
    store_vectors(&mut client, "r", token);
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token}, '{MODEL}')"));
    assert_eq!(found(&mut client), NEW);
    assert_eq!(ask(&mut client, "select count(*) from graphdb.documents where not is_current or not is_searched"), "0");
    assert_eq!(ask(&mut client, "select status, total_docs, total_chunks from graphdb.processed_runs"), "embedded 3 3");
}

#[test]
fn several_changes_before_a_run_is_embedded_keep_its_old_state() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    start(&mut client);
    change(&mut client);
    chunk(&mut client, "r");
    load(&mut client, "r", "2026-01-03", &[("a", "alpha_newer"), ("b", "alpha_b"), ("c", "alpha_c")]);
    // "d" was found only by full-text search. It is removed when the other documents have vectors.
    assert_eq!(found(&mut client), format!("{OLD}\nd alpha_d -"));
    chunk(&mut client, "r");
    assert_eq!(found(&mut client), OLD);
    // The vectors of the old texts still exist, so only "a" must be embedded.
    assert_eq!(ask(&mut client, "select text from graphdb.pending_inputs('r', 'm')"), "alpha_newer");
    embed(&mut client, "r");
    assert_eq!(found(&mut client), "a alpha_newer alpha_newer\nb alpha_b alpha_b\nc alpha_c alpha_c");
}

#[test]
fn a_run_that_fails_half_way_is_found_in_its_old_state() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    start(&mut client);
    change(&mut client);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, &format!("select graphdb.fail_run('r', {token}, 'broken', p_permanent => true)"));
    assert_eq!(status(&mut client, "r"), "failed");
    assert_eq!(found(&mut client), format!("{OLD}\nd alpha_d -"));
}

#[test]
fn chunks_of_another_size_are_shown_once_they_have_their_vectors() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    start(&mut client);
    ask(&mut client, "select graphdb.reset_runs()");
    let token = claim(&mut client, "chunk", "r");
    stage_chunks(&mut client, "r");
    ask(&mut client, "update pg_temp.staged_chunks set text = text || ' larger'");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token}, 'larger')"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    assert_eq!(found(&mut client), OLD);
    assert_eq!(ask(&mut client, "select count(*) from graphdb.documents where is_newest"), "3");
    embed(&mut client, "r");
    assert_eq!(found(&mut client).matches("larger").count(), 6, "{}", found(&mut client));
    assert_eq!(ask(&mut client, "select count(*) from graphdb.chunks"), "3");
}

#[test]
fn a_reset_leaves_no_gap_whatever_it_deletes() {
    for (scope, deletes) in [("processed", false), ("embeddings", false), ("all", false), ("all", true)] {
        let database = TestDatabase::new();
        let mut client = database.connect();
        start(&mut client);
        let reset = |dry_run| {
            format!(
                "select reset, deleted_vectors, deleted_chunks from graphdb.reset_runs(null, '{scope}', {dry_run}, p_delete_chunks => {deletes})"
            )
        };
        let foretold = ask(&mut client, &reset(true));
        let told = ask(&mut client, &reset(false));
        assert_eq!(told, foretold);
        let (vectors, chunks) = (if scope == "processed" { 0 } else { 3 }, if deletes { 3 } else { 0 });
        assert_eq!(told, format!("1 {vectors} {chunks}"));
        assert_eq!(found(&mut client), OLD, "{scope}");
        assert_eq!(
            ask(&mut client, "select count(*) from graphdb._current_chunks('r')"),
            if deletes { "0" } else { "3" }
        );
        chunk(&mut client, "r");
        assert_eq!(found(&mut client), OLD, "{scope}");
        // The stale vectors are embedded again.
        let token = claim(&mut client, "embed", "r");
        let pending = ask(&mut client, "select count(*) from graphdb.pending_inputs('r', 'm')");
        assert_eq!(pending, vectors.to_string(), "{scope}");
        assert_eq!(store_vectors(&mut client, "r", token), vectors.to_string());
        assert_eq!(found(&mut client), OLD, "{scope}");
        ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token}, '{MODEL}')"));
        assert_eq!(found(&mut client), OLD, "{scope}");
        let left = "select (select count(*) from graphdb.stale_embeddings), (select count(*) from graphdb.documents), (select count(*) from graphdb.chunks)";
        assert_eq!(ask(&mut client, left), "0 3 3", "{scope}");
    }
}

#[test]
fn a_change_of_labels_is_searched_at_once_and_costs_no_chunk() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    start(&mut client);
    super::fixture::stage(&mut client, &[("a", "alpha_old"), ("b", "alpha_b"), ("c", "alpha_c")]);
    ask(&mut client, "update pg_temp.staged_documents set labels = '{x}' where doc_id = 'a'");
    ask(
        &mut client,
        "create temporary table before as select c.ctid as place, c.xmin::text as writer from graphdb.chunks as c",
    );
    assert_eq!(ask(&mut client, "select changed, unchanged from graphdb.load_documents('r', 'confluence')"), "1 2");
    assert_eq!(ask(&mut client, "select doc_id from graphdb.search('alpha', p_filter => '{\"label\": \"x\"}')"), "a");
    assert_eq!(found(&mut client), OLD);
    let token = claim(&mut client, "chunk", "r");
    ask(&mut client, "truncate pg_temp.staged_chunks");
    // The worker uses the same settings, so every document keeps its chunks.
    ask(&mut client, "update graphdb.processed_runs set chunking = 'k'");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.run_documents('r', p_chunking => 'k')"), "0");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token}, 'k')"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    let same =
        "select count(*) from graphdb.chunks as c join before as b on b.place = c.ctid and b.writer = c.xmin::text";
    assert_eq!(ask(&mut client, same), "3");
}

#[test]
fn only_documents_without_chunks_are_chunked_when_a_run_changed() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two"), ("c", " ")]);
    let listed = "select string_agg(doc_id, ',' order by doc_id) from graphdb.run_documents('r', p_chunking => 'k')";
    let token = claim(&mut client, "chunk", "r");
    assert_eq!(ask(&mut client, listed), "a,b,c");
    stage_chunks(&mut client, "r");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token}, 'k')"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    load(&mut client, "r", "2026-01-02", &[("a", "one"), ("b", "2"), ("c", " "), ("d", "four")]);
    claim(&mut client, "chunk", "r");
    // A blank document has no chunks, and is not listed.
    assert_eq!(ask(&mut client, listed), "b,c,d");
    assert_eq!(ask(&mut client, &listed.replace("'k'", "'other'")), "a,b,c,d");
    assert_eq!(ask(&mut client, &listed.replace(", p_chunking => 'k'", "")), "a,b,c,d");
    // After a reset, all chunks are made again.
    ask(&mut client, "select graphdb.reset_runs(p_force => true)");
    claim(&mut client, "chunk", "r");
    assert_eq!(ask(&mut client, listed), "a,b,c,d");
}

#[test]
fn a_document_that_moved_to_another_run_is_found_all_the_time() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    start(&mut client);
    load(&mut client, "other", "2026-02-01", &[("c", "alpha_moved")]);
    load(&mut client, "r", "2026-02-02", &[("a", "alpha_old"), ("b", "alpha_b")]);
    assert_eq!(found(&mut client), OLD);
    chunk(&mut client, "r");
    embed(&mut client, "r");
    // The new version is not chunked yet.
    assert_eq!(found(&mut client), OLD);
    chunk(&mut client, "other");
    assert_eq!(found(&mut client), OLD);
    embed(&mut client, "other");
    assert_eq!(found(&mut client), "a alpha_old alpha_old\nb alpha_b alpha_b\nc alpha_moved alpha_moved");
}
