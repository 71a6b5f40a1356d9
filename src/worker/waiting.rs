//! Waiting for a provider that is busy or away: so long between two calls, and told now and then.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::locked;
use crate::embed::{EmbedError, jittered};

/// Pause where a provider does not say how long it is busy, or away.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest that a busy provider is waited for without asking it again, whatever it wishes.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How often a wait is told.
const REMIND: Duration = Duration::from_secs(60);

/// Returns how long to wait before a call that ended in `error` is made again.
#[must_use]
pub fn pause(error: &EmbedError) -> Duration {
    error.retry_after().unwrap_or_else(|| jittered(PAUSE)).min(LONGEST_PAUSE)
}

/// Tells of a wait once a minute, however many threads wait.
#[derive(Debug, Default)]
pub struct Reminder(Mutex<Option<Instant>>);

impl Reminder {
    /// Warns that the provider is waited for, and why, unless that was told within the last minute.
    pub fn tell(&self, why: &str) {
        if self.is_due(Instant::now()) {
            log::warn!("waiting for the provider: {why}");
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let mut last = locked(&self.0);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= REMIND);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_at_once_and_then_once_a_minute() {
        let (reminder, begun) = (Reminder::default(), Instant::now());
        let told = (0..150).filter(|second| reminder.is_due(begun + Duration::from_secs(*second)));
        assert_eq!(told.collect::<Vec<_>>(), [0, 60, 120]);
    }

    #[test]
    fn a_wish_for_a_long_wait_is_cut_short() {
        let busy = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            pause(&EmbedError::Busy { message: String::new(), retry_after }).as_secs()
        };
        assert_eq!([busy(77), busy(100_000)], [77, 300]);
        assert!(pause(&EmbedError::Away { message: String::new() }) >= PAUSE / 2);
    }
}
