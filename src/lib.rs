//! trailblazer turns Confluence and DITA documentation into a searchable pgvector knowledge base.

pub mod artifact;
pub mod bar;
mod certificates;
pub mod chunk;
pub mod cli;
pub mod commands;
pub mod config;
pub mod db;
pub mod embed;
pub mod error;
pub mod events;
pub mod exit;
pub mod fetch;
pub mod files;
pub mod help;
pub mod ids;
pub mod installed;
pub mod language;
pub mod load;
mod lock;
pub mod log_file;
pub mod logging;
pub mod normalize;
pub mod options;
pub mod plot;
pub mod process;
pub mod report;
pub mod rerank;
pub mod sections;
#[cfg(feature = "serve")]
pub mod serve;
pub mod service;
pub mod setup;
pub mod stop;
pub mod table;
pub mod terminal;
pub mod wording;
pub mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;

use cli::{Cli, Command, Rejected};
use error::{Error, Exit, Result};
use events::{Event, EventWriter};

/// Runs the command line `args`, which begins with the program name. Returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match cli::parse(&args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &args),
    };
    terminal::init(&cli.global);
    let events = terminal::event_writer(cli.events(), cli.global.verbose > 0);
    let global = cli.global.clone();
    let mut outcome = dispatch(cli, &events);
    if let Err(error) = &outcome
        && commands::setup::helps(error, &global)
        && commands::Context::new(&global, &events).is_ok_and(|context| commands::setup::offer(&context))
        && let Ok(cli) = cli::parse(&args)
    {
        outcome = dispatch(cli, &events);
    }
    let exit = outcome.unwrap_or_else(|error| report(&error, &events));
    let exit = if exit == Exit::Done && events.has_lost() { Exit::Failures } else { exit };
    ExitCode::from(exit as u8)
}

/// Runs the command in `cli`.
fn dispatch(cli: Cli, events: &EventWriter) -> Result<Exit> {
    let log = cli.command.log_name();
    let context = || -> Result<commands::Context<'_>> {
        let context = commands::Context::new(&cli.global, events)?;
        log.map_or(Ok(()), |command| logging::open_file(&context.config.log, command))?;
        Ok(context)
    };
    match cli.command {
        Command::Setup(args) => commands::setup::run(&args, &context()?),
        Command::Db(command) => commands::db::run(command, &context()?),
        Command::Normalize(args) => commands::normalize::run(&args, &context()?),
        Command::Fetch(args) => commands::fetch::run(&args, &context()?),
        Command::Sync(args) => commands::sync::run(&args, &context()?),
        Command::Runs(command) => commands::runs::run(command, &context()?),
        Command::Run(args) => commands::run::run(&args, &context()?),
        Command::Ask(args) => commands::ask::run(&args, &context()?),
        Command::Eval(args) => commands::eval::run(&args, &context()?),
        Command::Status(args) => commands::status::run(&args, &context()?),
        Command::Models(command) => commands::models::run(command, &context()?),
        Command::Report(args) => commands::report::run(&args, &context()?),
        Command::Show(args) => commands::show::run(&args, &context()?),
        Command::Embed(args) => commands::embed::run(&args, &context()?),
        #[cfg(feature = "serve")]
        Command::Serve(args) => commands::serve::run(&args, &context()?),
        #[cfg(feature = "serve")]
        Command::Mcp(args) => Ok(commands::mcp::run(&args, context())),
        Command::Doctor(answer) => commands::db::run(commands::db::Command::Doctor(answer), &context()?),
        Command::Completions(args) => commands::completions::run(&args, &Cli::command()),
        Command::Man(args) => commands::man::run(&args, Cli::command()),
        Command::Extract(args) => commands::extract::run(&args),
    }
}

/// Prints a help text or a parser error. Returns the exit code.
fn refuse(error: &clap::Error, args: &[OsString]) -> ExitCode {
    let _ = error.print();
    let exit_code = u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8);
    if error.use_stderr() {
        let rejected = Rejected::new(error, args);
        if let Some(tip) = rejected.tip() {
            eprintln!("\n  tip: {tip}");
        }
        let (message, hint) = (cli::fault(error), rejected.hint());
        let event = Event::Error { message: &message, hint: Some(&hint), exit_code };
        terminal::event_writer(rejected.events(), false).emit(&event);
    }
    ExitCode::from(exit_code)
}

/// Reports `error` on standard error and as an event. Returns its exit code.
fn report(error: &Error, events: &EventWriter) -> Exit {
    let (message, hint, exit) = (error.to_string(), error.hint(), error.exit());
    logging::record_error(&message, hint.as_deref());
    terminal::print_error(&message, hint.as_deref());
    events.emit(&Event::Error { message: &message, hint: hint.as_deref(), exit_code: exit as u8 });
    exit
}
