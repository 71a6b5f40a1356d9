//! Options that every command accepts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;

/// Options that every command accepts.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configuration file [default: the nearest .trailblazer.yaml upward]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// No colors; the same as `NO_COLOR`
    #[arg(long, global = true, help = "No colors (also: NO_COLOR)")]
    pub no_color: bool,
    /// Only warnings and errors on standard error, no progress bar
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// More on standard error, and events of level debug; twice for more
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// NDJSON events on standard output; auto: unless it is a terminal
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub events: When,
}

/// When to do something that suits pipes but not people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum When {
    Auto,
    Always,
    Never,
}

/// Returns the value of `--events` in a command line that clap rejected.
#[must_use]
pub fn events(args: &[OsString]) -> When {
    let values = args.iter().zip(args.iter().skip(1)).filter(|(flag, _)| *flag == "--events").map(|(_, value)| value);
    let values = values.filter_map(|value| value.to_str());
    let joined = args.iter().filter_map(|arg| arg.to_str()?.strip_prefix("--events="));
    values.chain(joined).find_map(|value| When::from_str(value, false).ok()).unwrap_or(When::Auto)
}
