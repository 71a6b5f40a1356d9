//! Expands maps with their submaps and branches, and finds the keys and the used topics.

mod expand;
mod relations;
mod sets;
#[cfg(test)]
mod tests;
mod titles;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

use super::dom::{Element, FileId};
use super::keys::{KeySpace, ScopeId};

pub(super) use expand::Expander;
pub(super) use relations::Side;
pub(super) use sets::insert_sets;
pub(super) use titles::{link_text, meta_of, navigation_title, title_element};
pub(super) use walk::{is_resource, read};

/// A root map and its derived data.
pub(super) struct RootMap {
    pub file: FileId,
    pub keys: KeySpace,
    /// The uses, in document order. A use follows its parent.
    pub uses: Vec<Use>,
    /// The places of the map itself and of its submaps.
    pub places: Vec<Use>,
    /// Pairs of related topics in relationship tables.
    pub related: Vec<(Side, Side)>,
    pub aliases: Vec<Alias>,
    pub peers: Vec<Peer>,
    /// The map and all other files that it includes.
    pub maps: HashSet<FileId>,
    pub language: Option<String>,
}

impl RootMap {
    /// Returns a use of a topic or of a map by its number.
    pub fn used(&self, number: usize) -> Option<&Use> {
        self.uses.get(number).or_else(|| self.places.get(number.checked_sub(self.uses.len())?))
    }
}

/// A map that is published separately. Its keys have the names of its key scope as a prefix.
pub(super) struct Peer {
    pub names: Vec<String>,
    pub map: Option<FileId>,
}

impl Peer {
    /// Returns the name of a key in the map.
    pub fn key<'k>(&self, name: &'k str) -> Option<&'k str> {
        self.names.iter().find_map(|scope| name.strip_prefix(scope.as_str())?.strip_prefix('.'))
    }
}

/// A path from `copy-to`, before branches change it.
pub(super) struct Alias {
    pub path: String,
    pub file: FileId,
    pub branches: Vec<usize>,
}

/// An entry of a map: a heading or a reference to a topic.
#[derive(Debug, Clone, Default)]
pub(super) struct Use {
    pub parent: Option<usize>,
    pub scope: ScopeId,
    /// The branches that contain the entry, outermost first.
    pub branches: Vec<usize>,
    pub target: Option<(FileId, Option<String>)>,
    /// The element with the title in the map. Its keys are not resolved.
    pub title: Option<Arc<Element>>,
    /// Whether the title in the map has priority over the title of the topic.
    pub locked: bool,
    pub resource_only: bool,
    pub conditions: Vec<(String, String)>,
    /// The metadata for the topic in the maps, nearest first.
    pub metadata: Vec<Arc<Element>>,
}
