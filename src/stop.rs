//! Handles SIGINT, SIGTERM and SIGHUP. The first signal requests a graceful stop, and a second one ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::exit::Exit;
use crate::service;

/// Signals within this time count as one, because a terminal, `make` and `timeout` may all forward the same signal.
const ONE_SIGNAL: Duration = Duration::from_millis(500);

/// SIGINT and SIGTERM cannot be received.
#[derive(Debug, thiserror::Error)]
#[error("cannot wait for signals: {0}")]
pub struct SignalError(#[from] io::Error);

/// A request to stop. Clones share their state.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    code: Arc<AtomicUsize>,
}

impl Stop {
    /// Returns a stop that SIGINT, SIGTERM and SIGHUP request. A closed terminal sends SIGHUP. `nohup` lets commands ignore it.
    pub fn on_signals() -> Result<Self, SignalError> {
        let mut signals = vec![(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated)];
        if !is_ignored(SIGHUP) {
            signals.push((SIGHUP, Exit::Terminated));
        }
        Self::on(&signals)
    }

    fn on(signals: &[(i32, Exit)]) -> Result<Self, SignalError> {
        let stop = Self::default();
        let is_heard = Arc::new(AtomicBool::new(false));
        for &(signal, code) in signals {
            flag::register_conditional_shutdown(signal, i32::from(code as u8), Arc::clone(&is_heard))
                .and_then(|_| flag::register_usize(signal, Arc::clone(&stop.code), usize::from(code as u8)))
                .and_then(|_| flag::register(signal, Arc::clone(&stop.asked)))?;
        }
        // The flags are registered first, so that they are set when this thread receives a signal.
        let mut heard = Signals::new(signals.iter().map(|(signal, _)| signal))?;
        thread::spawn(move || {
            if heard.forever().next().is_some() {
                service::stopping();
                log::info!("stopping after the current step; press Ctrl-C again to quit now");
                thread::sleep(ONE_SIGNAL);
                is_heard.store(true, Ordering::SeqCst);
            }
        });
        Ok(stop)
    }

    /// Returns whether a stop was requested.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Requests a stop without a signal.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Sleeps for `pause`, or until a stop is requested.
    pub fn sleep(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while !self.is_asked() && Instant::now() < end {
            thread::sleep(Duration::from_millis(50).min(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Returns the exit code of the signal that was received, if any.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        match self.code.load(Ordering::SeqCst) {
            0 => None,
            143 => Some(Exit::Terminated),
            _ => Some(Exit::Interrupted),
        }
    }
}

/// Returns whether this process was started with `signal` ignored. Without Linux's `/proc`, it is not known, so no.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_cannot_be_registered_is_an_error() {
        let error = Stop::on(&[(1000, Exit::Interrupted), (SIGTERM, Exit::Terminated)]).unwrap_err();
        assert!(error.to_string().starts_with("cannot wait for signals: "), "{error}");
    }
}
