//! The content of one page file: a body, or objects of the REST API.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::super::decode::decode;
use super::super::super::text::Losses;
use super::super::super::{FileError, Outcome};
use super::super::adf;
use super::super::attached::AttachedFile;
use super::super::library::{Body, PageRef};
use super::super::page::Comment;
use super::super::rest::{self, Class};
use super::super::{foreign, title};
use super::files::attached_names;
use crate::config::Confluence;

/// File extensions of bodies in storage format.
const MARKUP: &[&str] = &["xml", "html", "htm", "xhtml", "storage"];

/// Maximum size of a file in bytes. A file may contain many pages of the REST API.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// A file that may contain pages.
#[derive(Debug)]
pub(in crate::normalize::confluence) struct File {
    pub(super) origin: Origin,
    /// The path relative to the input, with `/` as separator.
    pub(super) relative: String,
}

#[derive(Debug)]
pub(super) enum Origin {
    Disk(PathBuf),
    Memory(Vec<u8>),
}

impl File {
    pub(in crate::normalize::confluence) fn on_disk(path: &Path, relative: String) -> Self {
        Self { origin: Origin::Disk(path.to_owned()), relative }
    }

    fn bytes(&self) -> std::io::Result<Cow<'_, [u8]>> {
        match &self.origin {
            Origin::Disk(path) => {
                let length = fs::metadata(path)?.len();
                if length > MAX_FILE {
                    let message = format!("it has {length} bytes, more than the maximum of {MAX_FILE}");
                    return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
                }
                fs::read(path).map(Cow::Owned)
            }
            Origin::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    pub(super) fn length(&self) -> u64 {
        match &self.origin {
            Origin::Disk(path) => fs::metadata(path).map_or(0, |meta| meta.len()),
            Origin::Memory(bytes) => bytes.len() as u64,
        }
    }
}

pub(in crate::normalize::confluence) fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

pub(in crate::normalize::confluence) fn is_page_file(name: &str) -> bool {
    let extension = extension(name);
    matches!(extension.as_str(), "json" | "adf") || MARKUP.contains(&extension.as_str())
}

/// The content of a file.
pub(super) enum Found {
    /// Only a body, with its title, the names of files in it, and whether only Cloud writes such a body.
    Body { title: Option<String>, is_cloud: bool, files: Vec<String> },
    /// Objects of the REST API.
    Objects(Objects),
}

/// The data of the objects in a file.
#[derive(Default)]
pub(super) struct Objects {
    /// The pages, and the number of the object that contains each of them.
    pub(super) pages: Vec<(usize, RestPage)>,
    pub(super) people: Vec<(String, String)>,
    pub(super) spaces: Vec<Space>,
    /// The page of each comment, and the comment.
    pub(super) comments: Vec<(String, Option<Comment>)>,
    /// File names by media id.
    pub(super) media: Vec<(String, String)>,
    /// The number of pages that are not current, by status.
    pub(super) other_statuses: BTreeMap<String, usize>,
    /// The number of nodes without a page, by kind.
    pub(super) branches: BTreeMap<String, usize>,
    pub(super) others: usize,
    pub(super) list: Option<List>,
}

pub(super) struct RestPage {
    pub(super) reference: PageRef,
    pub(super) base: Option<String>,
    pub(super) is_cloud: Option<bool>,
    pub(super) space_id: Option<String>,
    pub(super) files: Vec<AttachedFile>,
}

pub(super) struct Space {
    pub(super) id: Option<String>,
    pub(super) key: String,
    pub(super) name: Option<String>,
    pub(super) home: Option<String>,
}

/// The results of a query: the start of this part, and the start of the next part.
pub(super) struct List {
    pub(super) start: Option<u64>,
    pub(super) next: Option<String>,
}

/// A file without a page.
pub(super) enum LeftOut {
    /// The file should contain a page.
    Failed(FileError),
    /// The file serves a different purpose.
    Foreign(FileError),
}

impl From<&LeftOut> for Outcome {
    fn from(left_out: &LeftOut) -> Self {
        match left_out {
            LeftOut::Failed(file) => Self::Failure(file.clone()),
            LeftOut::Foreign(file) => Self::Skipped(file.clone()),
        }
    }
}

/// Reads the content of a file.
pub(super) fn found(file: &File, options: &Confluence) -> Result<Found, LeftOut> {
    match contents(file, &mut Losses::new()).map_err(LeftOut::Failed)? {
        Contents::Markup(source) if foreign::is_dita(&source) => {
            Err(LeftOut::Foreign(failure(file, None, "the file contains DITA, not a Confluence page")))
        }
        Contents::Markup(source) if foreign::is_html_export(&source) => {
            let message = "the file is a page of an HTML export, which does not contain the macros; export the space as XML, or fetch `body.storage`";
            Err(LeftOut::Failed(failure(file, None, message)))
        }
        Contents::Markup(source) => {
            Ok(Found::Body { title: title::of_markup(&source), is_cloud: false, files: attached_names(&source) })
        }
        Contents::Adf(json) => {
            let first = adf::Document::open(&json).ok().and_then(|document| document.first_heading());
            Ok(Found::Body { title: first.as_ref().and_then(title::of_adf), is_cloud: true, files: Vec::new() })
        }
        Contents::Json(Value::Null) => Err(LeftOut::Foreign(failure(file, None, "the file is empty"))),
        Contents::Json(value) => match objects(&value, options) {
            Some(objects) if is_of_pages(&objects) => Ok(Found::Objects(objects)),
            Some(_) => {
                Err(LeftOut::Foreign(failure(file, None, "the file is a list from the REST API that contains no page")))
            }
            None => {
                let left_out = failure(file, None, "the file is neither an ADF document nor a page from the REST API");
                let is_foreign = extension(&file.relative) == "json" && rest::is_foreign(&value);
                Err(if is_foreign { LeftOut::Foreign(left_out) } else { LeftOut::Failed(left_out) })
            }
        },
    }
}

/// Returns whether the objects contain data about pages.
fn is_of_pages(objects: &Objects) -> bool {
    !objects.pages.is_empty()
        || !objects.people.is_empty()
        || !objects.spaces.is_empty()
        || !objects.comments.is_empty()
}

/// Reads the data about pages, people and spaces from the objects of a file.
fn objects(value: &Value, options: &Confluence) -> Option<Objects> {
    let mut objects = Objects::default();
    for (number, item) in rest::items(value)?.into_iter().enumerate() {
        match item.class {
            Class::Page | Class::Blog | Class::Branch => {
                if let Some(status) = item.other_status() {
                    *objects.other_statuses.entry(status.to_owned()).or_default() += 1;
                } else if item.class == Class::Branch {
                    let kind = rest::text(item.value, "/type").unwrap_or_default();
                    *objects.branches.entry(kind).or_default() += 1;
                }
                let base = item.base();
                let mut reference = item.reference(base.as_deref());
                reference.restrictions.extend(rest::space_restriction(item.value, &options.everybody));
                let page = RestPage {
                    reference,
                    base,
                    is_cloud: item.is_version_2().then_some(true),
                    space_id: rest::text(item.value, "/spaceId"),
                    files: rest::attached_files(item.value),
                };
                objects.pages.push((number, page));
                objects.spaces.extend(item.value.get("space").and_then(space));
                for (attachment, ids) in rest::attachments(item.value) {
                    objects.media.extend(ids.into_iter().map(|id| (id, attachment.filename.clone())));
                }
            }
            Class::Comment => {
                let Some(page) = rest::page_of_comment(item.value) else { continue };
                let comment = rest::comment(item.value);
                if comment.is_some() {
                    objects.comments.push((page, comment.filter(|_| options.comments)));
                }
            }
            Class::Space => objects.spaces.extend(space(item.value)),
            Class::User => {}
            Class::Attachment | Class::Other => objects.others += 1,
        }
    }
    rest::people(value, &mut |id, name| objects.people.push((id, name)));
    let next = rest::text(value, "/_links/next");
    // A list of people does not end a list of pages.
    let is_list = value.get("results").is_some() && !objects.pages.is_empty();
    objects.list = is_list.then(|| List { start: value.get("start").and_then(Value::as_u64), next });
    Some(objects)
}

fn space(value: &Value) -> Option<Space> {
    Some(Space {
        id: rest::text(value, "/id"),
        key: rest::text(value, "/key")?,
        name: rest::text(value, "/name"),
        home: rest::text(value, "/homepageId").or_else(|| rest::text(value, "/homepage/id")),
    })
}

fn failure(file: &File, line: Option<u64>, message: impl Into<String>) -> FileError {
    FileError { path: file.relative.clone(), line, message: message.into() }
}

pub(super) enum Contents {
    Markup(String),
    /// An ADF document.
    Adf(String),
    Json(Value),
}

pub(super) fn contents(file: &File, losses: &mut Losses) -> Result<Contents, FileError> {
    let bytes = file.bytes().map_err(|error| failure(file, None, format!("cannot be read: {error}")))?;
    let text = decode(&bytes, losses);
    let is_json = matches!(extension(&file.relative).as_str(), "json" | "adf") || text.trim_start().starts_with('{');
    if !is_json {
        return Ok(Contents::Markup(text));
    }
    if text.trim().is_empty() {
        return Ok(Contents::Json(Value::Null));
    }
    if adf::Document::open(&text).is_ok_and(|document| document.is_document()) {
        return Ok(Contents::Adf(text));
    }
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        let line = Some(error.line() as u64).filter(|line| *line > 0);
        failure(file, line, format!("no valid JSON: {error}"))
    })?;
    // A document with two lists of nodes cannot be read node by node. The last list counts.
    if value.get("type").and_then(Value::as_str) == Some("doc") {
        return Ok(Contents::Adf(value.to_string()));
    }
    Ok(Contents::Json(value))
}

/// Returns object `item` in a file of the REST API.
pub(super) fn object(value: &Value, item: usize) -> Option<&Value> {
    rest::items(value)?.get(item).map(|item| item.value)
}

pub(super) fn json_body(value: &Value, item: usize) -> Option<Body> {
    rest::body(object(value, item)?)
}
