//! Runs workers in several processes and injects random faults. At the end, the tables must be the same as without faults.
//!
//! `make chaos KILLS=200 SEED=…` is the long version. The seed determines the faults, their order and their duration.
//! The operation that a fault hits depends on the machine.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use postgres::Client;

use super::provider::{DIMENSION, Provider};
use super::server::Server;
use super::{Random, setting};
use crate::support::Sandbox;
use crate::support::database::final_tables;
use crate::support::held::send;
use crate::support::proxy::Network;

const PROCESSES: usize = 3;
/// Number of documents in a run. It is small so that there are many runs.
const DOCUMENTS: usize = 8;
/// If the work does not continue within this time after a fault, the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// SIGKILL of a process with two workers.
    KillWorker,
    /// A process is stopped until its leases have expired, and then continued.
    FreezeWorker,
    /// `pg_terminate_backend` for up to three connections.
    TerminateBackends,
    /// The server is stopped in mode immediate, and started again.
    CrashServer,
    /// All connections are closed, and new connections fail.
    CutNetwork,
    /// No data is transferred, and then the connections are closed.
    StallNetwork,
    /// There is no disk space for data or WAL.
    FillDisk,
    /// All providers return 503.
    ProviderDown,
    /// All leases expire at once.
    ExpireLeases,
}

impl Fault {
    const ALL: [Self; 9] = [
        Self::KillWorker,
        Self::FreezeWorker,
        Self::TerminateBackends,
        Self::CrashServer,
        Self::CutNetwork,
        Self::StallNetwork,
        Self::FillDisk,
        Self::ProviderDown,
        Self::ExpireLeases,
    ];
}

/// Splits the sample documentation into small runs, and registers them in the database of the sandbox.
fn prepare() -> Sandbox {
    let sandbox = Sandbox::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/docs");
    let mut lines = Vec::new();
    for source in ["dita", "confluence"] {
        let folder = samples.join(source).display().to_string();
        sandbox.run(&["normalize", &folder, "--source", source, "--run-id", source]).success();
        let path = sandbox.folder().join(format!("var/runs/{source}"));
        let text = std::fs::read_to_string(path.join("normalize/normalized.ndjson")).unwrap();
        lines.extend(text.lines().map(str::to_owned));
        std::fs::remove_dir_all(path).unwrap();
    }
    sandbox
        .database
        .connect()
        .batch_execute("delete from graphdb.processed_runs; delete from graphdb.documents")
        .unwrap();
    for (number, documents) in lines.chunks(DOCUMENTS).enumerate() {
        let path = format!("var/runs/2026-01-01_0000{number:02}_docs/normalize/normalized.ndjson");
        sandbox.write(&path, documents.join("\n"));
    }
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

struct Chaos {
    sandbox: Sandbox,
    server: Server,
    network: Network,
    provider: Provider,
    workers: Vec<Child>,
    observer: Client,
    /// The times until a phase was completed again, by fault.
    recoveries: BTreeMap<Fault, Vec<Duration>>,
}

impl Chaos {
    fn new(sandbox: Sandbox) -> Self {
        let server = Server::start();
        let network = Network::before(&server.socket_dir(), None);
        let mut observer = server.connect();
        observer
            .batch_execute(
                "create table public.chaos_clock as select interval '0' as ahead; \
                 create or replace function graphdb.clock() returns timestamptz language sql stable security definer as \
                 $$ select statement_timestamp() + c.ahead from public.chaos_clock as c $$",
            )
            .unwrap();
        let provider = Provider::start(Duration::from_millis(5), true);
        let recoveries = BTreeMap::new();
        let chaos = Self { sandbox, server, network, provider, workers: Vec::new(), observer, recoveries };
        chaos.configure(&chaos.provider.url);
        chaos
    }

    fn configure(&self, provider: &str) {
        let yaml = format!(
            "embed: {{ provider: openai, model: chaos, base_url: '{provider}', dimensions: {DIMENSION}, batch_tokens: 400 }}\n\
             backlog: {{ claim_ttl_minutes: 1, max_attempts: 9999 }}\n"
        );
        self.sandbox.write(".trailblazer.yaml", yaml);
    }

    fn url(&self) -> String {
        format!("postgresql://trailblazer@127.0.0.1:{}/chaos", self.network.port)
    }

    fn spawn(&self, number: usize) -> Child {
        let log = self.sandbox.folder().join(format!("worker-{number}.log"));
        let log = File::options().create(true).append(true).open(log).unwrap();
        // One process keeps running when no run is due. The others end and are started again.
        let args: &[&str] =
            if number == 0 { &["run", "--workers", "2", "--watch"] } else { &["run", "--workers", "2"] };
        let mut command = self.sandbox.command(args);
        command.env("TRAILBLAZER_DB_URL", self.url());
        command.env_remove("TRAILBLAZER_EMBED_PROVIDER").env_remove("TRAILBLAZER_EMBED_MODEL");
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Restarts the processes that have ended. Checks their exit codes.
    fn tend(&mut self) {
        self.server.revive();
        for number in 0..PROCESSES {
            if let Some(worker) = self.workers.get_mut(number) {
                let Some(status) = worker.try_wait().unwrap() else { continue };
                // The run is complete, had failures or lost the database, or the process was killed.
                assert!(matches!(status.code(), Some(0 | 1 | 4) | None), "{status}\n{}", self.logs());
                self.workers[number] = self.spawn(number);
            } else {
                self.workers.push(self.spawn(number));
            }
        }
    }

    fn logs(&self) -> String {
        (0..PROCESSES)
            .map(|number| self.sandbox.folder().join(format!("worker-{number}.log")))
            .map(|path| std::fs::read_to_string(path).unwrap_or_default())
            .collect::<Vec<_>>()
            .join("\n---\n")
    }

    /// Queries the server directly without the network. Opens a new connection if necessary.
    fn ask(&mut self, query: &str) -> i64 {
        loop {
            match self.observer.query_one(query, &[]) {
                Ok(row) => return row.get(0),
                Err(_) => self.observer = self.server.connect(),
            }
        }
    }

    fn completed(&mut self) -> i64 {
        self.ask("select count(*) from graphdb.run_attempts where outcome = 'completed'")
    }

    fn open_runs(&mut self) -> i64 {
        self.ask("select count(*) from graphdb.processed_runs where status <> 'embedded'")
    }

    /// Lets all leases expire and all back-offs end.
    fn advance_clock(&mut self) {
        self.ask("with moved as (update public.chaos_clock set ahead = ahead + interval '16 minutes' returning 1) select count(*) from moved");
    }

    fn strike(&mut self, fault: Fault, random: &mut Random) {
        let pause = Duration::from_millis(u64::try_from(50 + random.below(450)).unwrap());
        let victim = random.below(PROCESSES);
        match fault {
            Fault::KillWorker => {
                send(&self.workers[victim], Signal::SIGKILL);
                self.workers[victim].wait().unwrap();
            }
            Fault::FreezeWorker => {
                send(&self.workers[victim], Signal::SIGSTOP);
                self.advance_clock();
                thread::sleep(pause);
                send(&self.workers[victim], Signal::SIGCONT);
            }
            Fault::TerminateBackends => {
                let count = 1 + random.below(3);
                self.ask(&format!(
                    "select count(pg_terminate_backend(a.pid)) from (select a.pid from pg_stat_activity as a \
                     where a.application_name = 'trailblazer' order by md5(a.pid::text) limit {count}) as a"
                ));
            }
            Fault::CrashServer => self.server.crash(),
            Fault::CutNetwork => {
                self.network.cut();
                thread::sleep(pause);
                self.network.heal();
            }
            Fault::StallNetwork => {
                self.network.stall();
                thread::sleep(pause);
                self.network.cut();
                thread::sleep(Duration::from_millis(20));
                self.network.heal();
            }
            Fault::FillDisk => self.server.fill_disk(pause),
            Fault::ProviderDown => {
                self.provider.is_down.store(true, Ordering::Relaxed);
                thread::sleep(pause);
                self.provider.is_down.store(false, Ordering::Relaxed);
            }
            Fault::ExpireLeases => self.advance_clock(),
        }
    }

    /// Waits until more than `before` phases are completed, or no work is left.
    fn wait_for_progress(&mut self, before: i64) {
        let begun = Instant::now();
        let mut waited = Instant::now();
        while self.completed() <= before && self.open_runs() > 0 {
            assert!(begun.elapsed() < PATIENCE, "the work does not go on: {}", self.logs());
            self.tend();
            // The remaining runs are claimed by dead workers or in back-off. Move the clock instead of waiting.
            if waited.elapsed() > Duration::from_secs(2) {
                self.advance_clock();
                waited = Instant::now();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Compares the tables with the tables of a run without faults, and checks that each run was completed once since `token`.
    fn verify(&mut self, undisturbed: &[String], token: i64) {
        let found = final_tables(&mut self.server.connect());
        assert_eq!(found.len(), undisturbed.len());
        for (found, undisturbed) in found.iter().zip(undisturbed) {
            assert_eq!(found, undisturbed);
        }
        let query = format!(
            "select count(*) from graphdb.processed_runs as r cross join (values ('chunk'), ('embed')) as p (phase) \
             where (select count(*) from graphdb.run_attempts as a where a.run_id = r.run_id and a.phase = p.phase \
                    and a.outcome = 'completed' and a.claim_token > {token}) <> 1"
        );
        assert_eq!(self.ask(&query), 0, "phases that were not completed exactly once");
    }

    fn report(&mut self, begun: Instant) {
        println!(
            "{:<18} {:>6} {:>10} {:>10}   until a phase was completed again",
            "fault", "times", "median", "longest"
        );
        for (fault, times) in &self.recoveries {
            let mut times = times.clone();
            times.sort();
            let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
            println!(
                "{:<18} {:>6} {:>8} ms {:>8} ms",
                format!("{fault:?}"),
                times.len(),
                median.as_millis(),
                longest.as_millis()
            );
        }
        let outcomes =
            "select a.outcome || ' ' || count(*) from graphdb.run_attempts as a group by a.outcome order by 1";
        let rows = self.server.connect().query(outcomes, &[]).unwrap();
        let outcomes: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        println!("claims: {}", outcomes.join(", "));
        let logs = self.logs();
        let said = |text: &str| logs.matches(text).count();
        println!(
            "workers said: lost the connection {}, no space {}, claims lost {}; {} s in all",
            said("lost the connection"),
            said("No space left"),
            said("lost the claim on run"),
            begun.elapsed().as_secs()
        );
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

#[test]
fn chaos_leaves_the_tables_of_an_undisturbed_run() {
    let begun = Instant::now();
    let mut random = Random::seeded("chaos");
    let mut left = setting("KILLS", 9);
    let sandbox = prepare();
    let mut chaos = Chaos::new(sandbox);
    let kinds: Vec<Fault> =
        Fault::ALL.into_iter().filter(|fault| *fault != Fault::FillDisk || chaos.server.has_volume()).collect();
    if !chaos.server.has_volume() {
        println!("no volume of its own could be mounted: the disk is never full");
    }

    let calm = Provider::start(Duration::ZERO, false);
    chaos.configure(&calm.url);
    let mut command = chaos.sandbox.command(&["run"]);
    command.env_remove("TRAILBLAZER_EMBED_PROVIDER").env_remove("TRAILBLAZER_EMBED_MODEL");
    assert!(command.output().unwrap().status.success());
    let undisturbed = chaos.sandbox.database.final_tables();
    chaos.configure(&chaos.provider.url);

    let mut backfill = chaos.sandbox.command(&["runs", "backfill"]);
    backfill.env_remove("TRAILBLAZER_EMBED_PROVIDER").env_remove("TRAILBLAZER_EMBED_MODEL");
    assert!(backfill.env("TRAILBLAZER_DB_URL", chaos.url()).output().unwrap().status.success());
    let mut deck: Vec<Fault> = Vec::new();
    // Get the token before the runs of a round are due, because a worker may claim one at once.
    let mut token = chaos.ask("select nextval('graphdb.claim_tokens')");
    loop {
        while chaos.open_runs() > 0 {
            chaos.tend();
            thread::sleep(Duration::from_millis(u64::try_from(random.below(200)).unwrap()));
            let before = chaos.completed();
            if left == 0 {
                chaos.wait_for_progress(before);
                continue;
            }
            // Use a shuffled list of all faults, so that each of them is equally frequent.
            if deck.is_empty() {
                deck.clone_from(&kinds);
            }
            let fault = deck.swap_remove(random.below(deck.len()));
            chaos.strike(fault, &mut random);
            left -= 1;
            let struck = Instant::now();
            let before = chaos.completed();
            chaos.wait_for_progress(before);
            chaos.recoveries.entry(fault).or_default().push(struck.elapsed());
        }
        chaos.verify(&undisturbed, token);
        if left == 0 {
            break;
        }
        token = chaos.ask("select nextval('graphdb.claim_tokens')");
        chaos.ask("select reset from graphdb.reset_runs(p_scope => 'all', p_delete_chunks => true)");
    }
    chaos.report(begun);
}
