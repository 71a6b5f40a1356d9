//! `trailblazer runs pause` and `trailblazer runs resume`

use clap::builder::NonEmptyStringValueParser;
use postgres::Client;

use super::super::{Context, names};
use super::{WideSelection, in_steps, narrowed};
use crate::db::Connector;
use crate::db::calls::Filter;
use crate::db::operations::{self, PauseStep};
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::ids::RunId;
use crate::stop::Stop;
use crate::terminal::{counted, one_line};

/// Pause runs, so that workers cannot claim them until you resume them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer runs pause handbook --reason 'the space is being moved'
  trailblazer runs pause --source dita --dry-run
  trailblazer runs resume --run-id '*'            Resume everything

If a worker has already claimed a run, it finishes the current phase, and the next phase waits. A paused run stays paused after \
a reset, a retry or new documents. If a run is already embedded, it waits after the next reset or new documents. `trailblazer status` shows how \
many runs are paused, and why.")]
pub struct PauseArgs {
    /// The ids of the runs
    #[arg(value_name = "ID")]
    run_ids: Vec<RunId>,
    /// Reason for the pause, which `trailblazer status` shows
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Count what would change, but change nothing
    #[arg(long)]
    dry_run: bool,
    // This group comes last, because its heading would also apply to all options after it.
    /// Which runs.
    #[command(flatten)]
    selection: WideSelection,
}

/// Resume paused runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer runs resume handbook
  trailblazer runs resume --source dita
  trailblazer runs resume --run-id '*'            Resume everything")]
pub struct ResumeArgs {
    /// The ids of the runs
    #[arg(value_name = "ID")]
    run_ids: Vec<RunId>,
    /// Count what would change, but change nothing
    #[arg(long)]
    dry_run: bool,
    // This group comes last, because its heading would also apply to all options after it.
    /// Which runs.
    #[command(flatten)]
    selection: WideSelection,
}

/// Runs `trailblazer runs pause`.
pub fn pause(args: &PauseArgs, context: &Context<'_>) -> Result<Exit> {
    let reason = args.reason.as_deref();
    let filter = narrowed(&args.run_ids, &args.selection, "pause")?;
    let done = change(&filter, &args.run_ids, args.dry_run, context, |client, filter, size, after| {
        operations::pause_runs(client, filter, reason, args.dry_run, size, after)
    })?;
    let Done { counts, exit } = &done;
    context.events.emit(&Event::PauseComplete {
        dry_run: args.dry_run,
        reason,
        matched: counts.matched,
        paused: counts.changed,
        unchanged: counts.unchanged,
        stopped: exit.is_some(),
    });
    let way_back = if args.dry_run || counts.changed == 0 {
        ""
    } else {
        "; `trailblazer runs resume --paused` resumes all paused runs"
    };
    done.tell(if args.dry_run { "would be paused" } else { "paused" }, way_back);
    Ok(exit.unwrap_or(Exit::Done))
}

/// Runs `trailblazer runs resume`.
pub fn resume(args: &ResumeArgs, context: &Context<'_>) -> Result<Exit> {
    let filter = narrowed(&args.run_ids, &args.selection, "resume")?;
    let done = change(&filter, &args.run_ids, args.dry_run, context, |client, filter, size, after| {
        operations::resume_runs(client, filter, args.dry_run, size, after)
    })?;
    let Done { counts, exit } = &done;
    context.events.emit(&Event::ResumeComplete {
        dry_run: args.dry_run,
        matched: counts.matched,
        resumed: counts.changed,
        unchanged: counts.unchanged,
        stopped: exit.is_some(),
    });
    done.tell(if args.dry_run { "would be resumed" } else { "resumed" }, "");
    Ok(exit.unwrap_or(Exit::Done))
}

/// Reports which of the selected runs are due, but paused.
pub fn report(client: &mut Client, filter: &Filter) -> Result<()> {
    for pause in operations::list_pauses(client, filter)? {
        let reason = pause.reason.map(|reason| format!(" ({})", one_line(&reason))).unwrap_or_default();
        let runs = counted(pause.runs, "run");
        log::info!("paused: {runs}{reason}; `trailblazer runs resume --paused` resumes all paused runs");
    }
    Ok(())
}

/// The counts of changed runs, and the exit code if a signal stopped the command.
struct Done {
    counts: PauseStep,
    exit: Option<Exit>,
}

impl Done {
    fn tell(&self, done: &str, way_back: &str) {
        let Self { counts, exit } = self;
        let stopped = if exit.is_some() { "stopped: " } else { "" };
        log::info!("{stopped}{} {done}, {} unchanged{way_back}", counted(counts.changed, "run"), counts.unchanged);
    }
}

/// Changes the selected runs in several steps. A dry run takes a single step.
fn change(
    filter: &Filter,
    run_ids: &[RunId],
    dry_run: bool,
    context: &Context<'_>,
    mut change_some: impl FnMut(&mut Client, &Filter, Option<i32>, &str) -> Result<PauseStep>,
) -> Result<Done> {
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    names::warn_of_some_unknown(&mut client, &filter.source, &[]);
    super::find(&mut client, run_ids)?;
    let stop = Stop::on_signals()?;
    let mut counts = PauseStep::default();
    if dry_run {
        counts = change_some(&mut client, filter, None, "")?;
    } else {
        in_steps(&mut client, filter, &stop, context.quiet, |client, filter, size, after| {
            let done = change_some(client, filter, Some(size), after)?;
            counts.matched += done.matched;
            counts.changed += done.changed;
            counts.unchanged += done.unchanged;
            Ok((done.matched, done.last_run_id))
        })?;
    }
    if counts.matched == 0 {
        names::warn_of_unknown(&mut client, filter, &[]);
    }
    Ok(Done { counts, exit: stop.exit() })
}
