//! Tracks the batches that this process has sent to the provider, to limit their number and to send no text twice.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::db::calls::PendingInput;
use crate::error::Result;
use crate::lock::locked;

/// Shared by all workers of a process.
#[derive(Debug)]
pub(crate) struct InFlight {
    slots: usize,
    free_slots: Mutex<usize>,
    slot_freed: Condvar,
    texts: Mutex<HashSet<Vec<u8>>>,
    texts_freed: Condvar,
}

/// Permission to send one batch to the provider. Drop it to release the slot.
pub(crate) struct Slot<'a>(&'a InFlight);

/// Texts that this worker has reserved. Drop it to release them.
pub(crate) struct Reserved<'a> {
    in_flight: &'a InFlight,
    pub inputs: Vec<PendingInput>,
    /// Hash of the last text that was read, including texts of other workers.
    pub last: Option<Vec<u8>>,
    /// Hashes of the texts that other workers have reserved.
    pub others: Vec<Vec<u8>>,
}

impl InFlight {
    /// Creates the tracker for at most `slots` concurrent batches.
    pub fn new(slots: usize) -> Self {
        Self {
            slots,
            free_slots: Mutex::new(slots),
            slot_freed: Condvar::new(),
            texts: Mutex::default(),
            texts_freed: Condvar::new(),
        }
    }

    /// Returns the maximum number of concurrent batches.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Waits for a free slot.
    pub fn slot(&self) -> Slot<'_> {
        let free = self.slot_freed.wait_while(locked(&self.free_slots), |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Slot(self)
    }

    /// Reserves the texts that `read` returns, except texts that another worker has reserved.
    ///
    /// Texts are released after their vectors are stored, but not while `read` queries the database.
    /// Therefore every text is reserved or stored.
    pub fn reserve(&self, read: impl FnOnce() -> Result<Vec<PendingInput>>) -> Result<Reserved<'_>> {
        let mut texts = locked(&self.texts);
        let found = read()?;
        let mut reserved = Reserved {
            in_flight: self,
            inputs: Vec::with_capacity(found.len()),
            last: found.last().map(|input| input.input_sha256.clone()),
            others: Vec::new(),
        };
        for input in found {
            if texts.insert(input.input_sha256.clone()) {
                reserved.inputs.push(input);
            } else {
                reserved.others.push(input.input_sha256);
            }
        }
        Ok(reserved)
    }

    /// Waits until no worker has reserved any of `hashes`, at most for `pause`. Returns false after a timeout.
    pub fn wait_for_texts(&self, hashes: &[Vec<u8>], pause: Duration) -> bool {
        let is_held = |texts: &mut HashSet<Vec<u8>>| hashes.iter().any(|hash| texts.contains(hash));
        let waited = self.texts_freed.wait_timeout_while(locked(&self.texts), pause, is_held);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Reserved<'_> {
    /// Returns the number of texts that were read, including texts of other workers.
    pub fn found(&self) -> usize {
        self.inputs.len() + self.others.len()
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *locked(&self.0.free_slots) += 1;
        self.0.slot_freed.notify_one();
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut texts = locked(&self.in_flight.texts);
        for input in &self.inputs {
            texts.remove(&input.input_sha256);
        }
        self.in_flight.texts_freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(hashes: &[u8]) -> Vec<PendingInput> {
        let input = |hash: &u8| PendingInput { input_sha256: vec![*hash], text: String::new(), token_count: 1 };
        hashes.iter().map(input).collect()
    }

    fn hashes(reserved: &Reserved<'_>) -> Vec<u8> {
        reserved.inputs.iter().flat_map(|input| input.input_sha256.clone()).collect()
    }

    #[test]
    fn a_text_is_one_workers_until_it_is_freed() {
        let in_flight = InFlight::new(1);
        let first = in_flight.reserve(|| Ok(inputs(&[1, 2]))).unwrap();
        let second = in_flight.reserve(|| Ok(inputs(&[2, 3]))).unwrap();
        assert_eq!((hashes(&second), second.found(), second.last.clone()), (vec![3], 2, Some(vec![3])));
        assert_eq!(second.others, [[2]]);
        drop(first);
        let third = in_flight.reserve(|| Ok(inputs(&[1, 2, 3]))).unwrap();
        assert_eq!((hashes(&third), third.others.clone()), (vec![1, 2], vec![vec![3]]));
    }

    #[test]
    fn texts_that_were_freed_before_the_wait_began_are_not_waited_for() {
        let in_flight = InFlight::new(1);
        let theirs = in_flight.reserve(|| Ok(inputs(&[1]))).unwrap();
        assert!(!in_flight.wait_for_texts(&[vec![1]], Duration::ZERO));
        drop(theirs);
        assert!(in_flight.wait_for_texts(&[vec![1]], Duration::ZERO));
    }

    #[test]
    fn no_more_batches_are_with_the_provider_than_there_are_slots() {
        let in_flight = InFlight::new(2);
        let (now, most) = (Mutex::new(0), Mutex::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _slot = in_flight.slot();
                    *locked(&now) += 1;
                    let count = *locked(&now);
                    let mut most = locked(&most);
                    *most = count.max(*most);
                    drop(most);
                    std::thread::sleep(Duration::from_millis(5));
                    *locked(&now) -= 1;
                });
            }
        });
        assert_eq!(*locked(&most), 2);
    }
}
