//! Page files: one body a file, in storage format, ADF, or as the REST interface returns it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::convert::Infallible;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::decode::decode;
use super::super::parallel;
use super::super::text::{Losses, one_line};
use super::super::{Emit, FileError, Options, Outcome, ReadError};
use super::library::{Bodies, Body, Library, PageRef};
use super::page::{self, Page};
use super::{adf, dom, export, foreign, io_error, rest, send};

/// Endings of files that hold a body in storage format.
const MARKUP: &[&str] = &["xml", "html", "htm", "xhtml", "storage"];
/// Those of page files, for messages.
const ENDINGS: &str = ".xml, .html, .xhtml, .storage, .json or .adf";
/// Bytes of one file, which may hold many pages of the REST interface.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// Folders in folders: what is deeper is passed over.
const MAX_DEPTH: usize = 64;

/// Reads a page file, or every page file below a folder in the order of their paths, then the space exports there. Folders
/// that cannot be read come first.
pub(super) fn read(input: &Path, options: &Options, mut emit: Emit<'_>) -> Result<(), ReadError> {
    if input.is_file() && !is_page_file(&input.to_string_lossy()) {
        let message = format!("{} is no page file ({ENDINGS}), and no space export", input.display());
        return Err(ReadError::Input { message });
    }
    let mut listing = Listing::default();
    listing.add(input, "", &mut Vec::new())?;
    let Listing { files, exports, unread } = listing;
    unread.into_iter().try_for_each(|failure| send(&mut emit, Outcome::Failure(failure)))?;
    if files.is_empty() && exports.is_empty() {
        let message = format!("{} holds no page files ({ENDINGS})", input.display());
        return Err(ReadError::Input { message });
    }
    read_files(&files, options, &mut *emit)?;
    for (path, relative) in exports {
        let read = match export::find_among(&path, &relative) {
            Ok(Some(export)) => export::read(export, options, &mut *emit),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        match read {
            // One that cannot be read does not stop the others.
            Err(error @ (ReadError::Input { .. } | ReadError::Io { .. })) => {
                let failure = FileError { path: relative, line: None, message: error.to_string() };
                send(&mut emit, Outcome::Failure(failure))?;
            }
            read => read?,
        }
    }
    Ok(())
}

/// Reads a page file that is in memory.
pub(super) fn read_held(name: &str, bytes: &[u8], options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    read_files(&[File { origin: Origin::Memory(bytes.to_owned()), relative: name.to_owned() }], options, emit)
}

fn read_files(files: &[File], options: &Options, mut emit: Emit<'_>) -> Result<(), ReadError> {
    let (slots, left_out) = index(files, options);
    let bodies = Files { slots: &slots };
    let mut library = Library::new(options.site_url.as_deref(), &bodies);
    for slot in &slots {
        library.add(slot.reference.clone());
    }
    let library = &library;
    let mut left_out = left_out.into_iter().peekable();
    let convert = |number: usize| {
        let (slot, reference) = (slots.get(number)?, library.page(number)?);
        Some((&slot.file.relative, outcome(library, reference, slot)))
    };
    parallel::in_order(options.threads, slots.len(), convert, |converted| {
        let Some((path, outcome)) = converted else { return Ok(()) };
        while let Some(left_out) = left_out.next_if(|left_out| left_out.file().path <= *path) {
            send(&mut emit, left_out.into())?;
        }
        send(&mut emit, outcome)
    })?;
    left_out.try_for_each(|left_out| send(&mut emit, left_out.into()))
}

/// A file that may hold pages.
#[derive(Debug)]
struct File {
    origin: Origin,
    /// Relative to the input, `/` between parts.
    relative: String,
}

#[derive(Debug)]
enum Origin {
    Disk(PathBuf),
    Memory(Vec<u8>),
}

impl File {
    fn bytes(&self) -> std::io::Result<Cow<'_, [u8]>> {
        match &self.origin {
            Origin::Disk(path) => {
                let length = fs::metadata(path)?.len();
                if length > MAX_FILE {
                    let message = format!("it has {length} bytes, more than the {MAX_FILE} that are read");
                    return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
                }
                fs::read(path).map(Cow::Owned)
            }
            Origin::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }
}

/// A page of a file.
struct Slot<'a> {
    file: &'a File,
    /// Which of the file's pages.
    number: usize,
    reference: PageRef,
}

/// What stands below an input, in the order of the paths.
#[derive(Default)]
struct Listing {
    files: Vec<File>,
    /// Places that may hold a space export.
    exports: Vec<(PathBuf, String)>,
    /// Folders that were passed over.
    unread: Vec<FileError>,
}

impl Listing {
    /// Adds a file, or what is below a folder; `above` holds the folders that lead to it, by device and number.
    fn add(&mut self, path: &Path, relative: &str, above: &mut Vec<(u64, u64)>) -> Result<(), ReadError> {
        if !path.is_dir() {
            self.add_file(path, relative);
            return Ok(());
        }
        // An export that cannot be opened is told when it is read.
        if !above.is_empty() && export::find_among(path, relative).map_or(true, |export| export.is_some()) {
            // What stands beside its pages is attached to them.
            self.exports.push((path.to_owned(), relative.to_owned()));
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
            Some("a link to a folder that it is in; remove it".to_owned())
        } else if above.len() > MAX_DEPTH {
            Some(format!("nested more than {MAX_DEPTH} folders deep"))
        } else {
            None
        };
        if let Some(message) = fault {
            self.pass_over(relative, message);
            return Ok(());
        }
        above.push(identity);
        for name in names {
            let shown = name.to_string_lossy();
            if !shown.starts_with('.') {
                let relative = if relative.is_empty() { shown.to_string() } else { format!("{relative}/{shown}") };
                self.add(&path.join(&name), &relative, above)?;
            }
        }
        above.pop();
        Ok(())
    }

    fn add_file(&mut self, path: &Path, relative: &str) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if is_page_file(&name) {
            let relative = if relative.is_empty() { name } else { relative.to_owned() };
            self.files.push(File { origin: Origin::Disk(path.to_owned()), relative });
        } else if extension(&name) == "zip" {
            self.exports.push((path.to_owned(), relative.to_owned()));
        }
    }

    fn pass_over(&mut self, relative: &str, message: String) {
        self.unread.push(FileError { path: relative.to_owned(), line: None, message });
    }
}

/// The device and number of a folder, and the names in it, sorted.
fn contents_of(folder: &Path) -> std::io::Result<((u64, u64), Vec<OsString>)> {
    let meta = fs::metadata(folder)?;
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let mut names = names.collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    Ok(((meta.dev(), meta.ino()), names))
}

fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

fn is_page_file(name: &str) -> bool {
    let extension = extension(name);
    matches!(extension.as_str(), "json" | "adf") || MARKUP.contains(&extension.as_str())
}

/// A page before it has its place among the others.
enum Found {
    /// A body alone, and the title that it names.
    Body(Option<String>),
    /// Pages that say who they are.
    Pages(Vec<PageRef>),
}

/// A file without any page.
enum LeftOut {
    /// It should have one.
    Failed(FileError),
    /// It is something else.
    Foreign(FileError),
}

impl LeftOut {
    fn file(&self) -> &FileError {
        match self {
            Self::Failed(file) | Self::Foreign(file) => file,
        }
    }
}

impl From<LeftOut> for Outcome {
    fn from(left_out: LeftOut) -> Self {
        match left_out {
            LeftOut::Failed(file) => Self::Failure(file),
            LeftOut::Foreign(file) => Self::Skipped(file),
        }
    }
}

/// Reads id and title of every page, and which files have none.
fn index<'a>(files: &'a [File], options: &Options) -> (Vec<Slot<'a>>, Vec<LeftOut>) {
    let mut slots = Vec::new();
    let mut left_out = Vec::new();
    let mut taken = HashSet::new();
    let find = |number: usize| files.get(number).map(|file| (file, found(file)));
    let indexed = parallel::in_order::<_, Infallible>(options.threads, files.len(), find, |found| {
        match found {
            Some((file, Ok(Found::Body(title)))) => {
                let reference = PageRef {
                    id: unique_id(&mut taken, file),
                    title: title.unwrap_or_else(|| stem(&file.relative)),
                    space_key: options.collection.clone(),
                    url: None,
                };
                slots.push(Slot { file, number: 0, reference });
            }
            Some((file, Ok(Found::Pages(pages)))) => {
                let pages = pages.into_iter().enumerate();
                slots.extend(pages.map(|(number, reference)| Slot { file, number, reference }));
            }
            Some((_, Err(without))) => left_out.push(without),
            None => {}
        }
        Ok(())
    });
    let Ok(()) = indexed;
    (slots, left_out)
}

/// What a file holds.
fn found(file: &File) -> Result<Found, LeftOut> {
    match contents(file, &mut Losses::new()).map_err(LeftOut::Failed)? {
        Contents::Markup(source) if foreign::is_dita(&source) => {
            Err(LeftOut::Foreign(failure(file, None, "DITA, not a page of Confluence")))
        }
        Contents::Markup(source) if foreign::is_html_export(&source) => {
            let message =
                "a page of an HTML export, which lacks the macros; export the space as XML, or fetch `body.storage`";
            Err(LeftOut::Failed(failure(file, None, message)))
        }
        Contents::Markup(source) => Ok(Found::Body(markup_title(&source))),
        Contents::Json(value) => match rest::pages(&value) {
            Some(pages) => Ok(Found::Pages(pages.into_iter().map(rest::reference).collect())),
            None if value.get("type").and_then(Value::as_str) == Some("doc") => Ok(Found::Body(adf_title(&value))),
            None => {
                let left_out = failure(file, None, "neither an ADF document nor a page of the REST interface");
                let is_foreign = extension(&file.relative) == "json" && rest::is_foreign(&value);
                Err(if is_foreign { LeftOut::Foreign(left_out) } else { LeftOut::Failed(left_out) })
            }
        },
    }
}

fn failure(file: &File, line: Option<u64>, message: impl Into<String>) -> FileError {
    FileError { path: file.relative.clone(), line, message: message.into() }
}

/// The id of a page file: its name where that is a number, else its path without the ending.
fn unique_id(taken: &mut HashSet<String>, file: &File) -> String {
    let path = file.relative.rsplit_once('.').map_or(file.relative.as_str(), |(path, _)| path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let numeric = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let candidates = [if numeric { name } else { path }, path, &file.relative];
    let id = candidates.into_iter().find(|id| !taken.contains(*id)).unwrap_or(&file.relative).to_owned();
    taken.insert(id.clone());
    id
}

/// The file's name as a title.
fn stem(relative: &str) -> String {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

enum Contents {
    Markup(String),
    Json(Value),
}

fn contents(file: &File, losses: &mut Losses) -> Result<Contents, FileError> {
    let bytes = file.bytes().map_err(|error| failure(file, None, format!("cannot be read: {error}")))?;
    let text = decode(&bytes, losses);
    let is_json = matches!(extension(&file.relative).as_str(), "json" | "adf") || text.trim_start().starts_with('{');
    if !is_json {
        return Ok(Contents::Markup(text));
    }
    let value = serde_json::from_str(&text).map_err(|error| {
        let line = Some(error.line() as u64).filter(|line| *line > 0);
        failure(file, line, format!("no valid JSON: {error}"))
    })?;
    Ok(Contents::Json(value))
}

/// The text of `<title>`, or of the first `<h1>`.
fn markup_title(source: &str) -> Option<String> {
    ["title", "h1"].iter().find_map(|name| {
        let at = find_tag(source, name)?;
        let end = source.get(at..)?.find(&format!("</{name}"))? + at;
        let nodes = dom::parse(source.get(at..end)?, &mut Losses::new()).ok()?;
        let title = one_line(&dom::Element { children: nodes, ..dom::Element::default() }.text());
        Some(title).filter(|title| !title.is_empty())
    })
}

/// Where the first `<name>` or `<name …>` stands.
fn find_tag(source: &str, name: &str) -> Option<usize> {
    let open = format!("<{name}");
    let mut from = 0;
    loop {
        let at = source.get(from..)?.find(&open)? + from;
        from = at + open.len();
        if source.get(from..)?.starts_with(['>', ' ', '\n', '\t']) {
            return Some(at);
        }
    }
}

/// The text of a first heading.
fn adf_title(value: &Value) -> Option<String> {
    let first = value.get("content")?.as_array()?.first()?;
    let is_title = first.get("type")?.as_str() == Some("heading") && first.pointer("/attrs/level")?.as_u64() == Some(1);
    let title = one_line(&adf::text(first.get("content")?.as_array()?));
    Some(title).filter(|title| is_title && !title.is_empty())
}

/// Bodies are read again from their files, so that memory holds one at a time.
struct Files<'a> {
    slots: &'a [Slot<'a>],
}

impl Bodies for Files<'_> {
    fn body(&self, index: usize) -> Option<Body> {
        let slot = self.slots.get(index)?;
        match contents(slot.file, &mut Losses::new()).ok()? {
            Contents::Markup(source) => Some(Body::Storage(source)),
            Contents::Json(value) => json_body(&value, slot.number),
        }
    }
}

fn json_body(value: &Value, number: usize) -> Option<Body> {
    match rest::pages(value) {
        Some(pages) => rest::body(pages.get(number)?),
        None => Some(Body::Adf(value.clone())),
    }
}

fn outcome(library: &Library<'_>, reference: &PageRef, slot: &Slot<'_>) -> Outcome {
    let mut losses = Losses::new();
    let contents = match contents(slot.file, &mut losses) {
        Ok(contents) => contents,
        Err(error) => return Outcome::Failure(error),
    };
    let mut page = Page { path: slot.file.relative.clone(), line: 1, title_in_body: true, ..Page::default() };
    match contents {
        Contents::Markup(source) => page.body = Some(Body::Storage(source)),
        Contents::Json(value) => {
            page.body = json_body(&value, slot.number);
            let rest = rest::pages(&value);
            page.document =
                rest.and_then(|pages| pages.get(slot.number).map(|page| rest::document(page))).unwrap_or_default();
        }
    }
    page.document.losses = losses;
    page.document.source_path = Some(slot.file.relative.clone());
    page::convert(library, reference, page)
}
