//! The leases of this process. One thread renews them after a third of their length or earlier.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postgres::Client;

use crate::db::calls::Run;
use crate::db::{Connector, calls};
use crate::error::Result;
use crate::events::{Event, EventWriter};
use crate::ids::{ClaimToken, Phase, RunId};
use crate::lock::locked;
use crate::service;
use crate::stop::Stop;

/// Maximum interval between renewals. Renewals also report the progress that `status` shows.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A claim that a worker holds.
#[derive(Debug)]
pub struct Lease {
    /// The run.
    pub run_id: RunId,
    /// The phase for which the run was claimed.
    pub phase: Phase,
    /// The fencing token.
    pub token: ClaimToken,
    /// The number of documents to chunk or chunks to embed.
    pub total: i32,
    worker_id: String,
    done: AtomicI32,
    lost: AtomicBool,
    /// Whether the last renewal skipped this lease because another transaction had locked the run.
    skipped: AtomicBool,
    /// The time until which the lease is certainly valid, measured from the start of the last
    /// successful renewal by the local clock.
    safe_until: Mutex<Instant>,
}

impl Lease {
    /// Records the number of processed documents or texts.
    pub fn set_done(&self, done: u64) {
        self.done.store(i32::try_from(done).unwrap_or(i32::MAX), Ordering::Relaxed);
    }

    /// Returns the number of processed documents or texts.
    #[must_use]
    pub fn done(&self) -> i32 {
        self.done.load(Ordering::Relaxed)
    }

    /// Returns whether another worker may have the claim.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst) || Instant::now() > *locked(&self.safe_until)
    }
}

/// A lease that is renewed until this guard is dropped.
#[derive(Debug)]
pub struct HeldLease<'a> {
    leases: &'a Leases,
    lease: Arc<Lease>,
}

impl HeldLease<'_> {
    /// Stops renewing the lease.
    #[must_use]
    pub fn end(self) -> Arc<Lease> {
        Arc::clone(&self.lease)
    }
}

impl Deref for HeldLease<'_> {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.lease
    }
}

impl Drop for HeldLease<'_> {
    fn drop(&mut self) {
        locked(&self.leases.held).remove(&self.lease.token);
    }
}

/// All leases of the process.
#[derive(Debug)]
pub struct Leases {
    ttl: Duration,
    held: Mutex<BTreeMap<ClaimToken, Arc<Lease>>>,
}

impl Leases {
    /// Creates an empty set for leases with length `ttl`.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        Self { ttl, held: Mutex::default() }
    }

    /// Returns the length of a lease.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Adds the claim on `run` that was requested at `asked`.
    pub fn add(&self, run: &Run, phase: Phase, worker_id: &str, asked: Instant) -> HeldLease<'_> {
        let token = run.claim_token;
        let lease = Arc::new(Lease {
            run_id: run.run_id.clone(),
            phase,
            token,
            total: match phase {
                Phase::Chunk => run.total_docs,
                Phase::Embed => run.total_chunks.unwrap_or(0),
            },
            worker_id: worker_id.to_owned(),
            done: AtomicI32::new(0),
            lost: AtomicBool::new(false),
            skipped: AtomicBool::new(false),
            safe_until: Mutex::new(asked + self.ttl),
        });
        locked(&self.held).insert(token, Arc::clone(&lease));
        HeldLease { leases: self, lease }
    }

    /// Renews all leases after a third of their length or earlier, until `finished`.
    /// If a renewal fails, it is retried soon, before a lease can expire.
    pub fn keep_renewing(&self, connector: &Connector, events: &EventWriter, finished: &Stop) {
        let mut client: Option<Client> = None;
        let mut pause = self.renewal();
        loop {
            service::alive();
            finished.sleep(pause);
            if finished.is_asked() {
                return;
            }
            pause = match self.renew(&mut client, connector, events) {
                Ok(Renewed::All) => self.renewal(),
                Ok(Renewed::NotAll) => self.retry(),
                Err(error) => {
                    log::warn!("cannot renew leases, trying again: {error}");
                    client = None;
                    self.retry()
                }
            };
        }
    }

    /// Returns the interval between renewals.
    fn renewal(&self) -> Duration {
        (self.ttl / 3).min(LONGEST_PAUSE)
    }

    /// Returns the pause before a failed renewal is retried.
    fn retry(&self) -> Duration {
        (self.ttl / 30).clamp(Duration::from_millis(100), Duration::from_secs(10))
    }

    fn renew(&self, client: &mut Option<Client>, connector: &Connector, events: &EventWriter) -> Result<Renewed> {
        let held: Vec<Arc<Lease>> = locked(&self.held).values().cloned().collect();
        let client = match client {
            Some(client) => client,
            None => client.insert(connector.connect_to_work()?),
        };
        let claims: Vec<(ClaimToken, i32)> = held.iter().map(|lease| (lease.token, lease.done())).collect();
        let sent = Instant::now();
        let mut renewed = Renewed::All;
        for renewal in calls::renew_claims(client, &claims, self.ttl)? {
            let Some(lease) = held.iter().find(|lease| lease.token == renewal.token) else { continue };
            match renewal.expires_at {
                None if renewal.is_lost => lease.lost.store(true, Ordering::SeqCst),
                None => {
                    renewed = Renewed::NotAll;
                    // The worker itself locks the row while it stores vectors, which takes moments.
                    let left = locked(&lease.safe_until).saturating_duration_since(sent);
                    if left < self.ttl / 2 && !lease.skipped.swap(true, Ordering::Relaxed) {
                        log::warn!(
                            "cannot renew the lease on run {}: another transaction has locked its row",
                            lease.run_id
                        );
                    }
                }
                Some(claim_expires_at) => {
                    lease.skipped.store(false, Ordering::Relaxed);
                    *locked(&lease.safe_until) = sent + self.ttl;
                    events.emit(&Event::Renew {
                        run_id: &lease.run_id,
                        phase: lease.phase,
                        worker_id: &lease.worker_id,
                        claim_expires_at,
                        done: lease.done(),
                    });
                }
            }
        }
        Ok(renewed)
    }
}

/// The result of renewing all leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewed {
    All,
    /// Some runs were locked by other transactions.
    NotAll,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_lease_is_renewed_every_ten_seconds_and_a_short_one_at_a_third() {
        let renewal = |seconds| Leases::new(Duration::from_secs(seconds)).renewal().as_secs();
        assert_eq!([renewal(45 * 60), renewal(15)], [10, 5]);
    }

    #[test]
    fn a_lease_that_could_not_be_renewed_in_time_counts_as_lost() {
        let now = Instant::now();
        let lease = Lease {
            run_id: "r".parse().unwrap(),
            phase: Phase::Chunk,
            token: ClaimToken(1),
            total: 1,
            worker_id: "w".to_owned(),
            done: AtomicI32::new(0),
            lost: AtomicBool::new(false),
            skipped: AtomicBool::new(false),
            safe_until: Mutex::new(now + Duration::from_secs(3600)),
        };
        assert!(!lease.is_lost());
        *locked(&lease.safe_until) = now.checked_sub(Duration::from_secs(1)).unwrap();
        assert!(lease.is_lost());
    }
}
