//! Runs the `trailblazer` command in a separate folder with a separate database.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::unistd::geteuid;

use super::{TestDatabase, cluster, schema};

/// Variables that change what a command prints.
const APPEARANCE: [&str; 8] =
    ["CI", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "FORCE_COLOR", "FORCE_HYPERLINK", "NO_COLOR", "RUST_LOG"];

/// A folder and a database for commands. The environment of the caller does not affect them.
pub struct Sandbox {
    /// The database. `TRAILBLAZER_DB_URL` contains its URL.
    pub database: TestDatabase,
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// Returns a sandbox with the schema installed and an empty configuration.
    pub fn new() -> Self {
        Self::with(TestDatabase::new())
    }

    /// Returns a sandbox on `database`.
    pub fn with(database: TestDatabase) -> Self {
        let sandbox = Self { database, folder: tempfile::tempdir().unwrap() };
        sandbox.configure("");
        sandbox
    }

    /// Writes a configuration with `yaml` and the provider `hash`.
    pub fn configure(&self, yaml: &str) {
        self.write(".trailblazer.yaml", format!("embed: {{ provider: hash, model: hash-384 }}\n{yaml}"));
    }

    /// Returns the working directory of the commands.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file in the folder, and creates its parent folders.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes an artifact for `runs backfill` with `documents` documents of several chunks each.
    pub fn write_run(&self, run_id: &str, documents: usize) -> PathBuf {
        let mut lines = String::new();
        for number in 0..documents {
            let words = format!("Words of document {number} in run {run_id}. ").repeat(60);
            let body = format!("# One\n\n{words}\n\n## Two\n\n{words}\n");
            let line = serde_json::json!({
                "id": format!("{run_id}-{number}"), "title": format!("Document {number}"), "text_md": body, "source_system": "dita"
            });
            let _ = writeln!(lines, "{line}");
        }
        self.write(&format!("var/runs/{run_id}/normalize/normalized.ndjson"), lines)
    }

    /// Returns the command without starting it.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailblazer"));
        command.args(args).current_dir(self.folder()).stdin(Stdio::null());
        for (name, _) in std::env::vars() {
            if name.starts_with("TRAILBLAZER_") || name.starts_with("PG") || APPEARANCE.contains(&name.as_str()) {
                command.env_remove(name);
            }
        }
        // The width of the help if no stream is a terminal.
        command.env("COLUMNS", "100");
        command.env("TRAILBLAZER_DB_URL", &self.database.url);
        // Do not use the password file and the service file of the caller.
        command.env("HOME", self.folder());
        // By default, no model is loaded.
        command.env("TRAILBLAZER_EMBED_PROVIDER", "hash").env("TRAILBLAZER_EMBED_MODEL", "hash-384");
        command
    }

    /// Returns the command, configured for the embedding server at `url`.
    pub fn command_with_vectors_of(&self, url: &str, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env("TRAILBLAZER_EMBED_PROVIDER", "openai").env("TRAILBLAZER_EMBED_MODEL", "small");
        command.env("TRAILBLAZER_EMBED_BASE_URL", url).env("TRAILBLAZER_EMBED_DIMENSIONS", "3");
        command
    }

    /// Stores the token limit of a model with three dimensions, so that no command has to measure it.
    pub fn know_model_limit(&self, model: &str) {
        let known = "select graphdb.register_model($1, 'openai', 3, false), graphdb.set_model_limit($1, 512)";
        self.database.connect().execute(known, &[&model]).unwrap();
    }

    /// Returns the command for an account without root's rights. If root runs the tests, it is the account of the server.
    pub fn command_without_privileges(&self, args: &[&str]) -> Command {
        let command = self.command(args);
        if !geteuid().is_root() {
            return command;
        }
        // The account may not have access to the build folder, so the program is copied. Another process makes the
        // copy: a program cannot be started while it is open for writing, and the commands of other tests inherit the
        // open files of this process.
        let program = self.folder().join("trailblazer");
        assert!(Command::new("cp").arg(command.get_program()).arg(&program).status().unwrap().success());
        fs::set_permissions(self.folder(), fs::Permissions::from_mode(0o777)).unwrap();
        let mut unprivileged = Command::new(program);
        let account = fs::metadata(cluster().socket_dir()).unwrap();
        unprivileged.args(args).current_dir(self.folder()).stdin(Stdio::null()).uid(account.uid()).gid(account.gid());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => unprivileged.env(name, value),
                None => unprivileged.env_remove(name),
            };
        }
        unprivileged
    }

    /// Runs the command and waits for it.
    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// Waits for a command that [`Sandbox::spawn`] started.
    pub fn wait(child: Child) -> Run {
        Run::of(child.wait_with_output().unwrap())
    }

    /// Starts the command with its output captured.
    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// The result of a command.
#[derive(Debug)]
pub struct Run {
    /// The exit code, or `None` if a signal ended the command.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Reads the output of a finished process.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// Asserts an exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Parses standard output as events. Each event must match the schema.
    #[track_caller]
    pub fn events(&self) -> Vec<serde_json::Value> {
        let mut events = Vec::new();
        for line in self.stdout.lines() {
            let event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            schema::assert_valid(&event);
            events.push(event);
        }
        events
    }

    /// Returns the events with this name.
    #[track_caller]
    pub fn events_named(&self, name: &str) -> Vec<serde_json::Value> {
        self.events().into_iter().filter(|event| event["event"] == name).collect()
    }
}
