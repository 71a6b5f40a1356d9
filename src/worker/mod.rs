//! Workers: threads that claim a run, do a phase's work, and complete it, until nothing is due.

mod asking;
mod chunking;
mod embedding;
mod in_flight;
pub mod lease;

use std::cell::RefCell;
use std::collections::BTreeSet;
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
use crate::ids::{Phase, RunId};
use crate::stop::Stop;
use in_flight::InFlight;
use lease::{Lease, Leases};

/// How long a worker tries to get a connection before it gives up.
const RECONNECT_PATIENCE: Duration = Duration::from_secs(60);
/// Pause of an idle worker that watches: a NOTIFY would wake it sooner, this bounds what a lost one costs.
const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// What the workers of one process do.
pub struct Plan<'a> {
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
    pub provider: &'a dyn Provider,
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
    /// A run went through every phase asked for.
    fn completed(&self);
}

/// What the workers of one process did.
#[derive(Debug, Default)]
pub struct Tally {
    taken: AtomicU64,
    /// Runs that cost a permit, kept where there is a limit.
    known: Mutex<BTreeSet<RunId>>,
    /// Runs that went through every phase asked for.
    pub done: AtomicU64,
    /// Runs whose last claim here ended in failure.
    failed: Mutex<BTreeSet<RunId>>,
    /// Workers that ended by a defect.
    broken: AtomicU64,
    /// Claims that were lost to others.
    pub lost: AtomicU64,
    /// Claims that were given back.
    pub released: AtomicU64,
}

impl Tally {
    /// Returns how many runs failed and were not completed later.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed_runs().len() as u64 + self.broken.load(Ordering::Relaxed)
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

/// Whether a claim counts against the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Permit {
    /// It takes up a run.
    New,
    /// It goes on with the run that the worker took up.
    Same,
}

/// One worker's view of the plan.
pub(crate) struct Job<'a> {
    pub provider: &'a dyn Provider,
    pub limits: Limits,
    pub batch_tokens: usize,
    pub events: &'a EventWriter,
    pub worker_id: &'a str,
    pub in_flight: &'a InFlight,
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
/// Returns the first error that stopped a worker for good; the others finish what they can.
pub fn run(
    plan: &Plan<'_>,
    connector: &Connector,
    events: &EventWriter,
    stop: &Stop,
    tally: &Tally,
    watcher: &dyn Watcher,
) -> Result<()> {
    let leases = Leases::new(plan.ttl);
    let in_flight = InFlight::new(plan.slots);
    let finished = Stop::default();
    let first_error: Mutex<Option<Error>> = Mutex::new(None);
    thread::scope(|scope| {
        let renewer = scope.spawn(|| leases.keep_renewing(connector, events, &finished));
        let workers: Vec<_> = (0..plan.workers)
            .map(|number| {
                let worker = Worker {
                    plan,
                    connector,
                    events,
                    stop,
                    tally,
                    watcher,
                    leases: &leases,
                    in_flight: &in_flight,
                    id: format!("{}/{number}", plan.process),
                    abandoned: RefCell::default(),
                };
                let first_error = &first_error;
                scope.spawn(move || {
                    if let Err(error) = worker.run() {
                        locked(first_error).get_or_insert(error);
                    }
                })
            })
            .collect();
        for worker in workers {
            if worker.join().is_err() {
                log::error!("a worker ended by a defect; its claim will be recovered when the lease runs out");
                tally.broken.fetch_add(1, Ordering::Relaxed);
            }
        }
        finished.ask();
        let _ = renewer.join();
    });
    first_error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

struct Worker<'a> {
    plan: &'a Plan<'a>,
    connector: &'a Connector,
    events: &'a EventWriter,
    stop: &'a Stop,
    tally: &'a Tally,
    watcher: &'a dyn Watcher,
    leases: &'a Leases,
    in_flight: &'a InFlight,
    id: String,
    /// A claim that could be neither ended nor given back, because the connection was gone.
    abandoned: RefCell<Option<Arc<Lease>>>,
}

impl Worker<'_> {
    fn run(&self) -> Result<()> {
        let mut connection = self.connect_patiently()?;
        while !self.stop.is_asked() && self.take_permit() {
            let taken = self.take_up_one(&mut connection);
            if matches!(taken, Ok(true)) {
                continue;
            }
            self.return_permit();
            let outcome = match taken {
                Ok(_) if self.plan.watch => wait_for_notice(&mut connection.client, self.stop),
                Ok(_) => break,
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

    /// Takes one run through the phases asked for. Returns false when none is due.
    fn take_up_one(&self, connection: &mut Connection) -> Result<bool> {
        if self.plan.phases.contains(&Phase::Embed) {
            // What another worker chunked is finished first. A run that was reset still has its old chunks: with both
            // phases on it is left to the chunk phase, or it would be embedded without being chunked anew.
            let status = if self.both() { vec!["chunked".into()] } else { Vec::new() };
            let filter = Filter { status, ..self.plan.filter.clone() };
            let taken = self.claim_and_work(connection, Phase::Embed, &filter, Permit::New)?;
            if taken != Taken::Nothing {
                self.count_done(&taken);
                return Ok(true);
            }
        }
        if !self.plan.phases.contains(&Phase::Chunk) {
            return Ok(false);
        }
        let mut taken = self.claim_and_work(connection, Phase::Chunk, &self.plan.filter, Permit::New)?;
        if taken == Taken::Nothing {
            return Ok(false);
        }
        if let (Taken::Completed(run_id), true, false) = (&taken, self.both(), self.stop.is_asked()) {
            taken = self.claim_and_work(connection, Phase::Embed, &Filter::for_run(run_id), Permit::Same)?;
        }
        self.count_done(&taken);
        Ok(true)
    }

    fn both(&self) -> bool {
        self.plan.phases.contains(&Phase::Chunk) && self.plan.phases.contains(&Phase::Embed)
    }

    fn count_done(&self, taken: &Taken) {
        if matches!(taken, Taken::Completed(_)) {
            self.tally.done.fetch_add(1, Ordering::Relaxed);
            self.watcher.completed();
        }
    }

    /// Claims the first due run, if any, and works on it.
    fn claim_and_work(
        &self,
        connection: &mut Connection,
        phase: Phase,
        filter: &Filter,
        permit: Permit,
    ) -> Result<Taken> {
        let asked = Instant::now();
        let Some(run) = calls::claim_run(&mut connection.client, phase, &self.id, self.leases.ttl(), filter)? else {
            return Ok(Taken::Nothing);
        };
        if permit == Permit::New {
            self.count_once(&run.run_id);
        }
        let lease = self.leases.add(&run, phase, &self.id, asked);
        self.announce(&run, phase);
        let outcome = self.work(connection, &lease);
        self.leases.remove(&lease);
        let taken = self.settle(&mut connection.client, &lease, outcome);
        if taken.as_ref().is_err_and(Error::is_connection_loss) {
            self.abandoned.replace(Some(lease));
        }
        taken
    }

    /// Gives back the claim whose connection was lost: else nobody could take the run up before its lease runs out.
    fn give_back_abandoned(&self, client: &mut Client) {
        if let Some(lease) = self.abandoned.take()
            && let Err(error) = self.release(client, &lease)
        {
            // Its last call may have ended it, unheard; or it stays until its lease runs out.
            log::debug!("{}: {error}", self.id);
        }
    }

    fn announce(&self, run: &Run, phase: Phase) {
        let worker_id = self.id.as_str();
        if let Some(claim_expires_at) = run.claim_expires_at {
            let attempts = run.attempts;
            self.events.emit(&Event::Claim { run_id: &run.run_id, phase, worker_id, attempts, claim_expires_at });
        }
        self.events.emit(&match phase {
            Phase::Chunk => Event::ChunkStart { run_id: &run.run_id, phase, worker_id, documents: run.total_docs },
            Phase::Embed => Event::EmbedStart {
                run_id: &run.run_id,
                phase,
                worker_id,
                model: &self.plan.provider.model().name,
                chunks: run.total_chunks.unwrap_or(0),
            },
        });
    }

    fn work(&self, connection: &mut Connection, lease: &Lease) -> Result<End> {
        let job = Job {
            provider: self.plan.provider,
            limits: self.plan.limits,
            batch_tokens: self.plan.batch_tokens,
            events: self.events,
            worker_id: &self.id,
            in_flight: self.in_flight,
            watcher: self.watcher,
            stop: self.stop,
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
            Err(error @ Error::Embed(_)) => {
                self.release(client, lease)?;
                return Err(error);
            }
            // Not the run's fault. A server that is full may not even take it back: then its lease runs out.
            Err(error) if error.is_out_of_resources() => {
                let _ = self.release(client, lease);
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
        self.tally.failed_runs().remove(&run.run_id);
        self.events.emit(&Event::Complete {
            run_id: &run.run_id,
            phase,
            worker_id: &self.id,
            status: &run.status,
            total_docs: run.total_docs,
            total_chunks: run.total_chunks,
            embedded_chunks: run.embedded_chunks,
        });
    }

    fn report_lost(&self, lease: &Lease) {
        self.tally.lost.fetch_add(1, Ordering::Relaxed);
        self.events.emit(&Event::Lost { run_id: &lease.run_id, phase: lease.phase, worker_id: &self.id });
    }

    fn release(&self, client: &mut Client, lease: &Lease) -> Result<()> {
        let run = calls::release_run(client, &lease.run_id, lease.token)?;
        self.tally.released.fetch_add(1, Ordering::Relaxed);
        let (run_id, status) = (&run.run_id, run.status.as_str());
        self.events.emit(&Event::Release { run_id, phase: lease.phase, worker_id: &self.id, status });
        Ok(())
    }

    fn fail(&self, client: &mut Client, lease: &Lease, message: &str, permanent: bool) -> Result<()> {
        let run = calls::fail_run(client, &lease.run_id, lease.token, message, None, permanent)?;
        self.tally.failed_runs().insert(run.run_id.clone());
        log::warn!("run {} failed in {}: {message}", run.run_id, lease.phase);
        self.events.emit(&Event::Fail {
            run_id: &run.run_id,
            phase: lease.phase,
            worker_id: &self.id,
            status: &run.status,
            attempts: run.attempts,
            available_at: run.available_at,
            error: message,
        });
        Ok(())
    }

    fn connect(&self) -> Result<Connection> {
        let mut client = self.connector.connect_to_work()?;
        stage::create(&mut client)?;
        if self.plan.watch {
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
                Err(error) if error.is_connection_loss() && Instant::now() < deadline && !self.stop.is_asked() => {}
                outcome => return outcome,
            }
            self.stop.sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// With a limit, each worker asks before it takes up a run; what turns out not to be due is given back.
    fn take_permit(&self) -> bool {
        let limit = self.plan.limit.unwrap_or(u64::MAX);
        self.tally
            .taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |taken| (taken < limit).then_some(taken + 1))
            .is_ok()
    }

    /// Gives the permit back when another worker's went to the same run: it chunked it, and this one embeds it.
    fn count_once(&self, run_id: &RunId) {
        let mut known = locked(&self.tally.known);
        if self.plan.limit.is_some() && !known.insert(run_id.clone()) {
            self.return_permit();
        }
    }

    fn return_permit(&self) {
        self.tally.taken.fetch_sub(1, Ordering::SeqCst);
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

/// Waits until the backlog has news, the watch pause is over, or a stop is asked for.
fn wait_for_notice(client: &mut Client, stop: &Stop) -> Result<()> {
    use postgres::fallible_iterator::FallibleIterator;
    let end = Instant::now() + WATCH_PAUSE;
    while !stop.is_asked() && Instant::now() < end {
        let notice = client.notifications().timeout_iter(Duration::from_millis(200)).next()?;
        if notice.is_some() {
            break;
        }
    }
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
