//! Reads and writes the artifact of a run: `<workspace>/runs/<run_id>/normalize/normalized.ndjson`, with one document
//! per line. It is kept so that a run can be loaded again.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::RunId;
use crate::normalize::{Document, LONGEST_ID, text};

/// The file name of an artifact.
pub const FILE_NAME: &str = "normalized.ndjson";
/// Maximum length of a line. The limit bounds the memory that a broken file can use.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// Returns the folder that contains the runs of a workspace.
#[must_use]
pub fn runs_folder(workspace: &Path) -> PathBuf {
    workspace.join("runs")
}

/// Returns the path of a run's artifact in the folder of runs.
#[must_use]
pub fn path(runs: &Path, run_id: &RunId) -> PathBuf {
    runs.join(run_id.as_str()).join("normalize").join(FILE_NAME)
}

/// The content of `manifest.json`, which describes the artifact in the same folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `normalize`.
    pub phase: String,
    /// The run.
    #[serde(default)]
    pub run_id: Option<String>,
    /// When the run was normalized (RFC 3339).
    pub completed_at: DateTime<Utc>,
    /// The input that was normalized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// Writes an artifact to a temporary file, syncs it, and renames it, so that the artifact is either complete or absent.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: BufWriter<tempfile::NamedTempFile>,
    /// Folders that were created for the artifact, innermost first.
    made: Vec<PathBuf>,
}

impl Writer {
    /// Creates the temporary file for the artifact at `path`.
    pub fn create(path: &Path) -> Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let made = folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let file = tempfile::Builder::new().prefix(".normalized-").tempfile_in(folder).map_err(Error::file(folder))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), made })
    }

    /// Discards the artifact. An earlier artifact stays, and new empty folders are removed.
    pub fn discard(self) {
        drop(self.file);
        for folder in self.made {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }

    /// Adds a document.
    pub fn write(&mut self, document: &Document) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.file, document)?;
        self.file.write_all(b"\n")
    }

    /// Writes all added documents to disk. Returns the path where they can be read until the artifact is in place.
    pub fn written(&mut self) -> Result<&Path> {
        self.file.flush().map_err(Error::file(&self.path))?;
        Ok(self.file.get_ref().path())
    }

    /// Moves the artifact and its manifest to their final paths, and keeps only the latest `keep` artifacts of the run. With
    /// `None`, it replaces the last artifact and keeps the earlier ones.
    pub fn finish(self, run_id: &RunId, input: &str, completed_at: DateTime<Utc>, keep: Option<usize>) -> Result<()> {
        let manifest = Manifest {
            phase: "normalize".into(),
            run_id: Some(run_id.to_string()),
            completed_at,
            input: Some(input.to_owned()),
        };
        let file = self.file.into_inner().map_err(|error| Error::file(&self.path)(error.into_error()))?;
        if let Some(keep) = keep {
            retire(&self.path, keep)?;
        }
        put_in_place(file, &self.path)?;
        let path = self.path.with_file_name("manifest.json");
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::file(folder))?;
        serde_json::to_writer_pretty(&mut file, &manifest).map_err(|error| Error::file(&path)(error.into()))?;
        put_in_place(file, &path)
    }
}

/// Returns the path of an earlier artifact or manifest. `age` is 1 for the artifact before the last update.
fn earlier(path: &Path, age: usize) -> PathBuf {
    path.with_extension(format!("{age}.{}", path.extension().unwrap_or_default().to_string_lossy()))
}

/// Renames the artifact at `path`, and deletes the oldest artifacts. After the next artifact is written, `keep` are left.
fn retire(path: &Path, keep: usize) -> Result<()> {
    for path in [path.to_owned(), path.with_file_name("manifest.json")] {
        for age in keep.max(1).. {
            if fs::remove_file(earlier(&path, age)).is_err() {
                break;
            }
        }
        for age in (1..keep.saturating_sub(1)).rev() {
            let older = earlier(&path, age + 1);
            match fs::rename(earlier(&path, age), &older) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::file(older)(error)),
                _ => {}
            }
        }
        if keep < 2 {
            continue;
        }
        // Add a second name to the old artifact, so that the run always has an artifact.
        let newest = earlier(&path, 1);
        let _ = fs::remove_file(&newest);
        match fs::hard_link(&path, &newest) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::file(newest)(error)),
            _ => {}
        }
    }
    Ok(())
}

fn put_in_place(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let readable = fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(readable).and_then(|()| file.as_file().sync_all()).map_err(Error::file(path))?;
    file.persist(path).map_err(|error| Error::file(path)(error.error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file(folder))
}

/// A line that is not a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLine {
    /// The line number, counted from 1.
    pub line: u64,
    /// The error.
    pub message: String,
}

/// Reads an artifact line by line, including artifacts of the earlier Python version of trailblazer.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    input: BufReader<File>,
    line: u64,
    seen: HashSet<String>,
}

impl Reader {
    /// Opens the artifact at `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::file(path))?;
        Ok(Self { path: path.to_owned(), input: BufReader::new(file), line: 0, seen: HashSet::new() })
    }

    /// Returns the next document or broken line, or `None` at the end.
    pub fn read(&mut self) -> Result<Option<std::result::Result<Document, BrokenLine>>> {
        loop {
            let mut bytes = Vec::new();
            let length =
                (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(Error::file(&self.path))?;
            if length == 0 {
                return Ok(None);
            }
            self.line += 1;
            if length as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
                self.input.skip_until(b'\n').map_err(Error::file(&self.path))?;
                return Ok(Some(Err(self.broken(format!("longer than {} MiB", LONGEST_LINE >> 20)))));
            }
            if !bytes.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(self.document(&bytes)));
            }
        }
    }

    fn document(&mut self, bytes: &[u8]) -> std::result::Result<Document, BrokenLine> {
        let text = std::str::from_utf8(bytes).map_err(|error| self.broken(format!("not UTF-8: {error}")))?;
        // The parser would count the line break at the end of an incomplete line as the start of another line.
        let text = text.trim_end_matches(['\r', '\n']);
        // Windows editors put a byte order mark before the first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut document: Document = serde_json::from_str(text).map_err(|error| self.broken(json_fault(&error)))?;
        sanitize(&mut document);
        if document.id.is_empty() || document.id.len() > LONGEST_ID {
            return Err(self.broken(format!("\"id\" is empty or longer than {LONGEST_ID} bytes")));
        }
        if !self.seen.insert(document.id.clone()) {
            return Err(
                self.broken(format!("an earlier line contains a document with the same id, \"{}\"", document.id))
            );
        }
        Ok(document)
    }

    fn broken(&self, message: String) -> BrokenLine {
        BrokenLine { line: self.line, message }
    }
}

/// Returns the message of serde without its line number, because the caller knows the line of the file.
fn json_fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => format!("{} (column {})", &text[..end], error.column()),
        None => text,
    }
}

/// Removes characters that PostgreSQL cannot store, and counts them. `stage::documents` cleans `meta`.
fn sanitize(document: &mut Document) {
    let Document { id, title, text_md, labels, breadcrumbs, losses, url, source_path, source_system, .. } = document;
    let single = [id, title, text_md, source_system]
        .into_iter()
        .chain(labels)
        .chain(breadcrumbs)
        .chain(url.as_mut())
        .chain(source_path.as_mut());
    for field in single {
        if let std::borrow::Cow::Owned(cleaned) = text::clean(field, losses) {
            *field = cleaned;
        }
    }
}

/// Returns the manifest of the artifact at `path`, if it can be read.
#[must_use]
pub fn manifest(path: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(path.with_file_name("manifest.json")).ok()?).ok()
}

/// Returns when an artifact was normalized. The time comes from the manifest, the run id or the file.
pub fn normalized_at(path: &Path, run_id: &RunId) -> Result<DateTime<Utc>> {
    if let Some(manifest) = manifest(path) {
        return Ok(manifest.completed_at);
    }
    let stamp =
        run_id.as_str().get(..17).and_then(|stamp| NaiveDateTime::parse_from_str(stamp, "%Y-%m-%d_%H%M%S").ok());
    if let Some(stamp) = stamp {
        return Ok(stamp.and_utc());
    }
    let modified = fs::metadata(path).and_then(|meta| meta.modified()).map_err(Error::file(path))?;
    Ok(modified.into())
}

/// Formats a time for people: in UTC, without fractions of a second.
#[must_use]
pub fn shown(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &[u8]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        fs::write(&path, text).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        std::iter::from_fn(|| reader.read().unwrap())
            .map(|read| match read {
                Ok(document) => format!("{} {:?}", document.id, document.text_md),
                Err(broken) => format!("{}: {}", broken.line, broken.message),
            })
            .collect()
    }

    #[test]
    fn a_broken_line_is_named_and_the_others_are_read() {
        let text = b"{\"id\":\"a\",\"title\":\"\",\"text_md\":\"x\\u0000y\",\"source_system\":\"dita\"}\n\
                     {\"id\":\"b\",\n\n\xff\n{\"id\":7}\n\
                     {\"id\":\"a\",\"title\":\"\",\"text_md\":\"\",\"source_system\":\"dita\"}\n\
                     {\"id\":\"c\",\"title\":\"\",\"text_md\":\"\",\"source_system\":\"dita\",\"links\":[\"http://x\"]}";
        insta::assert_snapshot!(read_all(text).join("\n"), @r#"
        a "xy"
        2: EOF while parsing a value (column 10)
        4: not UTF-8: invalid utf-8 sequence of 1 bytes from index 0
        5: invalid type: integer `7`, expected a string (column 7)
        6: an earlier line contains a document with the same id, "a"
        c ""
        "#);
    }
}
