//! Compares our documents with the pages that DITA-OT published from the same sources.

use std::path::{Path, PathBuf};

use trailblazer::normalize::Document;

use super::fixtures::LABELS;
use super::source::{Child, Element, parse, words};
use super::{lacking, words_of};

/// Elements of a published page that may be inside a word.
const INLINE: [&str; 16] =
    ["a", "b", "cite", "code", "dfn", "em", "i", "kbd", "q", "samp", "span", "strong", "sub", "sup", "u", "var"];

/// Adds the published pages below a folder, without tables of contents.
pub fn below(folder: &Path, into: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            below(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "html") && !path.ends_with("index.html") {
            into.push(path);
        }
    }
}

/// Returns the words of a published page.
fn words_on(page: &Path) -> Vec<String> {
    fn push(element: &Element, into: &mut String) {
        let border = if INLINE.contains(&element.name.as_str()) { "" } else { " " };
        into.push_str(border);
        for child in &element.children {
            match child {
                Child::Text(text) => into.push_str(text),
                Child::Element(child) => push(child, into),
                Child::Instruction(_) => {}
            }
        }
        into.push_str(border);
    }
    let root = parse(page).expect("a page");
    let mut text = String::new();
    push(root.find(&|element| element.name == "body").expect("a body"), &mut text);
    words(&text)
}

/// Returns the difference between a published page and its document.
pub fn difference(page: &Path, name: &str, documents: &[Document]) -> Option<String> {
    let stem = |path: &str| path.rsplit_once('.').map_or(path, |(stem, _)| stem).to_owned();
    let own = |document: &&Document| document.source_path.as_deref().map(stem) == Some(stem(name));
    let expected = words_on(page);
    let actual = documents.iter().find(own).map(words_of).unwrap_or_default();
    let missing = lacking(&expected, &actual);
    let mut extra = lacking(&actual, &expected);
    extra.retain(|word| !LABELS.contains(&word.as_str()));
    let is_equal = missing.is_empty() && extra.is_empty();
    (!is_equal).then(|| format!("  {name}: lacks <{}>, has more <{}>", missing.join(" "), extra.join(" ")))
}
