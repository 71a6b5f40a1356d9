//! `trailblazer db doctor` checks the requirements of a run, and prints how to solve each problem.

mod models;

use chrono::Utc;
use postgres::Client;

use crate::commands::{Context, workers};
use crate::db::calls::Filter;
use crate::db::operations::WorkerState;
use crate::db::{Connector, health, install, local, lost_tables, obstacles};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::terminal::{counted, print_line};

/// The examples in the help of `db doctor` and `doctor`.
pub const EXAMPLES: &str = "\
Examples:
  trailblazer doctor
  trailblazer doctor --json | jq -r 'select(.ok == false) | .detail'     Only what is wrong";

/// A larger difference makes logs hard to compare. Leases are not affected, because they use the server's clock.
const CLOCK_TOLERANCE_SECONDS: i64 = 5;

/// The first pgvector without known errors. Versions 0.8.2 and 0.8.3 fixed a vulnerability and damaged HNSW indexes.
/// Version 0.8.4 fixed errors of inserts during vacuum.
const SOUND_PGVECTOR: semver::Version = semver::Version::new(0, 8, 4);

/// Returns whether a supported version of pgvector has known errors.
fn is_faulty_pgvector(version: &str) -> bool {
    let is_supported = local::pgvector_number(version).is_some_and(|number| number >= local::OLDEST_PGVECTOR);
    is_supported && semver::Version::parse(version).is_ok_and(|version| version < SOUND_PGVECTOR)
}

struct Doctor<'a> {
    context: &'a Context<'a>,
    exit: Exit,
}

/// Runs all checks. If `run` would fail, the exit code is the same as that of `run`: 3 if the configuration of the
/// model is wrong, and otherwise 4.
pub fn run(context: &Context<'_>) -> Result<Exit> {
    let mut doctor = Doctor { context, exit: Exit::Done };
    match Connector::new(&context.config).and_then(|connector| Ok((connector.connect_first()?, connector))) {
        Ok((mut client, connector)) => {
            doctor.ok("connection", connector.shown())?;
            doctor.examine(&mut client)?;
        }
        Err(error) => {
            let repair = error.hint().unwrap_or_else(|| "Check database.url, or run `trailblazer db up`.".into());
            doctor.bad("connection", &error.to_string(), &repair)?;
        }
    }
    doctor.standby()?;
    Ok(doctor.exit)
}

impl Doctor<'_> {
    fn examine(&mut self, client: &mut Client) -> Result<()> {
        let server = health::server(client)?;
        self.server(&server)?;
        self.clock(&server)?;
        if let Err(error) = obstacles::refuse(client) {
            self.bad("rights", &error.to_string(), &error.hint().unwrap_or_default())?;
        }
        if self.schema(client)? {
            let rights = health::rights(client)?;
            self.rights(client, rights, &server)?;
            self.tokens(client)?;
            self.readers(client)?;
            self.workers(client)?;
            self.models(client, rights.kind == Some("admin"))?;
        }
        Ok(())
    }

    /// Checks the server in `database.read_url`, if it is a different one.
    fn standby(&mut self) -> Result<()> {
        let config = &self.context.config;
        if config.database.read_url.is_none() {
            return Ok(());
        }
        let opened = Connector::for_reading(config).and_then(|connector| Ok((connector.connect_ready()?, connector)));
        let (mut client, connector) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let repair = error.hint().unwrap_or_else(|| "Check database.read_url.".into());
                return self.bad("read_url", &error.to_string(), &repair);
            }
        };
        let shown = connector.shown();
        match health::replication_lag(&mut client)? {
            None => self.note("read_url", &format!("{shown}; this server is not a standby")),
            Some(lag) if lag > f64::from(config.database.max_lag_seconds) => {
                let most = config.database.max_lag_seconds;
                let detail = format!("{shown}; up to {lag:.0} s behind, more than database.max_lag_seconds, {most}");
                self.note("read_url", &detail)
            }
            Some(lag) => self.ok("read_url", &format!("{shown}; {lag:.0} s behind its primary")),
        }
    }

    fn server(&mut self, server: &health::Server) -> Result<()> {
        let major = server.version_number / 10_000;
        let detail = format!("PostgreSQL {}", server.version);
        match major {
            15..=18 => self.ok("server", &detail)?,
            ..15 => self.bad("server", &detail, "Use PostgreSQL 15 to 18.")?,
            _ => self.note(
                "server",
                &format!("{detail}, newer than the versions that trailblazer was tested with (15 to 18)"),
            )?,
        }
        if server.is_read_only {
            self.note("server", "read-only: searches work, but `normalize` and `run` need the primary")?;
        }
        if matches!(server.ctype.as_str(), "C" | "POSIX") {
            self.note(
                "server",
                "the database has the character type C, so full-text search treats every non-ASCII character, also dashes and \
                 quotes, as a letter. To change this, run `trailblazer db dump FILE` and `trailblazer db restore FILE`, on a server of \
                 your own into a database with lc_ctype 'C.UTF-8'",
            )?;
        }
        match &server.pgvector {
            Some(version) if is_faulty_pgvector(version) => self.note(
                "pgvector",
                &format!(
                    "{version}; 0.8.4 fixes a vulnerability, damaged HNSW indexes, and errors during vacuum: install it on the server \
                     and run `alter extension vector update`"
                ),
            ),
            Some(version) if local::pgvector_number(version).is_some_and(|number| number >= local::OLDEST_PGVECTOR) => {
                self.ok("pgvector", version)
            }
            Some(version) => {
                self.bad("pgvector", version, "Install pgvector 0.8 or later on the server, and run `alter extension vector update`.")
            }
            None => {
                let (fault, repair) = server.missing_pgvector.fault();
                self.bad("pgvector", fault, repair)
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "compares the clocks")]
    fn clock(&mut self, server: &health::Server) -> Result<()> {
        let off = (Utc::now() - server.now).num_seconds();
        if off.abs() <= CLOCK_TOLERANCE_SECONDS {
            self.ok("clock", &format!("{off} s from the server's"))
        } else {
            self.note(
                "clock",
                &format!("{off} s from the server's; leases use the server's clock, so only log times are wrong"),
            )
        }
    }

    fn schema(&mut self, client: &mut Client) -> Result<bool> {
        let repair = "Run `trailblazer db migrate`.";
        match install::state(client) {
            Ok(install::State::Current) => {
                let lost = lost_tables::find(client)?;
                if let Err(error) = lost_tables::refuse_lost_data(&lost) {
                    self.refused(&error)?;
                    return Ok(false);
                }
                if !lost.is_empty() {
                    self.bad("schema", &format!("dropped by hand: {}", lost.join(", ")), repair)?;
                    return Ok(false);
                }
                let replaced = install::replaced(client)?;
                if replaced.is_empty() {
                    self.ok("schema", &format!("as version {} installs it", install::CODE_VERSION))?;
                } else {
                    let detail = format!("replaced or dropped by hand: {}", replaced.join(", "));
                    self.bad("schema", &detail, repair)?;
                }
                return Ok(replaced.is_empty());
            }
            Ok(install::State::Missing) => match obstacles::refuse_foreign_objects(client) {
                Ok(()) => self.bad("schema", "not installed", repair)?,
                Err(error) => self.refused(&error)?,
            },
            Ok(install::State::Outdated { stale }) => {
                // A database of another version lacks nearly all files.
                let some = stale.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let more = if stale.len() > 5 { ", …" } else { "" };
                let detail = format!("{} not as in this version: {some}{more}", counted(stale.len(), "file"));
                self.bad("schema", &detail, repair)?;
            }
            Ok(install::State::Newer { what }) => self.refused(&install::newer(&what))?,
            Ok(install::State::Edited { migration }) => self.refused(&install::edited(&migration))?,
            Err(error @ (Error::Database(_) | Error::Unreachable { .. })) => self.refused(&error)?,
            Err(error) => return Err(error),
        }
        Ok(false)
    }

    /// Reports an error that `db migrate` cannot repair.
    fn refused(&mut self, error: &Error) -> Result<()> {
        self.bad("schema", &error.to_string(), &error.hint().unwrap_or_default())
    }

    fn rights(&mut self, client: &mut Client, rights: health::Rights, server: &health::Server) -> Result<()> {
        let role = &server.role;
        let Some(kind) = rights.kind else {
            let repair = format!("As the owner, run: trailblazer db grant reader|worker|admin {role}");
            return self.bad("rights", &format!("role {role} has no rights"), &repair);
        };
        let may = match kind {
            "admin" => "work, reset and delete",
            "worker" => "work, not reset",
            _ => "look, not work",
        };
        self.ok("rights", &format!("role {role} may {may}"))?;
        if !rights.roles {
            let detail = format!("an earlier version granted role {role} its rights");
            return self.bad("rights", &detail, &format!("As the owner, run: trailblazer db grant {kind} {role}"));
        }
        for (of, (detail, grant)) in health::role_rights(client)?.iter().filter_map(|of| Some((&of.role, of.fault()?)))
        {
            if of == role {
                self.bad("rights", &detail, &format!("As the owner: {grant}"))?;
            } else {
                self.note("rights", &format!("{detail}; to grant it: {grant}"))?;
            }
        }
        Ok(())
    }

    /// Checks the sequence of claim tokens. If the tables were copied without the sequence, it would issue old tokens again.
    fn tokens(&mut self, client: &mut Client) -> Result<()> {
        match health::token_lag(client)? {
            Some(lag) if lag > 0 => self.bad(
                "tokens",
                &format!("the sequence graphdb.claim_tokens is {} behind the tokens in use", counted(lag, "token")),
                "Run `trailblazer db migrate`. It moves the sequence ahead.",
            ),
            _ => Ok(()),
        }
    }

    /// Reports documents that searches return to everybody although their source may restrict them.
    fn readers(&mut self, client: &mut Client) -> Result<()> {
        for unknown in health::unknown_readers(client)? {
            let documents = counted(unknown.documents, "document");
            let such = unknown.titles.join("\", \"");
            let (why, repair) = match unknown.reason.as_str() {
                "readers:not-fetched" => (
                    "were fetched without `restrictions`",
                    "fetch the pages with their restrictions, as `trailblazer fetch` does, and normalize them again",
                ),
                "readers:unknown-ancestor" => (
                    "are below pages that are not in the input",
                    "normalize them together with the pages above them, or fetch them with their `ancestors`",
                ),
                _ => (
                    "have restrictions in their metadata, but no known readers",
                    "normalize their source again with this version",
                ),
            };
            let detail = format!(
                "run {}: {documents}, such as \"{such}\", {why}, so search shows them to everybody; to restrict them: {repair}",
                unknown.run_id
            );
            self.note("readers", &detail)?;
        }
        Ok(())
    }

    /// Reports dead workers, because the runs that they claimed wait until their leases expire.
    fn workers(&mut self, client: &mut Client) -> Result<()> {
        // If an earlier version granted the role its rights, the role may not execute this function.
        let Ok(found) = workers::list(client, &Filter::default(), false) else { return Ok(()) };
        let dead: Vec<_> = found.iter().filter(|worker| worker.state == WorkerState::Dead).collect();
        for worker in &dead {
            let detail =
                format!("{} on run {}: {}", worker.worker, worker.run_id, workers::fault(worker).unwrap_or_default());
            let repair = format!("Run `{}`.", workers::release_command([worker.run_id.as_str()]));
            self.line("note", "workers", true, &detail, Some(&repair))?;
        }
        match found.len() - dead.len() {
            0 => Ok(()),
            others => {
                self.ok("workers", &format!("{} claimed by workers that send heartbeats", counted(others, "run")))
            }
        }
    }

    /// Reports an error in the configuration. Unless another check fails too, the exit code is the same as that of `run`.
    fn misfit(&mut self, check: &str, error: &Error, repair: &str) -> Result<()> {
        let exit = if self.exit == Exit::Done { error.exit() } else { self.exit };
        self.bad(check, &error.to_string(), &error.hint().unwrap_or_else(|| repair.to_owned()))?;
        self.exit = exit;
        Ok(())
    }

    fn ok(&mut self, check: &str, detail: &str) -> Result<()> {
        self.line("ok  ", check, true, detail, None)
    }

    fn note(&mut self, check: &str, detail: &str) -> Result<()> {
        self.line("note", check, true, detail, None)
    }

    fn bad(&mut self, check: &str, detail: &str, repair: &str) -> Result<()> {
        self.exit = Exit::Unreachable;
        self.line("BAD ", check, false, detail, Some(repair))
    }

    fn line(&mut self, mark: &str, check: &str, ok: bool, detail: &str, repair: Option<&str>) -> Result<()> {
        if self.context.events.is_on() {
            self.context.events.emit(&Event::DoctorCheck { check, ok, detail, repair });
            return Ok(());
        }
        print_line(&format!("{mark} {check:<11} {detail}"))?;
        repair.map_or(Ok(()), |repair| print_line(&format!("                 {repair}")))
    }
}
