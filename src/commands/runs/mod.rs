//! `trailblazer runs`

mod backfill;
mod list;
pub mod reset;
mod retry;
mod show;

use clap::Subcommand;

use super::Context;
use crate::db::calls::Filter;
use crate::error::{Error, Exit, Result};
use crate::ids::RunId;

/// The backlog: look at runs, send them round again.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register the normalized runs found on disk
    Backfill(backfill::Args),
    /// List runs, the newest first
    List(list::Args),
    /// Show one run and the history of its claims
    Show(show::Args),
    /// Send selected runs round again
    Reset(reset::Args),
    /// Try failed runs again, their attempts forgotten
    Retry(retry::Args),
}

/// Which runs, for commands that work.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which runs")]
pub struct Selection {
    /// Runs whose id matches; * is any text, ? one character
    #[arg(long, value_name = "GLOB")]
    pub run_id: Option<String>,
    /// Runs of this source
    #[arg(long, value_name = "SOURCE")]
    pub source: Vec<String>,
}

impl Selection {
    /// Returns the selection as the SQL functions take it.
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter { run_id_glob: self.run_id.clone(), source: self.source.clone(), ..Filter::default() }
    }
}

/// Which runs, for commands that look or reset.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which runs")]
pub struct WideSelection {
    /// By id and source.
    #[command(flatten)]
    pub selection: Selection,
    /// Runs in this status
    #[arg(long, value_name = "STATUS")]
    pub status: Vec<String>,
    /// Runs normalized on or after this date or time (UTC)
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Runs normalized on or before this date or time (UTC)
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Runs last embedded with this model
    #[arg(long, value_name = "MODEL")]
    pub embedding_model: Vec<String>,
    /// At most N runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
}

impl WideSelection {
    /// Returns the selection as the SQL functions take it.
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter {
            status: self.status.clone(),
            normalized_from: self.from.clone(),
            normalized_to: self.to.clone(),
            embedding_model: self.embedding_model.clone(),
            limit: self.limit,
            ..self.selection.filter()
        }
    }
}

/// Runs `trailblazer runs …`.
pub fn run(command: Command, context: &Context<'_>) -> Result<Exit> {
    match command {
        Command::Backfill(args) => backfill::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Reset(args) => reset::run(&args, context),
        Command::Retry(args) => retry::run(&args, context),
    }
}

/// The error of a run that does not exist.
fn no_run(run_id: &RunId) -> Error {
    Error::Usage { message: format!("no run \"{run_id}\""), hint: Some("`trailblazer runs list` lists them.".into()) }
}
