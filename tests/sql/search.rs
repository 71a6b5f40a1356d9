//! The hits of a search, their order, and the indexes that it uses.

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
fn search_demands_a_text_in_quotes_and_refuses_a_word_after_a_minus() {
    let mut library = Library::new();
    library.add("r", "d", &["a claim token", "a token to claim", "a claim token in python"]);
    assert_eq!(library.find("\"claim token\" -python"), ["a claim token"]);
    assert_eq!(library.find("“claim token” -python"), ["a claim token"]);
    assert_eq!(library.find("„claim token“ -python"), ["a claim token"]);
    assert_eq!(library.find("token \"python\""), ["a claim token in python"]);
    assert_eq!(library.find("\"python\" or \"claim token\"").len(), 2);
    assert_eq!(library.find("claim -\"claim token\""), ["a token to claim"]);
}

#[test]
fn a_quote_without_another_and_an_inch_demand_nothing() {
    let mut library = Library::new();
    library.add("r", "d", &["a rack of 19 inches for the server", "how to mount a disk"]);
    for question in ["mount a 19\" rack server", "mount \"a server rack", "mount a 19\" rack, not 23\" server"] {
        assert_eq!(library.find(question).len(), 2, "{question}");
    }
    assert_eq!(library.find("mount 19\" \"for the server\"").len(), 1);
}

#[test]
fn a_pasted_text_is_asked_for_by_its_beginning() {
    let mut library = Library::new();
    library.add("r", "d", &["some words"]);
    for text in ["wort ", "語", "\"words\" ", "-wort "] {
        assert_eq!(library.find(&format!("words {}", text.repeat(20_000))), ["some words"], "{text}");
    }
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

/// A library that is large enough for the planner to use the indexes: $1 chunks, ten per document, and 1,000 per run.
const MANY: &str = "
    insert into graphdb.processed_runs (run_id, source, status, chunk_completed_at, total_chunks)
    select 'run' || r, case r % 2 when 0 then 'dita' else 'confluence' end, 'chunked', now(), 1000
    from generate_series(0, $1 / 1000 - 1) as r;
    insert into graphdb.documents (run_id, doc_id, title, labels, body, content_sha256, is_newest, is_searched)
    select 'run' || n / 100, 'd' || n, 'title', array['in20-' || n % 20], '-', sha256('-'), true, true
    from generate_series(0, $1 / 10 - 1) as n;
    insert into graphdb.chunks (run_id, doc_id, ord, byte_start, byte_end, kind, token_count, text, input_sha256)
    select 'run' || n / 1000, 'd' || n / 10, n % 10, 0, 1, 'text', 1, t.text, sha256(convert_to(t.text, 'UTF8'))
    from generate_series(0, $1 - 1) as n,
         lateral (select format('common words, rare%s and some%s, half%s, third%s', n % 500, n, n % 2, n % 3)) as t (text);
    insert into graphdb.embeddings (model_id, input_sha256, embedding)
    select 1, c.input_sha256, array[cos(c.ord + hashtext(c.text)), sin(hashtext(c.text)), 1]::real[]::vector from graphdb.chunks as c;
    select graphdb.refresh_search();";

impl Library {
    fn of(chunks: u32) -> Self {
        let mut library = Self::new();
        library.client.batch_execute(&MANY.replace("$1", &chunks.to_string())).unwrap();
        library
    }

    /// Builds the vector index as `trailblazer run` does.
    fn index(&mut self, halfvec: bool) -> &mut Self {
        let missing = "select m.statements from graphdb.missing_vector_indexes($1) as m";
        let statements: Vec<String> = self.client.query_one(missing, &[&halfvec]).unwrap().get(0);
        for statement in &statements {
            self.client.batch_execute(statement).unwrap();
        }
        self
    }

    /// Returns the plan of a search by question and vector, or only by question.
    fn plan(&mut self, question: &str, filter: &Value, by_vector: bool) -> String {
        let statement = "select s.p_statement from (select) as q left join graphdb.embedding_models as m on $3 \
                         cross join graphdb._search_statement($1, $2, m) as s";
        let statement: String = self.client.query_one(statement, &[&question, filter, &by_vector]).unwrap().get(0);
        self.client
            .batch_execute(&format!("prepare search (vector, integer, integer, integer) as {statement}"))
            .unwrap();
        let plan = self.client.query("explain (costs off) execute search('[1,0,0]', 200, 10, 1)", &[]).unwrap();
        self.client.batch_execute("deallocate search").unwrap();
        plan.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn the_vector_index_is_missing_until_it_is_built() {
    let mut library = Library::new();
    let missing = "select m.statements from graphdb.missing_vector_indexes() as m";
    assert!(library.client.query(missing, &[]).unwrap().is_empty());
    let mut library = Library::of(6000);
    library.index(false);
    assert!(library.client.query(missing, &[]).unwrap().is_empty());
}

#[test]
fn search_reads_both_lists_from_their_indexes() {
    for halfvec in [false, true] {
        let mut library = Library::of(6000);
        library.index(halfvec);
        let plan = library.plan("rare7 common", &json!({}), true);
        assert_eq!(plan.contains("halfvec"), halfvec, "{plan}");
        assert!(plan.contains("Bitmap Index Scan on ix_chunks_open_words"), "{plan}");
        assert!(plan.contains("Index Scan using ix_embeddings_hnsw_1"), "{plan}");
        assert!(plan.contains("Scan using ix_chunks_of_input"), "{plan}");
        assert!(!plan.contains("Seq Scan on chunks") && !plan.contains("Seq Scan on embeddings"), "{plan}");
    }
}

/// Returns how a plan accesses the tables of chunks, vectors and documents.
fn ways(plan: &str) -> String {
    let mut ways: Vec<&str> = plan
        .lines()
        .filter(|line| line.contains(" Scan ") && !line.contains("CTE Scan") && !line.contains("Subquery Scan"))
        .map(|line| line.trim_start_matches([' ', '-', '>']))
        .map(|line| line.rsplit_once(' ').filter(|_| !line.contains(" Index Scan on")).map_or(line, |(way, _)| way))
        .collect();
    ways.sort_unstable();
    ways.dedup();
    ways.join("\n")
}

#[test]
fn search_reads_its_indexes_among_a_hundred_thousand_chunks() {
    let mut library = Library::of(100_000);
    // A small graph is built in seconds.
    library
        .client
        .batch_execute(
            "create index ix_embeddings_hnsw_1 on graphdb.embeddings using hnsw ((embedding::vector(3)) vector_cosine_ops) \
             with (m = 4, ef_construction = 8) where model_id = 1",
        )
        .unwrap();
    // Collect statistics of all rows. With a sample, the planner would choose different indexes each time.
    library
        .client
        .batch_execute("set default_statistics_target = 1000; analyze graphdb.processed_runs")
        .and_then(|()| {
            library.client.batch_execute("vacuum analyze graphdb.documents, graphdb.chunks, graphdb.embeddings")
        })
        .unwrap();
    let searches = [
        ("words", "rare7 common", json!({}), false),
        ("vectors", "", json!({}), true),
        ("both, 1 in 2", "rare7 common", json!({"source": "dita"}), true),
        ("both, 1 in 20", "rare7 common", json!({"label": "in20-7"}), true),
    ];
    let ways: Vec<String> = searches
        .iter()
        .map(|(name, question, filter, by_vector)| {
            format!("{name}\n{}", ways(&library.plan(question, filter, *by_vector)))
        })
        .collect();
    insta::assert_snapshot!(ways.join("\n"), @"
    words
    Bitmap Heap Scan on chunks
    Bitmap Index Scan on ix_chunks_open_words
    Index Only Scan Backward using chunks_pkey on chunks
    Index Only Scan using ix_documents_open on documents
    vectors
    Index Only Scan Backward using chunks_pkey on chunks
    Index Only Scan using ix_chunks_of_input on chunks
    Index Only Scan using ix_documents_open on documents
    Index Scan using embeddings_pkey on embeddings
    Index Scan using ix_document_vectors_document on document_vectors
    Index Scan using ix_embeddings_hnsw_1 on embeddings
    both, 1 in 2
    Bitmap Heap Scan on chunks
    Bitmap Index Scan on ix_chunks_open_words
    Index Only Scan Backward using chunks_pkey on chunks
    Index Only Scan using ix_chunks_of_input on chunks
    Index Only Scan using ix_documents_open on documents
    Index Scan using embeddings_pkey on embeddings
    Index Scan using ix_document_vectors_document on document_vectors
    Index Scan using ix_embeddings_hnsw_1 on embeddings
    Index Scan using processed_runs_pkey on processed_runs
    Seq Scan on processed_runs
    both, 1 in 20
    Bitmap Heap Scan on chunks
    Bitmap Heap Scan on document_vectors
    Bitmap Heap Scan on documents
    Bitmap Index Scan on document_vectors_pkey
    Bitmap Index Scan on ix_chunks_open_words
    Bitmap Index Scan on ix_documents_labels
    Index Only Scan Backward using chunks_pkey on chunks
    Index Only Scan using chunks_pkey on chunks
    Index Scan using embeddings_pkey on embeddings
    Index Scan using ix_document_vectors_document on document_vectors
    ");
}

#[test]
fn search_compares_the_few_that_pass_a_filter_exactly() {
    let mut library = Library::of(6000);
    library.index(false);
    // The planner would prefer an index scan to a sort.
    library.client.batch_execute("set enable_sort = off").unwrap();
    let filter = json!({"label": "in20-7"});
    let plan = library.plan("", &filter, true);
    assert!(!plan.contains("hnsw"), "{plan}");
    let found = "select (array_agg(s.doc_id || '/' || s.ord order by s.vector_rank))[:100] from graphdb.search('', '[1,0,0]', 'm', 30, $1, 10) as s";
    let nearest = "
        select array_agg(n.place) from (
          select c.doc_id || '/' || c.ord as place
          from graphdb.chunks as c
          join graphdb.documents as d using (run_id, doc_id)
          join graphdb.embeddings as e using (input_sha256)
          where d.labels && array['in20-7']
          order by e.embedding <=> '[1,0,0]', c.run_id, c.doc_id, c.ord
          limit 100) as n";
    let found: Vec<String> = library.client.query_one(found, &[&filter]).unwrap().get(0);
    let nearest: Vec<String> = library.client.query_one(nearest, &[]).unwrap().get(0);
    assert_eq!(found, nearest);
}

#[test]
fn search_compares_the_few_that_have_the_text_in_quotes_exactly() {
    let mut library = Library::of(6000);
    library.index(false);
    // The planner would prefer an index scan to a sort.
    library.client.batch_execute("set enable_sort = off").unwrap();
    let plan = library.plan("\"rare7 and some7\"", &json!({}), true);
    assert!(!plan.contains("hnsw"), "{plan}");
    let plan = library.plan("common -some7", &json!({}), true);
    assert!(plan.contains("hnsw"), "{plan}");
}

#[test]
fn search_finds_common_words_where_few_chunks_pass_a_filter() {
    let mut library = Library::of(6000);
    assert!(!library.find("rare499 common").is_empty());
    // No chunk contains the rarer word.
    let found = library.find_in("rare499 common", &json!({"run_id_glob": "run0", "label": "in20-7"}));
    assert!(found.len() >= 10, "{found:?}");
}

#[test]
fn search_asks_for_a_second_word_where_all_are_common() {
    let mut library = Library::of(6000);
    let mut find = |question: &str| -> String {
        library
            .client
            .query_one(
                "select t.p_find::text from graphdb._search_terms($1, '{english}', 1, 1000, false) as t",
                &[&question],
            )
            .unwrap()
            .get(0)
    };
    assert_eq!(find("half1 third2"), "'third2' & 'half1'");
    assert_eq!(find("third1 third2 half1"), "'third1' & ( 'third2' | 'half1' )");
    // The first two words already have enough matches.
    assert_eq!(find("half1 third2 common"), "'third2' & 'half1'");
    assert_eq!(find("third2"), "'third2'");
    assert_eq!(find("rare7 third2 half1"), "'rare7'");
    assert_eq!(find("rare7 rare8 half1"), "'rare7' | 'rare8'");
}

#[test]
fn a_page_with_a_name_comes_before_one_with_the_other_words_even_if_many_pages_have_it() {
    let mut library = Library::new();
    for n in 0..800 {
        let name = if n % 27 == 0 { "ERR-7781" } else { "ERR-7782" };
        library.add(
            &format!("r{n}"),
            &format!("d{n}"),
            &[&format!("The journal of day {n} contains {name} and machine {n}.")],
        );
    }
    library.add("renew", "renew", &["How to renew an expired licence key after moving to another machine"]);
    let found = library.find("ERR-7781 how to renew an expired licence key");
    assert!(found[0].contains("ERR-7781"), "{found:?}");
}

#[test]
fn a_snippet_reads_as_plain_text() {
    let mut library = Library::new();
    let text = "Claims\n\n## A claim\n\n| Column | Meaning |\n|:--|---|\n| `claim` | See **[claims](topic:a/b)** |\n\n\
                ```sql\nselect claim\n```\n\n> Never \\*claim\\* twice";
    let snippet = "select regexp_replace(translate(graphdb.snippet('claim', $1, '{Claims}'), e'\\x01\\x02', '<>'), '[[:space:]]+', ' ', 'g')";
    let snippet: String = library.client.query_one(snippet, &[&text]).unwrap().get(0);
    insta::assert_snapshot!(snippet, @"A <claim> Column | Meaning <claim> | See <claims> select <claim> Never *<claim>* twice");
}

#[test]
fn a_snippet_keeps_code_as_it_is() {
    let mut library = Library::new();
    let text = "Copy `a**b` to C:\\\\_tmp, *not* 2 * 3, see [it](http://x/a_(b)).\n\n> ```bash\n> # Copy it\n> sed 's/\\./x/' > out # **all**\n                > cat \\\n> ---\n> ```\n\n| Copy | `x\\|y` |";
    let snippet: String = library
        .client
        .query_one("select translate(graphdb.snippet('copy', $1), e'\\x01\\x02', '')", &[&text])
        .unwrap()
        .get(0);
    insta::assert_snapshot!(snippet, @r"
    Copy a**b to C:\_tmp, not 2 * 3, see it.
    # Copy it
    sed 's/\./x/' > out # **all**
    cat \
    ---
    Copy | x|y
    ");
}

#[test]
fn a_snippet_is_shown_as_it_is_written_whatever_characters_it_contains() {
    let mut library = Library::new();
    for (text, expected) in [
        ("Das Max\u{ad}imum FÜR 10² m² ist ½.", "Das <Max\u{ad}imum> FÜR 10² m² ist ½."),
        (
            "MAXIMUM\u{200b} \u{1f469}\u{200d}\u{1f4bb} Der REST",
            "<MAXIMUM>\u{200b} \u{1f469}\u{200d}\u{1f4bb} Der REST",
        ),
        ("ＭＡＸＩＭＵＭ ist ﬁx", "<ＭＡＸＩＭＵＭ> ist ﬁx"),
    ] {
        let snippet = "select translate(graphdb.snippet('maximum', $1), e'\\x01\\x02', '<>')";
        let snippet: String = library.client.query_one(snippet, &[&text]).unwrap().get(0);
        assert_eq!(snippet, expected);
    }
}

#[test]
fn search_goes_on_past_old_versions_until_there_are_enough() {
    let mut library = Library::of(6000);
    library.index(false);
    library.client.batch_execute("update graphdb.documents set is_searched = (doc_id like 'd%7')").unwrap();
    let found = library.client.query("select * from graphdb.search('', '[1,0,0]', 'm', 60)", &[]).unwrap();
    assert_eq!(found.len(), 60);
}

#[test]
fn typography_and_forms_of_characters_never_decide() {
    let mut library = Library::new();
    let texts = [
        "The cluster—quorate or not—restarts.",
        "Extras→Befehlszeile, «Größe» and tenant’s ™",
        "Wählen Sie ｻｰﾊﾞｰ oder ﬁrmware",
        "La contraseña",
    ];
    library.add("r", "d", &texts);
    for (question, expected) in [
        ("quorate", 0),
        ("Befehlszeile", 1),
        ("grosse", 1),
        ("tenant", 1),
        ("サーバー", 2),
        ("firmware", 2),
        ("WA\u{308}HLEN", 2),
        ("contrasena", 3),
    ] {
        assert_eq!(library.find(question), [texts[expected]], "{question}");
    }
}

#[test]
fn the_same_words_are_found_whatever_the_locale() {
    let text = "Prüfung—Überblick “ПРИВЕТ” ÄRGER ΑΣΦΆΛΕΙΑ データベース हिन्दी max_connections ｻｰﾊﾞｰ";
    let mut admin = crate::support::cluster().admin();
    let mut vectors = Vec::new();
    let name = format!("tb_locale_{}", std::process::id());
    let providers = [
        "locale 'C'",
        "locale 'C.UTF-8'",
        "locale 'en_US.UTF-8'",
        "locale_provider icu icu_locale 'tr-TR' locale 'C.UTF-8'",
        "locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'",
    ];
    for provider in providers {
        // Some servers do not have every locale.
        let create = format!("create database {name} template template0 encoding 'UTF8' {provider}");
        if admin.batch_execute(&create).is_err() {
            eprintln!("skipped {provider}: this server does not have it");
            continue;
        }
        let url = crate::support::cluster().url(&name);
        let mut client = Client::connect(&url, postgres::NoTls).unwrap();
        trailblazer::db::install::install(&mut client).unwrap();
        let vector: String = client
            .query_one("select string_agg(graphdb._search_vector(l, '{}', $1)::text, ' ') from unnest('{german,russian,simple}'::text[]) as l", &[&text])
            .unwrap()
            .get(0);
        vectors.push(vector);
        drop(client);
        crate::support::cluster().drop_database(&name);
    }
    assert!(vectors.len() > 1, "only one locale");
    assert!(vectors.iter().all(|vector| *vector == vectors[0]), "{vectors:#?}");
    assert!(vectors[0].contains("'arg'") && vectors[0].contains("'привет'"), "{}", vectors[0]);
}

#[test]
fn the_page_with_a_name_verbatim_comes_first() {
    let mut library = Library::new();
    let names = [
        "max_connections",
        "3.14.2",
        "ORA-00942",
        "--dry-run",
        "/etc/app/main.conf",
        "C:\\app\\main.ini",
        "session.open()",
        "maxPoolSize",
        "550e8400-e29b-41d4-a716-446655440000",
    ];
    for (number, name) in names.iter().enumerate() {
        library.add(&format!("r{number}"), &format!("d{number}"), &[&format!("See `{name}` for this.")]);
    }
    let like = "connections_max max connections 3.14.3 3.1.2 ORA-00943 ORA 00942 dry run etc app main conf ini session open \
                pool size error log version limit changed describe";
    library.add("other", "other", &[like]);
    for (number, name) in names.iter().enumerate() {
        for question in [
            (*name).to_owned(),
            format!("Where does the log describe {name} and which limit of the session changed in this version?"),
        ] {
            let found = library.client.query("select s.doc_id from graphdb.search($1) as s", &[&question]).unwrap();
            assert_eq!(found[0].get::<_, &str>(0), format!("d{number}"), "{question}");
        }
    }
}

#[test]
fn a_chunk_that_begins_with_a_heading_belongs_to_the_section_of_this_heading() {
    let mut library = Library::new();
    let texts = [
        "T\n\nintro",
        "T\n\n## Step `one`\n\nalpha",
        "T > Step one\n\nbeta",
        "T\n\n## Two\n\ngamma",
        "T > Two\n\ndelta",
    ];
    library.add("r", "d", &texts);
    library
        .client
        .batch_execute(
            "update graphdb.documents set url = 'https://x.example/d'; \
             update graphdb.chunks set heading_path = case ord when 2 then '{T,Step one}' when 4 then '{T,Two}' else '{T}' end::text[]",
        )
        .unwrap();
    let mut context = |ord: i32| -> (i32, i32, String) {
        let read = "select c.first_ord, c.last_ord, c.url from graphdb.context('r', 'd', $1, 'section') as c";
        let row = library.client.query_one(read, &[&ord]).unwrap();
        (row.get(0), row.get(1), row.get(2))
    };
    assert_eq!(context(1), (1, 2, "https://x.example/d#step-one".to_owned()));
    assert_eq!(context(2), (1, 2, "https://x.example/d#step-one".to_owned()));
    assert_eq!(context(3), (3, 4, "https://x.example/d#two".to_owned()));
    let found = library.client.query_one("select s.url from graphdb.search('alpha') as s", &[]).unwrap();
    assert_eq!(found.get::<_, &str>(0), "https://x.example/d#step-one");
}

#[test]
fn a_dash_excludes_nothing_but_a_word_at_the_end_of_a_question_in_words() {
    let mut library = Library::new();
    library.add("r", "d", &["Run tar -xzf on the archive", "java -jar service.jar exits with code -9 in windows"]);
    let mut without = |question: &str| -> Vec<String> {
        library.client.query_one("select r.without from graphdb.read_question($1) as r", &[&question]).unwrap().get(0)
    };
    for question in
        ["tar -xzf", "how do I call tar -xzf", "java -jar service.jar", "exit code -9", "get pods -n payments"]
    {
        assert_eq!(without(question), Vec::<String>::new(), "{question}");
    }
    assert_eq!(without("how does java exit -windows"), ["windows"]);
    assert_eq!(library.find("archive java -windows"), ["Run tar -xzf on the archive"]);
    assert_eq!(library.find_in("archive java", &json!({"without": "windows"})), ["Run tar -xzf on the archive"]);
}

#[test]
fn typing_errors_are_corrected_by_words_that_documents_shown_have() {
    let mut library = Library::new();
    library.add("r1", "a", &["Reset the embeddings of a failed run"]).add(
        "r2",
        "b",
        &["Set max_connections as failer"],
    );
    library.client.batch_execute("select graphdb.refresh_search()").unwrap();
    let mut read = |question: &str, filter: &Value| -> String {
        let read = "select r.question from graphdb.read_question($1, $2) as r";
        library.client.query_one(read, &[&question, filter]).unwrap().get(0)
    };
    assert_eq!(read("reest the embeddnigs", &json!({})), "reset the embeddings");
    assert_eq!(read("max_conections", &json!({})), "max_connections");
    assert_eq!(read("reest the embeddnigs", &json!({"source": "r2-source"})), "reest the embeddnigs");
    assert_eq!(read("pizza in Rome", &json!({})), "pizza in Rome");
    // Other documents contain the word, so it is not a typo.
    assert_eq!(read("failed", &json!({"source": "r2-source"})), "failed");
    assert_eq!(read("ｒｅｅｓｔ", &json!({})), "reset");
    assert_eq!(read("Ｒｅｓｅｔ the ﬁle", &json!({})), "Reset the file");
    let unchanged = "reset “a faield run” \"embeddnigs\" of runs -faield";
    assert_eq!(read(unchanged, &json!({})), unchanged.replace(['“', '”'], "\""));
    assert_eq!(read("embeddnigs of faield runs -faield", &json!({})), "embeddings of failed runs -faield");
    assert_eq!(library.find("embeddnigs"), ["Reset the embeddings of a failed run"]);
}

#[test]
fn each_document_is_stemmed_in_its_language() {
    let mut library = Library::new();
    library.add("r1", "de", &["Die Sicherungen werden geöffnet"]).add("r2", "fr", &["Les paramètres sont créés"]);
    library
        .client
        .batch_execute(
            "update graphdb.documents set language = case doc_id when 'de' then 'german' else 'french' end; \
             update graphdb.chunks set language = case doc_id when 'de' then 'german' else 'french' end",
        )
        .unwrap();
    assert_eq!(library.find("Sicherung"), ["Die Sicherungen werden geöffnet"]);
    assert_eq!(library.find("parametre"), ["Les paramètres sont créés"]);
    assert_eq!(library.find_in("paramètre", &json!({"language": "de"})), Vec::<String>::new());
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

#[test]
fn the_address_of_a_hit_has_the_anchor_of_the_published_page() {
    let body = "intro\n\n# Öne\n\na\n\n````\n# code\n```\n# code\n````\n\n## Two\n\nb\n\n# Three\n\nc";
    let starts = ["intro", "# Öne", "a\n", "## Two", "b\n", "# Three", "c"].map(|text| body.rfind(text).unwrap());
    let mut library = Library::new();
    library.add("r", "d", &["word 0", "word 1", "word 2", "word 3", "word 4", "word 5", "word 6"]);
    let mut urls = |url: &str, anchors: Option<&str>| {
        library
            .client
            .execute(
                "update graphdb.documents set url = $1, body = $2, meta = jsonb_strip_nulls(jsonb_build_object('anchors', $3::text::jsonb))",
                &[&url, &body, &anchors],
            )
            .unwrap();
        for (ord, start) in (0_i32..).zip(starts) {
            let (start, end) = (i32::try_from(start).unwrap(), i32::try_from(body.len()).unwrap());
            let update = "update graphdb.chunks set byte_start = $2, byte_end = $3, heading_path = array['T', 'Own'] where ord = $1";
            library.client.execute(update, &[&ord, &start, &end]).unwrap();
        }
        let found =
            library.client.query("select url from graphdb.search('word', p_per_document => 10) order by ord", &[]);
        let found: Vec<String> = found.unwrap().iter().map(|row| row.get(0)).collect();
        let context = library.client.query_one("select url from graphdb.context('r', 'd', 4, '0')", &[]).unwrap();
        assert_eq!(context.get::<_, String>(0), found[4]);
        found
    };
    let with = |anchor: &str| format!("https://x/p#{anchor}");
    let page = "https://x/p".to_owned();
    assert_eq!(
        urls("https://x/p", Some(r#"["One", "Two", "p-Three"]"#)),
        [page.clone(), with("One"), with("One"), with("Two"), with("Two"), with("p-Three"), with("p-Three")]
    );
    // A heading without an anchor has the anchor of the heading above it, but not of another section.
    assert_eq!(
        urls("https://x/p", Some(r#"["One", "", ""]"#)),
        [page.clone(), with("One"), with("One"), with("One"), with("One"), page.clone(), page.clone()]
    );
    assert_eq!(urls("https://x/p#own", Some(r#"["One", "Two", "Three"]"#)), vec![with("own"); 7]);
    assert_eq!(urls("https://x/p", None), vec![with("own"); 7]);
}
