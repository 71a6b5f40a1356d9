//! Searches in a part of the documents.

use serde_json::json;

use super::search::Library;

#[test]
fn a_filter_by_language_compares_the_language_itself() {
    let mut library = Library::new();
    for language in ["ja-JP", "zh", "cmn", "ko", "th", "pl", "cs", "en-US", "ger"] {
        let insert = "insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body) \
                      values ($1::text, $1, '{}', '{}', jsonb_build_object('language', $1::text), '-')";
        library.client.execute(insert, &[&language]).unwrap();
    }
    library
        .client
        .batch_execute(
            "select graphdb.load_documents('r', 's', clock_timestamp()); \
             insert into graphdb.chunks (run_id, doc_id, ord, byte_start, byte_end, kind, token_count, text, input_sha256, language) \
             select 'r', d.doc_id, 0, 0, 1, 'text', 1, 'PostgreSQL ' || d.doc_id, sha256(d.doc_id::bytea), graphdb._search_configuration(d.language) \
             from graphdb.documents as d",
        )
        .unwrap();
    library.complete("r", "chunk");
    for (asked, expected) in [
        ("ja", "ja-JP"),
        ("japanese", "ja-JP"),
        ("zh-CN", "cmn zh"),
        ("kor", "ko"),
        ("th", "th"),
        ("polish", "pl"),
        ("cs", "cs"),
        ("en", "en-US"),
        ("de", "ger"),
        ("uk", ""),
    ] {
        let found = library.find_in("postgresql", &json!({"language": asked}));
        let mut found: Vec<_> = found.iter().map(|text| text.trim_start_matches("PostgreSQL ")).collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), expected, "{asked}");
    }
    let configurations = "select string_agg(distinct c.language, ' ' order by c.language) from graphdb.chunks as c";
    let configurations: String = library.client.query_one(configurations, &[]).unwrap().get(0);
    assert_eq!(configurations, "english german simple");
}

#[test]
fn a_filter_finds_the_nearest_documents_with_and_without_a_mean_vector() {
    let mut library = Library::new();
    library
        .client
        .batch_execute(
            "insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body) \
             select n::text, n::text, '{some}', '{}', '{}', '-' from generate_series(1, 150) as n; \
             select graphdb.load_documents('r', 's', clock_timestamp()); \
             insert into graphdb.chunks (run_id, doc_id, ord, byte_start, byte_end, kind, token_count, text, input_sha256) \
             select 'r', n::text, o, 0, 1, 'text', 1, n || '.' || o, sha256((n || '.' || o)::bytea) \
             from generate_series(1, 150) as n cross join generate_series(0, 1) as o; \
             insert into graphdb.embeddings \
             select 1, c.input_sha256, array[cos(c.doc_id::integer / 100.0), sin(c.doc_id::integer / 100.0), c.ord]::real[]::vector \
             from graphdb.chunks as c",
        )
        .unwrap();
    library.complete("r", "chunk").complete("r", "embed");
    library.client.batch_execute("select graphdb.refresh_search(); analyze").unwrap();
    library.embed("late", "[1,0,0]").add("late", "late", &["late"]);
    let mut nearest = |vector: &str| -> Vec<String> {
        let found = "select s.text from graphdb.search('', $1::text::vector, 'm', 4, '{\"label\": [\"some\", \"late-label\"]}') as s";
        library.client.query(found, &[&vector]).unwrap().iter().map(|row| row.get(0)).collect()
    };
    // The mean vector of "late" is not stored yet.
    assert_eq!(nearest("[1,0,0]"), ["late", "1.0", "2.0", "3.0"]);
    assert_eq!(nearest("[0,1,0]")[0], "150.0");
}
