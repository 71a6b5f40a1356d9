//! The command line: types only.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{ask, completions, db, normalize, run, runs, status};
use crate::options::Global;

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
