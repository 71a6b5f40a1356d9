//! Inserts a set of topics at each reference to it in the same map.

use super::super::dom::{Element, Node};
use super::super::library::Library;
use crate::normalize::document::{Link, NOT_IN_INPUT};

/// Maximum number of elements that the references in one map can insert.
const MAX_INSERTED: usize = 50_000;

/// Inserts the sets to which `<topicsetref>` elements in the same map refer. Returns the references to sets that do not exist.
pub fn insert_sets(map: &mut Element, library: &Library) -> Vec<Link> {
    if map.find(&|element| element.is("topicsetref")).is_none() {
        return Vec::new();
    }
    let mut sets = Sets { library, map: map.clone(), open: Vec::new(), inserted: 0, missing: Vec::new() };
    sets.insert_below(map);
    sets.missing
}

struct Sets<'l> {
    library: &'l Library,
    /// The map without insertions.
    map: Element,
    /// The ids of the elements around the current element.
    open: Vec<String>,
    inserted: usize,
    missing: Vec<Link>,
}

impl Sets<'_> {
    /// Returns the id to which an element refers if it is a reference to a set in the same map.
    fn reference(&self, element: &Element) -> Option<String> {
        let (file, id) = self.library.map_target(element).filter(|_| element.is("topicsetref"))?;
        id.filter(|_| file == self.map.file)
    }

    fn insert_below(&mut self, element: &mut Element) {
        self.open.push(element.attr("id").unwrap_or_default().to_owned());
        for child in &mut element.children {
            let Node::Element(child) = child else { continue };
            let reference = self.reference(child);
            self.insert_below(child);
            if let Some(id) = reference {
                self.insert(child, &id);
            }
        }
        self.open.pop();
    }

    fn insert(&mut self, reference: &mut Element, id: &str) {
        let set = self.map.find(&|element| element.attr("id") == Some(id)).cloned();
        let href = reference.attr("href").unwrap_or_default().to_owned();
        reference.remove_attr("href");
        let Some(mut set) = set else {
            self.missing.push(Link::to_nothing(&href, NOT_IN_INPUT));
            return;
        };
        self.inserted += set.size();
        if self.inserted <= MAX_INSERTED && !self.open.iter().any(|open| open == id) {
            self.insert_below(&mut set);
            reference.children.push(Node::Element(set));
        }
    }
}
