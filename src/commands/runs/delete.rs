//! `trailblazer runs delete`

use postgres::Client;

use super::super::{Context, names};
use super::{WideSelection, YES_OR_DRY_RUN, confirmed, in_steps, tell_of_force};
use crate::db::Connector;
use crate::db::calls::{self, Delete, DeleteStep};
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::ids::RunId;
use crate::stop::Stop;
use crate::terminal::counted;

/// Delete selected runs with their documents, chunks and vectors
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer runs delete handbook-2024
  trailblazer runs delete --source confluence --to 2024-12-31 --dry-run
  trailblazer runs delete --run-id '*' --yes                Delete everything

Vectors are kept if another run contains their text. If another run contains a version of a deleted document, search \
uses that version. Runs that a worker has claimed are skipped and counted, unless you pass --force. The files that \
`normalize` wrote are kept, so `runs backfill` can register a deleted run again. The command deletes 500 runs at a time. You \
can interrupt it at any time and run it again to continue.")]
pub struct Args {
    /// The ids of the runs
    #[arg(value_name = "ID")]
    run_ids: Vec<RunId>,
    /// Count what would change, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
    /// Include runs that a worker has claimed. The worker notices this and stops
    #[arg(long)]
    force: bool,
    // This group comes last, because its heading would also apply to all options after it.
    /// Which runs.
    #[command(flatten)]
    selection: WideSelection,
}

/// Runs `trailblazer runs delete`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let filter = super::narrowed(&args.run_ids, &args.selection, "delete")?;
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    names::warn_of_some_unknown(&mut client, &filter.source, &[]);
    super::find(&mut client, &args.run_ids)?;
    let filter_json = filter.to_json();
    let mut delete = Delete { filter, dry_run: true, force: args.force };
    let start = |delete: &Delete| {
        let Delete { dry_run, force, .. } = *delete;
        context.events.emit(&Event::DeleteStart { dry_run, force, filter: &filter_json });
    };
    if args.dry_run {
        start(&delete);
        let counts = calls::delete_runs(&mut client, &delete, None, "")?;
        report(&mut client, &delete, &counts, false, context);
        return Ok(Exit::Done);
    }
    if !args.yes {
        ask(&mut client, &delete)?;
    }
    delete.dry_run = false;
    start(&delete);
    let stop = Stop::on_signals()?;
    let mut counts = DeleteStep::default();
    in_steps(&mut client, &delete.filter, &stop, context.quiet, |client, filter, size, after| {
        let part = Delete { filter: filter.clone(), ..delete };
        let done = calls::delete_runs(client, &part, Some(size), after)?;
        counts.add(&done);
        Ok((done.matched, done.last_run_id))
    })?;
    report(&mut client, &delete, &counts, stop.is_asked(), context);
    Ok(stop.exit().unwrap_or(Exit::Done))
}

/// Describes what would be deleted and asks for a typed confirmation.
fn ask(client: &mut Client, delete: &Delete) -> Result<()> {
    let counts = calls::delete_runs(client, delete, None, "")?;
    if counts.deleted == 0 {
        return Ok(());
    }
    let question = format!("This deletes {}.", counts.told());
    confirmed(&question, "delete", YES_OR_DRY_RUN)
}

impl DeleteStep {
    fn add(&mut self, step: &Self) {
        self.matched += step.matched;
        self.deleted += step.deleted;
        self.skipped += step.skipped;
        self.fenced += step.fenced;
        self.deleted_documents += step.deleted_documents;
        self.deleted_chunks += step.deleted_chunks;
        self.deleted_vectors += step.deleted_vectors;
    }

    fn told(&self) -> String {
        format!(
            "{} with {}, {} and {}",
            counted(self.deleted, "run"),
            counted(self.deleted_documents, "document"),
            counted(self.deleted_chunks, "chunk"),
            counted(self.deleted_vectors, "vector")
        )
    }
}

fn report(client: &mut Client, delete: &Delete, counts: &DeleteStep, stopped: bool, context: &Context<'_>) {
    if counts.matched == 0 {
        names::warn_of_unknown(client, &delete.filter, &[]);
    }
    context.events.emit(&Event::DeleteComplete {
        dry_run: delete.dry_run,
        matched: counts.matched,
        deleted: counts.deleted,
        skipped: counts.skipped,
        fenced: counts.fenced,
        deleted_documents: counts.deleted_documents,
        deleted_chunks: counts.deleted_chunks,
        deleted_vectors: counts.deleted_vectors,
        stopped,
    });
    log::info!(
        "{}{}{}; {} skipped because a worker has claimed them, {} taken from workers",
        if stopped { "stopped: " } else { "" },
        if delete.dry_run { "would delete " } else { "deleted " },
        counts.told(),
        counts.skipped,
        counts.fenced,
    );
    tell_of_force(counts.skipped);
}
