//! Installs once, twice, twenty times in parallel, over a newer version, and with pgvector in different schemas.

use postgres::{Client, NoTls};
use trailblazer::db::install::{State, functions, install, migrations, replaced, state};

use super::fixture::{ask, process, refused, status, try_ask};
use crate::support::TestDatabase;

/// Key of the advisory lock that every installation takes first.
const INSTALL_LOCK: i64 = 7_881_697_304_920_172;

/// Returns the description of everything in schema graphdb, with the ids of the objects.
fn catalog(client: &mut Client) -> String {
    [
        "select p.oid, pg_get_functiondef(p.oid), p.proacl, obj_description(p.oid, 'pg_proc') from pg_proc as p \
         where p.pronamespace = 'graphdb'::regnamespace order by p.oid",
        // A repeated migration creates the index of a key again.
        "select case c.relkind when 'i' then null else c.oid end, c.relname, c.relkind, c.relacl, c.reloptions, \
         obj_description(c.oid, 'pg_class') from pg_class as c where c.relnamespace = 'graphdb'::regnamespace order by c.relname",
        // Compare by name, because a repeated migration may create a column or a key again with another number.
        "select a.attrelid::regclass, a.attname, a.atttypid::regtype, a.attnotnull, col_description(a.attrelid, a.attnum), \
         (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef as d where d.adrelid = a.attrelid and d.adnum = a.attnum) \
         from pg_attribute as a join pg_class as c on c.oid = a.attrelid \
         where c.relnamespace = 'graphdb'::regnamespace and a.attnum > 0 and not a.attisdropped \
         order by a.attrelid::regclass::text, a.attname",
        "select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint \
         where connamespace = 'graphdb'::regnamespace order by 1, 2",
        "select indexdef from pg_indexes where schemaname = 'graphdb' order by indexname",
        "select pg_get_viewdef('graphdb.backlog_status'::regclass)",
        "select * from graphdb.schema_migrations order by version",
        "select * from graphdb.schema_functions order by name",
    ]
    .map(|query| ask(client, query))
    .join("\n--\n")
}

#[test]
fn a_second_install_changes_nothing() {
    let database = TestDatabase::empty();
    let mut client = database.connect();
    assert_eq!(state(&mut client).unwrap(), State::Missing);
    assert!(!install(&mut client).unwrap().is_empty());
    process(&mut client, "r", &["one"]);
    let before = (catalog(&mut client), super::fixture::contents(&mut client));
    assert_eq!(install(&mut client).unwrap(), Vec::<String>::new());
    assert_eq!((catalog(&mut client), super::fixture::contents(&mut client)), before);
    assert_eq!(state(&mut client).unwrap(), State::Current);
}

#[test]
fn every_statement_of_every_file_can_run_again() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let before = catalog(&mut client);
    ask(&mut client, "set client_min_messages = warning; set search_path = pg_catalog, public, pg_temp");
    for (_, file) in migrations() {
        client.batch_execute(&file.with_vector_in("public")).unwrap_or_else(|error| panic!("{}: {error:?}", file.name));
    }
    for file in functions() {
        client.batch_execute(&file.with_vector_in("public")).unwrap_or_else(|error| panic!("{}: {error:?}", file.name));
    }
    let mut again = database.connect();
    assert_eq!(catalog(&mut again), before);
}

#[test]
fn twenty_installs_at_once_all_succeed() {
    let database = TestDatabase::empty();
    let mut gate = database.connect();
    gate.execute("select pg_advisory_lock($1)", &[&INSTALL_LOCK]).unwrap();
    let installs: Vec<_> = (0..20)
        .map(|_| {
            let url = database.url.clone();
            std::thread::spawn(move || install(&mut Client::connect(&url, NoTls).unwrap()).map(|ran| ran.len()))
        })
        .collect();
    let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted \
                   and database = (select oid from pg_database where datname = current_database())";
    while ask(&mut gate, waiting) != "20" {
        assert!(!installs.iter().any(std::thread::JoinHandle::is_finished), "an install did not wait");
    }
    gate.execute("select pg_advisory_unlock($1)", &[&INSTALL_LOCK]).unwrap();
    let mut ran: Vec<usize> = installs.into_iter().map(|install| install.join().unwrap().unwrap()).collect();
    ran.sort_unstable();
    assert_eq!(ran[..19], [0; 19], "more than one installed something");
    assert_eq!(ran[19], migrations().count() + functions().count());
    assert_eq!(state(&mut gate).unwrap(), State::Current);
}

#[test]
fn an_install_that_fails_leaves_nothing() {
    let database = TestDatabase::empty();
    let mut client = database.connect();
    let obstacle = "create schema graphdb; create function graphdb.clock() returns integer language sql as 'select 1'";
    ask(&mut client, obstacle);
    assert!(install(&mut client).is_err());
    assert_eq!(ask(&mut client, "select count(*) from pg_class where relnamespace = 'graphdb'::regnamespace"), "0");
    assert_eq!(ask(&mut client, "select count(*) from pg_extension where extname = 'vector'"), "0");
    ask(&mut client, "drop schema graphdb cascade");
    install(&mut client).unwrap();
}

#[test]
fn a_migration_that_ran_with_another_text_is_refused() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ask(&mut client, "update graphdb.schema_migrations set sha256 = repeat('0', 64) where version = 1");
    assert_eq!(state(&mut client).unwrap(), State::Edited { migration: "0001_backlog".into() });
    let error = install(&mut client).unwrap_err().to_string();
    assert!(error.contains("0001_backlog"), "{error}");
}

#[test]
fn a_newer_schema_is_refused_by_install_and_by_require_schema() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let known = migrations().map(|(version, _)| version).max().unwrap();
    ask(&mut client, &format!("select graphdb.require_schema({known})"));
    ask(&mut client, "insert into graphdb.schema_migrations values (9999, 'later', repeat('0', 64), '9.9.9')");
    let before = catalog(&mut client);
    assert_eq!(state(&mut client).unwrap(), State::Newer { what: "migration 9999".into() });
    let error = install(&mut client).unwrap_err().to_string();
    assert!(error.contains("9999") && error.contains("TB005"), "{error}");
    assert_eq!(catalog(&mut client), before);
    refused(&mut client, &format!("select graphdb.require_schema({known})"), "TB005");
    refused(&mut client, "select graphdb.require_schema(null)", "TB005");
    ask(&mut client, "select graphdb.require_schema(9999)");
}

#[test]
fn functions_that_differ_are_named_and_replaced() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let before = ask(&mut client, "select pg_get_functiondef('graphdb.clock'::regproc)");
    ask(
        &mut client,
        "create or replace function graphdb.clock() returns timestamptz language sql stable as 'select now()'",
    );
    ask(&mut client, "update graphdb.schema_functions set sha256 = repeat('0', 64) where name = 'clock'");
    assert_eq!(state(&mut client).unwrap(), State::Outdated { stale: vec!["clock".into()] });
    assert_eq!(install(&mut client).unwrap(), ["clock"]);
    assert_eq!(ask(&mut client, "select pg_get_functiondef('graphdb.clock'::regproc)"), before);
}

#[test]
fn functions_that_somebody_replaced_or_dropped_are_named_and_put_back() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let named = "select f.name, f.sha256 from graphdb.schema_functions as f order by 1";
    let before = ask(&mut client, named);
    ask(
        &mut client,
        "create or replace function graphdb._backoff(p_failures integer) returns interval language sql immutable return '1s'::interval; \
         drop view graphdb.backlog_status; drop function graphdb.has_vectors",
    );
    let expected = ["_backoff", "has_vectors", "backlog_status"];
    assert_eq!(replaced(&mut client).unwrap(), expected);
    assert_eq!(install(&mut client).unwrap(), expected);
    assert_eq!(replaced(&mut client).unwrap(), <[&str; 0]>::default());
    assert_eq!(ask(&mut client, named), before);
}

#[test]
fn functions_of_a_newer_version_are_not_replaced() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let change = "update graphdb.schema_functions set code_version = '99.0.0'";
    // Functions of a newer version with the same text are accepted.
    ask(&mut client, change);
    assert_eq!(state(&mut client).unwrap(), State::Current);
    ask(&mut client, &format!("{change}, sha256 = repeat('0', 64) where name = 'claim_run'"));
    let before = catalog(&mut client);
    assert_eq!(state(&mut client).unwrap(), State::Newer { what: "the functions of version 99.0.0".into() });
    let error = install(&mut client).unwrap_err().to_string();
    insta::assert_snapshot!(error, @"the schema has the functions of version 99.0.0, which this binary does not support (TB005)");
    assert_eq!(catalog(&mut client), before);
}

#[test]
fn an_install_does_not_wait_long_for_a_table() {
    let database = TestDatabase::new();
    let (mut client, mut reader) = (database.connect(), database.connect());
    ask(&mut client, "delete from graphdb.schema_migrations where version = 1");
    let before = catalog(&mut client);
    ask(&mut reader, "begin; select from graphdb.processed_runs");
    let error = install(&mut client).unwrap_err();
    insta::assert_snapshot!(error, @"canceling statement due to lock timeout");
    assert!(error.hint().unwrap().contains("Try again"), "{error:?}");
    ask(&mut reader, "commit");
    assert_eq!(catalog(&mut client), before);
    assert_eq!(install(&mut client).unwrap(), ["0001_backlog"]);
}

#[test]
fn functions_of_an_earlier_version_are_dropped() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let ours = "select p.oid::regprocedure from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace order by 1";
    let before = ask(&mut client, ours);
    ask(
        &mut client,
        "create function graphdb.has_model(text) returns boolean language sql as 'select true'; \
         create function graphdb._record_attempt(graphdb.processed_runs, text, text, integer default null, integer default null) \
         returns void language sql as ''; \
         create function graphdb.run_documents(text, text, integer) returns text language sql as 'select null'; \
         insert into graphdb.schema_functions values ('has_model', repeat('0', 64), '0.0.1'); \
         delete from graphdb.schema_migrations where version >= 4",
    );
    assert_eq!(
        install(&mut client).unwrap(),
        [
            "0004_dropped_functions",
            "0005_pages_by_bytes",
            "0006_rights_and_tokens",
            "0008_search_words",
            "0009_limits_and_titles",
            "0010_findable_documents",
            "0011_revisions",
            "0012_readers",
            "0013_operations",
            "0016_quality_flags",
            "0017_models",
            "0018_comments",
            "0019_kept_revisions",
            "0020_languages_and_symbols",
            "0021_restricted_vectors",
        ]
    );
    assert_eq!(ask(&mut client, ours), before);
    assert_eq!(ask(&mut client, "select name from graphdb.schema_functions where name = 'has_model'"), "");
}

#[test]
fn pgvector_may_live_in_a_schema_of_any_name() {
    for schema in ["extensions", "Odd \"schema"] {
        let database = TestDatabase::empty();
        let mut client = database.connect();
        let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
        ask(&mut client, &format!("create schema {quoted}; create extension vector schema {quoted}"));
        install(&mut client).unwrap();
        let before = catalog(&mut client);
        assert_eq!(install(&mut client).unwrap(), Vec::<String>::new());
        assert_eq!(catalog(&mut client), before);
        // Only the casts in this test need the schema in the path. Our functions do not.
        ask(&mut client, &format!("set search_path = {quoted}"));
        process(&mut client, "r", &["one", "two"]);
        ask(&mut client, "set search_path = pg_catalog; select graphdb.reset_runs(p_scope => 'embeddings')");
        let token = super::fixture::claim(&mut client, "embed", "r");
        let store = format!(
            "select graphdb.store_embeddings({token}, 'm', array[sha256('one'), sha256('two')], '{{\"[1,0,0]\",\"[0,1,0]\"}}')"
        );
        assert_eq!(ask(&mut client, &store), "2");
        ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token})"));
        assert_eq!(status(&mut client, "r"), "embedded");
        assert_eq!(ask(&mut client, "select vectors, wrong_dimension from graphdb.model_use()"), "2 0");
    }
}

#[test]
fn the_owner_needs_no_superuser_and_may_have_any_name() {
    let database = TestDatabase::empty();
    let mut client = database.connect();
    let name = ask(&mut client, "select current_database()");
    ask(&mut client, "create extension vector; create role \"Docs-Owner\" login");
    ask(&mut client, &format!("grant create on database {name} to \"Docs-Owner\""));
    let mut owner = database.connect_as("Docs-Owner");
    install(&mut owner).unwrap();
    assert_eq!(ask(&mut owner, "select usesuper from pg_user where usename = current_user"), "f");
    process(&mut owner, "r", &["one"]);
    let token = ask(&mut owner, "select graphdb.reset_runs(); select claim_token from graphdb.claim_run('embed', 'w')");
    let token = token.lines().last().unwrap();
    ask(&mut owner, "insert into pg_temp.staged_embeddings values (sha256('x'), '[1,0,0]')");
    assert_eq!(ask(&mut owner, &format!("select graphdb.store_staged_embeddings({token}, 'm')")), "1");
    assert_eq!(install(&mut owner).unwrap(), Vec::<String>::new());
}

/// Returns the output of `pg_dump` for a database.
fn dump(database: &TestDatabase, options: &[&str]) -> String {
    let mut command = std::process::Command::new(crate::support::cluster().bin.join("pg_dump"));
    let output = command.args(options).arg("--dbname").arg(&database.url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `first`, and then restores a dump.
fn restore(database: &TestDatabase, dump: &str, first: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{first};\n{dump}")).unwrap();
    let output = std::process::Command::new(crate::support::cluster().bin.join("psql"))
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname"])
        .arg(&database.url)
        .arg("--file")
        .arg(file.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_dump_of_the_schema_can_be_restored_by_an_owner_who_is_no_superuser() {
    let database = TestDatabase::new();
    process(&mut database.connect(), "r", &["one"]);
    let copy = TestDatabase::empty();
    let mut client = copy.connect();
    let name = ask(&mut client, "select current_database()");
    ask(&mut client, "create extension vector; create role restorer login");
    ask(&mut client, &format!("grant create on database {name} to restorer"));
    restore(&copy, &dump(&database, &["--schema=graphdb", "--no-owner"]), "set session authorization restorer");
    let mut owner = copy.connect_as("restorer");
    assert_eq!(state(&mut owner).unwrap(), State::Current);
    assert_eq!(ask(&mut owner, "select text from graphdb.search('one', '[1,0,0]', 'm')"), "one");
}

#[test]
fn a_schema_that_is_somebody_elses_is_refused() {
    let database = TestDatabase::empty();
    let mut client = database.connect();
    ask(&mut client, "create role squatter; create schema graphdb authorization squatter");
    let error = install(&mut client).unwrap_err();
    insta::assert_snapshot!(error, @"schema graphdb belongs to squatter, not to trailblazer");
    assert_eq!(error.hint().unwrap(), "Connect as squatter.");
}

#[test]
fn a_dump_of_the_schema_can_be_restored() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one"]);
    super::fixture::load(&mut client, "waiting", "2026-01-01", &[("a", "two")]);
    let before = super::fixture::contents(&mut client);
    let copy = TestDatabase::empty();
    restore(&copy, &dump(&database, &[]), "");
    let mut client = copy.connect();
    assert_eq!(super::fixture::contents(&mut client), before);
    assert_eq!(state(&mut client).unwrap(), State::Current);
    assert!(try_ask(&mut client, "select graphdb.claim_run('chunk', 'w')").is_ok());
}
