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
  source <(trailblazer completions bash)          For this shell, or in ~/.bashrc for all
  trailblazer completions zsh > ~/.zfunc/_trailblazer
  trailblazer completions fish > ~/.config/fish/completions/trailblazer.fish";

/// Runs `trailblazer completions`. The command needs neither a configuration nor a database.
pub fn run(args: &Args, program: &clap::Command) -> Result<Exit> {
    let mut script = Vec::new();
    // Hidden commands are for programs.
    let visible = program.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect::<Vec<_>>();
    let arguments = program.get_arguments().cloned().collect::<Vec<_>>();
    let mut visible = clap::Command::new("trailblazer").args(arguments).subcommands(visible);
    clap_complete::generate(args.shell, &mut visible, "trailblazer", &mut script);
    print_text(&script)?;
    Ok(Exit::Done)
}
