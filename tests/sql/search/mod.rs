//! The hits of a search and their order.

mod hits;
mod indexes;
mod questions;

use postgres::Client;
use serde_json::{Value, json};

use crate::support::TestDatabase;

/// A database to which tests add chunks.
pub(super) struct Library {
    _database: TestDatabase,
    pub(super) client: Client,
}

impl Library {
    pub(super) fn new() -> Self {
        let database = TestDatabase::new();
        let mut client = database.connect();
        client.batch_execute("select graphdb.register_model('m', 'test', 3); select graphdb.create_staging()").unwrap();
        Self { _database: database, client }
    }

    /// Adds a chunked run of one document with a chunk for each text. Later runs contain newer versions.
    pub(super) fn add(&mut self, run_id: &str, doc_id: &str, texts: &[&str]) -> &mut Self {
        self.load(run_id, doc_id, texts).complete(run_id, "chunk")
    }

    /// Adds the same data without completing the chunk phase.
    pub(super) fn load(&mut self, run_id: &str, doc_id: &str, texts: &[&str]) -> &mut Self {
        let mut load = self.client.transaction().unwrap();
        load.batch_execute("truncate pg_temp.staged_documents").unwrap();
        load.execute(
            "insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body) \
             values ($1, 'About ' || $1, array[$1 || '-label'], '{}', '{}', '-')",
            &[&doc_id],
        )
        .unwrap();
        load.execute("select graphdb.load_documents($1, $1 || '-source', clock_timestamp())", &[&run_id]).unwrap();
        load.execute(
            "insert into graphdb.chunks (run_id, doc_id, ord, byte_start, byte_end, kind, token_count, text, input_sha256) \
             select $1, $2, t.place - 1, 0, 1, 'text', 1, t.text, sha256(convert_to(t.text, 'UTF8')) \
             from unnest($3::text[]) with ordinality as t (text, place)",
            &[&run_id, &doc_id, &texts],
        )
        .unwrap();
        load.commit().unwrap();
        self
    }

    pub(super) fn complete(&mut self, run_id: &str, phase: &str) -> &mut Self {
        self.client
            .execute(
                "select graphdb.complete_run(r.run_id, $2, r.claim_token) \
                 from graphdb.claim_runs($2, 'test', '1 minute', 1, jsonb_build_object('run_ids', jsonb_build_array($1::text))) as r",
                &[&run_id, &phase],
            )
            .unwrap();
        self
    }

    /// Gives a text its vector under the model.
    pub(super) fn embed(&mut self, text: &str, vector: &str) -> &mut Self {
        self.client
            .execute(
                "insert into graphdb.embeddings values (1, sha256(convert_to($1::text, 'UTF8')), $2::text::vector)",
                &[&text, &vector],
            )
            .unwrap();
        self
    }

    /// Returns the texts that full-text search finds, best first.
    pub(super) fn find(&mut self, question: &str) -> Vec<String> {
        self.find_in(question, &json!({}))
    }

    pub(super) fn find_in(&mut self, question: &str, filter: &Value) -> Vec<String> {
        let rows = self
            .client
            .query(
                "select s.text from graphdb.search($1, p_filter => $2, p_per_document => 10) as s",
                &[&question, filter],
            )
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Returns `text | rank by words | rank by vector` for all hits of full-text search and vector search.
    pub(super) fn find_near(&mut self, question: &str, vector: &str) -> Vec<String> {
        let rows = self
            .client
            .query(
                "select concat_ws(' | ', s.text, coalesce(s.text_rank::text, '-'), coalesce(s.vector_rank::text, '-')) \
                 from graphdb.search($1, $2::text::vector, 'm', p_per_document => 10) as s",
                &[&question, &vector],
            )
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn error_of(&mut self, call: &str) -> String {
        let error = self.client.query(&format!("select * from {call}"), &[]).expect_err("an error");
        let error = error.as_db_error().unwrap();
        format!("{} {}", error.code().code(), error.message())
    }
}

#[test]
fn search_puts_the_chunk_with_more_of_the_words_first() {
    let mut library = Library::new();
    library.add(
        "r",
        "d",
        &["the lease of a worker", "a lease expires", "workers renew a lease before it expires", "other"],
    );
    let found = library.find("when does a worker's lease expire?");
    assert_eq!(found[0], "workers renew a lease before it expires");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn search_weighs_a_rare_word_more_than_a_common_one() {
    let mut library = Library::new();
    let mut texts = vec!["run run run".to_owned(), "a tombstone".to_owned()];
    texts.extend((0..200).map(|n| format!("run number {n}")));
    library.add("r", "d", &texts.iter().map(String::as_str).collect::<Vec<_>>());
    library.client.batch_execute("select graphdb.refresh_search()").unwrap();
    assert_eq!(library.find("run tombstone")[0], "a tombstone");
}

#[test]
fn search_fuses_both_lists() {
    let mut library = Library::new();
    library.add("r", "d", &["apple pear", "apple", "quince", "nothing of it"]);
    library.embed("apple pear", "[0,1,0]").embed("apple", "[1,0,0]").embed("quince", "[0.9,0.1,0]");
    // Full-text search orders: apple pear, apple. Vector search orders: apple, quince, apple pear.
    let found = library.find_near("apple pear", "[1,0,0]");
    assert_eq!(found, ["apple | 2 | 1", "quince | - | 2", "apple pear | 1 | 3"]);
}

#[test]
fn a_score_does_not_depend_on_how_many_results_are_asked_for() {
    let mut library = Library::new();
    let texts: Vec<String> = (0..300).map(|n| format!("text {n}")).collect();
    library.add("r", "d", &texts.iter().map(String::as_str).collect::<Vec<_>>());
    for (n, text) in texts.iter().enumerate() {
        library.embed(text, &format!("[100,{n},0]"));
    }
    let mut scores = |limit: i32| -> Vec<f64> {
        let rows = library
            .client
            .query("select score from graphdb.search('', '[1,0,0]', 'm', 1, null, $1)", &[&limit])
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let (few, many) = (scores(50), scores(200));
    assert_eq!(few, many[..50]);
    assert!(many[0] > 0.6 && many[0] < 1.0, "{}", many[0]);
    assert!(many.is_sorted_by(|a, b| a > b), "{many:?}");
}

#[test]
fn search_orders_equals_by_id() {
    let mut library = Library::new();
    for (run_id, doc_id) in [("r2", "b"), ("r1", "c"), ("r3", "a")] {
        library.add(run_id, doc_id, &["same words", "same words"]);
    }
    let rows = library
        .client
        .query("select s.run_id || s.ord from graphdb.search('words', p_limit => 3, p_per_document => 9) as s", &[])
        .unwrap();
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(found, ["r10", "r11", "r20", "r21", "r30", "r31"]);
}

#[test]
fn search_without_words_is_by_vector_alone() {
    let mut library = Library::new();
    library.add("r", "d", &["near", "far"]).embed("near", "[1,0,0]").embed("far", "[0,0,1]");
    for question in ["", "the of and", "-far"] {
        let far = if question == "-far" { "far | 1 | 2" } else { "far | - | 2" };
        assert_eq!(library.find_near(question, "[1,0,0]"), ["near | - | 1", far], "{question:?}");
    }
    let found = library.client.query("select from graphdb.search(null, '[1,0,0]', 'm')", &[]).unwrap();
    assert_eq!(found.len(), 1);
}

#[test]
fn search_for_nothing_finds_nothing() {
    let mut library = Library::new();
    library.add("r", "d", &["some words"]);
    for question in ["", "  ", "the of and", "!&|()<->:*'\\", "\"", "\"\""] {
        assert_eq!(library.find(question), Vec::<String>::new(), "{question:?}");
    }
}

#[test]
fn search_sees_only_the_newest_version_of_a_document() {
    let mut library = Library::new();
    library.add("r1", "d", &["word of old"]).add("r2", "d", &["word of new"]);
    library.embed("word of old", "[1,0,0]").embed("word of new", "[0,1,0]");
    assert_eq!(library.find("word"), ["word of new"]);
    assert_eq!(library.find_near("", "[1,0,0]"), ["word of new | - | 1"]);
}

#[test]
fn an_old_version_is_searched_until_the_new_one_is_ready() {
    let mut library = Library::new();
    library.add("r1", "d", &["word of old"]).load("r2", "d", &["word of new"]);
    assert_eq!(library.find("word"), ["word of old"]);
    library.complete("r2", "chunk");
    assert_eq!(library.find("word"), ["word of new"]);
    // If there are vectors, the old version stays until the new one has vectors too.
    library.embed("word of new", "[0,1,0]").complete("r2", "embed");
    library.add("r3", "d", &["word of newest"]);
    assert_eq!(library.find("word"), ["word of new"]);
    library.embed("word of newest", "[0,0,1]").complete("r3", "embed");
    assert_eq!(library.find("word"), ["word of newest"]);
}

#[test]
fn search_keeps_to_its_filter_in_both_lists() {
    let mut library = Library::new();
    library.add("r1", "a", &["word a"]).add("r2", "b", &["word b"]);
    library.embed("word a", "[1,0,0]").embed("word b", "[1,0,0]");
    for filter in [
        json!({"source": "r2-source"}),
        json!({"label": ["b-label", "c-label"]}),
        json!({"run_ids": ["r2"]}),
        json!({"run_id_glob": "*2"}),
    ] {
        assert_eq!(library.find_in("word", &filter), ["word b"], "{filter}");
        let rows = library
            .client
            .query("select s.text from graphdb.search('', '[1,0,0]', 'm', 10, $1) as s", &[&filter])
            .unwrap();
        assert_eq!(rows.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>(), ["word b"], "{filter}");
    }
    assert_eq!(library.find_in("word", &json!({"source": "r2-source", "label": "a-label"})), Vec::<String>::new());
}

#[test]
fn search_refuses_what_it_does_not_understand() {
    let mut library = Library::new();
    let refused = [
        ("graphdb.search('x', p_filter => '{\"sorce\": \"dita\"}')", "TB001 unknown filter key \"sorce\""),
        ("graphdb.search('x', p_filter => '[]')", "TB001 a filter is an object, not array"),
        ("graphdb.search('x', p_limit => 500000000)", "TB001 a search returns 1 to 1000 documents, not 500000000"),
        ("graphdb.search('x', p_min_score => 'NaN')", "TB001 a score is a number from 0 to 1, not NaN"),
        ("graphdb.search('x', p_min_score => -0.1)", "TB001 a score is a number from 0 to 1, not -0.1"),
        ("graphdb.search('x', p_limit => 0)", "TB001 a search returns 1 to 1000 documents, not 0"),
        ("graphdb.search('x', '[1,2]')", "TB001 a vector for model \"m\" has 2 dimensions"),
        ("graphdb.search('x', '[1,2,3]', 'other')", "TB001 no model 'other'"),
    ];
    for (call, expected) in refused {
        assert_eq!(library.error_of(call), expected);
    }
}

#[test]
fn a_reader_may_search_and_nobody_else() {
    let database = TestDatabase::new();
    let mut owner = database.connect();
    let role = format!("reader_{}", std::process::id());
    owner
        .batch_execute(&format!(
            "create role {role} login; create role {role}_none; select graphdb.grant_role('{role}', 'reader')"
        ))
        .unwrap();
    let call = "select * from graphdb.search('word', '[1,0,0]')";
    owner.batch_execute("select graphdb.register_model('m', 'test', 3)").unwrap();
    assert!(database.connect_as(&role).query(call, &[]).is_ok());
    assert!(database.connect_as(&format!("{role}_none")).query(call, &[]).is_err());
    drop(database);
    crate::support::cluster().admin().batch_execute(&format!("drop role {role}; drop role {role}_none")).unwrap();
}

#[test]
fn a_filter_takes_any_metadata() {
    let mut library = Library::new();
    library.add("r1", "a", &["word a"]).add("r2", "b", &["word b"]);
    library
        .client
        .batch_execute(
            "update graphdb.documents set path = 'guide/' || doc_id || '.md', breadcrumbs = array['Top ' || doc_id], \
             meta = case doc_id when 'a' then '{\"status\": \"draft\", \"n\": 3, \"tags\": [\"x\"], \"updated_at\": \"2026-01-05T10:00:00Z\"}'::jsonb \
                    else '{\"status\": \"final\", \"o\": {\"k\": \"v\"}, \"updated_at\": \"2026-03-01\"}' end",
        )
        .unwrap();
    for (filter, expected) in [
        (json!({"meta": {"status": "draft"}}), vec!["word a"]),
        (json!({"meta": {"status": ["draft", "final"]}}), vec!["word a", "word b"]),
        (json!({"meta": {"n": "3"}}), vec!["word a"]),
        (json!({"meta": {"tags": "x"}}), vec!["word a"]),
        (json!({"meta": {"o.k": "v"}}), vec!["word b"]),
        (json!({"meta": {"updated_at": {"from": "2026-02-01"}}}), vec!["word b"]),
        (json!({"updated": {"to": "2026-01-05"}}), vec!["word a"]),
        (json!({"path": "guide"}), vec!["word a", "word b"]),
        (json!({"path": "guide/*b*"}), vec!["word b"]),
        (json!({"ancestor": "Top a"}), vec!["word a"]),
    ] {
        let mut found = library.find_in("word", &filter);
        found.sort_unstable();
        assert_eq!(found, expected, "{filter}");
    }
    let refused = "graphdb.search('x', p_filter => '{\"meta\": {\"a\": {\"x\": 1}}}')";
    assert!(library.error_of(refused).starts_with("TB001 filter key \"a\" accepts"), "{}", library.error_of(refused));
}

#[test]
fn the_limit_counts_documents() {
    let mut library = Library::new();
    let many: Vec<String> = (0..300).map(|n| format!("word word word {n}")).collect();
    library.add("r0", "many", &many.iter().map(String::as_str).collect::<Vec<_>>());
    for n in 1..5 {
        library.add(&format!("r{n}"), &format!("d{n}"), &["one word among others that are longer"]);
    }
    let mut found = |limit: i32, each: i32| {
        library
            .client
            .query("select from graphdb.search('word', p_limit => $1, p_per_document => $2)", &[&limit, &each])
            .unwrap()
            .len()
    };
    assert_eq!(found(5, 1), 5);
    assert_eq!(found(5, 3), 7);
}
