//! trailblazer turns Confluence and DITA documentation into a searchable pgvector knowledge base.

pub mod artifact;
pub mod chunk;
pub mod cli;
pub mod commands;
pub mod config;
pub mod db;
pub mod embed;
pub mod error;
pub mod events;
pub mod ids;
pub mod load;
pub mod normalize;
pub mod options;
pub mod stop;
pub mod terminal;
pub mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;

use cli::{Cli, Command};
use error::{Error, Exit, Result};
use events::{Event, EventWriter};

/// Runs the command line `args` (program name first) and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match cli::parse(&args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &args),
    };
    terminal::init(&cli.global);
    let events = terminal::event_writer(cli.global.events, cli.global.verbose > 0);
    let exit = match dispatch(cli, &events) {
        Ok(exit) => exit,
        Err(error) => report(&error, &events),
    };
    let exit = if exit == Exit::Done && events.has_lost() { Exit::Failures } else { exit };
    ExitCode::from(exit as u8)
}

/// Runs the command of `cli`.
fn dispatch(cli: Cli, events: &EventWriter) -> Result<Exit> {
    let context = || commands::Context::new(&cli.global, events);
    match cli.command {
        Command::Db(command) => commands::db::run(command, &context()?),
        Command::Normalize(args) => commands::normalize::run(&args, &context()?),
        Command::Runs(command) => commands::runs::run(command, &context()?),
        Command::Run(args) => commands::run::run(&args, &context()?),
        Command::Ask(args) => commands::ask::run(&args, &context()?),
        Command::Status(args) => commands::status::run(&args, &context()?),
        Command::Completions(args) => commands::completions::run(&args, &mut Cli::command()),
    }
}

/// Answers a command line that asks for help or cannot be understood.
fn refuse(error: &clap::Error, args: &[OsString]) -> ExitCode {
    let _ = error.print();
    let exit_code = u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8);
    if error.use_stderr() {
        let hint = Some("`trailblazer --help` says what can be asked for.");
        let message = cli::fault(error);
        terminal::event_writer(options::events(args), false).emit(&Event::Error { message: &message, hint, exit_code });
    }
    ExitCode::from(exit_code)
}

/// Tells the user and the reader of events about `error`, and returns the exit code that goes with it.
fn report(error: &Error, events: &EventWriter) -> Exit {
    let (message, hint, exit) = (error.to_string(), error.hint(), error.exit());
    terminal::print_error(&message, hint.as_deref());
    events.emit(&Event::Error { message: &message, hint: hint.as_deref(), exit_code: exit as u8 });
    exit
}
