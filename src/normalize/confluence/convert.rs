//! The conversion of one page: what it carries from element to element, whatever the body's notation.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::document::Link;
use super::super::text::{Losses, count};
use super::super::tree::{Block, Inline};
use super::dom::{self, DomError};
use super::flow::Flow;
use super::library::{Body, Library, PageRef};
use super::site::Site;
use super::{adf, storage, wiki};

/// Pages that may stand inside each other by inclusion.
const MAX_INCLUDE_DEPTH: usize = 8;
/// Inclusions in one document, so that pages which include each other twice do not grow without end.
const MAX_INCLUDES: usize = 256;

/// Columns that one cell may cover.
const MAX_COLSPAN: usize = 1_000;

/// The conversion of one page.
pub(super) struct Converter<'a> {
    pub library: &'a Library<'a>,
    /// Number of the document's own page in the library.
    pub document: Option<usize>,
    /// The page whose body is read: the document's own, or the one being included.
    pub page: &'a PageRef,
    pub losses: Losses,
    pub links: Vec<Link>,
    /// The links that are in `links`, each listed once.
    linked: HashSet<(String, Option<String>)>,
    /// Names of files that the page shows or links to.
    pub files: Vec<String>,
    /// Page properties that the page hides.
    pub properties: Map<String, Value>,
    /// Page numbers from the document's own to the one being included.
    including: Vec<usize>,
    includes: usize,
    /// Wiki markup inside macros of wiki markup.
    pub wiki_depth: usize,
}

impl<'a> Converter<'a> {
    /// `document` is the number of `page` in the library.
    pub(super) fn new(library: &'a Library<'a>, page: &'a PageRef, document: Option<usize>) -> Self {
        let including = document.into_iter().collect();
        Self {
            library,
            document,
            page,
            losses: Losses::new(),
            links: Vec::new(),
            linked: HashSet::new(),
            files: Vec::new(),
            properties: Map::new(),
            including,
            includes: 0,
            wiki_depth: 0,
        }
    }

    /// Converts a whole body.
    pub(super) fn body(&mut self, body: &Body) -> Result<Vec<Block>, DomError> {
        let mut flow = Flow::default();
        match body {
            Body::Storage(source) => {
                let nodes = dom::parse(source, &mut self.losses)?;
                storage::nodes(self, &nodes, &mut flow);
            }
            Body::Adf(value) => adf::document(self, value, &mut flow)?,
            Body::Wiki(source) => wiki::document(self, source, &mut flow),
        }
        Ok(flow.finish())
    }

    pub(super) fn count(&mut self, name: impl Into<String>) {
        count(&mut self.losses, name);
    }

    /// The site of the page whose body is read.
    pub(super) fn site(&self) -> &'a Site {
        self.library.site(self.page)
    }

    /// The anchor that a heading of `page`, or an anchor macro there, has on the published page.
    pub(super) fn anchor_of(&self, page: &PageRef, anchor: &str) -> String {
        self.library.site(page).anchor(&page.title, anchor, page.has_cloud_body)
    }

    /// The columns that a cell covers, at most as many as a browser lets it.
    pub(super) fn colspan(&mut self, columns: usize) -> usize {
        if columns > MAX_COLSPAN {
            self.count("table:wide-span");
        }
        columns.clamp(1, MAX_COLSPAN)
    }

    /// Adds a link to the document's list.
    pub(super) fn record(&mut self, href: &str, target_id: Option<String>, reason: Option<&str>) {
        let link = Link { href: href.to_owned(), target_id, reason: reason.map(str::to_owned) };
        if self.linked.insert((link.href.clone(), link.target_id.clone())) {
            self.links.push(link);
        }
    }

    /// A link to an address as written in the page. One that would run a program is its text alone.
    pub(super) fn link(&mut self, href: &str, content: Vec<Inline>) -> Inline {
        let href = href.trim();
        if is_program(href) {
            self.count("link:program");
            return Inline::Link { target: String::new(), content };
        }
        if let Some(anchor) = href.strip_prefix('#') {
            let anchor = if anchor.contains(char::is_whitespace) {
                self.anchor_of(self.page, anchor)
            } else {
                anchor.to_owned()
            };
            let target = format!("#{anchor}");
            self.record(&target, Some(self.page.id.clone()), None);
            return Inline::Link { target, content };
        }
        let target = self.site().absolute(href);
        let page = self.library.find_url(href, self.page).and_then(|index| self.library.page(index));
        match page {
            Some(page) => self.record(&target, Some(page.id.clone()), None),
            None if target.starts_with('/') => self.record(&target, None, Some("no site address")),
            None => self.record(&target, None, Some("external")),
        }
        Inline::Link { target, content }
    }

    /// Reads another page's body on behalf of this one.
    ///
    /// `read` gets the body with the other page as the current one; `None` when the guards refuse, or when not everybody who
    /// may read the document may read that page.
    pub(super) fn include<T>(&mut self, index: usize, read: impl FnOnce(&mut Self, &Body) -> T) -> Option<T> {
        if self.including.contains(&index) {
            self.count("include:cycle");
            return None;
        }
        if !self.library.may_show(self.document, index) {
            self.count("include:restricted");
            return None;
        }
        if self.including.len() > MAX_INCLUDE_DEPTH || self.includes >= MAX_INCLUDES {
            self.count("include:too-many");
            return None;
        }
        let library = self.library;
        let (page, body) = (library.page(index)?, library.body(index)?);
        self.includes += 1;
        self.including.push(index);
        let outer = std::mem::replace(&mut self.page, page);
        let result = read(self, &body);
        self.page = outer;
        self.including.pop();
        Some(result)
    }
}

/// Whether an address runs a program instead of leading somewhere.
fn is_program(href: &str) -> bool {
    let scheme: String = href.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(12).collect();
    let scheme = scheme.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:text"].iter().any(|program| scheme.starts_with(program))
}
