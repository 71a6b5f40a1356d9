//! Several models in one database: which one is served, and that search has no gap while it changes.

use postgres::Client;

use super::fixture::{ask, claim, embed, load, refused, register_model, stage_chunks};
use crate::support::TestDatabase;

/// Chunks and embeds the run with a model of two dimensions.
fn process_with(client: &mut Client, model: &str) {
    let token = claim(client, "chunk", "r");
    stage_chunks(client, "r");
    ask(client, &format!("select graphdb.replace_chunks('r', {token}, '1/10/5/0/{model}')"));
    ask(client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    let token = claim(client, "embed", "r");
    ask(
        client,
        &format!(
            "select graphdb.store_embeddings({token}, '{model}', array_agg(p.input_sha256), array_agg('[0,1]'::vector)) \
             from graphdb.pending_inputs('r', '{model}') as p"
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
