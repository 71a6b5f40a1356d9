//! ADF: the published schema tests, valid and invalid.

use std::collections::HashSet;
use std::fs;

use serde_json::Value;
use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::parsed::{faults, visible_text};

#[test]
fn every_valid_adf_document_keeps_its_text_and_no_invalid_one_stops_the_reader() {
    let Some(corpus) = corpus("adf-atlaskit/packages") else { return };
    let (mut valid, mut invalid, mut refused) = (0, 0, 0);
    for path in files_ending(&corpus, &[".json"]) {
        let is_valid = path.components().any(|part| part.as_os_str() == "valid");
        let is_invalid = path.components().any(|part| part.as_os_str() == "invalid");
        if !is_valid && !is_invalid {
            continue;
        }
        let Ok(value) = serde_json::from_str::<Value>(&fs::read_to_string(&path).expect("a readable file")) else {
            continue;
        };
        let read = read(&path, Source::Confluence, &Options::default());
        assert_eq!(read.documents.len() + read.failures.len(), 1, "{}", path.display());
        refused += read.failures.len();
        for failure in &read.failures {
            assert!(!failure.message.is_empty() && is_invalid, "{}: {failure:?}", path.display());
        }
        for document in &read.documents {
            assert_eq!(faults(&document.text_md), Vec::<String>::new(), "{}", path.display());
            if is_valid {
                let text = format!("{} {}", document.title, visible_text(&document.text_md));
                let kept: HashSet<String> = words(&text).collect();
                let lost: Vec<String> = words(&texts(&value)).filter(|word| !kept.contains(word)).collect();
                assert_eq!(lost, Vec::<String>::new(), "{}:\n{}", path.display(), document.text_md);
            }
        }
        valid += usize::from(is_valid);
        invalid += usize::from(is_invalid);
    }
    println!(
        "adf-atlaskit: {valid} valid, {invalid} invalid, of which {refused} refused and the rest partly converted"
    );
    assert!(valid > 90 && invalid > 130);
}

#[test]
fn every_word_of_adf_pages_is_in_the_markdown() {
    for folder in ["adf-extended-parser", "adf-atlas-doc-parser"] {
        let Some(corpus) = corpus(folder) else { return };
        let (mut total, mut lost) = (0, Vec::new());
        for path in files_ending(&corpus, &[".adf", ".json"]) {
            let value = serde_json::from_str(&fs::read_to_string(&path).expect("a readable file")).expect("JSON");
            let read = read(&path, Source::Confluence, &Options::default());
            let Some(document) = read.documents.first() else { panic!("{}: {:?}", path.display(), read.failures) };
            let text = format!("{} {}", document.title, visible_text(&document.text_md));
            let kept: HashSet<String> = words(&text).collect();
            for word in words(&texts(&value)) {
                total += 1;
                if !kept.contains(&word) {
                    lost.push(format!("{}: {word}", path.display()));
                }
            }
        }
        println!("{folder}: {total} words, {} lost {:?}", lost.len(), lost.iter().take(20).collect::<Vec<_>>());
        assert!(lost.len() * 1_000 <= total);
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned)
}

/// All text of a document: text nodes, and the attributes that are shown. Text nodes side by side make one word.
fn texts(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::Object(node) => {
            let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
            if kind == "text" {
                return node.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
            }
            let shown = if ["mention", "status", "expand", "nestedExpand"].contains(&kind) {
                ["text", "title"]
            } else {
                ["", ""]
            };
            let attributes =
                shown.iter().filter_map(|name| value.pointer(&format!("/attrs/{name}")).and_then(Value::as_str));
            let content = node.get("content").map(texts).unwrap_or_default();
            format!(" {} {content} ", attributes.collect::<Vec<_>>().join(" "))
        }
        _ => String::new(),
    }
}
