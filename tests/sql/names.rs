//! The length of names is limited, and an error never repeats a long name.

use super::fixture::{ask, chunk, claim, load, refused, register_model, stage};
use crate::support::TestDatabase;

#[test]
fn a_name_that_is_too_long_is_refused_and_not_repeated() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    ask(
        &mut client,
        "create function public.long() returns text language sql immutable as $$ select repeat('é', 100000) $$",
    );
    for call in [
        "claim_run('chunk', public.long())",
        "claim_run(public.long(), 'w')",
        "claim_runs('chunk', public.long())",
        "claim_runs('chunk', 'w', '1 hour', 1, jsonb_build_object('run_ids', public.long()))",
        "claim_runs('chunk', 'w', '1 hour', 1, jsonb_build_object(public.long(), 1))",
        "register_run(public.long(), 'dita')",
        "register_run('s', public.long())",
        "register_run('s', 'dita', 0, null, public.long())",
        "register_model(public.long(), 'hash', 3)",
        "register_model('m', public.long(), 3)",
        "register_model('m', 'hash', 3, true, public.long())",
        "register_model('m', 'hash', 3, true, '', public.long())",
        "list_runs(jsonb_build_object('source', public.long()))",
        "list_runs(jsonb_build_object('source', jsonb_build_array(jsonb_build_array(public.long()))))",
        "list_runs(jsonb_build_object('status', public.long()))",
        "list_runs(jsonb_build_object('embedding_model', jsonb_build_array('m', public.long())))",
        "list_runs(jsonb_build_object('run_id_glob', public.long()))",
        "list_runs(jsonb_build_object('normalized_from', public.long()))",
        "list_runs(jsonb_build_object('limit', public.long()))",
        "search('one', null, null, 10, jsonb_build_object('label', public.long()))",
        "search('one', null, null, 10, jsonb_build_object('source', public.long()))",
        "search('one', null, null, 10, jsonb_build_object(public.long(), 1))",
        "search('one', '[1,0,0]', public.long())",
        "reset_runs(null, public.long())",
        "grant_role(public.long(), 'reader')",
        "grant_role(current_user::text, public.long())",
    ] {
        let error = refused(&mut client, &format!("select * from graphdb.{call}"), "TB001");
        let said = [Some(error.message()), error.hint(), error.detail()].map(|text| text.map_or(0, str::len));
        assert!(said.iter().sum::<usize>() < 1000, "{call}: {said:?}");
    }
}

#[test]
fn an_id_or_a_label_that_is_too_long_is_refused_when_it_is_loaded() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for row in ["repeat('d', 1025), 'T', null, null, '{}'", "'d', 'T', null, null, array['short', repeat('l', 1025)]"] {
        stage(&mut client, &[("a", "one")]);
        ask(&mut client, &format!("insert into pg_temp.staged_documents values ({row}, '{{}}', '{{}}', 'two')"));
        refused(&mut client, "select graphdb.load_documents('r', 'dita')", "TB001");
        assert_eq!(ask(&mut client, "select count(*) from graphdb.processed_runs"), "0");
    }
    stage(&mut client, &[("a", "one")]);
    let longest = "insert into pg_temp.staged_documents values (repeat('d', 1024), 'T', null, null, array[repeat('l', 1024)], '{}', '{}', 'two')";
    ask(&mut client, longest);
    assert_eq!(ask(&mut client, "select total_docs from graphdb.load_documents('r', 'dita')"), "2");
    chunk(&mut client, "r");
    let filter = "jsonb_build_object('label', repeat('l', 1024))";
    assert_eq!(ask(&mut client, &format!("select text from graphdb.search('two', p_filter => {filter})")), "two");
}

#[test]
fn the_longest_names_that_are_taken_can_be_used() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    ask(&mut client, "select graphdb.register_model(repeat('m', 256), repeat('p', 128), 3)");
    ask(&mut client, "select graphdb.register_run(repeat('r', 128), repeat('s', 128), 0)");
    let claim_it = "select claimed_by = repeat('w', 256) from graphdb.claim_run('chunk', repeat('w', 256))";
    assert_eq!(ask(&mut client, claim_it), "t");
    register_model(&mut client);
    claim(&mut client, "chunk", &"r".repeat(128));
}
