//! Writes log messages to standard error, and to files if `log.dir` is set.

use std::io::{self, Write};
use std::sync::OnceLock;

use chrono::{SecondsFormat, Utc};
use flexi_logger::writers::{FileLogWriter, LogWriter as _};
use flexi_logger::{Age, Cleanup, Criterion, DeferredNow, FileSpec, Naming};
use log::{Log, Metadata, Record};

use crate::config::logging::{Format, Logging};
use crate::error::{Error, Result};
use crate::wording::printable;

/// The log files. They are opened after the configuration is loaded.
static FILES: OnceLock<FileLogWriter> = OnceLock::new();

/// Both places.
struct Places {
    terminal: env_logger::Logger,
}

impl Log for Places {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.terminal.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.terminal.matches(record) {
            self.terminal.log(record);
            to_files(record);
        }
    }

    fn flush(&self) {
        self.terminal.flush();
    }
}

/// Installs the logger. Until [`open_files`] is called, messages go to standard error only.
pub fn init(terminal: env_logger::Logger) {
    let level = terminal.filter();
    if log::set_boxed_logger(Box::new(Places { terminal })).is_ok() {
        log::set_max_level(level);
    }
}

/// Opens the log file of a command, if `log.dir` is set. Files are rotated once a day and when they reach their maximum size.
/// Old files are deleted.
pub fn open_files(settings: &Logging, command: &str) -> Result<()> {
    let Some(folder) = &settings.dir else { return Ok(()) };
    let spec = FileSpec::default().directory(folder).basename(format!("trailblazer-{command}")).suppress_timestamp();
    let bytes = u64::from(settings.max_megabytes) * 1024 * 1024;
    let days = usize::try_from(settings.keep_days).unwrap_or(usize::MAX);
    let writer = FileLogWriter::builder(spec)
        .rotate(Criterion::AgeOrSize(Age::Day, bytes), Naming::Timestamps, Cleanup::KeepForDays(days))
        .cleanup_in_background_thread(false)
        .append()
        .format(match settings.format {
            Format::Text => text,
            Format::Ndjson => ndjson,
        })
        .try_build()
        .map_err(|error| Error::file(folder)(io::Error::other(error)))?;
    // If a process loads its configuration again, the settings are the same.
    let _ = FILES.set(writer);
    Ok(())
}

/// Writes the error that ends the command to the files. On standard error, it has another format.
pub fn record_error(message: &str, hint: Option<&str>) {
    let hint = hint.map(|hint| format!("; hint: {hint}")).unwrap_or_default();
    to_files(
        &Record::builder().level(log::Level::Error).target("trailblazer").args(format_args!("{message}{hint}")).build(),
    );
}

fn to_files(record: &Record<'_>) {
    if let Some(files) = FILES.get() {
        // Ignore errors such as a full disk. The message also goes to standard error.
        let _ = files.write(&mut DeferredNow::new(), record);
    }
}

#[expect(clippy::disallowed_methods, reason = "when this process logs it")]
fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn level(record: &Record<'_>) -> String {
    record.level().as_str().to_lowercase()
}

fn text(out: &mut dyn Write, _: &mut DeferredNow, record: &Record<'_>) -> io::Result<()> {
    let message = printable(&record.args().to_string()).replace('\n', "\n  ");
    write!(out, "{} [{}] {}: {message}", now(), std::process::id(), level(record))
}

fn ndjson(out: &mut dyn Write, _: &mut DeferredNow, record: &Record<'_>) -> io::Result<()> {
    let line = serde_json::json!({
        "ts": now(),
        "level": level(record),
        "pid": std::process::id(),
        "target": record.target(),
        "message": record.args().to_string(),
    });
    write!(out, "{line}")
}
