//! `trailblazer db dump`, `trailblazer db restore`, and the guide's page about backups.

use std::path::Path;
use std::process::Command;

use postgres::{Client, NoTls};
use trailblazer::db::local::LocalServer;

use crate::support::cluster::{short_folder, watch};
use crate::support::database::final_tables;
use crate::support::{Run, Sandbox, TestDatabase, cluster};

const PAGE: &str = include_str!("../../examples/docs/dita/tasks/back-up.dita");

fn processed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 3);
    sandbox.write_run("r2", 2);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    sandbox
}

/// Returns the command with the client programs of the test's server in its PATH.
pub fn command(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command(args);
    command.env("TRAILBLAZER_DATABASE_BIN_DIR", &cluster().bin);
    command
}

pub fn run(sandbox: &Sandbox, args: &[&str]) -> Run {
    Run::of(command(sandbox, args).output().unwrap())
}

#[test]
fn restored_dump_is_the_database_that_was_dumped() {
    let sandbox = processed();
    let reader = format!("tb_dump_{}", std::process::id());
    sandbox.database.connect().batch_execute(&format!("create role {reader} login")).unwrap();
    sandbox.run(&["db", "grant", "reader", &reader]).success();
    let before = sandbox.database.final_tables();
    // The dump contains characters that this encoding does not have.
    let encoding =
        "do $$ begin execute format('alter database %I set client_encoding = LATIN1', current_database()); end $$";
    sandbox.database.connect().batch_execute(encoding).unwrap();
    let dumped = run(&sandbox, &["db", "dump", "a.dump"]).success();
    assert!(dumped.stderr.contains("wrote 2 runs to a.dump"), "{}", dumped.stderr);

    let token = sandbox.database.value("select last_value from graphdb.claim_tokens").parse::<i64>().unwrap();
    sandbox.run(&["runs", "delete", "r1", "--yes"]).success();
    let refused = run(&sandbox, &["db", "restore", "a.dump"]).exits(5);
    assert!(refused.stderr.contains("the database contains 1 run"), "{}", refused.stderr);
    run(&sandbox, &["db", "restore", "a.dump", "--yes"]).success();
    assert!(sandbox.database.final_tables() == before);
    // Tokens that were issued after the dump are never issued again.
    assert!(
        sandbox.database.value("select last_value from graphdb.claim_tokens").parse::<i64>().unwrap()
            > token + 1_000_000
    );
    sandbox.run(&["db", "doctor", "--json"]).success();
    let mut command = sandbox.command(&["ask", "--json", "words of document"]);
    Run::of(command.env("TRAILBLAZER_DB_URL", sandbox.database.url_as(&reader)).output().unwrap()).success();
    let public = "select count(*) from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace \
                  and has_function_privilege('public', p.oid, 'execute')";
    assert_eq!(sandbox.database.value(public), "0");

    // The role does not exist on the other server. Everything else is restored.
    let elsewhere = Sandbox::with(TestDatabase::empty());
    sandbox.database.connect().batch_execute(&format!("drop owned by {reader}; drop role {reader}")).unwrap();
    let file = sandbox.folder().join("a.dump").display().to_string();
    let restored = run(&elsewhere, &["db", "restore", &file]).success();
    assert!(restored.stderr.contains(&format!("role \"{reader}\" does not exist")), "{}", restored.stderr);
    assert!(elsewhere.database.final_tables() == before);
}

#[test]
fn file_that_is_no_dump_changes_nothing() {
    let sandbox = processed();
    let before = sandbox.database.final_tables();
    sandbox.write("no.dump", "PGDMP, but not really");
    for file in ["no.dump", "absent.dump"] {
        let run = run(&sandbox, &["db", "restore", file, "--yes"]);
        assert_ne!(run.code, Some(0));
        assert!(run.stderr.contains(file) || run.stderr.contains("pg_restore failed"), "{}", run.stderr);
    }
    // If a dump cannot be written, the existing file is not changed.
    sandbox.write("kept.dump", "yesterday");
    let mut broken = command(&sandbox, &["db", "dump", "kept.dump"]);
    let run = Run::of(broken.env("TRAILBLAZER_DB_URL", format!("{}x", sandbox.database.url)).output().unwrap());
    assert_ne!(run.code, Some(0));
    assert_eq!(std::fs::read_to_string(sandbox.folder().join("kept.dump")).unwrap(), "yesterday");
    assert!(sandbox.database.final_tables() == before);
}

#[test]
fn new_database_of_the_private_server_takes_the_place_of_the_old_one() {
    let folder = short_folder().keep();
    let mut watchdog = watch(&folder);
    let server = LocalServer::throwaway(&folder, &cluster().bin).unwrap();
    server.start().unwrap();
    let value = |query: &str| -> String {
        Client::connect(&server.url(), NoTls).unwrap().query_one(query, &[]).unwrap().get(0)
    };
    // Older versions created it this way.
    let mut admin = Client::connect(&server.database_url("postgres"), NoTls).unwrap();
    admin.batch_execute("drop database trailblazer").unwrap();
    admin.batch_execute("create database trailblazer template template0 lc_ctype 'C'").unwrap();
    let ctype = "select d.datctype from pg_database as d where d.datname = current_database()";
    assert_eq!(value(ctype), "C");

    let name = server.create_replacement().unwrap();
    Client::connect(&server.database_url(&name), NoTls)
        .unwrap()
        .batch_execute("create table kept as select 1 as one")
        .unwrap();
    let connected = Client::connect(&server.url(), NoTls).unwrap();
    server.use_replacement().unwrap();
    drop(connected);
    assert_eq!(value("select one::text from kept"), "1");
    assert_ne!(value(ctype), "C");
    assert_eq!(value("select count(*)::text from pg_database as d where d.datname like 'trailblazer%'"), "1");
    drop(watchdog.stdin.take());
    watchdog.wait().unwrap();
}

/// Starts a server that supports replication.
fn followed(folder: &Path) -> LocalServer {
    let server = LocalServer::throwaway(folder, &cluster().bin).unwrap();
    server.start().unwrap();
    let mut client = Client::connect(&server.url(), NoTls).unwrap();
    for setting in ["wal_level = logical", "max_wal_senders = 8", "max_replication_slots = 8"] {
        client.batch_execute(&format!("alter system set {setting}")).unwrap();
    }
    drop(client);
    server.stop().unwrap();
    server.start().unwrap();
    server
}

#[test]
fn commands_of_the_guide_page_on_backups_work_in_their_order() {
    let (old_folder, new_folder) = (short_folder().keep(), short_folder().keep());
    let mut watchdogs = [watch(&old_folder), watch(&new_folder)];
    let (old, new) = (followed(&old_folder), followed(&new_folder));
    let sandbox = Sandbox::with(TestDatabase::empty());
    sandbox.write_run("r1", 3);
    let with = |mut command: Command| {
        command.env("TRAILBLAZER_DB_URL", old.url()).env("OLD_URL", old.url()).env("NEW_URL", new.url());
        Run::of(command.output().unwrap())
    };
    for args in [&["db", "migrate"][..], &["runs", "backfill"], &["run"]] {
        with(sandbox.command(args)).success();
    }
    let tables = |server: &LocalServer| final_tables(&mut Client::connect(&server.url(), NoTls).unwrap());
    let expected = tables(&old);

    let blocks: Vec<&str> = PAGE.split("<codeblock outputclass=\"language-bash\">").skip(1).collect();
    assert_eq!(blocks.len(), PAGE.matches("<codeblock").count());
    let trailblazer = Path::new(env!("CARGO_BIN_EXE_trailblazer")).parent().unwrap();
    for block in blocks {
        let script =
            block.split("</codeblock>").next().unwrap().replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&");
        let plain = command(&sandbox, &[]);
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &script]).current_dir(sandbox.folder());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => bash.env(name, value),
                None => bash.env_remove(name),
            };
        }
        let path = std::env::var("PATH").unwrap();
        bash.env("PATH", format!("{}:{}:{path}", trailblazer.display(), cluster().bin.display()));
        let run = with(bash);
        assert_eq!(run.code, Some(0), "{script}\n{}\n{}", run.stdout, run.stderr);
    }
    assert!(tables(&old) == expected);
    assert!(tables(&new) == expected);
    assert!(sandbox.folder().join("standby/standby.signal").is_file());
    for watchdog in &mut watchdogs {
        drop(watchdog.stdin.take());
        watchdog.wait().unwrap();
    }
}

#[test]
fn restore_refuses_what_migrate_refuses_and_drops_nothing_of_others() {
    let sandbox = processed();
    run(&sandbox, &["db", "dump", "a.dump"]).success();
    let file = sandbox.folder().join("a.dump").display().to_string();
    let objects =
        ["create table graphdb.invoices as select 1 as a", "create function graphdb.total() returns int return 1"];
    for object in objects {
        let other = Sandbox::with(TestDatabase::empty());
        other.database.connect().batch_execute(&format!("create schema graphdb; {object}")).unwrap();
        let name = if object.contains("table") { "invoices" } else { "total" };
        for args in [&["db", "migrate"][..], &["db", "restore", &file], &["db", "restore", &file, "--yes"]] {
            let refused = run(&other, args).exits(4);
            let expected = format!("contains objects that trailblazer did not create: {name}");
            assert!(refused.stderr.contains(&expected), "{args:?}: {}", refused.stderr);
        }
        let kept = "select count(*) from (select relname from pg_class where relname = 'invoices' \
                    union select proname from pg_proc where proname = 'total') as o";
        assert_eq!(other.database.value(kept), "1");
    }

    let mut client = sandbox.database.connect();
    client.batch_execute("insert into graphdb.schema_migrations values (9999, 'x', repeat('0', 64), '9.9.9')").unwrap();
    let newer = run(&sandbox, &["db", "restore", &file, "--yes"]).exits(4);
    assert!(newer.stderr.contains("TB005"), "{}", newer.stderr);
    client.batch_execute("delete from graphdb.schema_migrations where version = 9999").unwrap();

    // The schema is installed, and the user has added to it.
    client.batch_execute("create view public.report as select * from graphdb.processed_runs").unwrap();
    client.batch_execute("create table graphdb.notes (a int)").unwrap();
    let refused = run(&sandbox, &["db", "restore", &file, "--yes"]).exits(4);
    assert!(refused.stderr.contains("graphdb.notes, public.report"), "{}", refused.stderr);
    client
        .batch_execute("drop view public.report; drop table graphdb.notes; create table public.mine (a int)")
        .unwrap();
    run(&sandbox, &["db", "restore", &file, "--yes"]).success();
    assert_eq!(sandbox.database.value("select count(*) from public.mine"), "0");
}

#[test]
fn file_that_cannot_be_a_dump_is_refused_before_any_question() {
    let sandbox = processed();
    let absent = run(&sandbox, &["db", "restore", "absent.dump"]).exits(1);
    assert!(absent.stderr.contains("absent.dump") && !absent.stderr.contains("--yes"), "{}", absent.stderr);
    for args in [["db", "restore", "."], ["db", "dump", "."]] {
        let folder = run(&sandbox, &args).exits(2);
        assert!(folder.stderr.contains(". is a folder"), "{}", folder.stderr);
    }
    let dash = run(&sandbox, &["db", "dump", "-"]).exits(2);
    assert!(dash.stderr.contains("standard output"), "{}", dash.stderr);
    assert!(!sandbox.folder().join("-").exists());
}
