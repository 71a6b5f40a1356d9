//! Defines the command line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::bar;
use crate::commands::{
    ask, completions, db, embed, eval, extract, fetch, man, models, normalize, report, run, runs, setup, show, status,
    sync,
};
#[cfg(feature = "serve")]
use crate::commands::{mcp, serve};
use crate::help;
use crate::options::{self, Answer, Global, When};

/// Turns Confluence and DITA documentation into a searchable pgvector knowledge base, and
/// never loses track of what is left to do
#[derive(Debug, Parser)]
#[command(version, max_term_width = help::MAX_WIDTH, after_help = EXAMPLES)]
pub struct Cli {
    /// Options that every command accepts.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  trailblazer normalize manuals/ --source dita    Convert a folder to Markdown and register the run
  trailblazer run                                 Chunk and embed everything that is due
  trailblazer status                              Show the remaining work and the workers
  trailblazer ask \"How do I reset runs?\"          Find the passages that answer a question

Configuration: .trailblazer.yaml in the working directory or a folder above it. TRAILBLAZER_DB_URL sets the database.
Exit codes: 0 done; 1 some runs failed; 2 wrong usage; 3 wrong configuration; 4 database or embedding server not available; \
5 not confirmed; 130 or 143 stopped.";

/// Parses the command line. `--no-color` and `TERM=dumb` also apply to help texts and to error messages of the parser,
/// which clap would color on every terminal where the variable `CI` is set.
pub fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let plain = bar::is_dumb() || args.iter().any(|arg| arg == "--no-color");
    let command = help::arranged(Cli::command()).color(if plain { ColorChoice::Never } else { ColorChoice::Auto });
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

/// Returns the first line of a parser error. It contains the error without usage and advice.
#[must_use]
pub fn fault(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "a command is missing".into();
    }
    let text = error.to_string();
    let fault = text.split("\n\n").next().unwrap_or_default().trim_end();
    fault.strip_prefix("error: ").unwrap_or(fault).lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// A command line that the parser rejected.
pub struct Rejected<'a> {
    error: &'a clap::Error,
    args: &'a [OsString],
    /// The names of the commands in the command line, such as `runs`, `list`.
    names: Vec<String>,
    has_json: bool,
    has_run_id: bool,
}

impl<'a> Rejected<'a> {
    /// Finds the command in `args`, which the parser rejected with `error`.
    #[must_use]
    pub fn new(error: &'a clap::Error, args: &'a [OsString]) -> Self {
        let cli = Cli::command();
        let (mut command, mut names) = (&cli, Vec::new());
        for arg in args.iter().skip(1) {
            if let Some(found) = command.find_subcommand(arg) {
                names.push(found.get_name().to_owned());
                command = found;
            }
        }
        let has = |name: &str| command.get_arguments().any(|arg| arg.get_long() == Some(name));
        Self { error, args, names, has_json: has("json"), has_run_id: has("run-id") }
    }

    /// Returns when to write the error as an event, as [`Cli::events`] does for a valid command line.
    #[must_use]
    pub fn events(&self) -> When {
        let is_data = self.has_json || self.names.first().is_some_and(|name| DATA.contains(&name.as_str()));
        match options::events(self.args) {
            _ if self.has_json && self.args.iter().any(|arg| arg == "--json") => When::Always,
            When::Auto if is_data => When::Never,
            when => when,
        }
    }

    /// Returns advice that the parser itself does not print.
    #[must_use]
    pub fn tip(&self) -> Option<String> {
        let unknown = match self.error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(text)) if self.error.kind() == ErrorKind::UnknownArgument => text,
            _ => return grouped_command(self.error).map(|command| format!("Did you mean `trailblazer {command}`?")),
        };
        (self.has_run_id && !unknown.starts_with('-'))
            .then(|| format!("To select a run by its id, pass --run-id {unknown}."))
    }

    /// Returns the hint for the event.
    #[must_use]
    pub fn hint(&self) -> String {
        let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
            .iter()
            .find_map(|kind| match self.error.get(*kind)? {
                ContextValue::String(name) => Some(name.clone()),
                ContextValue::Strings(names) => names.first().cloned(),
                _ => None,
            });
        let suggestion = || suggested.map(|name| format!("Did you mean `{name}`?"));
        self.tip().or_else(suggestion).unwrap_or_else(|| match self.names.as_slice() {
            [] => "`trailblazer --help` lists the commands.".into(),
            names => format!("`trailblazer {} --help` shows examples and all options.", names.join(" ")),
        })
    }
}

/// The commands without `--json` that print data to standard output.
const DATA: [&str; 5] = ["completions", "embed", "man", "mcp", "report"];

/// Finds a subcommand whose name equals or resembles the unknown name in `error`, such as `db migrate` for `migrate`.
/// The parser itself suggests only commands of the same level.
fn grouped_command(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let cli = Cli::command();
    let grouped = cli.get_subcommands().flat_map(|group| group.get_subcommands().map(move |command| (group, command)));
    let distance = |name: &str| strsim::damerau_levenshtein(name, unknown);
    let (group, command) = grouped.min_by_key(|(_, command)| distance(command.get_name()))?;
    let name = command.get_name();
    (distance(name) <= usize::from(name.len() > 3)).then(|| format!("{} {name}", group.get_name()))
}

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Download PostgreSQL with pgvector and the default embedding model
    Setup(setup::Args),
    /// Manage the database: private server, schema, checks, backups and rights
    #[command(
        subcommand,
        after_help = "\
Examples:
  trailblazer db migrate                Install or update the schema
  trailblazer db doctor                 Check everything that a run needs
  trailblazer db dump backup.dump       Save the knowledge base"
    )]
    Db(db::Command),
    /// Convert documentation to Markdown and register it as a run
    Normalize(normalize::Args),
    /// Fetch the pages of a Confluence source
    Fetch(fetch::Args),
    /// Update the configured sources: fetch, normalize, chunk and embed their documents
    Sync(sync::Args),
    /// Inspect, reset, retry or delete runs
    #[command(
        subcommand,
        after_help = "\
Examples:
  trailblazer runs list --status failed
  trailblazer runs show handbook        Show why it failed
  trailblazer runs retry handbook"
    )]
    Runs(runs::Command),
    /// Chunk and embed everything that is due
    Run(run::Args),
    /// Show the remaining work, the workers, and the problems that need attention
    Status(status::Args),
    /// Search the documentation for the answer to a question
    Ask(ask::Args),
    /// Measure how well search answers your own questions
    Eval(eval::Args),
    /// List, switch or drop embedding models
    #[command(
        subcommand,
        after_help = "\
Examples:
  trailblazer models list
  trailblazer models switch multilingual-e5-small"
    )]
    Models(models::Command),
    /// Write a report on the content as an HTML file
    Report(report::Args),
    /// Print a document, or one section of it, as Markdown
    Show(show::Args),
    /// Compute vectors for texts on standard input, for other programs
    Embed(embed::Args),
    /// Serve web pages, a JSON API, MCP and metrics over HTTP
    #[cfg(feature = "serve")]
    Serve(serve::Args),
    /// Serve the Model Context Protocol on standard input and output
    #[cfg(feature = "serve")]
    Mcp(mcp::Args),
    /// Check everything that a run needs. Same as `db doctor`
    #[command(after_help = db::doctor::EXAMPLES)]
    Doctor(Answer),
    /// Generate a shell completion script
    Completions(completions::Args),
    /// Read the text of one file. `normalize` runs this command
    #[command(hide = true)]
    Extract(extract::Args),
    /// Write the man pages of all commands
    Man(man::Args),
}

impl Cli {
    /// Returns when standard output contains events. Commands that show data, such as `ask` and `status`, print text even to
    /// a pipe, unless `--json` or `--events always` is set. All other commands follow `--events`.
    #[must_use]
    pub fn events(&self) -> When {
        match self.command.output() {
            Output::Answer(Answer { json: true }) => When::Always,
            Output::Answer(_) | Output::Own if self.global.events == When::Auto => When::Never,
            _ => self.global.events,
        }
    }
}

/// The content of standard output.
enum Output {
    /// Events about its work.
    Events,
    /// An answer, as text or as JSON.
    Answer(Answer),
    /// Data in a different format. The command writes no events, because they would make the data invalid.
    Own,
}

impl Command {
    /// Returns the command's name in the names of its log files. Commands that only show data write no log files.
    #[must_use]
    pub fn log_name(&self) -> Option<&'static str> {
        match self {
            Self::Run(_) => Some("run"),
            Self::Sync(_) => Some("sync"),
            Self::Fetch(_) => Some("fetch"),
            Self::Normalize(_) => Some("normalize"),
            #[cfg(feature = "serve")]
            Self::Serve(_) => Some("serve"),
            #[cfg(feature = "serve")]
            Self::Mcp(_) => Some("mcp"),
            _ => None,
        }
    }

    fn output(&self) -> Output {
        let answer = match self {
            Self::Status(args) => Some(args.answer),
            Self::Ask(args) => Some(args.answer),
            Self::Runs(command) => command.answer(),
            Self::Db(command) => command.answer(),
            Self::Models(command) => command.answer(),
            Self::Doctor(answer) => Some(*answer),
            Self::Show(args) if args.json => Some(Answer { json: true }),
            Self::Report(_)
            | Self::Show(_)
            | Self::Embed(_)
            | Self::Eval(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Extract(_) => {
                return Output::Own;
            }
            #[cfg(feature = "serve")]
            Self::Mcp(_) => return Output::Own,
            _ => None,
        };
        answer.map_or(Output::Events, Output::Answer)
    }
}
