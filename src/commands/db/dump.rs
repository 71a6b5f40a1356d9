//! `trailblazer db dump` and `trailblazer db restore`

use std::path::{Path, PathBuf};

use crate::commands::Context;
use crate::db::calls::{self, Filter};
use crate::db::{Connector, install, search};
use crate::error::{Error, Exit, Result};
use crate::files::OutputFile;
use crate::terminal::{confirm, counted};

/// Save documents, chunks, vectors and the backlog to a file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The file has PostgreSQL's custom format, which pg_restore also reads. Workers may keep running during the dump. An existing file \
is replaced when the dump is complete. A dump to a pipe or a device is written directly.

Example:
  trailblazer db dump backup.dump")]
pub struct DumpArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Restore documents, chunks, vectors and the backlog from a dump
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The dump replaces schema graphdb with everything in it. Stop the workers first. If the restore fails, the database is \
unchanged. Rights are restored for the roles that exist on the server. On the private server, the documents move to a new database, which also gets the current text settings.

Example:
  trailblazer db restore backup.dump")]
pub struct RestoreArgs {
    /// A file that `db dump` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the contents of the database without confirmation
    #[arg(long, short)]
    yes: bool,
}

/// Runs `trailblazer db dump`.
pub fn dump(args: &DumpArgs, context: &Context<'_>) -> Result<Exit> {
    if args.file == Path::new("-") {
        return Err(Error::usage("a dump cannot be written to standard output; pass the name of a file"));
    }
    let file = OutputFile::new(&args.file)?;
    let connector = Connector::new(&context.config)?;
    let mut client = connector.connect_ready()?;
    let runs = calls::list_runs(&mut client, &Filter::default())?.len();
    connector.clients(&mut client, &context.config)?.dump(&file)?;
    let size = std::fs::metadata(&args.file).ok().filter(|_| !file.is_stream());
    let size = size.map(|found| format!(" ({})", indicatif::HumanBytes(found.len()))).unwrap_or_default();
    log::info!("wrote {} to {}{size}", counted(runs, "run"), args.file.display());
    Ok(Exit::Done)
}

/// Runs `trailblazer db restore`.
pub fn restore(args: &RestoreArgs, context: &Context<'_>) -> Result<Exit> {
    if args.file.is_dir() {
        return Err(Error::usage(format!("{} is a folder; pass the name of a file", args.file.display())));
    }
    std::fs::File::open(&args.file).map_err(Error::file(&args.file))?;
    let connector = Connector::creating(&context.config)?;
    let mut client = connector.connect_first_to_work()?;
    connector.refuse_to_replace(&mut client)?;
    let held = match install::state(&mut client)? {
        install::State::Current => calls::list_runs(&mut client, &Filter::default())?.len(),
        install::State::Missing => 0,
        // The number of runs is unknown, because the schema has a different version.
        _ => 1,
    };
    if held > 0
        && !args.yes
        && !confirm(&format!("The database contains {}. Replace them?", counted(held, "run")), "restore")
    {
        return Err(Error::Refused {
            message: format!("not confirmed: the database contains {}", counted(held, "run")),
            hint: "Pass --yes to replace them.".into(),
        });
    }
    for refused in connector.restore(client, &args.file, &context.config)? {
        log::warn!("a right was not restored: {refused}; create the role and run `trailblazer db grant`");
    }
    let mut client = connector.connect_first_to_work()?;
    install::install(&mut client)?;
    search::refresh(&mut client)?;
    let runs = calls::list_runs(&mut client, &Filter::default())?.len();
    log::info!("restored {} from {}", counted(runs, "run"), args.file.display());
    Ok(Exit::Done)
}
