//! Each kind of role has exactly its rights.

use postgres::Client;

use super::fixture::{ask, chunk, claim, load, refused, register_model, stage, stage_chunks, status, store_vectors};
use crate::support::TestDatabase;

/// Creates a role of this kind and connects as this role. Its name contains the test, because roles belong to the whole
/// cluster.
pub fn connect_as(database: &TestDatabase, kind: &str, test: &str) -> Client {
    role_of(database, kind, &format!("{kind} \"of\" {test}"), "")
}

/// Makes a role of this name and kind with more arguments of `grant_role`, such as `, '{group:hr}'`, and connects as it.
pub fn role_of(database: &TestDatabase, kind: &str, role: &str, more: &str) -> Client {
    let quoted = format!("\"{}\"", role.replace('"', "\"\""));
    let mut client = database.connect();
    ask(&mut client, &format!("create role {quoted} login"));
    let grant = format!("select graphdb.grant_role($1, $2{more})");
    client.query(&grant, &[&role, &kind]).unwrap();
    // Granting twice has the same effect as once.
    client.query(&grant, &[&role, &kind]).unwrap();
    database.connect_as(&quoted[1..quoted.len() - 1])
}

/// Statements that only the owner may execute.
const WRITES: [&str; 20] = [
    "update graphdb.processed_runs set priority = 1",
    "delete from graphdb.processed_runs",
    "truncate graphdb.processed_runs",
    "insert into graphdb.processed_runs (run_id, source) values ('x', 'y')",
    "select * from graphdb.processed_runs for update",
    "delete from graphdb.run_attempts",
    "update graphdb.documents set title = ''",
    "delete from graphdb.chunks",
    "insert into graphdb.embedding_models (model, provider, dimension, normalized) values ('x', 'y', 1, true)",
    "insert into graphdb.embeddings values (1, sha256('x'), '[1]')",
    "delete from graphdb.embeddings",
    "update graphdb.schema_migrations set version = 2",
    "insert into graphdb.schema_functions values ('x', repeat('0', 64), '1')",
    "select nextval('graphdb.claim_tokens')",
    "select setval('graphdb.claim_tokens', 1)",
    "create table graphdb.mine ()",
    "create function graphdb.mine() returns integer language sql as 'select 1'",
    "alter table graphdb.processed_runs disable trigger all",
    "select graphdb.grant_role(current_user::text, 'admin')",
    "drop function graphdb.clock()",
];

fn refuses_writes(client: &mut Client) {
    for statement in WRITES {
        refused(client, statement, "42501");
    }
    let private = "select p.oid::regprocedure from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace \
                   and p.proname like '\\_%' and has_function_privilege(p.oid, 'execute')";
    assert_eq!(ask(client, private), "");
}

#[test]
fn a_worker_does_the_whole_work() {
    let database = TestDatabase::new();
    load(&mut database.connect(), "r", "2026-01-01", &[("a", "one")]);
    let mut client = connect_as(&database, "worker", "work");
    ask(&mut client, "select graphdb.require_schema(1000), graphdb.clock()");
    register_model(&mut client);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, &format!("select graphdb.renew_claim('r', {token}); select graphdb.renew_claims(array[{token}])"));
    store_vectors(&mut client, "r", token);
    ask(&mut client, "insert into pg_temp.staged_embeddings values (sha256('more'), '[1,0,0]')");
    ask(&mut client, &format!("select graphdb.store_staged_embeddings({token}, 'm')"));
    ask(&mut client, &format!("select graphdb.release_run('r', {token})"));
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, &format!("select graphdb.fail_run('r', {token}, 'no', '0')"));
    ask(&mut client, "select graphdb.recover_expired_claims()");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token})"));
    assert_eq!(status(&mut client, "r"), "embedded");
    looks_at_everything(&mut client);
    ask(&mut client, "select * from graphdb.processed_runs");
}

fn looks_at_everything(client: &mut Client) {
    assert_eq!(ask(client, "select total from graphdb.backlog_status"), "1");
    for call in [
        "backlog()",
        "list_runs()",
        "run_history('r')",
        "model_use()",
        "list_sources()",
        "list_labels()",
        "list_meta_keys()",
        "list_models()",
        "overlapping_runs('r')",
        "searched_documents()",
        "role_rights()",
    ] {
        ask(client, &format!("select * from graphdb.{call}"));
    }
    for table in ["documents", "chunks", "embedding_models", "embeddings"] {
        ask(client, &format!("select * from graphdb.{table}"));
    }
    ask(client, "select run_id, status, claimed_by from graphdb.processed_runs");
    ask(client, "select run_id, outcome from graphdb.run_attempts");
}

#[test]
fn a_worker_does_nothing_else() {
    let database = TestDatabase::new();
    load(&mut database.connect(), "r", "2026-01-01", &[("a", "one")]);
    let mut client = connect_as(&database, "worker", "nothing else");
    refuses_writes(&mut client);
    stage(&mut client, &[("a", "other")]);
    for call in [
        "reset_runs()",
        "delete_runs('{}')",
        "prune_embeddings()",
        "register_run('s', 'dita')",
        "load_documents('r', 'dita')",
    ] {
        refused(&mut client, &format!("select graphdb.{call}"), "42501");
    }
    assert_eq!(status(&mut client, "r"), "normalized");
}

#[test]
fn a_reader_only_looks() {
    let database = TestDatabase::new();
    load(&mut database.connect(), "r", "2026-01-01", &[("a", "one")]);
    let mut client = connect_as(&database, "reader", "looks");
    looks_at_everything(&mut client);
    refuses_writes(&mut client);
    // They tell of documents that the role may not read.
    refused(&mut client, "select total_docs from graphdb.processed_runs", "42501");
    refused(&mut client, "select error from graphdb.run_attempts", "42501");
    for call in [
        "claim_run('chunk', 'w')",
        "claim_runs('chunk', 'w')",
        "renew_claim('r', 1)",
        "renew_claims('{1}')",
        "complete_run('r', 'chunk', 1)",
        "complete_runs('{r}', 'chunk', '{1}')",
        "release_run('r', 1)",
        "fail_run('r', 1, 'no')",
        "recover_expired_claims()",
        "create_staging()",
        "replace_chunks('r', 1)",
        "store_embeddings(1, 'm', '{}', '{}')",
        "store_staged_embeddings(1, 'm')",
        "register_model('m', 'hash', 3)",
        "reset_runs()",
        "delete_runs('{}')",
        "prune_embeddings()",
        "register_run('s', 'dita')",
        "load_documents('r', 'dita')",
    ] {
        refused(&mut client, &format!("select graphdb.{call}"), "42501");
    }
}

#[test]
fn an_admin_registers_loads_resets_and_deletes_through_the_functions_only() {
    let database = TestDatabase::new();
    let mut client = connect_as(&database, "admin", "registers");
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    register_model(&mut client);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    store_vectors(&mut client, "r", token);
    let reset = "select reset, deleted_vectors, deleted_chunks from graphdb.reset_runs(p_scope => 'all', p_force => true, p_delete_chunks => true)";
    assert_eq!(ask(&mut client, reset), "1 1 1");
    ask(&mut client, "select graphdb.register_run('s', 'dita', 0)");
    refuses_writes(&mut client);
    ask(&mut client, "select graphdb.prune_embeddings()");
    assert_eq!(ask(&mut client, "select deleted from graphdb.delete_runs('{}')"), "2");
}

#[test]
fn a_role_of_another_kind_keeps_nothing_of_the_old_one() {
    let database = TestDatabase::new();
    let mut client = connect_as(&database, "admin", "demoted");
    let role = ask(&mut client, "select current_user");
    database.connect().query("select graphdb.grant_role($1, 'reader')", &[&role]).unwrap();
    refused(&mut client, "select graphdb.reset_runs()", "42501");
    refused(&mut client, "select graphdb.claim_run('chunk', 'w')", "42501");
    ask(&mut client, "select graphdb.list_runs()");
}

#[test]
fn staging_is_for_the_role_that_was_taken() {
    let database = TestDatabase::new();
    let mut client = connect_as(&database, "worker", "taken");
    let worker = ask(&mut client, "select quote_ident(current_user)");
    ask(&mut database.connect(), &format!("create role \"member of taken\"; grant {worker} to \"member of taken\""));
    let mut member = database.connect_as("member of taken");
    ask(&mut member, &format!("set role {worker}; select graphdb.create_staging()"));
    ask(&mut member, "insert into pg_temp.staged_embeddings values ('\\x00', '[1]')");
}

#[test]
fn a_stranger_cannot_even_look() {
    let database = TestDatabase::new();
    ask(&mut database.connect(), "create role \"a stranger\" login");
    let mut client = database.connect_as("a stranger");
    for statement in
        ["select * from graphdb.processed_runs", "select graphdb.clock()", "select graphdb.claim_run('chunk', 'w')"]
    {
        refused(&mut client, statement, "42501");
    }
}

#[test]
fn a_role_or_a_kind_that_does_not_exist_is_refused() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for arguments in
        ["'nobody at all', 'worker'", "null, 'worker'", "current_user::text, 'owner'", "current_user::text, null"]
    {
        refused(&mut client, &format!("select graphdb.grant_role({arguments})"), "TB001");
    }
}

#[test]
fn every_function_is_for_somebody() {
    let database = TestDatabase::new();
    let mut client = connect_as(&database, "admin", "every function");
    let not_granted = "select p.proname from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace \
                       and p.proname not like '\\_%' and not has_function_privilege(p.oid, 'execute')";
    assert_eq!(ask(&mut client, not_granted), "grant_role");
}

#[test]
fn the_staging_tables_can_be_filled_and_emptied_and_not_changed() {
    let database = TestDatabase::new();
    load(&mut database.connect(), "r", "2026-01-01", &[("a", "one")]);
    let mut client = connect_as(&database, "worker", "staging");
    stage_chunks(&mut client, "r");
    ask(&mut client, "create function pg_temp.run() returns trigger language plpgsql as $$ begin return new; end $$");
    for statement in [
        "create trigger t before insert on pg_temp.staged_chunks for each row execute function pg_temp.run()",
        "create rule r as on insert to pg_temp.staged_chunks do also notify hijacked",
        "alter table pg_temp.staged_chunks alter text set default 'x'",
        "alter table pg_temp.staged_chunks add check (true)",
        "create policy p on pg_temp.staged_chunks",
        "create index on pg_temp.staged_chunks (text)",
        "drop table pg_temp.staged_chunks",
        "alter table pg_temp.staged_chunks rename to other",
        "update pg_temp.staged_chunks set text = ''",
    ] {
        refused(&mut client, statement, "42501");
    }
}

#[test]
fn lists_of_roles_contain_neither_the_owner_nor_dropped_roles() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    drop(role_of(&database, "reader", "listed and dropped", ", '{group:hr}'"));
    let listed = "select (select string_agg(role, ',') from graphdb.role_rights()), (select string_agg(role, ',') from graphdb.role_readers())";
    assert_eq!(ask(&mut client, listed), "listed and dropped listed and dropped");
    ask(&mut client, "drop owned by \"listed and dropped\"");
    ask(&mut client, "drop role \"listed and dropped\"");
    assert_eq!(ask(&mut client, listed), "- -");
}
