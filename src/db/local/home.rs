//! The folders of a private server, and the account that runs it.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::{Uid, User, geteuid};

use crate::error::local_server::{LocalServerError, io};
use crate::ids::short_hash;

/// The folder for servers that root starts, and for copies of server programs.
pub(super) const ROOT_HOME: &str = "/var/lib/trailblazer";
/// Maximum length of the path of a Unix socket. macOS allows 103 bytes, and Linux allows 107.
const LONGEST_SOCKET_PATH: usize = 103;

/// The unprivileged account that runs a server when root starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    fn unprivileged() -> Result<Self, LocalServerError> {
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
            .ok_or(LocalServerError::NoAccount)
    }

    fn owner_of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        (meta.uid() != 0).then(|| Self { uid: meta.uid(), gid: meta.gid() })
    }
}

/// The folder of one private server. It contains `data`, `socket`, `log` and the lock that serializes starts.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) dir: PathBuf,
    /// `None` means the account of this process.
    pub(super) account: Option<Account>,
}

impl Home {
    /// Returns the home of the workspace's server.
    ///
    /// For an ordinary user, it is `<workspace>/postgres`.
    /// For root, it is a different folder, because the account of the server may not have access to the checkout.
    /// If an ordinary user created the server, it stays in the folder of that user even if root starts it.
    pub(super) fn of_workspace(workspace: &Path) -> Result<Self, LocalServerError> {
        let workspace = resolved(workspace).map_err(io("resolve", workspace))?;
        let beside = workspace.join("postgres");
        if !geteuid().is_root() {
            refuse_other_owner(&beside, geteuid().as_raw())?;
            return Ok(Self { dir: beside, account: None });
        }
        if let Some(owner) = Account::owner_of(&beside.join("data")) {
            return Ok(Self { dir: beside, account: Some(owner) });
        }
        let dir = Path::new(ROOT_HOME).join(short_hash(workspace.as_os_str()));
        Ok(Self { dir, account: Some(Account::unprivileged()?) })
    }

    /// Returns a home in a folder that the caller has created.
    pub(super) fn in_folder(dir: &Path) -> Result<Self, LocalServerError> {
        let dir = dir.canonicalize().map_err(io("resolve", dir))?;
        if !geteuid().is_root() {
            return Ok(Self { dir, account: None });
        }
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).map_err(io("set the mode of", &dir))?;
        Ok(Self { dir, account: Some(Account::unprivileged()?) })
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.dir.join("log/server.log")
    }

    /// Returns the folder of the socket. It is in the home, or below `/tmp` if that path would be too long for a socket.
    pub(super) fn socket_dir(&self) -> PathBuf {
        let usual = self.dir.join("socket");
        if usual.join(".s.PGSQL.5432").as_os_str().len() <= LONGEST_SOCKET_PATH {
            return usual;
        }
        // TMPDIR may differ between logins, but all of them must find the same socket.
        Path::new("/tmp").join(format!("trailblazer-{}", short_hash(self.dir.as_os_str())))
    }

    /// Creates missing folders with the necessary permissions. The caller must hold the lock.
    pub(super) fn create_folders(&self) -> Result<(), LocalServerError> {
        self.create_private(&self.dir.join("log"))?;
        self.create_private(&self.socket_dir())?;
        self.check_socket_dir()
    }

    /// Creates a folder that only the server's account can access. Also fixes the owner of a folder that a killed process left.
    pub(super) fn create_private(&self, dir: &Path) -> Result<(), LocalServerError> {
        match dir.symlink_metadata() {
            Ok(meta) if meta.uid() != 0 => return Ok(()),
            Ok(_) => {}
            Err(_) => create_dir(dir, 0o700)?,
        }
        self.give(dir)
    }

    /// Makes the server's account the owner of a path.
    pub(super) fn give(&self, path: &Path) -> Result<(), LocalServerError> {
        let Some(account) = self.account else { return Ok(()) };
        std::os::unix::fs::lchown(path, Some(account.uid), Some(account.gid)).map_err(io("change the owner of", path))
    }

    /// Rejects a socket folder that somebody else created or can access, because only its permissions protect the server.
    pub(super) fn check_socket_dir(&self) -> Result<(), LocalServerError> {
        let dir = self.socket_dir();
        let meta = dir.symlink_metadata().map_err(io("read", &dir))?;
        let owner = self.account.map_or_else(|| geteuid().as_raw(), |account| account.uid);
        if meta.is_dir() && meta.uid() == owner && meta.mode() % 0o100 == 0 {
            Ok(())
        } else {
            Err(LocalServerError::UnsafeSocketDirectory(dir))
        }
    }

    /// Creates the home, and waits for the lock that serializes starts and stops. Drop the guard to release the lock.
    pub(super) fn lock(&self) -> Result<Flock<fs::File>, LocalServerError> {
        // The account must not be able to replace root's lock file.
        // Therefore root owns the home, and the account owns its content.
        if let Some(parent) = self.dir.parent() {
            create_dir(parent, 0o755)?;
        }
        create_dir(&self.dir, if self.account.is_some() { 0o755 } else { 0o700 })?;
        let path = self.dir.join("lock");
        let mut options = fs::File::options();
        // Root may use the home of an ordinary user. It follows no links there, and the files keep their owner.
        options.read(true).write(true).create(true).truncate(false).custom_flags(OFlag::O_NOFOLLOW.bits());
        let file = options.open(&path).map_err(io("open", &path))?;
        if self.account.is_some() && self.account == Account::owner_of(&self.dir) {
            self.give(&path)?;
        }
        Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| io("lock", &path)(errno.into()))
    }

    /// Returns a command that runs as the server's account in the home. Ctrl-C in the terminal does not reach it.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // The account may not have access to the working directory. PGDATA or PGPORT may refer to another server.
        command.current_dir(&self.dir).stdin(Stdio::null()).process_group(0);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }
}

/// Rejects a server that another user created. Its files would look as if they were absent.
fn refuse_other_owner(dir: &Path, user: u32) -> Result<(), LocalServerError> {
    let Ok(meta) = fs::metadata(dir.join("data")).or_else(|_| fs::metadata(dir)) else { return Ok(()) };
    if meta.uid() == user {
        return Ok(());
    }
    let account = User::from_uid(Uid::from_raw(meta.uid())).ok().flatten();
    let owner = account.map_or_else(|| format!("user {}", meta.uid()), |account| account.name);
    Err(LocalServerError::OtherOwner { dir: dir.to_owned(), owner })
}

/// Resolves the links in a path, as far as the path exists.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(resolved(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?.join(name))
        }
        (found, ..) => found,
    }
}

/// Creates a folder with exactly this mode, regardless of the umask. An existing folder is not changed.
fn create_dir(dir: &Path, mode: u32) -> Result<(), LocalServerError> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(mode).create(dir).map_err(io("create", dir))?;
    fs::set_permissions(dir, fs::Permissions::from_mode(mode)).map_err(io("set the mode of", dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(dir: &str) -> Home {
        Home { dir: dir.into(), account: None }
    }

    #[test]
    fn socket_dir_is_in_the_home_when_the_path_fits() {
        assert_eq!(home("/srv/docs/var/postgres").socket_dir(), Path::new("/srv/docs/var/postgres/socket"));
    }

    #[test]
    fn socket_dir_of_a_deep_home_is_short_and_its_own() {
        let deep = |name: &str| home(&format!("/{}/{name}", "folder/".repeat(20))).socket_dir();
        assert!(deep("a").join(".s.PGSQL.5432").as_os_str().len() <= LONGEST_SOCKET_PATH);
        assert_ne!(deep("a"), deep("b"));
        assert_eq!(deep("a"), deep("a"));
    }

    #[test]
    fn check_socket_dir_refuses_a_folder_that_others_may_enter() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { dir: folder.path().to_owned(), account: None };
        let _lock = home.lock().unwrap();
        home.create_folders().unwrap();
        fs::set_permissions(home.socket_dir(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(home.check_socket_dir(), Err(LocalServerError::UnsafeSocketDirectory(_))));
    }
}
