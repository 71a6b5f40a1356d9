//! Dumps schema `graphdb` into a file and restores it with the client programs of PostgreSQL.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::local;
use crate::config::Config;
use crate::error::local_server::{LocalServerError, Rejected};
use crate::error::{Error, Result};
use crate::files::OutputFile;

/// Number of tokens that a restored sequence skips, so that tokens issued after the dump are never issued again.
const SKIPPED_TOKENS: i64 = 1_000_000_000;

/// The client programs of one installation, and their connection variables.
#[derive(Debug, Clone)]
pub struct Clients {
    bin: PathBuf,
    /// Environment variables of libpq. They contain the password, because other users can see the arguments of a program.
    variables: Vec<(&'static str, String)>,
}

impl Clients {
    /// Returns the programs in `bin`, with their connection `variables`.
    pub(super) fn new(bin: PathBuf, variables: Vec<(&'static str, String)>) -> Self {
        Self { bin, variables }
    }

    /// Returns the same programs for another database.
    #[must_use]
    pub fn for_database(&self, name: &str) -> Self {
        let mut variables = self.variables.clone();
        variables.retain(|(variable, _)| *variable != "PGDATABASE");
        variables.push(("PGDATABASE", name.to_owned()));
        Self { bin: self.bin.clone(), variables }
    }

    /// Writes the schema and its data to `file`, in PostgreSQL's custom format. After an error, an existing file is unchanged.
    pub fn dump(&self, file: &OutputFile) -> Result<()> {
        file.write(0o600, |sink| {
            let sink = sink.try_clone().map_err(Error::file(file.path()))?;
            let mut pg_dump = self.command("pg_dump");
            pg_dump
                .args(["--format=custom", "--schema=graphdb", "--no-owner", "--no-password", "--encoding=UTF8"])
                .stdout(sink);
            finished("pg_dump", &pg_dump.output().map_err(|source| self.missing("pg_dump", source))?)
        })
    }

    /// Returns the same programs for a server that accepts changes. The URL may list several servers.
    #[must_use]
    pub fn for_changes(&self) -> Self {
        let mut variables = self.variables.clone();
        variables.retain(|(variable, _)| *variable != "PGTARGETSESSIONATTRS");
        variables.push(("PGTARGETSESSIONATTRS", "read-write".to_owned()));
        Self { bin: self.bin.clone(), variables }
    }

    /// Replaces schema `graphdb` with the schema in `file`, in one transaction. Returns the grants that could not be restored.
    pub fn restore(&self, file: &Path) -> Result<Vec<String>> {
        fs::File::open(file).map_err(Error::file(file))?;
        let end = format!(
            "select pg_catalog.setval('graphdb.claim_tokens', s.last_value + {SKIPPED_TOKENS}) from graphdb.claim_tokens as s;\n"
        );
        let data = self.script(file, &["--no-owner".as_ref(), "--no-privileges".as_ref()])?;
        let schema = vector_schema(data.path()).map_err(Error::file(data.path()))?;
        let begin = format!(
            "set client_min_messages = warning;\n\
             drop schema if exists graphdb cascade;\n\
             create schema if not exists {schema};\n\
             create extension if not exists vector schema {schema};\n"
        );
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]);
        finished(
            "psql",
            &fed(psql, |sink| {
                sink.write_all(begin.as_bytes())?;
                std::io::copy(&mut fs::File::open(data.path())?, sink)?;
                sink.write_all(end.as_bytes())
            })
            .map_err(|source| self.missing("psql", source))?,
        )?;
        self.restore_rights(file)
    }

    /// Restores the grants in the dump. If a role does not exist here, the other roles still get their rights.
    fn restore_rights(&self, file: &Path) -> Result<Vec<String>> {
        let mut list = self.command("pg_restore");
        list.arg("--list").arg(file);
        let output = list.output().map_err(|source| self.missing("pg_restore", source))?;
        finished("pg_restore", &output)?;
        let rights: Vec<&[u8]> = output.stdout.split(|byte| *byte == b'\n').filter(|line| is_acl(line)).collect();
        if rights.is_empty() {
            return Ok(Vec::new());
        }
        let mut chosen = tempfile::NamedTempFile::new().map_err(Error::file("the list of rights"))?;
        chosen.write_all(&rights.join(&b"\n"[..])).map_err(Error::file(chosen.path()))?;
        let script = self.script(file, &["--no-owner".as_ref(), "--use-list".as_ref(), chosen.path().as_os_str()])?;
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--output=/dev/null"]);
        let output = fed(psql, |sink| std::io::copy(&mut fs::File::open(script.path())?, sink).map(drop))
            .map_err(|source| self.missing("psql", source))?;
        let mut refused: Vec<String> = String::from_utf8_lossy(&output.stderr)
            .lines()
            .filter_map(|line| Some(line.split_once("ERROR:")?.1.trim().to_owned()))
            .collect();
        refused.sort();
        refused.dedup();
        Ok(refused)
    }

    /// Converts the archive, or a part of it, to SQL.
    fn script(&self, file: &Path, arguments: &[&OsStr]) -> Result<tempfile::NamedTempFile> {
        let script = tempfile::NamedTempFile::new().map_err(Error::file("the restore script"))?;
        let sink = script.reopen().map_err(Error::file(script.path()))?;
        let mut pg_restore = self.command("pg_restore");
        pg_restore.args(["--file=-", "--exit-on-error"]).args(arguments).arg(file).stdout(sink);
        finished("pg_restore", &pg_restore.output().map_err(|source| self.missing("pg_restore", source))?)?;
        Ok(script)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    fn missing(&self, program: &str, source: std::io::Error) -> Error {
        Error::file(self.bin.join(program))(source)
    }
}

/// Returns the folder of client programs that can dump a server with major version `major`.
/// Their version must be at least as high.
pub(super) fn find(config: &Config, major: u32) -> Result<PathBuf> {
    let mut looked_at = String::new();
    for bin in local::places(config) {
        let printed = Command::new(bin.join("pg_dump")).arg("--version").output();
        let found = printed.ok().and_then(|output| local::server_major(&String::from_utf8_lossy(&output.stdout)));
        match found {
            Some(found) if found >= major => return Ok(bin),
            Some(found) => {
                let _ = write!(looked_at, "\n  {}: pg_dump of PostgreSQL {found}", bin.display());
            }
            None if config.database.bin_dir.as_ref() == Some(&bin) => {
                let reason = if bin.is_dir() { "no `pg_dump` here" } else { "no such folder" };
                return Err(LocalServerError::BadBinDir(Rejected { bin, reason: reason.into() }).into());
            }
            None => {}
        }
    }
    Err(Error::NotReady {
        message: format!("no pg_dump of PostgreSQL {major} or later was found{looked_at}"),
        hint: format!("Install the client programs of PostgreSQL {major}, or set database.bin_dir to their folder."),
    })
}

/// Returns whether a line of the archive's table of contents is a grant.
fn is_acl(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_whitespace();
    line.as_bytes().first().is_some_and(u8::is_ascii_digit) && words.nth(3).is_some_and(|kind| kind == "ACL")
}

/// Runs `command`. Its standard input is the output of `write`.
fn fed(
    mut command: Command,
    write: impl FnOnce(&mut std::process::ChildStdin) -> std::io::Result<()>,
) -> std::io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut sink) = child.stdin.take() {
        // Ignore the error. If the program stops reading, its exit code and its messages contain the reason.
        let _ = write(&mut sink);
    }
    child.wait_with_output()
}

/// Returns the quoted schema in which the dump expects pgvector. It is the schema of the type of the column `embedding`.
fn vector_schema(script: &Path) -> std::io::Result<String> {
    for line in BufReader::new(fs::File::open(script)?).lines() {
        let line = line?;
        if let Some((schema, _)) = line.trim().strip_prefix("embedding ").and_then(|rest| rest.split_once(".vector")) {
            return Ok(schema.to_owned());
        }
        // The data follows after the tables.
        if line.starts_with("COPY ") {
            break;
        }
    }
    Ok("public".into())
}

fn finished(program: &str, output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let advice = if printed.contains("permission denied") {
        "Connect as the owner of schema graphdb: reader, worker and admin roles may not do this."
    } else {
        "Correct the error in the message, and run the command again."
    };
    Err(Error::NotReady {
        message: format!("{program} failed: {}", printed.trim()),
        hint: format!("Nothing was changed. {advice}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_that_grant_rights_are_restored_after_the_data() {
        let lines = [
            "; Selected TOC Entries:",
            "3630; 0 0 ACL graphdb FUNCTION clock() owner",
            "216; 1259 16389 TABLE graphdb ACL owner",
        ];
        assert_eq!(lines.map(|line| is_acl(line.as_bytes())), [false, true, false]);
    }
}
