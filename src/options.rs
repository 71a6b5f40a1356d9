//! Options that every command accepts.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::ValueEnum;

/// Options that every command accepts.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configuration file [default: .trailblazer.yaml in this folder or the nearest folder above it]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Disable colors. Same as `NO_COLOR`
    #[arg(long, global = true, help = "Disable colors (also: NO_COLOR)")]
    pub no_color: bool,
    /// Print only warnings and errors, and no progress bar
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Print more details and debug events; repeat for even more
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Write NDJSON events to standard output. With auto, only if it is not a terminal
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub events: When,
}

/// When to write machine-readable output.
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

/// Returns a parser for whole numbers in `range`. Its error message names the allowed values.
pub fn whole_number<N>(range: RangeInclusive<i64>) -> impl Fn(&str) -> Result<N, String> + Clone
where
    N: TryFrom<i64>,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| match *range.end() {
            MAX => format!("expected a whole number of at least {}", range.start()),
            end => format!("expected a whole number from {} to {end}", range.start()),
        })
    }
}

/// The largest number of an option without another limit.
pub const MAX: i64 = u32::MAX as i64;

/// Output options of commands that show data, such as `ask` and `status`.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Answer {
    /// Print JSON, one object per line, instead of text
    #[arg(long)]
    pub json: bool,
}
