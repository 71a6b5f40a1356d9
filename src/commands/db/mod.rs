//! `trailblazer db`

pub mod doctor;
mod dump;
mod prune;

use clap::{Subcommand, ValueEnum};
pub use prune::prune;

use super::Context;
use crate::db::local::{LocalServer, Started};
use crate::db::{Connector, calls, health, install};
use crate::error::{Error, Exit, Result};
use crate::options::Answer;
use crate::terminal::{counted, print_line};

/// Manage the database: private server, schema, checks, backups and rights.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the private server and print its URL
    #[command(after_help = "\
Examples:
  trailblazer db up
  psql \"$(trailblazer db up --events never)\"     Open the database in psql")]
    Up,
    /// Stop the private server. Open transactions are rolled back, and committed data is kept
    #[command(after_help = "Example:\n  trailblazer db down")]
    Down,
    /// Install or update the schema. You can repeat the command at any time, even in parallel
    #[command(after_help = "\
Examples:
  trailblazer db migrate
  TRAILBLAZER_DB_URL=postgresql://owner@db.example/docs trailblazer db migrate")]
    Migrate,
    /// Check everything that a run needs, and print how to solve each problem
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Answer),
    /// Save documents, chunks, vectors and the backlog to a file
    Dump(dump::DumpArgs),
    /// Restore documents, chunks, vectors and the backlog from a dump
    Restore(dump::RestoreArgs),
    /// Delete the vectors of texts that no run contains
    Prune(prune::Args),
    /// Give a role the rights of a worker, an admin or a reader
    #[command(after_help = "\
Each grant replaces the previous one. The role sees only the restricted documents that the granted users and groups may read.

Examples:
  trailblazer db grant worker ingest_worker
  trailblazer db grant reader hr_portal --as group:hr
  trailblazer db grant reader web --all               For `serve`, which identifies its callers")]
    Grant {
        /// What the role may do
        kind: Kind,
        /// An existing role
        role: String,
        /// Let the role read as this user or group of the sources, for example group:hr; can be repeated
        #[arg(long = "as", value_name = "PRINCIPAL", value_parser = super::reading::principal, conflicts_with = "all")]
        principals: Vec<String>,
        /// Let the role read as any user or group
        #[arg(long)]
        all: bool,
    },
}

impl Command {
    /// Returns the output options of `doctor`, or `None` for the other commands.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        match self {
            Self::Doctor(answer) => Some(*answer),
            // Standard output of these commands contains one URL or nothing.
            Self::Up
            | Self::Down
            | Self::Migrate
            | Self::Dump(_)
            | Self::Restore(_)
            | Self::Prune(_)
            | Self::Grant { .. } => None,
        }
    }
}

/// What a role may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Claim, renew, complete, fail, release, store
    Worker,
    /// Also register, load, reset, delete and prune
    Admin,
    /// Look and search
    Reader,
}

/// Runs `trailblazer db …`.
pub fn run(command: Command, context: &Context<'_>) -> Result<Exit> {
    match command {
        Command::Up => up(context),
        Command::Down => down(context),
        Command::Migrate => migrate(context),
        Command::Doctor(_) => doctor::run(context),
        Command::Dump(args) => dump::dump(&args, context),
        Command::Restore(args) => dump::restore(&args, context),
        Command::Prune(args) => prune::run(&args, context),
        Command::Grant { kind, role, principals, all } => grant(kind, &role, &principals, all, context),
    }
}

fn private_server(context: &Context<'_>) -> Result<LocalServer> {
    if let Some(url) = &context.config.database.url {
        return Err(Error::Usage {
            message: format!("database.url is set ({url}), so there is no private server"),
            hint: Some("Unset TRAILBLAZER_DB_URL and database.url to use the private server.".into()),
        });
    }
    Ok(LocalServer::new(&context.config)?)
}

fn up(context: &Context<'_>) -> Result<Exit> {
    let server = private_server(context)?;
    let said = match server.start()? {
        Started::AlreadyRunning => "runs already",
        Started::Started => "started",
        Started::Created => "created and started",
    };
    log::info!("private server: {said}");
    print_line(&server.url())?;
    Ok(Exit::Done)
}

fn down(context: &Context<'_>) -> Result<Exit> {
    let was_running = private_server(context)?.stop()?;
    log::info!("private server: {}", if was_running { "stopped" } else { "was not running" });
    Ok(Exit::Done)
}

fn migrate(context: &Context<'_>) -> Result<Exit> {
    let connector = Connector::creating(&context.config)?;
    let mut client = connector.connect_first_to_work()?;
    let ran = install::install(&mut client)?;
    match ran.len() {
        0 => log::info!("schema: up to date"),
        number => log::info!("schema: installed {} ({} …)", counted(number, "file"), ran[0]),
    }
    for (detail, grant) in health::role_rights(&mut client)?.iter().filter_map(health::RoleRights::fault) {
        log::warn!("{detail}; to grant it: {grant}");
    }
    Ok(Exit::Done)
}

fn grant(kind: Kind, role: &str, principals: &[String], all: bool, context: &Context<'_>) -> Result<Exit> {
    let kind = match kind {
        Kind::Worker => "worker",
        Kind::Admin => "admin",
        Kind::Reader => "reader",
    };
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    calls::grant_role(&mut client, role, kind, principals, all)?;
    let reads = match principals {
        _ if all => " and may read as any principal".to_owned(),
        [] => String::new(),
        names => format!(" and reads as {}", names.join(", ")),
    };
    let owner = health::schema_owner(&mut client)?;
    if owner == role {
        log::info!("role \"{role}\" owns the schema, so it has all rights");
        return Ok(Exit::Done);
    }
    log::info!("role \"{role}\" has the rights of a{} {kind}{reads}", if kind == "admin" { "n" } else { "" });
    Ok(Exit::Done)
}
