//! The command line: types only.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::commands::{ask, completions, db, normalize, run, runs, status};

/// Turns Confluence and DITA documentation into a searchable pgvector knowledge base, and never loses track of what is
/// left to do.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  trailblazer normalize manuals/ --source dita    Turn a folder into documents and register the run
  trailblazer run                                 Chunk and embed everything that is due
  trailblazer status                              What is left, who works on what, since when
  trailblazer ask \"How do I reset runs?\"          The parts of the documentation that answer

Configuration: .trailblazer.yaml, found from the working directory upward; TRAILBLAZER_DB_URL names the database.
Exit codes: 0 done; 1 some runs failed; 2 usage; 3 configuration; 4 database or embedding server; 5 refused; \
130/143 stopped.";

/// Parses the command line; `--no-color` holds for the help and for its errors too.
pub fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let plain = args.iter().any(|arg| arg == "--no-color");
    let command = Cli::command().color(if plain { ColorChoice::Never } else { ColorChoice::Auto });
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

/// Returns what is wrong with the command line, in the words of `error` without its advice.
#[must_use]
pub fn fault(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "a command is missing".into();
    }
    let text = error.to_string();
    let fault = text.split("\n\n").next().unwrap_or_default().trim_end();
    fault.strip_prefix("error: ").unwrap_or(fault).to_owned()
}

/// Returns what a command line that cannot be understood says of events.
#[must_use]
pub fn events(args: &[OsString]) -> When {
    let values = args.iter().zip(args.iter().skip(1)).filter(|(flag, _)| *flag == "--events").map(|(_, value)| value);
    let values = values.filter_map(|value| value.to_str());
    let joined = args.iter().filter_map(|arg| arg.to_str()?.strip_prefix("--events="));
    values.chain(joined).find_map(|value| When::from_str(value, false).ok()).unwrap_or(When::Auto)
}

/// Flags of every command.
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

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The database: private server, schema, health, rights
    #[command(subcommand)]
    Db(db::Command),
    /// Turn documentation into Markdown documents and register them as a run
    Normalize(normalize::Args),
    /// The backlog: look at runs, send them round again, delete them
    #[command(subcommand)]
    Runs(runs::Command),
    /// Chunk and embed everything that is due
    Run(run::Args),
    /// What is left to do, who works on what, and why it is stuck
    Status(status::Args),
    /// Ask the documentation a question
    Ask(ask::Args),
    /// Print what lets a shell complete commands and flags
    Completions(completions::Args),
}
