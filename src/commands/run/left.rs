//! Reports the work that is left when `run` ends.

use postgres::Client;

use crate::commands::runs::pause;
use crate::commands::workers;
use crate::db::calls::{self, Filter};
use crate::db::operations::WorkerState;
use crate::error::Result;
use crate::ids::{Phase, Status};
use crate::terminal::counted;

/// Maximum number of failed runs in a message.
const NAMED: usize = 3;

/// Reports which runs failed, wait for a retry, or are claimed by other workers.
pub(super) fn report(client: &mut Client, phases: &[Phase], filter: &Filter) -> Result<()> {
    report_failed(client, filter)?;
    let mut deferred = 0;
    for phase in phases {
        deferred += calls::backlog(client, *phase, filter)?.deferred;
    }
    if deferred > 0 {
        log::info!(
            "waiting for a retry: {}; `trailblazer status` shows until when, `trailblazer runs show ID` shows why, and `trailblazer run` processes due runs",
            counted(deferred, "run")
        );
    }
    pause::report(client, filter)?;
    let status = phases.iter().map(|phase| phase.working_status()).collect();
    let held = workers::list(client, &Filter { status, ..filter.clone() }, false)?;
    let alive = held.iter().filter(|worker| worker.state != WorkerState::Dead).count();
    if alive > 0 {
        log::info!(
            "claimed by other workers: {}; `trailblazer status --workers` shows how far they are, and `{}` releases the run of a dead \
             worker",
            counted(alive, "run"),
            workers::release_command(held.iter().map(|worker| worker.run_id.as_str()).take(1))
        );
    }
    for line in workers::dead(&held) {
        log::warn!("{line}");
    }
    Ok(())
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
        "failed: {}; `trailblazer runs show {first}` shows the reason, `trailblazer runs retry {first}` retries",
        named.join(", ")
    );
    Ok(())
}
