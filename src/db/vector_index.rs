//! Builds the vector indexes when the backlog is empty, because loading many vectors is several times faster without indexes.

use std::thread;
use std::time::Duration;

use postgres::Client;

use super::Connector;
use super::search::{MissingIndex, missing_vector_indexes};
use crate::config::VectorIndex;
use crate::error::{Error, Result};
use crate::stop::Stop;

/// Key of the advisory lock that a process holds while it builds a vector index. The other keys are in
/// `sql/functions/*/_*_lock.sql`.
const BUILD_LOCK: i64 = 7_881_697_304_920_176;
/// The interval between two progress queries.
const TICK: Duration = Duration::from_millis(200);

/// The result of building a missing index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The index exists now.
    Built,
    /// Another process is building it.
    Busy,
    /// The current user does not own the table.
    NotOwner,
    /// A stop was requested.
    Stopped,
    /// The server canceled the build. Its message contains the reason.
    Canceled(String),
}

/// Builds the indexes that `graphdb.missing_vector_indexes` returns, and calls `on_outcome` for each of them.
/// `on_progress` gets the number of indexed vectors.
pub fn build_missing(
    connector: &Connector,
    client: &mut Client,
    stop: &Stop,
    kind: VectorIndex,
    on_progress: &mut dyn FnMut(&MissingIndex, u64),
    on_outcome: &mut dyn FnMut(&MissingIndex, Outcome),
) -> Result<()> {
    if missing_vector_indexes(client, kind)?.is_empty() {
        return Ok(());
    }
    let free = client.query_one("select pg_try_advisory_lock($1)", &[&BUILD_LOCK])?.get(0);
    let built = build_each(connector, client, stop, kind, free, on_progress, on_outcome);
    if free && let Err(error) = client.execute("select pg_advisory_unlock($1)", &[&BUILD_LOCK]) {
        // The lock is released when the connection is closed.
        log::debug!("cannot release the lock for building indexes: {error}");
    }
    built
}

fn build_each(
    connector: &Connector,
    client: &mut Client,
    stop: &Stop,
    kind: VectorIndex,
    free: bool,
    on_progress: &mut dyn FnMut(&MissingIndex, u64),
    on_outcome: &mut dyn FnMut(&MissingIndex, Outcome),
) -> Result<()> {
    // Query again under the lock, because another process may have just built an index.
    for index in missing_vector_indexes(client, kind)? {
        let outcome = match (free, index.may_build) {
            (_, false) => Outcome::NotOwner,
            (false, true) => Outcome::Busy,
            (true, true) => build(connector, client, &index, stop, &mut |done| on_progress(&index, done))?,
        };
        on_outcome(&index, outcome);
    }
    Ok(())
}

/// Builds an index on a separate connection, and reads the progress through `client`.
fn build(
    connector: &Connector,
    client: &mut Client,
    index: &MissingIndex,
    stop: &Stop,
    on_progress: &mut dyn FnMut(u64),
) -> Result<Outcome> {
    let mut builder = connector.connect_to_work()?;
    let cancel = builder.cancel_token();
    let backend: i32 = builder.query_one("select pg_backend_pid()", &[])?.get(0);
    let built = thread::scope(|scope| {
        let building = scope.spawn(move || run_statements(&mut builder, index));
        while !building.is_finished() {
            thread::sleep(TICK);
            if stop.is_asked() {
                // Cancel again at each tick, because a request between two statements has no effect.
                let _ = connector.cancel(&cancel);
            } else if let Ok(Some(row)) = client
                .query_opt("select p.tuples_done from pg_stat_progress_create_index as p where p.pid = $1", &[&backend])
            {
                on_progress(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0));
            }
        }
        building.join()
    });
    match built {
        Ok(Ok(())) => Ok(Outcome::Built),
        // The next build drops the invalid index.
        Ok(Err(_)) if stop.is_asked() => Ok(Outcome::Stopped),
        Ok(Err(error)) if error.is_canceled() => Ok(Outcome::Canceled(error.to_string())),
        Ok(Err(error)) => Err(error),
        Err(defect) => std::panic::resume_unwind(defect),
    }
}

/// Builds with one parallel worker per CPU core. If there is not enough shared memory, as in a container, it builds
/// again without parallel workers. If an error leaves an invalid index, it drops the index.
/// The index may also be valid, if only the index that it replaces could not be dropped.
fn run_statements(builder: &mut Client, index: &MissingIndex) -> Result<()> {
    builder.batch_execute(&format!("set maintenance_work_mem = '{}kB'", index.memory_kb))?;
    let helpers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut outcome = Ok(());
    for helpers in [helpers, 0] {
        builder.batch_execute(&format!("set max_parallel_maintenance_workers = {helpers}"))?;
        outcome = index.statements.iter().try_for_each(|statement| builder.batch_execute(statement));
        match &outcome {
            Err(error) if is_out_of_space(error) && helpers > 0 => {}
            _ => break,
        }
    }
    let is_invalid = "select 1 from pg_index as i \
                      where i.indexrelid = to_regclass('graphdb.' || quote_ident($1)) and not i.indisvalid";
    if outcome.is_err()
        && let Ok(Some(_)) = builder.query_opt(is_invalid, &[&index.index_name])
        && let Some(drop_invalid) = index.statements.first()
        // Dropping the index waits for all users of the table, so it has a short timeout.
        && let Err(error) =
            builder.batch_execute("set statement_timeout = '10s'").and_then(|()| builder.batch_execute(drop_invalid))
    {
        // The next build drops it.
        log::debug!("cannot drop the invalid index {}: {error}", index.index_name);
    }
    outcome.map_err(Error::from)
}

/// Returns whether the error has class 53 or 58.
/// These classes include out-of-memory errors, a full disk and failed system calls.
fn is_out_of_space(error: &postgres::Error) -> bool {
    error.code().is_some_and(|state| state.code().starts_with("53") || state.code().starts_with("58"))
}
