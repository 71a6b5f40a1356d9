//! The vector indexes: complete builds, interrupted builds, and repeated builds.

use std::thread;

use trailblazer::config::{Config, Database, Url, VectorIndex};
use trailblazer::db::Connector;
use trailblazer::db::vector_index::{Outcome, build_missing};
use trailblazer::error::Result;
use trailblazer::stop::Stop;

use super::fixture::{MODEL, ask, chunk, claim, load, store_vectors};
use crate::support::TestDatabase;

/// The smallest number of vectors for an index.
const VECTORS: &str = "
    select graphdb.register_model('m', 'test', 3);
    insert into graphdb.embeddings (model_id, input_sha256, embedding)
    select 1, sha256(convert_to(n::text, 'UTF8')), array[cos(n), sin(n), 1]::real[]::vector from generate_series(1, 6000) as n";
const IS_VALID: &str = "select indisvalid from pg_index where indexrelid = to_regclass('graphdb.ix_embeddings_open_1')";

fn database() -> TestDatabase {
    let database = TestDatabase::new();
    database.connect().batch_execute(VECTORS).unwrap();
    database
}

/// Builds the missing indexes, and returns the outcome for each of them.
fn build(database: &TestDatabase, kind: VectorIndex, stop: &Stop) -> Result<Vec<Outcome>> {
    let url = Some(Url::from(database.url.as_str()));
    let connector = Connector::new(&Config { database: Database { url, ..Database::default() }, ..Config::default() })?;
    let mut outcomes = Vec::new();
    let mut client = connector.connect()?;
    build_missing(&connector, &mut client, stop, kind, &mut |_, _| {}, &mut |_, outcome| outcomes.push(outcome))?;
    Ok(outcomes)
}

#[test]
fn a_missing_index_is_built_once() {
    let database = database();
    let stop = Stop::default();
    assert_eq!(build(&database, VectorIndex::Vector, &stop).unwrap(), [Outcome::Built]);
    assert_eq!(database.column(IS_VALID), ["true"]);
    assert_eq!(build(&database, VectorIndex::Vector, &stop).unwrap(), []);
}

#[test]
fn an_index_is_made_of_halves_where_asked_for() {
    let database = database();
    assert_eq!(build(&database, VectorIndex::Halfvec, &Stop::default()).unwrap(), [Outcome::Built]);
    let definition = database.value("select pg_get_indexdef('graphdb.ix_embeddings_open_1'::regclass)");
    assert!(definition.contains("halfvec(3)) halfvec_cosine_ops"), "{definition}");
}

#[test]
fn an_index_of_an_earlier_version_is_used_until_its_replacement_is_built() {
    let database = database();
    let old = "create index ix_embeddings_hnsw_1 on graphdb.embeddings \
               using hnsw ((embedding::halfvec(3)) halfvec_cosine_ops) where model_id = 1";
    database.connect().batch_execute(old).unwrap();
    let names = "select indexname from pg_indexes where indexdef like '%hnsw%' order by 1";
    let writer = database.hold("embeddings", "row exclusive");
    thread::scope(|scope| {
        let build = scope.spawn(|| build(&database, VectorIndex::Vector, &Stop::default()));
        database.wait_until_blocked(1);
        assert_eq!(database.column(names)[0], "ix_embeddings_hnsw_1");
        let kind = "select graphdb._vector_index_type(m) from graphdb.embedding_models as m";
        assert_eq!(database.value(kind), "public.halfvec(3)");
        drop(writer);
        assert_eq!(build.join().unwrap().unwrap(), [Outcome::Built]);
    });
    assert_eq!(database.column(names), ["ix_embeddings_open_1"]);
    // The new index has the type of the old one.
    let definition = database.value("select pg_get_indexdef('graphdb.ix_embeddings_open_1'::regclass)");
    assert!(definition.contains("halfvec(3)) halfvec_cosine_ops"), "{definition}");
    // If the old index could not be dropped, the next run drops it, and does not build the new one again.
    database.connect().batch_execute(old).unwrap();
    let before = database.value("select 'graphdb.ix_embeddings_open_1'::regclass::oid");
    assert_eq!(build(&database, VectorIndex::Vector, &Stop::default()).unwrap(), [Outcome::Built]);
    assert_eq!(database.column(names), ["ix_embeddings_open_1"]);
    assert_eq!(database.value("select 'graphdb.ix_embeddings_open_1'::regclass::oid"), before);
}

#[test]
fn many_restricted_vectors_get_an_index_of_their_own() {
    let database = database();
    database
        .connect()
        .batch_execute("update graphdb.embeddings set is_restricted = true where input_sha256 < '\\xd8'")
        .unwrap();
    assert_eq!(build(&database, VectorIndex::Vector, &Stop::default()).unwrap(), [Outcome::Built, Outcome::Built]);
    let definition = database.value("select pg_get_indexdef('graphdb.ix_embeddings_restricted_1'::regclass)");
    assert!(definition.ends_with("WHERE ((model_id = 1) AND is_restricted)"), "{definition}");
    assert_eq!(build(&database, VectorIndex::Vector, &Stop::default()).unwrap(), []);
}

#[test]
fn a_build_that_was_stopped_is_done_again() {
    let database = database();
    let stop = Stop::default();
    // The build waits for all writers.
    let writer = database.hold("embeddings", "row exclusive");
    thread::scope(|scope| {
        let first = scope.spawn(|| build(&database, VectorIndex::Vector, &stop));
        database.wait_until_blocked(1);
        let second = build(&database, VectorIndex::Vector, &Stop::default());
        assert_eq!(second.unwrap(), [Outcome::Busy], "two build at once");
        stop.ask();
        assert_eq!(first.join().unwrap().unwrap(), [Outcome::Stopped]);
    });
    assert_eq!(database.column(IS_VALID), ["false"]);
    drop(writer);
    assert_eq!(build(&database, VectorIndex::Vector, &Stop::default()).unwrap(), [Outcome::Built]);
    assert_eq!(database.column(IS_VALID), ["true"]);
}

#[test]
fn vectors_are_stored_and_runs_completed_while_an_index_is_built() {
    let database = database();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    let stop = Stop::default();
    let writer = database.hold("embeddings", "row exclusive");
    thread::scope(|scope| {
        let build = scope.spawn(|| build(&database, VectorIndex::Vector, &stop));
        database.wait_until_blocked(1);
        ask(&mut client, "set lock_timeout = '1s'");
        assert_eq!(store_vectors(&mut client, "r", token), "1");
        ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token}, '{MODEL}')"));
        ask(&mut client, "select graphdb.refresh_search()");
        drop(writer);
        assert_eq!(build.join().unwrap().unwrap(), [Outcome::Built]);
    });
}

/// Makes index builds fail with an SQLSTATE while `condition` holds.
fn break_builds(database: &TestDatabase, state: &str, condition: &str) {
    let trigger = format!(
        "create function public.break_builds() returns event_trigger language plpgsql as $$
         begin if {condition} then raise exception 'broken' using errcode = '{state}'; end if; end $$;
         create event trigger break_builds on ddl_command_start when tag in ('CREATE INDEX') execute function public.break_builds()"
    );
    database.connect().batch_execute(&trigger).unwrap();
}

#[test]
fn a_server_without_the_memory_for_helpers_builds_alone() {
    let database = database();
    break_builds(&database, "53100", "current_setting('max_parallel_maintenance_workers') <> '0'");
    assert_eq!(build(&database, VectorIndex::Vector, &Stop::default()).unwrap(), [Outcome::Built]);
}

#[test]
fn a_build_that_fails_is_an_error_and_leaves_the_way_free() {
    let database = database();
    break_builds(&database, "XX000", "true");
    assert!(build(&database, VectorIndex::Vector, &Stop::default()).is_err());
    database.connect().batch_execute("drop event trigger break_builds").unwrap();
    assert_eq!(build(&database, VectorIndex::Vector, &Stop::default()).unwrap(), [Outcome::Built]);
}

#[test]
fn a_build_that_is_canceled_says_why_and_leaves_nothing_invalid() {
    let database = database();
    let writer = database.hold("embeddings", "row exclusive");
    thread::scope(|scope| {
        let building = scope.spawn(|| build(&database, VectorIndex::Vector, &Stop::default()));
        database.wait_until_blocked(1);
        let cancel = "select count(pg_cancel_backend(a.pid)) from pg_stat_activity as a \
                      where a.datname = current_database() and a.query like 'create index concurrently%'";
        assert_eq!(database.value(cancel), "1");
        drop(writer);
        let outcome = building.join().unwrap().unwrap();
        assert_eq!(outcome, [Outcome::Canceled("canceling statement due to user request".into())]);
    });
    assert_eq!(database.column(IS_VALID), [""; 0]);
    assert_eq!(build(&database, VectorIndex::Vector, &Stop::default()).unwrap(), [Outcome::Built]);
}
