//! The keys below `log`.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::Deserializer;

/// `log`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Logging {
    /// Folder for the log files of commands that process data, relative to the configuration file. `None` disables the files.
    pub dir: Option<PathBuf>,
    /// The format of a line in a log file.
    pub format: Format,
    /// Size at which a command begins a new log file.
    #[serde(deserialize_with = "megabytes")]
    pub max_megabytes: u32,
    /// Number of days after which a log file is deleted.
    #[serde(deserialize_with = "days")]
    pub keep_days: u32,
}

/// The format of a line in a log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Time, process, level and message.
    #[default]
    Text,
    /// The same as a JSON object.
    Ndjson,
}

impl Default for Logging {
    fn default() -> Self {
        Self { dir: None, format: Format::Text, max_megabytes: 10, keep_days: 14 }
    }
}

fn megabytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    super::values::in_range(deserializer, 1, 10_000)
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    super::values::in_range(deserializer, 1, 36_500)
}
