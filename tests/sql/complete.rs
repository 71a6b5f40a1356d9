//! The checks and counts of `complete_run`, and valid vectors.

use postgres::Client;

use super::fixture::{
    MODEL, Waiting, ask, chunk, claim, embed, load, refused, register_model, stage_chunks, status, store_vectors,
    try_ask,
};
use crate::support::TestDatabase;

fn counts(client: &mut Client) -> String {
    ask(client, "select status, total_docs, total_chunks, embedded_chunks from graphdb.processed_runs order by run_id")
}

#[test]
fn a_run_with_a_document_without_chunks_is_not_chunked() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two")]);
    let token = claim(&mut client, "chunk", "r");
    stage_chunks(&mut client, "r");
    ask(&mut client, "delete from pg_temp.staged_chunks where doc_id = 'b'");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
    let error = refused(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"), "TB003");
    assert!(error.message().contains("\"b\""), "{error}");
    assert_eq!(status(&mut client, "r"), "chunking");
    // The claim is still valid, so the worker can do the rest.
    stage_chunks(&mut client, "r");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    assert_eq!(counts(&mut client), "chunked 2 2 -");
}

#[test]
fn what_was_written_under_the_claim_in_the_meantime_is_counted() {
    for call in ["complete_run('r', 'chunk', TOKEN)", "complete_runs('{r}', 'chunk', '{TOKEN}')"] {
        let database = TestDatabase::new();
        let mut writer = database.connect();
        load(&mut writer, "r", "2026-01-01", &[("a", "one")]);
        chunk(&mut writer, "r");
        ask(&mut writer, "select graphdb.reset_runs()");
        let token = claim(&mut writer, "chunk", "r");
        // The chunks are deleted when this statement ends.
        ask(
            &mut writer,
            &format!("truncate pg_temp.staged_chunks; begin; select graphdb.replace_chunks('r', {token})"),
        );
        std::thread::scope(|scope| {
            let completing = scope.spawn(|| {
                let call = call.replace("TOKEN", &token.to_string());
                try_ask(&mut database.connect(), &format!("select graphdb.{call}"))
            });
            database.wait_until_blocked(1);
            ask(&mut writer, "commit");
            let error = completing.join().unwrap().expect_err(call);
            assert_eq!(error.code().unwrap().code(), "TB003", "{call}");
        });
    }
}

#[test]
fn a_blank_document_needs_no_chunks() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", " \n\t"), ("b", "")]);
    chunk(&mut client, "r");
    assert_eq!(counts(&mut client), "chunked 2 0 -");
}

#[test]
fn whether_a_document_is_blank_does_not_depend_on_the_session() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "text")]);
    let token = claim(&mut client, "chunk", "r");
    // PostgreSQL 19 supports only the value on.
    ask(&mut client, "set standard_conforming_strings = off; set escape_string_warning = off");
    refused(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"), "TB003");
}

#[test]
fn a_run_with_a_chunk_without_a_vector_is_not_embedded() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two"), ("c", "one")]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    let complete = format!("select graphdb.complete_run('r', 'embed', {token})");
    refused(&mut client, &complete, "TB003");
    let one = format!("select graphdb.store_embeddings({token}, '{MODEL}', array[sha256('one')], '{{\"[1,0,0]\"}}')");
    assert_eq!(ask(&mut client, &one), "1");
    let error = refused(&mut client, &complete, "TB003");
    assert!(error.message().starts_with("1 of 3 chunks"), "{error}");
    assert_eq!(counts(&mut client), "embedding 3 3 -");
    assert_eq!(store_vectors(&mut client, "r", token), "1");
    ask(&mut client, &complete);
    assert_eq!(counts(&mut client), "embedded 3 3 3");
}

#[test]
fn a_worker_cannot_say_how_much_it_did() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two")]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, &format!("select graphdb.renew_claim('r', {token}, '1 hour', 999)"));
    store_vectors(&mut client, "r", token);
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token})"));
    assert_eq!(counts(&mut client), "embedded 2 2 2");
    let history = "select phase, total_docs, total_chunks, embedded_chunks from graphdb.run_history('r')";
    assert_eq!(ask(&mut client, history), "chunk 2 2 -\nembed 2 2 2");
}

#[test]
fn a_run_without_documents_goes_all_the_way() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    database.register_runs(1);
    chunk(&mut client, "r01");
    embed(&mut client, "r01");
    assert_eq!(counts(&mut client), "embedded 0 0 0");
}

#[test]
fn a_phase_is_completed_under_a_claim_for_it() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    database.register_runs(1);
    let token = claim(&mut client, "chunk", "r01");
    refused(&mut client, &format!("select graphdb.complete_run('r01', 'embed', {token})"), "TB001");
    refused(&mut client, &format!("select graphdb.complete_run('r01', 'all', {token})"), "TB001");
    refused(&mut client, &format!("select graphdb.complete_run('r01', null, {token})"), "TB001");
}

#[test]
fn chunks_that_were_swapped_and_not_verified_cannot_be_embedded() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two")]);
    chunk(&mut client, "r");
    ask(&mut client, "select graphdb.reset_runs()");
    let token = claim(&mut client, "chunk", "r");
    ask(&mut client, "truncate pg_temp.staged_chunks");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
    ask(&mut client, &format!("select graphdb.release_run('r', {token})"));
    assert_eq!(ask(&mut client, "select run_id from graphdb.claim_run('embed', 'w')"), "");
    assert_eq!(ask(&mut client, "select run_id from graphdb.claim_run('chunk', 'w')"), "r");
}

#[test]
fn a_text_is_embedded_once_for_each_model() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    for run_id in ["r", "s"] {
        load(&mut client, run_id, "2026-01-01", &[(run_id, "same")]);
        chunk(&mut client, run_id);
    }
    embed(&mut client, "r");
    let pending = "select count(*) from graphdb.pending_inputs('s', 'm')";
    assert_eq!(ask(&mut client, pending), "0");
    let token = claim(&mut client, "embed", "s");
    let again =
        format!("select graphdb.store_embeddings({token}, '{MODEL}', array[sha256('same')], '{{\"[0,0,1]\"}}')");
    assert_eq!(ask(&mut client, &again), "0");
    assert_eq!(ask(&mut client, "select embedding from graphdb.embeddings"), "[1,0,0]");
    // Another model is independent.
    ask(&mut client, "select graphdb.register_model('n', 'hash', 2)");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.pending_inputs('s', 'n')"), "1");
    let complete = |model: &str| {
        format!("select status, embedding_model from graphdb.complete_run('s', 'embed', {token}, {model})")
    };
    refused(&mut client, &complete("'absent'"), "TB001");
    refused(&mut client, &complete("'n'"), "TB003");
    ask(&mut client, &format!("select graphdb.store_embeddings({token}, 'n', array[sha256('same')], '{{\"[0,1]\"}}')"));
    assert_eq!(ask(&mut client, &complete("'n'")), "embedded n");
    assert_eq!(
        ask(&mut client, "select model, vectors, wrong_dimension, runs from graphdb.model_use()"),
        "m 1 0 1\nn 1 0 1"
    );
}

#[test]
fn a_vector_that_could_not_be_searched_is_not_stored() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    for bad in ["[0,0,0]", "[1,0]", "[1,0,0,0]", "NULL"] {
        let store = format!(
            "select graphdb.store_embeddings({token}, '{MODEL}', array[sha256('one'), sha256('two')], \
             array['[1,0,0]', nullif('{bad}', 'NULL')]::vector[])"
        );
        refused(&mut client, &store, "TB001");
    }
    for bad in ["[0,0,0]", "[1,0]"] {
        ask(
            &mut client,
            &format!(
                "truncate pg_temp.staged_embeddings; insert into pg_temp.staged_embeddings values (sha256('a'), '[1,0,0]'), (sha256('b'), '{bad}')"
            ),
        );
        refused(&mut client, &format!("select graphdb.store_staged_embeddings({token}, '{MODEL}')"), "TB001");
    }
    refused(&mut client, "select '[1,NaN,0]'::vector", "22000");
    let unequal = format!("select graphdb.store_embeddings({token}, '{MODEL}', array[sha256('one')], '{{}}')");
    refused(&mut client, &unequal, "TB001");
    refused(&mut client, &format!("select graphdb.store_embeddings({token}, 'absent', '{{}}', '{{}}')"), "TB001");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.embeddings"), "0");
}

#[test]
fn chunks_that_are_the_same_again_are_not_written_again() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let rows = "select string_agg(format('%s %s %s', c.doc_id, c.text, c.ctid), ', ' order by c.doc_id) \
                from graphdb.chunks as c join graphdb.documents as d using (run_id, doc_id, revision) where d.is_current";
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two"), ("c", "three")]);
    chunk(&mut client, "r");
    assert_eq!(ask(&mut client, rows), "a one (0,1), b two (0,2), c three (0,3)");
    load(&mut client, "r", "2026-01-02", &[("a", "one"), ("b", "new"), ("d", "four")]);
    chunk(&mut client, "r");
    assert_eq!(ask(&mut client, rows), "a one (0,1), b new (0,4), d four (0,5)");
    ask(&mut client, "select graphdb.reset_runs('{}', 'all')");
    let token = claim(&mut client, "chunk", "r");
    stage_chunks(&mut client, "r");
    ask(&mut client, "update pg_temp.staged_chunks set heading_path = '{Title}' where doc_id = 'a'");
    assert_eq!(ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})")), "3");
    assert_eq!(ask(&mut client, rows), "a one (0,6), b new (0,4), d four (0,5)");
}

#[test]
fn staged_vectors_are_stored_once_and_the_table_is_emptied() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    let store = format!("select graphdb.store_staged_embeddings({token}, '{MODEL}')");
    for stored in ["1", "0"] {
        ask(
            &mut client,
            "insert into pg_temp.staged_embeddings values (sha256('one'), '[1,0,0]'), (sha256('one'), '[1,0,0]')",
        );
        assert_eq!(ask(&mut client, &store), stored);
        assert_eq!(ask(&mut client, "select count(*) from pg_temp.staged_embeddings"), "0");
    }
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token})"));
}

#[test]
fn a_model_is_registered_again_with_the_same_shape_only() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let register = |shape: &str| format!("select model_id from graphdb.register_model('m', 'hash', {shape})");
    let first = ask(&mut client, &register("3"));
    assert_eq!(ask(&mut client, &register("3, true, '', ''")), first);
    for shape in ["4", "3, false", "3, true, 'query: '", "3, true, '', 'passage: '"] {
        refused(&mut client, &register(shape), "TB001");
    }
}

#[test]
fn a_limit_below_one_is_refused() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    for limit in ["null", "0", "-1"] {
        for call in
            ["pending_inputs('r', 'm', p_limit => ", "run_documents('r', p_limit => ", "recover_expired_claims("]
        {
            refused(&mut client, &format!("select graphdb.{call}{limit})"), "TB001");
        }
    }
}

#[test]
fn pending_inputs_pages_through_each_text_once() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two"), ("c", "one"), ("d", "three")]);
    chunk(&mut client, "r");
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page =
            format!("select encode(input_sha256, 'hex'), text from graphdb.pending_inputs('r', 'm', '\\x{after}', 1)");
        match ask(&mut client, &page).split_once(' ') {
            Some((hash, text)) => {
                assert!(hash > after.as_str());
                seen.push(text.to_owned());
                hash.clone_into(&mut after);
            }
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["one", "three", "two"]);
    refused(&mut client, "select graphdb.pending_inputs('r', 'absent')", "TB001");
}

#[test]
fn a_vector_that_another_worker_stored_meanwhile_is_left_and_the_others_are_stored() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two")]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    let store = |texts: &str, vectors: &str| {
        format!(
            "select graphdb.store_embeddings({token}, '{MODEL}', array(select sha256(t::bytea) from unnest('{{{texts}}}'::text[]) as t), '{vectors}')"
        )
    };
    assert_eq!(ask(&mut client, &store("one", r#"{"[1,0,0]"}"#)), "1");
    assert_eq!(ask(&mut client, &store("one,two,two", r#"{"[0,1,0]","[0,0,1]","[0,0,1]"}"#)), "1");
    let vectors = "select string_agg(e.embedding::text, ' ' order by e.embedding) from graphdb.embeddings as e";
    assert_eq!(ask(&mut client, vectors), "[0,0,1] [1,0,0]");
}

/// Calling a function for each text would take most of the time.
#[test]
fn reading_and_storing_texts_calls_no_function_for_each() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    let texts: Vec<String> = (0..40).map(|number| format!("text {number}")).collect();
    let documents: Vec<(&str, &str)> = texts.iter().map(|text| (text.as_str(), text.as_str())).collect();
    load(&mut client, "few", "2026-01-01", &documents[..4]);
    load(&mut client, "many", "2026-01-01", &documents[4..]);
    let calls = |run_id: &str| {
        let mut client = database.connect();
        chunk(&mut client, run_id);
        let token = claim(&mut client, "embed", run_id);
        ask(&mut client, "begin; set local track_functions = 'all'");
        store_vectors(&mut client, run_id, token);
        let ours = "select string_agg(f.funcname || ' ' || f.calls, ', ' order by f.funcname) \
                    from pg_stat_xact_user_functions as f where f.schemaname = 'graphdb'";
        ask(&mut client, ours)
    };
    assert_eq!(calls("few"), calls("many"));
}

#[test]
fn batches_with_the_same_texts_do_not_deadlock() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    for run_id in ["r", "s", "t"] {
        load(&mut client, run_id, "2026-01-01", &[(run_id, run_id)]);
        chunk(&mut client, run_id);
    }
    let [holder, one, two] = ["r", "s", "t"].map(|run_id| claim(&mut client, "embed", run_id));
    let hash = |number: u8| format!("sha256('\\x{number:02x}'::bytea)");
    // The sessions write the first and the last text in opposite order. A third session writes the text between them at
    // the same time.
    let mut hashes = [hash(1), hash(2), hash(3)];
    hashes.sort_by_key(|hash| ask(&mut client, &format!("select encode({hash}, 'hex')")));
    let [low, middle, high] = &hashes;
    let store = |token: i64, texts: [&String; 3]| {
        let list = texts.map(String::as_str).join(", ");
        format!(
            "select graphdb.store_embeddings({token}, '{MODEL}', array[{list}], array_fill('[1,0,0]'::vector, '{{3}}'))"
        )
    };
    ask(
        &mut client,
        &format!(
            "begin; select graphdb.store_embeddings({holder}, '{MODEL}', array[{middle}], array['[1,0,0]']::vector[])"
        ),
    );
    let one = Waiting::start(&database, database.connect(), &store(one, [low, middle, high]));
    let two = Waiting::start(&database, database.connect(), &store(two, [high, middle, low]));
    ask(&mut client, "commit");
    for batch in [one, two] {
        batch.finish().1.unwrap();
    }
    assert_eq!(ask(&mut client, "select count(*) from graphdb.embeddings"), "3");
}
