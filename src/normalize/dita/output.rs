//! Assembles the document of a file: body, title, breadcrumbs, labels and links.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::dom::{Element, FileId, Node};
use super::filter::{collect_conditions, conditions_of};
use super::href::Address;
use super::library::{Form, Library, Place};
use super::lightweight::Notation;
use super::maps::{Side, Use};
use super::prolog::{self, Metadata};
use super::render::Renderer;
use super::resolve::Resolver;
use super::{map_document, subjects};
use crate::normalize::document::Document;
use crate::normalize::markdown;
use crate::normalize::text::{Losses, count_many};

/// Returns the documents of one file: one for each branch that uses the file, or none if conditions exclude it.
pub(super) fn documents(library: &Library, file: FileId, form: Form) -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    for (used, branches) in library.copies(file) {
        // Copies with the same content have the same id, and are emitted once.
        if library.id(file, branches).is_some_and(|id| documents.iter().all(|other| other.id != id)) {
            documents.extend(document(library, file, form, used, branches));
        }
    }
    documents
}

/// Returns the copy of a file in `branches`, or `None` if conditions exclude it.
pub(super) fn document_in(library: &Library, file: FileId, branches: &[usize]) -> Option<Document> {
    let (used, branches) = library.copies(file).into_iter().find(|(_, copy)| *copy == branches)?;
    document(library, file, *library.documents.get(&file)?, used, branches)
}

fn document(
    library: &Library,
    file: FileId,
    form: Form,
    used: Option<Place<'_>>,
    branches: &[usize],
) -> Option<Document> {
    let id = library.id(file, branches)?;
    let mut resolver = Resolver::new(library, library.context(file, used));
    let tree = resolver.tree(file)?;
    let root = resolver.resolve(&tree, "").into_iter().find_map(|node| match node {
        Node::Element(element) => Some(element),
        Node::Text(_) => None,
    })?;
    let path = library.inputs.path(file);
    let title = match form {
        Form::Topic => resolver.title(file, &Address::default()),
        Form::Map => map_document::title_of(&root, &mut resolver),
    };
    let mut renderer = Renderer::new(&mut resolver, id.clone());
    let blocks = match form {
        Form::Topic => renderer.document(&root),
        Form::Map => map_document::blocks(&root, &mut renderer),
    };
    let anchors = renderer.anchors(&blocks);
    let (mut links, attachments, mut losses) = (renderer.links, renderer.attachments, renderer.losses);
    for lost in std::mem::take(&mut resolver.lost) {
        if !links.contains(&lost) {
            links.push(lost);
        }
    }
    merge(&mut losses, &resolver.losses);
    if let Ok(parsed) = library.inputs.load(file) {
        merge(&mut losses, &parsed.losses);
        links.extend(parsed.lost.iter().cloned());
    }
    let metadata = metadata(library, file, branches, &root, &mut resolver);
    let mut labels = metadata.labels;
    collect_conditions(&root, &mut labels);
    let mut document = Document {
        id,
        title: title.unwrap_or_else(|| stem(&path)),
        text_md: markdown::write(&blocks),
        body_repr: Some(Notation::of(&path).map_or("dita", Notation::name).to_owned()),
        created_at: metadata.created_at,
        updated_at: metadata.updated_at,
        labels: labels.into_iter().collect(),
        links,
        attachments,
        anchors,
        meta: metadata.fields,
        losses,
        ..Document::default()
    };
    if !library.is_searched(file, &root) {
        document.meta.insert("searchable".to_owned(), json!(false));
    }
    place(&mut document, library, file, branches, &mut resolver);
    document.seal();
    Some(document)
}

/// Returns the metadata of a document: from its prolog, and from the maps that use it.
fn metadata(
    library: &Library,
    file: FileId,
    branches: &[usize],
    root: &Element,
    resolver: &mut Resolver<'_>,
) -> Metadata {
    let mut metadata = prolog::read(first_topic(root));
    if let Some(language) = root.attr("xml:lang") {
        metadata.set_language(language);
    }
    for (place, used) in uses_in(library, file, branches) {
        metadata.add_from_map(&with_keys(&used.metadata, resolver));
        let mut carrier = Element::new("topicref", file, 1);
        carrier.attributes.clone_from(&used.conditions);
        metadata.add_conditions(&carrier);
        if let Some(language) = library.roots.get(place).and_then(|root| root.language.as_deref()) {
            metadata.set_language(language);
        }
    }
    metadata.simplify();
    if root.is("subjectScheme") {
        subjects::taxonomy(root, &mut metadata.fields);
    }
    metadata
}

/// Adds the data from the entry in the map: path, parents, conditions and related topics.
fn place(document: &mut Document, library: &Library, file: FileId, branches: &[usize], resolver: &mut Resolver<'_>) {
    "dita".clone_into(&mut document.source_system);
    document.source_path = Some(library.inputs.path(file).to_string());
    document.space_key = Some(library.collection.clone());
    let mut labels: BTreeSet<String> = std::mem::take(&mut document.labels).into_iter().collect();
    for (_, used) in uses_in(library, file, branches) {
        let mut carrier = Element::new("topicref", file, 1);
        carrier.attributes.clone_from(&used.conditions);
        conditions_of(&carrier, &mut labels);
    }
    document.labels = labels.into_iter().collect();
    let crumbs = breadcrumbs(library, file, branches, resolver);
    if crumbs.len() > 1 {
        document.meta.insert("parents".to_owned(), json!(crumbs));
    }
    document.breadcrumbs = crumbs.into_iter().next().unwrap_or_default();
    relations(library, file, branches, &mut document.meta);
    document.url = library.url(file, branches);
}

/// Returns the uses of a document: those in its branches, and those in other branches with the same content.
fn uses_in<'l>(library: &'l Library, file: FileId, branches: &'l [usize]) -> impl Iterator<Item = (usize, &'l Use)> {
    let id = library.id(file, branches);
    library.uses_of(file).filter(move |(_, used)| used.branches == branches || library.id(file, &used.branches) == id)
}

/// Returns the metadata of an entry with the text of its keys.
fn with_keys(metadata: &[Arc<Element>], resolver: &mut Resolver<'_>) -> Vec<Arc<Element>> {
    let has_key = |element: &Element| element.attr("keyref").is_some();
    let mut out = Vec::new();
    for element in metadata {
        if element.find(&has_key).is_none() {
            out.push(Arc::clone(element));
            continue;
        }
        for node in resolver.resolve(element, "") {
            if let Node::Element(element) = node {
                out.push(Arc::new(element));
            }
        }
    }
    out
}

/// Returns the topic whose prolog applies to the file.
fn first_topic(root: &Element) -> &Element {
    if root.name == "dita" { root.elements().next().unwrap_or(root) } else { root }
}

fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

fn merge(losses: &mut Losses, more: &Losses) {
    for (name, amount) in more {
        count_many(losses, name.clone(), *amount);
    }
}

/// Returns the paths from the root maps to a topic. The most important path comes first.
fn breadcrumbs(library: &Library, file: FileId, branches: &[usize], resolver: &mut Resolver<'_>) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    if library.documents.get(&file) == Some(&Form::Map) {
        return all;
    }
    for (root, used) in uses_in(library, file, branches).filter(|(_, used)| !used.resource_only) {
        let Some(map) = library.roots.get(root) else { continue };
        let mut titles = Vec::new();
        let mut parent = used.parent;
        while let Some(above) = parent.and_then(|index| map.uses.get(index)) {
            titles.extend(title_of(above, root, resolver));
            parent = above.parent;
        }
        titles.extend(library.title_of_map(map.file, resolver));
        titles.reverse();
        if !all.contains(&titles) {
            all.push(titles);
        }
    }
    all
}

fn title_of(used: &Use, root: usize, resolver: &mut Resolver<'_>) -> Option<String> {
    let library = resolver.library;
    let in_map = used.title.as_ref().and_then(|title| {
        let mut inside = Resolver::new(library, library.context(title.file, Some((root, used))));
        Some(inside.plain(title, "")).filter(|text| !text.is_empty())
    });
    if used.locked && in_map.is_some() {
        return in_map;
    }
    let Some((file, topic)) = &used.target else { return in_map };
    let address = Address { topic: topic.clone(), ..Address::default() };
    resolver.title_in(*file, &address, &used.branches).or(in_map)
}

/// Adds the other names of a file in its branches, and the related topics.
fn relations(library: &Library, file: FileId, branches: &[usize], meta: &mut serde_json::Map<String, Value>) {
    let mut related: Vec<String> = Vec::new();
    let mut aliases: Vec<String> = Vec::new();
    for root in &library.roots {
        let is_meant =
            |side: &Side| side.branches.as_deref().is_none_or(|of_key| library.copy_in(file, of_key) == branches);
        let beside = root.related.iter().filter(|(side, _)| side.file == file && is_meant(side));
        related.extend(beside.filter_map(|(_, other)| {
            let of_other = other.branches.as_deref().unwrap_or(branches);
            library.id(other.file, library.copy_in(other.file, of_other))
        }));
        let copies = root.aliases.iter().filter(|alias| alias.file == file && alias.branches == branches);
        aliases.extend(copies.map(|alias| library.alias_id(alias)));
    }
    for (name, mut ids) in [("related", related), ("aliases", aliases)] {
        ids.sort();
        ids.dedup();
        if !ids.is_empty() {
            meta.insert(name.to_owned(), json!(ids));
        }
    }
}
