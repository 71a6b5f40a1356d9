//! Resolves conref pull and keyref, so that the tree contains all reused content.

use std::collections::HashMap;
use std::sync::Arc;

use super::dom::{Element, FileId, Node};
use super::href::{self, Address};
use super::library::Library;
use super::lightweight::{HIDDEN, Notation};
use super::parse::{MAX_DEPTH, Parsed};
use super::targets::{Found, Targets};
use super::vocabulary::Kind;
use crate::normalize::document::{Link, NO_SUCH_KEY, NOT_IN_INPUT};
use crate::normalize::text::{Losses, count};

/// Maximum length of a chain of references.
const MAX_CHAIN: usize = 32;
/// Maximum number of elements that one document can pull in.
const MAX_PULLED: usize = 200_000;
/// The value of an attribute that is replaced with the value of the target.
const USE_TARGET: &str = "-dita-use-conref-target";

/// The place where keys are looked up, and the branches that apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Context {
    /// Root map and key scope, in order of priority.
    pub scopes: Vec<(usize, usize)>,
    pub branches: Vec<usize>,
}

/// Resolves references for one document.
pub(super) struct Resolver<'l> {
    pub library: &'l Library,
    pub context: Context,
    pub losses: Losses,
    /// Content and keys that were not found.
    pub lost: Vec<Link>,
    prepared: HashMap<FileId, Option<Arc<Element>>>,
    targets: HashMap<FileId, Arc<Targets>>,
    open: Vec<(FileId, Address)>,
    pulled: usize,
    depth: usize,
    pub(super) titles_open: usize,
    /// The keys whose text is being resolved.
    pub(super) keys_open: Vec<String>,
    /// Whether references to keys are left for later, because the keys are not known yet.
    pub(super) keeps_keys: bool,
    /// Glossary terms whose full form has already appeared.
    pub(super) introduced: std::collections::HashSet<String>,
}

/// The part of a file that an element reuses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Part {
    topic: Option<String>,
    element: Option<String>,
    end: Option<String>,
}

impl Part {
    /// Returns the part at the address in an element.
    pub fn of(element: &Element, address: Address) -> Self {
        Self { topic: address.topic, element: address.element, end: end_of_range(element) }
    }

    /// Returns the elements of the part.
    pub fn elements<'t>(&self, parsed: &'t Parsed) -> Vec<&'t Element> {
        let found = parsed.targets().find(&parsed.root, self.topic.as_deref(), self.element.as_deref());
        let Some(found) = found else { return Vec::new() };
        let rest = self.end.as_deref().and_then(|end| found.siblings_to(end)).unwrap_or_default();
        std::iter::once(found.element).chain(rest).collect()
    }
}

/// Returns the id of the last element in the range that an element reuses. Some authors write only the id.
fn end_of_range(element: &Element) -> Option<String> {
    let end = href::split(element.attr("conrefend")?);
    Some(end.element.or(end.topic).unwrap_or(end.path))
}

impl<'l> Resolver<'l> {
    pub fn new(library: &'l Library, context: Context) -> Self {
        Self {
            library,
            context,
            losses: Losses::new(),
            lost: Vec::new(),
            prepared: HashMap::new(),
            targets: HashMap::new(),
            open: Vec::new(),
            pulled: 0,
            depth: 0,
            titles_open: 0,
            keys_open: Vec::new(),
            keeps_keys: false,
            introduced: std::collections::HashSet::new(),
        }
    }

    /// Opens a key. Returns false if its text contains itself, or if the document contains too much text of keys.
    pub(super) fn open_key(&mut self, name: &str) -> bool {
        self.pulled += 1;
        if self.keys_open.len() >= MAX_CHAIN || self.pulled >= MAX_PULLED || self.keys_open.iter().any(|k| k == name) {
            count(&mut self.losses, "keyref:cycle");
            return false;
        }
        self.keys_open.push(name.to_owned());
        true
    }

    /// Returns the tree of a file for this document: filtered, and with pushed content, but without pulled content.
    pub fn tree(&mut self, file: FileId) -> Option<Arc<Element>> {
        let (library, context) = (self.library, &self.context);
        self.prepared.entry(file).or_insert_with(|| library.prepare(file, context)).clone()
    }

    /// Returns the tree of a file for this document, and its index.
    pub fn tree_with_targets(&mut self, file: FileId) -> Option<(Arc<Element>, Arc<Targets>)> {
        let tree = self.tree(file)?;
        let inputs = &self.library.inputs;
        let targets = self.targets.entry(file).or_insert_with(|| {
            // Most trees are those of the files. Their index is shared by all documents.
            match inputs.load(file).ok().filter(|parsed| Arc::ptr_eq(&parsed.root, &tree)) {
                Some(parsed) => Arc::clone(parsed.targets()),
                None => Arc::new(Targets::of(&tree)),
            }
        });
        Some((tree, Arc::clone(targets)))
    }

    /// Returns the nodes that replace `element` in the topic with the id `topic`.
    pub fn resolve(&mut self, element: &Element, topic: &str) -> Vec<Node> {
        let topic = if Kind::of(element) == Kind::Topic { element.attr("id").unwrap_or(topic) } else { topic };
        match element.attr("conaction") {
            Some("mark") => return Vec::new(),
            Some(_) => return vec![Node::Element(self.inside(element, topic))],
            None => {}
        }
        match self.conref_address(element, topic) {
            None => vec![Node::Element(self.inside(element, topic))],
            Some(Err(link)) => {
                let reference = link.href.clone();
                self.lost.push(link);
                self.missing(element, topic, &reference, "conref:missing")
            }
            Some(Ok((file, address))) => self.pull(element, topic, file, &address),
        }
    }

    /// Returns the address with the topic of the element. In Markdown and HTML, a fragment may contain only the id of an element.
    pub(super) fn complete(&self, file: FileId, address: Address) -> Address {
        let Address { topic: Some(id), element: None, .. } = &address else { return address };
        if Notation::of(&self.library.inputs.path(file)).is_none() {
            return address;
        }
        let Ok(parsed) = self.library.inputs.load(file) else { return address };
        match parsed.targets().topic_around(&parsed.root, id) {
            Some(topic) => {
                let topic = Some(topic.to_owned()).filter(|topic| !topic.is_empty());
                Address { topic, element: Some(id.clone()), ..address }
            }
            None => address,
        }
    }

    /// Returns the address of the content for an element. The error describes a target that does not exist.
    fn conref_address(&self, element: &Element, topic: &str) -> Option<Result<(FileId, Address), Link>> {
        let by_key = element.attr("conkeyref").map(|reference| {
            let (key, id) = reference.split_once('/').unwrap_or((reference, ""));
            let (definition, href) = self.key_address(key).ok_or_else(|| Link::to_nothing(key, NO_SUCH_KEY))?;
            let mut address = href::split(&href);
            if !id.is_empty() {
                address.element = Some(id.to_owned());
            }
            let file = self.library.local_file(&definition, &address.path);
            let file = file.ok_or_else(|| Link::to_nothing(reference, NOT_IN_INPUT))?;
            Ok((file, self.complete(file, address)))
        });
        let direct = || {
            element.attr("conref").map(|reference| {
                let mut address = href::split(reference);
                if address.topic.as_deref() == Some(".") {
                    address.topic = Some(topic.to_owned());
                }
                let file = self.library.local_file(element, &address.path);
                let file = file.ok_or_else(|| Link::to_nothing(reference, NOT_IN_INPUT))?;
                Ok((file, self.complete(file, address)))
            })
        };
        match by_key {
            Some(Err(link)) => direct().or(Some(Err(link))),
            Some(found) => Some(found),
            None => direct(),
        }
    }

    fn pull(&mut self, element: &Element, topic: &str, file: FileId, address: &Address) -> Vec<Node> {
        let reference = element.attr("conkeyref").or(element.attr("conref")).unwrap_or_default().to_owned();
        let tree = self.tree_with_targets(file);
        let (holder, id) = (address.topic.as_deref(), address.element.as_deref());
        let Some(found) = tree.as_ref().and_then(|(tree, targets)| targets.find(tree, holder, id)) else {
            // References to excluded content are treated as if the content did not exist.
            if self.library.inputs.load(file).is_ok_and(|all| all.targets().find(&all.root, holder, id).is_some()) {
                count(&mut self.losses, "conref:excluded");
                return Vec::new();
            }
            self.lost.push(Link::to_nothing(&reference, NOT_IN_INPUT));
            return self.missing(element, topic, &reference, "conref:missing");
        };
        let mut place = address.clone();
        found.topic.clone_into(place.topic.get_or_insert_default());
        place.path.clear();
        let place = (file, place);
        if self.open.len() >= MAX_CHAIN || self.open.contains(&place) {
            return self.missing(element, topic, &reference, "conref:cycle");
        }
        if self.pulled >= MAX_PULLED || self.depth >= MAX_DEPTH {
            return self.missing(element, topic, &reference, "conref:limit");
        }
        self.open.push(place);
        let mut nodes = self.take(element, &found);
        self.open.pop();
        let (library, branches) = (self.library, &self.context.branches);
        nodes.retain_mut(|node| match node {
            Node::Element(element) => library.filter(element, branches),
            Node::Text(_) => true,
        });
        if nodes.is_empty() {
            count(&mut self.losses, "conref:excluded");
        }
        nodes
    }

    /// Resolves the target, and its siblings up to `@conrefend`, for the referring element.
    fn take(&mut self, element: &Element, found: &Found<'_>) -> Vec<Node> {
        if !element.is(&found.element.name) && !found.element.is(&element.name) {
            count(&mut self.losses, "conref:other-type");
        }
        let mut nodes = self.resolve(found.element, found.topic);
        self.pulled += nodes.iter().filter_map(Node::element).map(Element::size).sum::<usize>();
        if let Some(Node::Element(first)) = nodes.first_mut() {
            merge(element, first);
        }
        if let Some(end) = end_of_range(element) {
            nodes.extend(self.rest_of_range(found, &end));
        }
        nodes
    }

    fn rest_of_range(&mut self, found: &Found<'_>, end: &str) -> Vec<Node> {
        let Some(rest) = found.siblings_to(end) else {
            count(&mut self.losses, "conref:range");
            return Vec::new();
        };
        let mut nodes = Vec::new();
        for sibling in rest {
            let mut resolved = self.resolve(sibling, found.topic);
            for node in &mut resolved {
                if let Node::Element(element) = node {
                    element.remove_attr("id");
                }
            }
            nodes.append(&mut resolved);
        }
        nodes
    }

    /// Returns the content of the element itself or, if it is empty, a stub that names the missing content.
    fn missing(&mut self, element: &Element, topic: &str, reference: &str, loss: &str) -> Vec<Node> {
        count(&mut self.losses, loss);
        let mut kept = self.inside(element, topic);
        if kept.is_blank() && !Kind::of(element).is_hidden() {
            kept.children = vec![Node::Text(format!("[missing: {reference}]"))];
        }
        vec![Node::Element(kept)]
    }

    /// Returns the element with all references inside it resolved.
    fn inside(&mut self, element: &Element, topic: &str) -> Element {
        let mut copy = Element::new(&element.name, element.file, element.line);
        let of_conref = |name: &str| matches!(name, "conref" | "conkeyref" | "conrefend" | "conaction");
        copy.attributes.extend(element.attributes.iter().filter(|(name, _)| !of_conref(name)).cloned());
        if let Some(id) = element.attr("href").and_then(|href| href.strip_prefix("#./")) {
            copy.set_attr("href", &format!("#{topic}/{id}"));
        }
        self.depth += 1;
        for child in &element.children {
            match child {
                Node::Text(text) => copy.children.push(Node::Text(text.clone())),
                Node::Element(child) if child.attr(HIDDEN).is_some() => count(&mut self.losses, "element:hidden"),
                Node::Element(child) => {
                    let child_topic =
                        if Kind::of(child) == Kind::Topic { child.attr("id").unwrap_or(topic) } else { topic };
                    copy.children.extend(self.resolve(child, child_topic));
                }
            }
        }
        self.depth -= 1;
        self.apply_key(&mut copy);
        copy
    }
}

/// Copies the name and the attributes of the referring element to the target.
fn merge(element: &Element, target: &mut Element) {
    target.remove_attr("id");
    if element.name != target.name && element.attr("class").is_none() {
        target.remove_attr("class");
    }
    target.name.clone_from(&element.name);
    for (name, value) in &element.attributes {
        if value != USE_TARGET && !matches!(name.as_str(), "conref" | "conkeyref" | "conrefend") {
            target.set_attr(name, value);
        }
    }
}
