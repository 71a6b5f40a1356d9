//! Holds the data of all inputs that the conversion of a page needs: pages by id and title, the page tree,
//! readers, people, spaces and bodies.

mod find;
mod name;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

use super::attached::{AttachedFile, Unread};
use super::page::Page;
use super::site::Site;
use crate::config::Confluence;
use crate::lock::locked;
use crate::normalize::readers::Restriction;
use crate::normalize::{FileError, Outcome};
use tree::Tree;

pub(super) use find::{fold, percent_decode, percent_encode};
pub(super) use name::{PageName, day_of};

/// The stored body of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    Storage(String),
    Adf(Value),
    Wiki(String),
}

impl Body {
    /// Returns the value of `body_repr` in the documents.
    pub(super) fn representation(&self) -> &'static str {
        match self {
            Self::Storage(_) => "storage",
            Self::Adf(_) => "adf",
            Self::Wiki(_) => "wiki",
        }
    }
}

/// The kind of a node in the page tree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Page,
    Blog,
    /// A page or a blog post. The input does not contain its kind.
    Unknown,
    /// A node without a document, such as a folder or an archived page.
    Branch,
}

/// An ancestor of a page, as the page describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ancestor {
    pub content_id: String,
    pub title: String,
    pub restriction: Option<Restriction>,
}

/// A node of the page tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageRef {
    /// The id of the document.
    pub id: String,
    /// The id in the source, or the path of a page file.
    pub content_id: String,
    pub kind: Kind,
    pub title: String,
    /// Another name that links to the page may use.
    pub alias: Option<String>,
    pub space_key: Option<String>,
    /// Whether the space key is the collection of page files. The space in Confluence is unknown.
    pub is_space_assumed: bool,
    pub url: Option<String>,
    /// The number of its site in the library.
    pub site: usize,
    /// The content id of its parent.
    pub parent: Option<String>,
    /// The ancestors that the page lists, from the root to the parent.
    pub ancestors: Vec<Ancestor>,
    pub position: Option<i64>,
    /// Sorted, without duplicates.
    pub labels: Vec<String>,
    /// The view restrictions of the page and of its space. A reader must pass all of them.
    pub restrictions: Vec<Restriction>,
    pub created: Option<String>,
    pub updated: Option<String>,
    /// Whether the format of the body exists only in Cloud.
    pub has_cloud_body: bool,
}

impl PageRef {
    /// Returns the key of the space, unless it is unknown.
    fn space(&self) -> Option<&str> {
        self.space_key.as_deref().filter(|_| !self.is_space_assumed)
    }

    /// Returns the day on which the page was created.
    pub(super) fn day(&self) -> Option<NaiveDate> {
        Some(DateTime::parse_from_rfc3339(self.created.as_deref()?).ok()?.date_naive())
    }
}

/// A part of the input that contains pages, such as a space export or the page files of a folder.
pub(super) trait Source: Sync {
    /// Adds the pages of the source to the library, and all its tasks to the agenda in order.
    fn register(&self, library: &mut Library<'_>, agenda: &mut Vec<Task>);

    /// Returns the body of the page with this number, if it can be read.
    fn body(&self, number: usize) -> Option<Body>;

    /// Reads the page with this number. `page` is its entry in the library.
    fn page(&self, library: &Library<'_>, page: &PageRef, number: usize) -> Result<Page, FileError>;

    /// Returns the size of the body of this page in bytes, or 0 if it is unknown.
    fn length(&self, _number: usize) -> u64 {
        0
    }

    /// Returns a file that is attached to page number `number` of the source, if the input contains the file.
    fn file(&self, _number: usize, _content_id: &str, _filename: &str) -> Option<Vec<u8>> {
        None
    }
}

/// A task that produces one outcome.
pub(super) enum Task {
    /// An outcome that is known before any page is converted.
    Told(Outcome),
    /// The number of a page in the library.
    Page(usize),
    /// A file that is attached to the page with this number.
    File(usize, AttachedFile),
}

/// Size in bytes above which bodies are read one at a time, because a parsed tree needs much more memory than its source.
const LARGE_BODY: u64 = 1024 * 1024;

/// All inputs of a run.
pub(super) struct Library<'a> {
    pub options: Confluence,
    /// The trailblazer program, which reads attached files.
    pub program: Option<PathBuf>,
    /// Attached files that are not read.
    pub unread: Unread,
    sites: Vec<Site>,
    pages: Vec<PageRef>,
    /// The number of the source, and the number of the page in that source.
    places: Vec<(usize, usize)>,
    sources: Vec<&'a dyn Source>,
    by_id: HashMap<String, Vec<usize>>,
    by_title: HashMap<(String, String), Vec<usize>>,
    by_bare_title: HashMap<String, Vec<usize>>,
    tree: Tree,
    /// Locked while a large body is in memory.
    large: Mutex<()>,
    /// Display names by account id, user key or user name.
    pub users: HashMap<String, String>,
    /// Names by space key.
    pub spaces: HashMap<String, String>,
    /// Content ids of home pages by space key.
    pub homes: HashMap<String, String>,
    /// File names by the id in ADF media.
    pub files: HashMap<String, String>,
}

impl<'a> Library<'a> {
    pub(super) fn new(options: Confluence) -> Self {
        Self {
            options,
            program: None,
            unread: Unread::default(),
            sites: Vec::new(),
            pages: Vec::new(),
            places: Vec::new(),
            sources: Vec::new(),
            by_id: HashMap::new(),
            by_title: HashMap::new(),
            by_bare_title: HashMap::new(),
            tree: Tree::default(),
            large: Mutex::new(()),
            users: HashMap::new(),
            spaces: HashMap::new(),
            homes: HashMap::new(),
            files: HashMap::new(),
        }
    }

    /// Returns the number of a site. Adds the site if it is new.
    pub(super) fn add_site(&mut self, site: Site) -> usize {
        self.sites.iter().position(|known| *known == site).unwrap_or_else(|| {
            self.sites.push(site);
            self.sites.len() - 1
        })
    }

    /// Adds a source. The pages that are added next belong to it.
    pub(super) fn add_source(&mut self, source: &'a dyn Source) {
        self.sources.push(source);
    }

    /// Adds page `number` of the last source. If several pages have the same title, links by title lead to the first one.
    pub(super) fn add(&mut self, mut page: PageRef, number: usize) -> usize {
        let index = self.pages.len();
        if page.url.is_none() {
            page.url = self.sites.get(page.site).and_then(|site| site.page_url(&page));
        }
        self.by_id.entry(page.content_id.clone()).or_default().push(index);
        if page.kind != Kind::Branch {
            let space = fold(page.space_key.as_deref().unwrap_or_default());
            for name in [Some(&page.title), page.alias.as_ref()].into_iter().flatten() {
                let title = fold(name);
                let known = self.by_title.entry((space.clone(), title.clone())).or_default();
                if known.last() != Some(&index) {
                    known.push(index);
                    self.by_bare_title.entry(title).or_default().push(index);
                }
            }
        }
        self.pages.push(page);
        self.places.push((self.sources.len().saturating_sub(1), number));
        index
    }

    pub(super) fn page(&self, index: usize) -> Option<&PageRef> {
        self.pages.get(index)
    }

    /// Returns all documents with their numbers.
    pub(super) fn documents(&self) -> impl Iterator<Item = (usize, &PageRef)> {
        self.pages.iter().enumerate().filter(|(_, page)| page.kind != Kind::Branch)
    }

    fn source(&self, index: usize) -> Option<(&'a dyn Source, usize)> {
        let (source, number) = self.places.get(index)?;
        Some((*self.sources.get(*source)?, *number))
    }

    pub(super) fn body(&self, index: usize) -> Option<Body> {
        let (source, number) = self.source(index)?;
        source.body(number)
    }

    /// If the body of the page is large, waits until no other large body is in memory.
    /// Drop the guard to let the next one start.
    pub(super) fn turn(&self, index: usize) -> Option<MutexGuard<'_, ()>> {
        let (source, number) = self.source(index)?;
        let is_large = source.length(number) >= LARGE_BODY;
        is_large.then(|| locked(&self.large))
    }

    /// Reads a page and its body.
    pub(super) fn read(&self, index: usize) -> Option<Result<Page, FileError>> {
        let (source, number) = self.source(index)?;
        Some(source.page(self, self.page(index)?, number))
    }

    /// Returns a file that is attached to a page, if the input contains it.
    pub(super) fn file(&self, index: usize, filename: &str) -> Option<Vec<u8>> {
        let (source, number) = self.source(index)?;
        source.file(number, &self.page(index)?.content_id, filename)
    }

    /// Returns the site of a page.
    pub(super) fn site(&self, page: &PageRef) -> &Site {
        const UNKNOWN: &Site = &Site { url: None, is_cloud: None };
        self.sites.get(page.site).unwrap_or(UNKNOWN)
    }
}
