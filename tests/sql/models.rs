//! Several models in one database: which one is served, and that search has no gap while it changes.

use postgres::Client;

use super::fixture::{ask, claim, embed, load, refused, register_model, stage_chunks};
use crate::support::TestDatabase;

/// Chunks and embeds the run with a model of two dimensions.
fn process_with(client: &mut Client, model: &str) {
    process_cut(client, model, "");
}

/// Chunks and embeds the run with a model of two dimensions. Each chunk is a whole document, with `mark` at its end.
fn process_cut(client: &mut Client, model: &str, mark: &str) {
    let token = claim(client, "chunk", "r");
    stage_chunks(client, "r");
    ask(client, &format!("update pg_temp.staged_chunks set text = text || '{mark}'"));
    ask(client, &format!("select graphdb.replace_chunks('r', {token}, '1/10/5/0/{model}')"));
    ask(client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    let token = claim(client, "embed", "r");
    ask(
        client,
        &format!(
            "select graphdb.store_embeddings({token}, '{model}', array_agg(p.input_sha256), array_agg(('[' || repeat('0,', m.dimension - 1) || '1]')::vector)) \
             from graphdb.pending_inputs('r', '{model}') as p join graphdb.embedding_models as m on m.model = '{model}'"
        ),
    );
    ask(client, &format!("select graphdb.complete_run('r', 'embed', {token}, '{model}')"));
}

/// Returns the texts that a search without a model finds by a vector of the served model.
fn found(client: &mut Client, vector: &str) -> String {
    ask(client, &format!("select text from graphdb.search('', '{vector}') order by 1"))
}

/// A run of two documents under model m, which is served; and another model, n.
fn library() -> (TestDatabase, Client) {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "alpha_old"), ("b", "alpha_b")]);
    register_model(&mut client);
    super::fixture::chunk(&mut client, "r");
    embed(&mut client, "r");
    ask(&mut client, "select graphdb.register_model('n', 'hash', 2)");
    (database, client)
}

#[test]
fn requeue_runs_refuses_what_it_would_misunderstand() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for arguments in [
        "null",
        "'m', p_dry_run => null",
        "'m', -1",
        "'m', p_overlap_tokens => -1",
        "'m', p_max_runs => 0",
        "'m', p_max_runs => -1",
    ] {
        refused(&mut client, &format!("select graphdb.requeue_runs({arguments})"), "TB001");
    }
}

#[test]
fn the_first_model_is_served_to_clients_that_name_none() {
    let (_database, mut client) = library();
    assert_eq!(ask(&mut client, "select graphdb.served_model()"), "m");
    assert_eq!(found(&mut client, "[1,0,0]"), "alpha_b\nalpha_old");
    let twice = "update graphdb.embedding_models set is_served = true";
    assert!(super::fixture::try_ask(&mut client, twice).is_err());
}

#[test]
fn a_model_is_prepared_beside_the_served_one_and_switched_to_at_once() {
    let (_database, mut client) = library();
    let backlog = "select texts, runs from graphdb.model_backlog";
    assert_eq!(ask(&mut client, &format!("{backlog}('n')")), "2 1");
    refused(&mut client, "select graphdb.serve_model('n')", "TB003");
    assert_eq!(ask(&mut client, "select graphdb.requeue_runs('n', p_dry_run => true)"), "1");
    assert_eq!(ask(&mut client, "select graphdb.requeue_runs('n')"), "1");
    // A document changes meanwhile: the served model finds its old version until the switch.
    load(&mut client, "r", "2026-01-02", &[("a", "alpha_new"), ("b", "alpha_b")]);
    process_with(&mut client, "n");
    assert_eq!(found(&mut client, "[1,0,0]"), "alpha_b\nalpha_old");
    assert_eq!(ask(&mut client, &format!("{backlog}('n')")), "0 0");
    assert_eq!(ask(&mut client, "select graphdb.serve_model('n')"), "m");
    assert_eq!(found(&mut client, "[0,1]"), "alpha_b\nalpha_new");
    assert_eq!(ask(&mut client, "select embedding_model from graphdb.processed_runs"), "n");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.documents"), "2");
}

#[test]
fn the_way_back_is_immediate_until_a_model_is_dropped() {
    let (_database, mut client) = library();
    ask(&mut client, "select graphdb.requeue_runs('n')");
    process_with(&mut client, "n");
    ask(&mut client, "select graphdb.serve_model('n')");
    assert_eq!(ask(&mut client, "select graphdb.serve_model('m')"), "n");
    assert_eq!(found(&mut client, "[1,0,0]"), "alpha_b\nalpha_old");
    refused(&mut client, "select graphdb.drop_model('m')", "TB001");
    assert_eq!(ask(&mut client, "select * from graphdb.drop_model('n', 1)"), "1 f");
    assert_eq!(ask(&mut client, "select * from graphdb.drop_model('n', 1)"), "1 t");
    refused(&mut client, "select graphdb.serve_model('n')", "TB001");
    assert_eq!(ask(&mut client, "select model, vectors, runs, is_served from graphdb.describe_models()"), "m 2 1 t");
}

#[test]
fn runs_with_other_sizes_of_chunks_are_queued_again() {
    let (_database, mut client) = library();
    ask(&mut client, "select graphdb.requeue_runs('n')");
    process_with(&mut client, "n");
    let count = |client: &mut Client, sizes: &str| {
        ask(client, &format!("select graphdb.requeue_runs('n', {sizes}, p_dry_run => true)"))
    };
    assert_eq!(count(&mut client, "10, 5, 0"), "0");
    assert_eq!(count(&mut client, "null, null, null"), "0");
    for other in ["20, 5, 0", "10, 4, 0", "10, 5, 1"] {
        assert_eq!(count(&mut client, other), "1", "{other}");
    }
}

/// A library whose chunks differ between the models: those of n end with a mark. Searches use n.
fn switched() -> (TestDatabase, Client) {
    let (database, mut client) = library();
    ask(&mut client, "update graphdb.processed_runs set chunking = '1/20/5/0/m'");
    ask(&mut client, "select graphdb.requeue_runs('n')");
    process_cut(&mut client, "n", " n");
    assert_eq!(found(&mut client, "[1,0,0]"), "alpha_b\nalpha_old");
    ask(&mut client, "select graphdb.serve_model('n')");
    assert_eq!(found(&mut client, "[0,1]"), "alpha_b n\nalpha_old n");
    (database, client)
}

/// Returns what `models switch` asks first: texts and runs to embed, and runs to queue again.
fn left_for(client: &mut Client, model: &str, sizes: &str) -> String {
    let left = format!(
        "select texts, runs, graphdb.requeue_runs('{model}', {sizes}, p_dry_run => true) from graphdb.model_backlog('{model}')"
    );
    ask(client, &left)
}

/// Returns the run's model, chunking and counts, and the numbers of documents and chunks.
fn state(client: &mut Client) -> String {
    ask(
        client,
        "select r.status, r.embedding_model, r.chunking, r.total_chunks, r.embedded_chunks, (select count(*) from graphdb.documents), \
                (select count(*) from graphdb.chunks) from graphdb.processed_runs as r",
    )
}

#[test]
fn a_switch_keeps_the_chunks_of_the_previous_model_until_it_is_dropped() {
    let (_database, mut client) = switched();
    assert_eq!(state(&mut client), "embedded n 1/10/5/0/n 2 2 4 4");
    // There and back again, without work.
    for round in 0..2 {
        assert_eq!(left_for(&mut client, "m", "20, 5, 0"), "0 0 0", "{round}");
        assert_eq!(ask(&mut client, "select graphdb.serve_model('m')"), "n");
        assert_eq!(found(&mut client, "[1,0,0]"), "alpha_b\nalpha_old");
        assert_eq!(state(&mut client), "embedded m 1/20/5/0/m 2 2 4 4");
        assert_eq!(left_for(&mut client, "n", "10, 5, 0"), "0 0 0", "{round}");
        assert_eq!(ask(&mut client, "select graphdb.serve_model('n')"), "m");
        assert_eq!(found(&mut client, "[0,1]"), "alpha_b n\nalpha_old n");
        assert_eq!(state(&mut client), "embedded n 1/10/5/0/n 2 2 4 4");
    }
    assert_eq!(ask(&mut client, "select deleted from graphdb.prune_embeddings(true)"), "0");
    // Other sizes need new chunks.
    assert_eq!(left_for(&mut client, "m", "30, 5, 0"), "0 0 1");
    for expected in ["0 f", "0 f", "1 f", "1 t"] {
        assert_eq!(ask(&mut client, "select * from graphdb.drop_model('m', 1)"), expected);
    }
    assert_eq!(state(&mut client), "embedded n 1/10/5/0/n 2 2 2 2");
    assert_eq!(ask(&mut client, "select chunkings from graphdb.processed_runs"), "{}");
}

#[test]
fn documents_that_were_edited_after_a_switch_are_prepared_before_the_way_back() {
    let (_database, mut client) = switched();
    load(&mut client, "r", "2026-01-03", &[("a", "alpha_new"), ("b", "alpha_b")]);
    process_cut(&mut client, "n", " n");
    assert_eq!(state(&mut client), "embedded n 1/10/5/0/n 2 2 3 3");
    // The text of b is still there.
    assert_eq!(left_for(&mut client, "m", "20, 5, 0"), "1 1 1");
    refused(&mut client, "select graphdb.serve_model('m')", "TB003");
    ask(&mut client, "select graphdb.requeue_runs('m')");
    process_cut(&mut client, "m", "");
    assert_eq!(found(&mut client, "[0,1]"), "alpha_b n\nalpha_new n");
    assert_eq!(ask(&mut client, "select graphdb.serve_model('m')"), "n");
    assert_eq!(found(&mut client, "[0,0,1]"), "alpha_b\nalpha_new");
    assert_eq!(left_for(&mut client, "n", "10, 5, 0"), "0 0 0");
    // A document that is gone leaves nothing behind.
    load(&mut client, "r", "2026-01-04", &[("b", "alpha_b")]);
    process_cut(&mut client, "m", "");
    assert_eq!(ask(&mut client, "select doc_id, kept_for from graphdb.documents order by revision"), "b 2\nb -");
}

#[test]
fn a_restriction_also_hides_chunks_that_are_kept() {
    let (database, mut client) = switched();
    super::fixture::stage(&mut client, &[("a", "alpha_old"), ("b", "alpha_b")]);
    ask(&mut client, "update pg_temp.staged_documents set meta = '{\"readers\": [\"group:hr\"]}' where doc_id = 'a'");
    ask(&mut client, "select graphdb.load_documents('r', 'confluence', '2026-01-03')");
    let mut reader = super::rights::role_of(&database, "reader", "reader of kept", "");
    let seen = "select (select string_agg(doc_id, '' order by revision) from graphdb.documents), (select string_agg(text, ',' order by text) from graphdb.chunks)";
    assert_eq!(ask(&mut reader, seen), "bb alpha_b,alpha_b n");
    process_cut(&mut client, "n", " n");
    ask(&mut client, "select graphdb.serve_model('m')");
    assert_eq!(ask(&mut reader, seen), "bb alpha_b,alpha_b n");
    assert_eq!(ask(&mut reader, "select text from graphdb.search('', '[1,0,0]')"), "alpha_b");
    let restricted = "select is_restricted, text from graphdb.chunks order by text";
    assert_eq!(ask(&mut client, restricted), "f alpha_b\nf alpha_b n\nt alpha_old\nt alpha_old n");
}
