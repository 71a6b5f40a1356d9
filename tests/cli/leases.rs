//! Leases are renewed during the work, regardless of what the work waits for.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use trailblazer::config::Config;
use trailblazer::db::{Connector, calls};
use trailblazer::events::EventWriter;
use trailblazer::ids::{Phase, RunId};
use trailblazer::stop::Stop;
use trailblazer::worker::lease::{Lease, Leases};

use crate::support::{Run, Sandbox, TestDatabase, schema};

/// Much shorter than the configuration allows, so that renewals are frequent.
const TTL: Duration = Duration::from_secs(3);

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Claims the only run of a new database, and calls `during` while its lease is renewed.
fn while_renewing(during: impl FnOnce(&TestDatabase, &Lease)) -> Vec<serde_json::Value> {
    let database = TestDatabase::new();
    database.register_runs(1);
    let mut config = Config::default();
    config.database.url = Some(database.url.as_str().into());
    let connector = Connector::new(&config).unwrap();
    let leases = Leases::new(TTL);
    let asked = Instant::now();
    let run = calls::claim_run(&mut database.connect(), Phase::Chunk, "h/1/0", TTL, &calls::Filter::default());
    let run = run.unwrap().unwrap();
    let lease = leases.add(&run, Phase::Chunk, "h/1/0", asked);

    let (captured, finished) = (Captured::default(), Stop::default());
    let events = EventWriter::new(captured.clone(), true);
    thread::scope(|scope| {
        scope.spawn(|| leases.keep_renewing(&connector, &events, &finished));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| during(&database, &lease)));
        finished.ask();
        outcome.unwrap();
    });
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    events.iter().for_each(schema::assert_valid);
    events
}

#[test]
fn lease_outlives_its_length_while_work_goes_on() {
    let events = while_renewing(|database, lease| {
        lease.set_done(7);
        database
            .wait_until("(select claim_expires_at > claimed_at + interval '5 seconds' from graphdb.processed_runs)");
        database
            .wait_until("clock_timestamp() > (select claimed_at + interval '4 seconds' from graphdb.processed_runs)");
        assert!(!lease.is_lost());
        assert_eq!(database.value("select count(*) from graphdb.recover_expired_claims()"), "0");
        assert_eq!(database.value("select claim_progress from graphdb.processed_runs"), "7");
    });
    assert!(events.iter().all(|event| event["event"] == "runs.renew" && event["done"] == 7), "{events:?}");
    assert!(events.len() >= 3, "{events:?}");
}

#[test]
fn renewal_that_fails_is_tried_again_and_loses_nothing() {
    while_renewing(|database, lease| {
        let renewed = "(select claim_expires_at > claimed_at + interval '3.5 seconds' from graphdb.processed_runs)";
        database.wait_until(renewed);
        let terminate = "select pg_terminate_backend(a.pid) from pg_stat_activity as a \
                         where a.datname = current_database() and a.query like '%renew_claims%' and a.pid <> pg_backend_pid()";
        assert_eq!(database.connect().query(terminate, &[]).unwrap().len(), 1);
        let before = database.value("select claim_expires_at from graphdb.processed_runs");
        database.wait_until(&format!("(select claim_expires_at > '{before}' from graphdb.processed_runs)"));
        assert!(!lease.is_lost());
    });
}

#[test]
fn claim_that_was_taken_away_is_noticed_by_its_renewal() {
    while_renewing(|database, lease| {
        let mut client = database.connect();
        client.execute("select graphdb.reset_runs(p_force => true)", &[]).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !lease.is_lost() {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
        let run_id: RunId = "r01".parse().unwrap();
        let error = calls::complete_run(&mut client, &run_id, Phase::Chunk, lease.token, None).unwrap_err();
        assert!(error.is_claim_lost(), "{error}");
    });
}

#[test]
#[cfg_attr(not(has_faketime), ignore = "needs faketime")]
fn client_whose_clock_is_years_off_does_the_same_as_any_other() {
    let sandbox = Sandbox::new();
    sandbox.write("manual/a.dita", r#"<topic id="a"><title>A</title><body><p>Some text.</p></body></topic>"#);
    let manual = sandbox.folder().join("manual").display().to_string();
    for (offset, run_id) in [("+3y", "ahead"), ("-3y", "behind")] {
        for args in [&["normalize", &manual, "--source", "dita", "--run-id", run_id][..], &["run"]] {
            let command = sandbox.command(args);
            let mut faked = std::process::Command::new("faketime");
            faked.args(["-f", offset]).arg(command.get_program()).args(command.get_args());
            faked.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
            faked.current_dir(sandbox.folder());
            Run::of(faked.output().unwrap()).success();
        }
    }
    let off = "select count(*) from graphdb.processed_runs as r cross join graphdb.run_attempts as a \
               where greatest(r.normalized_at, r.embed_completed_at, a.ended_at) > now() \
               or least(r.normalized_at, r.chunk_started_at, a.started_at) < now() - interval '1 hour'";
    assert_eq!(sandbox.database.value(off), "0");
    assert_eq!(sandbox.database.column("select outcome from graphdb.run_attempts"), ["completed"; 4]);
    // The last version is the newest, regardless of the clock of its machine.
    assert_eq!(sandbox.database.value("select run_id from graphdb.documents where is_newest"), "behind");
}
