//! The indexes that a search uses, and the comparisons without an index.

use serde_json::{Value, json};

use super::Library;

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

    /// Builds the vector indexes as `trailblazer run` does.
    fn index(&mut self, halfvec: bool) -> &mut Self {
        let missing = "select unnest(m.statements) from graphdb.missing_vector_indexes($1) as m";
        for row in self.client.query(missing, &[&halfvec]).unwrap() {
            self.client.batch_execute(row.get(0)).unwrap();
        }
        self
    }

    /// Restricts every second document of 1,200 to a group, and eleven of these to another group.
    fn restrict(&mut self) -> &mut Self {
        for statement in [
            r"update graphdb.documents as d
               set meta = jsonb_build_object('readers', array[case when d.doc_id like 'd%00' then 'group:few' else 'group:many' end])
               where d.doc_id ~ '[02468]$';
               select pg_advisory_xact_lock(graphdb._marks_lock());
               select graphdb._settle_restrictions(array(select d.doc_id from graphdb.documents as d))",
            "vacuum graphdb.embeddings",
            "select graphdb.refresh_search()",
        ] {
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
        assert!(plan.contains("Index Scan using ix_embeddings_open_1"), "{plan}");
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
            "create index ix_embeddings_open_1 on graphdb.embeddings using hnsw ((embedding::vector(3)) vector_cosine_ops) \
             with (m = 4, ef_construction = 8) where model_id = 1 and not is_restricted",
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
    Index Scan using ix_embeddings_open_1 on embeddings
    both, 1 in 2
    Bitmap Heap Scan on chunks
    Bitmap Index Scan on ix_chunks_open_words
    Index Only Scan Backward using chunks_pkey on chunks
    Index Only Scan using ix_chunks_of_input on chunks
    Index Only Scan using ix_documents_open on documents
    Index Scan using embeddings_pkey on embeddings
    Index Scan using ix_document_vectors_document on document_vectors
    Index Scan using ix_embeddings_open_1 on embeddings
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
fn search_reads_only_the_vector_index_of_what_the_caller_may_read() {
    for is_indexed in [false, true] {
        let mut library = Library::of(12_000);
        library.restrict();
        if is_indexed {
            library.index(false);
            assert_eq!(
                library.client.query("select from graphdb.missing_vector_indexes()", &[]).unwrap().len(),
                0,
                "built"
            );
        }
        for (filter, count, from_restricted) in [
            (json!({"as": []}), 600, false),
            (json!({"as": "group:other"}), 600, false),
            (json!({"as": "group:few"}), 611, false),
            (json!({"as": "group:many"}), 1189, true),
            (json!({"as": ["group:few", "group:many"]}), 1200, true),
            (json!({"as": ["group:few", "group:many"], "label": ["in20-2", "in20-4"]}), 120, false),
        ] {
            let plan = library.plan("", &filter, true);
            assert_eq!(plan.contains("ix_embeddings_restricted_1"), is_indexed && from_restricted, "{filter}\n{plan}");
            // Nobody gets fewer documents than there are, and each comes once.
            let found =
                "select count(*), count(distinct s.doc_id) from graphdb.search('', '[1,0,0]', 'm', 1000, $1) as s";
            let found = library.client.query_one(found, &[&filter]).unwrap();
            let expected = count.min(1000);
            assert_eq!((found.get::<_, i64>(0), found.get::<_, i64>(1)), (expected, expected), "{filter}");
        }
    }
}

#[test]
fn search_finds_a_restricted_chunk_with_the_text_of_an_open_one_through_the_indexes() {
    let mut library = Library::of(12_000);
    // The restricted document d0 and the open document d1 have the same texts.
    library
        .client
        .batch_execute(
            "update graphdb.chunks as c set text = o.text, input_sha256 = o.input_sha256
             from graphdb.chunks as o where c.doc_id = 'd0' and o.doc_id = 'd1' and o.ord = c.ord",
        )
        .unwrap();
    library.restrict().index(false);
    let filter = json!({"as": ["group:few", "group:many"]});
    assert!(library.plan("", &filter, true).contains("ix_embeddings_restricted_1"));
    let found = "select string_agg(s.doc_id, ' ' order by s.doc_id) from graphdb.search('', (
                   select e.embedding from graphdb.embeddings as e join graphdb.chunks as c using (input_sha256) where c.doc_id = 'd1' and c.ord = 0
                 ), 'm', 1000, $1) as s where s.doc_id in ('d0', 'd1')";
    assert_eq!(library.client.query_one(found, &[&filter]).unwrap().get::<_, String>(0), "d0 d1");
    assert_eq!(library.client.query_one(found, &[&json!({})]).unwrap().get::<_, String>(0), "d1");
}

#[test]
fn search_compares_the_few_that_pass_a_filter_exactly() {
    let mut library = Library::of(6000);
    library.index(false);
    // The planner would prefer an index scan to a sort.
    library.client.batch_execute("set enable_sort = off").unwrap();
    let filter = json!({"label": "in20-7"});
    let plan = library.plan("", &filter, true);
    assert!(!plan.contains("ix_embeddings_open_1"), "{plan}");
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
    assert!(!plan.contains("ix_embeddings_open_1"), "{plan}");
    let plan = library.plan("common -some7", &json!({}), true);
    assert!(plan.contains("ix_embeddings_open_1"), "{plan}");
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
fn search_goes_on_past_old_versions_until_there_are_enough() {
    let mut library = Library::of(6000);
    library.index(false);
    library.client.batch_execute("update graphdb.documents set is_searched = (doc_id like 'd%7')").unwrap();
    let found = library.client.query("select * from graphdb.search('', '[1,0,0]', 'm', 60)", &[]).unwrap();
    assert_eq!(found.len(), 60);
}
