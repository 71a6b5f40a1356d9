//! Limits how many runs the workers of a command process (`--limit`).

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::ids::RunId;
use crate::lock::locked;

/// Shared by all workers of a process.
#[derive(Debug)]
pub(super) struct Permits {
    limit: Option<u64>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// The number of permits that workers hold without using them for a run.
    out: u64,
    /// Runs that used a permit. Recorded only if there is a limit.
    runs: BTreeSet<RunId>,
}

/// Permission to claim a run. Drop the permit to return it. A run needs only one permit.
#[derive(Debug)]
pub(super) struct Permit<'a>(&'a Permits);

impl Permits {
    pub fn new(limit: Option<u64>) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    /// Returns a permit, unless the limit is reached.
    pub fn take(&self) -> Option<Permit<'_>> {
        let mut counts = locked(&self.counts);
        if self.limit.is_some_and(|limit| counts.out + counts.runs.len() as u64 >= limit) {
            return None;
        }
        counts.out += 1;
        Some(Permit(self))
    }

    /// Returns the permit of a run whose claim had no effect.
    pub fn give_back(&self, run_id: &RunId) {
        locked(&self.counts).runs.remove(run_id);
    }
}

impl Permit<'_> {
    /// Uses the permit for this run. If the run is claimed again, for example for another phase, it needs no other permit.
    pub fn use_for(self, run_id: &RunId) {
        if self.0.limit.is_some() {
            locked(&self.0.counts).runs.insert(run_id.clone());
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        locked(&self.0.counts).out -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str) -> RunId {
        id.parse().unwrap()
    }

    #[test]
    fn a_run_uses_up_one_permit_however_often_it_is_claimed() {
        let permits = Permits::new(Some(2));
        for _ in 0..3 {
            permits.take().unwrap().use_for(&run("a"));
        }
        permits.take().unwrap().use_for(&run("b"));
        assert!(permits.take().is_none());
    }

    #[test]
    fn a_permit_that_was_not_used_goes_to_another() {
        let permits = Permits::new(Some(1));
        let unused = permits.take().unwrap();
        assert!(permits.take().is_none());
        drop(unused);
        assert!(permits.take().is_some());
    }

    #[test]
    fn a_run_that_was_given_back_can_be_taken_up_again() {
        let permits = Permits::new(Some(1));
        permits.take().unwrap().use_for(&run("a"));
        assert!(permits.take().is_none());
        permits.give_back(&run("a"));
        assert!(permits.take().is_some());
    }

    #[test]
    fn without_a_limit_there_is_always_one() {
        let permits = Permits::new(None);
        let taken: Vec<_> = (0..100).map_while(|_| permits.take()).collect();
        assert_eq!(taken.len(), 100);
    }
}
