//! `trailblazer runs reset`

use postgres::Client;

use super::super::{Context, names};
use super::{WideSelection, YES_OR_DRY_RUN, confirmed, in_steps, tell_of_force};
use crate::db::Connector;
use crate::db::calls::{self, Filter, Reset, ResetStep};
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::ids::{RunId, Scope};
use crate::stop::Stop;
use crate::terminal::counted;

/// Reset runs so that they are processed again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer runs reset handbook                             Process this run again
  trailblazer runs reset --status failed                      Retry every failed run
  trailblazer runs reset --from 2026-01-01 --to 2026-01-31 --dry-run
  trailblazer runs reset --embedding-model old --scope embeddings --yes

Runs that a worker has claimed are skipped and counted, unless you pass --force. The command asks for confirmation if \
the scope deletes data or if the selection includes every run. It resets 500 runs at a time. You can interrupt it at any \
time and run it again to continue.")]
pub struct Args {
    /// The ids of the runs [default: every run that the options select]
    #[arg(value_name = "ID")]
    pub run_ids: Vec<RunId>,
    /// What to reset
    #[arg(long, value_enum, default_value = "processed")]
    pub scope: Scope,
    /// Count what would change, but change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Include runs that a worker has claimed. The worker notices this and stops
    #[arg(long)]
    pub force: bool,
    // This group comes last, because its heading would also apply to all options after it.
    /// Which runs.
    #[command(flatten)]
    pub selection: WideSelection,
}

/// Runs `trailblazer runs reset`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let filter = Filter { run_ids: args.run_ids.clone(), ..args.selection.filter()? };
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    names::warn_of_some_unknown(&mut client, &filter.source, &[]);
    super::find(&mut client, &args.run_ids)?;
    let mut reset = Reset {
        filter,
        scope: args.scope,
        dry_run: true,
        force: args.force,
        delete_chunks: context.config.reset.delete_chunks,
    };
    if reset.scope == Scope::All && !reset.delete_chunks {
        log::info!("the chunks are kept, because reset.delete_chunks is false");
    }
    let filter = reset.filter.to_json();
    let start = |reset: &Reset| {
        let Reset { scope, dry_run, force, .. } = *reset;
        context.events.emit(&Event::ResetStart { scope, dry_run, force, filter: &filter });
    };
    if args.dry_run {
        start(&reset);
        let counts = calls::reset_runs(&mut client, &reset, None, "")?;
        report(&mut client, &reset, &counts, false, context);
        return Ok(Exit::Done);
    }
    if !args.yes {
        ask(&mut client, &reset)?;
    }
    reset.dry_run = false;
    start(&reset);
    let stop = Stop::on_signals()?;
    let mut counts = ResetStep::default();
    in_steps(&mut client, &reset.filter, &stop, context.quiet, |client, filter, size, after| {
        let done = calls::reset_runs(client, &Reset { filter: filter.clone(), ..reset.clone() }, Some(size), after)?;
        counts.add(&done);
        Ok((done.matched, done.last_run_id))
    })?;
    report(&mut client, &reset, &counts, stop.is_asked(), context);
    Ok(stop.exit().unwrap_or(Exit::Done))
}

/// Describes the reset. Asks for a typed confirmation if it deletes data or includes every run.
fn ask(client: &mut Client, reset: &Reset) -> Result<()> {
    let deletes = reset.scope != Scope::Processed;
    if !deletes && names_runs(&reset.filter) {
        return Ok(());
    }
    let counts = calls::reset_runs(client, reset, None, "")?;
    let total = calls::backlog_status(client)?["total"].as_i64().unwrap_or(0);
    let changes = counts.reset + counts.deleted_vectors + counts.deleted_chunks;
    if changes == 0 || !deletes && counts.matched < total {
        return Ok(());
    }
    let question = format!(
        "This resets {}, of {total} in all, and deletes {} and {}.",
        counted(counts.reset, "run"),
        counted(counts.deleted_vectors, "vector"),
        counted(counts.deleted_chunks, "chunk")
    );
    confirmed(&question, "reset", YES_OR_DRY_RUN)
}

/// Returns whether the selection names its runs. If so, no confirmation is needed, even if there are no other runs.
fn names_runs(filter: &Filter) -> bool {
    !filter.run_ids.is_empty() || filter.run_id_glob.as_ref().is_some_and(|glob| !glob.contains(['*', '?']))
}

impl ResetStep {
    fn add(&mut self, step: &Self) {
        self.matched += step.matched;
        self.reset += step.reset;
        self.unchanged += step.unchanged;
        self.skipped += step.skipped;
        self.fenced += step.fenced;
        self.deleted_vectors += step.deleted_vectors;
        self.deleted_chunks += step.deleted_chunks;
    }
}

fn report(client: &mut Client, reset: &Reset, counts: &ResetStep, stopped: bool, context: &Context<'_>) {
    if counts.matched == 0 {
        names::warn_of_unknown(client, &reset.filter, &[]);
    }
    context.events.emit(&complete(reset, counts, stopped));
    log::info!(
        "{}{} {}: {} unchanged, {} skipped because a worker has claimed them, {} taken from workers; {} and {} {}deleted",
        if stopped { "stopped: " } else { "" },
        counted(counts.reset, "run"),
        if reset.dry_run { "would be reset" } else { "reset" },
        counts.unchanged,
        counts.skipped,
        counts.fenced,
        counted(counts.deleted_vectors, "vector"),
        counted(counts.deleted_chunks, "chunk"),
        if reset.dry_run { "would be " } else { "" },
    );
    tell_of_force(counts.skipped);
}

/// Returns the event for a finished reset.
pub(super) fn complete(reset: &Reset, counts: &ResetStep, stopped: bool) -> Event<'static> {
    Event::ResetComplete {
        scope: reset.scope,
        dry_run: reset.dry_run,
        matched: counts.matched,
        reset: counts.reset,
        unchanged: counts.unchanged,
        skipped: counts.skipped,
        fenced: counts.fenced,
        deleted_vectors: counts.deleted_vectors,
        deleted_chunks: counts.deleted_chunks,
        stopped,
    }
}
