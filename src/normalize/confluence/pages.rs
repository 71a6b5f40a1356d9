//! Reads page files. A file is one body in storage format or ADF, or contains pages of the REST API.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::super::decode::decode;
use super::super::extract::MAX_FILE as MAX_ATTACHMENT;
use super::super::parallel;
use super::super::text::{Losses, one_line};
use super::super::{FileError, Notice, Options, Outcome};
use super::attached::AttachedFile;
use super::library::{Body, Kind, Library, PageRef, Source, Task};
use super::naming::Naming;
use super::page::{Comment, Page};
use super::rest::{self, Class};
use super::site::{Site, is_number};
use super::{branches, foreign, title};
use crate::config::Attachments;

/// File extensions of bodies in storage format.
const MARKUP: &[&str] = &["xml", "html", "htm", "xhtml", "storage"];
/// File extensions of page files, for messages.
pub(super) const ENDINGS: &str = ".xml, .html, .xhtml, .storage, .json or .adf";
/// Maximum size of a file in bytes. A file may contain many pages of the REST API.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// Maximum length of an attached file's name in bytes.
const LONGEST_NAME: usize = 200;

/// The folder with the files that are attached to the pages next to it. The files of a page are in this folder, or in
/// a subfolder with the page's id or name.
pub(crate) const ATTACHMENTS: &str = "attachments";

/// A file that may contain pages.
#[derive(Debug)]
pub(super) struct File {
    origin: Origin,
    /// The path relative to the input, with `/` as separator.
    relative: String,
}

#[derive(Debug)]
enum Origin {
    Disk(PathBuf),
    Memory(Vec<u8>),
}

impl File {
    pub(super) fn on_disk(path: &Path, relative: String) -> Self {
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

    fn length(&self) -> u64 {
        match &self.origin {
            Origin::Disk(path) => fs::metadata(path).map_or(0, |meta| meta.len()),
            Origin::Memory(bytes) => bytes.len() as u64,
        }
    }
}

pub(super) fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

pub(super) fn is_page_file(name: &str) -> bool {
    let extension = extension(name);
    matches!(extension.as_str(), "json" | "adf") || MARKUP.contains(&extension.as_str())
}

/// The page files of an input.
pub(super) struct Pages {
    files: Vec<File>,
    naming: Naming,
    site_url: Option<String>,
    /// The content of each file, or the reason why it has no page.
    found: Vec<Result<Found, LeftOut>>,
    /// The file of each registered page, and the number of the object in that file.
    slots: Vec<(usize, usize)>,
    comments: HashMap<String, Vec<Comment>>,
    /// The number of comments without text, by page.
    unread_comments: HashMap<String, usize>,
}

/// The content of a file.
enum Found {
    /// Only a body: its title, whether only Cloud writes such a body, and the names of files in it.
    Body { title: Option<String>, is_cloud: bool, files: Vec<String> },
    /// Objects of the REST interface.
    Objects(Objects),
}

/// The data of the objects in a file.
#[derive(Default)]
struct Objects {
    /// The pages, and the number of the object that contains each of them.
    pages: Vec<(usize, RestPage)>,
    people: Vec<(String, String)>,
    spaces: Vec<Space>,
    /// The page of each comment, and the comment.
    comments: Vec<(String, Option<Comment>)>,
    /// File names by media id.
    media: Vec<(String, String)>,
    /// The number of pages that are not current, by status.
    other_statuses: BTreeMap<String, usize>,
    branches: usize,
    others: usize,
    list: Option<List>,
}

struct RestPage {
    reference: PageRef,
    base: Option<String>,
    is_cloud: Option<bool>,
    space_id: Option<String>,
    files: Vec<AttachedFile>,
}

struct Space {
    id: Option<String>,
    key: String,
    name: Option<String>,
    home: Option<String>,
}

/// The results of a query: the start of this part, and the start of the next part.
struct List {
    start: Option<u64>,
    next: Option<String>,
}

/// A file without a page.
enum LeftOut {
    /// The file should contain a page.
    Failed(FileError),
    /// The file has another purpose.
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

/// Reads a page file from memory.
pub(super) fn held(name: &str, bytes: &[u8], options: &Options, naming: &Naming) -> Pages {
    index(vec![File { origin: Origin::Memory(bytes.to_owned()), relative: name.to_owned() }], options, naming)
}

/// Reads the ids and titles in each file, and notes the files without a page.
pub(super) fn index(files: Vec<File>, options: &Options, naming: &Naming) -> Pages {
    let mut pages = Pages {
        found: Vec::with_capacity(files.len()),
        files,
        naming: naming.clone(),
        site_url: options.site_url.clone(),
        slots: Vec::new(),
        comments: HashMap::new(),
        unread_comments: HashMap::new(),
    };
    pages.find_all(options.threads, options.confluence.comments);
    pages.number();
    pages
}

impl Pages {
    fn find_all(&mut self, threads: Option<NonZeroUsize>, wants_comments: bool) {
        let files = &self.files;
        let find = |number: usize| files.get(number).map(|file| found(file, wants_comments));
        let mut all = Vec::with_capacity(files.len());
        let indexed = parallel::in_order::<_, Infallible>(threads, files.len(), find, |found| {
            all.extend(found);
            Ok(())
        });
        let Ok(()) = indexed;
        self.found = all;
    }

    /// Numbers all pages, and assigns every comment to its page.
    fn number(&mut self) {
        for (file, found) in self.found.iter_mut().enumerate() {
            match found {
                Ok(Found::Body { .. }) => self.slots.push((file, 0)),
                Ok(Found::Objects(objects)) => {
                    self.slots.extend(objects.pages.iter().map(|(item, _)| (file, *item)));
                    for (page, comment) in std::mem::take(&mut objects.comments) {
                        match comment {
                            Some(comment) => self.comments.entry(page).or_default().push(comment),
                            None => *self.unread_comments.entry(page).or_default() += 1,
                        }
                    }
                }
                Err(_) => {}
            }
        }
    }

    fn objects(&self) -> impl Iterator<Item = (&File, &Objects)> {
        self.files.iter().zip(&self.found).filter_map(|(file, found)| match found {
            Ok(Found::Objects(objects)) => Some((file, objects)),
            _ => None,
        })
    }

    /// Returns the entry in the library for a file that contains only a body.
    fn file_reference(&self, file: &File, title: Option<&str>, is_cloud: bool, ids: &mut Ids) -> PageRef {
        let content_id = ids.of(file);
        let stem = stem(&file.relative);
        PageRef {
            id: self.naming.file_id(&content_id),
            content_id,
            title: title.map_or_else(|| stem.clone(), str::to_owned),
            alias: Some(stem),
            space_key: self.naming.collection().map(str::to_owned),
            has_cloud_body: is_cloud,
            ..PageRef::default()
        }
    }

    /// Returns the entry in the library for a page of the REST API.
    fn rest_reference(&self, page: &RestPage, spaces: &HashMap<&str, &Space>, library: &mut Library<'_>) -> PageRef {
        let base = page.base.as_deref().or(self.site_url.as_deref());
        let site = Site::new(base, page.is_cloud);
        let mut reference = page.reference.clone();
        let space = page.space_id.as_deref().and_then(|id| spaces.get(id));
        reference.space_key = reference.space_key.or_else(|| space.map(|space| space.key.clone()));
        reference.id = self.naming.page_id(&site, reference.space_key.as_deref(), &reference.content_id);
        reference.site = library.add_site(site);
        reference
    }
}

/// Files attached to pages.
impl Pages {
    /// Adds the files that page number `number` names. If it names none, adds the files in its folder.
    fn add_files(
        &self,
        library: &mut Library<'_>,
        index: usize,
        number: usize,
        mut files: Vec<AttachedFile>,
        agenda: &mut Vec<Task>,
    ) {
        let Some(content_id) = library.page(index).map(|page| page.content_id.clone()) else { return };
        if library.options.attachments == Attachments::Names {
            return;
        }
        for folder in self.own_folders(number, &content_id) {
            let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
            let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
            names.sort();
            names
                .retain(|name| !name.starts_with('.') && files.iter().all(|file| stored_name(&file.filename) != *name));
            files.extend(names.iter().map(|name| AttachedFile::named(name)));
        }
        library.add_files(index, files, |name| self.attached_path(number, &content_id, name).is_some(), agenda);
    }

    /// Returns the folders that contain only files of page number `number`.
    fn own_folders(&self, number: usize, content_id: &str) -> Vec<PathBuf> {
        let file = self.slots.get(number).and_then(|(file, _)| self.files.get(*file));
        let Some(File { origin: Origin::Disk(path), .. }) = file else { return Vec::new() };
        let attachments = path.with_file_name(ATTACHMENTS);
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '\\', '\0']) && !name.starts_with('.');
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let mut folders = Vec::new();
        for name in [content_id, stem].into_iter().filter(|name| is_name(name)) {
            let folder = attachments.join(name);
            if folder.is_dir() && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    /// Returns the path of a file that is attached to page number `number`.
    fn attached_path(&self, number: usize, content_id: &str, filename: &str) -> Option<PathBuf> {
        let mut folders = self.own_folders(number, content_id);
        if let Some(File { origin: Origin::Disk(path), .. }) = self.files.get(self.slots.get(number)?.0) {
            folders.extend([path.with_file_name(ATTACHMENTS), path.parent()?.to_owned()]);
        }
        let name = stored_name(filename);
        folders.into_iter().map(|folder| folder.join(&*name)).find(|path| path.is_file())
    }
}

/// Returns the name of an attached file on disk. If its own name is not allowed there, a similar name is returned.
pub(crate) fn stored_name(filename: &str) -> Cow<'_, str> {
    let is_name = !filename.contains(['/', '\\', '\0']) && !filename.starts_with('.') && !filename.is_empty();
    if is_name && filename.len() <= LONGEST_NAME {
        return Cow::Borrowed(filename);
    }
    let extension = filename.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
    Cow::Owned(format!("{}.{extension}", hex::encode(Sha256::digest(filename))))
}

/// Returns the names of files that a body shows or links to.
fn attached_names(source: &str) -> Vec<String> {
    let names = source.split("ri:filename=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut names: Vec<String> = names
        .filter_map(|name| quick_xml::escape::unescape(name).ok())
        .map(|name| one_line(&name))
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names.dedup();
    names
}

impl Source for Pages {
    fn register(&self, library: &mut Library<'_>, agenda: &mut Vec<Task>) {
        let file_site = library.add_site(Site::new(self.site_url.as_deref(), None));
        let spaces: Vec<&Space> = self.objects().flat_map(|(_, objects)| &objects.spaces).collect();
        let by_id: HashMap<&str, &Space> =
            spaces.iter().filter_map(|space| Some((space.id.as_deref()?, *space))).collect();
        for space in &spaces {
            library.spaces.extend(space.name.clone().map(|name| (space.key.clone(), name)));
            library.homes.extend(space.home.clone().map(|home| (space.key.clone(), home)));
        }
        let mut ids = Ids::default();
        let mut number = 0;
        for (file, found) in self.files.iter().zip(&self.found) {
            match found {
                Ok(Found::Body { title, is_cloud, files }) => {
                    let reference = self.file_reference(file, title.as_deref(), *is_cloud, &mut ids);
                    let reference = PageRef { site: file_site, ..reference };
                    let index = library.add(reference, number);
                    agenda.push(Task::Page(index));
                    // The name may belong to a file of another page.
                    let content_id = library.page(index).map(|page| page.content_id.clone()).unwrap_or_default();
                    let is_there = |name: &&String| self.attached_path(number, &content_id, name).is_some();
                    let named = files.iter().filter(is_there).map(|name| AttachedFile::named(name)).collect();
                    self.add_files(library, index, number, named, agenda);
                    number += 1;
                }
                Ok(Found::Objects(objects)) => {
                    library.users.extend(objects.people.iter().cloned());
                    library.files.extend(objects.media.iter().cloned());
                    for (_, page) in &objects.pages {
                        let reference = self.rest_reference(page, &by_id, library);
                        let kind = reference.kind;
                        let index = library.add(reference, number);
                        if kind != Kind::Branch {
                            agenda.push(Task::Page(index));
                            self.add_files(library, index, number, page.files.clone(), agenda);
                        }
                        number += 1;
                    }
                }
                Err(left_out) => agenda.push(Task::Told(left_out.into())),
            }
        }
        agenda.extend(self.notices().into_iter().map(Task::Told));
    }

    fn body(&self, number: usize) -> Option<Body> {
        let (file, item) = *self.slots.get(number)?;
        match contents(self.files.get(file)?, &mut Losses::new()).ok()? {
            Contents::Markup(source) => Some(Body::Storage(source)),
            Contents::Json(value) => json_body(value, item),
        }
    }

    fn length(&self, number: usize) -> u64 {
        let Some((file, _)) = self.slots.get(number) else { return 0 };
        match (self.files.get(*file), self.found.get(*file)) {
            (Some(file), Some(Ok(Found::Body { .. }))) => file.length(),
            // The file is a list, so its size says nothing about this page.
            _ => 0,
        }
    }

    fn page(&self, library: &Library<'_>, reference: &PageRef, number: usize) -> Result<Page, FileError> {
        let place = self.slots.get(number).and_then(|(file, item)| Some((self.files.get(*file)?, *item)));
        let Some((file, item)) = place else {
            let message = "the page is no longer in the input".to_owned();
            return Err(FileError { path: reference.title.clone(), line: None, message });
        };
        let mut losses = Losses::new();
        let mut page = Page { path: file.relative.clone(), line: 1, title_in_body: true, ..Page::default() };
        match contents(file, &mut losses)? {
            Contents::Markup(source) => page.body = Some(Body::Storage(source)),
            Contents::Json(value) => {
                if let Some(object) = object(&value, item) {
                    page.document = rest::document(object, |id| library.users.get(id).cloned());
                    page.comments = rest::comments(object);
                    let site = library.site(reference);
                    for (mut attachment, _) in rest::attachments(object) {
                        let url =
                            attachment.url.take().map(|url| site.absolute(&url)).filter(|url| url.contains("://"));
                        attachment.url =
                            url.or_else(|| site.attachment_url(&reference.content_id, &attachment.filename));
                        page.document.attachments.push(attachment);
                    }
                }
                page.body = json_body(value, item);
            }
        }
        page.comments.extend(self.comments.get(&reference.content_id).into_iter().flatten().cloned());
        page.unread_comments = self.unread_comments.get(&reference.content_id).copied().unwrap_or_default();
        for (name, amount) in losses {
            *page.document.losses.entry(name).or_default() += amount;
        }
        page.document.source_path = Some(file.relative.clone());
        Ok(page)
    }

    fn file(&self, number: usize, content_id: &str, filename: &str) -> Option<Vec<u8>> {
        let path = self.attached_path(number, content_id, filename)?;
        let mut bytes = Vec::new();
        let length = fs::File::open(path).ok()?.take(MAX_ATTACHMENT + 1).read_to_end(&mut bytes).ok()?;
        (length as u64 <= MAX_ATTACHMENT).then_some(bytes)
    }
}

/// The unique ids of page files.
#[derive(Default)]
struct Ids {
    taken: HashSet<String>,
}

impl Ids {
    /// Returns the id of a page file: its name if the name is a number, or else its path without the extension.
    fn of(&mut self, file: &File) -> String {
        let path = file.relative.rsplit_once('.').map_or(file.relative.as_str(), |(path, _)| path);
        let name = path.rsplit('/').next().unwrap_or(path);
        let candidates = [if is_number(name) { name } else { path }, path, &file.relative];
        let id = candidates.into_iter().find(|id| !self.taken.contains(*id)).unwrap_or(&file.relative).to_owned();
        self.taken.insert(id.clone());
        id
    }
}

/// Returns the name of the file as a title.
fn stem(relative: &str) -> String {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

/// Reads the content of a file.
fn found(file: &File, wants_comments: bool) -> Result<Found, LeftOut> {
    match contents(file, &mut Losses::new()).map_err(LeftOut::Failed)? {
        Contents::Markup(source) if foreign::is_dita(&source) => {
            Err(LeftOut::Foreign(failure(file, None, "DITA, not a page of Confluence")))
        }
        Contents::Markup(source) if foreign::is_html_export(&source) => {
            let message = "a page of an HTML export, which does not contain the macros; export the space as XML, or fetch `body.storage`";
            Err(LeftOut::Failed(failure(file, None, message)))
        }
        Contents::Markup(source) => {
            Ok(Found::Body { title: title::of_markup(&source), is_cloud: false, files: attached_names(&source) })
        }
        Contents::Json(value) if value.get("type").and_then(Value::as_str) == Some("doc") => {
            Ok(Found::Body { title: title::of_adf(&value), is_cloud: true, files: Vec::new() })
        }
        Contents::Json(value) => match objects(&value, wants_comments) {
            Some(objects) if is_of_pages(&objects) => Ok(Found::Objects(objects)),
            Some(_) => Err(LeftOut::Foreign(failure(file, None, "a list of the REST API without a page"))),
            None => {
                let left_out = failure(file, None, "neither an ADF document nor a page of the REST API");
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
fn objects(value: &Value, wants_comments: bool) -> Option<Objects> {
    let mut objects = Objects::default();
    for (number, item) in rest::items(value)?.into_iter().enumerate() {
        match item.class {
            Class::Page | Class::Blog | Class::Branch => {
                if let Some(status) = item.other_status() {
                    *objects.other_statuses.entry(status.to_owned()).or_default() += 1;
                } else if item.class == Class::Branch {
                    objects.branches += 1;
                }
                let base = item.base();
                let page = RestPage {
                    reference: item.reference(base.as_deref()),
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
                    objects.comments.push((page, comment.filter(|_| wants_comments)));
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

impl Pages {
    /// Returns notices for the owner of the files.
    fn notices(&self) -> Vec<Outcome> {
        let mut notices: Vec<Outcome> = self.unfollowed().into_iter().collect();
        let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
        let mut folders = 0;
        for (_, objects) in self.objects() {
            for (status, amount) in &objects.other_statuses {
                *left_out.entry(status).or_default() += amount;
            }
            folders += objects.branches;
        }
        if !left_out.is_empty() {
            let named = left_out.iter().map(|(status, amount)| format!("{amount} {status}")).collect::<Vec<_>>();
            let message = format!("left out pages that are not current: {}", named.join(", "));
            notices.push(Outcome::Notice(Notice { is_warning: false, message }));
        }
        let attachments = self.objects().map(|(_, objects)| objects.others).sum::<usize>();
        if attachments > 0 {
            let plural = if attachments == 1 {
                "result that is neither a page nor a comment"
            } else {
                "results that are neither pages nor comments"
            };
            let message = format!("left out {attachments} {plural}");
            notices.push(Outcome::Notice(Notice { is_warning: false, message }));
        }
        notices.extend(branches(folders, "folder"));
        notices
    }

    /// Returns a warning if a list continues but the input does not contain the next part.
    fn unfollowed(&self) -> Option<Outcome> {
        let lists: Vec<(&File, &List)> =
            self.objects().filter_map(|(file, objects)| Some((file, objects.list.as_ref()?))).collect();
        let is_followed = |next: &str| {
            let start = next.split(['?', '&']).find_map(|part| part.strip_prefix("start=")?.parse::<u64>().ok());
            match start {
                Some(start) => lists.iter().any(|(_, list)| list.start == Some(start)),
                // A cursor does not identify its target. Only the last part of a list has no cursor.
                None => lists.iter().any(|(_, list)| list.next.is_none()),
            }
        };
        let open = |(file, list): &(&File, &List)| {
            let next = list.next.as_deref().filter(|next| !is_followed(next))?;
            Some((file.relative.clone(), next.to_owned()))
        };
        let (path, next) = lists.iter().filter_map(open).next_back()?;
        let message = format!("{path}: the list of pages is incomplete and continues at {next}; fetch the rest");
        Some(Outcome::Notice(Notice { is_warning: true, message }))
    }
}

fn failure(file: &File, line: Option<u64>, message: impl Into<String>) -> FileError {
    FileError { path: file.relative.clone(), line, message: message.into() }
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

/// Returns object `item` in a file of the REST API.
fn object(value: &Value, item: usize) -> Option<&Value> {
    rest::items(value)?.get(item).map(|item| item.value)
}

fn json_body(value: Value, item: usize) -> Option<Body> {
    if value.get("type").and_then(Value::as_str) == Some("doc") {
        return Some(Body::Adf(value));
    }
    rest::body(object(&value, item)?)
}
