//! Holds the state of the conversion of one page. All notations of bodies share it.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::document::Link;
use super::super::text::{Losses, count, count_many, is_program};
use super::super::tree::{Block, Inline};
use super::flow::Flow;
use super::library::{Body, Library, PageRef, percent_decode};
use super::parse::{self, ParseError, Piece};
use super::site::Site;
use super::{adf, storage, wiki};

/// Maximum depth of pages that include each other.
const MAX_INCLUDE_DEPTH: usize = 8;
/// Maximum number of inclusions in one document. Otherwise, pages that include each other could grow without limit.
const MAX_INCLUDES: usize = 256;

/// Maximum number of columns that a cell can span.
const MAX_COLSPAN: usize = 1_000;

/// The state of the conversion of one page.
pub(super) struct Converter<'a> {
    pub library: &'a Library<'a>,
    /// The number of the document's own page in the library.
    pub document: Option<usize>,
    /// The page whose body is being read. It is the document's own page or an included page.
    pub page: &'a PageRef,
    pub losses: Losses,
    pub links: Vec<Link>,
    /// The links that `links` already contains.
    linked: HashSet<(String, Option<String>)>,
    /// The names of files of the document's own page that it shows or links to.
    pub files: Vec<String>,
    /// The page properties that the page hides.
    pub properties: Map<String, Value>,
    /// The numbers of the pages from the document's own page to the included page.
    including: Vec<usize>,
    includes: usize,
    /// The depth of wiki markup inside macros of wiki markup.
    pub wiki_depth: usize,
    /// Macros of wiki markup that stand inside table rows and list items.
    pub wiki_held: Vec<wiki::Held>,
}

impl<'a> Converter<'a> {
    /// Creates a converter. `document` is the number of `page` in the library.
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
            wiki_held: Vec::new(),
        }
    }

    /// Converts a whole body.
    pub(super) fn body(&mut self, body: &Body) -> Result<Vec<Block>, ParseError> {
        let mut blocks = Vec::new();
        self.each_block(body, &mut |block| blocks.push(block))?;
        blocks.shrink_to_fit();
        Ok(blocks)
    }

    /// Converts a whole body, and passes on its blocks as soon as they are complete.
    pub(super) fn each_block(&mut self, body: &Body, take: &mut dyn FnMut(Block)) -> Result<(), ParseError> {
        let mut flow = Flow::default();
        match body {
            Body::Storage(source) => {
                let mut losses = Losses::new();
                let parsed = parse::each(source, &mut losses, &mut |piece| {
                    match piece {
                        Piece::Node(node) => storage::owned_node(self, node, &mut flow),
                        Piece::Edge => flow.flush(),
                    }
                    flow.pass_on(&mut *take);
                });
                for (name, amount) in losses {
                    count_many(&mut self.losses, name, amount);
                }
                parsed?;
            }
            Body::Adf(value) => adf::document(self, value, &mut flow, &mut *take)?,
            Body::Wiki(source) => wiki::document(self, source, &mut flow),
        }
        flow.finish().into_iter().for_each(take);
        Ok(())
    }

    pub(super) fn count(&mut self, name: impl Into<String>) {
        count(&mut self.losses, name);
    }

    /// Returns how many parts were omitted because some readers of the page must not see them.
    pub(super) fn withheld(&self) -> u64 {
        let is_withheld =
            |name: &str| name.starts_with("conditional:") || name.ends_with(":hidden") || name.ends_with(":restricted");
        self.losses.iter().filter(|(name, _)| is_withheld(name)).map(|(_, amount)| amount).sum()
    }

    /// Returns whether the body of the document's own page is being read, and not the body of an included page.
    pub(super) fn is_own_page(&self) -> bool {
        let own = self.document.and_then(|index| self.library.page(index));
        own.is_none_or(|own| std::ptr::eq(own, self.page))
    }

    /// Returns the site of the page whose body is being read.
    pub(super) fn site(&self) -> &'a Site {
        self.library.site(self.page)
    }

    /// Returns the anchor that a heading or an anchor macro of `page` has on the published page.
    pub(super) fn anchor_of(&self, page: &PageRef, anchor: &str) -> String {
        self.library.site(page).anchor(&page.title, anchor, page.has_cloud_body)
    }

    /// Returns the number of columns that a cell spans. Like a browser, it limits the number.
    pub(super) fn colspan(&mut self, columns: usize) -> usize {
        if columns > MAX_COLSPAN {
            self.count("table:wide-span");
        }
        columns.clamp(1, MAX_COLSPAN)
    }

    /// Adds a link to the links of the document.
    pub(super) fn record(&mut self, href: &str, target_id: Option<String>, reason: Option<&str>) {
        let link = Link { href: href.to_owned(), target_id, reason: reason.map(str::to_owned) };
        if self.linked.insert((link.href.clone(), link.target_id.clone())) {
            self.links.push(link);
        }
    }

    /// Returns a link to an address in the page, or only the text of the link if the address would run a script.
    pub(super) fn link(&mut self, href: &str, content: Vec<Inline>) -> Inline {
        let href = href.trim();
        if is_program(href) {
            self.count("link:program");
            return Inline::Link { target: String::new(), content };
        }
        if let Some(anchor) = href.strip_prefix('#') {
            let decoded = percent_decode(anchor);
            let anchor = if decoded.contains(char::is_whitespace) {
                self.anchor_of(self.page, &decoded)
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

    /// Reads the body of another page as a part of this page.
    ///
    /// `read` gets the body while the other page is the current page. Returns `None` if the pages include each other,
    /// if there are too many inclusions, or if a reader of the document may not read the other page.
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
