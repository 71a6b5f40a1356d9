//! Processes many items with a few threads until one fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::FetchError;
use crate::lock::locked;

/// Calls `work` for each item, with at most `threads` calls at the same time. Returns the results in any order. After the first
/// error, starts no further calls and returns the error.
pub(super) fn in_parallel<'i, I: Sync, R: Send>(
    threads: u8,
    items: &'i [I],
    work: impl Fn(&'i I) -> Result<R, FetchError> + Sync,
) -> Result<Vec<R>, FetchError> {
    let next = AtomicUsize::new(0);
    let outcome = Mutex::new(Ok(Vec::with_capacity(items.len())));
    let run = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if locked(&outcome).is_err() {
                return;
            }
            let result = work(item);
            let mut outcome = locked(&outcome);
            match (outcome.as_mut(), result) {
                (Ok(results), Ok(result)) => results.push(result),
                (Ok(_), Err(error)) => *outcome = Err(error),
                (Err(_), _) => {}
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..usize::from(threads).min(items.len()) {
            scope.spawn(run);
        }
    });
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}
