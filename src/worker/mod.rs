//! Workers: threads that claim a run, do a phase's work, and complete it, until nothing is due.

mod chunking;
mod embedding;
mod in_flight;
pub mod lease;
mod permits;
mod requests;
pub mod waiting;

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;

use crate::chunk::Limits;
use crate::db::calls::{self, Filter, Run};
use crate::db::vectors::EmbeddingStore;
use crate::db::{Connector, stage};
use crate::embed::Provider;
use crate::error::{Error, Result};
use crate::events::{Event, EventWriter};
use crate::ids::{Phase, RunId, Status};
use crate::stop::Stop;
use in_flight::InFlight;
use lease::{Lease, Leases};
use permits::{Permit, Permits};
use waiting::Reminder;

/// How long a worker tries to get a connection before it gives up.
const RECONNECT_PATIENCE: Duration = Duration::from_secs(60);
/// Pause of an idle worker that watches: a NOTIFY would wake it sooner, this bounds what a lost one costs.
const WATCH_PAUSE: Duration = Duration::from_secs(2);
/// Connections lost over one run before it is charged an attempt for it: it may be what brings them down.
const MOST_LOSSES: u32 = 3;

/// What the workers of one process do.
pub struct Plan {
    /// Phases to work on, in order.
    pub phases: Vec<Phase>,
    /// Which runs.
    pub filter: Filter,
    /// Most runs to take up.
    pub limit: Option<u64>,
    /// Number of threads that claim runs.
    pub workers: usize,
    /// Batches that the provider works on at once, whichever runs they are of.
    pub slots: usize,
    /// Stay when nothing is due.
    pub watch: bool,
    /// Size of chunks.
    pub limits: Limits,
    /// Who embeds.
    pub provider: Arc<dyn Provider>,
    /// Most tokens in a batch.
    pub batch_tokens: usize,
    /// Length of a lease.
    pub ttl: Duration,
    /// Names this process in `claimed_by`: `host/pid`.
    pub process: String,
}

/// Is told how the work goes on.
pub trait Watcher: Sync {
    /// Part of the work under a claim is done.
    fn advanced(&self, lease: &Lease);
    /// A run went through every phase asked for, as one of `done` so far.
    fn completed(&self, done: u64);
}

/// What the workers of one process did.
#[derive(Debug, Default)]
pub struct Tally {
    /// Runs that went through every phase asked for.
    pub done: AtomicU64,
    /// Runs whose last claim here ended in failure.
    failed: Mutex<BTreeSet<RunId>>,
    /// Claims that were lost to others, or to a reset.
    pub lost: AtomicU64,
    /// Claims that were given back.
    pub released: AtomicU64,
}

impl Tally {
    /// Returns how many runs failed and were not completed later.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed_runs().len() as u64
    }

    fn failed_runs(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        locked(&self.failed)
    }
}

/// How the work on a claim ended.
#[derive(Debug)]
pub(crate) enum End {
    Completed(Box<Run>),
    Failed { message: String, permanent: bool },
    Stopped,
    Lost,
}

/// What became of an attempt to take up a run.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    /// None was due.
    Nothing,
    /// It was claimed, and its phase completed.
    Completed(RunId),
    /// It was claimed, and given back, failed or lost.
    Ended,
}

/// One worker's view of the plan.
pub(crate) struct Job<'a> {
    pub provider: &'a Arc<dyn Provider>,
    pub limits: Limits,
    pub batch_tokens: usize,
    pub events: &'a EventWriter,
    pub worker_id: &'a str,
    pub in_flight: &'a InFlight,
    pub reminder: &'a Reminder<'a>,
    /// Stays when nothing is due.
    pub watch: bool,
    watcher: &'a dyn Watcher,
    stop: &'a Stop,
}

impl Job<'_> {
    /// Records how many documents or texts are done.
    pub(crate) fn advance(&self, lease: &Lease, done: u64) {
        lease.set_done(done);
        self.watcher.advanced(lease);
    }

    /// Returns how the work ends when it must end now.
    pub(crate) fn interruption(&self, lease: &Lease) -> Option<End> {
        if lease.is_lost() {
            Some(End::Lost)
        } else if self.stop.is_asked() {
            Some(End::Stopped)
        } else {
            None
        }
    }
}

/// Runs the plan to its end.
///
/// Returns the first error that stopped a worker for good; the others finish what they can, or with `watch` what they hold.
pub fn run(
    plan: &Plan,
    connector: &Connector,
    events: &EventWriter,
    stop: &Stop,
    tally: &Tally,
    watcher: &dyn Watcher,
) -> Result<()> {
    let pool = WorkerPool {
        plan,
        connector,
        events,
        stop,
        tally,
        watcher,
        leases: Leases::new(plan.ttl),
        in_flight: InFlight::new(plan.slots),
        reminder: Reminder::new(events),
        permits: Permits::new(plan.limit),
        losses: Mutex::default(),
        first_error: Mutex::default(),
    };
    let finished = Stop::default();
    thread::scope(|scope| {
        let renewer = scope.spawn(|| pool.leases.keep_renewing(connector, events, &finished));
        let workers: Vec<_> = (0..plan.workers)
            .map(|number| {
                let worker =
                    Worker { pool: &pool, id: format!("{}/{number}", plan.process), abandoned: RefCell::default() };
                scope.spawn(move || worker.run().unwrap_or_else(|error| worker.end_by(error)))
            })
            .collect();
        // Each is waited for, and its lease renewed, whatever became of another.
        let defects: Vec<_> = workers.into_iter().filter_map(|worker| worker.join().err()).collect();
        finished.ask();
        let _ = renewer.join();
        if let Some(defect) = defects.into_iter().next() {
            panic::resume_unwind(defect);
        }
    });
    pool.first_error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// What the workers of a process share.
struct WorkerPool<'a> {
    plan: &'a Plan,
    connector: &'a Connector,
    events: &'a EventWriter,
    stop: &'a Stop,
    tally: &'a Tally,
    watcher: &'a dyn Watcher,
    leases: Leases,
    in_flight: InFlight,
    reminder: Reminder<'a>,
    permits: Permits,
    /// How many connections were lost over a run.
    losses: Mutex<BTreeMap<RunId, u32>>,
    /// The first error that stopped a worker for good.
    first_error: Mutex<Option<Error>>,
}

struct Worker<'a> {
    pool: &'a WorkerPool<'a>,
    id: String,
    /// A claim that could be neither ended nor given back, because the connection was gone.
    abandoned: RefCell<Option<Arc<Lease>>>,
}

impl Worker<'_> {
    fn run(&self) -> Result<()> {
        let mut connection = self.connect_patiently()?;
        while !self.is_over() {
            let Some(permit) = self.pool.permits.take() else { break };
            let outcome = match self.take_up_one(&mut connection, permit) {
                Ok(true) => Ok(()),
                Ok(false) if self.pool.plan.watch => self.wait_for_notice(&mut connection.client),
                Ok(false) => break,
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if error.is_connection_loss() => {
                    log::warn!("{}: lost the connection, connecting again: {error}", self.id);
                    connection = self.connect_patiently()?;
                    self.give_back_abandoned(&mut connection.client);
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Whether no further run is to be taken up.
    fn is_over(&self) -> bool {
        // What ended one worker would end the others, one by one and unseen.
        self.pool.stop.is_asked() || self.pool.plan.watch && locked(&self.pool.first_error).is_some()
    }

    /// Tells at once what ends this worker; the command tells the first of such errors at its end.
    fn end_by(&self, error: Error) {
        if self.pool.plan.workers > 1 {
            log::warn!("{} ends: {error}", self.id);
        }
        locked(&self.pool.first_error).get_or_insert(error);
    }

    /// Takes one run through the phases asked for. Returns false when none is due.
    fn take_up_one(&self, connection: &mut Connection, permit: Permit<'_>) -> Result<bool> {
        let mut permit = Some(permit);
        if self.pool.plan.phases.contains(&Phase::Embed) {
            // What another worker chunked is finished first. A run that was reset still has its old chunks: with both
            // phases on it is left to the chunk phase, or it would be embedded without being chunked anew.
            let status = if self.both() { vec![Status::Chunked] } else { Vec::new() };
            let filter = Filter { status, ..self.pool.plan.filter.clone() };
            let taken = self.claim_and_work(connection, Phase::Embed, &filter, &mut permit)?;
            if taken != Taken::Nothing {
                self.count_done(&taken);
                return Ok(true);
            }
        }
        if !self.pool.plan.phases.contains(&Phase::Chunk) {
            return Ok(false);
        }
        let mut taken = self.claim_and_work(connection, Phase::Chunk, &self.pool.plan.filter, &mut permit)?;
        if taken == Taken::Nothing {
            return Ok(false);
        }
        if let (Taken::Completed(run_id), true, false) = (&taken, self.both(), self.pool.stop.is_asked()) {
            taken = self.claim_and_work(connection, Phase::Embed, &Filter::for_run(run_id), &mut None)?;
        }
        self.count_done(&taken);
        Ok(true)
    }

    fn both(&self) -> bool {
        self.pool.plan.phases.contains(&Phase::Chunk) && self.pool.plan.phases.contains(&Phase::Embed)
    }

    fn count_done(&self, taken: &Taken) {
        if matches!(taken, Taken::Completed(_)) {
            let done = self.pool.tally.done.fetch_add(1, Ordering::Relaxed) + 1;
            self.pool.watcher.completed(done);
        }
    }

    /// Claims the first due run, if any, by the permit, and works on it.
    fn claim_and_work(
        &self,
        connection: &mut Connection,
        phase: Phase,
        filter: &Filter,
        permit: &mut Option<Permit<'_>>,
    ) -> Result<Taken> {
        let asked = Instant::now();
        let Some(run) = calls::claim_run(&mut connection.client, phase, &self.id, self.pool.leases.ttl(), filter)?
        else {
            return Ok(Taken::Nothing);
        };
        if let Some(permit) = permit.take() {
            permit.use_for(&run.run_id);
        }
        let lease = self.pool.leases.add(&run, phase, &self.id, asked);
        self.announce(&run, phase);
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| self.work(connection, &lease)));
        let outcome = outcome.unwrap_or_else(|defect| {
            // Charged to the run, which would else end one worker after another. A connection left amid a query is found out by
            // the next call.
            let message = format!("a defect of trailblazer: {}", described(defect.as_ref()));
            Ok(End::Failed { message, permanent: false })
        });
        let lease = lease.end();
        let taken = self.settle(&mut connection.client, &lease, outcome);
        if taken.as_ref().is_err_and(Error::is_connection_loss) {
            self.abandoned.replace(Some(lease));
        }
        taken
    }

    /// Gives back the claim whose connection was lost: else nobody could take the run up before its lease runs out.
    fn give_back_abandoned(&self, client: &mut Client) {
        if let Some(lease) = self.abandoned.take()
            && let Err(error) = self.give_back(client, &lease)
        {
            // Its last call may have ended it, unheard; or it stays until its lease runs out.
            log::debug!("{}: {error}", self.id);
        }
    }

    fn give_back(&self, client: &mut Client, lease: &Lease) -> Result<()> {
        let losses =
            *locked(&self.pool.losses).entry(lease.run_id.clone()).and_modify(|count| *count += 1).or_insert(1);
        if losses < MOST_LOSSES {
            self.pool.permits.give_back(&lease.run_id);
            return self.release(client, lease);
        }
        locked(&self.pool.losses).remove(&lease.run_id);
        let message =
            format!("the connection was lost {losses} times over this run; the log of the server may say why");
        self.fail(client, lease, &message, false)
    }

    fn announce(&self, run: &Run, phase: Phase) {
        let worker_id = self.id.as_str();
        if let Some(claim_expires_at) = run.claim_expires_at {
            let attempts = run.attempts;
            self.pool.events.emit(&Event::Claim { run_id: &run.run_id, phase, worker_id, attempts, claim_expires_at });
        }
        self.pool.events.emit(&match phase {
            Phase::Chunk => Event::ChunkStart { run_id: &run.run_id, phase, worker_id, documents: run.total_docs },
            Phase::Embed => Event::EmbedStart {
                run_id: &run.run_id,
                phase,
                worker_id,
                model: &self.pool.plan.provider.model().name,
                chunks: run.total_chunks.unwrap_or(0),
            },
        });
    }

    fn work(&self, connection: &mut Connection, lease: &Lease) -> Result<End> {
        let job = Job {
            provider: &self.pool.plan.provider,
            limits: self.pool.plan.limits,
            batch_tokens: self.pool.plan.batch_tokens,
            events: self.pool.events,
            worker_id: &self.id,
            in_flight: &self.pool.in_flight,
            reminder: &self.pool.reminder,
            watch: self.pool.plan.watch,
            watcher: self.pool.watcher,
            stop: self.pool.stop,
        };
        match lease.phase {
            Phase::Chunk => chunking::work(&job, &mut connection.client, lease),
            Phase::Embed => {
                let (client, store) = connection.with_store(&job.provider.model().name)?;
                embedding::work(&job, client, store, lease)
            }
        }
    }

    /// Tells the database and the world how the work on a claim ended.
    fn settle(&self, client: &mut Client, lease: &Lease, outcome: Result<End>) -> Result<Taken> {
        let end = match outcome {
            Ok(end) => end,
            Err(error) if error.is_claim_lost() => End::Lost,
            // Whoever comes next starts from what is stored.
            Err(error) if error.is_connection_loss() => return Err(error),
            // A server that is full may not even take it back: then its lease runs out.
            Err(error) if error.is_not_the_runs_fault() => {
                if let Err(error) = self.release(client, lease) {
                    log::warn!("{}: cannot give back run {}: {error}", self.id, lease.run_id);
                }
                return Err(error);
            }
            Err(error) => End::Failed { message: error.to_string(), permanent: false },
        };
        let told = match end {
            End::Completed(run) => {
                self.report_completed(&run, lease.phase);
                return Ok(Taken::Completed(run.run_id));
            }
            End::Lost => {
                self.report_lost(lease);
                return Ok(Taken::Ended);
            }
            End::Stopped => self.release(client, lease),
            End::Failed { message, permanent } => self.fail(client, lease, &message, permanent),
        };
        match told {
            Err(error) if error.is_claim_lost() => self.report_lost(lease),
            other => other?,
        }
        Ok(Taken::Ended)
    }

    fn report_completed(&self, run: &Run, phase: Phase) {
        self.pool.tally.failed_runs().remove(&run.run_id);
        locked(&self.pool.losses).remove(&run.run_id);
        self.pool.events.emit(&Event::Complete {
            run_id: &run.run_id,
            phase,
            worker_id: &self.id,
            status: run.status,
            total_docs: run.total_docs,
            total_chunks: run.total_chunks,
            embedded_chunks: run.embedded_chunks,
        });
    }

    fn report_lost(&self, lease: &Lease) {
        log::warn!("run {} was taken from its worker in {}, and may be taken up again", lease.run_id, lease.phase);
        self.pool.tally.lost.fetch_add(1, Ordering::Relaxed);
        self.pool.events.emit(&Event::Lost { run_id: &lease.run_id, phase: lease.phase, worker_id: &self.id });
    }

    fn release(&self, client: &mut Client, lease: &Lease) -> Result<()> {
        let run = calls::release_run(client, &lease.run_id, lease.token)?;
        self.pool.tally.released.fetch_add(1, Ordering::Relaxed);
        let (run_id, status) = (&run.run_id, run.status);
        self.pool.events.emit(&Event::Release { run_id, phase: lease.phase, worker_id: &self.id, status });
        Ok(())
    }

    fn fail(&self, client: &mut Client, lease: &Lease, message: &str, permanent: bool) -> Result<()> {
        let run = calls::fail_run(client, &lease.run_id, lease.token, message, permanent)?;
        self.pool.tally.failed_runs().insert(run.run_id.clone());
        log::warn!("run {} failed in {}: {message}", run.run_id, lease.phase);
        self.pool.events.emit(&Event::Fail {
            run_id: &run.run_id,
            phase: lease.phase,
            worker_id: &self.id,
            status: run.status,
            attempts: run.attempts,
            available_at: run.available_at,
            error: message,
        });
        Ok(())
    }

    fn connect(&self) -> Result<Connection> {
        let mut client = self.pool.connector.connect_to_work()?;
        stage::create(&mut client)?;
        if self.pool.plan.watch {
            client.batch_execute("listen graphdb_backlog")?;
        }
        Ok(Connection { client, store: None })
    }

    /// Connects, again and again while the server is away or has no connection left.
    fn connect_patiently(&self) -> Result<Connection> {
        let deadline = Instant::now() + RECONNECT_PATIENCE;
        let mut pause = Duration::from_millis(100);
        loop {
            match self.connect() {
                Err(error) if error.is_connection_loss() && Instant::now() < deadline && !self.pool.stop.is_asked() => {
                }
                outcome => return outcome,
            }
            self.pool.stop.sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Waits until the backlog has news, the watch pause is over, or no further run is to be taken up.
    fn wait_for_notice(&self, client: &mut Client) -> Result<()> {
        use postgres::fallible_iterator::FallibleIterator;
        let end = Instant::now() + WATCH_PAUSE;
        while !self.is_over() && Instant::now() < end {
            if client.notifications().timeout_iter(Duration::from_millis(200)).next()?.is_some() {
                // One look at the backlog answers all that came by now.
                return Ok(client.notifications().iter().for_each(|_| Ok(()))?);
            }
        }
        Ok(())
    }
}

/// A worker's connection, and what is prepared on it.
struct Connection {
    client: Client,
    store: Option<EmbeddingStore>,
}

impl Connection {
    /// The connection with the store for the vectors of a model, which is prepared once.
    fn with_store(&mut self, model: &str) -> Result<(&mut Client, &EmbeddingStore)> {
        let store = match self.store.take() {
            Some(store) => store,
            None => EmbeddingStore::prepare(&mut self.client, model)?,
        };
        Ok((&mut self.client, self.store.insert(store)))
    }
}

/// What a panic says.
fn described(defect: &(dyn Any + Send)) -> &str {
    let text = defect.downcast_ref::<&str>().copied();
    text.or_else(|| defect.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
