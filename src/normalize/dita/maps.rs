//! Expands maps with their submaps and branches, and finds the keys and the used topics.

use std::collections::HashSet;
use std::sync::Arc;

use super::branches::{Copier, branches_meant, branches_of, set_branches};
use super::dom::{Element, FileId, Node, collapse};
use super::href;
use super::keys::{KeySpace, ScopeId};
use super::library::Library;
use super::parse::MAX_DEPTH;
use super::prolog;
use super::resolve::{Context, Resolver};
use super::vocabulary::{is_map, is_topicref};
use crate::normalize::text::count;

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

/// Includes submaps and copies branches.
pub(super) struct Expander<'l> {
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

/// Reads keys and uses from an expanded map.
pub(super) fn read(library: &Library, file: FileId, maps: &[Element]) -> RootMap {
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
struct Place {
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

struct Walk<'l> {
    library: &'l Library,
    /// The next scope. Its number is the same as in [`define_keys`].
    next_scope: ScopeId,
    root: RootMap,
}

impl Walk<'_> {
    fn visit(&mut self, element: &Element, place: &Place) {
        let mut here = place.clone();
        here.inside = true;
        if place.inside && element.attr("keyscope").is_some() {
            here.scope = self.next_scope;
            self.next_scope += 1;
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
        for name in super::vocabulary::CONDITIONS {
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
    fn target(&self, topicref: &Element, here: &Place) -> Option<(FileId, Option<String>, Element)> {
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

    /// Records the related topics in each row of a relationship table: topics in different cells, and topics in a family.
    fn relate(&mut self, table: &Element, here: &Place) {
        let columns: Vec<&Element> = table.children_of("relheader").flat_map(Element::elements).collect();
        for row in table.children_of("relrow") {
            let cells = row.children_of("relcell").enumerate();
            let cells: Vec<Vec<Side>> = cells
                .map(|(index, cell)| self.cell(cell, &[cell, row, columns.get(index).unwrap_or(&table), table], here))
                .collect();
            let families = row.children_of("relcell").map(|cell| cell.attr("collection-type") == Some("family"));
            for (index, (cell, is_family)) in cells.iter().zip(families).enumerate() {
                let others = cells.iter().enumerate().filter(|(other, _)| is_family || *other != index);
                for other in others.flat_map(|(_, sides)| sides).filter(|other| other.to) {
                    let from = cell.iter().filter(|side| side.from && side.file != other.file);
                    self.root.related.extend(from.map(|side| (side.clone(), other.clone())));
                }
            }
        }
    }

    /// Returns the topics of a cell. `@linking` comes from the reference or, if it has none, from its ancestors.
    fn cell(&self, cell: &Element, around: &[&Element], here: &Place) -> Vec<Side> {
        let inherited = around.iter().find_map(|element| element.attr("linking"));
        let mut sides = Vec::new();
        cell.walk(&mut |element| {
            if !is_topicref(element) {
                return;
            }
            let linking = element.attr("linking").or(inherited).unwrap_or("normal");
            sides.extend(self.target(element, here).map(|(file, _, source)| Side {
                file,
                branches: branches_of(&source),
                from: matches!(linking, "normal" | "sourceonly"),
                to: matches!(linking, "normal" | "targetonly"),
            }));
        });
        sides
    }
}

/// A topic in a relationship table, with flags for links from and to the topic.
#[derive(Clone)]
pub(super) struct Side {
    pub file: FileId,
    /// The branches in which its key is defined. Copies in other branches are not related.
    pub branches: Option<Vec<usize>>,
    from: bool,
    to: bool,
}

/// Returns whether an entry exists only for reuse. The nearest `processing-role` decides.
pub(super) fn is_resource(element: &Element, around: bool) -> bool {
    match element.attr("processing-role") {
        Some("resource-only") => true,
        Some("normal") => false,
        _ => around || element.is("keydef"),
    }
}

/// Returns the metadata of an entry in a map.
pub(super) fn meta_of(topicref: &Element) -> Option<&Element> {
    ["topicmeta", "subjectHeadMeta", "bookmeta"].iter().find_map(|name| topicref.child(name))
}

/// Returns the text of links to an entry in a map.
pub(super) fn link_text(topicref: &Element) -> Option<String> {
    let text = collapse(&meta_of(topicref)?.child("linktext")?.text());
    Some(text).filter(|text| !text.is_empty())
}

/// Returns an element with the title of an entry. If the entry has no target, its link text is also a title.
pub(super) fn title_element(topicref: &Element, has_no_target: bool) -> Option<Element> {
    if let Some(element) = written_title(topicref).filter(|title| !title.is_blank()) {
        return Some(element.clone());
    }
    let text = navigation_title(topicref).or_else(|| link_text(topicref).filter(|_| has_no_target))?;
    let mut element = Element::new("navtitle", topicref.file, topicref.line);
    element.children.push(Node::Text(text));
    Some(element)
}

/// Returns the title of an entry that is written as an element.
fn written_title(topicref: &Element) -> Option<&Element> {
    let meta = meta_of(topicref)?;
    let is_navigation = |title: &&Element| title.attr("title-role").is_some_and(|role| role.contains("navigation"));
    meta.child("navtitle").or_else(|| meta.children_of("titlealt").find(is_navigation))
}

/// Returns the title of an entry in a map.
pub(super) fn navigation_title(topicref: &Element) -> Option<String> {
    let text = written_title(topicref).map(|title| collapse(&title.text())).filter(|text| !text.is_empty());
    text.or_else(|| topicref.attr("navtitle").map(collapse))
}

#[cfg(test)]
mod tests {
    use super::super::library::tests::library;

    #[test]
    fn submaps_headings_and_groups_make_one_tree() {
        let library = library(&[
            ("root.ditamap", "<map><topichead navtitle='H'><mapref href='sub.ditamap'/></topichead></map>"),
            (
                "sub.ditamap",
                "<map><topicgroup><topicref href='a.dita'><topicref href='b.dita'/></topicref></topicgroup></map>",
            ),
            ("a.dita", "<topic id='a'><title>A</title></topic>"),
            ("b.dita", "<topic id='b'><title>B</title></topic>"),
        ]);
        assert_eq!(library.roots.len(), 1);
        let uses = &library.roots[0].uses;
        let parents: Vec<_> = uses.iter().map(|u| u.parent).collect();
        assert_eq!(parents, [None, Some(0), Some(1)]);
        assert_eq!(uses[0].title.as_ref().map(|title| title.text()).as_deref(), Some("H"));
    }

    #[test]
    fn a_part_of_a_map_is_taken_by_its_id() {
        let sub = "<map id='m'><topicset id='s'><topicref href='a.dita'/></topicset><topicref href='b.dita'/></map>";
        let topics = [
            ("a.dita", "<topic id='a'><title>A</title></topic>"),
            ("b.dita", "<topic id='b'><title>B</title></topic>"),
        ];
        let uses = |reference: &str| {
            let root = format!("<map>{reference}</map>");
            let files = [("root.ditamap", root.as_str()), ("sub.ditamap", sub), topics[0], topics[1]];
            let library = library(&files);
            assert_eq!(library.roots.len(), 1, "{reference}");
            library.roots[0].uses.iter().filter(|used| used.target.is_some()).count()
        };
        assert_eq!(uses("<topicsetref href='sub.ditamap#s'/>"), 1);
        assert_eq!(uses("<mapref href='sub.ditamap#m'/>"), 2);
        assert_eq!(uses("<navref mapref='sub.ditamap'/>"), 2);
    }

    #[test]
    fn maps_that_include_each_other_end() {
        let library = library(&[
            ("a.ditamap", "<map><mapref href='b.ditamap'/><topicref href='t.dita'/></map>"),
            ("b.ditamap", "<map><mapref href='a.ditamap'/></map>"),
            ("t.dita", "<topic id='t'><title>T</title></topic>"),
        ]);
        assert_eq!(library.roots.len(), 1);
        assert_eq!(library.roots[0].uses.len(), 1);
    }

    #[test]
    fn a_key_scope_holds_on_a_submap() {
        let library = library(&[
            ("root.ditamap", "<map><mapref href='sub.ditamap' keyscope='s'/></map>"),
            ("sub.ditamap", "<map keyscope='t'><keydef keys='k' href='x.html' format='html'/></map>"),
        ]);
        let keys = &library.roots[0].keys;
        assert!(keys.resolve(0, "k", &[]).is_none());
        assert!(keys.resolve(0, "s.k", &[]).is_some() && keys.resolve(0, "t.k", &[]).is_some());
    }
}
