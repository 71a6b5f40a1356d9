//! What is known of all inputs of a run while one page is converted: pages by id and title, their tree, who may read
//! them, people, spaces, bodies.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::page::Page;
use super::readers::{Readers, Restriction, allowed_by_all, is_within};
use super::site::Site;
use crate::config::Confluence;
use crate::normalize::{FileError, Outcome};

/// A page's body as stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    Storage(String),
    Adf(Value),
    Wiki(String),
}

impl Body {
    /// The name that documents carry as `body_repr`.
    pub(super) fn representation(&self) -> &'static str {
        match self {
            Self::Storage(_) => "storage",
            Self::Adf(_) => "adf",
            Self::Wiki(_) => "wiki",
        }
    }
}

/// What a node of the page tree is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Page,
    Blog,
    /// It has a place in the tree and becomes no document: a folder, an archived page.
    Branch,
}

/// A page above another, as that one names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ancestor {
    pub content_id: String,
    pub title: String,
    pub restriction: Option<Restriction>,
}

/// A node of the page tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageRef {
    /// Id of the document.
    pub id: String,
    /// Id at the source; the path of a page file.
    pub content_id: String,
    pub kind: Kind,
    pub title: String,
    /// Another name by which pages refer to it.
    pub alias: Option<String>,
    pub space_key: Option<String>,
    pub url: Option<String>,
    /// Number of its site in the library.
    pub site: usize,
    /// Content id of the node above.
    pub parent: Option<String>,
    /// From the root down to the parent, where the page names them.
    pub ancestors: Vec<Ancestor>,
    pub position: Option<i64>,
    /// Sorted, unique.
    pub labels: Vec<String>,
    /// View restrictions of the page itself and of its space: each must allow.
    pub restrictions: Vec<Restriction>,
    pub created: Option<String>,
    pub updated: Option<String>,
    /// Whether the body is of the kind that only Cloud writes.
    pub has_cloud_body: bool,
}

/// A part of the input that holds pages: a space export, the page files of a folder.
pub(super) trait Source: Sync {
    /// Adds its pages to the library, and everything that becomes an outcome to the agenda, in order.
    fn register(&self, library: &mut Library<'_>, agenda: &mut Vec<Task>);

    /// Returns the body of its page number `number`, if it can be read.
    fn body(&self, number: usize) -> Option<Body>;

    /// Reads its page number `number`; `page` is what the library knows of it.
    fn page(&self, library: &Library<'_>, page: &PageRef, number: usize) -> Result<Page, FileError>;

    /// Bytes of the body of its page number `number`, where that is known.
    fn length(&self, _number: usize) -> u64 {
        0
    }

    /// Returns a file attached to a page, if the input holds it.
    fn file(&self, _content_id: &str, _filename: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Something that becomes an outcome.
pub(super) enum Task {
    /// What is known before any page is converted.
    Told(Outcome),
    /// The page of that number in the library.
    Page(usize),
}

/// Bytes from which on a body is read while no other of that size is: it takes many times as much memory as a tree.
const LARGE_BODY: u64 = 1024 * 1024;

/// All inputs of a run.
pub(super) struct Library<'a> {
    pub options: Confluence,
    sites: Vec<Site>,
    pages: Vec<PageRef>,
    /// Number of the source, and the page's number in it.
    places: Vec<(usize, usize)>,
    sources: Vec<&'a dyn Source>,
    by_id: HashMap<String, Vec<usize>>,
    by_title: HashMap<(String, String), Vec<usize>>,
    by_bare_title: HashMap<String, Vec<usize>>,
    tree: Tree,
    /// Held while a large body is in memory.
    large: Mutex<()>,
    /// Display names by account id, user key and user name.
    pub users: HashMap<String, String>,
    /// Names by space key.
    pub spaces: HashMap<String, String>,
    /// Content ids of home pages by space key.
    pub homes: HashMap<String, String>,
    /// File names by the id that ADF media carry.
    pub files: HashMap<String, String>,
}

/// The page tree, once all pages are known.
#[derive(Default)]
struct Tree {
    parents: Vec<Option<usize>>,
    /// Documents below each node, in the order of the published tree.
    children: HashMap<usize, Vec<usize>>,
    readers: Vec<Readers>,
}

impl<'a> Library<'a> {
    pub(super) fn new(options: Confluence) -> Self {
        Self {
            options,
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

    /// Returns the number of a site, which is added unless it is known.
    pub(super) fn add_site(&mut self, site: Site) -> usize {
        self.sites.iter().position(|known| *known == site).unwrap_or_else(|| {
            self.sites.push(site);
            self.sites.len() - 1
        })
    }

    /// Adds a source; the pages that are added next are its own.
    pub(super) fn add_source(&mut self, source: &'a dyn Source) {
        self.sources.push(source);
    }

    /// Adds page number `number` of the newest source; the first of several with one title keeps it.
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

    /// Works out the tree and the readers, once every page is added.
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

    /// The node of that content id: of the same source, else of the same site, else the first.
    fn nearest(&self, content_id: &str, from: usize) -> Option<usize> {
        let candidates = self.by_id.get(content_id)?;
        let source = |index: &usize| self.places.get(*index).map(|place| place.0);
        let site = |index: &usize| self.pages.get(*index).map(|page| page.site);
        let same_source = candidates.iter().find(|index| source(index) == source(&from));
        let same_site = || candidates.iter().find(|index| site(index) == site(&from));
        same_source.or_else(same_site).copied()
    }

    /// The nodes above a page, the parent first.
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

    fn find_readers(&self, index: usize) -> Readers {
        let above = self.above(index);
        let chain = || std::iter::once(&index).chain(&above).filter_map(|index| self.pages.get(*index));
        let named = chain().flat_map(|page| &page.ancestors);
        // Ancestors that a page names may stand in the input without being linked as its parents.
        let of_named = named.clone().filter_map(|ancestor| self.nearest(&ancestor.content_id, index));
        let of_named = of_named.filter_map(|index| self.pages.get(index)).flat_map(|page| &page.restrictions);
        let given = named.filter_map(|ancestor| ancestor.restriction.as_ref());
        allowed_by_all(chain().flat_map(|page| &page.restrictions).chain(of_named).chain(given))
    }

    /// Who may read a page.
    pub(super) fn readers(&self, index: usize) -> Option<&[String]> {
        self.tree.readers.get(index)?.as_deref()
    }

    /// Whether everybody who may read the document `from` may read the page `other`.
    pub(super) fn may_show(&self, from: Option<usize>, other: usize) -> bool {
        let Some(from) = from else { return self.readers(other).is_none() };
        is_within(self.readers(from), self.readers(other))
    }

    /// Whether a page above this one is not in the input, so that its restrictions are not known.
    pub(super) fn has_unknown_ancestor(&self, index: usize) -> bool {
        let above = self.above(index);
        let top = above.last().copied().unwrap_or(index);
        let Some(top) = self.pages.get(top) else { return false };
        let is_known =
            |ancestor: &Ancestor| ancestor.restriction.is_some() || self.nearest(&ancestor.content_id, index).is_some();
        if top.ancestors.is_empty() { top.parent.is_some() } else { !top.ancestors.iter().all(is_known) }
    }

    /// Titles from the root down to the parent.
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

    /// The documents directly below a page, in the order of the published tree. A branch that is no document gives way to
    /// what is below it.
    pub(super) fn children(&self, index: usize) -> &[usize] {
        self.tree.children.get(&index).map_or(&[], Vec::as_slice)
    }

    pub(super) fn parent(&self, index: usize) -> Option<usize> {
        self.tree.parents.get(index).copied().flatten()
    }

    /// Whether a page stands somewhere below another.
    pub(super) fn is_below(&self, index: usize, ancestor: usize) -> bool {
        self.above(index).contains(&ancestor)
    }

    pub(super) fn page(&self, index: usize) -> Option<&PageRef> {
        self.pages.get(index)
    }

    /// Every document, by number.
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

    /// Waits until no other large body is in memory, if that of the page is large. The turn ends when the guard is dropped.
    pub(super) fn turn(&self, index: usize) -> Option<MutexGuard<'_, ()>> {
        let (source, number) = self.source(index)?;
        let is_large = source.length(number) >= LARGE_BODY;
        is_large.then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads a page with its body.
    pub(super) fn read(&self, index: usize) -> Option<Result<Page, FileError>> {
        let (source, number) = self.source(index)?;
        Some(source.page(self, self.page(index)?, number))
    }

    /// Returns a file attached to a page, if the input holds it.
    pub(super) fn file(&self, index: usize, filename: &str) -> Option<Vec<u8>> {
        self.source(index)?.0.file(&self.page(index)?.content_id, filename)
    }

    /// The site that a page belongs to.
    pub(super) fn site(&self, page: &PageRef) -> &Site {
        const UNKNOWN: &Site = &Site { url: None, is_cloud: None };
        self.sites.get(page.site).unwrap_or(UNKNOWN)
    }

    /// The document of that content id on the site of `from`.
    pub(super) fn index_of(&self, content_id: &str, from: &PageRef) -> Option<usize> {
        let candidates = self.by_id.get(content_id)?.iter();
        let mut documents = candidates.filter(|index| self.page(**index).is_some_and(|page| page.kind != Kind::Branch));
        documents.find(|index| self.page(**index).is_some_and(|page| page.site == from.site)).copied()
    }

    /// The number of a page that was taken from this library.
    pub(super) fn number_of(&self, page: &PageRef) -> Option<usize> {
        self.by_id.get(&page.content_id)?.iter().find(|index| self.page(**index) == Some(page)).copied()
    }

    /// Finds a page by title: in the space named, else in that of `from`, else wherever the title is the only one. A page of
    /// the same site comes first.
    pub(super) fn find(&self, space: Option<&str>, title: &str, from: &PageRef) -> Option<usize> {
        let title = fold(title);
        let space = space.or(from.space_key.as_deref()).unwrap_or_default();
        let alone = || self.by_bare_title.get(&title).filter(|found| found.len() == 1);
        let known = self.by_title.get(&(fold(space), title.clone())).or_else(alone)?;
        let same_site = known.iter().find(|index| self.page(**index).is_some_and(|page| page.site == from.site));
        same_site.or_else(|| known.first()).copied()
    }

    /// Finds the page that an address leads to: one of the site of `from`, or of another site of the input.
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
            // Addresses of blog posts begin with the day.
            return rest.split('/').rev().find_map(|part| self.index_of(part, from));
        }
        let (_, rest) = path.split_once("/display/")?;
        let (space, title) = rest.split_once('/')?;
        let title = percent_decode(&title.replace('+', " ")).into_owned();
        let found = self.by_title.get(&(fold(space), fold(&title)))?;
        found.iter().find(|index| self.page(**index).is_some_and(|page| page.site == from.site)).copied()
    }
}

/// Titles and space keys are compared without regard to case, as Confluence does.
pub(super) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Percent-encodes what cannot stand in a part of an address.
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

/// Decodes `%20` and the like; text that is no valid UTF-8 afterwards is kept as far as it is.
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
            [1, 2, 3].map(|index| library.readers(index).map(<[String]>::to_vec)),
            [Some(ann()), Some(ann()), None]
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
