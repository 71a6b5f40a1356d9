//! Large tests that take too long for every day. `make scale` runs them and prints figures.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use postgres::Client;
use trailblazer::commands::runs::STEP;
use trailblazer::db::calls::{self, Filter, Reset};
use trailblazer::ids::{Phase, Scope};

use super::setting;
use crate::support::held::send;
use crate::support::{Sandbox, TestDatabase};

const WORKERS: usize = 8;
const TTL: Duration = Duration::from_secs(600);

/// Fills the backlog with runs without documents, so that only the backlog is measured.
fn fill(database: &TestDatabase, runs: u64, more: &str) {
    let fill = format!(
        "insert into graphdb.processed_runs (run_id, source, normalized_at {}) \
         select 'run-' || lpad(i::text, 8, '0'), 'dita', now() - interval '1 day' + i * interval '1 ms' {} \
         from generate_series(1, {runs}) as i",
        if more.is_empty() {
            ""
        } else {
            ", status, total_chunks, embedded_chunks, embedding_model, chunk_started_at, chunk_completed_at, embed_started_at, embed_completed_at"
        },
        more
    );
    let mut client = database.connect();
    client.batch_execute(&fill).unwrap();
    client.batch_execute("vacuum analyze graphdb.processed_runs").unwrap();
}

/// Formats the median, the 99th percentile and the maximum of the durations in milliseconds.
fn spread(times: &mut [Duration]) -> String {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    format!("median {:.1} ms, p99 {:.1} ms, longest {:.1} ms", at(50), at(99), at(100))
}

/// Claims and completes runs until `stop` is set. Every error is a failure. Returns the durations of all claims.
fn work(client: &mut Client, name: &str, stop: &AtomicBool, cycles: &AtomicU64) -> Vec<Duration> {
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let run = calls::claim_run(client, Phase::Chunk, name, TTL, &Filter::default()).unwrap();
        times.push(begun.elapsed());
        match run {
            Some(run) => {
                calls::complete_run(client, &run.run_id, Phase::Chunk, run.claim_token, None).unwrap();
                cycles.fetch_add(1, Ordering::Relaxed);
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    }
    times
}

/// Calls `during` while eight workers claim and complete runs. Returns the durations of their claims.
fn while_working(database: &TestDatabase, cycles: &AtomicU64, during: impl FnOnce()) -> Vec<Duration> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|number| {
                let (stop, mut client) = (&stop, database.connect());
                scope.spawn(move || work(&mut client, &format!("w{number}"), stop, cycles))
            })
            .collect();
        during();
        stop.store(true, Ordering::Relaxed);
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

#[test]
#[ignore = "takes minutes: make scale"]
fn reset_of_a_million_runs_disturbs_no_worker_and_can_be_stopped() {
    let runs = setting("RUNS", 1_000_000);
    let sandbox = Sandbox::new();
    let database = &sandbox.database;
    fill(database, runs, ", 'embedded', 0, 0, 'm', now(), now(), now(), now()");
    let cycles = AtomicU64::new(0);
    let mut steps = Vec::new();
    let begun = Instant::now();
    let mut claims = while_working(database, &cycles, || {
        // Run the command and interrupt it.
        let mut child = sandbox.spawn(&["runs", "reset", "--yes"]);
        database.wait_until(&format!("(select count(*) > {} from graphdb.run_attempts)", runs / 2000));
        send(&child, Signal::SIGINT);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        // Continue with the steps that the command uses.
        let reset = Reset {
            filter: Filter::default(),
            scope: Scope::Processed,
            dry_run: false,
            force: false,
            delete_chunks: false,
        };
        let mut client = database.connect();
        let mut after = String::new();
        loop {
            let begun = Instant::now();
            let step = calls::reset_runs(&mut client, &reset, Some(STEP), &after).unwrap();
            steps.push(begun.elapsed());
            let Some(last) = step.last_run_id else { break };
            after = last;
        }
    });
    println!(
        "reset of {runs} runs, stopped once: {:.0} s; {} steps: {}",
        begun.elapsed().as_secs_f64(),
        steps.len(),
        spread(&mut steps)
    );
    println!(
        "meanwhile {} runs claimed and completed: a claim took {}",
        cycles.load(Ordering::Relaxed),
        spread(&mut claims)
    );
    assert!(steps.iter().all(|step| *step < Duration::from_secs(2)));
    assert_eq!(database.value("select count(*) from graphdb.processed_runs where status = 'embedded'"), "0");
}

#[test]
#[ignore = "takes minutes: make scale"]
fn a_hundred_thousand_leases_that_expire_at_once_slow_no_claim_down_for_long() {
    let runs = setting("RUNS", 100_000).min(100_000);
    let database = TestDatabase::new();
    fill(&database, runs, "");
    database.take_over_clock();
    database.set_clock("2030-01-01 00:00:00+00");
    let mut client = database.connect();
    while client.query("select from graphdb.claim_runs('chunk', 'w', '10 minutes', 10000)", &[]).unwrap().len()
        == 10_000
    {}
    assert_eq!(
        database.value("select count(*) from graphdb.processed_runs where status = 'chunking'"),
        runs.to_string()
    );
    database.set_clock("2030-01-01 01:00:00+00");
    let cycles = AtomicU64::new(0);
    let begun = Instant::now();
    let mut claims = while_working(&database, &cycles, || {
        database.wait_until(
            "not exists (select from graphdb.processed_runs where claim_expires_at <= '2030-01-01 00:30:00+00')",
        );
    });
    println!(
        "{runs} leases that expired at once: all recovered by the claims of {WORKERS} workers in {:.0} s, {} claims: {}",
        begun.elapsed().as_secs_f64(),
        claims.len(),
        spread(&mut claims)
    );
    assert!(claims.iter().all(|claim| *claim < Duration::from_secs(2)));
    assert_eq!(database.value("select count(*) from graphdb.run_attempts where outcome = 'expired'"), runs.to_string());
}

#[test]
#[ignore = "takes minutes: make scale"]
fn an_open_transaction_slows_claims_down_and_stops_none() {
    let seconds = setting("SECONDS", 180);
    let database = TestDatabase::new();
    fill(&database, setting("RUNS", 1_000_000), "");
    let cycles = AtomicU64::new(0);
    let mut table = String::from("after    cycles/s  dead rows\n");
    let mut claims = while_working(&database, &cycles, || {
        let mut window = |label: &str, length: u64| {
            let (begun, before) = (Instant::now(), cycles.load(Ordering::Relaxed));
            thread::sleep(Duration::from_secs(length));
            let done = cycles.load(Ordering::Relaxed) - before;
            let dead = database.value("select pg_stat_get_dead_tuples('graphdb.processed_runs'::regclass)");
            let rate = f64::from(u32::try_from(done).unwrap()) / begun.elapsed().as_secs_f64();
            let _ = writeln!(table, "{label:<8} {rate:>8.0} {dead:>10}");
        };
        window("none", 20);
        let mut holder = database.connect();
        holder
            .batch_execute("begin isolation level repeatable read; select count(*) from graphdb.run_attempts")
            .unwrap();
        for part in 1..=6 {
            window(&format!("{} s", part * seconds / 6), seconds / 6);
        }
        holder.batch_execute("commit").unwrap();
        drop(holder);
        window("its end", 20);
        window("20 s on", 20);
    });
    println!(
        "a transaction held open for {seconds} s, {WORKERS} workers:\n{table}a claim took {}",
        spread(&mut claims)
    );
}
