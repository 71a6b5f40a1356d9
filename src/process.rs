//! Checks whether the process that made a claim on this machine still exists.
//!
//! A worker's name contains its host and process id. However, several containers can have the same host name, and the system
//! reuses process ids. Therefore a claim also stores an identity: the boot of the machine, the process namespace, and the
//! start time of the process.

use nix::errno::Errno;
use nix::sys::signal;
use nix::unistd::Pid;
use sha2::{Digest, Sha256};

/// Returns the identity of this process, which is unique on this machine. `None` if the system does not provide the
/// necessary data.
#[must_use]
pub fn own_identity() -> Option<String> {
    let start = Stat::of(std::process::id())?.start;
    Some(format!("{}/{start}", machine()?))
}

/// Returns whether the process of a worker has certainly ended. `worker` is `host/pid/thread`, and `identity` is the result of
/// [`own_identity`] in that process. In case of doubt, it returns false.
#[must_use]
pub fn has_ended(worker: &str, identity: &str) -> bool {
    let mut parts = worker.rsplitn(3, '/').skip(1);
    let (pid, host) = (parts.next().and_then(|pid| pid.parse::<u32>().ok()), parts.next());
    let (Some(pid), Some(host), Some((there, start))) = (pid, host, identity.split_once('/')) else { return false };
    if host != gethostname::gethostname().to_string_lossy() || machine().as_deref() != Some(there) {
        return false;
    }
    match Stat::of(pid) {
        Some(process) => process.has_ended || process.start != start,
        // If the process is hidden from this account, the signal fails with a different error than it does for a
        // missing process.
        None => i32::try_from(pid).is_ok_and(|pid| signal::kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH)),
    }
}

/// Returns a name for this boot of the machine and this process namespace, in which process ids are unique.
fn machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let digest = Sha256::digest(format!("{} {}", boot.trim(), namespace.display()));
    Some(hex::encode(&digest[..8]))
}

/// The part of `/proc/PID/stat` that identifies a process.
struct Stat {
    /// The process has ended, but its parent has not read the exit code.
    has_ended: bool,
    /// Start time in clock ticks since the boot.
    start: String,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The program name is in parentheses and may itself contain spaces and parentheses.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self { has_ended: matches!(*fields.first()?, "Z" | "X"), start: (*fields.get(19)?).to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// Starts a process in place of a worker. It runs until its standard input is closed.
    fn worker() -> (std::process::Child, String, String) {
        let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let name = format!("{}/{}/0", gethostname::gethostname().to_string_lossy(), child.id());
        let identity = format!("{}/{}", machine().unwrap(), Stat::of(child.id()).unwrap().start);
        (child, name, identity)
    }

    #[test]
    fn a_process_has_ended_when_it_was_killed_and_not_before() {
        let (mut child, name, identity) = worker();
        assert!(!has_ended(&name, &identity));
        child.kill().unwrap();
        // Check once before the exit code is read, and once after.
        let is_zombie = || Stat::of(child.id()).is_none_or(|stat| stat.has_ended);
        while !is_zombie() {
            std::thread::yield_now();
        }
        assert!(has_ended(&name, &identity));
        child.wait().unwrap();
        assert!(has_ended(&name, &identity));
    }

    #[test]
    fn another_process_with_the_same_id_is_not_the_one_that_made_the_claim() {
        let (mut child, name, identity) = worker();
        let machine = identity.split_once('/').unwrap().0;
        assert!(has_ended(&name, &format!("{machine}/1")));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn nothing_is_known_of_other_machines_and_containers() {
        let (mut child, name, identity) = worker();
        child.kill().unwrap();
        child.wait().unwrap();
        let (machine, start) = identity.split_once('/').unwrap();
        let pid = child.id();
        assert!(has_ended(&name, &identity));
        for (name, identity) in [
            (format!("elsewhere/{pid}/0"), identity.clone()),
            (name.clone(), format!("{}/{start}", "0".repeat(16))),
            (name.clone(), machine.to_owned()),
            (name.clone(), String::new()),
            ("nightly job".to_owned(), identity.clone()),
            (format!("{}/x/0", gethostname::gethostname().to_string_lossy()), identity.clone()),
        ] {
            assert!(!has_ended(&name, &identity), "{name} {identity}");
        }
    }

    #[test]
    fn this_process_exists() {
        let identity = own_identity().unwrap();
        let name = format!("{}/{}/3", gethostname::gethostname().to_string_lossy(), std::process::id());
        assert!(identity.len() < 64 && !has_ended(&name, &identity), "{identity}");
    }
}
