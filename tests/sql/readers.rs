//! Readers: what each role and each caller sees of restricted documents, and when a restriction holds.

use postgres::Client;
use trailblazer::db::vectors::EmbeddingStore;
use trailblazer::ids::ClaimToken;

use super::fixture::{ask, chunk, claim, embed, refused, register_model, stage_chunks, store_vectors};
use super::rights::role_of;
use crate::support::TestDatabase;

/// Loads a run: id, body, and what stands under `readers` in the metadata, as JSON.
#[track_caller]
fn load(client: &mut Client, run_id: &str, at: &str, documents: &[(&str, &str, &str)]) {
    ask(
        client,
        "set client_min_messages = warning; select graphdb.create_staging(); truncate pg_temp.staged_documents",
    );
    for (doc_id, body, readers) in documents {
        client
            .execute(
                "insert into pg_temp.staged_documents (doc_id, title, url, path, labels, breadcrumbs, meta, body) \
                 values ($1, 'Title of ' || $1, 'https://example/' || $1, $1 || '.xml', array['label-' || $1], '{}', \
                         jsonb_build_object('losses', jsonb_build_object('macro:' || $1, 1)) || $3::text::jsonb, $2)",
                &[
                    doc_id,
                    body,
                    &if readers.is_empty() { "{}".to_owned() } else { format!(r#"{{"readers": {readers}}}"#) },
                ],
            )
            .unwrap();
    }
    ask(client, &format!("select graphdb.load_documents('{run_id}', 'confluence', '{at}')"));
}

#[track_caller]
fn process(client: &mut Client, run_id: &str) {
    chunk(client, run_id);
    embed(client, run_id);
}

/// A handbook: a page for everybody, one for HR, one for whoever is in HR and is Ann or in IT.
fn handbook() -> (TestDatabase, Client) {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    let documents = [
        ("open", "Holidays are announced in spring. quokka", ""),
        ("pay", "Salaries of everybody. Bob earns numbat.", r#"["group:hr"]"#),
        ("plan", "Layoffs and salaries of next year. wombat", r#"[["group:hr"], ["user:ann", "group:it"]]"#),
    ];
    load(&mut client, "r", "2026-01-01", &documents);
    process(&mut client, "r");
    (database, client)
}

/// Returns the documents that full-text search, vector search and lists show for a filter.
#[track_caller]
fn seen(client: &mut Client, filter: &str) -> String {
    let by_words = format!(
        "select coalesce(string_agg(doc_id, ',' order by doc_id), '') from graphdb.search('salaries holidays layoffs', p_limit => 100, p_filter => {filter})"
    );
    let by_vector = format!(
        "select coalesce(string_agg(doc_id, ',' order by doc_id), '') from graphdb.search('', '[1,0,0]', p_limit => 100, p_filter => {filter})"
    );
    let listed = format!(
        "select coalesce(string_agg(doc_id, ',' order by doc_id), '') from graphdb.list_documents(p_filter => {filter})"
    );
    let counted = format!("select graphdb.searched_documents({filter})");
    let (words, vector, list) = (ask(client, &by_words), ask(client, &by_vector), ask(client, &listed));
    assert_eq!(words, vector);
    assert_eq!(words, list);
    assert_eq!(ask(client, &counted), words.split(',').filter(|id| !id.is_empty()).count().to_string());
    words
}

#[test]
fn each_restricted_page_on_the_path_must_allow() {
    let (_database, mut client) = handbook();
    for (principals, expected) in [
        ("null", "open"),
        ("'{}'", "open"),
        (r#"'{"as": []}'"#, "open"),
        (r#"'{"as": ["group:it", "user:ann"]}'"#, "open"),
        (r#"'{"as": ["group:HR", "hr", "group:h"]}'"#, "open"),
        (r#"'{"as": "group:hr"}'"#, "open,pay"),
        (r#"'{"as": ["group:hr", "user:ann"]}'"#, "open,pay,plan"),
        (r#"'{"as": ["group:hr", "group:it", "group:x"]}'"#, "open,pay,plan"),
    ] {
        assert_eq!(seen(&mut client, principals), expected, "{principals}");
    }
    for bad in ["null", "3", r#"["group:hr", 3]"#, r#"{"user": "ann"}"#, r#""""#] {
        refused(&mut client, &format!(r#"select graphdb.search('x', p_filter => '{{"as": {bad}}}')"#), "TB001");
    }
}

#[test]
fn a_role_reads_as_it_was_granted_and_cannot_claim_more() {
    let (database, mut client) = handbook();
    let all = r#"'{"as": ["group:hr", "user:ann"]}'"#;
    let mut plain = role_of(&database, "reader", "plain reader", "");
    assert_eq!([seen(&mut plain, "null"), seen(&mut plain, all)], ["open", "open"]);
    let mut hr = role_of(&database, "reader", "hr reader", ", '{group:hr}'");
    assert_eq!([seen(&mut hr, "null"), seen(&mut hr, all)], ["open,pay", "open,pay"]);
    assert_eq!(seen(&mut hr, r#"'{"as": []}'"#), "open");
    assert_eq!(seen(&mut hr, r#"'{"as": ["user:ann"]}'"#), "open");
    let mut any = role_of(&database, "reader", "any reader", ", p_all => true");
    assert_eq!([seen(&mut any, "null"), seen(&mut any, all)], ["open", "open,pay,plan"]);
    let mut worker = role_of(&database, "worker", "plain worker", "");
    assert_eq!(seen(&mut worker, all), "open");
    // A member has what the role has that it is a member of; and set role leaves the rest behind.
    ask(&mut client, "create role \"team of hr\" login; grant \"hr reader\" to \"team of hr\"");
    let mut member = database.connect_as("team of hr");
    assert_eq!(seen(&mut member, "null"), "open,pay");
    // Another grant replaces the one before.
    ask(&mut client, "select graphdb.grant_role('hr reader', 'reader')");
    assert_eq!([seen(&mut hr, "null"), seen(&mut hr, all), seen(&mut member, "null")], ["open", "open", "open"]);
    for arguments in ["'{hr}'", "'{user:}'", "array[null]"] {
        refused(&mut client, &format!("select graphdb.grant_role('hr reader', 'reader', {arguments})"), "TB001");
    }
    for statement in [
        "select * from graphdb.role_principals",
        "insert into graphdb.role_principals values (current_user, '{group:hr}')",
        "update graphdb.documents set newer_readers = null",
        "alter table graphdb.documents disable row level security",
    ] {
        refused(&mut hr, statement, "42501");
    }
}

/// Calls that return documents or something of them, for a reader that passes `as` where it can.
const CALLS: [&str; 39] = [
    "search('salaries layoffs bob earns wombat numbat', p_filter => {filter})",
    "search('\"Bob earns\"', p_filter => {filter})",
    "search('', '[1,0,0]', p_per_document => 10, p_filter => {filter})",
    "context('r', 'pay', 0, p_filter => {filter})",
    "context('r', 'plan', 0, 'document', p_filter => {filter})",
    "read_question('sallaries numbet wombet layofs', {filter})",
    "read_question('holidays -numbat', {filter})",
    "find_document('pay', null, {as})",
    "find_document('pay', 'r', {as})",
    "find_document('https://example/plan', null, {as})",
    "find_document('plan.xml', 'r', {as})",
    "describe_documents('{r,r}', '{pay,plan}', {as})",
    "list_documents(p_filter => {filter})",
    "list_labels({as})",
    "list_meta_keys({as})",
    "search_facets({filter})",
    "searched_documents({filter})",
    "run_contents('r', p_as => {as})",
    "run_losses('r', {as})",
    "chunk_sizes('r', p_as => {as})",
    "chunk_start('r', 'pay', 0, {as})",
    "principals({as})",
    "overlapping_runs('r')",
    "content_totals()",
    "unknown_readers()",
    "report_documents()",
    "report_chunks()",
    "report_duplicates(p_similarity => 0)",
    "list_models()",
    "describe_models()",
    "model_use()",
    "list_sources()",
    "run_visibility('r')",
    "backlog('chunk')",
    "work_progress()",
    "list_pauses()",
    "has_vectors('m')",
    "search_facets(null)",
    "content_totals({as})",
];

/// Tables that a role may select from, and what tells of their rows.
const TABLES: [&str; 7] = [
    "select * from graphdb.documents",
    "select count(*) from graphdb.documents",
    "select * from graphdb.chunks",
    "select count(*) from graphdb.chunks",
    "select e.* from graphdb.embeddings as e",
    "select count(*) from graphdb.embeddings",
    "select * from pg_stats where schemaname = 'graphdb' and tablename in ('documents', 'chunks', 'embeddings')",
];

/// Returns what a role gets from every call and every table.
fn everything(client: &mut Client, principals: &str) -> Vec<String> {
    let counts = "select run_id, status, total_docs, total_chunks, embedded_chunks, last_error, content_sha256 from graphdb.list_runs()";
    let filter = format!(r#"'{{"as": [{principals}]}}'"#);
    let list = format!("'{{{principals}}}'");
    let calls = CALLS
        .iter()
        .map(|call| format!("select * from graphdb.{}", call.replace("{filter}", &filter).replace("{as}", &list)));
    let tables = TABLES.map(str::to_owned).into_iter().chain([counts.to_owned()]);
    calls.chain(tables).map(|query| format!("{query}\n{}", ask(client, &query))).collect()
}

/// The handbook without its restricted pages must look the same as with them to whoever may not read them: text, vectors, counts,
/// labels, losses, corrections, statistics.
#[test]
fn nothing_of_a_restricted_document_reaches_who_may_not_read_it() {
    let (database, mut client) = handbook();
    ask(&mut client, "select graphdb.refresh_search(); analyze");
    let mut reader = role_of(&database, "reader", "reader of nothing", "");
    let mut hr = role_of(&database, "reader", "reader of hr", ", '{group:hr}'");
    let mut any = role_of(&database, "reader", "reader of any", ", p_all => true");
    let with = everything(&mut reader, r#""group:hr","user:ann""#);
    let with_own = everything(&mut any, "");
    let of_hr = everything(&mut hr, r#""group:hr","user:ann""#).join("\n");
    for word in ["numbat", "wombat"] {
        for answers in [&with, &with_own[..CALLS.len()].to_vec()] {
            // The questions name the words.
            let leaks = |answer: &&String| answer.split_once('\n').is_some_and(|(_, rows)| rows.contains(word));
            let excluded = |answer: &&String| answer.contains("read_question");
            assert_eq!(answers.iter().find(|answer| leaks(answer) && !excluded(answer)), None);
        }
    }
    assert!(of_hr.contains("Bob earns numbat") && !of_hr.contains("of next year"), "{of_hr}");

    let documents = [("open", "Holidays are announced in spring. quokka", "")];
    load(&mut client, "r", "2026-01-01", &documents);
    chunk(&mut client, "r");
    embed(&mut client, "r");
    ask(&mut client, "select graphdb.prune_embeddings(); select graphdb.refresh_search(); analyze");
    let without = everything(&mut reader, r#""group:hr","user:ann""#);
    for (with, without) in with.iter().zip(&without) {
        assert_eq!(with, without);
    }
}

#[test]
fn a_role_that_reads_as_anybody_selects_every_row_and_others_their_own() {
    let (database, _) = handbook();
    for (name, grant, expected) in [
        ("rows of none", "", "1 1 f"),
        ("rows of hr", ", '{group:hr}'", "2 2 f"),
        ("rows of all", ", p_all => true", "3 3 t"),
    ] {
        let mut client = role_of(&database, "reader", name, grant);
        // The number of documents in a run also counts documents that the role may not read.
        let counted = "select (select count(*) from graphdb.documents), (select count(*) from graphdb.chunks), \
                       has_column_privilege('graphdb.processed_runs', 'total_docs', 'select')";
        assert_eq!(ask(&mut client, counted), expected, "{name}");
    }
}

#[test]
fn progress_of_unfinished_runs_counts_what_the_caller_may_read() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    let documents =
        [("open", "quokka", ""), ("pay", "numbat", r#"["group:hr"]"#), ("plan", "wombat", r#"["group:hr"]"#)];
    load(&mut client, "r", "2026-01-01", &documents);
    let mut reader = role_of(&database, "reader", "reader of progress", "");
    let mut worker = role_of(&database, "worker", "worker of progress", "");
    let mut seen = |expected: [&str; 2], step: &str| {
        let progress = "select documents, texts, embedded, (select coalesce(sum(total), 0) from graphdb.list_workers()), \
                        (select coalesce(sum(total), 0) from graphdb.list_workers(p_count => false)), \
                        (select coalesce(sum(done), 0) from graphdb.list_workers(p_count => false)), \
                        (select documents_to_chunk + texts from graphdb.backlog_status) from graphdb.work_progress()";
        assert_eq!([ask(&mut reader, progress), ask(&mut worker, progress)], expected, "{step}");
    };
    seen(["1 0 0 0 0 0 1", "3 0 0 0 0 0 3"], "loaded");
    let token = claim(&mut client, "chunk", "r");
    ask(&mut client, &format!("select graphdb.renew_claims('{{{token}}}', '1 hour', '{{2}}')"));
    seen(["1 0 0 1 1 0 1", "1 0 0 3 3 2 1"], "chunking");
    stage_chunks(&mut client, "r");
    ask(
        &mut client,
        &format!("select graphdb.replace_chunks('r', {token}), graphdb.complete_run('r', 'chunk', {token})"),
    );
    let token = claim(&mut client, "embed", "r");
    store_vectors(&mut client, "r", token);
    seen(["0 1 1 1 1 0 1", "0 3 3 3 3 0 3"], "embedded");
    // Nor do errors name a restricted document, and a caller of a role that may read as anybody gets no more.
    ask(
        &mut client,
        &format!("select graphdb.fail_run('r', {token}, 'the text of pay cannot be read', p_permanent => true)"),
    );
    let mut any = role_of(&database, "reader", "any of progress", ", p_all => true");
    let errors = "select r.total_docs, r.last_error, h.error, (select c.documents from graphdb.content_totals({as}) as c) \
                  from graphdb.list_runs(p_as => {as}) as r, graphdb.run_history('r', {as}) as h where h.phase = 'embed'";
    for (as_who, expected) in
        [("'{}'", "1 - - 1"), ("'{group:hr}'", "3 the text of pay cannot be read the text of pay cannot be read 3")]
    {
        assert_eq!(ask(&mut any, &errors.replace("{as}", as_who)), expected);
        assert_eq!(ask(&mut reader, &errors.replace("{as}", as_who)), "1 - - 1");
    }
}

#[test]
fn a_page_that_becomes_restricted_is_hidden_at_once_and_in_every_version() {
    let (_database, mut client) = handbook();
    // Another run holds an older version, which nobody restricted.
    load(&mut client, "older", "2025-01-01", &[("open", "Holidays of last year.", "")]);
    load(&mut client, "r", "2026-01-02", &[("open", "Holidays are secret now.", r#"["group:hr"]"#)]);
    let shown = r#"select doc_id, left(text, 22) from graphdb.search('holidays', p_filter => '{"as": "group:hr"}')"#;
    for step in ["loaded", "chunked", "embedded"] {
        match step {
            "chunked" => chunk(&mut client, "r"),
            "embedded" => embed(&mut client, "r"),
            _ => {}
        }
        assert_eq!(ask(&mut client, "select * from graphdb.search('holidays')"), "", "{step}");
        for run in ["null", "'r'", "'older'"] {
            assert_eq!(
                ask(&mut client, &format!("select title from graphdb.find_document('open', {run})")),
                "",
                "{step}"
            );
        }
        // Search has no gap for those who may read both.
        let text = if step == "embedded" { "Holidays are secret no" } else { "Holidays are announced" };
        assert_eq!(ask(&mut client, shown), format!("open {text}"), "{step}");
    }
    // Nor does the restriction of the newest version outlive it.
    ask(&mut client, r#"select graphdb.delete_runs('{"run_ids": "r"}')"#);
    assert_eq!(ask(&mut client, "select title from graphdb.find_document('open', 'older')"), "Title of open");
}

#[test]
fn chunks_of_restricted_documents_never_enter_the_index_on_the_others() {
    let (_database, mut client) = handbook();
    let restricted = "select doc_id from graphdb.chunks where is_restricted order by 1";
    assert_eq!(ask(&mut client, restricted), "pay\nplan");
}

/// The documents whose texts have a restricted vector.
const RESTRICTED_VECTORS: &str = "select coalesce(string_agg(distinct c.run_id || '/' || c.doc_id, ' '), '') \
                                  from graphdb.embeddings as e join graphdb.chunks as c using (input_sha256) where e.is_restricted";

#[test]
fn vectors_that_only_restricted_documents_use_never_enter_the_index_on_the_others() {
    let (_database, mut client) = handbook();
    assert_eq!(ask(&mut client, RESTRICTED_VECTORS), "r/pay r/plan");
    // With COPY, as the driver stores them if it owns the table.
    ask(&mut client, "truncate graphdb.embeddings cascade; select graphdb.reset_runs('{}', 'embeddings')");
    let token = claim(&mut client, "chunk", "r");
    stage_chunks(&mut client, "r");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    let token = claim(&mut client, "embed", "r");
    let hashes: Vec<Vec<u8>> = client
        .query("select input_sha256 from graphdb.pending_inputs('r', 'm')", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let vectors = hashes.iter().map(|hash| (hash.as_slice(), vec![1.0, 0.0, 0.0])).collect();
    EmbeddingStore::prepare(&mut client, "m").unwrap().store(&mut client, ClaimToken(token), vectors).unwrap();
    assert_eq!(ask(&mut client, RESTRICTED_VECTORS), "r/pay r/plan");
}

#[test]
fn a_vector_moves_to_the_other_index_with_the_readers_of_its_documents() {
    let (_database, mut client) = handbook();
    let body = "Holidays are announced in spring. quokka";
    load(&mut client, "r", "2026-01-02", &[("open", body, r#"["group:it"]"#)]);
    assert_eq!(ask(&mut client, RESTRICTED_VECTORS), "r/open r/pay r/plan");
    process(&mut client, "r");
    load(&mut client, "r", "2026-01-03", &[("open", body, "")]);
    assert!(!ask(&mut client, RESTRICTED_VECTORS).contains("open"));
    process(&mut client, "r");
    // A restricted document with the same text does not hide the vector, until no other document has the text.
    load(&mut client, "s", "2026-01-04", &[("copy", body, r#"["group:hr"]"#)]);
    process(&mut client, "s");
    assert_eq!(ask(&mut client, RESTRICTED_VECTORS), "");
    assert_eq!(seen(&mut client, "null"), "open");
    assert_eq!(seen(&mut client, r#"'{"as": "group:hr"}'"#), "copy,open");
    ask(&mut client, r#"select graphdb.delete_runs('{"run_ids": "r"}'); select graphdb.refresh_search()"#);
    assert_eq!(ask(&mut client, RESTRICTED_VECTORS), "s/copy");
    assert_eq!(seen(&mut client, r#"'{"as": "group:hr"}'"#), "copy");
    // It comes back with the next one.
    load(&mut client, "t", "2026-01-05", &[("again", body, "")]);
    process(&mut client, "t");
    assert_eq!(ask(&mut client, RESTRICTED_VECTORS), "");
    assert_eq!(seen(&mut client, "null"), "again");
}

/// While one run stores a vector as restricted, another run gets an unrestricted document with the same text.
#[test]
fn a_text_that_becomes_open_while_its_vector_is_stored_is_found() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "r", "2026-01-01", &[("pay", "Salaries of everybody.", r#"["group:hr"]"#)]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    let mut storing = database.connect();
    ask(&mut storing, "begin");
    store_vectors(&mut storing, "r", token);
    load(&mut client, "s", "2026-01-01", &[("open", "Salaries of everybody.", "")]);
    chunk(&mut client, "s");
    ask(&mut storing, "commit");
    assert_eq!(ask(&mut client, RESTRICTED_VECTORS), "r/pay s/open");
    let embed_token = claim(&mut client, "embed", "s");
    ask(&mut client, &format!("select graphdb.complete_run('s', 'embed', {embed_token}, 'm')"));
    assert_eq!(ask(&mut client, RESTRICTED_VECTORS), "");
    assert_eq!(seen(&mut client, "null"), "open");
}

#[test]
fn a_change_of_readers_alone_holds_at_once_and_costs_no_new_chunks() {
    let (_database, mut client) = handbook();
    let body = "Holidays are announced in spring. quokka";
    load(&mut client, "r", "2026-01-02", &[("open", body, r#"["group:it"]"#)]);
    assert_eq!(seen(&mut client, "null"), "");
    assert_eq!(seen(&mut client, r#"'{"as": "group:it"}'"#), "open");
    process(&mut client, "r");
    load(&mut client, "r", "2026-01-03", &[("open", body, "")]);
    assert_eq!(seen(&mut client, "null"), "open");
}

#[test]
fn a_page_that_is_opened_shows_its_new_version_only() {
    let (_database, mut client) = handbook();
    load(&mut client, "r", "2026-01-02", &[("pay", "How salaries are set.", "")]);
    let text = "select text from graphdb.search('salaries')";
    // The old text was written for HR.
    assert_eq!(ask(&mut client, text), "");
    let token = claim(&mut client, "chunk", "r");
    stage_chunks(&mut client, "r");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    assert_eq!(ask(&mut client, text), "");
    let token = claim(&mut client, "embed", "r");
    store_vectors(&mut client, "r", token);
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token}, 'm')"));
    assert_eq!(ask(&mut client, text), "How salaries are set.");
}

#[test]
fn readers_that_cannot_be_understood_are_nobody() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    let strange = [
        ("a", "x", "null"),
        ("b", "x", "[]"),
        ("c", "x", "[[]]"),
        ("d", "x", r#"[["group:hr"], []]"#),
        ("e", "x", r#"["group:hr", 3]"#),
        ("f", "x", r#"[["group:hr", 3]]"#),
        ("g", "x", r#"["group:hr", ["group:hr"]]"#),
        ("h", "x", r#""group:hr""#),
        ("i", "x", r#"{"group": "hr"}"#),
        ("j", "x", "true"),
        ("k", "x", r#"[["group:hr"], null]"#),
        ("l", "x", r#"[["group:hr"], ["group:hr", "user:ann"]]"#),
    ];
    load(&mut client, "r", "2026-01-01", &strange);
    process(&mut client, "r");
    assert_eq!(ask(&mut client, "select string_agg(doc_id, '') from graphdb.list_documents()"), "a");
    let as_hr = r#"select string_agg(doc_id, '') from graphdb.list_documents(p_filter => '{"as": "group:hr"}')"#;
    assert_eq!(ask(&mut client, as_hr), "al");
}

#[test]
fn few_readable_documents_among_many_are_all_found() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    let ids: Vec<String> = (0..400).map(|number| format!("d{number:03}")).collect();
    let readers = |number: usize| if number % 100 == 7 { r#"["group:few"]"# } else { r#"["group:many"]"# };
    let documents: Vec<(&str, &str, &str)> =
        ids.iter().enumerate().map(|(number, id)| (id.as_str(), "the same words", readers(number))).collect();
    load(&mut client, "r", "2026-01-01", &documents);
    process(&mut client, "r");
    ask(&mut client, "select graphdb.refresh_search()");
    let found = |client: &mut Client, query: &str| {
        let found = format!(
            r#"select string_agg(doc_id, ',' order by doc_id) from graphdb.search({query}, p_limit => 10, p_filter => '{{"as": "group:few"}}')"#
        );
        ask(client, &found)
    };
    assert_eq!(found(&mut client, "'the same words'"), "d007,d107,d207,d307");
    assert_eq!(found(&mut client, "'', '[1,0,0]'"), "d007,d107,d207,d307");
}
