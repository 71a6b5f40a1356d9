//! Follows the configuration. If its model differs from the served model, or if its chunk sizes have changed, `run`
//! queues the runs again and finally lets searches use the model.

use postgres::Client;

use crate::chunk::Limits;
use crate::commands::Context;
use crate::commands::model::{embed_settings, limits};
use crate::commands::models;
use crate::config::Config;
use crate::db::calls::{self, Filter};
use crate::db::models::{self as prepared, Requeue};
use crate::embed;
use crate::error::Result;
use crate::stop::Stop;
use crate::terminal::counted;

/// Number of runs that one transaction queues again.
const RUNS: i32 = 1000;
/// Maximum number of other models in a message.
const NAMED: usize = 3;

/// The differences between the configuration and the embedded runs.
pub struct Change {
    /// The name of the configured model.
    model: String,
    /// The served model, if it differs from the configured one.
    served: Option<String>,
    /// The configured sizes of chunks.
    sizes: Limits,
    /// The number of runs that must be queued again.
    runs: i64,
}

/// Returns the differences, or `None` if there are none or if this role cannot act on them.
pub fn change(client: &mut Client, config: &Config) -> Result<Option<Change>> {
    let settings = embed_settings(config);
    let model = settings.model_name();
    let is_empty = calls::list_models(client, &Filter::default())?.is_empty();
    let Some(served) = prepared::served(client)?.filter(|_| !is_empty && prepared::may_serve(client).unwrap_or(false))
    else {
        return Ok(None);
    };
    let found = calls::model_limit(client, &model)?;
    let provider = embed::unasked_provider(&settings)?;
    let sizes = limits(config, provider.as_ref(), found)?;
    let wanted = Requeue { model: &model, sizes: Some(sizes), max_runs: None, dry_run: true };
    let runs = prepared::requeue(client, &wanted)?;
    let served = (served != model).then_some(served);
    Ok((runs > 0 || served.is_some()).then_some(Change { model, served, sizes, runs }))
}

impl Change {
    /// Reports the change. If it is not a dry run, queues the runs again.
    pub fn apply(&self, client: &mut Client, dry_run: bool, stop: &Stop) -> Result<()> {
        let Self { model, served, sizes, runs } = self;
        let would = if dry_run { "would prepare" } else { "preparing" };
        if let Some(served) = served {
            let left = models::describe_backlog(&prepared::backlog(client, model)?);
            log::info!("{would} {model} alongside {served}, which searches use until all texts are ready: {left}");
        } else {
            let runs = counted(*runs, "run");
            let would = if dry_run { "would chunk" } else { "chunking" };
            log::info!(
                "{would} {runs} again, because the sizes of chunks have changed; searches show the old chunks until the new ones are ready"
            );
        }
        let queued = Requeue { model, sizes: Some(*sizes), max_runs: Some(RUNS), dry_run: false };
        while !dry_run && !stop.is_asked() && prepared::requeue(client, &queued)? > 0 {}
        Ok(())
    }
}

/// Lets searches use the configured model once every text has a vector under it. Until then, they use the served model.
pub(super) fn serve_if_prepared(client: &mut Client, model: &str) -> Result<()> {
    // If the role does not have the right to do this, another role must.
    if !prepared::may_serve(client)? || prepared::served(client)?.is_none_or(|served| served == model) {
        return Ok(());
    }
    let is_registered = prepared::describe(client)?.iter().any(|known| known.model == model);
    if is_registered && prepared::backlog(client, model)?.texts == 0 {
        models::serve(client, model)?;
    }
    Ok(())
}

/// Reports runs that are embedded with a different model than the configured one, after a `run` that has not changed them.
pub(super) fn report_other_models(client: &mut Client, filter: &Filter, context: &Context<'_>) {
    let model = embed_settings(&context.config).model_name();
    let models = match calls::list_models(client, filter) {
        Ok(models) => models,
        // The message is optional, because the work is complete.
        Err(error) => return log::debug!("{error}"),
    };
    let who = match prepared::may_serve(client) {
        Ok(true) => "without a selection",
        _ => "by a role with the rights of an admin",
    };
    for (other, runs) in models.iter().filter(|(other, _)| *other != model).take(NAMED) {
        let are = if *runs == 1 { "is" } else { "are" };
        log::info!(
            "{} {are} embedded with {other}, not with {model}: `trailblazer run` {who} prepares {model} for all runs",
            counted(*runs, "run")
        );
    }
}
