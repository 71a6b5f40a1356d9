//! The page tree, and who may read a page.

use std::collections::{HashMap, HashSet};

use super::{Ancestor, Kind, Library};
use crate::normalize::readers::{Readers, is_within};

/// The page tree. It is built when all pages are known.
#[derive(Default)]
pub(super) struct Tree {
    parents: Vec<Option<usize>>,
    /// The documents below each node, in the order of the published tree.
    children: HashMap<usize, Vec<usize>>,
    readers: Vec<Option<Readers>>,
}

impl Library<'_> {
    /// Builds the tree and computes the readers. Call it after all pages have been added.
    pub fn finish(&mut self) {
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
    pub fn readers(&self, index: usize) -> Option<&Readers> {
        self.tree.readers.get(index)?.as_ref()
    }

    /// Returns whether everybody who may read the document `from` may also read the page `other`.
    pub fn may_show(&self, from: Option<usize>, other: usize) -> bool {
        let Some(from) = from else { return self.readers(other).is_none() };
        is_within(self.readers(from), self.readers(other))
    }

    /// Returns whether an ancestor of the page is missing in the input, so that its restrictions are unknown.
    pub fn has_unknown_ancestor(&self, index: usize) -> bool {
        let above = self.above(index);
        let top = above.last().copied().unwrap_or(index);
        let Some(top) = self.pages.get(top) else { return false };
        let is_known =
            |ancestor: &Ancestor| ancestor.restriction.is_some() || self.nearest(&ancestor.content_id, index).is_some();
        if top.ancestors.is_empty() { top.parent.is_some() } else { !top.ancestors.iter().all(is_known) }
    }

    /// Returns the titles from the root to the parent.
    pub fn breadcrumbs(&self, index: usize) -> Vec<String> {
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
    pub fn children(&self, index: usize) -> &[usize] {
        self.tree.children.get(&index).map_or(&[], Vec::as_slice)
    }

    pub fn parent(&self, index: usize) -> Option<usize> {
        self.tree.parents.get(index).copied().flatten()
    }

    /// Returns whether a page is a descendant of another page.
    pub fn is_below(&self, index: usize, ancestor: usize) -> bool {
        self.above(index).contains(&ancestor)
    }
}
