//! Reading a file in a process of its own: a file that exhausts memory, time or stack ends that process, and is reported.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::resource::{Resource, setrlimit};

use super::{Format, MAX_FILE, MAX_TEXT, extract};

/// Name of the hidden command that reads one file from its standard input.
pub const COMMAND: &str = "extract";

/// Bytes of memory that reading one file may take.
const MEMORY_BYTES: u64 = 512 << 20;
/// Seconds of processor time that it may take.
const SECONDS: u64 = 60;
/// Stack of the thread that reads. Objects in these files nest, and libraries read them by recursion.
const STACK_BYTES: usize = 64 << 20;

/// Has `program`, which is trailblazer, extract the text of a file.
pub(in super::super) fn run(program: &Path, format: Format, bytes: &[u8]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args([COMMAND, format.name()]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("no process to read it: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A process that has ended does not read on; its exit says why.
        let _ = stdin.write_all(bytes);
    }
    let mut answer = String::new();
    let read = child.stdout.take().map(|stdout| stdout.take(MAX_TEXT + 1).read_to_string(&mut answer));
    let status = child.wait().map_err(|error| format!("no process to read it: {error}"))?;
    match (status.code(), read) {
        (Some(0), Some(Ok(_))) => Ok(answer),
        (Some(1), Some(Ok(_))) => Err(answer),
        _ => Err("it is damaged, or takes too much memory or time to read".to_owned()),
    }
}

/// Reads a file from standard input with bounded memory and time. Returns its text, or why it cannot be read.
pub fn answer(format: Format) -> Result<String, String> {
    // Where the system knows no such limit, the process goes without.
    let _ = setrlimit(Resource::RLIMIT_AS, MEMORY_BYTES, MEMORY_BYTES);
    let _ = setrlimit(Resource::RLIMIT_CPU, SECONDS, SECONDS);
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if read as u64 > MAX_FILE {
        return Err(format!("it has more than {MAX_FILE} bytes"));
    }
    let reader = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || extract(format, bytes));
    let reader = reader.map_err(|error| format!("no thread to read it: {error}"))?;
    reader.join().unwrap_or_else(|_| Err("it is damaged".to_owned()))
}
