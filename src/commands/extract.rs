//! `trailblazer extract`, which `normalize` runs for each attached file that is not plain text

use crate::error::{Exit, Result};
use crate::normalize::extract::{Format, process};
use crate::terminal::print_text;

/// Read the text of one file. `normalize` runs this command
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trailblazer extract pdf < manual.pdf")]
pub struct Args {
    /// The file's format
    format: Format,
}

/// Reads a file from standard input and prints its text. If this fails, prints the reason and exits with code 1.
pub fn run(args: &Args) -> Result<Exit> {
    let (text, exit) = match process::answer(args.format) {
        Ok(text) => (text, Exit::Done),
        Err(reason) => (reason, Exit::Failures),
    };
    print_text(text.as_bytes())?;
    Ok(exit)
}
