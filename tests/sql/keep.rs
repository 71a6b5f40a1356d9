//! Loads that keep unchanged documents by their hash.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use postgres::Client;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use trailblazer::db::stage;
use trailblazer::load::{Registration, Verdict, load_artifact};
use trailblazer::normalize::Document;

use super::fixture::{ask, load, refused, stage as stage_bodies};
use crate::support::TestDatabase;

const OUTCOME: &str = "select l.outcome, l.added, l.changed, l.removed, l.unchanged from graphdb.load_documents";

/// Loads documents (id and body) with the version `v1`.
fn load_v1(client: &mut Client, documents: &[(&str, &str)]) {
    stage_bodies(client, documents);
    ask(client, &format!("{OUTCOME}('r', 'dita', null, 'v1') as l"));
    ask(client, "truncate pg_temp.staged_documents");
}

/// Keeps documents of run `r` by their current hash. Returns the ids that must be staged.
fn keep(client: &mut Client, version: &str, ids: &str) -> String {
    let hash = "(select d.content_sha256 from graphdb.documents as d where d.doc_id = i.id and d.is_current)";
    ask(
        client,
        &format!(
            "truncate pg_temp.staged_unchanged; \
             select * from graphdb.keep_documents('r', '{version}', '{{{ids}}}', \
             array(select coalesce({hash}, 'x') from unnest('{{{ids}}}'::text[]) with ordinality as i (id, place) order by place)) order by 1"
        ),
    )
}

#[test]
fn documents_with_the_same_hash_are_kept() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load_v1(&mut client, &[("a", "one"), ("b", "two"), ("c", "three")]);
    let rows = "select ctid, xmin from graphdb.documents where doc_id in ('a', 'b') order by doc_id";
    let before = ask(&mut client, rows);
    assert_eq!(keep(&mut client, "v1", "a,b,d"), "d");
    stage_bodies(&mut client, &[("d", "four")]);
    assert_eq!(ask(&mut client, &format!("{OUTCOME}('r', 'dita', null, 'v1') as l")), "changed 1 0 1 2");
    assert_eq!(ask(&mut client, rows), before);
    assert_eq!(ask(&mut client, "select doc_id from graphdb.documents where is_current order by 1"), "a\nb\nd");
    ask(&mut client, "truncate pg_temp.staged_documents");
    assert_eq!(keep(&mut client, "v1", "a,b,d"), "");
    assert_eq!(ask(&mut client, &format!("{OUTCOME}('r', 'dita', null, 'v1') as l")), "unchanged 0 0 0 3");
}

#[test]
fn documents_of_another_version_of_the_code_are_staged_once_more() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load_v1(&mut client, &[("a", "one"), ("b", "two")]);
    assert_eq!(keep(&mut client, "v2", "a,b"), "a\nb");
    stage_bodies(&mut client, &[("a", "one"), ("b", "two")]);
    assert_eq!(ask(&mut client, &format!("{OUTCOME}('r', 'dita', null, 'v2') as l")), "unchanged 0 0 0 2");
    assert_eq!(keep(&mut client, "v2", "a,b"), "");
    assert_eq!(keep(&mut client, "v1", "a,b"), "a\nb");
}

#[test]
fn kept_documents_belong_to_one_run() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load_v1(&mut client, &[("a", "one")]);
    assert_eq!(keep(&mut client, "v1", "a"), "");
    stage_bodies(&mut client, &[("b", "two")]);
    assert_eq!(ask(&mut client, &format!("{OUTCOME}('s', 'dita', null, 'v1') as l")), "registered 1 0 0 0");
    // A document that is also staged has the staged content.
    stage_bodies(&mut client, &[("a", "changed")]);
    assert_eq!(ask(&mut client, &format!("{OUTCOME}('r', 'dita', null, 'v1') as l")), "changed 0 1 0 0");
}

#[test]
fn documents_that_changed_after_they_were_kept_refuse_the_load() {
    let database = TestDatabase::new();
    let (mut client, mut other) = (database.connect(), database.connect());
    for change in [[("a", "new"), ("b", "two")].as_slice(), &[("b", "two")]] {
        load_v1(&mut client, &[("a", "one"), ("b", "two")]);
        assert_eq!(keep(&mut client, "v1", "a,b"), "");
        load(&mut other, "r", "2026-01-01", change);
        let before = super::fixture::contents(&mut client);
        refused(&mut client, "select graphdb.load_documents('r', 'dita', null, 'v1')", "40001");
        assert_eq!(super::fixture::contents(&mut client), before);
        ask(&mut client, "truncate pg_temp.staged_unchanged");
    }
}

fn artifact(folder: &Path, documents: &[(&str, &str)]) -> PathBuf {
    let path = folder.join("normalized.ndjson");
    let mut file = std::fs::File::create(&path).unwrap();
    for (id, body) in documents {
        writeln!(file, "{}", json!({"id": id, "title": "T", "text_md": body, "source_system": "dita"})).unwrap();
    }
    path
}

/// Loads the artifact and returns what it changed.
fn load_file(client: &mut Client, path: &Path) -> (String, i32, i32, i32, i32) {
    let run_id = "r".parse().unwrap();
    let run = Registration { run_id: &run_id, source: Some("dita"), normalized_at: None, input: None };
    let loaded = load_artifact(client, &run, path, &mut |_| {}, &mut |_, _| Ok(Verdict::Commit)).unwrap();
    (loaded.outcome, loaded.added, loaded.changed, loaded.removed, loaded.unchanged)
}

#[test]
fn an_artifact_stages_only_documents_that_differ() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let folder = tempfile::tempdir().unwrap();
    let path = artifact(folder.path(), &[("a", "one"), ("b", "two"), ("c", "three")]);
    load_file(&mut client, &path);
    // The load must not look at the body of a document that it keeps.
    let path = artifact(folder.path(), &[("a", "one"), ("b", "2"), ("d", "four")]);
    let run_id = "r".parse().unwrap();
    let run = Registration { run_id: &run_id, source: Some("dita"), normalized_at: None, input: None };
    load_artifact(&mut client, &run, &path, &mut |_| {}, &mut |loaded, tx| {
        let staged = tx.query_one("select string_agg(doc_id, ',' order by doc_id) from pg_temp.staged_documents", &[]);
        assert_eq!(staged.unwrap().get::<_, String>(0), "b,d");
        assert_eq!((loaded.added, loaded.changed, loaded.removed, loaded.unchanged), (1, 1, 1, 1));
        Ok(Verdict::Commit)
    })
    .unwrap();
    assert_eq!(
        ask(&mut client, "select doc_id, body from graphdb.documents where is_current order by 1"),
        "a one\nb 2\nd four"
    );
}

#[test]
fn an_artifact_is_staged_again_if_another_session_changed_the_run() {
    let database = TestDatabase::new();
    let (mut client, mut other) = (database.connect(), database.connect());
    let folder = tempfile::tempdir().unwrap();
    let path = artifact(folder.path(), &[("a", "one"), ("b", "two")]);
    load_file(&mut client, &path);
    ask(&mut other, "begin");
    load(&mut other, "r", "2026-01-01", &[("a", "other")]);
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).unwrap().get(0);
    let loading = std::thread::spawn(move || load_file(&mut client, &path));
    let mut observer = database.connect();
    let waits = format!("select cardinality(pg_blocking_pids({pid})) > 0");
    while ask(&mut observer, &waits) != "t" {
        assert!(!loading.is_finished(), "the load did not wait");
    }
    ask(&mut other, "commit");
    assert_eq!(loading.join().unwrap(), ("changed".to_owned(), 1, 1, 0, 0));
    assert_eq!(
        ask(&mut observer, "select doc_id, body from graphdb.documents where is_current order by 1"),
        "a one\nb two"
    );
}

fn text() -> impl Strategy<Value = String> {
    "[ a\"\\\\/\u{1}-\u{1f}\u{7f}\u{e9}\u{2028}\u{1f600}]{0,8}"
}

fn metadata() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    })
}

/// Otherwise, unchanged documents would be staged again.
#[test]
fn our_hash_is_the_hash_of_the_server() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    stage::create(&mut client).unwrap();
    let document = (
        (text(), text(), prop::option::of(text()), prop::option::of(text())),
        prop::collection::vec(text(), 0..3),
        prop::collection::vec(text(), 0..3),
        prop::collection::btree_map(text(), metadata(), 0..4),
    );
    let mut runner = TestRunner::new(Config { cases: 200, ..Config::default() });
    let client = std::cell::RefCell::new(client);
    runner
        .run(&document, |((title, text_md, url, source_path), labels, breadcrumbs, meta)| {
            let meta = meta.into_iter().collect();
            let document = Document {
                id: "d".into(),
                title,
                text_md,
                url,
                source_path,
                labels,
                breadcrumbs,
                meta,
                ..Document::default()
            };
            let client = &mut *client.borrow_mut();
            let row = stage::row(&document);
            stage::clear_documents(client).unwrap();
            stage::documents(client, std::slice::from_ref(&row)).unwrap();
            ask(client, &format!("{OUTCOME}('r', 'dita') as l"));
            let stored: Vec<u8> =
                client.query_one("select content_sha256 from graphdb.documents where is_current", &[]).unwrap().get(0);
            let own = row.sha256();
            prop_assert_eq!(own.as_ref().map(|hash| &hash[..]), Some(&stored[..]));
            Ok(())
        })
        .unwrap();
    let fraction = Document { meta: [("f".to_owned(), json!(1.5))].into_iter().collect(), ..Document::default() };
    assert_eq!(stage::row(&fraction).sha256(), None);
}
