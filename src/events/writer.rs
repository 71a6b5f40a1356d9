//! Writes events as lines of JSON.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::Event;
use crate::lock::locked;

/// Writes events as NDJSON, one per line, from any thread.
pub struct EventWriter {
    out: Option<Mutex<Box<dyn Write + Send>>>,
    debug: bool,
    has_lost: AtomicBool,
}

impl std::fmt::Debug for EventWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventWriter")
            .field("enabled", &self.out.is_some())
            .field("debug", &self.debug)
            .finish_non_exhaustive()
    }
}

impl EventWriter {
    /// Returns a writer to `out`. With `debug`, it also writes events of level debug.
    pub fn new(out: impl Write + Send + 'static, debug: bool) -> Self {
        Self { out: Some(Mutex::new(Box::new(out))), debug, has_lost: AtomicBool::new(false) }
    }

    /// Returns a writer that drops every event.
    #[must_use]
    pub fn silent() -> Self {
        Self { out: None, debug: false, has_lost: AtomicBool::new(false) }
    }

    /// Returns whether events were lost for a reason other than a closed pipe, for example because the disk is full.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        self.has_lost.load(Ordering::Relaxed)
    }

    /// Returns whether events are written. If so, standard output cannot show tables.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.out.is_some()
    }

    /// Writes `event`. If the reader has closed the pipe, work continues without a message.
    /// Any other error is reported once. After an error, nothing more is written.
    #[expect(clippy::disallowed_methods, reason = "when this process says it")]
    pub fn emit(&self, event: &Event<'_>) {
        let Some(out) = &self.out else { return };
        if event.level() == "debug" && !self.debug {
            return;
        }
        let line = line(event, Utc::now());
        let mut out = locked(out);
        if let Err(error) = out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
            if error.kind() != io::ErrorKind::BrokenPipe {
                log::warn!("cannot write event: {error}");
                self.has_lost.store(true, Ordering::Relaxed);
            }
            *out = Box::new(io::sink());
        }
    }
}

/// Returns the line of the event: `ts`, `level`, `event` and `component`, and then its own fields without nulls.
fn line(event: &Event<'_>, now: DateTime<Utc>) -> String {
    let fields = match serde_json::to_value(event) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    };
    let name = fields.get("event").and_then(Value::as_str).unwrap_or("error").to_owned();
    let mut head = Map::new();
    head.insert("ts".into(), now.to_rfc3339_opts(SecondsFormat::Millis, true).into());
    head.insert("level".into(), event.level().into());
    head.insert("event".into(), name.as_str().into());
    head.insert("component".into(), name.split('.').next().unwrap_or("trailblazer").into());
    for (key, value) in fields {
        if key != "event" && !value.is_null() {
            head.insert(key, value);
        }
    }
    let mut text = Value::Object(head).to_string();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Phase, Status};

    #[test]
    fn an_event_is_one_line_with_its_head_first() {
        let run_id = "r1".parse().unwrap();
        let event =
            Event::Release { run_id: &run_id, phase: Phase::Chunk, worker_id: "h/1/0", status: Status::Normalized };
        let now = "2026-01-31T12:00:00.1239Z".parse().unwrap();
        insta::assert_snapshot!(line(&event, now), @r#"{"ts":"2026-01-31T12:00:00.123Z","level":"info","event":"runs.release","component":"runs","run_id":"r1","phase":"chunk","worker_id":"h/1/0","status":"normalized"}"#);
    }
}
