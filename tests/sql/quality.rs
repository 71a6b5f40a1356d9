//! Quality flags, and documents that say the same.

use super::fixture::ask;
use crate::support::TestDatabase;

#[test]
fn flags_say_what_is_striking_about_a_text() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let words = "Here stands a sentence that says something about the matter at hand, and a little more than that. ";
    let cases = [
        ("", "empty_body"),
        (" \n\t\n", "empty_body"),
        ("TBD", "placeholder_only"),
        ("# Scope\n\n*To be defined.*\n\n# Risks\n\nTODO\n", "placeholder_only"),
        ("Lorem ipsum dolor sit amet, consectetur adipiscing elit.", "placeholder_only"),
        ("Please add your content here", "placeholder_only"),
        ("Noch zu ergänzen", "placeholder_only"),
        ("# Goals\n\n# Scope\n\n| | |\n| --- | --- |\n| | |\n", "boilerplate"),
        ("This page is intentionally left blank.", "boilerplate"),
        ("# Overview\n\nOn this page\n\nCopyright (c) 2024. All rights reserved.\n", "boilerplate"),
        ("![Plan](plan.png)\n\n![Map](map.png)\n", "image_only"),
        ("Ask Ann.", "too_short"),
        (words, ""),
        // A page about placeholders is not one.
        ("The list shows TBD until the owner of the page has decided which of the two dates holds for everybody.", ""),
    ];
    for (body, expected) in cases {
        let flags: Vec<String> = client.query_one("select graphdb._quality_flags($1, '{}')", &[&body]).unwrap().get(0);
        assert_eq!(flags.join(" "), expected, "{body}");
    }
    let of_length = |client: &mut postgres::Client, text: &str, times: i32| -> Vec<String> {
        client.query_one("select graphdb._quality_flags(repeat($1, $2), '{}')", &[&text, &times]).unwrap().get(0)
    };
    assert_eq!(of_length(&mut client, words, 100), ["no_structure"]);
    assert_eq!(of_length(&mut client, &format!("# Part\n\n{words}\n"), 100), Vec::<String>::new());
    assert_eq!(of_length(&mut client, &format!("# Part\n\n{words}\n"), 1000), ["too_long"]);
    let broken = "select graphdb._quality_flags('', '{\"links\": [{\"href\": \"x\", \"reason\": \"no such key\"}]}')";
    assert_eq!(client.query_one(broken, &[]).unwrap().get::<_, Vec<String>>(0), ["empty_body", "broken_links"]);
    let fine = "select graphdb._quality_flags('', '{\"links\": [\"x\", {\"href\": \"x\", \"reason\": \"external\"}]}')";
    assert_eq!(client.query_one(fine, &[]).unwrap().get::<_, Vec<String>>(0), ["empty_body"]);
}

/// Loads `count` documents with vectors of 64 random numbers, the last `twins` of which are near those of the first ones.
fn with_vectors(client: &mut postgres::Client, count: i32, twins: i32) {
    client.batch_execute("select setseed(0.5); select graphdb.create_staging();").unwrap();
    client
        .execute(
            "insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body)
             select 'd' || g, 'Title ' || g, '{}', '{}', '{}', 'Body number ' || g from generate_series(1, $1) as g",
            &[&count],
        )
        .unwrap();
    client.execute("select graphdb.load_documents('r', 'dita')", &[]).unwrap();
    client.execute("select graphdb.register_model('m', 'hash', 384, true)", &[]).unwrap();
    client
        .execute(
            "insert into graphdb.document_vectors (model_id, run_id, doc_id, revision, embedding)
             select m.model_id, d.run_id, d.doc_id, d.revision, v.embedding::public.vector
             from graphdb.embedding_models as m, graphdb.documents as d
             cross join lateral (select array_agg(random() - 0.5) as embedding from generate_series(1, 384) where d.doc_id is not null) as v",
            &[],
        )
        .unwrap();
    client
        .execute(
            "update graphdb.document_vectors as v
             set embedding = (select array_agg(x + (random() - 0.5) * 0.2)
                              from graphdb.document_vectors as o, unnest(o.embedding::real[]) as x
                              where o.doc_id = 'd' || substr(v.doc_id, 2)::integer - ($1::integer - $2::integer))::public.vector
             where substr(v.doc_id, 2)::integer > $1::integer - $2::integer",
            &[&count, &twins],
        )
        .unwrap();
}

#[test]
fn documents_with_like_vectors_are_found_among_few_and_among_many() {
    for (count, twins) in [(60, 10), (1200, 10)] {
        let database = TestDatabase::new();
        let mut client = database.connect();
        with_vectors(&mut client, count, twins);
        let found = ask(
            &mut client,
            "select count(*), count(*) filter (
                 where abs(substr(d.pages -> 0 ->> 'doc_id', 2)::integer - substr(d.pages -> 1 ->> 'doc_id', 2)::integer) > 1)
             from graphdb.report_duplicates() as d where d.kind = 'similar'",
        );
        assert_eq!(found, format!("{twins} {twins}"), "{count} documents");
    }
}

#[test]
fn a_report_counts_the_newest_versions_or_those_of_one_run() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for (run, bodies) in [("old", "('a', 'Text.'), ('b', '')"), ("new", "('a', 'Text.')")] {
        client.batch_execute("select graphdb.create_staging(); truncate pg_temp.staged_documents;").unwrap();
        client
            .batch_execute(&format!(
                "insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body)
                 select v.id, v.id, '{{}}', '{{}}', '{{}}', v.body from (values {bodies}) as v (id, body);
                 select graphdb.load_documents('{run}', 'dita');"
            ))
            .unwrap();
    }
    let count = |client: &mut postgres::Client, run: &str| {
        ask(client, &format!("select documents from graphdb.report_documents({run}) where kind = 'source'"))
    };
    assert_eq!(count(&mut client, "null"), "2");
    assert_eq!(count(&mut client, "'old'"), "2");
    assert_eq!(count(&mut client, "'new'"), "1");
    assert_eq!(
        ask(&mut client, "select value, documents from graphdb.report_chunks('old') where kind = 'coverage'"),
        "none 2"
    );
    let pages = ask(
        &mut client,
        "select documents, jsonb_array_length(pages) from graphdb.report_documents('old', 1) where kind = 'source'",
    );
    assert_eq!(pages, "2 1");
}

#[test]
fn a_report_says_who_may_read_restricted_pages() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    client
        .batch_execute(
            r#"select graphdb.create_staging();
               insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body)
               select 'd' || v.place, 'T', '{}', '{}', v.meta, 'x'
               from unnest(array['{}', '{"readers": null}', '{"readers": ["group:hr"]}', '{"readers": [["group:hr", "user:ann"], ["group:hr"]]}',
                                 '{"readers": []}', '{"readers": [["user:ann"], []]}', '{"readers": 7}']::jsonb[]) with ordinality as v (meta, place);
               select graphdb.load_documents('r', 'confluence');"#,
        )
        .unwrap();
    let said = "select kind, value, documents from graphdb.report_documents() where kind in ('access', 'reader') order by 1, 2";
    assert_eq!(
        ask(&mut client, said),
        "access everybody 2\naccess nobody 3\naccess restricted 2\nreader group:hr 2\nreader user:ann 2"
    );
}

#[test]
fn a_report_lists_the_claims_that_ended_on_each_day() {
    let database = TestDatabase::new();
    database.take_over_clock();
    database.register_runs(2);
    let mut client = database.connect();
    for (time, end) in [
        ("2026-05-30 23:59:59+00", "fail_run(c.run_id, c.claim_token, 'first', interval '0')"),
        ("2026-06-01 00:00:00+00", "fail_run(c.run_id, c.claim_token, 'second', interval '0')"),
        ("2026-06-01 12:00:00+00", "release_run(c.run_id, c.claim_token)"),
        ("2026-06-02 12:00:00+00", "fail_run(c.run_id, c.claim_token, 'third', interval '0')"),
    ] {
        database.set_clock(time);
        ask(
            &mut client,
            &format!("select graphdb.{end} is null from graphdb.claim_run('chunk', 'w', interval '1 hour') as c"),
        );
    }
    let days = "select day, kind, attempts, runs -> 0 ->> 'error' from graphdb.report_attempts";
    assert_eq!(
        ask(&mut client, &format!("{days}(p_days => 2)")),
        "2026-06-01 embedded 0 -\n2026-06-01 failed 1 second\n2026-06-02 embedded 0 -\n2026-06-02 failed 1 third"
    );
    let failed = "select sum(attempts) from graphdb.report_attempts";
    assert_eq!(ask(&mut client, &format!("{failed}(p_days => 4)")), "3");
    assert_eq!(ask(&mut client, &format!("{failed}('none', p_days => 4)")), "0");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.report_attempts()"), "60");
}
