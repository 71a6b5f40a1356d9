//! What `run` does before its workers start: claims of ended processes, the model and the plan.

use std::sync::Arc;
use std::time::Duration;

use postgres::Client;

use super::Args;
use super::following::{self, Change};
use crate::commands::Context;
use crate::commands::model::{Waiting, ask_for_limit, lacks_limit, limits, missing_prefixes, store_limit};
use crate::db::Connector;
use crate::db::calls::{self, Filter};
use crate::embed::Provider;
use crate::error::{Error, Result};
use crate::ids::Phase;
use crate::terminal::counted;
use crate::worker::{Plan, reclaim};

/// Returns the change of the configuration that the runs must follow, if there is one.
pub(super) fn change(client: &mut Client, dry_run: bool, context: &Context<'_>) -> Result<Option<Change>> {
    match following::change(client, &context.config) {
        // A dry run needs no model.
        Err(Error::Embed(_)) if dry_run => Ok(None),
        change => change,
    }
}

/// Ends the claims of killed workers and of processes that have ended on this machine. A dry run only reports the latter.
pub(super) fn recover_claims(client: &mut Client, filter: &Filter, dry_run: bool, context: &Context<'_>) -> Result<()> {
    if !dry_run {
        for run in calls::recover_expired_claims(client)? {
            reclaim::report(&run, context.events);
        }
        reclaim::from_ended_processes(client, filter, context.events)?;
    } else if let [first, others @ ..] = reclaim::left_behind(client, filter)?.as_slice() {
        let others =
            if others.is_empty() { String::new() } else { format!(" and {}", counted(others.len(), "other run")) };
        log::info!("the processes that claimed {}{others} have ended; `run` recovers the runs", first.run_id);
    }
    Ok(())
}

/// Registers the model before the embed phase, and returns its token limit, if the limit had to be measured on the server.
/// A measurement ends early if a stop is requested.
pub(super) fn register_model(
    connector: &Connector,
    client: &mut Client,
    provider: &Arc<dyn Provider>,
    phases: &[Phase],
    waiting: Waiting<'_>,
    context: &Context<'_>,
) -> Result<Option<usize>> {
    let model = provider.model();
    if !phases.contains(&Phase::Embed) {
        return calls::model_limit(client, &model.name);
    }
    // The connection may have been lost while the command waited for the provider.
    connector.revive(client)?;
    calls::register_model(client, model).map_err(Error::of_model)?;
    if let Some(advice) = missing_prefixes(&context.config, model) {
        log::warn!("{advice}");
    }
    let known = calls::model_limit(client, &model.name)?;
    if !lacks_limit(&context.config, known) {
        return Ok(known);
    }
    let found = ask_for_limit(provider, waiting)?;
    let Some(found) = found.filter(|_| !waiting.stop.is_asked()) else { return Ok(known) };
    connector.revive(client)?;
    store_limit(client, model, known, found)?;
    Ok(Some(found))
}

/// Returns the plan for the workers. `total` is the number of runs that are due now.
pub(super) fn plan(
    args: &Args,
    phases: Vec<Phase>,
    filter: &Filter,
    provider: Arc<dyn Provider>,
    model_limit: Option<usize>,
    total: u64,
    context: &Context<'_>,
) -> Result<Plan> {
    let config = &context.config;
    let workers = args.workers.map_or_else(|| config.workers.count(config.embed.provider), usize::from);
    Ok(Plan {
        limits: limits(config, provider.as_ref(), model_limit)?,
        model_limit,
        batch_tokens: config.embed.batch_tokens,
        ttl: Duration::from_secs(u64::from(config.backlog.claim_ttl_minutes) * 60),
        limit: args.limit.map(u64::from),
        watch: args.watch,
        slots: workers,
        // More threads than runs would only open unused connections. Each slot can embed batches of any run.
        workers: if args.watch { workers } else { workers.min(usize::try_from(total).unwrap_or(workers)) },
        process: format!("{}/{}", gethostname::gethostname().to_string_lossy(), std::process::id()),
        provider,
        phases,
        filter: filter.clone(),
    })
}
