//! Finds and stops the server of a data directory, and removes its old files.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::local_server::{LocalServerError, io};

/// Returns the process id of the postmaster for `data_dir`, if it is running.
pub(super) fn pid(data_dir: &Path) -> Option<i32> {
    let pid = recorded_pid(data_dir)?;
    (is_alive(pid) && !serves_elsewhere(pid, data_dir)).then_some(pid)
}

/// Removes a stale `postmaster.pid` whose process id now belongs to an unrelated process. Returns whether it was stale.
///
/// PostgreSQL replaces the file if no process has this id. If another process of the same account has the id after a
/// restart of the machine, PostgreSQL must assume that a server is still running.
pub(super) fn forget_stale_pid(data_dir: &Path) -> Result<bool, LocalServerError> {
    let Some(pid) = recorded_pid(data_dir) else { return Ok(false) };
    if is_alive(pid) && serves_elsewhere(pid, data_dir) {
        let path = data_dir.join("postmaster.pid");
        fs::remove_file(&path).map_err(io("remove", &path))?;
    }
    Ok(true)
}

/// Stops the server with a fast shutdown, and waits until it has ended.
/// Returns its process id, or `None` if no server was running.
pub(super) fn stop(data_dir: &Path, patience: Duration) -> Result<Option<i32>, LocalServerError> {
    let Some(running) = pid(data_dir) else { return Ok(None) };
    match kill(Pid::from_raw(running), Signal::SIGINT) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => return Err(io("signal the server of", data_dir)(errno.into())),
    }
    let begun = Instant::now();
    while is_alive(running) && pid(data_dir) == Some(running) {
        if begun.elapsed() > patience {
            return Err(LocalServerError::StillRunning { pid: running, seconds: patience.as_secs() });
        }
        sleep(Duration::from_millis(20));
    }
    Ok(Some(running))
}

fn recorded_pid(data_dir: &Path) -> Option<i32> {
    let text = fs::read_to_string(data_dir.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok().filter(|pid| *pid > 0)
}

fn is_alive(pid: i32) -> bool {
    // EPERM means that the process belongs to another account, so it is not our server. PostgreSQL uses the same rule.
    kill(Pid::from_raw(pid), None).is_ok()
}

/// Returns whether the process is certainly not a postmaster for `data_dir`.
///
/// The working directory of a postmaster is its data directory. A zombie process has no working directory. The path of the working
/// directory may differ from `data_dir`, because it may lead through a link, or belong to another mount namespace.
fn serves_elsewhere(pid: i32, data_dir: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino()));
    match identity(&process.join("cwd")) {
        Ok(cwd) => identity(data_dir).map_or(true, |data_dir| cwd != data_dir),
        Err(error) => error.kind() == ErrorKind::NotFound && process.is_dir(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn forget_stale_pid_removes_the_number_of_an_unrelated_process() {
        let data_dir = tempfile::tempdir().unwrap();
        let pid_file = data_dir.path().join("postmaster.pid");
        fs::write(&pid_file, format!("{}\n/somewhere\n", std::process::id())).unwrap();

        assert_eq!(pid(data_dir.path()), None);
        assert!(forget_stale_pid(data_dir.path()).unwrap());
        assert!(!pid_file.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_server_is_found_by_every_path_of_its_data_directory() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        fs::create_dir(&data_dir).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("data", &link).unwrap();
        let mut server = std::process::Command::new("sleep").arg("60").current_dir(&data_dir).spawn().unwrap();
        let number = i32::try_from(server.id()).unwrap();
        fs::write(data_dir.join("postmaster.pid"), format!("{number}\n")).unwrap();
        let found = [&data_dir, &link].map(|path| pid(path));
        assert!(forget_stale_pid(&link).unwrap());
        let is_kept = data_dir.join("postmaster.pid").exists();
        server.kill().unwrap();
        server.wait().unwrap();
        assert_eq!((found, is_kept), ([Some(number), Some(number)], true));
    }

    #[test]
    fn forget_stale_pid_leaves_a_dead_number_to_postgres_which_checks_shared_memory_first() {
        let data_dir = tempfile::tempdir().unwrap();
        let pid_file = data_dir.path().join("postmaster.pid");
        fs::write(&pid_file, "2147483646\n").unwrap();

        assert_eq!(pid(data_dir.path()), None);
        assert!(forget_stale_pid(data_dir.path()).unwrap());
        assert!(pid_file.exists());
    }
}
