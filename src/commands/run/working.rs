//! Runs the workers while the display reports their progress, and finishes what they leave.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;

use super::progress::Display;
use super::reporting::Reporting;
use super::{following, left};
use crate::commands::model::embed_settings;
use crate::commands::{Context, indexes};
use crate::db::Connector;
use crate::db::calls::{self, Filter};
use crate::db::operations::{self, RunProgress};
use crate::db::search;
use crate::error::{Exit, Result};
use crate::ids::Phase;
use crate::service;
use crate::stop::Stop;
use crate::terminal::counted;
use crate::worker::{self, Plan, Tally};

/// Processes the runs of the plan. `total` is the number of runs that are due now.
pub(super) fn work(
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
            keep_displaying(&display, &ended, connector, plan);
        });
        let outcome = worker::run(plan, connector, context.events, stop, &tally, &watcher);
        drop(working);
        outcome
    });
    display.finish();

    log::info!("{} in {:.1} s", summary(&tally), begun.elapsed().as_secs_f64());
    outcome?;
    if let Some(exit) = stop.exit() {
        return Ok(exit);
    }
    connector.revive(client)?;
    if tally.done.load(Ordering::Relaxed) > 0 {
        search::refresh(client)?;
    }
    wind_up(connector, client, &plan.phases, &plan.filter, stop, context)?;
    if let Some(exit) = stop.exit() {
        return Ok(exit);
    }
    Ok(if tally.failed() > 0 { Exit::Failures } else { Exit::Done })
}

/// Shows the progress until the sender of `ended` is dropped.
fn keep_displaying(display: &Display<'_>, ended: &Receiver<()>, connector: &Connector, plan: &Plan) {
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
}

/// Returns how many runs were completed, failed, and released, and how many claims were lost.
fn summary(tally: &Tally) -> String {
    let (released, lost) = (tally.released.load(Ordering::Relaxed), tally.lost.load(Ordering::Relaxed));
    let mut summary = format!("{} done", counted(tally.done.load(Ordering::Relaxed), "run"));
    for (count, what) in [(tally.failed(), "failed"), (released, "released")] {
        if count > 0 {
            let _ = write!(summary, ", {count} {what}");
        }
    }
    // If a worker claimed a lost run again, the run is also counted above.
    if lost > 0 {
        let _ = write!(summary, ", {} lost", counted(lost, "claim"));
    }
    summary
}

/// Reports the remaining work. Builds missing vector indexes if no run is waiting to be embedded.
pub(super) fn wind_up(
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

/// Maximum time for counting the texts that are due. The progress line needs this number, but workers do not wait for it.
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
