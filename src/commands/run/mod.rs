//! `trailblazer run`

mod due;
pub(super) mod following;
mod left;
mod line;
mod preparing;
mod progress;
mod reporting;
mod working;

use clap::ArgAction;

use super::model::{Waiting, embed_settings, wait_for_provider};
use super::runs::Selection;
use super::{Context, names, workers};
use crate::config::Mode;
use crate::db::Connector;
use crate::db::calls::Filter;
use crate::error::{Error, Exit, Result};
use crate::ids::Phase;
use crate::options::{MAX, whole_number};
use crate::service;
use crate::stop::Stop;

/// Chunk and embed everything that is due
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer run                          Everything that is normalized and not yet embedded
  trailblazer run --dry-run                Show what is due, but change nothing
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
    /// Show what is due, but change nothing
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
    let connector = Connector::new(&context.config)?;
    let mut client = connector.connect_ready_to_work()?;
    names::warn_of_some_unknown(&mut client, &filter.source, &[]);
    let is_everything = phases.len() == 2 && *filter == Filter::default() && args.limit.is_none();
    let change = if is_everything { preparing::change(&mut client, args.dry_run, context)? } else { None };
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

    // Recover claims before the scan, so that the scan includes the runs of killed workers.
    preparing::recover_claims(&mut client, filter, args.dry_run, context)?;
    let due = due::scan(&mut client, &phases, filter, context)?;
    if due.iter().all(|backlog| backlog.total == 0) {
        names::warn_of_unknown(&mut client, filter, &[]);
    }
    if args.dry_run {
        return due::list(&mut client, &phases, filter, &due, args.limit, context);
    }
    let total = due::total_now(&due, args.limit);
    if total == 0 && !args.watch {
        log::info!("nothing to do");
        working::wind_up(&connector, &mut client, &phases, filter, stop, context)?;
        return Ok(stop.exit().unwrap_or(Exit::Done));
    }
    for line in workers::dead(&workers::list(&mut client, filter, false)?) {
        log::warn!("{line}");
    }
    let Some(provider) = wait_for_provider(&settings, &phases, waiting)? else {
        return Ok(stop.exit().unwrap_or(Exit::Done));
    };
    let model_limit = preparing::register_model(&connector, &mut client, &provider, &phases, waiting, context)?;
    if let Some(exit) = stop.exit() {
        return Ok(exit);
    }
    let mut plan = preparing::plan(args, phases, filter, provider, model_limit, total, context)?;
    if args.watch && change.is_some() {
        // A process that keeps running serves the model before it waits for new runs.
        plan.watch = false;
        working::work(&plan, &connector, total, args.progress_every, stop, context, &mut client)?;
        plan.watch = true;
    }
    working::work(&plan, &connector, total, args.progress_every, stop, context, &mut client)
}
