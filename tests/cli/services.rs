//! Tests services: readiness, status, watchdog, a stop that is not a failure, and log files.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::held::send;
use crate::support::{Run, Sandbox};

/// What systemd would hear.
struct Manager {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        // So long that only a defect reaches it.
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket, folder }
    }

    fn start(&self, sandbox: &Sandbox, args: &[&str]) -> Child {
        let mut command = sandbox.command(args);
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify")).env("WATCHDOG_USEC", "400000");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Reads messages until one has a line that begins so, and returns that line.
    fn hear(&self, begin: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).unwrap();
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if let Some(line) = message.lines().find(|line| line.starts_with(begin)) {
                return line.to_owned();
            }
        }
    }
}

#[test]
fn watching_run_tells_systemd_what_it_does_and_ends_well() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let sandbox = Sandbox::new();
        let manager = Manager::new();
        let child = manager.start(&sandbox, &["run", "--watch", "--workers", "1"]);
        manager.hear("READY=1");
        manager.hear("WATCHDOG=1");
        sandbox.write_run("r1", 2);
        sandbox.run(&["runs", "backfill"]).success();
        assert!(manager.hear("STATUS=chunk r1 ").contains("0 runs done"));
        assert_eq!(manager.hear("STATUS=1 run done"), "STATUS=1 run done");
        send(&child, signal);
        manager.hear("STOPPING=1");
        Sandbox::wait(child).success();
    }
}

#[test]
fn systemd_accepts_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("skipped: systemd-analyze is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "service" || extension == "timer") {
            // The program is not installed here.
            let text =
                fs::read_to_string(&path).unwrap().replace("/usr/bin/trailblazer", env!("CARGO_BIN_EXE_trailblazer"));
            let unit = folder.path().join(path.file_name().unwrap());
            fs::write(&unit, text).unwrap();
            units.push(unit);
        }
    }
    assert_eq!(units.len(), 5);
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output().unwrap();
    let told = String::from_utf8_lossy(&verified.stderr).into_owned();
    let names = ["trailblazer-db", "trailblazer-run", "trailblazer-serve", "trailblazer-sync"];
    let about_ours: Vec<&str> = told.lines().filter(|line| names.iter().any(|name| line.contains(name))).collect();
    assert!(verified.status.success() && about_ours.is_empty(), "{told}");
}

#[test]
#[cfg(feature = "serve")]
fn server_tells_systemd_its_address_and_ends_well() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let sandbox = Sandbox::new();
        let manager = Manager::new();
        let child = manager.start(&sandbox, &["serve", "--listen", "127.0.0.1:0", "--text-only"]);
        assert!(manager.hear("STATUS=listening").contains("http://127.0.0.1:"));
        manager.hear("WATCHDOG=1");
        send(&child, signal);
        manager.hear("STOPPING=1");
        Sandbox::wait(child).success();
    }
}

#[test]
#[cfg(feature = "serve")]
fn mcp_ends_well_by_signal() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(&["mcp", "--text-only", "-v"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
        writeln!(stdin, "{hello}").unwrap();
        // It answers, so its session is open.
        let mut answer = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
        assert!(answer.contains("serverInfo"), "{answer}");
        send(&child, signal);
        Sandbox::wait(child).success();
    }
}

#[test]
fn log_files_have_the_messages_of_commands_that_work_and_no_password() {
    let sandbox = Sandbox::new();
    sandbox.configure("log: { dir: logs, format: ndjson }");
    sandbox.run(&["status"]).success();
    assert!(!sandbox.folder().join("logs").exists());

    let run = sandbox.run(&["run"]).success();
    let mut command = sandbox.command(&["run"]);
    command.env("TRAILBLAZER_DB_URL", "postgresql://me:secret@127.0.0.1:1/none");
    let failed = Run::of(command.output().unwrap()).exits(4);
    let text = fs::read_to_string(sandbox.folder().join("logs/trailblazer-run_rCURRENT.log")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logged: Vec<&str> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    let said: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(logged[..said.len()], said);
    let last = &lines[lines.len() - 1];
    assert_eq!((&last["level"], lines.len()), (&"error".into(), said.len() + 1));
    assert!(failed.stderr.contains(logged[said.len()].split("; hint").next().unwrap()), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn a_log_folder_that_is_not_writable_is_an_error_in_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox.configure("log: { dir: file/logs }");
    sandbox.write("file", "not a folder");
    let run = sandbox.run(&["run"]).exits(3);
    let path = sandbox.folder().join("file/logs");
    let told = format!("error: log.dir: cannot write log files in {}: Not a directory (os error 20)\n", path.display());
    assert_eq!(run.stderr, told);
}

#[test]
fn log_file_of_its_largest_size_is_renamed() {
    let sandbox = Sandbox::new();
    sandbox.configure("log: { dir: logs, max_megabytes: 1 }");
    let current = sandbox.write("logs/trailblazer-run_rCURRENT.log", "x".repeat(1024 * 1024 + 1));
    sandbox.run(&["run"]).success();
    let text = fs::read_to_string(current).unwrap();
    assert!(!text.starts_with('x') && text.contains("] info: nothing to do\n"), "{text}");
    assert_eq!(fs::read_dir(sandbox.folder().join("logs")).unwrap().count(), 2);
}
