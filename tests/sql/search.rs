//! Search: what is found, in which order, and by which indexes.

use postgres::Client;
use serde_json::{Value, json};

use crate::support::TestDatabase;

/// A database in which tests put chunks of their own.
struct Library {
    _database: TestDatabase,
    client: Client,
}

impl Library {
    fn new() -> Self {
        let database = TestDatabase::new();
        let mut client = database.connect();
        client.batch_execute("select graphdb.register_model('m', 'test', 3); select graphdb.create_staging()").unwrap();
        Self { _database: database, client }
    }

    /// Adds a chunked run of one document with a chunk for each text; later runs hold newer versions.
    fn add(&mut self, run_id: &str, doc_id: &str, texts: &[&str]) -> &mut Self {
        self.load(run_id, doc_id, texts).complete(run_id, "chunk")
    }

    /// Puts in what `add` does, and leaves the run for its chunk phase to complete.
    fn load(&mut self, run_id: &str, doc_id: &str, texts: &[&str]) -> &mut Self {
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

    fn complete(&mut self, run_id: &str, phase: &str) -> &mut Self {
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
    fn embed(&mut self, text: &str, vector: &str) -> &mut Self {
        self.client
            .execute(
                "insert into graphdb.embeddings values (1, sha256(convert_to($1::text, 'UTF8')), $2::text::vector)",
                &[&text, &vector],
            )
            .unwrap();
        self
    }

    /// Returns the texts found by words, the best first.
    fn find(&mut self, question: &str) -> Vec<String> {
        self.find_in(question, &json!({}))
    }

    fn find_in(&mut self, question: &str, filter: &Value) -> Vec<String> {
        let rows = self
            .client
            .query("select s.text from graphdb.search($1, p_filter => $2) as s", &[&question, filter])
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Returns `text | rank by words | rank by vector` of what is found by words and a vector.
    fn find_near(&mut self, question: &str, vector: &str) -> Vec<String> {
        let rows = self
            .client
            .query(
                "select concat_ws(' | ', s.text, coalesce(s.text_rank::text, '-'), coalesce(s.vector_rank::text, '-')) \
                 from graphdb.search($1, $2::text::vector, 'm') as s",
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
fn search_fuses_the_places_in_both_lists() {
    let mut library = Library::new();
    library.add("r", "d", &["apple pear", "apple", "quince", "nothing of it"]);
    library.embed("apple pear", "[0,1,0]").embed("apple", "[1,0,0]").embed("quince", "[0.9,0.1,0]");
    // By words: apple pear, apple. By vector: apple, quince, apple pear.
    let found = library.find_near("apple pear", "[1,0,0]");
    assert_eq!(found, ["apple | 2 | 1", "apple pear | 1 | 3", "quince | - | 2"]);
}

#[test]
fn search_orders_equals_by_id() {
    let mut library = Library::new();
    library.add("r2", "b", &["same words", "same words"]).add("r1", "c", &["same words"]).add(
        "r3",
        "a",
        &["same words"],
    );
    let rows =
        library.client.query("select s.run_id || s.ord from graphdb.search('words', p_limit => 3) as s", &[]).unwrap();
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(found, ["r10", "r20", "r21"]);
}

#[test]
fn search_without_words_is_by_vector_alone() {
    let mut library = Library::new();
    library.add("r", "d", &["near", "far"]).embed("near", "[1,0,0]").embed("far", "[0,0,1]");
    for question in ["", "the of and", "-far"] {
        let expected: &[&str] = if question == "-far" { &["near | - | 1"] } else { &["near | - | 1", "far | - | 2"] };
        assert_eq!(library.find_near(question, "[1,0,0]"), expected, "{question:?}");
    }
}

#[test]
fn search_for_nothing_finds_nothing() {
    let mut library = Library::new();
    library.add("r", "d", &["some words"]);
    for question in ["", "  ", "the of and", "!&|()<->:*'\\", "-words", "\"", "\"\""] {
        assert_eq!(library.find(question), Vec::<String>::new(), "{question:?}");
    }
}

#[test]
fn search_demands_a_text_in_quotes_and_refuses_a_word_after_a_minus() {
    let mut library = Library::new();
    library.add("r", "d", &["a claim token", "a token to claim", "a claim token in python"]);
    assert_eq!(library.find("\"claim token\" -python"), ["a claim token"]);
}

#[test]
fn search_finds_identifiers_and_options_by_their_parts() {
    let mut library = Library::new();
    let texts = [
        "call graphdb.claim_run('embed')",
        "pass --dry-run",
        "an element <topicref> of a map",
        "set embed.batch_tokens",
    ];
    library.add("r", "d", &texts);
    let asked = ["claim_run", "what does --dry-run do", "topicref", "batch_tokens"];
    for (question, expected) in asked.iter().zip(texts) {
        assert_eq!(library.find(question)[0], expected, "{question:?}");
    }
}

#[test]
fn search_finds_words_inside_text_without_spaces() {
    let mut library = Library::new();
    library.add(
        "r",
        "d",
        &["新しいデータベースを作成します。", "索引を削除します。", "PostgreSQLの設定", "ฐานข้อมูลใหม่"],
    );
    assert_eq!(library.find("データベース"), ["新しいデータベースを作成します。"]);
    assert_eq!(library.find("\"索引を削除\""), ["索引を削除します。"]);
    assert_eq!(library.find("postgresql"), ["PostgreSQLの設定"]);
    assert_eq!(library.find("ข้อมูล"), ["ฐานข้อมูลใหม่"]);
}

#[test]
fn search_finds_words_of_other_languages() {
    let mut library = Library::new();
    library.add("r", "d", &["Die Datenbank muss geöffnet werden", "Une base de données", "База данных"]);
    assert_eq!(library.find("Datenbank geöffnet")[0], "Die Datenbank muss geöffnet werden");
    assert_eq!(library.find("données"), ["Une base de données"]);
    assert_eq!(library.find("данных"), ["База данных"]);
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
    // With vectors, the old version stays until the new one has its own.
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
        ("graphdb.search('x', p_limit => 0)", "TB001 a search returns 1 to 1000 results, not 0"),
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

/// A library large enough for the planner to prefer the indexes.
const MANY: &str = "
    insert into graphdb.processed_runs (run_id, source, status, chunk_completed_at, total_chunks) values ('many', 'dita', 'chunked', now(), 6000);
    insert into graphdb.documents (run_id, doc_id, title, body, content_sha256, is_newest, is_searched)
    select 'many', 'd' || n, 'title', '-', sha256('-'), true, true from generate_series(0, 599) as n;
    insert into graphdb.chunks (run_id, doc_id, ord, byte_start, byte_end, kind, token_count, text, input_sha256)
    select 'many', 'd' || n / 10, n % 10, 0, 1, 'text', 1, t.text, sha256(convert_to(t.text, 'UTF8'))
    from generate_series(0, 5999) as n, lateral (select format('common words, rare%s and some%s', n % 500, n)) as t (text);
    insert into graphdb.embeddings (model_id, input_sha256, embedding)
    select 1, c.input_sha256, array[cos(c.ord + hashtext(c.text)), sin(hashtext(c.text)), 1]::real[]::vector from graphdb.chunks as c;
    select graphdb.refresh_search();";

#[test]
fn the_vector_index_is_missing_until_it_is_built() {
    let mut library = Library::new();
    let missing = "select m.statements from graphdb.missing_vector_indexes() as m";
    assert!(library.client.query(missing, &[]).unwrap().is_empty());
    library.client.batch_execute(MANY).unwrap();
    let statements: Vec<String> = library.client.query_one(missing, &[]).unwrap().get(0);
    for statement in &statements {
        library.client.batch_execute(statement).unwrap();
    }
    assert!(library.client.query(missing, &[]).unwrap().is_empty());
}

#[test]
fn search_reads_both_lists_from_their_indexes() {
    for halfvec in [false, true] {
        let mut library = Library::new();
        library.client.batch_execute(MANY).unwrap();
        let missing = "select m.statements from graphdb.missing_vector_indexes($1) as m";
        let statements: Vec<String> = library.client.query_one(missing, &[&halfvec]).unwrap().get(0);
        for statement in &statements {
            library.client.batch_execute(statement).unwrap();
        }
        library.client.batch_execute("analyze").unwrap();
        let statement = "select graphdb._search_statement('rare7 common', m, null) from graphdb.embedding_models as m";
        let statement: String = library.client.query_one(statement, &[]).unwrap().get(0);
        library.client.batch_execute(&format!("prepare search (vector, integer, integer) as {statement}")).unwrap();
        let plan = library.client.query("explain (costs off) execute search('[1,0,0]', 100, 10)", &[]).unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert_eq!(plan.contains("halfvec"), halfvec, "{plan}");
        assert!(plan.contains("Bitmap Index Scan on ix_chunks_search"), "{plan}");
        assert!(plan.contains("Index Scan using ix_embeddings_hnsw_1"), "{plan}");
        assert!(plan.contains("Index Scan using ix_chunks_input"), "{plan}");
        assert!(!plan.contains("Seq Scan on chunks") && !plan.contains("Seq Scan on embeddings"), "{plan}");
    }
}

#[test]
fn search_goes_on_past_old_versions_until_there_are_enough() {
    let mut library = Library::new();
    library.client.batch_execute(MANY).unwrap();
    let statements: Vec<String> =
        library.client.query_one("select m.statements from graphdb.missing_vector_indexes() as m", &[]).unwrap().get(0);
    for statement in &statements {
        library.client.batch_execute(statement).unwrap();
    }
    library.client.batch_execute("update graphdb.documents set is_searched = (doc_id like 'd%7')").unwrap();
    let found = library.client.query("select * from graphdb.search('', '[1,0,0]', 'm', 100)", &[]).unwrap();
    assert_eq!(found.len(), 100);
}
