//! Scans the backlog before `run` works on it, and lists it for a dry run.

use postgres::Client;

use crate::artifact::shown;
use crate::commands::Context;
use crate::db::calls::{self, Backlog, Filter};
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::ids::{Phase, Status};
use crate::terminal::{counted, print_line};

/// Returns the filter for the runs that wait for `phase`.
fn waiting(phases: &[Phase], phase: Phase, filter: &Filter) -> Filter {
    if phases.len() == 2 && phase == Phase::Embed && filter.status.is_empty() {
        // A reset run must first be chunked, so it is counted in that phase.
        return Filter { status: vec![Status::Chunked, Status::Embedding], ..filter.clone() };
    }
    filter.clone()
}

/// Prints the banner for each phase.
pub(super) fn scan(
    client: &mut Client,
    phases: &[Phase],
    filter: &Filter,
    context: &Context<'_>,
) -> Result<Vec<Backlog>> {
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

/// Returns the number of runs that workers can claim now, up to the limit.
pub(super) fn total_now(due: &[Backlog], limit: Option<u32>) -> u64 {
    let now: i64 = due.iter().map(|backlog| backlog.total - backlog.deferred).sum();
    u64::try_from(now).unwrap_or(0).min(limit.map_or(u64::MAX, u64::from))
}

/// Number of runs that a dry run lists for each phase by default. The scan returns as many.
const LISTED: u32 = 10;
/// Maximum number of runs that a dry run lists for each phase.
const MOST_LISTED: u32 = 1000;

/// Lists the first runs of each phase up to the limit, and reports how many more are due.
pub(super) fn list(
    client: &mut Client,
    phases: &[Phase],
    filter: &Filter,
    due: &[Backlog],
    limit: Option<u32>,
    context: &Context<'_>,
) -> Result<Exit> {
    // Chunked runs count first, because they are processed first.
    let mut left = limit.unwrap_or(u32::MAX);
    let (mut listed, mut more) = (Vec::new(), 0);
    for (phase, backlog) in phases.iter().zip(due).rev() {
        // Runs in back-off come last.
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
