//! The rules of [`crate::chunk`], checked on every document of the corpora.

use std::fs;
use std::path::Path;

use crate::chunk::{LIMITS, check, check_stability};
use crate::support::corpora;

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn every_rule_holds_for_the_corpora() {
    for (name, body) in documents() {
        check(&name, &body, LIMITS[0]);
        check(&name, &body, LIMITS[3]);
    }
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn a_paragraph_on_top_of_a_corpus_document_changes_at_most_two_chunks() {
    for (name, body) in documents() {
        check_stability(&name, &body, LIMITS[0]);
    }
}

/// Returns all Markdown files in the corpora, and the text of the DITA topics and Confluence pages.
fn documents() -> Vec<(String, String)> {
    let mut documents = Vec::new();
    read_folder(&corpora(), &mut documents);
    assert!(!documents.is_empty(), "no documents in {}", corpora().display());
    documents
}

fn read_folder(folder: &Path, documents: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(&path, documents);
            continue;
        }
        let markup = match path.extension().and_then(|extension| extension.to_str()) {
            Some("md") => false,
            Some("dita" | "xml" | "xhtml" | "html") => true,
            _ => continue,
        };
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let text = if markup { from_markup(&text) } else { text };
        documents.push((path.display().to_string(), text.replace('\r', "")));
    }
}

/// Converts markup to simple Markdown: the text between the tags, with headings, paragraphs, items, cells and code.
fn from_markup(source: &str) -> String {
    let mut text = String::new();
    for part in source.split('<').skip(1) {
        let (tag, content) = part.split_once('>').unwrap_or(("", part));
        match tag.split([' ', '\n']).next().unwrap_or_default() {
            "title" | "h1" => text.push_str("\n\n# "),
            "h2" | "section" => text.push_str("\n\n## "),
            "p" | "shortdesc" | "note" | "/title" | "/h1" | "/h2" | "/section" => text.push_str("\n\n"),
            "li" | "step" => text.push_str("\n- "),
            "codeblock" | "pre" | "/codeblock" | "/pre" => text.push_str("\n```\n"),
            "row" | "tr" => text.push('\n'),
            "entry" | "td" | "th" => text.push_str(" | "),
            _ => {}
        }
        text.push_str(content);
    }
    text
}
