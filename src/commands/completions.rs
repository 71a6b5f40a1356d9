//! `trailblazer completions`

use clap_complete::Shell;

use crate::error::{Exit, Result};
use crate::terminal::print_text;

/// Generate a shell completion script
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  source <(trailblazer completions bash)          For this shell; put it into ~/.bashrc for every shell
  trailblazer completions zsh > ~/.zfunc/_trailblazer
  trailblazer completions fish > ~/.config/fish/completions/trailblazer.fish";

/// Runs `trailblazer completions`. The command needs neither a configuration nor a database.
pub fn run(args: &Args, program: &mut clap::Command) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, program, "trailblazer", &mut script);
    print_text(&script)?;
    Ok(Exit::Done)
}
