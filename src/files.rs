//! Writes files that the user names.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Maximum number of symbolic links that are followed, as in Linux.
const LINKS: usize = 40;

/// The place for the output of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// The path as the user wrote it.
    path: PathBuf,
    /// The file to replace. `None` for a device or a pipe.
    replaced: Option<PathBuf>,
}

impl OutputFile {
    /// Rejects a folder, and a file in a folder that does not exist.
    pub fn new(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Err(Error::usage(format!("{} is a folder; pass the name of a file", path.display())));
        }
        let replaced = replaced(path).map_err(Error::file(path))?;
        let folder = folder_of(replaced.as_deref().unwrap_or(path));
        let is_file = !path.as_os_str().as_bytes().ends_with(b"/");
        if folder.is_dir() && is_file {
            return Ok(Self { path: path.to_owned(), replaced });
        }
        let missing = if is_file { folder } else { path };
        Err(Error::Usage {
            message: format!("there is no folder {}", missing.display()),
            hint: Some("Create the folder, or pass the path of a file in an existing folder.".into()),
        })
    }

    /// Returns the path as the user wrote it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the output goes to a device or a pipe.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.replaced.is_none()
    }

    /// Calls `write` with an open file. A regular file is replaced when `write` has returned, and is unchanged after an error. It keeps
    /// its permissions, and a new file gets `mode`. The content is written directly to a device or a pipe.
    pub fn write(&self, mode: u32, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
        let Some(target) = &self.replaced else {
            let mut stream = fs::OpenOptions::new().write(true).open(&self.path).map_err(Error::file(&self.path))?;
            return write(&mut stream);
        };
        // The library adds its temporary file to the error, which would confuse users.
        let failed = |error: io::Error| Error::file(&self.path)(error.kind().into());
        let folder = folder_of(target);
        let permissions = fs::metadata(target).map_or(Permissions::from_mode(mode), |found| found.permissions());
        let mut file = tempfile::Builder::new()
            .prefix(".trailblazer-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder)
            .map_err(|error| Error::file(folder)(error.kind().into()))?;
        write(file.as_file_mut())?;
        if target.exists() {
            file.as_file().set_permissions(permissions).map_err(failed)?;
        }
        file.as_file().sync_all().map_err(failed)?;
        file.persist(target).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Returns the regular file at the end of the links of `path`, which need not exist. `None` means a device, a pipe or an open file of
/// this process, such as `/dev/stdout`. A rename would replace these instead of writing to them.
fn replaced(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if fs::canonicalize(folder_of(&path)).is_ok_and(|folder| folder.starts_with("/proc")) {
            return Ok(None);
        }
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => path = folder_of(&path).join(fs::read_link(&path)?),
            Ok(found) => return Ok(found.is_file().then_some(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(path)),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Returns the folder of a file.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    use super::*;

    fn put(path: &Path, text: &str) -> Result<()> {
        OutputFile::new(path)?.write(0o600, |file| file.write_all(text.as_bytes()).map_err(Error::file(path)))
    }

    fn names(folder: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_when_it_is_complete_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        put(&path, "one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        put(&path, "two").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        let failed = OutputFile::new(&path).unwrap().write(0o600, |file| {
            file.write_all(b"half").unwrap();
            Err(Error::usage("stopped"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "stopped");
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(folder.path())), ("two", vec!["a".to_owned()]));
    }

    #[test]
    fn a_symbolic_link_stays_and_its_target_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("kept")).unwrap();
        let link = folder.path().join("link");
        symlink("kept/new", folder.path().join("second")).unwrap();
        symlink("second", &link).unwrap();
        for text in ["one", "two"] {
            put(&link, text).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("kept/new")).unwrap(), text);
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        symlink("loop", folder.path().join("loop")).unwrap();
        assert!(put(&folder.path().join("loop"), "x").unwrap_err().to_string().contains("too many symbolic links"));
    }

    #[test]
    fn devices_and_pipes_are_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("null");
        symlink("/dev/null", &link).unwrap();
        put(&link, "x").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(put(Path::new("/dev/full"), "x").unwrap_err().to_string().starts_with("/dev/full: "));
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        put(&pipe, "through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        // An open file is not replaced, because the process that opened it would continue to write to the old one.
        let open = File::create(folder.path().join("open")).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&open);
        assert!(OutputFile::new(Path::new(&format!("/dev/fd/{number}"))).unwrap().is_stream());
    }

    #[test]
    fn folders_and_missing_folders_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let said = |path: &Path| OutputFile::new(path).unwrap_err().to_string();
        let path = folder.path();
        assert_eq!(said(path), format!("{} is a folder; pass the name of a file", path.display()));
        assert_eq!(said(&path.join("no/file")), format!("there is no folder {}", path.join("no").display()));
        assert_eq!(said(&path.join("no/")), format!("there is no folder {}", path.join("no/").display()));
    }
}
