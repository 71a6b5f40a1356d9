//! Vectors that the worker's store writes with COPY if the role may, or otherwise with the function.

use std::thread;

use postgres::Client;
use trailblazer::db::vectors::EmbeddingStore;
use trailblazer::error::Result;
use trailblazer::ids::ClaimToken;

use super::fixture::{ask, chunk, claim, load, refused, register_model};
use super::rights::connect_as;
use crate::support::TestDatabase;

const ONE: [f32; 3] = [1.0, 0.0, 0.0];
const STORED: &str = "select string_agg(left(encode(e.input_sha256, 'hex'), 2) || ' ' || e.embedding::text, ', ' order by e.input_sha256) \
                      from graphdb.embeddings as e";

/// Returns a database with a run for each id, all chunked.
fn with_runs(run_ids: &[&str]) -> TestDatabase {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    for run_id in run_ids {
        load(&mut client, run_id, "2026-01-01", &[(run_id, run_id)]);
        chunk(&mut client, run_id);
    }
    database
}

fn store(client: &mut Client, token: i64, texts: &[u8], vector: [f32; 3]) -> Result<()> {
    let hashes: Vec<[u8; 32]> = texts.iter().map(|text| [*text; 32]).collect();
    let store = EmbeddingStore::prepare(client, "m")?;
    store.store(client, ClaimToken(token), hashes.iter().map(|hash| (hash.as_slice(), vector.to_vec())).collect())
}

#[test]
fn a_model_that_cannot_be_is_refused() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for arguments in [
        "null, 'p', 3",
        "'', 'p', 3",
        "'m', null, 3",
        "'m', 'p', null",
        "'m', 'p', 0",
        "'m', 'p', 16001",
        "'m', 'p', 3, null",
    ] {
        refused(&mut client, &format!("select graphdb.register_model({arguments})"), "TB001");
    }
    assert_eq!(ask(&mut client, "select count(*) from graphdb.embedding_models"), "0");
}

#[test]
fn a_model_is_registered_although_the_table_was_copied_without_its_sequence() {
    let database = with_runs(&[]);
    let mut client = database.connect();
    ask(&mut client, "alter table graphdb.embedding_models alter column model_id restart");
    ask(&mut client, "select graphdb.register_model('second', 'hash', 3)");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.embedding_models"), "2");
}

#[test]
fn a_text_keeps_the_vector_it_has_and_the_others_get_theirs() {
    let database = with_runs(&["r"]);
    for mut client in [database.connect(), connect_as(&database, "worker", "store")] {
        ask(&mut database.connect(), "truncate graphdb.embeddings cascade");
        let token = claim(&mut client, "embed", "r");
        store(&mut client, token, &[2], ONE).unwrap();
        store(&mut client, token, &[3, 1, 2], [0.0, 1.0, 0.0]).unwrap();
        // A worker sees only the vectors of chunks that it may read.
        assert_eq!(ask(&mut database.connect(), STORED), "01 [0,1,0], 02 [1,0,0], 03 [0,1,0]");
        ask(&mut client, &format!("select graphdb.release_run('r', {token})"));
    }
}

#[test]
fn a_role_that_may_write_the_table_copies_into_it() {
    let database = with_runs(&["r"]);
    let mut client = database.connect();
    let token = claim(&mut client, "embed", "r");
    let mut worker = connect_as(&database, "worker", "copy");
    let refuse = "create or replace function graphdb._model(p_model text) returns graphdb.embedding_models \
                  language plpgsql as $$ begin raise exception 'called'; end $$";
    let stores = [&mut client, &mut worker].map(|client| EmbeddingStore::prepare(client, "m").unwrap());
    ask(&mut database.connect(), refuse);
    let rows = |text: &'static [u8; 32]| vec![(text.as_slice(), ONE.to_vec())];
    stores[0].store(&mut client, ClaimToken(token), rows(&[1; 32])).unwrap();
    let error = stores[1].store(&mut worker, ClaimToken(token), rows(&[2; 32])).unwrap_err();
    assert!(error.to_string().contains("called"), "{error}");
}

#[test]
fn nothing_is_stored_under_a_claim_that_is_lost() {
    let database = with_runs(&["r"]);
    let token = claim(&mut database.connect(), "embed", "r");
    for mut client in [database.connect(), connect_as(&database, "worker", "lost")] {
        let error = store(&mut client, token + 1, &[1, 2], ONE).unwrap_err();
        assert!(error.is_claim_lost(), "{error}");
        assert_eq!(ask(&mut client, "select count(*) from graphdb.embeddings"), "0");
        // The connection can still be used.
        store(&mut client, token, &[], ONE).unwrap();
    }
}

#[test]
fn two_stores_of_the_same_texts_in_opposite_order_both_end() {
    let database = with_runs(&["r", "s", "t"]);
    let mut holder = database.connect();
    let [token, one, two] = ["r", "s", "t"].map(|run_id| claim(&mut holder, "embed", run_id));
    // If the order were not the same, both would wait for the text in the middle, and then for each other.
    let mut transaction = holder.transaction().unwrap();
    let hold = "select graphdb.store_embeddings($1, 'm', array[decode(repeat('02', 32), 'hex')], '{\"[1,0,0]\"}')";
    transaction.query_one(hold, &[&token]).unwrap();
    thread::scope(|scope| {
        let stores = [(one, [1, 2, 3]), (two, [3, 2, 1])].map(|(token, texts)| {
            let mut client = database.connect();
            scope.spawn(move || store(&mut client, token, &texts, ONE))
        });
        database.wait_until_blocked(2);
        transaction.rollback().unwrap();
        for store in stores {
            store.join().unwrap().unwrap();
        }
    });
    assert_eq!(ask(&mut holder, "select count(*) from graphdb.embeddings"), "3");
}
