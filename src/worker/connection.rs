//! A worker's connection: opened, replaced when it is lost, and woken by notices.

use std::time::{Duration, Instant};

use postgres::Client;

use super::Worker;
use crate::db::stage;
use crate::db::vectors::EmbeddingStore;
use crate::error::Result;

/// How long a worker tries to get a connection before it gives up. With `--watch`, it never does.
const RECONNECT_PATIENCE: Duration = Duration::from_secs(60);
/// How often a worker that waits for a connection says so.
const REMIND: Duration = Duration::from_secs(60);
/// How long an idle worker waits for a notice before it looks at the backlog. A NOTIFY wakes it sooner; one may be lost.
const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// A worker's connection, and the store that is prepared on it.
pub(super) struct Connection {
    pub client: Client,
    store: Option<EmbeddingStore>,
}

impl Connection {
    /// Returns the connection with the store for the vectors of a model, which is prepared once.
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
        Ok(Connection { client, store: None })
    }

    /// Connects, and tries again while the server is unreachable, accepts no changes, or has no connection left.
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

    /// Waits for a notice of the backlog, but no longer than the watch pause, and not when the work is over.
    pub(super) fn wait_for_notice(&self, client: &mut Client) -> Result<()> {
        use postgres::fallible_iterator::FallibleIterator;
        let end = Instant::now() + WATCH_PAUSE;
        while !self.is_over() && Instant::now() < end {
            if client.notifications().timeout_iter(Duration::from_millis(200)).next()?.is_some() {
                // One look at the backlog answers all notices that have arrived.
                return Ok(client.notifications().iter().for_each(|_| Ok(()))?);
            }
        }
        Ok(())
    }
}
