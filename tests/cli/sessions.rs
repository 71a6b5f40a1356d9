//! Sessions with limits of a role, a database or a server, and unsuitable databases.

use std::sync::{Mutex, mpsc};

use crate::support::embedding_server::good;
use crate::support::{EmbeddingServer, Run, Sandbox, TestDatabase, cluster};

/// A role with the rights of a worker. It is dropped together with this value.
struct Role<'s> {
    sandbox: &'s Sandbox,
    name: String,
}

impl<'s> Role<'s> {
    fn worker(sandbox: &'s Sandbox, name: &str, settings: &[&str]) -> Self {
        let name = format!("tb_{name}_{}", std::process::id());
        let mut admin = sandbox.database.connect();
        admin.batch_execute(&format!("create role {name} login")).unwrap();
        sandbox.run(&["db", "grant", "worker", &name]).success();
        for setting in settings {
            admin.batch_execute(&format!("alter role {name} set {setting}")).unwrap();
        }
        Self { sandbox, name }
    }

    fn url(&self) -> String {
        self.sandbox.database.url_as(&self.name)
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        let name = &self.name;
        let _ = self.sandbox.database.connect().batch_execute(&format!("drop owned by {name}; drop role {name}"));
    }
}

fn due(runs: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for run in runs {
        sandbox.write_run(run, 2);
    }
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

const OUTCOMES: &str = "select distinct outcome from graphdb.run_attempts";

#[test]
fn limits_of_a_role_end_no_worker_and_charge_no_run() {
    let sandbox = due(&["r1"]);
    let limits =
        ["lock_timeout = '200ms'", "statement_timeout = '200ms'", "default_transaction_isolation = 'serializable'"];
    let role = Role::worker(&sandbox, "limits", &limits);
    let held = sandbox.database.hold("documents", "access exclusive");
    let mut command = sandbox.command(&["run", "--workers", "1"]);
    command.env("TRAILBLAZER_DB_URL", role.url());
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    sandbox.database.wait_until(
        "exists (select from pg_stat_activity as a where a.wait_event_type = 'Lock' and a.datname = current_database() \
                 and a.query_start < clock_timestamp() - interval '600 ms')",
    );
    drop(held);
    Sandbox::wait(child).success();
    assert_eq!(sandbox.database.column(OUTCOMES), ["completed"]);
}

#[test]
fn idle_session_timeout_does_not_end_the_session_of_a_worker_that_waits_for_its_provider() {
    let sandbox = due(&["r1"]);
    sandbox.know_model_limit("small");
    let role = Role::worker(&sandbox, "idle", &["idle_session_timeout = '200ms'"]);
    let (answer, answered) = mpsc::channel::<()>();
    let answered = Mutex::new(answered);
    // The test decides when the first answer is sent.
    let server = EmbeddingServer::start(move |number, request| {
        if number == 0 {
            let _ = answered.lock().unwrap().recv();
        }
        good(request)
    });
    let mut command = sandbox.command_with_vectors_of(&server.url, &["run", "--workers", "1"]);
    command.env("TRAILBLAZER_DB_URL", role.url());
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    sandbox.database.wait_until(&format!(
        "exists (select from graphdb.processed_runs as r where r.status = 'embedding') and exists (select from pg_stat_activity as a \
         where a.usename = '{}' and a.state = 'idle' and a.state_change < clock_timestamp() - interval '600 ms')",
        role.name
    ));
    answer.send(()).unwrap();
    let run = Sandbox::wait(child).success();
    assert!(!run.stderr.contains("lost the connection"), "{}", run.stderr);
    assert_eq!(sandbox.database.column(OUTCOMES), ["completed"]);
}

#[test]
fn loads_at_once_mark_one_version_under_every_default_isolation() {
    let sandbox = Sandbox::new();
    let name = sandbox.database.value("select current_database()");
    for isolation in ["read uncommitted", "repeatable read", "serializable"] {
        let set = format!("alter database {name} set default_transaction_isolation = '{isolation}'");
        sandbox.database.connect().batch_execute(&set).unwrap();
        let loads: Vec<_> = (0..4)
            .map(|number| {
                let line = serde_json::json!({
                    "id": "shared", "title": "Shared", "text_md": format!("{isolation} {number}"), "source_system": "dita"
                });
                let folder = format!("{}-{number}", isolation.replace(' ', "-"));
                sandbox.write(&format!("{folder}/r-{folder}/normalize/normalized.ndjson"), format!("{line}\n"));
                sandbox.spawn(&["runs", "backfill", &folder])
            })
            .collect();
        for load in loads {
            Sandbox::wait(load).success();
        }
        sandbox.run(&["run", "--workers", "2"]).success();
        let marked = "select count(*) filter (where d.is_searched) || ' ' || count(*) filter (where d.is_newest) from graphdb.documents as d";
        assert_eq!(sandbox.database.value(marked), "1 1", "{isolation}");
    }
    assert_eq!(sandbox.database.column(OUTCOMES), ["completed"]);
}

#[test]
fn max_attempts_of_the_configuration_holds_in_the_session() {
    let sandbox = due(&["r1"]);
    sandbox.configure("backlog: { max_attempts: 1 }\n");
    sandbox.database.connect().execute("select graphdb.claim_run('chunk', 'w', '1 second')", &[]).unwrap();
    sandbox.database.wait_until("(select claim_expires_at < graphdb.clock() from graphdb.processed_runs)");
    sandbox.run(&["run"]).success();
    assert_eq!(sandbox.database.value("select status || ' ' || attempts from graphdb.processed_runs"), "failed 1");
}

#[test]
fn databases_that_are_not_utf8_are_refused_with_the_repair() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    let mut admin = cluster().admin();
    for encoding in ["LATIN1", "EUC_JP", "WIN1252", "SQL_ASCII"] {
        let name = format!("tb_encoding_{}", encoding.to_lowercase());
        let create =
            format!("create database {name} template template0 encoding '{encoding}' locale_provider libc locale 'C'");
        admin.batch_execute(&create).unwrap();
        for args in [&["db", "migrate"][..], &["status"], &["run"], &["db", "doctor", "--events", "never"]] {
            let mut command = sandbox.command(args);
            let run = Run::of(command.env("TRAILBLAZER_DB_URL", cluster().url(&name)).output().unwrap()).exits(4);
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(told.contains(&format!("has the encoding {encoding}, not UTF8")), "{told}");
            assert!(told.contains("create database NAME encoding 'UTF8'"), "{told}");
        }
        cluster().drop_database(&name);
    }
}

#[test]
fn errors_name_the_cause_that_the_owner_can_remove() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    let name = sandbox.database.value("select current_database()");
    let owner = format!("tb_owner_{}", std::process::id());
    let mut admin = sandbox.database.connect();
    admin
        .batch_execute(&format!(
            "create role {owner} login; create schema extensions; create extension vector schema extensions"
        ))
        .unwrap();
    let run = |args: &[&str]| {
        let mut command = sandbox.command(args);
        Run::of(command.env("TRAILBLAZER_DB_URL", sandbox.database.url_as(&owner)).output().unwrap())
    };
    let refused = |args: &[&str], cause: &str, repair: &str| {
        let run = run(args).exits(4);
        assert!(run.stderr.contains(cause) && run.stderr.contains(repair), "{}", run.stderr);
    };
    refused(&["db", "migrate"], "may not create a schema", "grant create on database");
    admin.batch_execute(&format!("grant create on database {name} to {owner}")).unwrap();
    refused(&["db", "migrate"], "may not use schema extensions, which contains pgvector", "grant usage on schema");
    admin.batch_execute(&format!("grant usage on schema extensions to {owner}")).unwrap();
    run(&["db", "migrate"]).success();

    admin.batch_execute(&format!("revoke temporary on database {name} from public")).unwrap();
    refused(&["run"], "may not create temporary tables", "grant temporary on database");
    let doctor = run(&["db", "doctor", "--events", "never"]).exits(4);
    assert!(doctor.stdout.contains("grant temporary on database"), "{}", doctor.stdout);
    admin.batch_execute(&format!("grant temporary on database {name} to {owner}")).unwrap();
    run(&["run"]).success();
    admin.batch_execute(&format!("drop owned by {owner}; drop role {owner}")).unwrap();
}

#[test]
fn tables_of_others_in_our_schema_are_named() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    let foreign =
        "create schema graphdb; create table graphdb.processed_runs (id integer); create view graphdb.mine as select 1";
    sandbox.database.connect().batch_execute(foreign).unwrap();
    let run = sandbox.run(&["db", "migrate"]).exits(4);
    assert!(run.stderr.contains("objects that trailblazer did not create: mine, processed_runs"), "{}", run.stderr);
    assert!(run.stderr.contains("Use another database"), "{}", run.stderr);
}

#[test]
fn parameters_that_lead_to_a_wrong_server_say_so() {
    let sandbox = Sandbox::new();
    let name = sandbox.database.value("select current_database()");
    let run = |args: &[&str], parameter: &str| {
        let host = cluster().socket_dir().display().to_string().replace('/', "%2F");
        let url = format!("postgresql://trailblazer@{host}/{name}?{parameter}");
        Run::of(sandbox.command(args).env("TRAILBLAZER_DB_URL", url).output().unwrap())
    };
    let refused = run(&["status", "--json"], "pgbouncer=true").exits(3);
    assert!(refused.stderr.contains("a pooler in transaction mode"), "{}", refused.stderr);
    let refused = run(&["status", "--json"], "target_session_attrs=leader").exits(3);
    assert!(refused.stderr.contains("expected any, read-write"), "{}", refused.stderr);
    let refused = run(&["run"], "target_session_attrs=standby").exits(4);
    assert!(refused.stderr.contains("set target_session_attrs to primary"), "{}", refused.stderr);
    let refused = run(&["status", "--json"], "target_session_attrs=standby").exits(4);
    assert!(refused.stderr.contains("all of them accept changes"), "{}", refused.stderr);
    for parameter in
        ["target_session_attrs=prefer-standby", "target_session_attrs=primary", "target_session_attrs=read-write"]
    {
        run(&["status", "--json"], parameter).success();
        run(&["run"], parameter).success();
    }
}

#[test]
fn hints_lead_to_the_repair() {
    let sandbox = Sandbox::new();
    let name = sandbox.database.value("select current_database()");
    let mut admin = sandbox.database.connect();
    let role = format!("tb_hint_{}", std::process::id());
    admin.batch_execute(&format!("create role {role} login")).unwrap();
    let as_role = |args: &[&str]| {
        let mut command = sandbox.command(args);
        Run::of(command.env("TRAILBLAZER_DB_URL", sandbox.database.url_as(&role)).output().unwrap())
    };
    sandbox.run(&["db", "grant", "worker", &role]).success();
    for args in [&["runs", "reset", "--yes"][..], &["runs", "delete", "--run-id", "x", "--yes"], &["db", "prune"]] {
        let refused = as_role(args).exits(4);
        assert!(refused.stderr.contains("trailblazer db grant admin ROLE"), "{args:?}: {}", refused.stderr);
    }
    admin.batch_execute(&format!("revoke connect on database {name} from public")).unwrap();
    let refused = as_role(&["status"]).exits(4);
    assert!(refused.stderr.contains(&format!("grant connect on database \"{name}\"")), "{}", refused.stderr);
    admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).unwrap();

    admin.batch_execute(&format!("alter database {name} set default_transaction_read_only = on")).unwrap();
    let refused = sandbox.run(&["run"]).exits(4);
    let repair = format!("alter database \"{name}\" reset default_transaction_read_only");
    assert!(refused.stderr.contains(&repair), "{}", refused.stderr);

    sandbox.configure("database: { read_url: 'postgresql://me@127.0.0.1:1/docs' }\n");
    let refused = sandbox.run(&["ask", "anything", "--text-only"]).exits(4);
    assert!(refused.stderr.contains("database.read_url (host=127.0.0.1"), "{}", refused.stderr);
}

#[test]
fn a_schema_of_another_program_is_named_by_every_command() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    sandbox.database.connect().batch_execute("create schema graphdb; create table graphdb.mine (a int)").unwrap();
    for args in [&["status"][..], &["ask", "x", "--text-only"], &["run"], &["doctor"]] {
        let run = sandbox.run(args).exits(4);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("that trailblazer did not create: mine"), "{args:?}: {said}");
    }
}

#[test]
fn a_role_that_may_not_install_pgvector_is_told_who_may() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    let role = format!("tb_vector_{}", std::process::id());
    let name = sandbox.database.value("select current_database()");
    sandbox.database.connect().batch_execute(&format!("create role {role} login")).unwrap();
    let run = |args: &[&str]| {
        let mut command = sandbox.command(args);
        Run::of(command.env("TRAILBLAZER_DB_URL", sandbox.database.url_as(&role)).output().unwrap())
    };
    let doctor = run(&["doctor"]).exits(4);
    assert!(doctor.stdout.contains("As a superuser: create extension vector"), "{}", doctor.stdout);
    let grant = format!("grant create on database {name} to {role}; create extension vector");
    sandbox.database.connect().batch_execute(&grant).unwrap();
    run(&["db", "migrate"]).success();
    let drop = format!("drop schema graphdb cascade; drop owned by {role} cascade; drop role {role}");
    sandbox.database.connect().batch_execute(&drop).unwrap();
}

#[test]
fn settings_of_a_database_do_not_change_what_a_search_finds() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 60);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    let search = "select doc_id || ' ' || round(score::numeric, 12) from graphdb.search('words of document', p_limit => 100) order by 1";
    let expected = sandbox.database.column(search);
    assert_eq!(expected.len(), 60);
    let name = sandbox.database.value("select current_database()");
    for setting in ["gin_fuzzy_search_limit = 1", "extra_float_digits = -15", "enable_seqscan = off"] {
        sandbox.database.connect().batch_execute(&format!("alter database {name} set {setting}")).unwrap();
    }
    assert_eq!(sandbox.database.column(search), expected);
}

#[test]
fn a_database_that_does_not_enforce_foreign_keys_is_refused() {
    let sandbox = due(&["r1"]);
    let name = sandbox.database.value("select current_database()");
    let set = format!("alter database {name} set session_replication_role = replica");
    sandbox.database.connect().batch_execute(&set).unwrap();
    for args in [&["run"][..], &["runs", "delete", "r1", "--yes"], &["db", "migrate"]] {
        let refused = sandbox.run(args).exits(4);
        let repair = format!("alter database \"{name}\" reset session_replication_role");
        assert!(refused.stderr.contains(&repair), "{args:?}: {}", refused.stderr);
    }
}

#[test]
fn a_closed_database_and_a_closed_role_are_opened_as_the_hint_says() {
    let sandbox = Sandbox::new();
    let name = sandbox.database.value("select current_database()");
    let role = Role::worker(&sandbox, "closed", &[]);
    let refused = || {
        let mut command = sandbox.command(&["status"]);
        Run::of(command.env("TRAILBLAZER_DB_URL", role.url()).output().unwrap()).exits(4).stderr
    };
    sandbox.database.connect().batch_execute(&format!("alter role {} nologin", role.name)).unwrap();
    assert!(refused().contains("hint: As a superuser: alter role ROLE login"), "{}", refused());
    sandbox.database.connect().batch_execute(&format!("alter role {} login", role.name)).unwrap();
    let mut admin = cluster().admin();
    admin.batch_execute(&format!("alter database {name} allow_connections false")).unwrap();
    assert!(refused().contains("alter database NAME allow_connections true"), "{}", refused());
    admin.batch_execute(&format!("alter database {name} allow_connections true")).unwrap();
}
