//! Holds the data of all inputs that the conversion of a page needs: pages by id and title, the page tree,
//! readers, people, spaces and bodies.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::attached::{AttachedFile, Unread};
use super::page::Page;
use super::site::Site;
use crate::config::Confluence;
use crate::normalize::readers::{Readers, Restriction, is_within};
use crate::normalize::{FileError, Outcome};

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
    /// A file attached to the page of that number.
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

/// The page tree. It is built when all pages are known.
#[derive(Default)]
struct Tree {
    parents: Vec<Option<usize>>,
    /// The documents below each node, in the order of the published tree.
    children: HashMap<usize, Vec<usize>>,
    readers: Vec<Option<Readers>>,
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

    /// Builds the tree and computes the readers. Call it after all pages have been added.
    pub(super) fn finish(&mut self) {
        let parents: Vec<Option<usize>> = (0..self.pages.len()).map(|index| self.find_parent(index)).collect();
        self.tree.parents = parents;
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, _) in self.documents() {
            let is_document = |index: &usize| self.page(*index).is_some_and(|page| page.kind != Kind::Branch);
            if let Some(parent) = self.above(index).into_iter().find(is_document) {
                children.entry(parent).or_default().push(index);
            }
        }
        for siblings in children.values_mut() {
            siblings.sort_by_cached_key(|index| {
                self.page(*index).map(|page| (page.position.is_none(), page.position, page.title.clone()))
            });
        }
        self.tree.children = children;
        self.tree.readers = (0..self.pages.len()).map(|index| self.find_readers(index)).collect();
    }

    fn find_parent(&self, index: usize) -> Option<usize> {
        let page = self.pages.get(index)?;
        let parent = page.parent.as_ref().or_else(|| page.ancestors.last().map(|ancestor| &ancestor.content_id))?;
        self.nearest(parent, index).filter(|parent| *parent != index)
    }

    /// Finds the node with a content id.
    /// A node in the same source is preferred, then a node on the same site, then the first one.
    fn nearest(&self, content_id: &str, from: usize) -> Option<usize> {
        let candidates = self.by_id.get(content_id)?;
        let source = |index: &usize| self.places.get(*index).map(|place| place.0);
        let site = |index: &usize| self.pages.get(*index).map(|page| page.site);
        let same_source = candidates.iter().find(|index| source(index) == source(&from));
        let same_site = || candidates.iter().find(|index| site(index) == site(&from));
        same_source.or_else(same_site).copied()
    }

    /// Returns the ancestors of a page, beginning with its parent.
    fn above(&self, index: usize) -> Vec<usize> {
        let mut above = Vec::new();
        let mut seen = HashSet::from([index]);
        let mut next = self.tree.parents.get(index).copied().flatten();
        while let Some(parent) = next.filter(|parent| seen.insert(*parent)) {
            above.push(parent);
            next = self.tree.parents.get(parent).copied().flatten();
        }
        above
    }

    fn find_readers(&self, index: usize) -> Option<Readers> {
        let above = self.above(index);
        let chain = || std::iter::once(&index).chain(&above).filter_map(|index| self.pages.get(*index));
        let named = chain().flat_map(|page| &page.ancestors);
        // The input may contain the ancestors that a page lists, even without links to their parents.
        let of_named = named.clone().filter_map(|ancestor| self.nearest(&ancestor.content_id, index));
        let of_named = of_named.filter_map(|index| self.pages.get(index)).flat_map(|page| &page.restrictions);
        let given = named.filter_map(|ancestor| ancestor.restriction.as_ref());
        Readers::of_all(chain().flat_map(|page| &page.restrictions).chain(of_named).chain(given))
    }

    /// Returns who may read a page.
    pub(super) fn readers(&self, index: usize) -> Option<&Readers> {
        self.tree.readers.get(index)?.as_ref()
    }

    /// Returns whether everybody who may read the document `from` may also read the page `other`.
    pub(super) fn may_show(&self, from: Option<usize>, other: usize) -> bool {
        let Some(from) = from else { return self.readers(other).is_none() };
        is_within(self.readers(from), self.readers(other))
    }

    /// Returns whether an ancestor of the page is missing in the input, so that its restrictions are unknown.
    pub(super) fn has_unknown_ancestor(&self, index: usize) -> bool {
        let above = self.above(index);
        let top = above.last().copied().unwrap_or(index);
        let Some(top) = self.pages.get(top) else { return false };
        let is_known =
            |ancestor: &Ancestor| ancestor.restriction.is_some() || self.nearest(&ancestor.content_id, index).is_some();
        if top.ancestors.is_empty() { top.parent.is_some() } else { !top.ancestors.iter().all(is_known) }
    }

    /// Returns the titles from the root to the parent.
    pub(super) fn breadcrumbs(&self, index: usize) -> Vec<String> {
        let mut titles = Vec::new();
        for node in std::iter::once(index).chain(self.above(index)) {
            let Some(page) = self.pages.get(node) else { continue };
            if node != index {
                titles.push(page.title.clone());
            }
            if !page.ancestors.is_empty() && page.ancestors.iter().all(|ancestor| !ancestor.title.is_empty()) {
                titles.extend(page.ancestors.iter().rev().map(|ancestor| ancestor.title.clone()));
                break;
            }
        }
        titles.reverse();
        titles
    }

    /// Returns the documents directly below a page, in the order of the published tree.
    /// If a node has no document, the documents below it are returned instead.
    pub(super) fn children(&self, index: usize) -> &[usize] {
        self.tree.children.get(&index).map_or(&[], Vec::as_slice)
    }

    pub(super) fn parent(&self, index: usize) -> Option<usize> {
        self.tree.parents.get(index).copied().flatten()
    }

    /// Returns whether a page is a descendant of another page.
    pub(super) fn is_below(&self, index: usize, ancestor: usize) -> bool {
        self.above(index).contains(&ancestor)
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
        is_large.then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner))
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

    /// Finds the document with a content id on the site of `from`.
    pub(super) fn index_of(&self, content_id: &str, from: &PageRef) -> Option<usize> {
        let candidates = self.by_id.get(content_id)?.iter();
        let mut documents = candidates.filter(|index| self.page(**index).is_some_and(|page| page.kind != Kind::Branch));
        documents.find(|index| self.page(**index).is_some_and(|page| page.site == from.site)).copied()
    }

    /// Returns the number of a page that is stored in this library.
    pub(super) fn number_of(&self, page: &PageRef) -> Option<usize> {
        self.by_id.get(&page.content_id)?.iter().find(|index| self.page(**index) == Some(page)).copied()
    }

    /// Finds a page by title. If no space is given, searches the space of `from`, and then all spaces if the title is
    /// unique. Pages of the same site have priority.
    pub(super) fn find(&self, space: Option<&str>, title: &str, from: &PageRef) -> Option<usize> {
        let title = fold(title);
        let space = space.or(from.space_key.as_deref()).unwrap_or_default();
        let alone = || self.by_bare_title.get(&title).filter(|found| found.len() == 1);
        let known = self.by_title.get(&(fold(space), title.clone())).or_else(alone)?;
        let same_site = known.iter().find(|index| self.page(**index).is_some_and(|page| page.site == from.site));
        same_site.or_else(|| known.first()).copied()
    }

    /// Finds the page for an address. The address may belong to the site of `from` or to another site of the input.
    pub(super) fn find_url(&self, url: &str, from: &PageRef) -> Option<usize> {
        let sites = std::iter::once(from.site).chain((0..self.sites.len()).filter(|site| *site != from.site));
        sites.filter_map(|number| Some((number, self.sites.get(number)?.path(url)?))).find_map(|(number, path)| {
            let of_site = PageRef { site: number, ..PageRef::default() };
            self.find_path(path, &of_site)
        })
    }

    fn find_path(&self, path: &str, from: &PageRef) -> Option<usize> {
        let path = path.split('#').next().unwrap_or(path);
        if let Some((_, query)) = path.split_once("pageId=") {
            return self.index_of(query.split('&').next()?, from);
        }
        let path = path.split('?').next().unwrap_or(path);
        if let Some((_, rest)) = path.split_once("/pages/").or_else(|| path.split_once("/blog/")) {
            // Addresses of blog posts begin with the date.
            return rest.split('/').rev().find_map(|part| self.index_of(part, from));
        }
        let (_, rest) = path.split_once("/display/")?;
        let (space, title) = rest.split_once('/')?;
        let title = percent_decode(&title.replace('+', " ")).into_owned();
        let found = self.by_title.get(&(fold(space), fold(&title)))?;
        found.iter().find(|index| self.page(**index).is_some_and(|page| page.site == from.site)).copied()
    }
}

/// Converts titles and space keys to a form for comparisons. Like Confluence, it ignores case.
pub(super) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Percent-encodes the characters that are not allowed in a part of an address.
pub(super) fn percent_encode(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'!')
        .remove(b'\'')
        .remove(b',')
        .remove(b':')
        .remove(b'@');
    utf8_percent_encode(text, KEPT).to_string()
}

/// Decodes sequences such as `%20`. Bytes that are not valid UTF-8 become U+FFFD.
pub(super) fn percent_decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::super::site::Site;
    use super::{Ancestor, Kind, Library, PageRef};
    use crate::config::Confluence;

    fn page(id: &str, title: &str, space: &str) -> PageRef {
        PageRef {
            id: id.to_owned(),
            content_id: id.to_owned(),
            title: title.to_owned(),
            space_key: Some(space.to_owned()),
            ..PageRef::default()
        }
    }

    fn library(pages: Vec<PageRef>) -> Library<'static> {
        let mut library = Library::new(Confluence::default());
        library.add_site(Site::new(Some("https://x.atlassian.net/wiki"), None));
        for (number, page) in pages.into_iter().enumerate() {
            library.add(page, number);
        }
        library.finish();
        library
    }

    fn in_two_spaces() -> Library<'static> {
        library(vec![page("1", "Data Model", "ENG"), page("2", "Home", "ENG"), page("3", "Home", "OPS")])
    }

    #[test]
    fn pages_are_found_by_title_in_their_space_first() {
        let library = in_two_spaces();
        let from = |space: &str| page("9", "", space);
        assert_eq!(library.find(None, "home", &from("OPS")), Some(2));
        assert_eq!(library.find(Some("ENG"), "Home", &from("OPS")), Some(1));
        assert_eq!(library.find(None, "Data  Model", &from("OPS")), Some(0));
        assert_eq!(library.find(None, "Home", &from("X")), None);
    }

    #[test]
    fn pages_are_found_by_every_form_of_address() {
        let library = in_two_spaces();
        let find = |url: &str| library.find_url(url, &PageRef::default());
        assert_eq!(find("https://x.atlassian.net/wiki/spaces/ENG/pages/1/Data+Model#a"), Some(0));
        assert_eq!(find("/wiki/pages/viewpage.action?pageId=2&x=1"), Some(1));
        assert_eq!(find("https://x.atlassian.net/wiki/display/OPS/Home"), Some(2));
        assert_eq!(find("https://elsewhere.example/display/OPS/Home"), None);
    }

    #[test]
    fn restrictions_come_down_the_tree_through_what_is_no_document() {
        let ann = || vec!["user:ann".to_owned()];
        let mut root = page("1", "Root", "A");
        root.kind = Kind::Branch;
        root.restrictions = vec![ann()];
        let mut middle = page("2", "Middle", "A");
        middle.parent = Some("1".to_owned());
        let mut leaf = page("3", "Leaf", "A");
        leaf.ancestors = vec![Ancestor { content_id: "2".to_owned(), title: "Middle".to_owned(), restriction: None }];
        let mut cycle = page("4", "Own parent", "A");
        cycle.parent = Some("4".to_owned());
        let library = library(vec![root, middle, leaf, cycle]);
        assert_eq!(
            [1, 2, 3].map(|index| library.readers(index).map(|readers| readers.lists().to_vec())),
            [Some(vec![ann()]), Some(vec![ann()]), None]
        );
        assert_eq!(library.breadcrumbs(1), ["Root"]);
        assert_eq!(library.children(1), [2]);
        assert!(!library.may_show(Some(3), 2) && library.may_show(Some(2), 1));
        assert!(!library.has_unknown_ancestor(1));
    }

    #[test]
    fn an_ancestor_outside_the_input_is_unknown() {
        let mut orphan = page("1", "Orphan", "A");
        orphan.parent = Some("404".to_owned());
        let library = library(vec![orphan]);
        assert!(library.has_unknown_ancestor(0));
    }
}
