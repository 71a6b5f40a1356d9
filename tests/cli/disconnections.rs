//! Lost and refused connections. Work continues immediately on new connections, and nothing is incomplete.

use std::process::Stdio;

use nix::sys::signal::Signal;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::Type;
use trailblazer::error::Error;

use crate::support::held::send;
use crate::support::proxy::Network;
use crate::support::{Run, Sandbox, TestDatabase, cluster};

const TERMINATE: &str = "select count(pg_terminate_backend(a.pid)) from pg_stat_activity as a \
                         where a.datname = current_database() and a.application_name = 'trailblazer'";
const OUTCOMES: &str = "select distinct outcome from graphdb.run_attempts order by 1";

fn due(documents: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", documents);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

/// Returns the URL of the sandbox's database behind the network.
fn through(network: &Network, sandbox: &Sandbox) -> String {
    let name = sandbox.database.value("select current_database()");
    format!("postgresql://trailblazer@127.0.0.1:{}/{name}", network.port)
}

#[test]
fn run_goes_on_at_once_when_all_its_connections_are_lost() {
    let sandbox = due(2);
    let held = sandbox.database.hold("documents", "access exclusive");
    let child = sandbox.spawn(&["run", "--workers", "1"]);
    sandbox.database.wait_until_blocked(1);
    sandbox.database.value(TERMINATE);
    drop(held);
    let run = Sandbox::wait(child).success();
    assert!(run.stderr.contains("lost the connection, connecting again"), "{}", run.stderr);
    // The claim was released. Otherwise, everybody would have waited 45 minutes for its lease.
    assert_eq!(sandbox.database.column(OUTCOMES), ["completed", "released"]);
    assert_eq!(sandbox.database.value("select status from graphdb.processed_runs"), "embedded");
}

#[test]
fn watching_goes_on_after_its_idle_connections_were_lost() {
    let sandbox = due(1);
    let mut command = sandbox.command(&["run", "--workers", "1", "--watch"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sandbox.database.wait_until("(select status = 'embedded' from graphdb.processed_runs)");
    sandbox.database.value(TERMINATE);
    sandbox.write_run("r2", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.database.wait_until("(select count(*) = 2 from graphdb.processed_runs where status = 'embedded')");
    assert!(child.try_wait().unwrap().is_none());
    send(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn connection_that_breaks_within_a_copy_leaves_nothing_half_done() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 200);
    let network = Network::before(&cluster().socket_dir(), None);
    let url = through(&network, &sandbox);
    let run = |args: &[&str]| Run::of(sandbox.command(args).env("TRAILBLAZER_DB_URL", &url).output().unwrap());

    // A backfill sends mostly documents, and the chunk phase sends mostly chunks.
    network.cut_after(300_000);
    run(&["runs", "backfill"]).exits(4);
    assert!(!network.is_about_to_cut());
    assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs"), "0");
    assert_eq!(sandbox.database.value("select count(*) from graphdb.documents"), "0");
    run(&["runs", "backfill"]).success();

    network.cut_after(300_000);
    run(&["run", "--workers", "1"]).success();
    assert!(!network.is_about_to_cut());
    assert_eq!(sandbox.database.column(OUTCOMES), ["completed", "released"]);
    let undisturbed = due(200);
    undisturbed.run(&["run"]).success();
    assert!(sandbox.database.final_tables() == undisturbed.database.final_tables());
}

#[test]
fn server_without_a_connection_left_is_told_and_waited_for() {
    let sandbox = due(1);
    sandbox.write_run("r2", 1);
    sandbox.run(&["runs", "backfill"]).success();
    let role = format!("tb_limit_{}", std::process::id());
    let mut admin = sandbox.database.connect();
    admin.batch_execute(&format!("create role {role} login connection limit 1")).unwrap();
    sandbox.run(&["db", "grant", "worker", &role]).success();
    let url = sandbox.database.url_as(&role);
    let run = || Run::of(sandbox.command(&["run", "--workers", "2"]).env("TRAILBLAZER_DB_URL", &url).output().unwrap());

    let taken = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let refused = run().exits(4);
    assert!(refused.stderr.contains("too many connections for role"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: Lower `workers` or raise max_connections"), "{}", refused.stderr);
    drop(taken);

    // There is one connection for the command and one for its workers. The second worker waits until the first has ended.
    admin.batch_execute(&format!("alter role {role} connection limit 2")).unwrap();
    sandbox.database.wait_until(&format!("not exists (select from pg_stat_activity as a where a.usename = '{role}')"));
    run().success();
    assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs where status = 'embedded'"), "2");
    admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).unwrap();
}

#[test]
fn only_a_connection_that_is_gone_is_a_lost_one() {
    let database = TestDatabase::empty();
    let mut client = database.connect();
    let copy = |client: &mut postgres::Client| {
        client.batch_execute("create temporary table copied (number integer)")?;
        let mut writer =
            BinaryCopyInWriter::new(client.copy_in("copy copied from stdin (format binary)")?, &[Type::INT4]);
        writer.write(&[&"text"])
    };
    let here = [
        client.query("select $1::integer", &[&"text"]).map(drop),
        client.query("select $1::integer", &[]).map(drop),
        client.query_one("select 1 where false", &[]).map(drop),
        client.query_one("select 1", &[]).and_then(|row| row.try_get::<_, String>(0)).map(drop),
        client.query_one("select 1", &[]).and_then(|row| row.try_get::<_, i32>("other")).map(drop),
        client.batch_execute("select 1 / 0"),
        copy(&mut client),
    ];
    for error in here.map(Result::unwrap_err) {
        let error = Error::from(error);
        assert!(!error.is_connection_loss(), "{error}");
    }
    for _ in 0..2 {
        // The server reports this at the first statement.
        let gone = client.batch_execute("select pg_terminate_backend(pg_backend_pid())").unwrap_err();
        assert!(Error::from(gone).is_connection_loss());
    }
}
