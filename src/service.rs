//! Reports to systemd that this process is ready and alive, and its current work. This has an effect only in a service of
//! type `notify`.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use sd_notify::NotifyState;

use crate::lock::locked;

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
            // If the main loop hangs, do not answer the watchdog, so that systemd restarts the service.
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
    send(&[NotifyState::Stopping, NotifyState::Status("stopping after the current step")]);
}

fn send(state: &[NotifyState<'_>]) {
    // Ignore errors, because nobody receives the message outside a service.
    let _ = sd_notify::notify(state);
}
