//! `trailblazer mcp`

use super::Context;
use crate::error::{Exit, Result};
use crate::serve::mcp;
use crate::stop::Stop;
use crate::terminal::print_error;

/// Serve the Model Context Protocol on standard input and output
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Assistants and editors start this command by themselves, for example:
  claude mcp add docs -- trailblazer mcp --config /path/to/.trailblazer.yaml

`trailblazer serve` answers the same protocol over HTTP at /mcp. See docs/mcp.md.")]
pub struct Args {
    /// Search as this user or group, for example user:ann or group:hr; can be repeated
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub principals: Vec<String>,
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
            print_error(&error.to_string(), error.hint().as_deref());
            error.exit()
        }
    }
}

/// Answers requests until the assistant closes the connection.
fn answer(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let setup = super::serve::setup(context, args.text_only)?;
    let stop = Stop::on_signals()?;
    mcp::stdio(setup, args.principals.clone(), &stop)?;
    Ok(Exit::Done)
}
