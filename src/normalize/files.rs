//! Opens files of the input. Symbolic links out of the input are not followed, and only regular files are opened.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Why a file is not read although it exists.
pub const LEADS_OUT: &str = "it is a symbolic link that leads out of the input; copy the file into the input";
pub const NOT_A_FILE: &str = "it is not a regular file";

/// The folder of the input after symbolic links are resolved.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    /// Returns the input if it is a folder, and otherwise the folder that contains it.
    pub fn of(input: &Path) -> Result<Self> {
        let folder = if input.is_dir() { input } else { input.parent().unwrap_or(input) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        folder.canonicalize().map(Self)
    }

    /// Returns whether symbolic links in a path lead out of the folder.
    pub fn is_left_by(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|path| !path.starts_with(&self.0))
    }

    /// Returns whether a path is a regular file in the folder.
    pub fn has(&self, path: &Path) -> bool {
        path.is_file() && !self.is_left_by(path)
    }

    /// Opens a regular file in the folder.
    pub fn open(&self, path: &Path) -> Result<File> {
        if self.is_left_by(path) {
            return Err(Error::new(ErrorKind::InvalidInput, LEADS_OUT));
        }
        open(path)
    }
}

/// Opens a regular file. Opening a pipe could wait forever.
pub fn open(path: &Path) -> Result<File> {
    if fs::metadata(path)?.is_file() { File::open(path) } else { Err(Error::new(ErrorKind::InvalidInput, NOT_A_FILE)) }
}
