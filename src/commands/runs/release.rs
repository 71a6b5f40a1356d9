//! `trailblazer runs release`

use super::super::{Context, names};
use super::{WideSelection, in_steps};
use crate::db::Connector;
use crate::db::operations::{self, ReleaseClaims, ReleaseStep};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::ids::RunId;
use crate::stop::Stop;
use crate::terminal::counted;

/// Release the claims of dead workers, so that other workers can claim the runs now
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer runs release handbook               Release the claim on one run
  trailblazer runs release --status embedding     Release claims of dead workers that embed
  trailblazer runs release --run-id '*' --dry-run

`trailblazer status --workers` shows which workers are probably dead, because they missed six heartbeats (one minute with the \
default lease). Claims of workers that are alive are skipped and counted, unless you pass --force. If a released worker \
continues later, its writes are refused, and it stops. The runs keep their texts, chunks and vectors.")]
pub struct Args {
    /// The ids of the runs
    #[arg(value_name = "ID")]
    run_ids: Vec<RunId>,
    /// Count the release as a failed attempt, like an expired lease
    #[arg(long)]
    charge: bool,
    /// Count what would change, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Also release claims of workers that are alive. These workers notice this and stop
    #[arg(long)]
    force: bool,
    // This group comes last, because its heading would also apply to all options after it.
    /// Which runs.
    #[command(flatten)]
    selection: WideSelection,
}

/// Runs `trailblazer runs release`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let filter = super::narrowed(&args.run_ids, &args.selection, "release")?;
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    names::warn_of_some_unknown(&mut client, &filter.source, &[]);
    super::find(&mut client, &args.run_ids)?;
    let release = ReleaseClaims { filter, charge: args.charge, dry_run: args.dry_run, force: args.force };
    let mut counts = ReleaseStep::default();
    let stop = Stop::on_signals()?;
    if release.dry_run {
        counts = operations::release_claims(&mut client, &release, None, "")?;
    } else {
        in_steps(&mut client, &release.filter, &stop, context.quiet, |client, filter, size, after| {
            let part = ReleaseClaims { filter: filter.clone(), ..release.clone() };
            let done = operations::release_claims(client, &part, Some(size), after)?;
            counts.add(&done);
            Ok((done.matched, done.last_run_id))
        })?;
    }
    if counts.matched == 0 {
        names::warn_of_unknown(&mut client, &release.filter, &[]);
    }
    context.events.emit(&Event::ReleaseComplete {
        dry_run: release.dry_run,
        charge: release.charge,
        force: release.force,
        matched: counts.matched,
        released: counts.released,
        unclaimed: counts.unclaimed,
        skipped: counts.skipped,
        stopped: stop.is_asked(),
    });
    log::info!(
        "{}{} {}; {} not claimed, {} skipped because their workers are alive",
        if stop.is_asked() { "stopped: " } else { "" },
        counted(counts.released, "claim"),
        if release.dry_run { "would be released" } else { "released" },
        counts.unclaimed,
        counts.skipped,
    );
    if let Some(exit) = stop.exit() {
        return Ok(exit);
    }
    if counts.released == 0 && counts.skipped > 0 && !release.dry_run {
        return Err(Error::Refused {
            message: match counts.skipped {
                1 => "the worker holding the run is still alive".into(),
                workers => format!("the {workers} workers holding the runs are still alive"),
            },
            hint:
                "Pass --force to release the claims anyway. `trailblazer status --workers` shows the last heartbeats."
                    .into(),
        });
    }
    Ok(Exit::Done)
}

impl ReleaseStep {
    fn add(&mut self, step: &Self) {
        self.matched += step.matched;
        self.released += step.released;
        self.unclaimed += step.unclaimed;
        self.skipped += step.skipped;
    }
}
