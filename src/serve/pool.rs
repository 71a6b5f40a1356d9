//! A limited pool of database connections for blocking work.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postgres::Client;
use tokio::sync::Semaphore;

use super::problem::Problem;
use crate::db::Connector;
use crate::error::{Error, Result as DbResult};
use crate::lock::locked;

/// The maximum time that a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Timeout of a statement. It is shorter than the timeout of a request.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection that was idle for longer is tested before it is used.
const RESTED: Duration = Duration::from_secs(30);

/// A limited pool. Clones share the connections.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    connector: Connector,
    read_only: bool,
    size: usize,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Client, Instant)>>,
}

impl Pool {
    /// Creates a pool of at most `size` connections, which are opened on demand. With `read_only`, they cannot write.
    pub fn new(connector: Connector, size: usize, read_only: bool) -> Self {
        let permits = Arc::new(Semaphore::new(size));
        Self(Arc::new(Inner { connector, read_only, size, permits, idle: Mutex::default() }))
    }

    /// Returns the maximum number of connections, and how many are in use.
    pub fn size_and_use(&self) -> (usize, usize) {
        (self.0.size, self.0.size.saturating_sub(self.0.permits.available_permits()))
    }

    /// Calls `work` with a connection on a blocking thread. If the connection is lost, tries once again with a new connection.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Client) -> DbResult<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.0.permits).acquire_owned());
        let Ok(Ok(permit)) = permit.await else {
            return Err(Problem::busy("all database connections are in use"));
        };
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let done = inner.call(&work);
            drop(permit);
            done
        });
        match done.await {
            Ok(done) => done.map_err(Problem::from),
            Err(_) => Err(Problem::internal()),
        }
    }

    /// Calls `work` with a connection on this thread, outside the runtime.
    pub fn now<T>(&self, work: impl Fn(&mut Client) -> DbResult<T>) -> DbResult<T> {
        self.0.call(&work)
    }
}

impl Inner {
    fn call<T>(&self, work: &impl Fn(&mut Client) -> DbResult<T>) -> DbResult<T> {
        let rested = self.idle().pop();
        let is_reused = rested.is_some();
        let mut client = match rested {
            Some((client, since)) if since.elapsed() < RESTED => client,
            Some((mut client, _)) => {
                if client.is_valid(Duration::from_secs(2)).is_ok() {
                    client
                } else {
                    self.connect()?
                }
            }
            None => self.connect()?,
        };
        let mut done = work(&mut client);
        if is_reused && done.as_ref().is_err_and(Error::is_connection_loss) {
            client = self.connect()?;
            done = work(&mut client);
        }
        if !client.is_closed() {
            self.idle().push((client, Instant::now()));
        }
        done
    }

    fn connect(&self) -> DbResult<Client> {
        let mut client = if self.read_only { self.connector.connect()? } else { self.connector.connect_to_work()? };
        let read_only = if self.read_only { "on" } else { "off" };
        client.batch_execute(&format!(
            "set default_transaction_read_only = {read_only}; set statement_timeout = {}; \
             set idle_in_transaction_session_timeout = '60s'",
            STATEMENT_TIMEOUT.as_millis()
        ))?;
        Ok(client)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Client, Instant)>> {
        locked(&self.idle)
    }
}
