//! Writes log messages to standard error, and to files if `log.dir` is set.

use std::sync::OnceLock;

use chrono::{DateTime, SecondsFormat, Utc};
use log::{Log, Metadata, Record};

use crate::config::ConfigError;
use crate::config::logging::{Format, Logging};
use crate::error::Result;
use crate::log_file::LogFile;
use crate::wording::printable;

/// The log file and its format. It is opened after the configuration is loaded.
static FILE: OnceLock<(LogFile, Format)> = OnceLock::new();

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
            to_file(record);
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

/// Opens the log file of a command, if `log.dir` is set.
pub fn open_file(settings: &Logging, command: &str) -> Result<()> {
    let Some(folder) = &settings.dir else { return Ok(()) };
    let bytes = u64::from(settings.max_megabytes) * 1024 * 1024;
    let file =
        LogFile::open(folder, &format!("trailblazer-{command}"), bytes, settings.keep_days).map_err(|source| {
            ConfigError::Invalid {
                place: "log.dir".into(),
                message: format!("cannot write log files in {}: {source}", folder.display()),
            }
        })?;
    // If a process loads its configuration again, the settings are the same.
    let _ = FILE.set((file, settings.format));
    Ok(())
}

/// Adds the error that ends the command to the log files. Standard error shows it in a different format.
pub fn record_error(message: &str, hint: Option<&str>) {
    let hint = hint.map(|hint| format!("; hint: {hint}")).unwrap_or_default();
    to_file(
        &Record::builder().level(log::Level::Error).target("trailblazer").args(format_args!("{message}{hint}")).build(),
    );
}

fn to_file(record: &Record<'_>) {
    if let Some((file, format)) = FILE.get() {
        let now = now();
        let line = match format {
            Format::Text => text(record, now),
            Format::Ndjson => ndjson(record, now),
        };
        // Ignore errors such as a full disk. The message also goes to standard error.
        let _ = file.write(line.as_bytes(), now);
    }
}

#[expect(clippy::disallowed_methods, reason = "when this process logs it")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

fn level(record: &Record<'_>) -> String {
    record.level().as_str().to_lowercase()
}

fn time(now: DateTime<Utc>) -> String {
    now.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn text(record: &Record<'_>, now: DateTime<Utc>) -> String {
    let message = printable(&record.args().to_string()).replace('\n', "\n  ");
    format!("{} [{}] {}: {message}\n", time(now), std::process::id(), level(record))
}

fn ndjson(record: &Record<'_>, now: DateTime<Utc>) -> String {
    let line = serde_json::json!({
        "ts": time(now),
        "level": level(record),
        "pid": std::process::id(),
        "target": record.target(),
        "message": record.args().to_string(),
    });
    format!("{line}\n")
}
