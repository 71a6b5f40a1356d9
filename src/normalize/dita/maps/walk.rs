//! Reads the keys and the uses from an expanded map.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::branches::{branches_meant, branches_of, set_branches};
use super::super::dom::{Element, FileId};
use super::super::href;
use super::super::keys::{KeySpace, ScopeId};
use super::super::library::{Library, address_of};
use super::super::prolog;
use super::super::vocabulary::{CONDITIONS, is_map, is_topicref};
use super::{Alias, Peer, RootMap, Use, meta_of, title_element};

/// Reads keys and uses from an expanded map.
pub fn read(library: &Library, file: FileId, maps: &[Element]) -> RootMap {
    let mut keys = KeySpace::new();
    for map in maps {
        define_keys(&mut keys, map, 0, 0, &[]);
    }
    let mut walk = Walk {
        library,
        next_scope: 1,
        root: RootMap {
            file,
            keys,
            uses: Vec::new(),
            places: Vec::new(),
            related: Vec::new(),
            aliases: Vec::new(),
            peers: Vec::new(),
            maps: HashSet::new(),
            language: maps.first().and_then(|map| map.attr("xml:lang")).map(ToOwned::to_owned),
        },
    };
    for map in maps {
        walk.root.maps.insert(map.file);
        map.walk(&mut |element| {
            walk.root.maps.insert(element.file);
        });
    }
    for map in maps {
        walk.visit(map, &Place::default());
    }
    walk.root
}

fn define_keys(keys: &mut KeySpace, element: &Element, scope: ScopeId, depth: usize, around: &[usize]) {
    let scope = element.attr("keyscope").filter(|_| depth > 0).map_or(scope, |names| keys.open(scope, names));
    let mut branches = around.to_owned();
    branches.extend(branches_of(element).into_iter().flatten());
    keys.define(scope, depth.saturating_sub(1), &branches, element);
    for child in element.elements() {
        let deeper = if is_map(child) || depth == 0 { depth + 1 } else { depth };
        define_keys(keys, child, scope, deeper, &branches);
    }
}

/// The data that an entry inherits from its ancestors.
#[derive(Default, Clone)]
pub(super) struct Place {
    inside: bool,
    /// Whether the entry is in a relationship table, which adds no topics.
    in_table: bool,
    scope: ScopeId,
    parent: Option<usize>,
    branches: Vec<usize>,
    resource_only: bool,
    conditions: Vec<(String, String)>,
    metadata: Vec<Arc<Element>>,
}

pub(super) struct Walk<'l> {
    library: &'l Library,
    /// The next scope. Its number is the same as in [`define_keys`].
    next_scope: ScopeId,
    pub(super) root: RootMap,
}

impl Walk<'_> {
    fn visit(&mut self, element: &Element, place: &Place) {
        let mut here = place.clone();
        here.inside = true;
        if place.inside && element.attr("keyscope").is_some() {
            here.scope = self.next_scope;
            self.next_scope += 1;
        }
        if let Some(names) = element.attr("keyscope").filter(|_| element.attr("scope") == Some("peer")) {
            let path = address_of(element).map(|address| href::split(address).path);
            let map = path.and_then(|path| self.library.local_file(element, &path));
            let names = names.split_whitespace().map(ToOwned::to_owned).collect();
            self.root.peers.push(Peer { names, map });
        }
        here.branches.extend(branches_of(element).into_iter().flatten());
        here.resource_only = is_resource(element, place.resource_only);
        if is_map(element) {
            let target = Some((element.file, None));
            self.root.places.push(Use { scope: here.scope, branches: here.branches.clone(), target, ..Use::default() });
        }
        // `own` applies only to this entry. Other metadata also applies to nested entries.
        let mut own = Vec::new();
        for said in meta_of(element).into_iter().flat_map(Element::elements) {
            let said_here = Arc::new(said.clone());
            own.push(Arc::clone(&said_here));
            if prolog::cascades(said) {
                here.metadata.insert(0, said_here);
            }
        }
        own.extend(
            here.metadata
                .iter()
                .filter(|said| !own.iter().any(|known| Arc::ptr_eq(known, said)))
                .cloned()
                .collect::<Vec<_>>(),
        );
        if element.is("reltable") {
            here.in_table = true;
            self.relate(element, &here);
        } else if is_topicref(element) && !here.in_table {
            self.reference(element, own, &mut here);
        }
        for child in element.elements() {
            self.visit(child, &here);
        }
    }

    fn reference(&mut self, topicref: &Element, metadata: Vec<Arc<Element>>, here: &mut Place) {
        for name in CONDITIONS {
            if let Some(value) = topicref.attr(name) {
                here.conditions.push((name.to_owned(), value.to_owned()));
            }
        }
        let mut branches = here.branches.clone();
        let target = self.target(topicref, here).map(|(file, topic, source)| {
            branches = branches_meant(&source, &here.branches);
            (file, topic)
        });
        let title = title_element(topicref, target.is_none()).map(Arc::new);
        if target.is_none() && title.is_none() {
            return;
        }
        if let (Some((file, _)), Some(copy)) = (&target, topicref.attr("copy-to")) {
            let base = self.library.inputs.path(topicref.file);
            let path = href::join(&base, &href::split(copy).path);
            let alias = |path| Alias { path, file: *file, branches: branches.clone() };
            self.root.aliases.extend(path.map(alias));
        }
        self.root.uses.push(Use {
            parent: here.parent,
            scope: here.scope,
            branches,
            target,
            title,
            locked: topicref.attr("locktitle") == Some("yes"),
            resource_only: here.resource_only,
            conditions: here.conditions.clone(),
            metadata,
        });
        here.parent = Some(self.root.uses.len() - 1);
    }

    /// Returns the target topic of a reference, and the element that contains its address. The reference may use a key.
    pub(super) fn target(&self, topicref: &Element, here: &Place) -> Option<(FileId, Option<String>, Element)> {
        let mut reference = topicref.clone();
        set_branches(&mut reference, &[]);
        let mut seen = 0;
        while let Some(key) = reference.attr("keyref").map(|key| key.split('/').next().unwrap_or(key).to_owned()) {
            let Some(key) = self.root.keys.resolve(here.scope, &key, &here.branches) else { break };
            reference = Element::clone(&key.definition);
            seen += 1;
            if seen > 8 {
                return None;
            }
        }
        let (file, topic) = self.library.topic_target(&reference)?;
        Some((file, topic, reference))
    }
}

/// Returns whether an entry exists only for reuse. The nearest `processing-role` decides.
pub fn is_resource(element: &Element, around: bool) -> bool {
    match element.attr("processing-role") {
        Some("resource-only") => true,
        Some("normal") => false,
        _ => around || element.is("keydef"),
    }
}
