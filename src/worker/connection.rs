//! The connection of a worker. It is opened, replaced after a loss, and waits for notifications.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use postgres::Client;

use super::Worker;
use crate::db::vectors::EmbeddingStore;
use crate::db::{health, operations, stage};
use crate::error::Result;

/// Time after which a worker stops trying to connect. With `--watch`, it never stops trying.
const RECONNECT_PATIENCE: Duration = Duration::from_secs(60);
/// The interval between messages of a worker that waits for a connection.
const REMIND: Duration = Duration::from_secs(60);
/// Maximum time after which an idle worker queries the backlog again, because a notification that should wake it can be lost.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Waiting time if a run is due but could not be claimed, because another session has locked it or the worker's filter excludes it.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// The connection of a worker, and the store that uses it.
pub(super) struct Connection {
    pub client: Client,
    /// When the server was started. It differs after a restart and after a failover to another server.
    pub server_start: DateTime<Utc>,
    store: Option<EmbeddingStore>,
}

impl Connection {
    /// Returns the connection and the store for the vectors of a model. The store is prepared once.
    pub fn with_store(&mut self, model: &str) -> Result<(&mut Client, &EmbeddingStore)> {
        let store = match self.store.take() {
            Some(store) => store,
            None => EmbeddingStore::prepare(&mut self.client, model)?,
        };
        Ok((&mut self.client, self.store.insert(store)))
    }
}

impl Worker<'_> {
    fn connect(&self) -> Result<Connection> {
        let mut client = self.pool.connector.connect_to_work()?;
        stage::create(&mut client)?;
        if self.pool.plan.watch {
            client.batch_execute("listen graphdb_backlog")?;
        }
        let server_start = health::server_start(&mut client)?;
        Ok(Connection { client, server_start, store: None })
    }

    /// Connects. Tries again if the server is unreachable, rejects changes, or has no free connection.
    pub(super) fn connect_patiently(&self) -> Result<Connection> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut reminder = begun + REMIND;
        loop {
            let is_patient = || self.pool.plan.watch || begun.elapsed() < RECONNECT_PATIENCE;
            match self.connect() {
                Err(error) if error.is_connection_loss() && is_patient() && !self.pool.stop.is_asked() => {
                    if Instant::now() >= reminder {
                        log::warn!("{}: waiting for the database: {error}", self.id);
                        reminder += REMIND;
                    }
                }
                outcome => return outcome,
            }
            self.pool.stop.sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Waits until a notification about the backlog arrives, a back-off ends, a lease expires, or the worker must stop.
    pub(super) fn wait_until_due(&self, client: &mut Client) -> Result<()> {
        use postgres::fallible_iterator::FallibleIterator;
        let end = Instant::now() + wait(operations::due_in(client)?);
        while !self.is_over() && Instant::now() < end {
            if client.notifications().timeout_iter(Duration::from_millis(200)).next()?.is_some() {
                // One query of the backlog is enough for all notifications that have arrived.
                return Ok(client.notifications().iter().for_each(|_| Ok(()))?);
            }
        }
        Ok(())
    }
}

/// Returns how long an idle worker waits for a notification if the next run becomes due in `due_in`.
fn wait(due_in: Option<Duration>) -> Duration {
    match due_in {
        Some(Duration::ZERO) => SHORTEST_WAIT,
        Some(due_in) => due_in.min(LONGEST_WAIT),
        None => LONGEST_WAIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_worker_waits_no_longer_than_until_the_next_run_falls_due() {
        let milliseconds = |due_in: Option<u64>| wait(due_in.map(Duration::from_millis)).as_millis();
        let waits = [Some(250), Some(9_000), Some(60_000), None, Some(0)].map(milliseconds);
        assert_eq!(waits, [250, 9_000, 10_000, 10_000, 1_000]);
    }
}
