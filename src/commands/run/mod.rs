//! `trailblazer run`

mod due;
pub(super) mod following;
mod left;
mod line;
mod progress;
mod reporting;

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use clap::ArgAction;
use postgres::Client;

use super::model::{
    Waiting, ask_for_limit, embed_settings, lacks_limit, limits, missing_prefixes, store_limit, wait_for_provider,
};
use super::runs::Selection;
use super::{Context, indexes, names, workers};
use crate::config::Mode;
use crate::db::Connector;
use crate::db::calls::{self, Filter};
use crate::db::operations::{self, RunProgress};
use crate::db::search;
use crate::error::{Error, Exit, Result};
use crate::ids::Phase;
use crate::options::{MAX, whole_number};
use crate::service;
use crate::stop::Stop;
use crate::terminal::counted;
use crate::worker::{self, Plan, Tally, reclaim};
use progress::Display;
use reporting::Reporting;

/// Chunk and embed everything that is due
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer run                          Everything that is normalized and not yet embedded
  trailblazer run --dry-run                Show what is due without changing anything
  trailblazer run --limit 20 --workers 2   The oldest twenty
  trailblazer run --run-id '2026-*' --source dita
  trailblazer run --watch                  Keep running, and process new runs as they arrive

You can start this command several times and on any number of machines, because only one worker claims each run. \
If the embedding server is busy, `run` waits. If it is unreachable, `run` waits only with --watch or if it answered \
before. Waiting does not count as a failed attempt.

Ctrl-C stops after the current batch: `run` waits up to ten seconds for the embedding server and releases its claims. \
After a second Ctrl-C, `run` quits at once and keeps its claims. The next `run` on the same machine ends them. From \
another machine, `trailblazer runs release ID` releases them.")]
pub struct Args {
    /// Phases to work on
    #[arg(long, value_enum, value_delimiter = ',', default_value = "chunk,embed", value_name = "PHASES")]
    pub phases: Vec<Phase>,
    /// Process at most N runs
    #[arg(long, value_name = "N", value_parser = whole_number::<u32>(1..=MAX))]
    pub limit: Option<u32>,
    /// Process N runs and embed N batches at the same time [default: `workers` in the configuration]
    #[arg(long, value_name = "N", value_parser = whole_number::<u16>(1..=1024))]
    pub workers: Option<u16>,
    /// Show what is due without changing anything
    #[arg(long)]
    pub dry_run: bool,
    /// Keep running when nothing is due, and process new runs as they arrive
    #[arg(long, action = ArgAction::SetTrue, conflicts_with_all = ["limit", "dry_run"])]
    pub watch: bool,
    /// Report progress after every N runs
    #[arg(long, value_name = "N", default_value = "100", value_parser = whole_number::<u32>(1..=MAX))]
    pub progress_every: u32,
    // This group comes last, because its heading would also apply to all options after it.
    /// Which runs.
    #[command(flatten)]
    pub selection: Selection,
}

/// Runs `trailblazer run`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let exit = process(args, context, &Stop::on_signals()?)?;
    if args.watch {
        // A worker without work can end before the thread that waits for signals has told systemd.
        service::stopping();
    }
    // With --watch, the command ends only when it is stopped, so a stop is not a failure.
    Ok(if args.watch && matches!(exit, Exit::Interrupted | Exit::Terminated) { Exit::Done } else { exit })
}

/// Chunks and embeds all runs that are due, until none is left or a stop is requested.
pub fn process(args: &Args, context: &Context<'_>, stop: &Stop) -> Result<Exit> {
    let filter = args.selection.filter();
    if context.config.backlog.mode == Mode::ExplicitScope && filter == Filter::default() && args.limit.is_none() {
        return Err(Error::Usage {
            message: "backlog.mode is explicit_scope, so a selection of runs is required".into(),
            hint: Some("For example --run-id '2026-*', --source dita, or --limit 20.".into()),
        });
    }
    work_on(args, &filter, context, stop)
}

impl Args {
    /// Returns the arguments for both phases of the selected runs, with the defaults of the command line.
    #[must_use]
    pub fn complete(selection: Selection) -> Self {
        Self {
            phases: vec![Phase::Chunk, Phase::Embed],
            limit: None,
            workers: None,
            dry_run: false,
            watch: false,
            progress_every: 100,
            selection,
        }
    }
}

/// Processes everything, also if the configuration requires a selection.
pub fn process_all(context: &Context<'_>, stop: &Stop) -> Result<Exit> {
    let args = Args::complete(Selection { run_id: None, source: Vec::new() });
    work_on(&args, &Filter::default(), context, stop)
}

/// Processes everything if the configured model differs from the served model, or if the chunk sizes have changed.
pub fn follow_configuration(context: &Context<'_>, stop: &Stop) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    let is_due = context.config.backlog.mode != Mode::ExplicitScope
        && following::change(&mut client, &context.config)?.is_some();
    drop(client);
    if is_due { process_all(context, stop) } else { Ok(Exit::Done) }
}

fn work_on(args: &Args, filter: &Filter, context: &Context<'_>, stop: &Stop) -> Result<Exit> {
    let mut phases = args.phases.clone();
    phases.sort();
    phases.dedup();
    let filter = filter.clone();
    let connector = Connector::new(&context.config)?;
    let mut client = connector.connect_ready_to_work()?;
    names::warn_of_some_unknown(&mut client, &filter.source, &[]);
    let is_everything = phases.len() == 2 && filter == Filter::default() && args.limit.is_none();
    let mut change = None;
    if is_everything {
        change = match following::change(&mut client, &context.config) {
            // A dry run needs no model.
            Err(Error::Embed(_)) if args.dry_run => None,
            change => change?,
        };
    }
    let settings = embed_settings(&context.config);
    let waiting = Waiting { watch: args.watch, stop, events: context.events };
    if let Some(change) = &change {
        // Queue no run again for a model that cannot be used.
        if !args.dry_run && wait_for_provider(&settings, &phases, waiting)?.is_none() {
            return Ok(stop.exit().unwrap_or(Exit::Done));
        }
        connector.revive(&mut client)?;
        change.apply(&mut client, args.dry_run, stop)?;
    }

    if !args.dry_run {
        // Recover claims before the scan, so that the scan includes the runs of killed workers.
        for run in calls::recover_expired_claims(&mut client)? {
            reclaim::report(&run, context.events);
        }
        reclaim::from_ended_processes(&mut client, &filter, context.events)?;
    } else if let [first, others @ ..] = reclaim::left_behind(&mut client, &filter)?.as_slice() {
        let others =
            if others.is_empty() { String::new() } else { format!(" and {}", counted(others.len(), "other run")) };
        log::info!("the processes that claimed {}{others} have ended; `run` recovers the runs", first.run_id);
    }
    let due = due::scan(&mut client, &phases, &filter, context)?;
    if due.iter().all(|backlog| backlog.total == 0) {
        names::warn_of_unknown(&mut client, &filter, &[]);
    }
    if args.dry_run {
        return due::list(&mut client, &phases, &filter, &due, args.limit, context);
    }
    let due_now: i64 = due.iter().map(|backlog| backlog.total - backlog.deferred).sum();
    let total = u64::try_from(due_now).unwrap_or(0).min(args.limit.map_or(u64::MAX, u64::from));
    if total == 0 && !args.watch {
        log::info!("nothing to do");
        wind_up(&connector, &mut client, &phases, &filter, stop, context)?;
        return Ok(stop.exit().unwrap_or(Exit::Done));
    }
    for line in workers::dead(&workers::list(&mut client, &filter, false)?) {
        log::warn!("{line}");
    }
    let Some(provider) = wait_for_provider(&settings, &phases, waiting)? else {
        return Ok(stop.exit().unwrap_or(Exit::Done));
    };
    if phases.contains(&Phase::Embed) {
        // The connection may have been lost during the wait.
        connector.revive(&mut client)?;
        calls::register_model(&mut client, provider.model()).map_err(Error::of_model)?;
        if let Some(advice) = missing_prefixes(&context.config, provider.model()) {
            log::warn!("{advice}");
        }
    }
    let mut model_limit = calls::model_limit(&mut client, &provider.model().name)?;
    if phases.contains(&Phase::Embed) && lacks_limit(&context.config, model_limit) {
        let found = ask_for_limit(&provider, waiting)?;
        if let Some(exit) = stop.exit() {
            return Ok(exit);
        }
        if let Some(found) = found {
            connector.revive(&mut client)?;
            store_limit(&mut client, provider.model(), model_limit, found)?;
            model_limit = Some(found);
        }
    }
    let provider_kind = context.config.embed.provider;
    let workers = args.workers.map_or_else(|| context.config.workers.count(provider_kind), usize::from);
    let mut plan = Plan {
        limits: limits(&context.config, provider.as_ref(), model_limit)?,
        model_limit,
        batch_tokens: context.config.embed.batch_tokens,
        ttl: Duration::from_secs(u64::from(context.config.backlog.claim_ttl_minutes) * 60),
        limit: args.limit.map(u64::from),
        watch: args.watch,
        slots: workers,
        // More threads than runs would only open unused connections. Each slot can embed batches of any run.
        workers: if args.watch { workers } else { workers.min(usize::try_from(total).unwrap_or(workers)) },
        process: format!("{}/{}", gethostname::gethostname().to_string_lossy(), std::process::id()),
        provider,
        phases,
        filter,
    };
    if args.watch && change.is_some() {
        // A process that keeps running serves the model before it waits for new runs.
        plan.watch = false;
        work(&plan, &connector, total, args.progress_every, stop, context, &mut client)?;
        plan.watch = true;
    }
    work(&plan, &connector, total, args.progress_every, stop, context, &mut client)
}

fn work(
    plan: &Plan,
    connector: &Connector,
    total: u64,
    every: u32,
    stop: &Stop,
    context: &Context<'_>,
    client: &mut Client,
) -> Result<Exit> {
    let begun = Instant::now();
    let tally = Tally::default();
    let display = Display::new(plan, total, u64::from(every), context.quiet, context.events);
    let watcher = Reporting::new(&display);
    if plan.watch {
        service::ready("waiting for runs");
    }
    let outcome = thread::scope(|scope| {
        let (working, ended) = mpsc::channel::<()>();
        scope.spawn(|| {
            let ended = ended;
            let mut is_counted = false;
            while ended.recv_timeout(display.interval()) == Err(RecvTimeoutError::Timeout) {
                let now = Instant::now();
                if !is_counted && display.is_shown(now) {
                    is_counted = true;
                    match due_work(connector, plan) {
                        Ok(due) => display.add_due(&due),
                        // Without these numbers, the progress counts only the runs that this process has begun.
                        Err(error) => log::debug!("cannot count the due runs: {error}"),
                    }
                }
                display.tick(now);
            }
        });
        let outcome = worker::run(plan, connector, context.events, stop, &tally, &watcher);
        drop(working);
        outcome
    });
    display.finish();

    let (done, failed) = (tally.done.load(Ordering::Relaxed), tally.failed());
    let (released, lost) = (tally.released.load(Ordering::Relaxed), tally.lost.load(Ordering::Relaxed));
    let mut summary = format!("{} done", counted(done, "run"));
    for (count, what) in [(failed, "failed"), (released, "released")] {
        if count > 0 {
            let _ = write!(summary, ", {count} {what}");
        }
    }
    // If a worker claimed a lost run again, the run is also counted above.
    if lost > 0 {
        let _ = write!(summary, ", {} lost", counted(lost, "claim"));
    }
    log::info!("{summary} in {:.1} s", begun.elapsed().as_secs_f64());
    outcome?;
    if let Some(exit) = stop.exit() {
        return Ok(exit);
    }
    connector.revive(client)?;
    if done > 0 {
        search::refresh(client)?;
    }
    wind_up(connector, client, &plan.phases, &plan.filter, stop, context)?;
    if let Some(exit) = stop.exit() {
        return Ok(exit);
    }
    Ok(if failed > 0 { Exit::Failures } else { Exit::Done })
}

/// Reports the remaining work. Builds missing vector indexes if no run is waiting to be embedded.
fn wind_up(
    connector: &Connector,
    client: &mut Client,
    phases: &[Phase],
    filter: &Filter,
    stop: &Stop,
    context: &Context<'_>,
) -> Result<()> {
    left::report(client, phases, filter)?;
    if !phases.contains(&Phase::Embed) {
        return Ok(());
    }
    following::report_other_models(client, filter, context);
    if calls::backlog(client, Phase::Embed, &Filter::default())?.total == 0 {
        indexes::build(connector, client, stop, context)?;
        if !stop.is_asked() {
            following::serve_if_prepared(client, &embed_settings(&context.config).model_name())?;
        }
    }
    Ok(())
}

/// Maximum time for counting the texts that are due. The progress needs the number, but workers do not wait for it.
const COUNT_PATIENCE: Duration = Duration::from_secs(30);

/// Returns the progress of the due runs, in the order in which workers claim them.
fn due_work(connector: &Connector, plan: &Plan) -> Result<Vec<RunProgress>> {
    let mut client = connector.connect_to_work()?;
    operations::limit_statements(&mut client, COUNT_PATIENCE)?;
    let model = plan.phases.contains(&Phase::Embed).then(|| plan.provider.model().name.as_str());
    let mut due = operations::work_progress(&mut client, &plan.filter, model)?;
    due.retain(|run| run.is_due);
    // Chunked runs are finished first.
    due.sort_by_key(|run| run.texts == 0);
    due.truncate(plan.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX));
    Ok(due)
}
