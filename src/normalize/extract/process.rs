//! Reads a file in a separate process. If the file exhausts memory, time or stack, only that process ends, and the file is reported.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::resource::{Resource, setrlimit};

use super::super::text::Losses;
use super::{Format, MAX_FILE, MAX_TEXT, extract};

/// Name of the hidden command that reads one file from its standard input.
pub const COMMAND: &str = "extract";

/// Maximum memory for reading a file, in bytes.
const MEMORY_BYTES: u64 = 512 << 20;
/// Maximum processor time for reading a file, in seconds.
const SECONDS: u64 = 60;
/// Maximum size of the counts before the text, in bytes.
const MAX_LOSSES: u64 = 4096;
/// Stack size of the thread that reads a file. Objects in these files are nested, and libraries read them recursively.
const STACK_BYTES: usize = 64 << 20;

/// Runs `program`, which is trailblazer, to extract the text of a file and the counts of what was left out.
pub(in super::super) fn run(program: &Path, format: Format, bytes: &[u8]) -> Result<(String, Losses), String> {
    let mut command = Command::new(program);
    command.args([COMMAND, format.name()]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // The allocator would reserve more addresses than the limit allows.
    command.env("MIMALLOC_DISALLOW_ARENA_ALLOC", "1");
    let mut child = command.spawn().map_err(|error| format!("cannot start a process to read it: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // If the process has ended, the write fails, and the exit code contains the reason.
        let _ = stdin.write_all(bytes);
    }
    let mut answer = String::new();
    let read = child.stdout.take().map(|stdout| stdout.take(MAX_TEXT + MAX_LOSSES).read_to_string(&mut answer));
    let status = child.wait().map_err(|error| format!("cannot start a process to read it: {error}"))?;
    let damaged = || "it is damaged, or reading it takes too much memory or time".to_owned();
    match (status.code(), read) {
        (Some(0), Some(Ok(_))) => {
            let (losses, text) = answer.split_once('\n').ok_or_else(damaged)?;
            Ok((text.to_owned(), serde_json::from_str(losses).map_err(|_| damaged())?))
        }
        (Some(1), Some(Ok(_))) => Err(answer),
        _ => Err(damaged()),
    }
}

/// Reads a file from standard input with bounded memory and time. Returns a line with the counts of what was left out and the
/// text, or the reason why it cannot be read.
pub fn answer(format: Format) -> Result<String, String> {
    // If the system does not support these limits, continue without them.
    let _ = setrlimit(Resource::RLIMIT_AS, MEMORY_BYTES, MEMORY_BYTES);
    let _ = setrlimit(Resource::RLIMIT_CPU, SECONDS, SECONDS);
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if read as u64 > MAX_FILE {
        return Err(format!("it has more than {MAX_FILE} bytes"));
    }
    let reader = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || extract(format, bytes));
    let reader = reader.map_err(|error| format!("cannot start a thread to read it: {error}"))?;
    let (text, losses) = reader.join().unwrap_or_else(|_| Err("it is damaged".to_owned()))?;
    let losses = serde_json::to_string(&losses).map_err(|error| error.to_string())?;
    Ok(format!("{losses}\n{text}"))
}
