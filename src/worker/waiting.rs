//! Waits for a provider that is busy, unreachable or slow. Reports the wait regularly, and ends it when the work must stop.

use std::panic;
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::embed::{EmbedError, jittered};
use crate::events::{Event, EventWriter};
use crate::lock::locked;

/// Default pause before the next request to a busy provider.
const PAUSE: Duration = Duration::from_secs(5);
/// Maximum pause before the next request, even if a busy provider asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Interval between two reports of a wait.
const REMIND: Duration = Duration::from_secs(60);
/// Time without an answer after which a slow server is reported.
const SILENCE: Duration = Duration::from_secs(30);
/// The maximum time to wait for an answer when the work must stop.
/// The request may already be paid for, so its vectors should be stored.
const GRACE: Duration = Duration::from_secs(10);
/// Interval at which a waiting caller checks whether to continue.
const LOOK: Duration = Duration::from_millis(50);

/// Returns the pause before a call that failed with `error` is retried.
#[must_use]
pub fn pause(error: &EmbedError) -> Duration {
    error.retry_after().unwrap_or_else(|| jittered(PAUSE)).min(LONGEST_PAUSE)
}

/// Runs `call` in a separate thread and returns its result. While waiting, regularly calls `goes_on` with the elapsed
/// time. When `goes_on` returns false, returns `None`, and the call continues in the background.
///
/// # Panics
///
/// Panics if `call` panics.
pub fn answer<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
    mut goes_on: impl FnMut(Duration) -> bool,
) -> Option<T> {
    let (sender, answer) = mpsc::channel();
    let begun = Instant::now();
    let calling = thread::spawn(move || sender.send(call()));
    loop {
        match answer.recv_timeout(LOOK) {
            Ok(answer) => return Some(answer),
            Err(RecvTimeoutError::Timeout) if goes_on(begun.elapsed()) => {}
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => match calling.join() {
                Err(defect) => panic::resume_unwind(defect),
                Ok(_) => return None,
            },
        }
    }
}

/// Limits the wait for an answer after the work must stop.
#[derive(Debug, Default)]
pub(super) struct Grace {
    /// The waiting time at the moment when the work had to stop.
    ending: Option<Duration>,
}

impl Grace {
    /// Returns whether to continue waiting after `waited`.
    pub fn goes_on(&mut self, waited: Duration, is_to_end: bool) -> bool {
        !is_to_end || waited < *self.ending.get_or_insert(waited) + GRACE
    }
}

/// Reports a wait once a minute, regardless of the number of waiting threads.
#[derive(Debug)]
pub struct Reminder<'e> {
    events: &'e EventWriter,
    last: Mutex<Option<Instant>>,
}

impl<'e> Reminder<'e> {
    /// Creates a reminder without earlier reports.
    #[must_use]
    pub fn new(events: &'e EventWriter) -> Self {
        Self { events, last: Mutex::default() }
    }

    /// Warns that the work waits for the provider, with the reason, unless the last warning is less than a minute old.
    fn tell(&self, why: &str) {
        if self.is_due(Instant::now()) {
            log::warn!("waiting for the provider: {why}");
            self.events.emit(&Event::EmbedWait { message: why });
        }
    }

    /// Warns about an error after which the call is retried, at the same interval.
    pub fn tell_of(&self, error: &EmbedError) {
        self.tell(&match error {
            EmbedError::Away { message, .. } => {
                format!("{message}; check that the server is running and that embed.base_url is its address")
            }
            EmbedError::Failing { message } => {
                format!("{message}; the server fails every request, and its log may contain the reason")
            }
            error => error.to_string(),
        });
    }

    /// Warns that `server` takes long to answer a request, at the same interval.
    pub fn tell_of_silence(&self, server: &str, waited: Duration) {
        if let Some(why) = silence(server, waited) {
            self.tell(&why);
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let mut last = locked(&self.last);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= REMIND);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

/// Returns a message if an answer takes long.
fn silence(server: &str, waited: Duration) -> Option<String> {
    (waited >= SILENCE).then(|| format!("{server} has not answered for {} s", waited.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_at_once_and_then_once_a_minute() {
        let events = EventWriter::silent();
        let (reminder, begun) = (Reminder::new(&events), Instant::now());
        let told = (0..150).filter(|second| reminder.is_due(begun + Duration::from_secs(*second)));
        assert_eq!(told.collect::<Vec<_>>(), [0, 60, 120]);
    }

    #[test]
    fn an_answer_is_waited_for_ten_seconds_more_once_the_work_must_end() {
        let mut grace = Grace::default();
        let mut goes_on = |second| grace.goes_on(Duration::from_secs(second), second >= 100);
        assert_eq!([0, 99, 100, 109].map(&mut goes_on), [true; 4]);
        assert!(!goes_on(110));
    }

    #[test]
    fn an_answer_that_takes_half_a_minute_is_told_with_the_address() {
        assert_eq!(silence("host/v1", Duration::from_secs(29)), None);
        assert_eq!(silence("host/v1", Duration::from_secs(30)).unwrap(), "host/v1 has not answered for 30 s");
    }

    #[test]
    fn an_answer_that_is_not_waited_for_keeps_nobody() {
        let begun = Instant::now();
        let answered = answer(|| thread::sleep(Duration::from_secs(60)), |waited| waited < Duration::from_millis(200));
        assert_eq!(answered, None);
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert_eq!(answer(|| 7, |_| true), Some(7));
    }

    #[test]
    fn a_wish_for_a_long_wait_is_cut_short() {
        let busy = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            pause(&EmbedError::Busy { message: String::new(), retry_after }).as_secs()
        };
        assert_eq!([busy(77), busy(100_000)], [77, 300]);
        assert!(pause(&EmbedError::Away { message: String::new(), has_answered: true }) >= PAUSE / 2);
    }
}
