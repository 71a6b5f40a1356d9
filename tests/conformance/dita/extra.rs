//! Checks that the Markdown of a topic contains no word that its sources do not show.
//!
//! Allowed words are the text of the topic with its references resolved. In addition, the specification allows labels,
//! names that links take from topics and keys, addresses, names of undefined keys, and titles in attributes.

use std::collections::HashSet;
use std::path::Path;

use trailblazer::normalize::Options;

use super::source::{Child, Element, Sources, words};
use super::{convert, shown};
use crate::conformance::corpora::corpus;
use crate::conformance::extra_words::WordTally;

/// Words that the renderer adds.
const LABELS: &str = "Related information Note Tip Fastpath Restriction Important Remember Attention Caution Notice \
    Danger Warning Trouble Hazard Optional Required Also missing TM";

/// Attributes with visible values.
const SHOWN: [&str; 14] = [
    "href",
    "conref",
    "conkeyref",
    "keyref",
    "alt",
    "type",
    "othertype",
    "spectitle",
    "reftitle",
    "name",
    "value",
    "data",
    "src",
    "navtitle",
];

/// Elements whose text becomes the text of links.
const NAMES: [&str; 12] = [
    "title",
    "navtitle",
    "linktext",
    "keyword",
    "term",
    "glossterm",
    "glossSurfaceForm",
    "glossAcronym",
    "mainbooktitle",
    "dt",
    "shortdesc",
    "pt",
];

fn attributes(element: &Element, into: &mut String) {
    for name in SHOWN {
        into.push(' ');
        into.push_str(element.attr(name).unwrap_or_default());
    }
    element.elements().for_each(|child| attributes(child, into));
}

fn all_text(element: &Element, into: &mut String) {
    for child in &element.children {
        match child {
            Child::Text(text) => into.push_str(text),
            Child::Element(child) => all_text(child, into),
            Child::Instruction(_) => {}
        }
    }
}

/// Collects content that is pushed into other topics.
fn pushed(sources: &Sources, path: &Path, element: &Element, into: &mut String) {
    if element.attr("conaction").is_some() {
        let mut content = element.clone();
        content.attributes.retain(|name, _| !name.starts_with("con"));
        sources.text(path, &content, into);
    }
    element.elements().for_each(|child| pushed(sources, path, child, into));
}

/// Adds the text of files that are included as code.
fn code(path: &Path, element: &Element, into: &mut String) {
    let address = element.attr("href").filter(|_| element.is("coderef") || element.is("include"));
    let file = address.map(|address| path.with_file_name(address.split('#').next().unwrap_or(address)));
    into.extend(file.and_then(|file| std::fs::read_to_string(file).ok()));
    element.elements().for_each(|child| code(path, child, into));
}

/// Adds the names of link targets.
fn names(element: &Element, into: &mut String) {
    if NAMES.contains(&element.name.as_str()) {
        into.push(' ');
        all_text(element, into);
    }
    element.elements().for_each(|child| names(child, into));
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn no_word_of_a_topic_comes_from_ids_metadata_or_processing() {
    for (name, folder, sets) in [
        ("dita-ot-docs", "", [""].as_slice()),
        ("dita-gnostyx-thunderbird", "", &["Thunderbird", "Thunderbird-dita-1.3", "Thunderbird-keys-reuse-only"]),
        ("dita-lwdita-tests", "src/test/resources/dita", &[""]),
    ] {
        let root = corpus(name);
        let root = root.join(folder);
        let paths: Vec<_> = sets.iter().map(|set| if set.is_empty() { root.clone() } else { root.join(set) }).collect();
        let sources = Sources::read(&paths);
        let mut shared = LABELS.to_owned();
        for (path, tree) in &sources.files {
            names(tree, &mut shared);
            pushed(&sources, path, tree, &mut shared);
            if tree.is_map() {
                attributes(tree, &mut shared);
            }
        }
        let shared: HashSet<String> = words(&shared).into_iter().collect();
        let mut tally = WordTally::default();
        for document in convert(&root, &Options::default()) {
            let path = document.source_path.clone().unwrap_or_default();
            let Some(tree) = sources.files.get(&root.join(&path)).filter(|tree| !tree.is_map()) else {
                continue;
            };
            let mut own = path.clone();
            sources.text(&root.join(&path), tree, &mut own);
            attributes(tree, &mut own);
            code(&root.join(&path), tree, &mut own);
            let own: HashSet<String> = words(&own).into_iter().collect();
            // A reference without a target shows its address, even if it was pulled in from another topic.
            let text = format!("{}\n{}", document.title, shown(&document.text_md));
            let mut parts = text.split("[missing: ");
            let mut text = parts.next().unwrap_or_default().to_owned();
            text.extend(parts.filter_map(|part| part.split_once(']').map(|(_, rest)| rest)));
            tally.take(&path, words(&text), |word| own.contains(word) || shared.contains(word));
        }
        tally.report(name);
    }
}
