//! Finds the page files and the space exports in an input, at any depth of its folders.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::super::files::{LEADS_OUT, NOT_A_FILE, Root};
use super::super::{FileError, Notice, Options, Outcome, ReadError};
use super::export;
use super::ingest;
use super::io_error;
use super::library::Source;
use super::naming::Naming;
use super::pages::{self, ATTACHMENTS, ENDINGS, File, extension, is_page_file};

/// Maximum depth of folders. Deeper folders are skipped.
const MAX_DEPTH: usize = 64;

/// The sources of an input, and the outcomes to report before them.
type Opened = (Vec<Box<dyn Source>>, Vec<Outcome>);

/// Opens everything in `input`: first the page files, sorted by path, then the space exports.
/// Folders that cannot be read are reported first.
pub(super) fn open(input: &Path, options: &Options, naming: &Naming) -> Result<Opened, ReadError> {
    if !input.is_dir() && !input.is_file() {
        return Err(ReadError::Input { message: format!("{} is not a regular file", input.display()) });
    }
    let root = Root::of(input).map_err(io_error(input))?;
    if !input.is_dir()
        && let Some(found) = export::find(input, &root)?
    {
        return Ok((vec![Box::new(export::Export::index(found, options, naming)?)], Vec::new()));
    }
    if let Some(ndjson) = ingest::find(input) {
        return Ok((vec![Box::new(ingest::open(&ndjson, options, naming)?)], Vec::new()));
    }
    if input.is_file() && !is_page_file(&input.to_string_lossy()) {
        let message = format!("{} is neither a page file ({ENDINGS}) nor a space export", input.display());
        return Err(ReadError::Input { message });
    }
    let mut listing = Listing { root: &root, files: Vec::new(), exports: Vec::new(), unread: Vec::new() };
    listing.add(input, "", &mut Vec::new())?;
    let Listing { files, exports, unread, .. } = listing;
    if files.is_empty() && exports.is_empty() && unread.is_empty() {
        let message = format!("{} contains no page files ({ENDINGS})", input.display());
        return Err(ReadError::Input { message });
    }
    let is_alone = files.is_empty() && exports.len() == 1;
    let mut sources: Vec<Box<dyn Source>> = vec![Box::new(pages::index(files, Some(root.clone()), options, naming))];
    let mut told: Vec<Outcome> = unread.into_iter().map(Outcome::Failure).collect();
    let mut indexed: Vec<export::Export> = Vec::new();
    for (path, relative) in exports {
        let export = export::find_among(&path, &relative, &root).and_then(|found| {
            let Some(found) = found else { return Ok(None) };
            if let Some(first) = indexed.iter().find(|export| export.is_copy(&found)) {
                let message = format!("{} is the same export as {}, so it is not read", found.name(), first.name());
                told.push(Outcome::Notice(Notice { is_warning: false, message }));
                return Ok(None);
            }
            export::Export::index(found, options, naming).map(Some)
        });
        match export {
            Ok(export) => indexed.extend(export),
            // An export that cannot be read does not stop the others.
            Err(error) if is_alone => return Err(error),
            Err(error @ (ReadError::Input { .. } | ReadError::Io { .. })) => {
                let path = if relative.is_empty() { export::ENTITIES.to_owned() } else { relative };
                told.push(Outcome::Failure(FileError { path, line: None, message: error.to_string() }));
            }
            Err(error @ ReadError::Emit(_)) => return Err(error),
        }
    }
    sources.extend(indexed.into_iter().map(|export| Box::new(export) as Box<dyn Source>));
    Ok((sources, told))
}

/// The files of an input, sorted by path.
struct Listing<'r> {
    root: &'r Root,
    files: Vec<File>,
    /// Paths that may be space exports.
    exports: Vec<(PathBuf, String)>,
    /// Files and folders that were skipped.
    unread: Vec<FileError>,
}

impl Listing<'_> {
    /// Adds a file or the content of a folder. `above` has the device and the inode of each parent folder.
    fn add(&mut self, path: &Path, relative: &str, above: &mut Vec<(u64, u64)>) -> Result<(), ReadError> {
        if !path.is_dir() {
            self.add_file(path, relative);
            return Ok(());
        }
        let (identity, names) = match contents_of(path) {
            Ok(contents) => contents,
            Err(source) if above.is_empty() => return Err(io_error(path)(source)),
            Err(error) => {
                self.pass_over(relative, format!("cannot read the folder: {error}"));
                return Ok(());
            }
        };
        let fault = if above.contains(&identity) {
            Some("the folder is a link to one of its parent folders; remove the link".to_owned())
        } else if above.len() > MAX_DEPTH {
            Some(format!("nested more than {MAX_DEPTH} folders deep"))
        } else {
            None
        };
        if let Some(message) = fault {
            self.pass_over(relative, message);
            return Ok(());
        }
        // If an export cannot be opened, the error is reported when it is read.
        let is_export = export::find_among(path, relative, self.root).map_or(true, |export| export.is_some());
        if is_export {
            self.exports.push((path.to_owned(), relative.to_owned()));
        }
        above.push(identity);
        for name in names {
            let shown = name.to_string_lossy();
            // Neither the attachments of pages nor the own files of an export are page files.
            let is_attached = shown == ATTACHMENTS && path.join(&name).is_dir();
            let is_own = is_export && export::OWN.contains(&&*shown);
            if shown.starts_with('.') {
                continue;
            }
            let child = path.join(&name);
            let relative = if relative.is_empty() { shown.to_string() } else { format!("{relative}/{shown}") };
            if let Some(fault) = self.fault_of(&child) {
                if is_own || child.is_dir() || is_input_file(&shown) {
                    self.pass_over(&relative, fault.to_owned());
                }
            } else if is_attached {
                self.check_attachments(&child, &relative);
            } else if !is_own {
                self.add(&child, &relative, above)?;
            }
        }
        above.pop();
        Ok(())
    }

    fn add_file(&mut self, path: &Path, relative: &str) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if is_page_file(&name) {
            let relative = if relative.is_empty() { name } else { relative.to_owned() };
            self.files.push(File::on_disk(path, relative));
        } else if extension(&name) == "zip" {
            self.exports.push((path.to_owned(), relative.to_owned()));
        }
    }

    /// Reports the links out of the input in a folder of attached files.
    fn check_attachments(&mut self, folder: &Path, relative: &str) {
        for name in contents_of(folder).map(|(_, names)| names).unwrap_or_default() {
            if let Some(fault) = self.fault_of(&folder.join(&name)) {
                self.pass_over(&format!("{relative}/{}", name.to_string_lossy()), fault.to_owned());
            }
        }
    }

    /// Returns why a file or folder must not be opened.
    fn fault_of(&self, path: &Path) -> Option<&'static str> {
        if path.is_symlink() && self.root.is_left_by(path) {
            return Some(LEADS_OUT);
        }
        fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()).then_some(NOT_A_FILE)
    }

    fn pass_over(&mut self, relative: &str, message: String) {
        self.unread.push(FileError { path: relative.to_owned(), line: None, message });
    }
}

/// Returns whether a file with this name is read: a page file, an export or an older artifact.
fn is_input_file(name: &str) -> bool {
    is_page_file(name) || matches!(extension(name).as_str(), "zip" | "ndjson")
}

/// Returns the device and the inode of a folder, and its sorted file names.
fn contents_of(folder: &Path) -> std::io::Result<((u64, u64), Vec<OsString>)> {
    let meta = fs::metadata(folder)?;
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let mut names = names.collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    Ok(((meta.dev(), meta.ino()), names))
}
