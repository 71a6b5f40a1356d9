//! A log file that several processes share. It is rotated once a day and when it reaches its maximum size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use nix::fcntl::{Flock, FlockArg};

use crate::lock::locked;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A log file, and the rules for its rotation.
#[derive(Debug)]
pub struct LogFile {
    folder: PathBuf,
    name: String,
    max_bytes: u64,
    keep_days: u32,
    open: Mutex<Option<File>>,
}

impl LogFile {
    /// Opens the log file `NAME_rCURRENT.log` in `folder`. Creates both if necessary.
    pub fn open(folder: &Path, name: &str, max_bytes: u64, keep_days: u32) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let this =
            Self { folder: folder.to_owned(), name: name.to_owned(), max_bytes, keep_days, open: Mutex::new(None) };
        *locked(&this.open) = Some(this.current()?);
        Ok(this)
    }

    /// Appends a line. If the file is full or from an earlier day, renames it first.
    pub fn write(&self, line: &[u8], now: DateTime<Utc>) -> io::Result<()> {
        let mut open = locked(&self.open);
        let mut file = match open.take() {
            Some(file) if self.is_current(&file) => file,
            // Another process has rotated the file, or somebody has removed it.
            _ => self.current()?,
        };
        let meta = file.metadata()?;
        let is_of_today = DateTime::<Utc>::from(meta.modified()?).date_naive() >= now.date_naive();
        if meta.len() > 0 && (!is_of_today || meta.len() + line.len() as u64 > self.max_bytes) {
            file = self.rotate(file, now)?;
        }
        let written = file.write_all(line);
        *open = Some(file);
        written
    }

    fn path(&self) -> PathBuf {
        self.folder.join(format!("{}_rCURRENT.log", self.name))
    }

    fn current(&self) -> io::Result<File> {
        OpenOptions::new().append(true).create(true).open(self.path())
    }

    /// Returns whether the open file still has the name of the current file.
    fn is_current(&self, file: &File) -> bool {
        let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
        let (open, named) = (file.metadata().map(identity), fs::metadata(self.path()).map(identity));
        matches!((open, named), (Ok(open), Ok(named)) if open == named)
    }

    /// Renames the file to a name with the time, deletes old files, and returns a new file. If another process does the same at the
    /// same time, only one of them renames it.
    fn rotate(&self, file: File, now: DateTime<Utc>) -> io::Result<File> {
        let full = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| io::Error::from(error))?;
        if self.is_current(&full) {
            fs::rename(self.path(), self.free_name(now))?;
            self.delete_old(now);
        }
        self.current()
    }

    /// Returns a name that no file has.
    fn free_name(&self, now: DateTime<Utc>) -> PathBuf {
        let time = now.format("%Y-%m-%d_%H-%M-%S");
        let numbered = |number: u32| match number {
            0 => self.folder.join(format!("{}_r{time}.log", self.name)),
            _ => self.folder.join(format!("{}_r{time}.{number}.log", self.name)),
        };
        (0..=u32::MAX).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| numbered(0))
    }

    fn delete_old(&self, now: DateTime<Utc>) {
        let oldest = SystemTime::from(now).checked_sub(DAY.saturating_mul(self.keep_days));
        let (Some(oldest), Ok(entries)) = (oldest, fs::read_dir(&self.folder)) else { return };
        let prefix = format!("{}_r2", self.name);
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_rotated = Path::new(&name).extension().is_some_and(|extension| extension == "log")
                && name.to_str().is_some_and(|name| name.starts_with(&prefix));
            let is_old = || entry.metadata().and_then(|meta| meta.modified()).is_ok_and(|at| at < oldest);
            if is_rotated && is_old() {
                // Ignore errors, because the next rotation tries again.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A moment today. The file system sets the times of files, so the tests cannot choose the day.
    #[expect(clippy::disallowed_methods, reason = "compared with the times of files")]
    fn today() -> DateTime<Utc> {
        SystemTime::now().into()
    }

    #[test]
    fn two_processes_rotate_a_shared_file_once_and_lose_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let open = || LogFile::open(folder.path(), "run", 100, 14).unwrap();
        let (one, other) = (open(), open());
        for number in 0..40 {
            let writer = if number % 3 == 0 { &one } else { &other };
            writer.write(format!("line {number:02}\n").as_bytes(), today()).unwrap();
        }
        let files = names(folder.path());
        // Each line has 8 bytes, so a file contains 12 of them.
        assert_eq!(files.len(), 4, "{files:?}");
        let mut lines = Vec::new();
        for file in &files {
            let text = fs::read_to_string(folder.path().join(file)).unwrap();
            assert!(text.len() <= 100, "{file}: {}", text.len());
            lines.extend(text.lines().map(str::to_owned));
        }
        lines.sort();
        assert_eq!(lines, (0..40).map(|number| format!("line {number:02}")).collect::<Vec<_>>());
    }

    #[test]
    fn many_threads_that_find_a_full_file_rename_it_once() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let file = LogFile::open(folder.path(), "run", 1000, 14).unwrap();
                    (0..50).for_each(|_| file.write(b"0123456789012345678\n", today()).unwrap());
                });
            }
        });
        let sizes: Vec<u64> =
            names(folder.path()).iter().map(|name| fs::metadata(folder.path().join(name)).unwrap().len()).collect();
        assert_eq!(sizes.iter().sum::<u64>(), 8 * 50 * 20);
        // A process may append to a file that another one has just renamed. No file is nearly empty.
        assert!(sizes.len() <= 9, "{sizes:?}");
    }

    #[test]
    fn a_file_of_yesterday_is_renamed_and_old_files_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let file = LogFile::open(folder.path(), "run", 1000, 14).unwrap();
        for name in ["run_r2001-01-01_00-00-00.log", "other_r2001-01-01_00-00-00.log"] {
            let old = File::create(folder.path().join(name)).unwrap();
            old.set_modified(SystemTime::from(today() - chrono::TimeDelta::days(15))).unwrap();
        }
        file.write(b"yesterday\n", today()).unwrap();
        file.write(b"today\n", today() + chrono::TimeDelta::days(1)).unwrap();
        let found = names(folder.path());
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "other_r2001-01-01_00-00-00.log");
        assert_eq!(fs::read_to_string(folder.path().join("run_rCURRENT.log")).unwrap(), "today\n");
    }

    #[test]
    fn a_file_that_somebody_removed_is_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = LogFile::open(folder.path(), "run", 1000, 14).unwrap();
        file.write(b"one\n", today()).unwrap();
        fs::remove_file(folder.path().join("run_rCURRENT.log")).unwrap();
        file.write(b"two\n", today()).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("run_rCURRENT.log")).unwrap(), "two\n");
    }
}
