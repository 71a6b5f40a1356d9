//! Space exports: `entities.xml`, in a zip, in a folder, or alone.
//!
//! The file is read twice. The first pass ([`index`]) keeps what is small: pages, the tree, labels, attachments, people,
//! and where each body stands. The second goes page by page in the order of the tree and reads one body at a time, so
//! that memory grows with the number of pages, not with their text.

mod attached;
mod index;
mod object;
mod shortened;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::super::document::{Attachment, Document};
use super::super::parallel;
use super::super::text::one_line;
use super::super::{Emit, FileError, Options, Outcome, ReadError};
use super::library::{Bodies, Body, Library, PageRef};
use super::page::{self, Page, add_meta};
use super::{io_error, send};
use attached::Attached;
use index::{Index, Markup, Node, Span};

const ENTITIES: &str = "entities.xml";
const DESCRIPTOR: &str = "exportDescriptor.properties";
/// Bytes of `entities.xml` that a zip may unpack to.
const MAX_UNPACKED: u64 = 16 * 1024 * 1024 * 1024;
/// Bytes of one body; Confluence itself stops at 5 MB.
const MAX_BODY: u64 = 16 * 1024 * 1024;
/// Bytes from which on a body is read while no other of that size is: it takes many times as much memory as a tree.
const LARGE_BODY: u64 = 1024 * 1024;

/// An export that has been found.
pub(super) struct Export {
    /// The file or folder that was given.
    path: PathBuf,
    /// What documents and failures call `entities.xml`.
    name: String,
    /// `entities.xml`, unpacked.
    entities: File,
    attachments: Attached,
    /// What the export says of itself.
    descriptor: String,
}

/// Opens `input` if it is a space export.
pub(super) fn find(input: &Path) -> Result<Option<Export>, ReadError> {
    if input.is_dir() {
        let path = input.join(ENTITIES);
        if !path.is_file() {
            return Ok(None);
        }
        let descriptor = std::fs::read_to_string(input.join(DESCRIPTOR)).unwrap_or_default();
        return open(&path, descriptor).map(Some);
    }
    let has_extension = |wanted: &str| input.extension().is_some_and(|found| found.eq_ignore_ascii_case(wanted));
    if has_extension("zip") {
        return unzip(input).map(Some);
    }
    if has_extension("xml") && is_export(input)? {
        let descriptor = input.with_file_name(DESCRIPTOR);
        return open(input, std::fs::read_to_string(descriptor).unwrap_or_default()).map(Some);
    }
    Ok(None)
}

fn open(path: &Path, descriptor: String) -> Result<Export, ReadError> {
    let entities = File::open(path).map_err(io_error(path))?;
    let attachments = Attached::Folder(path.parent().unwrap_or(path).to_owned());
    Ok(Export { path: path.to_owned(), name: ENTITIES.to_owned(), entities, attachments, descriptor })
}

/// Opens `path` if it is an export among other files; `relative` is its path among them.
pub(super) fn find_among(path: &Path, relative: &str) -> Result<Option<Export>, ReadError> {
    let is_zip = path.extension().is_some_and(|found| found.eq_ignore_ascii_case("zip"));
    let is_export = if path.is_dir() {
        let entities = path.join(ENTITIES);
        entities.is_file() && is_export(&entities)?
    } else {
        is_zip && unpackable(path)
    };
    let export = if is_export { find(path)? } else { None };
    Ok(export.map(|export| Export { name: format!("{relative}/{ENTITIES}"), ..export }))
}

/// Whether a zip holds `entities.xml`; attachments are zips as well.
fn unpackable(path: &Path) -> bool {
    let archive = File::open(path).ok().and_then(|file| zip::ZipArchive::new(BufReader::new(file)).ok());
    archive.is_some_and(|archive| entry(&archive, ENTITIES).is_some())
}

/// The name of the entry that is called `wanted`, in whatever folder, the topmost of several.
fn entry(archive: &zip::ZipArchive<BufReader<File>>, wanted: &str) -> Option<String> {
    let names = archive.file_names().filter_map(Result::ok);
    let wanted = names.filter(|name| name.rsplit('/').next() == Some(wanted));
    wanted.min_by_key(|name| name.len()).map(std::borrow::Cow::into_owned)
}

/// Whether a file of another name begins as an export does.
fn is_export(path: &Path) -> Result<bool, ReadError> {
    let mut head = Vec::new();
    File::open(path).map_err(io_error(path))?.take(1024).read_to_end(&mut head).map_err(io_error(path))?;
    Ok(String::from_utf8_lossy(&head).contains("<hibernate-generic"))
}

/// Unpacks `entities.xml` to a temporary file, which goes away with the process.
fn unzip(path: &Path) -> Result<Export, ReadError> {
    let broken = |error: zip::result::ZipError| ReadError::Input {
        message: format!("{} is no readable zip: {error}", path.display()),
    };
    let file = File::open(path).map_err(io_error(path))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let Some(name) = entry(&archive, ENTITIES) else {
        let message = format!("{} holds no {ENTITIES}: give an XML export of a space", path.display());
        return Err(ReadError::Input { message });
    };
    let mut descriptor = String::new();
    if let Some(name) = entry(&archive, DESCRIPTOR) {
        let file = archive.by_name(&name).map_err(broken)?;
        let mut bytes = Vec::new();
        file.take(64 * 1024).read_to_end(&mut bytes).map_err(io_error(path))?;
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
    Ok(Export { path: path.to_owned(), name: ENTITIES.to_owned(), entities, attachments, descriptor })
}

/// Emits the current pages of an export, in the order of their tree.
pub(super) fn read(mut export: Export, options: &Options, mut emit: Emit<'_>) -> Result<(), ReadError> {
    let path = export.path.clone();
    export.entities.seek(SeekFrom::Start(0)).map_err(io_error(&path))?;
    let index = index::build(BufReader::with_capacity(1 << 16, &export.entities), &path, &export.name)?;
    let order = index.order();
    let site_url = options.site_url.clone().or_else(|| property(&export.descriptor, "baseUrl"));
    let bodies = Offsets { export: &export, index: &index, order: &order };
    let mut library = Library::new(site_url.as_deref(), &bodies);
    library.users.clone_from(&index.users);
    for space in index.spaces.values() {
        library.spaces.insert(space.key.clone(), space.name.clone());
    }
    for (id, title) in &index.attachments {
        library.files.insert(id.clone(), title.clone());
        if let Some(file_id) = index.file_ids.get(id) {
            library.files.insert(file_id.clone(), title.clone());
        }
    }
    for id in &order {
        library.add(index.reference(id));
    }
    let pages = Pages { library: &library, index: &index, name: &export.name, large: Mutex::new(()) };
    let convert = |number: usize| Some(pages.outcome(index.pages.get(order.get(number)?)?, number));
    parallel::in_order(options.threads, order.len(), convert, |outcome| {
        outcome.map_or(Ok(()), |outcome| send(&mut emit, outcome))
    })?;
    if let Some(failure) = index.truncated {
        send(&mut emit, Outcome::Failure(failure))?;
    }
    Ok(())
}

/// A value of the export's own description.
fn property(descriptor: &str, name: &str) -> Option<String> {
    let lines = descriptor.lines().filter_map(|line| line.split_once('='));
    let value = lines.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().replace("\\:", ":")).next();
    value.filter(|value| !value.is_empty())
}

/// The pages of an export while they are converted.
struct Pages<'a> {
    library: &'a Library<'a>,
    index: &'a Index,
    /// What documents and failures call the file.
    name: &'a str,
    /// Held while a large body is in memory.
    large: Mutex<()>,
}

impl Pages<'_> {
    /// Converts page number `number` of the library.
    fn outcome(&self, node: &Node, number: usize) -> Outcome {
        let place = self.index.body_of(&node.id);
        let (line, length) = place.map_or((1, 0), |body| (body.line, body.span.end.saturating_sub(body.span.start)));
        let _turn = (length >= LARGE_BODY).then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
        let body = if length > MAX_BODY { None } else { self.library.body(number) };
        if place.is_some() && body.is_none() {
            let message = if length > MAX_BODY {
                format!("the body of page {} has {length} bytes, more than the {MAX_BODY} that are read", node.id)
            } else {
                format!("the body of page {} cannot be read", node.id)
            };
            return Outcome::Failure(FileError { path: self.name.to_owned(), line: Some(line), message });
        }
        let page = Page { document: self.document(node), body, path: self.name.to_owned(), line, ..Page::default() };
        let unknown = PageRef::default();
        page::convert(self.library, self.library.page(number).unwrap_or(&unknown), page)
    }

    /// What the export says of a page beside its body.
    fn document(&self, node: &Node) -> Document {
        let index = self.index;
        let mut document = Document {
            version: node.version,
            created_at: node.created.as_deref().map(index::timestamp),
            updated_at: node.updated.as_deref().map(index::timestamp),
            labels: index.labels(&node.id),
            breadcrumbs: index.breadcrumbs(node),
            source_path: Some(self.name.to_owned()),
            ..Document::default()
        };
        let url = |filename: &str| self.library.attachment_url(&node.id, filename);
        document.attachments = index
            .attachments_of(&node.id)
            .map(|filename| Attachment { url: url(filename), filename: filename.to_owned() })
            .collect();
        let author = node.modifier.as_ref().or(node.creator.as_ref());
        let author = author.map(|key| index.users.get(key).map_or(key.as_str(), String::as_str));
        add_meta(&mut document.meta, "author", author);
        if node.blog {
            add_meta(&mut document.meta, "type", Some("blogpost"));
        }
        if let Some(parent) = &node.parent {
            add_meta(&mut document.meta, "parent_id", Some(parent));
        }
        document
    }
}

/// Bodies by their place in the file, and the files beside it.
struct Offsets<'a> {
    export: &'a Export,
    index: &'a Index,
    order: &'a [String],
}

impl Bodies for Offsets<'_> {
    fn body(&self, index: usize) -> Option<Body> {
        let body = self.index.body_of(self.order.get(index)?)?;
        let text = object::property_text(&self.bytes(body.span)?);
        Some(match body.markup {
            Markup::Wiki => Body::Wiki(text),
            Markup::Storage if text.trim_start().starts_with("{\"") => {
                serde_json::from_str(&text).map_or(Body::Storage(text), Body::Adf)
            }
            Markup::Storage => Body::Storage(text),
        })
    }

    fn file(&self, page_id: &str, filename: &str) -> Option<Vec<u8>> {
        self.export.attachments.read(page_id, self.index.attachment(page_id, filename)?)
    }
}

impl Offsets<'_> {
    fn bytes(&self, span: Span) -> Option<Vec<u8>> {
        let length = span.end.checked_sub(span.start)?;
        if length > MAX_BODY {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        // Several threads read; none moves the position of the file.
        self.export.entities.read_exact_at(&mut bytes, span.start).ok()?;
        Some(bytes)
    }
}

/// A title on one line.
fn clean_title(title: &str) -> String {
    one_line(title)
}
