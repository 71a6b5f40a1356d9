//! `trailblazer man`

use std::fs;
use std::path::PathBuf;

use clap::Command;

use crate::error::{Error, Exit, Result};

/// Write the man pages of all commands
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Example:
  trailblazer man --out ~/.local/share/man/man1")]
pub struct Args {
    /// Folder for the files. It is created if it does not exist
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Runs `trailblazer man`: one page for each command, `trailblazer-db-up.1` for `trailblazer db up`.
pub fn run(args: &Args, command: Command) -> Result<Exit> {
    if args.out.exists() && !args.out.is_dir() {
        return Err(Error::usage(format!("--out: {} is not a folder", args.out.display())));
    }
    fs::create_dir_all(&args.out).map_err(Error::file(&args.out))?;
    clap_mangen::generate_to(command, &args.out).map_err(Error::file(&args.out))?;
    Ok(Exit::Done)
}
