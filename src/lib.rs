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
pub mod stop;
pub mod terminal;
pub mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use commands::Context;
use error::{Error, Exit};
use events::{Event, EventWriter};

/// Runs the command line `args` (program name first) and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::parse(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
    };
    terminal::init(&cli.global);
    let events = terminal::event_writer(&cli.global);
    let exit = match Context::new(&cli.global, &events).and_then(|context| commands::dispatch(cli.command, &context)) {
        Ok(exit) => exit,
        Err(error) => report(&error, &events),
    };
    let exit = if exit == Exit::Done && events.has_lost() { Exit::Failures } else { exit };
    ExitCode::from(exit as u8)
}

/// Tells the user and the reader of events about `error`, and returns the exit code that goes with it.
fn report(error: &Error, events: &EventWriter) -> Exit {
    let (message, hint, exit) = (error.to_string(), error.hint(), error.exit());
    terminal::print_error(&message, hint.as_deref());
    events.emit(&Event::Error { message: &message, hint: hint.as_deref(), exit_code: exit as u8 });
    exit
}
