//! Includes submaps and copies branches.

use super::super::branches::Copier;
use super::super::dom::{Element, FileId, Node};
use super::super::library::Library;
use super::super::parse::MAX_DEPTH;
use super::super::resolve::{Context, Resolver};
use super::super::vocabulary::{is_map, is_topicref};
use super::sets::insert_sets;
use crate::normalize::text::count;

/// Includes submaps and copies branches.
pub struct Expander<'l> {
    library: &'l Library,
    pub copier: Copier<'l>,
    open: Vec<FileId>,
    depth: usize,
}

impl<'l> Expander<'l> {
    pub fn new(library: &'l Library) -> Self {
        Self { library, copier: Copier::new(library), open: Vec::new(), depth: 0 }
    }

    /// Returns a map with all its submaps. There are several results if branches copy the whole map.
    pub fn expand(&mut self, file: FileId) -> Vec<Element> {
        let mut resolver = Resolver::new(self.library, Context::default());
        resolver.keeps_keys = true;
        let Some(root) = resolver.tree(file).filter(|root| is_map(root)) else { return Vec::new() };
        let mut nodes = resolver.resolve(&root, "");
        nodes.truncate(1);
        let Some(Node::Element(mut map)) = nodes.pop() else { return Vec::new() };
        insert_sets(&mut map, self.library);
        self.open.push(file);
        self.expand_below(&mut map);
        self.open.pop();
        self.copier.copies(map)
    }

    fn expand_below(&mut self, element: &mut Element) {
        for child in std::mem::take(&mut element.children) {
            let Node::Element(mut child) = child else {
                element.children.push(child);
                continue;
            };
            self.depth += 1;
            self.expand_below(&mut child);
            self.depth -= 1;
            if is_topicref(&child) {
                self.include_submap(&mut child);
                let copies = self.copier.copies(child);
                element.children.extend(copies.into_iter().map(Node::Element));
            } else {
                element.children.push(Node::Element(child));
            }
        }
    }

    fn include_submap(&mut self, topicref: &mut Element) {
        let Some((file, part)) = self.library.map_target(topicref) else { return };
        if self.open.contains(&file) || self.depth >= MAX_DEPTH {
            count(&mut self.copier.losses, "mapref:cycle");
            return;
        }
        for submap in self.expand(file) {
            let has_id = |element: &Element| part.as_deref().is_some_and(|part| element.attr("id") == Some(part));
            let mut submap = submap.find(&has_id).cloned().unwrap_or(submap);
            if let Some(inner) = submap.attr("keyscope").map(ToOwned::to_owned) {
                let outer = topicref.attr("keyscope").unwrap_or_default();
                let names = format!("{outer} {inner}");
                topicref.set_attr("keyscope", names.trim());
                submap.remove_attr("keyscope");
            }
            topicref.children.push(Node::Element(submap));
        }
    }
}
