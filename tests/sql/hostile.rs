//! Objects in a role's own schema or in `pg_temp` are never executed with the owner's rights.

use postgres::Client;

use super::fixture::{ask, chunk, claim, load, refused, register_model, stage_chunks, status, store_vectors, try_ask};
use super::rights::connect_as;
use crate::support::TestDatabase;

/// Returns a role whose search path begins with a schema of hostile functions and operators, which all raise `hijacked`.
fn with_traps(database: &TestDatabase, kind: &str, test: &str) -> Client {
    let mut client = connect_as(database, kind, test);
    let role = ask(&mut client, "select quote_ident(current_user)");
    ask(
        &mut database.connect(),
        &format!("create schema traps authorization {role}; grant create on schema public to {role}"),
    );
    ask(
        &mut client,
        "set check_function_bodies = off; \
         create function traps.spring() returns boolean language plpgsql as $$ begin raise exception 'hijacked as %', current_user; end $$",
    );
    for function in [
        "now() returns timestamptz",
        "statement_timestamp() returns timestamptz",
        "clock() returns timestamptz",
        "format(text, text) returns text",
        "quote_literal(text) returns text",
        "sha256(bytea) returns bytea",
        "convert_to(text, name) returns bytea",
        "cardinality(anyarray) returns integer",
        "vector_dims(public.vector) returns integer",
        "vector_norm(public.vector) returns double precision",
        "pg_notify(text, text) returns void",
        "jsonb_typeof(jsonb) returns text",
        "length(text) returns integer",
        "left(text, integer) returns text",
        "current_setting(text, boolean) returns text",
        "to_regclass(text) returns regclass",
    ] {
        let definition =
            format!("create function traps.{function} language plpgsql as $$ begin perform traps.spring(); end $$");
        ask(&mut client, &definition);
    }
    // In pgvector's schema, a function with matching types would be preferred to the function of the server.
    for function in [
        "format(text, name) returns text",
        "format(text, text) returns text",
        "format(text, integer) returns text",
        "cardinality(bytea[]) returns integer",
        "cardinality(public.vector[]) returns integer",
    ] {
        let definition =
            format!("create function public.{function} language plpgsql as $$ begin perform traps.spring(); end $$");
        ask(&mut client, &definition);
    }
    for (left, operator, right) in [
        ("text", "=", "text"),
        ("text", "<>", "text"),
        ("text", "~", "text"),
        ("text", "!~", "text"),
        ("text", "||", "text"),
        ("bytea", "=", "bytea"),
        ("bigint", "=", "bigint"),
        ("integer", "=", "integer"),
        ("integer", "<", "integer"),
        ("integer", "<>", "integer"),
        ("integer", "+", "integer"),
        ("timestamptz", "<=", "timestamptz"),
        ("timestamptz", "+", "interval"),
        ("jsonb", "->", "text"),
        ("jsonb", "#>>", "text[]"),
    ] {
        let name = hex::encode(operator);
        let definition = format!(
            "create function traps.op_{name}({left}, {right}) returns boolean language plpgsql as $$ begin return traps.spring(); end $$; \
             create operator traps.{operator} (leftarg = {left}, rightarg = {right}, function = traps.op_{name})"
        );
        ask(&mut client, &definition);
    }
    for (name, columns) in [("processed_runs", "run_id text"), ("chunks", "run_id text"), ("pg_class", "oid oid")] {
        ask(&mut client, &format!("create temp table {name} ({columns})"));
    }
    client
}

/// Checks that the traps work if our functions have no path of their own.
fn traps_spring(client: &mut Client) {
    let error = refused(client, "set search_path = traps, pg_catalog, public; select 'a'::text = 'b'::text", "P0001");
    assert!(error.message().starts_with("hijacked"), "{error}");
}

#[test]
fn a_workers_own_functions_and_operators_are_not_used() {
    let database = TestDatabase::new();
    load(&mut database.connect(), "r", "2026-01-01", &[("a", "one")]);
    let mut client = with_traps(&database, "worker", "traps");
    traps_spring(&mut client);
    let path = "set search_path = traps, pg_catalog, public";
    let calm = "set search_path = pg_catalog, public";
    // The queries of the helpers need a normal path. Our functions are called with the hostile path.
    ask(&mut client, calm);
    stage_chunks(&mut client, "r");
    ask(&mut client, path);
    let token = ask(&mut client, "select claim_token from graphdb.claim_run('chunk', 'w')");
    for call in [
        format!("graphdb.renew_claim('r', {token}, '45 minutes', 1)"),
        format!("graphdb.renew_claims('{{{token}}}', '45 minutes', '{{2}}')"),
        format!("graphdb.replace_chunks('r', {token})"),
        format!("graphdb.complete_run('r', 'chunk', {token})"),
        "graphdb.register_model('m', 'hash', 3)".into(),
        "graphdb.recover_expired_claims()".into(),
        r#"graphdb.backlog('embed', '{"source": "confluence", "run_id_glob": "r*", "normalized_from": "2026-01-01", "limit": 2}')"#.into(),
        "graphdb.list_runs('{\"status\": \"chunked\"}')".into(),
        "graphdb.run_history('r')".into(),
        "graphdb.run_documents('r')".into(),
        "graphdb.model_use()".into(),
        "graphdb.pending_inputs('r', 'm')".into(),
        "graphdb.backlog_status".into(),
        "graphdb.require_schema(9999)".into(),
        "graphdb.create_staging()".into(),
        "graphdb.missing_vector_indexes()".into(),
        "graphdb.search('one', '[1,0,0]', 'm')".into(),
        "graphdb.refresh_search()".into(),
    ] {
        ask(&mut client, &format!("select * from {call}"));
    }
    let filter = r#"{"run_ids": ["r"], "source": "confluence"}"#;
    let claim = format!("select claim_token from graphdb.claim_runs('embed', 'w', '45 minutes', 3, '{filter}')");
    let token = ask(&mut client, &claim);
    ask(&mut client, "insert into pg_temp.staged_embeddings select c.input_sha256, '[1,0,0]' from graphdb.chunks as c");
    ask(&mut client, &format!("select graphdb.store_staged_embeddings({token}, 'm')"));
    ask(&mut client, &format!("select graphdb.store_embeddings({token}, 'm', '{{}}', '{{}}')"));
    ask(&mut client, &format!("select graphdb.fail_run('r', {token}, 'no', '0')"));
    let token = ask(&mut client, &claim);
    ask(&mut client, &format!("select graphdb.release_run('r', {token})"));
    let token = ask(&mut client, &claim);
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token}, 'm')"));
    ask(&mut client, calm);
    assert_eq!(status(&mut client, "r"), "embedded");
}

#[test]
fn an_admins_own_functions_and_operators_are_not_used() {
    let database = TestDatabase::new();
    let mut client = with_traps(&database, "admin", "traps");
    traps_spring(&mut client);
    ask(
        &mut client,
        "set search_path = pg_catalog, public; select graphdb.create_staging(); set search_path = traps, pg_catalog, public",
    );
    ask(&mut client, "insert into pg_temp.staged_documents values ('a', 'T', null, null, '{}', '{}', '{}', 'text')");
    for arguments in ["'r', 'dita'", "'r', 'other'"] {
        ask(&mut client, &format!("select * from graphdb.load_documents({arguments})"));
    }
    for filter in [r#"'{"run_id_glob": "r*", "status": ["normalized", "reset"]}'"#, "null"] {
        for scope in ["processed", "embeddings", "all"] {
            for dry in ["true", "false"] {
                let reset = format!("select * from graphdb.reset_runs({filter}, '{scope}', {dry}, true, 5, true)");
                ask(&mut client, &reset);
            }
        }
    }
}

#[test]
fn a_table_or_view_in_the_place_of_a_staging_table_is_refused_unread() {
    for (number, place) in [
        "create temp view staged_{} as select * from pg_temp.spring()",
        "create temp table staged_{} (input_sha256 bytea, embedding vector)",
        "create temp table parent (input_sha256 bytea, embedding vector); create temp table staged_{} () inherits (parent)",
    ]
    .iter()
    .enumerate()
    {
        let database = TestDatabase::new();
        let mut owner = database.connect();
        load(&mut owner, "r", "2026-01-01", &[("a", "one")]);
        register_model(&mut owner);
        let mut client = connect_as(&database, "admin", &format!("staging {number}"));
        ask(
            &mut client,
            "create function pg_temp.spring() returns table (input_sha256 bytea, embedding vector) language plpgsql as \
             $$ begin raise exception 'hijacked as %', current_user; end $$",
        );
        for table in ["documents", "chunks", "embeddings"] {
            ask(&mut client, &place.replace("{}", table).replace("parent", &format!("parent_{table}")));
        }
        // It may be rejected here or at the first use, but it is never accepted.
        let _ = try_ask(&mut client, "select graphdb.create_staging()");
        refused(&mut client, "select graphdb.load_documents('s', 'dita')", "TB001");
        let token = claim(&mut client, "chunk", "r");
        refused(&mut client, &format!("select graphdb.replace_chunks('r', {token})"), "TB001");
        ask(&mut client, &format!("select graphdb.release_run('r', {token})"));
        chunk(&mut owner, "r");
        let token = claim(&mut client, "embed", "r");
        refused(&mut client, &format!("select graphdb.store_staged_embeddings({token}, 'm')"), "TB001");
        store_vectors(&mut client, "r", token);
    }
}

#[test]
fn settings_of_the_session_do_not_change_what_is_verified() {
    let database = TestDatabase::new();
    load(&mut database.connect(), "r", "2026-01-01", &[("a", "one")]);
    let mut client = connect_as(&database, "worker", "settings");
    register_model(&mut client);
    ask(
        &mut client,
        "set transform_null_equals = on; set array_nulls = off; set bytea_output = 'escape'; set intervalstyle = 'iso_8601'; \
         set datestyle = 'German'; set timezone = 'Asia/Kolkata'; set standard_conforming_strings = off; \
         set escape_string_warning = off; set search_path = ''; set lc_numeric = 'C'",
    );
    let token = ask(&mut client, "select claim_token from graphdb.claim_run('chunk', 'w')");
    refused(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"), "TB003");
    stage_chunks(&mut client, "r");
    ask(&mut client, &format!("select graphdb.replace_chunks('r', {token})"));
    ask(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"));
    let token = ask(&mut client, "select claim_token from graphdb.claim_run('embed', 'w')");
    refused(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token})"), "TB003");
}
