//! Reads page files. A file is one body in storage format or ADF, or contains pages of the REST API.

mod contents;
mod files;
mod notices;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;

use super::super::extract::MAX_FILE as MAX_ATTACHMENT;
use super::super::files::Root;
use super::super::parallel;
use super::super::text::Losses;
use super::super::{FileError, Options};
use super::attached::AttachedFile;
use super::library::{Body, Kind, Library, PageRef, Source, Task};
use super::naming::Naming;
use super::page::{Comment, Page};
use super::rest;
use super::site::{Site, is_number};
use crate::config::Confluence;
use contents::{Contents, Found, LeftOut, Objects, Origin, RestPage, Space, contents, found, json_body, object};
pub(super) use contents::{File, extension, is_page_file};
pub(crate) use files::{ATTACHMENTS, stored_name};

/// File extensions of page files, for messages.
pub(super) const ENDINGS: &str = ".xml, .html, .xhtml, .storage, .json or .adf";

/// The page files of an input.
pub(super) struct Pages {
    files: Vec<File>,
    /// The folder of the input, unless the file is in memory.
    root: Option<Root>,
    naming: Naming,
    site_url: Option<String>,
    /// The content of each file, or the reason why it contains no page.
    found: Vec<Result<Found, LeftOut>>,
    /// The file of each registered page, and the number of the object in that file.
    slots: Vec<(usize, usize)>,
    comments: HashMap<String, Vec<Comment>>,
    /// The number of comments without text, by page.
    unread_comments: HashMap<String, usize>,
}

/// Reads a page file from memory.
pub(super) fn held(name: &str, bytes: &[u8], options: &Options, naming: &Naming) -> Pages {
    index(vec![File { origin: Origin::Memory(bytes.to_owned()), relative: name.to_owned() }], None, options, naming)
}

/// Reads the ids and titles in each file, and notes the files without a page.
pub(super) fn index(files: Vec<File>, root: Option<Root>, options: &Options, naming: &Naming) -> Pages {
    let mut pages = Pages {
        found: Vec::with_capacity(files.len()),
        files,
        root,
        naming: naming.clone(),
        site_url: options.site_url.clone(),
        slots: Vec::new(),
        comments: HashMap::new(),
        unread_comments: HashMap::new(),
    };
    pages.find_all(options.threads, &options.confluence);
    pages.number();
    pages
}

impl Pages {
    fn find_all(&mut self, threads: Option<NonZeroUsize>, options: &Confluence) {
        let files = &self.files;
        let find = |number: usize| files.get(number).map(|file| found(file, options));
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
            kind: Kind::Unknown,
            space_key: self.naming.collection().map(str::to_owned),
            is_space_assumed: true,
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
            Contents::Adf(json) => Some(Body::Adf(json.into())),
            Contents::Json(value) => json_body(&value, item),
        }
    }

    fn length(&self, number: usize) -> u64 {
        let Some((file, _)) = self.slots.get(number) else { return 0 };
        match (self.files.get(*file), self.found.get(*file)) {
            (Some(file), Some(Ok(Found::Body { .. }))) => file.length(),
            // The file is a list, so its size is not the size of this page.
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
            Contents::Adf(json) => page.body = Some(Body::Adf(json.into())),
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
                page.body = json_body(&value, item);
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
    /// Returns the id of a page file. It is the name of the file if the name is a number, and otherwise the path without the
    /// extension. If this id is taken, it is the path with or without the extension.
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
