//! Renders cross references and related links, and resolves the sources of images.

use super::super::branches::branches_meant;
use super::super::dom::{Element, FileId, Node, collapse};
use super::super::href;
use super::super::library::Form;
use super::super::vocabulary::Kind;
use super::{Renderer, list, without};
use crate::normalize::document::{Link, NOT_IN_INPUT, OUTSIDE_INPUT};
use crate::normalize::text::{count, is_program};
use crate::normalize::tree::{Block, Inline, ListItem};

/// Heading of related links.
const RELATED: &str = "Related information";

/// Where an address leads.
pub(in super::super) struct Target {
    /// The address in the Markdown, or `None` if there is no target.
    pub href: Option<String>,
    pub link: Link,
    /// The title of a target inside the documentation.
    pub title: Option<String>,
}

impl Renderer<'_, '_> {
    /// Finds the target of an element.
    pub(in super::super) fn target(&mut self, element: &Element) -> Option<Target> {
        let address = element.attr("href")?;
        if is_program(address) {
            count(&mut self.losses, "link:program");
            return None;
        }
        let scope = element.attr("scope");
        if scope == Some("external") || href::is_absolute(address) {
            return Some(outside(address, "external"));
        }
        let parts = href::split(address);
        let library = self.resolver.library;
        let Some(file) = library.local_file(element, &parts.path) else {
            // A file with `scope="peer"` may be published elsewhere.
            let name = parts.path.rsplit('/').next().unwrap_or_default();
            let title = Some(name.to_owned()).filter(|name| !name.is_empty());
            if scope == Some("peer") {
                return Some(Target { title, ..outside(address, "peer") });
            }
            count(&mut self.losses, "link:unresolved");
            let base = library.inputs.path(element.file);
            let reason = if href::join(&base, &parts.path).is_none() { OUTSIDE_INPUT } else { NOT_IN_INPUT };
            return Some(Target { title, ..nowhere(address, reason) });
        };
        // The output must not reveal anything about excluded content, not even its path.
        if library.is_excluded(file) {
            count(&mut self.losses, "filtered:link");
            return None;
        }
        let here = &self.resolver.context.branches;
        let branches = match library.branches_of_copy(element, &parts.path, file, here) {
            Some(branches) if !parts.path.is_empty() => branches.to_owned(),
            _ => branches_meant(element, here),
        };
        let parts = self.resolver.complete(file, parts);
        let title = self.resolver.title_in(file, &parts, &branches);
        let Some(id) = library.id(file, library.copy_in(file, &branches)) else {
            let path = library.inputs.path(file);
            let title = title.or_else(|| parts.topic.is_none().then(|| stem(&path)));
            return Some(Target { title, ..outside(&path, "not a document") });
        };
        let is_missing = self.is_missing(file, &parts);
        if is_missing && self.is_filtered(file, &parts) {
            count(&mut self.losses, "filtered:link");
            return None;
        }
        let anchor = if is_missing {
            count(&mut self.losses, "link:missing-element");
            self.links.push(Link::to_nothing(address, NOT_IN_INPUT));
            None
        } else {
            self.anchor(file, &parts)
        };
        let title = title.or_else(|| self.resolver.title_in(file, &href::Address::default(), &branches));
        let title = title.or_else(|| Some(stem(&library.inputs.path(file))));
        let address = if id == self.id && anchor.is_some() { String::new() } else { id.clone() };
        let address = anchor.map_or(address.clone(), |anchor| format!("{address}#{anchor}"));
        let link = Link { href: address.clone(), target_id: Some(id), reason: None };
        Some(Target { href: Some(address), link, title })
    }

    /// Returns whether the file exists but does not contain the target.
    fn is_missing(&mut self, file: FileId, address: &href::Address) -> bool {
        if address.topic.is_none() || self.resolver.library.documents.get(&file) != Some(&Form::Topic) {
            return false;
        }
        let Some((tree, targets)) = self.resolver.tree_with_targets(file) else { return false };
        targets.find(&tree, address.topic.as_deref(), address.element.as_deref()).is_none()
    }

    /// Returns whether conditions exclude the target in a file.
    fn is_filtered(&self, file: FileId, address: &href::Address) -> bool {
        let tree = self.resolver.library.inputs.load(file);
        let (topic, element) = (address.topic.as_deref(), address.element.as_deref());
        tree.is_ok_and(|tree| tree.targets().find(&tree.root, topic, element).is_some())
    }

    /// Returns the anchor in a document. It is the id of an element, or of a topic other than the first.
    fn anchor(&mut self, file: FileId, address: &href::Address) -> Option<String> {
        if let Some(element) = &address.element {
            return Some(element.clone());
        }
        let topic = address.topic.as_deref().filter(|topic| *topic != ".")?;
        let root = self.resolver.tree(file)?;
        let first = root.find(&|element| Kind::of(element) == Kind::Topic)?;
        (first.attr("id") != Some(topic)).then(|| topic.to_owned())
    }

    /// Adds content. If the element has an address, the content becomes a link.
    pub(super) fn linked(&mut self, element: &Element, mut content: Vec<Inline>, run: &mut Vec<Inline>) {
        if Kind::of(element) != Kind::LongQuote
            && element.attr("href").is_some()
            && content.is_empty()
            && element.attr("keyref").is_none()
        {
            return;
        }
        let Some(target) = self.target(element) else {
            run.append(&mut content);
            return;
        };
        self.links.push(target.link.clone());
        if is_blank(&content) {
            content = vec![Inline::Text(target.title.unwrap_or_else(|| target.link.href.clone()))];
        }
        match target.href {
            Some(target) => run.push(Inline::Link { target, content }),
            None => run.append(&mut content),
        }
    }

    pub(super) fn cross_reference(&mut self, xref: &Element, run: &mut Vec<Inline>) {
        // A browser shows the description as a tooltip.
        let description = xref.child("desc");
        if description.is_some_and(|description| !description.is_blank()) {
            count(&mut self.losses, "xref:description");
        }
        let content = self.inlines(&without(xref, description));
        let fragment = xref.attr("href").and_then(|href| href.rsplit_once(['/', '#'])).map(|(_, id)| id.to_owned());
        let in_file = xref.attr("href").is_some_and(|href| href.starts_with('#'));
        let is_footnote = xref.attr("type") == Some("fn") || in_file;
        if is_footnote && fragment.is_some_and(|id| self.footnote_reference(&id, run)) {
            return;
        }
        let Some(target) = self.target(xref) else {
            run.extend(content);
            return;
        };
        self.links.push(target.link.clone());
        let content = if is_blank(&content) {
            vec![Inline::Text(target.title.unwrap_or_else(|| target.link.href.clone()))]
        } else {
            content
        };
        match target.href {
            Some(target) => run.push(Inline::Link { target, content }),
            None => run.extend(content),
        }
    }

    pub(super) fn related_links(&mut self, related: &Element, out: &mut Vec<Block>) {
        let mut is_headed = self.has_related;
        self.related_group(related, &mut is_headed, out);
        self.has_related = is_headed;
    }

    /// Adds the links of a group under one heading, unless `is_headed`. A list with a title has its own heading.
    fn related_group(&mut self, group: &Element, is_headed: &mut bool, out: &mut Vec<Block>) {
        let mut items = Vec::new();
        let close = |items: &mut Vec<ListItem>, is_headed: &mut bool, out: &mut Vec<Block>| {
            if items.is_empty() {
                return;
            }
            if !std::mem::replace(is_headed, true) {
                let heading = Inline::Strong(vec![Inline::Text(RELATED.to_owned())]);
                out.push(Block::Paragraph(vec![heading]));
            }
            out.push(list::bullets(std::mem::take(items)));
        };
        for child in group.elements() {
            if Kind::of(child) == Kind::Link {
                self.link_item(child, &mut items);
                continue;
            }
            // Close this list first, because its heading affects the title of the next list.
            close(&mut items, is_headed, out);
            let title = child.elements().find(|child| Kind::of(child) == Kind::Title);
            let repeats_heading = title.is_some_and(|title| collapse(&title.text()).eq_ignore_ascii_case(RELATED));
            match (Kind::of(child), title) {
                (Kind::LinkList, None) => self.related_group(child, is_headed, out),
                (Kind::LinkList, Some(title)) if repeats_heading && *is_headed => {
                    let untitled = Element { children: without(child, Some(title)), ..child.clone() };
                    self.link_group(&untitled, out);
                }
                (kind, _) => {
                    *is_headed |= repeats_heading;
                    self.block(child, kind, out);
                }
            }
        }
        close(&mut items, is_headed, out);
    }

    pub(super) fn link_list(&mut self, group: &Element, out: &mut Vec<Block>) {
        self.link_group(group, out);
    }

    /// Renders the links of a group as one list. Nested lists keep their titles.
    fn link_group(&mut self, group: &Element, out: &mut Vec<Block>) {
        let mut items = Vec::new();
        let close = |items: &mut Vec<ListItem>, out: &mut Vec<Block>| {
            if !items.is_empty() {
                out.push(list::bullets(std::mem::take(items)));
            }
        };
        for child in group.elements() {
            match Kind::of(child) {
                Kind::Link => self.link_item(child, &mut items),
                Kind::LinkList if !child.is("linklist") => {
                    close(&mut items, out);
                    self.link_group(child, out);
                }
                kind => {
                    close(&mut items, out);
                    self.block(child, kind, out);
                }
            }
        }
        close(&mut items, out);
    }

    /// Renders a related link: its text or the title of its target, and then its description.
    pub(super) fn link_item(&mut self, link: &Element, items: &mut Vec<ListItem>) {
        let described = |node: &&Node| node.element().is_some_and(|e| e.is("desc") || e.is("shortdesc"));
        let own = || link.children.iter().filter(|node| !described(node)).cloned().collect();
        let text: Vec<Node> = link.child("linktext").map_or_else(own, |text| text.children.clone());
        let text = self.inlines(&text);
        let mut run = Vec::new();
        match self.target(link) {
            Some(target) => {
                self.links.push(target.link.clone());
                let title = || vec![Inline::Text(target.title.clone().unwrap_or_else(|| target.link.href.clone()))];
                let content = if is_blank(&text) { title() } else { text };
                match target.href {
                    Some(target) => run.push(Inline::Link { target, content }),
                    None => run.extend(content),
                }
            }
            None => run.extend(text),
        }
        let description = link.child("desc").or_else(|| link.child("shortdesc"));
        let description = description.map(|desc| self.inlines(&desc.children)).unwrap_or_default();
        if !is_blank(&description) {
            run.push(Inline::Text(": ".to_owned()));
            run.extend(description);
        }
        let content = if is_blank(&run) { Vec::new() } else { vec![Block::Paragraph(run)] };
        if !content.is_empty() {
            items.push(ListItem { checked: None, content });
        }
    }

    /// Returns the address in the Markdown of an image or another displayed file.
    pub(super) fn source(&mut self, element: &Element, attribute: &str) -> Option<String> {
        let address = element.attr(attribute)?;
        if is_program(address) {
            count(&mut self.losses, "link:program");
            return None;
        }
        if element.attr("scope") == Some("external") || href::is_absolute(address) {
            return Some(address.to_owned());
        }
        let library = self.resolver.library;
        let path = href::split(address).path;
        let Some(file) = library.local_file(element, &path) else {
            count(&mut self.losses, "file:missing");
            self.links.push(Link::to_nothing(address, NOT_IN_INPUT));
            return Some(href::join(&library.inputs.path(element.file), &path).unwrap_or_else(|| address.to_owned()));
        };
        let path = library.inputs.path(file);
        self.attach(&path);
        Some(path.to_string())
    }

    fn attach(&mut self, path: &str) {
        let filename = path.rsplit('/').next().unwrap_or(path).to_owned();
        let attachment = crate::normalize::document::Attachment { filename, url: Some(path.to_owned()) };
        if !self.attachments.contains(&attachment) {
            self.attachments.push(attachment);
        }
    }
}

/// Returns the name of a file without folders and extension.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

fn outside(href: &str, reason: &str) -> Target {
    Target { href: Some(href.to_owned()), link: Link::to_nothing(href, reason), title: None }
}

fn nowhere(href: &str, reason: &str) -> Target {
    Target { href: None, ..outside(href, reason) }
}

/// Returns whether the content is invisible.
pub(super) fn is_blank(content: &[Inline]) -> bool {
    content.iter().all(|inline| matches!(inline, Inline::Text(text) if text.trim().is_empty()))
}
