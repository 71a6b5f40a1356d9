//! Key spaces: the definition of each key in each key scope of a root map.

use std::collections::HashMap;
use std::sync::Arc;

use super::branches::set_branches;
use super::dom::{Element, Node};
use super::vocabulary::is_topicref;

/// The keys of one root map.
#[derive(Debug, Default)]
pub(super) struct KeySpace {
    /// The scopes. The root scope comes first, and every scope follows its parent.
    scopes: Vec<Scope>,
}

/// The index of a scope in its key space.
pub(super) type ScopeId = usize;

#[derive(Debug, Default)]
struct Scope {
    names: Vec<String>,
    parent: Option<ScopeId>,
    children: Vec<ScopeId>,
    keys: HashMap<String, Key>,
}

/// A key definition. It contains the reference in the map without nested references.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// The definition, marked with its branches.
    pub definition: Arc<Element>,
    branches: Vec<usize>,
    /// The same definition in the other copies of its branch.
    copies: Vec<Key>,
    /// The number of submaps between the root map and the definition. The smallest number has priority.
    depth: usize,
}

impl KeySpace {
    pub fn new() -> Self {
        Self { scopes: vec![Scope::default()] }
    }

    /// Opens a scope inside another scope.
    pub fn open(&mut self, parent: ScopeId, names: &str) -> ScopeId {
        let id = self.scopes.len();
        let names = names.split_whitespace().map(ToOwned::to_owned).collect();
        self.scopes.push(Scope { names, parent: Some(parent), ..Scope::default() });
        if let Some(parent) = self.scopes.get_mut(parent) {
            parent.children.push(id);
        }
        id
    }

    /// Adds the keys that `topicref` defines. The first definition of a key in a map has priority.
    pub fn define(&mut self, scope: ScopeId, depth: usize, branches: &[usize], topicref: &Element) {
        let (Some(names), Some(scope)) = (topicref.attr("keys"), self.scopes.get_mut(scope)) else { return };
        let mut definition = topicref.clone();
        definition.children.retain(|child| {
            !matches!(child, Node::Element(element) if is_topicref(element) || super::vocabulary::is_map(element))
        });
        set_branches(&mut definition, branches);
        let (definition, branches) = (Arc::new(definition), branches.to_owned());
        let key = Key { definition, branches, copies: Vec::new(), depth };
        for name in names.split_whitespace() {
            match scope.keys.get_mut(name) {
                Some(before) if before.is_copied_by(&key) => before.copies.push(key.clone()),
                Some(before) if before.depth <= depth => {}
                _ => {
                    scope.keys.insert(name.to_owned(), key.clone());
                }
            }
        }
    }

    /// Returns the definition of `name` in a scope. Outer scopes have priority over inner scopes. If the definition was copied,
    /// returns the copy around `here`.
    pub fn resolve(&self, scope: ScopeId, name: &str, here: &[usize]) -> Option<&Key> {
        let mut chain = vec![scope];
        while let Some(parent) = chain.last().and_then(|&id| self.scopes.get(id)).and_then(|scope| scope.parent) {
            chain.push(parent);
        }
        let key = chain.into_iter().rev().find_map(|scope| self.look_up(scope, name))?;
        let around = |key: &&Key| here.starts_with(&key.branches);
        Some(key).into_iter().chain(&key.copies).find(around).or(Some(key))
    }

    /// Looks for a key in a scope, and then in its inner scopes by qualified name (`child.key`).
    fn look_up(&self, scope: ScopeId, name: &str) -> Option<&Key> {
        let scope = self.scopes.get(scope)?;
        if let Some(key) = scope.keys.get(name) {
            return Some(key);
        }
        scope.children.iter().find_map(|&child| {
            self.scopes.get(child)?.names.iter().find_map(|prefix| {
                let rest = name.strip_prefix(prefix.as_str())?.strip_prefix('.')?;
                self.look_up(child, rest)
            })
        })
    }

    /// Returns the number of defined keys in all scopes.
    pub fn len(&self) -> usize {
        self.scopes.iter().map(|scope| scope.keys.len()).sum()
    }
}

impl Key {
    fn is_copied_by(&self, other: &Self) -> bool {
        let place = |key: &Self| (key.definition.file, key.definition.line, key.depth);
        let names = |key: &Self| ["keys", "href"].map(|name| key.definition.attr(name).map(ToOwned::to_owned));
        self.branches != other.branches && place(self) == place(other) && names(self) == names(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keydef(keys: &str, href: &str) -> Element {
        let mut element = Element::new("keydef", 0, 1);
        element.set_attr("keys", keys);
        element.set_attr("href", href);
        element
    }

    fn href(space: &KeySpace, scope: ScopeId, name: &str) -> Option<String> {
        Some(space.resolve(scope, name, &[])?.definition.attr("href")?.to_owned())
    }

    #[test]
    fn the_first_definition_wins_unless_a_later_one_is_nearer_to_the_root() {
        let mut space = KeySpace::new();
        space.define(0, 1, &[], &keydef("a b", "sub"));
        space.define(0, 1, &[], &keydef("a", "later"));
        space.define(0, 0, &[], &keydef("b", "root"));
        assert_eq!(href(&space, 0, "a").as_deref(), Some("sub"));
        assert_eq!(href(&space, 0, "b").as_deref(), Some("root"));
        assert_eq!(href(&space, 0, "c"), None);
    }

    #[test]
    fn scopes_inherit_from_outside_and_are_seen_by_qualified_names() {
        let mut space = KeySpace::new();
        let inner = space.open(0, "x y");
        let innermost = space.open(inner, "z");
        space.define(0, 0, &[], &keydef("outer shared", "o"));
        space.define(inner, 0, &[], &keydef("own shared", "i"));
        space.define(innermost, 0, &[], &keydef("deep", "d"));
        assert_eq!(href(&space, inner, "own").as_deref(), Some("i"));
        assert_eq!(href(&space, innermost, "outer").as_deref(), Some("o"));
        assert_eq!(href(&space, inner, "shared").as_deref(), Some("o"));
        assert_eq!(href(&space, 0, "own"), None);
        assert_eq!(href(&space, 0, "x.own").as_deref(), Some("i"));
        assert_eq!(href(&space, 0, "y.z.deep").as_deref(), Some("d"));
    }
}
