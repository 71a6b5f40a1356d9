//! Limits the number of concurrent requests, and the requests per second of each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;
use crate::config::Serve;
use crate::lock::locked;

/// Maximum number of addresses in memory. Above this number, inactive addresses are removed.
const MAX_ADDRESSES: usize = 10_000;

/// Counts the current requests.
pub(super) struct Limits {
    permits: Arc<Semaphore>,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

/// The number of requests that an address may still send. It increases over time.
struct Bucket {
    left: f64,
    since: Instant,
}

impl Limits {
    pub fn new(settings: &Serve) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(settings.max_requests as usize)),
            per_second: f64::from(settings.rate_per_second),
            buckets: Mutex::default(),
        }
    }

    /// Admits a request until the permit is dropped. If the server is full, returns 503.
    pub fn admit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.permits).try_acquire_owned().map_err(|_| {
            Problem::busy("the server is already processing the maximum number of requests (serve.max_requests)")
        })
    }

    /// Counts a request of `address` at `now`, or returns 429. A burst may contain the requests of two seconds.
    pub fn count(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        if self.per_second == 0.0 {
            return Ok(());
        }
        let most = self.per_second * 2.0;
        let mut buckets = locked(&self.buckets);
        if buckets.len() >= MAX_ADDRESSES && !buckets.contains_key(&address) {
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.since).as_secs_f64() < 2.0);
            if buckets.len() >= MAX_ADDRESSES {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(address).or_insert(Bucket { left: most, since: now });
        let passed = now.saturating_duration_since(bucket.since).as_secs_f64();
        bucket.left = (bucket.left + passed * self.per_second).min(most);
        bucket.since = now;
        if bucket.left < 1.0 {
            return Err(Problem::too_many());
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_address_gets_its_rate_and_others_are_not_touched() {
        let limits = Limits::new(&Serve { rate_per_second: 5, ..Serve::default() });
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let now = Instant::now();
        assert_eq!((0..20).filter(|_| limits.count(one, now).is_ok()).count(), 10);
        assert!(limits.count(other, now).is_ok());
        let later = now + Duration::from_secs(1);
        assert_eq!((0..20).filter(|_| limits.count(one, later).is_ok()).count(), 5);
    }

    #[test]
    fn a_full_server_refuses_until_a_request_ends() {
        let limits = Limits::new(&Serve { max_requests: 1, ..Serve::default() });
        let first = limits.admit().unwrap();
        assert_eq!(limits.admit().unwrap_err().status, 503);
        drop(first);
        assert!(limits.admit().is_ok());
    }
}
