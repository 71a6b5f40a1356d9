//! The conversion of one page: what it carries from element to element, whatever the body's notation.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::document::Link;
use super::super::text::{Losses, count};
use super::super::tree::{Block, Inline};
use super::dom::{self, DomError};
use super::flow::Flow;
use super::library::{Body, Library, PageRef};
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
    pub(super) fn new(library: &'a Library<'a>, page: &'a PageRef) -> Self {
        let including = library.index_of(&page.id).into_iter().collect();
        Self {
            library,
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

    /// A link to an address as written in the page.
    pub(super) fn link(&mut self, href: &str, content: Vec<Inline>) -> Inline {
        let href = href.trim();
        let target = self.library.absolute(href);
        let page = self.library.find_url(href).and_then(|index| self.library.page(index));
        match page {
            Some(page) => self.record(&target, Some(page.id.clone()), None),
            None if href.starts_with('#') => self.record(&target, Some(self.page.id.clone()), None),
            None if target.starts_with('/') => self.record(&target, None, Some("no site address")),
            None => self.record(&target, None, Some("external")),
        }
        Inline::Link { target, content }
    }

    /// Reads another page's body on behalf of this one.
    ///
    /// `read` gets the body with the other page as the current one; `None` when the guards refuse.
    pub(super) fn include<T>(&mut self, index: usize, read: impl FnOnce(&mut Self, &Body) -> T) -> Option<T> {
        if self.including.contains(&index) {
            self.count("include:cycle");
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
