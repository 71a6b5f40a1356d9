//! Resolves key references: addresses and text that come from key definitions.

use std::sync::Arc;

use super::branches::{branches_meant, branches_of, set_branches};
use super::dom::{Element, FileId, Node, collapse};
use super::href::{self, Address};
use super::keys::Key;
use super::maps::{Peer, title_element};
use super::resolve::Resolver;
use super::vocabulary::{Kind, is_map};
use crate::normalize::document::{Link, NO_SUCH_KEY, NOT_IN_INPUT};
use crate::normalize::text::count;

/// Maximum length of a chain of keys that are defined by other keys.
const MAX_KEYS: usize = 8;
/// Maximum depth of titles that need other titles.
const MAX_TITLES: usize = 4;
/// The attributes that determine how the address of a key is interpreted.
const LINK_ATTRIBUTES: [&str; 3] = ["scope", "format", "type"];

impl Resolver<'_> {
    /// Returns the definition of a key inside `branches`.
    fn key_in(&self, name: &str, branches: &[usize]) -> Option<Arc<Element>> {
        self.context.scopes.iter().find_map(|&(root, scope)| {
            let map = self.library.roots.get(root)?;
            let key = map.keys.resolve(scope, name, branches);
            let key = key.or_else(|| map.peers.iter().find_map(|peer| self.key_in_peer(peer, name)))?;
            Some(Arc::clone(&key.definition))
        })
    }

    fn key_in_peer(&self, peer: &Peer, name: &str) -> Option<&Key> {
        let map = self.library.roots.iter().find(|map| Some(map.file) == peer.map)?;
        map.keys.resolve(0, peer.key(name)?, &[])
    }

    /// Returns why a key is not defined.
    fn reason_without_key(&self, name: &str) -> &'static str {
        let is_read = |peer: &Peer| self.library.roots.iter().any(|map| Some(map.file) == peer.map);
        let is_outside = |peer: &Peer| peer.key(name).is_some() && !is_read(peer);
        let mut maps = self.context.scopes.iter().filter_map(|&(root, _)| self.library.roots.get(root));
        if maps.any(|map| map.peers.iter().any(is_outside)) { NOT_IN_INPUT } else { NO_SUCH_KEY }
    }

    fn key(&self, name: &str) -> Option<Arc<Element>> {
        self.key_in(name, &self.context.branches)
    }

    /// Returns the address of a key, and the definition that contains it.
    pub fn key_address(&self, name: &str) -> Option<(Arc<Element>, String)> {
        self.key_address_in(name, &self.context.branches)
    }

    /// Returns the address of a key inside `branches`, and the definition that contains it.
    pub fn key_address_in(&self, name: &str, branches: &[usize]) -> Option<(Arc<Element>, String)> {
        let mut definition = self.key_in(name, branches)?;
        for _ in 0..MAX_KEYS {
            let next = definition.attr("keyref").map(|next| next.split('/').next().unwrap_or(next));
            match next.and_then(|next| self.key_in(next, branches)) {
                Some(next) => definition = next,
                None => break,
            }
        }
        let href = definition.attr("href")?.to_owned();
        Some((definition, href))
    }

    /// Sets the address of an element to the address of its key. If the element has no content, also inserts the text of the key.
    pub(super) fn apply_key(&mut self, element: &mut Element) {
        let Some(reference) = element.attr("keyref").map(ToOwned::to_owned) else { return };
        let kind = Kind::of(element);
        if self.keeps_keys || kind.is_hidden() || super::vocabulary::is_topicref(element) {
            return;
        }
        let (name, id) = reference.split_once('/').unwrap_or((&reference, ""));
        let Some(definition) = self.key(name) else {
            count(&mut self.losses, "keyref:unresolved");
            self.lost.push(Link::to_nothing(name, self.reason_without_key(name)));
            let has_words = !element.is_blank() || element.attr("alt").is_some();
            if !has_words && element.attr("href").is_none() && kind != Kind::Media {
                element.children = vec![Node::Text(reference)];
            }
            return;
        };
        let address = self.key_address(name);
        let needs_text = element.is_blank() && kind != Kind::Media;
        if needs_text && self.open_key(name) {
            element.children = if kind == Kind::Image {
                self.text_in_definition(element, &definition).unwrap_or_default()
            } else {
                self.key_text(element, &definition, address.as_ref(), name, id)
            };
            self.keys_open.pop();
        }
        if kind == Kind::Link && address.as_ref().is_some_and(|(_, href)| href::is_absolute(href)) {
            describe(element, &definition);
        }
        match address {
            Some((source, href)) => copy_address(element, &source, &href, id),
            // A key without an address also removes the fallback address.
            None => element.remove_attr("href"),
        }
    }

    /// Returns the text of a key. The sources are tried in the order that the standard defines.
    fn key_text(
        &mut self,
        element: &Element,
        definition: &Arc<Element>,
        address: Option<&(Arc<Element>, String)>,
        name: &str,
        id: &str,
    ) -> Vec<Node> {
        if let Some(text) = self.glossary_text(element, address, name) {
            return vec![Node::Text(text)];
        }
        let mut definition = Arc::clone(definition);
        for _ in 0..MAX_KEYS {
            if let Some(nodes) = self.text_in_definition(element, &definition) {
                return nodes;
            }
            let next = definition.attr("keyref").map(|next| next.split('/').next().unwrap_or(next).to_owned());
            match next.and_then(|next| self.key(&next)) {
                Some(next) => definition = next,
                None => break,
            }
        }
        let text = self.text_from_target(&definition, address, id);
        text.map(|text| vec![Node::Text(text)]).unwrap_or_default()
    }

    fn text_in_definition(&mut self, element: &Element, definition: &Element) -> Option<Vec<Node>> {
        let meta = definition.child("topicmeta")?;
        // A name uses only the first keyword of its key, and a link uses all keywords.
        let whole = matches!(Kind::of(element), Kind::CrossReference | Kind::Link | Kind::LongQuote);
        let is_word = |e: &Element| e.is("keyword") || e.is("term") || e.is(&element.name);
        let keywords = || meta.child("keywords").filter(|keywords| keywords.elements().any(is_word));
        let keyword = || if whole { keywords() } else { keywords()?.elements().find(|e| is_word(e)) };
        let alternative = |role: &str| {
            let mut titles = meta.children_of("titlealt");
            titles
                .find(|title| title.attr("title-role").is_some_and(|roles| roles.split_whitespace().any(|r| r == role)))
        };
        let source = meta
            .child("keytext")
            .or_else(keyword)
            .or_else(|| meta.child("linktext"))
            .or_else(|| alternative("linking"))
            .or_else(|| alternative("navigation"))?
            .clone();
        let mut nodes = self.resolve(&source, "");
        match nodes.pop() {
            // Without a space, several keywords would become one word.
            Some(Node::Element(resolved)) if resolved.is("keywords") => {
                let words = resolved.elements().filter(|word| !word.is_blank());
                let words = words.flat_map(|word| [Node::Text(" ".to_owned()), Node::Element(word.clone())]);
                Some(words.skip(1).collect()).filter(|words: &Vec<Node>| !words.is_empty())
            }
            Some(Node::Element(resolved)) if !resolved.is_blank() => Some(resolved.children),
            _ => None,
        }
    }

    /// Returns the title of the target, the title in the map, or the address itself.
    fn text_from_target(
        &mut self,
        definition: &Element,
        address: Option<&(Arc<Element>, String)>,
        id: &str,
    ) -> Option<String> {
        let in_map = title_element(definition, false).map(|title| self.plain(&title, ""));
        let in_map = in_map.filter(|title| !title.is_empty());
        let Some((source, href)) = address else { return in_map };
        let mut target = href::split(href);
        if !id.is_empty() {
            target.element = Some(id.to_owned());
        }
        let is_local = !href::is_absolute(href) && source.attr("scope") != Some("external");
        let file = self.library.local_file(source, &target.path).filter(|_| is_local);
        if definition.attr("locktitle") == Some("yes") && in_map.is_some() {
            return in_map;
        }
        let branches = branches_meant(source, &self.context.branches);
        let title = file.and_then(|file| {
            let target = self.complete(file, target);
            self.title_in(file, &target, &branches)
        });
        let address = || Some(href.clone()).filter(|_| href::is_absolute(href) || source.attr("format").is_some());
        title.or(in_map).or_else(address)
    }

    /// Returns the term of a glossary entry: the surface form at the first occurrence, and later the term or the abbreviation.
    fn glossary_text(
        &mut self,
        element: &Element,
        address: Option<&(Arc<Element>, String)>,
        name: &str,
    ) -> Option<String> {
        if !element.is("abbreviated-form") && !element.is("term") {
            return None;
        }
        let (source, href) = address?;
        let target = href::split(href);
        let file = self.library.local_file(source, &target.path)?;
        let (tree, targets) = self.tree_with_targets(file)?;
        let entry = targets.find(&tree, target.topic.as_deref(), None)?.element;
        if !entry.is("glossentry") {
            return None;
        }
        let text = |name: &str| {
            let text = collapse(&entry.find(&|element| element.is(name))?.text());
            Some(text).filter(|text| !text.is_empty())
        };
        let full = text("glossterm");
        if self.introduced.insert(name.to_owned()) {
            return text("glossSurfaceForm").or(full);
        }
        if !element.is("abbreviated-form") {
            return full;
        }
        text("glossAcronym").or_else(|| text("glossAbbreviation")).or_else(|| text("glossSurfaceForm")).or(full)
    }

    /// Returns the visible title at an address, for the copy that `branches` select.
    pub fn title_in(&mut self, file: FileId, address: &Address, branches: &[usize]) -> Option<String> {
        let copy = self.library.copy_in(file, branches);
        if copy == self.context.branches {
            return self.title(file, address);
        }
        let mut resolver = self.library.resolver_in(file, copy);
        resolver.titles_open = self.titles_open + 1;
        resolver.title(file, address)
    }

    /// Returns the visible title at an address: the title of the element or, if it has none, of the topic or map around it.
    pub fn title(&mut self, file: FileId, address: &Address) -> Option<String> {
        if self.titles_open >= MAX_TITLES {
            return None;
        }
        if address.topic.is_none()
            && address.element.is_none()
            && let Some(title) = self.library.leading_title(file, &self.context)
        {
            return Some(self.plain(&title, "")).filter(|text| !text.is_empty());
        }
        let tree = self.tree(file)?;
        if is_map(&tree) {
            return super::map_document::title_of(&tree, self);
        }
        let (tree, targets) = self.tree_with_targets(file)?;
        let found = targets.find(&tree, address.topic.as_deref(), address.element.as_deref());
        let found = found.or_else(|| targets.find(&tree, address.topic.as_deref(), None))?;
        if has_content_elsewhere(found.element) {
            let nodes = self.resolve_quietly(found.element, found.topic);
            let resolved = nodes.iter().find_map(Node::element)?;
            let title = resolved.elements().find(|child| Kind::of(child) == Kind::Title)?;
            let text = collapse(&super::render::plain_text(title));
            return Some(text).filter(|text| !text.is_empty());
        }
        let around =
            targets.find(&tree, Some(found.topic).filter(|id| !id.is_empty()), None).map(|topic| topic.element);
        let own = ["title", "glossterm", "dt", "pt"].iter().find_map(|name| found.element.child(name));
        if let Some(number) = found.number.filter(|_| own.is_none()) {
            return Some(number.to_owned());
        }
        let title = own.or_else(|| around?.elements().find(|child| Kind::of(child) == Kind::Title))?.clone();
        let text = self.plain(&title, found.topic);
        Some(text).filter(|text| !text.is_empty())
    }

    /// Returns the visible text of an element on one line, with references resolved.
    pub fn plain(&mut self, element: &Element, topic: &str) -> String {
        let nodes = self.resolve_quietly(element, topic);
        let text: String = nodes.iter().filter_map(Node::element).map(super::render::plain_text).collect();
        collapse(&text)
    }

    /// Resolves an element for another document.
    fn resolve_quietly(&mut self, element: &Element, topic: &str) -> Vec<Node> {
        self.titles_open += 1;
        // Discard the losses, because they are counted for the other document.
        let before = (std::mem::take(&mut self.losses), std::mem::take(&mut self.lost));
        let nodes = self.resolve(element, topic);
        (self.losses, self.lost) = before;
        self.titles_open -= 1;
        nodes
    }
}

/// Returns whether an element takes its content from another element.
fn has_content_elsewhere(element: &Element) -> bool {
    element.attr("conref").is_some() || element.attr("conkeyref").is_some()
}

/// Adds the short description of the key to a related link.
fn describe(link: &mut Element, definition: &Element) {
    let described = link.child("desc").is_some() || link.child("shortdesc").is_some();
    let text = definition.child("topicmeta").and_then(|meta| meta.child("shortdesc")).filter(|_| !described);
    link.children.extend(text.cloned().map(Node::Element));
}

fn copy_address(element: &mut Element, source: &Element, href: &str, id: &str) {
    let mut href = href.to_owned();
    if !id.is_empty() && !href::is_absolute(&href) {
        let separator = if href.contains('#') { "/" } else { "#./" };
        href.push_str(separator);
        href.push_str(id);
    }
    element.set_attr("href", &href);
    // The address is relative to the map that defines the key.
    element.file = source.file;
    set_branches(element, &branches_of(source).unwrap_or_default());
    for name in LINK_ATTRIBUTES {
        match source.attr(name) {
            Some(value) => element.set_attr(name, value),
            None => element.remove_attr(name),
        }
    }
}
