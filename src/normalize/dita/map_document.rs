//! Converts a map to a document. Its references become a nested list of links.

use super::branches::{Copier, branches_meant, branches_of, set_branches};
use super::dom::{Element, collapse};
use super::href;
use super::library::address_of;
use super::maps::{insert_sets, is_resource, link_text, meta_of, navigation_title};
use super::render::Renderer;
use super::resolve::Resolver;
use super::vocabulary::{Kind, is_topicref};
use crate::normalize::text::count;
use crate::normalize::tree::{Block, Inline, List, ListItem};

/// Returns the title of a map: `title`, a book's main title, or `@title`.
pub(super) fn title_of(map: &Element, resolver: &mut Resolver<'_>) -> Option<String> {
    let book = map.child("booktitle");
    let main = || book.and_then(|book| book.find(&|element| element.is("mainbooktitle")));
    let title = map.child("title").or_else(main).or(book).cloned();
    let text = title.map(|title| resolver.plain(&title, "")).filter(|text| !text.is_empty());
    text.or_else(|| map.attr("title").map(collapse))
}

/// Returns the body of a map's document.
pub(super) fn blocks(map: &Element, renderer: &mut Renderer<'_, '_>) -> Vec<Block> {
    let mut map = map.clone();
    for missing in insert_sets(&mut map, renderer.resolver.library) {
        count(&mut renderer.losses, "link:missing-element");
        renderer.links.push(missing);
    }
    let map = &map;
    let mut items = Vec::new();
    let around = renderer.resolver.context.branches.clone();
    each_copy(map, &around, renderer, &mut |map, here, renderer| {
        let shown = Shown { is_resource: false, in_contents: true }.of(map);
        for child in map.elements() {
            list_items(child, here, shown, renderer, &mut items);
        }
    });
    let mut blocks = renderer.book_titles(map);
    if let Some(description) = description_of(map) {
        renderer.paragraph_of(description, &mut blocks);
    }
    if !items.is_empty() {
        blocks.push(list(items));
    }
    blocks
}

fn list(items: Vec<ListItem>) -> Block {
    Block::List(List { ordered: false, start: 1, items })
}

/// Calls a function for every copy that branches make of a part of the map, with the branches of the copy.
fn each_copy<'r, 'l>(
    element: &Element,
    around: &[usize],
    renderer: &mut Renderer<'r, 'l>,
    take: &mut dyn FnMut(&Element, &[usize], &mut Renderer<'r, 'l>),
) {
    if element.child("ditavalref").is_none() && element.attr("keyscope").is_none() {
        return take(element, around, renderer);
    }
    for copy in Copier::new(renderer.resolver.library).copies(element.clone()) {
        let here: Vec<usize> = around.iter().copied().chain(branches_of(&copy).into_iter().flatten()).collect();
        take(&copy, &here, renderer);
    }
}

/// Returns the short description of a map or an entry.
pub(super) fn description_of(element: &Element) -> Option<&Element> {
    meta_of(element)?.child("shortdesc").filter(|text| !text.is_blank())
}

/// Whether entries are a part of the text and of the table of contents. The nearest attribute decides.
#[derive(Debug, Clone, Copy)]
struct Shown {
    is_resource: bool,
    in_contents: bool,
}

impl Shown {
    fn of(self, element: &Element) -> Self {
        Self {
            is_resource: is_resource(element, self.is_resource),
            in_contents: element.attr("toc").map_or(self.in_contents, |toc| toc != "no"),
        }
    }
}

/// Adds the list items of a reference, once for each branch that copies it.
fn list_items(
    element: &Element,
    around: &[usize],
    outer: Shown,
    renderer: &mut Renderer<'_, '_>,
    items: &mut Vec<ListItem>,
) {
    if is_topicref(element) {
        let shown = outer.of(element);
        each_copy(element, around, renderer, &mut |copy, here, renderer| list_copy(copy, here, shown, renderer, items));
    }
}

/// Adds one reference. For a group that has no title or is not shown, adds only its content.
fn list_copy(
    element: &Element,
    here: &[usize],
    shown: Shown,
    renderer: &mut Renderer<'_, '_>,
    items: &mut Vec<ListItem>,
) {
    let mut inner = Vec::new();
    for child in element.elements() {
        list_items(child, here, shown, renderer, &mut inner);
    }
    let is_shown = !shown.is_resource && shown.in_contents;
    let line = if is_shown { renderer.reference(element, here) } else { Vec::new() };
    if line.is_empty() {
        items.append(&mut inner);
        return;
    }
    let mut content = vec![Block::Paragraph(line)];
    if !inner.is_empty() {
        content.push(list(inner));
    }
    items.push(ListItem { checked: None, content });
}

impl Renderer<'_, '_> {
    /// Returns the title of a reference, with a link if it has a target, and its short description.
    fn reference(&mut self, topicref: &Element, here: &[usize]) -> Vec<Inline> {
        // The content belongs to another map.
        if topicref.is("anchorref") {
            return Vec::new();
        }
        let library = self.resolver.library;
        self.resolver.context.scopes = library.scopes_in(topicref.file, here);
        let mut reference = topicref.clone();
        set_branches(&mut reference, here);
        if let Some(address) = address_of(topicref) {
            reference.set_attr("href", address);
        }
        if let Some(key) = topicref.attr("keyref")
            && let Some((definition, href)) = self.resolver.key_address_in(key, here)
        {
            reference.set_attr("href", &href);
            reference.file = definition.file;
            set_branches(&mut reference, &branches_meant(&definition, here));
            for name in ["format", "scope"] {
                if let Some(value) = definition.attr(name) {
                    reference.set_attr(name, value);
                }
            }
        }
        let excluded = reference.attr("href").and_then(|href| library.local_file(&reference, &href::split(href).path));
        if excluded.is_some_and(|file| library.is_excluded(file)) {
            return Vec::new();
        }
        let in_map = navigation_title(topicref).or_else(|| link_text(topicref));
        let Some(target) = self.target(&reference) else {
            let description = description_of(topicref).map(|text| collapse(&text.text()));
            let line: Vec<String> = in_map.into_iter().chain(description).collect();
            return if line.is_empty() { Vec::new() } else { vec![Inline::Text(line.join(": "))] };
        };
        self.links.push(target.link.clone());
        // Without a document, the title of the target is only the name of its file.
        let is_locked = topicref.attr("locktitle") == Some("yes") || target.link.target_id.is_none();
        let title = if is_locked { in_map.clone().or(target.title) } else { target.title.or(in_map.clone()) };
        let content = vec![Inline::Text(title.unwrap_or_else(|| target.link.href.clone()))];
        match target.href {
            Some(target) => vec![Inline::Link { target, content }],
            None => content,
        }
    }

    /// Returns the library title and the alternative titles of a book.
    fn book_titles(&mut self, map: &Element) -> Vec<Block> {
        let Some(book) = map.child("booktitle") else { return Vec::new() };
        let mut blocks = Vec::new();
        for title in book.elements().filter(|title| !title.is("mainbooktitle") && Kind::of(title) != Kind::Metadata) {
            self.paragraph_of(title, &mut blocks);
        }
        blocks
    }
}
