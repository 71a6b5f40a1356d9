//! Notifies systemd that this process is ready and alive, and what it does. This has an effect only in a service of type
//! `notify`.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::db::operations::RunProgress;
use crate::ids::RunId;
use crate::terminal::counted;
use crate::worker::lease::Lease;
use crate::worker::{Watcher, locked};

/// At most one status is sent in this time.
const STATUS_PAUSE: Duration = Duration::from_secs(1);

/// Time at which the main loop last reported that it is alive.
static LAST_SIGN: Mutex<Option<Instant>> = Mutex::new(None);

/// Reports that the process is ready, and starts to answer the watchdog.
pub fn ready(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(status)]);
    let Some(deadline) = sd_notify::watchdog_enabled() else { return };
    alive();
    thread::spawn(move || {
        loop {
            thread::sleep(deadline / 4);
            // If the main loop hangs, the watchdog is not answered, so systemd restarts the service.
            if locked(&LAST_SIGN).is_some_and(|sign| sign.elapsed() < deadline) {
                send(&[NotifyState::Watchdog]);
            }
        }
    });
}

/// Records that the main loop still runs.
pub fn alive() {
    *locked(&LAST_SIGN) = Some(Instant::now());
}

/// Reports the current work of the process.
pub fn status(status: &str) {
    send(&[NotifyState::Status(status)]);
}

/// Reports that the process is about to end.
pub fn stopping() {
    send(&[NotifyState::Stopping, NotifyState::Status("stopping after the current batch")]);
}

fn send(state: &[NotifyState<'_>]) {
    // Outside a service, nobody receives the message. An error must not stop the work.
    let _ = sd_notify::notify(state);
}

/// A watcher that also reports progress to systemd.
pub struct Reporting<'a> {
    inner: &'a dyn Watcher,
    done: AtomicU64,
    last: Mutex<Option<Instant>>,
}

impl<'a> Reporting<'a> {
    /// Returns a watcher that passes everything on to `inner`.
    pub fn new(inner: &'a dyn Watcher) -> Self {
        Self { inner, done: AtomicU64::new(0), last: Mutex::new(None) }
    }

    /// Sends a status, unless one was sent a moment ago.
    fn report(&self, text: &dyn fmt::Display, always: bool) {
        let mut last = locked(&self.last);
        if always || last.is_none_or(|at| at.elapsed() >= STATUS_PAUSE) {
            *last = Some(Instant::now());
            status(&text.to_string());
        }
    }
}

impl Watcher for Reporting<'_> {
    fn advanced(&self, lease: &Lease) {
        let done = counted(self.done.load(Ordering::Relaxed), "run");
        self.report(
            &format_args!("{} {} {}/{}; {done} done", lease.phase, lease.run_id, lease.done(), lease.total),
            false,
        );
        self.inner.advanced(lease);
    }

    fn counted(&self, lease: &Lease, progress: &RunProgress) {
        self.inner.counted(lease, progress);
    }

    fn completed(&self, run_id: &RunId, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.report(&format_args!("{} done", counted(done, "run")), true);
        self.inner.completed(run_id, done);
    }
}
