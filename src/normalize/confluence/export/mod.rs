//! Reads space exports: `entities.xml` in a zip, in a folder, or as a single file.
//!
//! The file is read twice. The first pass ([`index`]) stores the small data: pages, the tree, labels, attachments,
//! people, and the location of each body. The second pass reads the pages in the order of the tree, one body at a time.
//! Therefore, the memory usage depends on the number of pages, not on their size.

mod attached;
mod descriptor;
mod index;
mod object;
mod open;
mod restrictions;
mod shortened;
mod valid;

use std::collections::BTreeMap;
use std::io::{BufReader, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;

use super::super::document::{Attachment, Document};
use super::super::text::{Losses, count_many};
use super::super::{FileError, Notice, Options, Outcome, ReadError};
use super::adf;
use super::attached::AttachedFile;
use super::library::{Body, Kind, Library, PageRef, Source, Task};
use super::links::is_internal_key;
use super::naming::Naming;
use super::page::{Comment, Page, add_meta};
use super::site::Site;
use super::{branches, io_error, legacy, not_current};
use descriptor::{offset, property};
use index::{BodyPlace, Index, Markup, Node, Span};

pub(super) use open::{ENTITIES, Found, OWN, find, find_among};

/// Maximum size of a body in bytes. The limit of Confluence is 5 MB.
const MAX_BODY: u64 = 16 * 1024 * 1024;

/// A space export. Everything except the bodies is in memory.
pub(super) struct Export {
    found: Found,
    index: Index,
    naming: Naming,
    site: Site,
    wants_comments: bool,
    everybody: Vec<String>,
    /// The nodes of the page tree, in tree order.
    order: Vec<String>,
    /// The offset of its times from UTC, or an empty string if it is unknown.
    offset: String,
    /// The build of Confluence that wrote the export.
    build: Option<u32>,
}

impl Export {
    /// Reads an export once, without its bodies.
    pub(super) fn index(mut found: Found, options: &Options, naming: &Naming) -> Result<Self, ReadError> {
        let path = found.path.clone();
        found.entities.seek(SeekFrom::Start(0)).map_err(io_error(&path))?;
        let index = index::build(BufReader::with_capacity(1 << 16, &found.entities), &path, &found.name)?;
        let describes = |name: &str| property(&found.descriptor, name);
        let is_cloud = describes("source").map(|source| source.eq_ignore_ascii_case("cloud"));
        let url = options.site_url.clone().or_else(|| describes("baseUrl"));
        Ok(Self {
            order: index.order(),
            naming: naming.clone(),
            site: Site::new(url.as_deref(), is_cloud),
            wants_comments: options.confluence.comments,
            everybody: options.confluence.everybody.clone(),
            offset: offset(&found.descriptor, is_cloud),
            build: describes("buildNumber").and_then(|number| number.parse().ok()),
            index,
            found,
        })
    }

    pub(super) fn name(&self) -> &str {
        self.found.name()
    }

    /// Returns whether another export has the same content.
    pub(super) fn is_copy(&self, other: &Found) -> bool {
        self.found.is_copy(other)
    }

    fn node(&self, number: usize) -> Option<&Node> {
        self.index.pages.get(self.order.get(number)?)
    }

    /// Returns the entry of a node in the library.
    fn reference(&self, node: &Node, site: usize) -> PageRef {
        let space = node.space.as_deref().and_then(|space| self.index.spaces.get(space));
        let space_key = space.map(|space| space.key.clone()).filter(|key| !key.is_empty());
        let time = |text: Option<&str>| text.map(|text| index::timestamp(text, &self.offset));
        PageRef {
            id: self.naming.page_id(&self.site, space_key.as_deref(), &node.id),
            content_id: node.id.clone(),
            kind: match node {
                node if !node.is_document() => Kind::Branch,
                node if node.blog => Kind::Blog,
                _ => Kind::Page,
            },
            title: node.title.clone(),
            space_key,
            site,
            parent: node.parent.clone(),
            position: node.position,
            labels: self.index.labels(&node.id),
            restrictions: self.index.restrictions_of(node, &self.everybody),
            created: time(node.created.as_deref()),
            updated: time(node.updated.as_deref()),
            ..PageRef::default()
        }
    }

    /// Returns the metadata of a page in the export.
    fn document(&self, node: &Node) -> Document {
        let index = &self.index;
        let time = |text: Option<&str>| text.map(|text| index::timestamp(text, &self.offset));
        let mut document = Document {
            version: node.version,
            created_at: time(node.created.as_deref()),
            updated_at: time(node.updated.as_deref()),
            source_path: Some(self.found.name.clone()),
            ..Document::default()
        };
        count_many(&mut document.losses, "invalid-bytes", node.invalid_bytes);
        let url = |filename: &str| self.site.attachment_url(&node.id, filename);
        document.attachments = index
            .attachments_of(&node.id)
            .map(|filename| Attachment { url: url(filename), filename: filename.to_owned() })
            .collect();
        let author = node.modifier.as_ref().or(node.creator.as_ref());
        add_meta(&mut document.meta, "author", author.and_then(|key| self.display_name(key)));
        add_meta(&mut document.meta, "type", node.blog.then_some("blogpost"));
        add_meta(&mut document.meta, "parent_id", node.parent.as_deref());
        document
    }

    fn attached_file(&self, page: &str, filename: &str) -> AttachedFile {
        let updated = self.index.attachment(page, filename).and_then(|file| file.updated.as_deref());
        AttachedFile {
            filename: filename.to_owned(),
            url: None,
            updated: updated.map(|text| index::timestamp(text, &self.offset)),
        }
    }

    /// Returns the name of a person, unless the export contains only an internal key.
    fn display_name<'k>(&'k self, key: &'k str) -> Option<&'k str> {
        let name = self.index.users.get(key).map_or(key, String::as_str);
        Some(name).filter(|name| !is_internal_key(name))
    }

    fn body_at(&self, place: BodyPlace, losses: &mut Losses) -> Option<Body> {
        let text = object::property_text(&self.bytes(place.span)?, losses);
        let is_wiki = match place.markup {
            Markup::Wiki => true,
            Markup::Storage => false,
            Markup::Unknown => legacy::is_wiki(&text, self.build),
        };
        Some(match text {
            text if is_wiki => Body::Wiki(text),
            text if text.trim_start().starts_with("{\"") && adf::Document::open(&text).is_ok() => {
                Body::Adf(text.into())
            }
            text if text.trim_start().starts_with("{\"") => {
                serde_json::from_str(&text).map_or(Body::Storage(text), Body::Adf)
            }
            text => Body::Storage(text),
        })
    }

    fn bytes(&self, span: Span) -> Option<Vec<u8>> {
        let length = span.end.checked_sub(span.start)?;
        if length > MAX_BODY {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        // Several threads read the file, so no thread may change its position.
        self.found.entities.read_exact_at(&mut bytes, span.start).ok()?;
        Some(bytes)
    }

    /// Returns notices for the owner of the export.
    fn notices(&self) -> Vec<Outcome> {
        let note = |message: String| Outcome::Notice(Notice { is_warning: false, message });
        let name = &self.found.name;
        let mut notices = Vec::new();
        match self.index.templates {
            0 => {}
            1 => notices.push(note(format!("{name}: 1 page template is not read"))),
            templates => notices.push(note(format!("{name}: {templates} page templates are not read"))),
        }
        let (mut statuses, mut folders) = (BTreeMap::new(), BTreeMap::new());
        for node in self.index.pages.values() {
            match (node.folder, &node.other_status) {
                (true, None) => *folders.entry("folder".to_owned()).or_default() += 1,
                (false, Some(status)) => *statuses.entry(status.clone()).or_default() += 1,
                _ => {}
            }
        }
        notices.extend(not_current(&statuses));
        notices.extend(branches(&folders));
        notices
    }
}

impl Source for Export {
    fn register(&self, library: &mut Library<'_>, agenda: &mut Vec<Task>) {
        let index = &self.index;
        library.users.extend(index.users.iter().map(|(key, name)| (key.clone(), name.clone())));
        for space in index.spaces.values() {
            library.spaces.insert(space.key.clone(), space.name.clone());
            library.homes.extend(space.home.clone().map(|home| (space.key.clone(), home)));
        }
        for (id, title) in &index.attachments {
            library.files.insert(id.clone(), title.clone());
            if let Some(file_id) = index.file_ids.get(id) {
                library.files.insert(file_id.clone(), title.clone());
            }
        }
        let site = library.add_site(self.site.clone());
        for (number, id) in self.order.iter().enumerate() {
            let Some(node) = index.pages.get(id) else { continue };
            let page = library.add(self.reference(node, site), number);
            if node.is_document() {
                agenda.push(Task::Page(page));
                let files = index.attachments_of(&node.id).map(|filename| self.attached_file(&node.id, filename));
                let has = |filename: &str| {
                    let file = index.attachment(&node.id, filename);
                    file.is_some_and(|file| self.found.attachments.has(&node.id, file))
                };
                library.add_files(page, files, has, agenda);
            }
        }
        agenda.extend(index.truncated.clone().map(|failure| Task::Told(Outcome::Failure(failure))));
        agenda.extend(self.notices().into_iter().map(Task::Told));
    }

    fn body(&self, number: usize) -> Option<Body> {
        self.body_at(self.index.body_of(self.order.get(number)?)?, &mut Losses::new())
    }

    fn length(&self, number: usize) -> u64 {
        let place = self.order.get(number).and_then(|id| self.index.body_of(id));
        place.map_or(0, |body| body.span.end.saturating_sub(body.span.start))
    }

    fn page(&self, _: &Library<'_>, reference: &PageRef, number: usize) -> Result<Page, FileError> {
        let fail = |line: Option<u64>, what: &str| FileError {
            path: self.found.name.clone(),
            line,
            message: format!("the body of page {} {what}", reference.content_id),
        };
        let node = self.node(number).ok_or_else(|| fail(None, "is no longer in the input"))?;
        let place = self.index.body_of(&node.id);
        let (line, length) = (place.map_or(1, |body| body.line), self.length(number));
        if length > MAX_BODY {
            return Err(fail(Some(line), &format!("has {length} bytes, more than the maximum of {MAX_BODY}")));
        }
        let mut document = self.document(node);
        let body = place.and_then(|place| self.body_at(place, &mut document.losses));
        if place.is_some() && body.is_none() {
            return Err(fail(Some(line), "cannot be read"));
        }
        let mut page = Page { document, body, path: self.found.name.clone(), line, ..Page::default() };
        let comments = self.index.comments_of(&node.id);
        if self.wants_comments {
            for (comment, place) in comments {
                let author = comment.author.as_deref().and_then(|key| self.display_name(key)).map(str::to_owned);
                match self.body_at(place, &mut page.document.losses) {
                    Some(body) => page.comments.push(Comment { author, body }),
                    None => page.unread_comments += 1,
                }
            }
        } else {
            page.unread_comments = comments.len();
        }
        Ok(page)
    }

    fn file(&self, _: usize, content_id: &str, filename: &str) -> Option<Vec<u8>> {
        self.found.attachments.read(content_id, self.index.attachment(content_id, filename)?)
    }
}
