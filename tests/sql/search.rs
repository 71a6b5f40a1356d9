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
fn search_fuses_both_lists() {
    let mut library = Library::new();
    library.add("r", "d", &["apple pear", "apple", "quince", "nothing of it"]);
    library.embed("apple pear", "[0,1,0]").embed("apple", "[1,0,0]").embed("quince", "[0.9,0.1,0]");
    // By words: apple pear, apple. By vector: apple, quince, apple pear.
    let found = library.find_near("apple pear", "[1,0,0]");
    assert_eq!(found, ["apple | 2 | 1", "apple pear | 1 | 3", "quince | - | 2"]);
}

#[test]
fn search_prefers_the_best_of_one_list_to_what_is_middling_in_both() {
    let mut library = Library::new();
    library.add("r", "d", &["apple pear plum", "an apple", "quince", "nothing of it"]);
    library.embed("apple pear plum", "[-1,0,1]").embed("an apple", "[0.2,1,0]");
    library.embed("quince", "[1,0,0]").embed("nothing of it", "[0,1,0]");
    // By their places alone the middling chunk, second in both, would come first.
    let found = library.find_near("apple pear plum", "[1,0,0]");
    assert_eq!(found, ["apple pear plum | 1 | 4", "quince | - | 1", "an apple | 2 | 2", "nothing of it | - | 3"]);
    let rows =
        library.client.query("select score from graphdb.search('apple pear plum', '[1,0,0]', 'm')", &[]).unwrap();
    let scores: Vec<f64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!((scores[0], scores[1]), (0.5, 0.5), "{scores:?}");
    assert!(scores[2] < 0.5 && scores[3] < scores[2], "{scores:?}");
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
        let rows = library.client.query("select score from graphdb.search('', '[1,0,0]', 'm', $1)", &[&limit]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let (few, many) = (scores(50), scores(200));
    assert_eq!(few, many[..50]);
    assert_eq!((many[0], many[99]), (1.0, 0.0));
    assert!(many.is_sorted_by(|a, b| a > b), "{many:?}");
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
    let found = library.client.query("select from graphdb.search(null, '[1,0,0]', 'm')", &[]).unwrap();
    assert_eq!(found.len(), 2);
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

/// A library large enough for the planner to prefer the indexes: $1 chunks, ten to a document, 1,000 to a run.
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

    /// Returns the plan of a search by a question and a vector, or by the question alone.
    fn plan(&mut self, question: &str, filter: &Value, by_vector: bool) -> String {
        let statement = "select graphdb._search_statement($1, m, $2) from (select) as q \
                         left join graphdb.embedding_models as m on $3";
        let statement: String = self.client.query_one(statement, &[&question, filter, &by_vector]).unwrap().get(0);
        self.client.batch_execute(&format!("prepare search (vector, integer, integer) as {statement}")).unwrap();
        let plan = self.client.query("explain (costs off) execute search('[1,0,0]', 100, 10)", &[]).unwrap();
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
        assert!(plan.contains("Bitmap Index Scan on ix_chunks_search"), "{plan}");
        assert!(plan.contains("Index Scan using ix_embeddings_hnsw_1"), "{plan}");
        assert!(plan.contains("Scan using ix_chunks_input"), "{plan}");
        assert!(!plan.contains("Seq Scan on chunks") && !plan.contains("Seq Scan on embeddings"), "{plan}");
    }
}

/// The ways into the tables of chunks, vectors and documents that a plan takes.
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
    // A coarse graph is built in seconds.
    library
        .client
        .batch_execute(
            "create index ix_embeddings_hnsw_1 on graphdb.embeddings using hnsw ((embedding::vector(3)) vector_cosine_ops) \
             with (m = 4, ef_construction = 8) where model_id = 1",
        )
        .unwrap();
    // Statistics of every row, where a sample would choose now this index of documents and now that one.
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
    Bitmap Index Scan on ix_chunks_search
    Index Only Scan using ix_documents_searched on documents
    Index Scan using chunks_pkey on chunks
    Index Scan using ix_documents_doc_id on documents
    vectors
    Index Only Scan using ix_chunks_input on chunks
    Index Only Scan using ix_documents_searched on documents
    Index Scan using chunks_pkey on chunks
    Index Scan using ix_documents_doc_id on documents
    Index Scan using ix_embeddings_hnsw_1 on embeddings
    both, 1 in 2
    Bitmap Heap Scan on chunks
    Bitmap Index Scan on ix_chunks_search
    Index Only Scan using ix_chunks_input on chunks
    Index Only Scan using ix_documents_searched on documents
    Index Scan using chunks_pkey on chunks
    Index Scan using ix_documents_doc_id on documents
    Index Scan using ix_embeddings_hnsw_1 on embeddings
    Index Scan using processed_runs_pkey on processed_runs
    Seq Scan on processed_runs
    both, 1 in 20
    Bitmap Heap Scan on chunks
    Bitmap Heap Scan on documents
    Bitmap Index Scan on ix_chunks_search
    Bitmap Index Scan on ix_documents_labels
    Index Only Scan using chunks_pkey on chunks
    Index Scan using chunks_pkey on chunks
    Index Scan using embeddings_pkey on embeddings
    Index Scan using ix_documents_doc_id on documents
    ");
}

#[test]
fn search_compares_the_few_that_pass_a_filter_exactly() {
    let mut library = Library::of(6000);
    library.index(false);
    // The planner would rather walk the index than sort.
    library.client.batch_execute("set enable_sort = off").unwrap();
    let filter = json!({"label": "in20-7"});
    let plan = library.plan("", &filter, true);
    assert!(!plan.contains("hnsw"), "{plan}");
    let found = "select array_agg(s.doc_id || '/' || s.ord) from graphdb.search('', '[1,0,0]', 'm', 100, $1) as s";
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
    // The planner would rather walk the index than sort.
    library.client.batch_execute("set enable_sort = off").unwrap();
    let plan = library.plan("\"rare7 and some7\"", &json!({}), true);
    assert!(!plan.contains("hnsw"), "{plan}");
    let plan = library.plan("common -some7", &json!({}), true);
    assert!(plan.contains("hnsw"), "{plan}");
}

#[test]
fn search_finds_common_words_where_few_chunks_pass_a_filter() {
    let mut library = Library::of(6000);
    assert_eq!(library.find("rare499 common").len(), 10);
    // No chunk of these has the rarer word.
    let found = library.find_in("rare499 common", &json!({"run_id_glob": "run0", "label": "in20-7"}));
    assert_eq!(found.len(), 10, "{found:?}");
}

#[test]
fn search_asks_for_a_second_word_where_all_are_common() {
    let mut library = Library::of(6000);
    let mut find = |question: &str| -> String {
        library
            .client
            .query_one("select t.p_find::text from graphdb._search_terms($1, 1) as t", &[&question])
            .unwrap()
            .get(0)
    };
    assert_eq!(find("half1 third2"), "'third2' & 'half1'");
    assert_eq!(find("half1 third2 common"), "'third2' & ( 'half1' | 'common' )");
    assert_eq!(find("third2"), "'third2'");
    assert_eq!(find("rare7 third2 half1"), "'rare7'");
    assert_eq!(find("rare7 rare8 half1"), "'rare7' | 'rare8'");
}

#[test]
fn a_snippet_reads_as_plain_text() {
    let mut library = Library::new();
    let text = "Claims\n\n## A claim\n\n| Column | Meaning |\n|:--|---|\n| `claim` | See **[claims](topic:a/b)** |\n\n\
                ```sql\nselect claim\n```\n\n> Never \\*claim\\* twice";
    let snippet = "select regexp_replace(translate(graphdb.snippet('claim', $1, '{Claims}'), e'\\x01\\x02', '<>'), '[[:space:]]+', ' ', 'g')";
    let snippet: String = library.client.query_one(snippet, &[&text]).unwrap().get(0);
    insta::assert_snapshot!(snippet, @"<claim> Column | Meaning <claim> | See <claims> select <claim> Never *<claim>* twice");
}

#[test]
fn search_goes_on_past_old_versions_until_there_are_enough() {
    let mut library = Library::of(6000);
    library.index(false);
    library.client.batch_execute("update graphdb.documents set is_searched = (doc_id like 'd%7')").unwrap();
    let found = library.client.query("select * from graphdb.search('', '[1,0,0]', 'm', 100)", &[]).unwrap();
    assert_eq!(found.len(), 100);
}
