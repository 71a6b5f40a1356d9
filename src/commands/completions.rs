//! `trailblazer completions`

use clap_complete::Shell;

use crate::error::{Exit, Result};
use crate::terminal::print_text;

/// Print what lets a shell complete commands and flags
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell to print for
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  source <(trailblazer completions bash)          In this shell; in ~/.bashrc, in every one
  trailblazer completions zsh > ~/.zfunc/_trailblazer
  trailblazer completions fish > ~/.config/fish/completions/trailblazer.fish";

/// Runs `trailblazer completions`, which asks neither for a configuration nor for a database.
pub fn run(args: &Args, program: &mut clap::Command) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, program, "trailblazer", &mut script);
    print_text(&script)?;
    Ok(Exit::Done)
}
