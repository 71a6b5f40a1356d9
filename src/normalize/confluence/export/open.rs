//! Finds and opens an export: a zip file, a folder, or `entities.xml`.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::super::io_error;
use super::attached::Attached;
use crate::normalize::ReadError;
use crate::normalize::files::Root;

pub const ENTITIES: &str = "entities.xml";
const DESCRIPTOR: &str = "exportDescriptor.properties";
/// Files and folders of an unpacked export that are not read as page files.
pub const OWN: &[&str] = &[ENTITIES, DESCRIPTOR, "plugin-data", "resources"];
/// Maximum size of the description in bytes.
const MAX_DESCRIPTOR: u64 = 64 * 1024;
/// Maximum size of an unpacked `entities.xml` in bytes.
const MAX_UNPACKED: u64 = 16 * 1024 * 1024 * 1024;

/// An export before it is read.
pub struct Found {
    /// The file or folder in the arguments.
    pub(super) path: PathBuf,
    /// The name of `entities.xml` in documents and error messages.
    pub(super) name: String,
    /// The unpacked `entities.xml`.
    pub(super) entities: File,
    pub(super) attachments: Attached,
    /// The description of the export.
    pub(super) descriptor: String,
}

impl Found {
    /// Returns the name of `entities.xml` in documents and error messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether two exports have the same content. For example, an export may have been unpacked next to its zip file.
    pub(super) fn is_copy(&self, other: &Self) -> bool {
        have_same_content(&self.entities, &other.entities).unwrap_or(false)
    }
}

/// Opens a file if it is a space export. `root` is the folder of the input.
pub fn find(input: &Path, root: &Root) -> Result<Option<Found>, ReadError> {
    let has_extension = |wanted: &str| input.extension().is_some_and(|found| found.eq_ignore_ascii_case(wanted));
    if has_extension("zip") {
        return unzip(input).map(Some);
    }
    if has_extension("xml") && is_export(input)? {
        return open(input, root).map(Some);
    }
    Ok(None)
}

/// Opens an unpacked export.
fn open(path: &Path, root: &Root) -> Result<Found, ReadError> {
    let entities = File::open(path).map_err(io_error(path))?;
    let mut descriptor = String::new();
    if let Ok(file) = root.open(&path.with_file_name(DESCRIPTOR)) {
        // Without a description, the address of the site is unknown.
        let _ = file.take(MAX_DESCRIPTOR).read_to_string(&mut descriptor);
    }
    let attachments = Attached::Folder(path.parent().unwrap_or(path).to_owned(), root.clone());
    Ok(Found { path: path.to_owned(), name: ENTITIES.to_owned(), entities, attachments, descriptor })
}

/// Opens `path` if it is an export in a folder with other files. `relative` is its path in that folder.
pub fn find_among(path: &Path, relative: &str, root: &Root) -> Result<Option<Found>, ReadError> {
    let export = if path.is_dir() {
        let entities = path.join(ENTITIES);
        // An empty file is a damaged export.
        let is_empty = || std::fs::metadata(&entities).is_ok_and(|meta| meta.len() == 0);
        let is_export = root.has(&entities) && (relative.is_empty() || is_empty() || is_export(&entities)?);
        if is_export { Some(open(&entities, root)?) } else { None }
    } else {
        // Other zip files, such as attachments, are not exports.
        if entry(&archive(path)?, ENTITIES).is_some() { find(path, root)? } else { None }
    };
    let name = if relative.is_empty() { ENTITIES.to_owned() } else { format!("{relative}/{ENTITIES}") };
    Ok(export.map(|export| Found { name, ..export }))
}

/// Opens a zip file.
fn archive(path: &Path) -> Result<zip::ZipArchive<BufReader<File>>, ReadError> {
    let file = File::open(path).map_err(io_error(path))?;
    zip::ZipArchive::new(BufReader::new(file)).map_err(|error| broken(path, &error))
}

fn broken(path: &Path, error: &zip::result::ZipError) -> ReadError {
    ReadError::Input { message: format!("{} is not a readable zip file: {error}", path.display()) }
}

/// Returns the name of the entry `wanted` in any folder. If there are several, the topmost one is used.
fn entry(archive: &zip::ZipArchive<BufReader<File>>, wanted: &str) -> Option<String> {
    let names = archive.file_names().filter_map(Result::ok);
    let wanted = names.filter(|name| name.rsplit('/').next() == Some(wanted));
    wanted.min_by_key(|name| name.len()).map(Cow::into_owned)
}

/// Returns whether the content of a file with a different name begins like an export.
fn is_export(path: &Path) -> Result<bool, ReadError> {
    let mut head = Vec::new();
    File::open(path).map_err(io_error(path))?.take(1024).read_to_end(&mut head).map_err(io_error(path))?;
    Ok(String::from_utf8_lossy(&head).contains("<hibernate-generic"))
}

/// Unpacks `entities.xml` to a temporary file. The file is deleted when the process ends.
fn unzip(path: &Path) -> Result<Found, ReadError> {
    let broken = |error: zip::result::ZipError| broken(path, &error);
    let mut archive = archive(path)?;
    let Some(name) = entry(&archive, ENTITIES) else {
        let message = format!("{} does not contain {ENTITIES}; use an XML export of a space", path.display());
        return Err(ReadError::Input { message });
    };
    let mut descriptor = String::new();
    if let Some(name) = entry(&archive, DESCRIPTOR) {
        let file = archive.by_name(&name).map_err(broken)?;
        let mut bytes = Vec::new();
        file.take(MAX_DESCRIPTOR).read_to_end(&mut bytes).map_err(io_error(path))?;
        descriptor = String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut entities = tempfile::tempfile().map_err(io_error(&std::env::temp_dir()))?;
    let file = archive.by_name(&name).map_err(broken)?;
    let copied = std::io::copy(&mut file.take(MAX_UNPACKED + 1), &mut entities).map_err(io_error(path))?;
    if copied > MAX_UNPACKED {
        let message = format!("{ENTITIES} in {} is larger than {MAX_UNPACKED} bytes", path.display());
        return Err(ReadError::Input { message });
    }
    let prefix = name.strip_suffix(ENTITIES).unwrap_or_default().to_owned();
    let attachments = Attached::Zip(Box::new(Mutex::new(archive)), prefix);
    Ok(Found { path: path.to_owned(), name: ENTITIES.to_owned(), entities, attachments, descriptor })
}

fn have_same_content(one: &File, other: &File) -> std::io::Result<bool> {
    let length = one.metadata()?.len();
    if other.metadata()?.len() != length {
        return Ok(false);
    }
    let mut buffers = [vec![0; 1 << 16], vec![0; 1 << 16]];
    let mut at = 0;
    while at < length {
        let size = usize::try_from(length - at).unwrap_or(usize::MAX).min(1 << 16);
        let [first, second] = buffers.each_mut().map(|buffer| buffer.get_mut(..size).unwrap_or_default());
        one.read_exact_at(first, at)?;
        other.read_exact_at(second, at)?;
        if first != second {
            return Ok(false);
        }
        at += size as u64;
    }
    Ok(true)
}
