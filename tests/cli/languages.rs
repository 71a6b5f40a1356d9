//! Workers in other languages share a backlog with our workers.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{Sandbox, TestDatabase, cluster};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workers")
}

fn python(database: &TestDatabase) -> Command {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("var/python");
    assert!(packages.join("psycopg").is_dir(), "{} has no psycopg: run `make setup`", packages.display());
    let mut command = Command::new("python3");
    command.arg(examples().join("worker.py")).env("PYTHONPATH", packages).env("TRAILBLAZER_DB_URL", &database.url);
    command
}

/// Calls `worker.sql` until it prints nothing, as its README describes.
fn psql(database: &TestDatabase) -> Command {
    let mut command = Command::new("/bin/sh");
    let script = r#"set -e; while said=$("$1" -X "$2" -f "$3") && [ -n "$said" ]; do echo "$said"; done"#;
    command
        .args(["-c", script, "sh"])
        .arg(cluster().bin.join("psql"))
        .arg(&database.url)
        .arg(examples().join("worker.sql"));
    command
}

fn started(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn due(runs: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 1..=runs {
        sandbox.write_run(&format!("r{number:02}"), 2);
    }
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

fn assert_all_done_once(database: &TestDatabase, runs: usize) {
    assert_eq!(
        database.value("select count(*) from graphdb.processed_runs where status = 'embedded'"),
        runs.to_string()
    );
    let completed = "select run_id || phase from graphdb.run_attempts where outcome = 'completed'";
    assert_eq!(database.value(&format!("select count(*) from ({completed}) as t")), (2 * runs).to_string());
    assert_eq!(database.value(&format!("select count(distinct t.*) from ({completed}) as t")), (2 * runs).to_string());
    assert_eq!(database.value("select count(*) from graphdb.run_attempts where outcome <> 'completed'"), "0");
}

#[test]
fn python_worker_takes_runs_to_embedded() {
    let sandbox = due(2);
    let run = Sandbox::wait(started(python(&sandbox.database))).success();
    assert_eq!(run.stdout, "chunk r01\nembed r01\nchunk r02\nembed r02\n", "{}", run.stderr);
    assert_all_done_once(&sandbox.database, 2);
    assert_ranges_are_right(&sandbox.database);
}

#[test]
fn psql_worker_takes_runs_to_embedded() {
    let sandbox = due(2);
    let run = Sandbox::wait(started(psql(&sandbox.database))).success();
    assert_eq!(run.stdout, "chunk r01\nembed r01\nchunk r02\nembed r02\n", "{}", run.stderr);
    assert_all_done_once(&sandbox.database, 2);
    assert_ranges_are_right(&sandbox.database);
}

/// The text of every chunk is the title and the bytes of its range.
fn assert_ranges_are_right(database: &TestDatabase) {
    let wrong = r"select count(*) from graphdb.chunks as c join graphdb.documents as d using (run_id, doc_id)
        where c.text <> d.title || E'\n' || btrim(convert_from(substr(convert_to(d.body, 'UTF8'), c.byte_start + 1, c.byte_end - c.byte_start), 'UTF8'), E' \n')";
    assert_eq!(database.value(wrong), "0");
    assert!(database.value("select count(*) from graphdb.chunks").parse::<u32>().unwrap() >= 8);
}

#[test]
fn two_command_lines_python_and_psql_drain_one_backlog_each_run_once() {
    let sandbox = due(12);
    let database = &sandbox.database;
    // No worker can continue after its first claim until all workers have one.
    let held = database.hold("chunks", "exclusive");
    let ours = [sandbox.spawn(&["run", "--workers", "1"]), sandbox.spawn(&["run", "--workers", "1"])];
    let others = [started(python(database)), started(psql(database))];
    database.wait_until("(select count(distinct claimed_by) = 4 from graphdb.processed_runs)");
    drop(held);
    for child in ours.into_iter().chain(others) {
        Sandbox::wait(child).success();
    }
    assert_all_done_once(database, 12);
    let unembedded = "select count(*) from graphdb.processed_runs as r join graphdb.chunks as c using (run_id) where not exists \
                      (select from graphdb.embeddings as e join graphdb.embedding_models as m using (model_id) \
                       where e.input_sha256 = c.input_sha256 and m.model = r.embedding_model)";
    assert_eq!(database.value(unembedded), "0");
}

#[test]
fn python_worker_refuses_a_newer_schema() {
    let sandbox = due(1);
    let newer = "insert into graphdb.schema_migrations (version, name, sha256, code_version) \
                 values (9999, 'later', repeat('0', 64), '9')";
    sandbox.database.connect().batch_execute(newer).unwrap();
    let run = Sandbox::wait(started(python(&sandbox.database))).exits(1);
    assert!(run.stderr.contains("the schema has version 9999"), "{}", run.stderr);
    assert_eq!(sandbox.database.value("select status from graphdb.processed_runs"), "normalized");
}
