//! What the workers of this process have with the provider: so many batches at once, and no text twice.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::locked;
use crate::db::calls::PendingInput;
use crate::error::Result;

/// Shared by all workers of a process.
#[derive(Debug)]
pub(crate) struct InFlight {
    slots: usize,
    free_slots: Mutex<usize>,
    slot_freed: Condvar,
    texts: Mutex<HashSet<Vec<u8>>>,
    texts_freed: Condvar,
}

/// The right to have one batch with the provider, until dropped.
pub(crate) struct Slot<'a>(&'a InFlight);

/// Texts that no other worker of the process will send to the provider while this lives.
pub(crate) struct Reserved<'a> {
    in_flight: &'a InFlight,
    pub inputs: Vec<PendingInput>,
    /// The last text that was read, whoever has it; none when none was.
    pub last: Option<Vec<u8>>,
    /// Whether some that were read are another worker's.
    pub is_partial: bool,
}

impl InFlight {
    /// Allows so many batches at once.
    pub fn new(slots: usize) -> Self {
        Self {
            slots,
            free_slots: Mutex::new(slots),
            slot_freed: Condvar::new(),
            texts: Mutex::default(),
            texts_freed: Condvar::new(),
        }
    }

    /// Most batches at once.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Waits until fewer batches than allowed are with the provider.
    pub fn slot(&self) -> Slot<'_> {
        let free = self.slot_freed.wait_while(locked(&self.free_slots), |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Slot(self)
    }

    /// Reserves what `read` returns, but for the texts that are another worker's.
    ///
    /// Texts are freed after their vectors are stored, and cannot be freed while `read` asks the database: what is
    /// neither reserved nor stored, nobody has.
    pub fn reserve(&self, read: impl FnOnce() -> Result<Vec<PendingInput>>) -> Result<Reserved<'_>> {
        let mut texts = locked(&self.texts);
        let mut inputs = read()?;
        let (last, found) = (inputs.last().map(|input| input.input_sha256.clone()), inputs.len());
        inputs.retain(|input| texts.insert(input.input_sha256.clone()));
        Ok(Reserved { in_flight: self, is_partial: inputs.len() < found, inputs, last })
    }

    /// Waits until texts are freed, at most for `pause`.
    pub fn wait_for_texts(&self, pause: Duration) {
        drop(self.texts_freed.wait_timeout(locked(&self.texts), pause));
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
        assert_eq!((hashes(&second), second.last.clone(), second.is_partial), (vec![3], Some(vec![3]), true));
        drop(first);
        let third = in_flight.reserve(|| Ok(inputs(&[1, 2, 3]))).unwrap();
        assert_eq!((hashes(&third), third.is_partial), (vec![1, 2], true));
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
        assert!(*locked(&most) <= 2);
    }
}
