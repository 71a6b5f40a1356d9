//! The sequence of claim tokens after a copy of the tables without it, and existing history rows.

use std::process::Command;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use trailblazer::db::install::install;
use trailblazer::db::local::LocalServer;

use super::fixture::{ask, claim, load, process, register_model, stage_chunks, status, store_vectors};
use crate::support::cluster::{short_folder, watch};
use crate::support::{self, Sandbox, TestDatabase};

const LAG: &str = "select graphdb.token_lag()";
const DUPLICATES: &str = "select claim_token from graphdb.processed_runs group by claim_token having count(*) > 1";

/// Creates a run in each state, and a history.
fn work_of_a_while(client: &mut Client) {
    process(client, "done", &["one", "two"]);
    load(client, "waiting", "2026-01-01", &[("a", "three")]);
    load(client, "held", "2026-01-02", &[("b", "four")]);
    load(client, "expired", "2026-01-03", &[("c", "five")]);
    for _ in 0..3 {
        let token = claim(client, "chunk", "waiting");
        ask(client, &format!("select graphdb.release_run('waiting', {token})"));
    }
    claim(client, "chunk", "held");
    claim(client, "chunk", "expired");
    ask(
        client,
        "update graphdb.processed_runs set claimed_at = now() - interval '2 hours', claim_expires_at = now() - interval '1 hour' \
         where run_id = 'expired'",
    );
}

/// Executes all operations of a worker and an administrator on the runs of [`work_of_a_while`].
fn work_goes_on(client: &mut Client) {
    assert_eq!(ask(client, "select run_id from graphdb.recover_expired_claims()"), "expired");
    let token = claim(client, "chunk", "waiting");
    stage_chunks(client, "waiting");
    ask(
        client,
        &format!(
            "select graphdb.replace_chunks('waiting', {token}); select graphdb.complete_run('waiting', 'chunk', {token})"
        ),
    );
    let token = claim(client, "embed", "waiting");
    register_model(client);
    store_vectors(client, "waiting", token);
    ask(client, &format!("select graphdb.complete_runs('{{waiting}}', 'embed', '{{{token}}}')"));
    assert_eq!(status(client, "waiting"), "embedded");
    let token = claim(client, "chunk", "expired");
    ask(client, &format!("select graphdb.fail_run('expired', {token}, 'no', '0')"));
    assert_eq!(ask(client, "select reset from graphdb.reset_runs(p_force => true)"), "4");
    load(client, "held", "2026-01-02", &[("b", "other")]);
    for run_id in ["done", "waiting", "held", "expired"] {
        let token = claim(client, "chunk", run_id);
        ask(client, &format!("select graphdb.release_run('{run_id}', {token})"));
    }
}

/// Runs a client program of the server.
fn run(program: &str, args: &[&str]) {
    let output = Command::new(support::cluster().bin.join(program)).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn work_goes_on_after_the_sequence_was_set_back() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    work_of_a_while(&mut client);
    let held = ask(&mut client, "select claim_token from graphdb.processed_runs where run_id = 'held'");
    assert_eq!(ask(&mut client, LAG), "0");
    ask(&mut client, "select setval('graphdb.claim_tokens', 1, false)");
    assert_eq!(ask(&mut client, LAG), ask(&mut client, "select max(claim_token) from graphdb.processed_runs"));
    // A claim from before the copy still belongs to its worker.
    ask(&mut client, &format!("select graphdb.renew_claim('held', {held})"));
    work_goes_on(&mut client);
    assert_eq!((ask(&mut client, DUPLICATES).as_str(), ask(&mut client, LAG).as_str()), ("", "0"));
}

#[test]
fn a_copy_of_the_rows_without_the_sequence_is_reported_and_repaired() {
    let database = TestDatabase::new();
    work_of_a_while(&mut database.connect());
    let archive = tempfile::NamedTempFile::new().unwrap();
    let path = archive.path().to_str().unwrap();
    let tables = ["processed_runs", "run_attempts", "documents", "chunks", "embedding_models", "embeddings"];
    let mut dump = vec!["--format=custom", "--data-only", "--file", path, "--dbname", &database.url];
    let named: Vec<String> = tables.iter().map(|table| format!("--table=graphdb.{table}")).collect();
    dump.extend(named.iter().map(String::as_str));
    run("pg_dump", &dump);

    let sandbox = Sandbox::new();
    run(
        "pg_restore",
        &["--data-only", "--single-transaction", "--exit-on-error", "--dbname", &sandbox.database.url, path],
    );
    let mut client = sandbox.database.connect();
    let doctor = sandbox.run(&["db", "doctor", "--json"]).exits(4);
    let check = doctor.events_named("doctor.check").into_iter().find(|check| check["check"] == "tokens").unwrap();
    assert!(check["repair"].as_str().unwrap().contains("trailblazer db migrate"), "{check}");
    let migrate = sandbox.run(&["db", "migrate"]).success();
    assert!(migrate.stderr.contains("behind the tokens in use; it was moved ahead"), "{}", migrate.stderr);
    assert_eq!(ask(&mut client, LAG), "0");
    let doctor = sandbox.run(&["db", "doctor", "--json"]).success();
    assert!(doctor.events_named("doctor.check").iter().all(|check| check["check"] != "tokens"));
    work_goes_on(&mut client);
}

#[test]
fn workers_that_moved_to_a_replica_work_on_without_a_repair() {
    let folder = short_folder();
    let mut watchdog = watch(folder.path());
    let server = LocalServer::throwaway(folder.path(), &support::cluster().bin).unwrap();
    server.start().unwrap();
    let connect = |database: &str| Client::connect(&server.database_url(database), NoTls).unwrap();
    ask(&mut connect("postgres"), "alter system set wal_level = logical");
    ask(&mut connect("postgres"), "alter system set max_wal_senders = 10");
    server.stop().unwrap();
    server.start().unwrap();
    for name in ["old", "new"] {
        ask(&mut connect("postgres"), &format!("create database {name}"));
        install(&mut connect(name)).unwrap();
    }
    let (mut old, mut new) = (connect("old"), connect("new"));
    work_of_a_while(&mut old);
    let tables = "graphdb.processed_runs, graphdb.run_attempts, graphdb.documents, graphdb.chunks, graphdb.embedding_models, graphdb.embeddings";
    ask(&mut old, &format!("create publication docs for table {tables}"));
    ask(&mut old, "select pg_create_logical_replication_slot('docs', 'pgoutput')");
    let source = server.database_url("old").replace('\'', "''");
    ask(
        &mut new,
        &format!("create subscription docs connection '{source}' publication docs with (create_slot = false)"),
    );
    let begun = Instant::now();
    while ask(&mut new, "select count(*) from pg_subscription_rel where srsubstate <> 'r'") != "0" {
        assert!(begun.elapsed() < Duration::from_secs(60), "the tables were not copied");
        std::thread::yield_now();
    }
    // The old database continues for some time, and its history is copied.
    let token = ask(&mut old, "select claim_token from graphdb.processed_runs where run_id = 'held'");
    ask(&mut old, &format!("select graphdb.release_run('held', {token})"));
    while ask(&mut new, &format!("select count(*) from graphdb.run_attempts where claim_token = {token}")) != "1" {
        assert!(begun.elapsed() < Duration::from_secs(60), "the history did not arrive");
        std::thread::yield_now();
    }
    ask(&mut new, "alter subscription docs disable");
    ask(&mut new, "alter subscription docs set (slot_name = none)");
    ask(&mut new, "drop subscription docs");
    assert_ne!(ask(&mut new, LAG), "0");
    work_goes_on(&mut new);
    assert_eq!((ask(&mut new, DUPLICATES).as_str(), ask(&mut new, LAG).as_str()), ("", "0"));
    drop((old, new));
    server.stop().unwrap();
    drop(watchdog.stdin.take());
    watchdog.wait().unwrap();
}

#[test]
fn a_history_row_that_is_there_already_stops_nothing() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    work_of_a_while(&mut client);
    // As in a copy whose history is newer than its runs.
    ask(
        &mut client,
        "insert into graphdb.run_attempts (run_id, claim_token, phase, worker, started_at, ended_at, outcome) \
         select r.run_id, r.claim_token + n, 'chunk', 'w', now(), now(), 'completed' \
         from graphdb.processed_runs as r cross join generate_series(0, 30) as n on conflict do nothing",
    );
    let held = ask(&mut client, "select claim_token from graphdb.processed_runs where run_id = 'held'");
    stage_chunks(&mut client, "held");
    ask(
        &mut client,
        &format!("select graphdb.replace_chunks('held', {held}); select graphdb.complete_run('held', 'chunk', {held})"),
    );
    assert_eq!(status(&mut client, "held"), "chunked");
    work_goes_on(&mut client);
}
