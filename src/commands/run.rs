//! `trailblazer run`

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::ArgAction;
use indicatif::ProgressBar;
use postgres::Client;

use super::model::{embed_settings, limits, wait_for_provider};
use super::runs::Selection;
use super::{Context, indexes, names};
use crate::artifact::shown;
use crate::config::Mode;
use crate::db::Connector;
use crate::db::calls::{self, Backlog, Filter};
use crate::db::search;
use crate::error::{Error, Exit, Result};
use crate::events::{Event, EventWriter};
use crate::ids::{Phase, Status};
use crate::stop::Stop;
use crate::terminal::{counted, print_line, progress_bar};
use crate::worker::lease::Lease;
use crate::worker::{self, Plan, Tally, Watcher};

/// Chunk and embed everything that is due
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer run                          Everything that is normalized and not yet embedded
  trailblazer run --dry-run                What that would be
  trailblazer run --limit 20 --workers 2   The oldest twenty
  trailblazer run --run-id '2026-*' --source dita
  trailblazer run --watch                  Stay, and take up what comes

Any number of these may run at once, on any number of machines: each run is claimed by one worker only. \
An embedding server that is busy is waited for, and one that is away once it has answered, or with --watch; no run \
is charged for it.

Ctrl-C finishes the batch in hand, waits ten seconds at most for an answer of the embedding server, and gives the \
claims back. A second one ends at once: the claims stay until their leases run out, or until \
`trailblazer runs reset --run-id ID --force`.")]
pub struct Args {
    /// Phases to work on
    #[arg(long, value_enum, value_delimiter = ',', default_value = "chunk,embed", value_name = "PHASES")]
    pub phases: Vec<Phase>,
    /// Take up at most N runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Runs worked on, and batches embedded, at once [default: `workers` of the configuration]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Say what is due and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Stay when nothing is due, and take up what comes
    #[arg(long, action = ArgAction::SetTrue, conflicts_with_all = ["limit", "dry_run"])]
    pub watch: bool,
    /// Report progress after every N runs
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    pub progress_every: u32,
    // Last, because its heading would also stand above what follows it.
    /// Which runs.
    #[command(flatten)]
    pub selection: Selection,
}

/// Runs `trailblazer run`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let mut phases = args.phases.clone();
    phases.sort();
    phases.dedup();
    let filter = args.selection.filter();
    if context.config.backlog.mode == Mode::ExplicitScope && filter == Filter::default() && args.limit.is_none() {
        return Err(Error::Usage {
            message: "backlog.mode is explicit_scope: say which runs".into(),
            hint: Some("For example --run-id '2026-*', --source dita, or --limit 20.".into()),
        });
    }
    let connector = Connector::new(&context.config)?;
    let mut client = connector.connect_ready()?;

    if !args.dry_run {
        // Before the scan, which then counts what a killed worker left.
        for run in calls::recover_expired_claims(&mut client)? {
            context.events.emit(&Event::Recover {
                run_id: &run.run_id,
                status: run.status,
                attempts: run.attempts,
                available_at: run.available_at,
                error: run.last_error.as_deref().unwrap_or_default(),
            });
        }
    }
    let due = scan(&mut client, &phases, &filter, context)?;
    if due.iter().all(|backlog| backlog.total == 0) {
        names::warn_of_unknown(&mut client, &filter, &[]);
    }
    if args.dry_run {
        return list_due(&mut client, &phases, &filter, &due, args.limit, context);
    }
    let due_now: i64 = due.iter().map(|backlog| backlog.total - backlog.deferred).sum();
    let total = u64::try_from(due_now).unwrap_or(0).min(args.limit.map_or(u64::MAX, u64::from));
    let stop = Stop::on_signals()?;
    if total == 0 && !args.watch {
        log::info!("nothing to do");
        wind_up(&connector, &mut client, &phases, &filter, &stop, context)?;
        return Ok(stop.exit().unwrap_or(Exit::Done));
    }
    let settings = embed_settings(&context.config);
    let Some(provider) = wait_for_provider(&settings, &phases, args.watch, &stop, context.events)? else {
        return Ok(stop.exit().unwrap_or(Exit::Done));
    };
    if phases.contains(&Phase::Embed) {
        // The wait may have been longer than an idle connection lives.
        connector.revive(&mut client)?;
        calls::register_model(&mut client, provider.model()).map_err(Error::of_model)?;
    }
    let provider_kind = context.config.embed.provider;
    let workers = args.workers.map_or_else(|| context.config.workers.count(provider_kind), usize::from);
    let plan = Plan {
        limits: limits(&context.config, provider.as_ref())?,
        batch_tokens: context.config.embed.batch_tokens,
        ttl: Duration::from_secs(u64::from(context.config.backlog.claim_ttl_minutes) * 60),
        limit: args.limit.map(u64::from),
        watch: args.watch,
        slots: workers,
        // More threads than runs would only open connections; the batches of one run go to all slots.
        workers: if args.watch { workers } else { workers.min(usize::try_from(total).unwrap_or(workers)) },
        process: format!("{}/{}", gethostname::gethostname().to_string_lossy(), std::process::id()),
        provider: provider.into(),
        phases,
        filter,
    };
    work(&plan, &connector, total, args.progress_every, &stop, context, &mut client)
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
    let bar = progress_bar(total, "run", context.quiet);
    let display = Display { bar: &bar, total, every: u64::from(every), begun, events: context.events };
    let outcome = worker::run(plan, connector, context.events, stop, &tally, &display);
    bar.finish_and_clear();

    let (done, failed) = (tally.done.load(Ordering::Relaxed), tally.failed());
    let (released, lost) = (tally.released.load(Ordering::Relaxed), tally.lost.load(Ordering::Relaxed));
    let mut summary = format!("{} done", counted(done, "run"));
    for (count, what) in [(failed, "failed"), (released, "given back")] {
        if count > 0 {
            let _ = write!(summary, ", {count} {what}");
        }
    }
    // Of a run that may be among the others: it may have been taken up again.
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

/// Says what is left, and builds the vector indexes that are missing once nothing more is to be embedded.
fn wind_up(
    connector: &Connector,
    client: &mut Client,
    phases: &[Phase],
    filter: &Filter,
    stop: &Stop,
    context: &Context<'_>,
) -> Result<()> {
    report_left(client, phases, filter)?;
    if !phases.contains(&Phase::Embed) {
        return Ok(());
    }
    report_other_models(client, filter, &embed_settings(&context.config).model_name());
    if calls::backlog(client, Phase::Embed, &Filter::default())?.total == 0 {
        indexes::build(connector, client, stop, context)?;
    }
    Ok(())
}

/// Shows how the work goes on.
struct Display<'a> {
    bar: &'a ProgressBar,
    total: u64,
    every: u64,
    begun: Instant,
    events: &'a EventWriter,
}

impl Watcher for Display<'_> {
    fn advanced(&self, lease: &Lease) {
        self.bar.set_message(format!("{} {} {}/{}", lease.phase, lease.run_id, lease.done(), lease.total));
    }

    fn completed(&self, done: u64) {
        self.bar.inc(1);
        if done.is_multiple_of(self.every) || done == self.total {
            self.events.emit(&progress(done, self.total.max(done), self.begun.elapsed()));
        }
    }
}

/// Returns the event that says how far the work is; what is left is taken to go on at the rate so far.
fn progress(done: u64, total: u64, elapsed: Duration) -> Event<'static> {
    let in_u32 = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let per_run = elapsed / in_u32(done.max(1));
    Event::Progress {
        done,
        total,
        percent: f64::from(in_u32(done * 1000 / total.max(1))) / 10.0,
        eta_seconds: Some(per_run.saturating_mul(in_u32(total - done)).as_secs()),
    }
}

/// How many failed runs, and other models, are named.
const NAMED: usize = 3;

/// What a user who sees the command end wants to know: which runs stand failed, wait, or are held by others.
fn report_left(client: &mut Client, phases: &[Phase], filter: &Filter) -> Result<()> {
    report_failed(client, filter)?;
    let mut deferred = 0;
    for phase in phases {
        deferred += calls::backlog(client, *phase, filter)?.deferred;
    }
    if deferred > 0 {
        log::info!(
            "waiting to be tried again: {}; `trailblazer status` says when, `trailblazer runs show ID` why, `trailblazer run` takes up what is due",
            counted(deferred, "run")
        );
    }
    let status = phases.iter().map(|phase| phase.working_status()).collect();
    let held = calls::list_runs(client, &Filter { status, ..filter.clone() })?;
    if let Some(first) = held.first() {
        log::info!(
            "held by other workers, or by one that was killed: {}; `trailblazer status` says by which and until when, \
             `trailblazer runs reset --run-id {} --force` takes {} away",
            counted(held.len(), "run"),
            first.run_id,
            if held.len() == 1 { "it" } else { "one of them" }
        );
    }
    Ok(())
}

/// What is embedded stays so when the configuration names another model, which may not have been meant.
fn report_other_models(client: &mut Client, filter: &Filter, model: &str) {
    let models = match calls::list_models(client, filter) {
        Ok(models) => models,
        // Told on the side: the work is done.
        Err(error) => return log::debug!("{error}"),
    };
    for (other, runs) in models.iter().filter(|(other, _)| other != model).take(NAMED) {
        let are = if *runs == 1 { "is" } else { "are" };
        log::info!(
            "{} {are} embedded with {other}, not with {model}: `trailblazer runs reset --embedding-model {other}` sends \
             them round again",
            counted(*runs, "run")
        );
    }
}

fn report_failed(client: &mut Client, filter: &Filter) -> Result<()> {
    let limit = u32::try_from(NAMED + 1).ok();
    let filter = Filter { status: vec![Status::Failed], limit, ..filter.clone() };
    let failed = calls::list_runs(client, &filter)?;
    let Some(first) = failed.first().map(|run| &run.run_id) else { return Ok(()) };
    let mut named: Vec<&str> = failed.iter().take(NAMED).map(|run| run.run_id.as_str()).collect();
    if failed.len() > NAMED {
        named.push("…");
    }
    log::info!(
        "failed: {}; `trailblazer runs show {first}` says why, `trailblazer runs retry {first}` tries again",
        named.join(", ")
    );
    Ok(())
}

/// Returns the filter of what waits for one of the phases.
fn waiting(phases: &[Phase], phase: Phase, filter: &Filter) -> Filter {
    if phases.len() == 2 && phase == Phase::Embed && filter.status.is_empty() {
        // What is reset goes through the chunk phase first and is counted there.
        return Filter { status: vec![Status::Chunked, Status::Embedding], ..filter.clone() };
    }
    filter.clone()
}

/// Prints the banner: what is due for each phase.
fn scan(client: &mut Client, phases: &[Phase], filter: &Filter, context: &Context<'_>) -> Result<Vec<Backlog>> {
    let mut due = Vec::new();
    for phase in phases {
        context.events.emit(&Event::ScanStart { phase: *phase });
        let backlog = calls::backlog(client, *phase, &waiting(phases, *phase, filter))?;
        let instant = |at: Option<_>| at.map_or_else(|| "-".to_owned(), shown);
        let sample = if backlog.sample_run_ids.is_empty() {
            "-".to_owned()
        } else {
            backlog.sample_run_ids.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(",")
        };
        log::info!(
            "{phase}: backlog_total={} first_normalized_at={} last_normalized_at={} sample={sample}{}",
            backlog.total,
            instant(backlog.first_normalized_at),
            instant(backlog.last_normalized_at),
            if backlog.deferred > 0 { format!(" deferred={}", backlog.deferred) } else { String::new() },
        );
        context.events.emit(&Event::ScanComplete {
            phase: *phase,
            found: backlog.total,
            deferred: backlog.deferred,
            first_normalized_at: backlog.first_normalized_at,
            last_normalized_at: backlog.last_normalized_at,
            sample: &backlog.sample_run_ids,
        });
        due.push(backlog);
    }
    Ok(due)
}

/// Runs of a phase that a dry run lists without a limit: as many as the scan names.
const LISTED: u32 = 10;
/// Runs of a phase that a dry run lists, whatever the limit.
const MOST_LISTED: u32 = 1000;

/// Lists the first runs of each phase, as far as the limit goes, and says how many more are due.
fn list_due(
    client: &mut Client,
    phases: &[Phase],
    filter: &Filter,
    due: &[Backlog],
    limit: Option<u32>,
    context: &Context<'_>,
) -> Result<Exit> {
    // What is chunked is finished first: so much of the limit is left for each phase before.
    let mut left = limit.unwrap_or(u32::MAX);
    let (mut listed, mut more) = (Vec::new(), 0);
    for (phase, backlog) in phases.iter().zip(due).rev() {
        // Those in back-off come last.
        let due = u32::try_from(backlog.total - backlog.deferred).unwrap_or(u32::MAX);
        let most = due.min(limit.map_or(LISTED, |_| left.min(MOST_LISTED)));
        let mut run_ids = backlog.sample_run_ids.clone();
        if most > LISTED {
            let filter = Filter { limit: Some(most), ..waiting(phases, *phase, filter) };
            run_ids = calls::backlog(client, *phase, &filter)?.sample_run_ids;
        }
        run_ids.truncate(most as usize);
        left = left.saturating_sub(due);
        more += u64::from(due - most);
        listed.push((*phase, run_ids));
    }
    for (phase, run_ids) in listed.iter().rev() {
        for run_id in run_ids {
            if context.events.is_on() {
                context.events.emit(&Event::Due { run_id, phase: *phase });
            } else {
                print_line(&format!("{phase}  {run_id}"))?;
            }
        }
    }
    if more > 0 {
        let way_on = if limit.is_none() { "; --limit N lists the first N" } else { "" };
        log::info!("due but not listed: {}{way_on}", counted(more, "run"));
    }
    Ok(Exit::Done)
}
