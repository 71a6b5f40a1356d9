//! `trailblazer mcp`

use super::Context;
use super::reading::ReadAs;
use crate::db::{Connector, search};
use crate::error::{Exit, Result};
use crate::logging;
use crate::serve::mcp;
use crate::stop::Stop;
use crate::terminal::print_error;

/// Serve the Model Context Protocol on standard input and output
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  claude mcp add docs -- trailblazer mcp --config /path/to/.trailblazer.yaml
  claude mcp add hr -- trailblazer mcp --as group:hr

Assistants and editors start this command themselves. `trailblazer serve` offers the same protocol over HTTP at /mcp. See docs/mcp.md.")]
pub struct Args {
    /// Readers.
    #[command(flatten)]
    pub read_as: ReadAs,
    /// Full-text search only, without a model
    #[arg(long)]
    pub text_only: bool,
}

/// Runs `trailblazer mcp`. The protocol uses standard output, so errors are written only to standard error.
#[must_use]
pub fn run(args: &Args, context: Result<Context<'_>>) -> Exit {
    match context.and_then(|context| answer(args, &context)) {
        Ok(exit) => exit,
        Err(error) => {
            logging::record_error(&error.to_string(), error.hint().as_deref());
            print_error(&error.to_string(), error.hint().as_deref());
            error.exit()
        }
    }
}

/// Answers requests until the assistant closes the connection.
fn answer(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let stop = Stop::on_signals()?;
    let setup = super::serve::setup(context, args.text_only)?;
    let mut client = Connector::for_reading(&context.config)?.connect_ready()?;
    let principals = match args.read_as.resolve(&mut client, context)? {
        Some(principals) => principals,
        None => search::principals(&mut client, None)?,
    };
    drop(client);
    mcp::stdio(setup, principals, &stop)?;
    Ok(Exit::Done)
}
