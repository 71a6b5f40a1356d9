//! ADF: the published schema tests, valid and invalid.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use trailblazer::normalize::{Document, Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::parsed::{faults, visible_text};
use super::super::table::{percent, row};
use super::super::word_order::WordOrder;

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn every_valid_adf_document_keeps_its_text_and_no_invalid_one_stops_the_reader() {
    let corpus = corpus("adf-atlaskit/packages");
    let schema = super::super::corpora::corpus("adf-atlaskit/adf-schema-57.7.22/v1");
    // A document that an earlier schema rejected may be valid today. An independent validator decides.
    let today = ["full.json", "stage-0.json"].map(|name| {
        let schema = fs::read_to_string(schema.join(name)).expect("a schema");
        jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a valid schema")
    });
    let (mut valid, mut whole, mut invalid, mut refused, mut counted, mut valid_today) = (0, 0, 0, 0, 0, 0);
    let mut of_valid = WordOrder::default();
    let mut silent = Vec::new();
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
            let reason = document.losses.keys().any(|name| name.starts_with("adf:") || name.starts_with("node:"));
            if is_invalid && reason {
                counted += 1;
            } else if is_invalid && today.iter().any(|schema| schema.is_valid(&value)) {
                valid_today += 1;
            } else if is_invalid {
                silent.push(path.display().to_string());
            }
            if is_valid {
                let (source, kept) = (words(&texts(&value)), words(&shown(document, &value)));
                let mut order = WordOrder::default();
                order.take(&path.display().to_string(), &source, &kept);
                whole += usize::from(order.is_whole());
                of_valid.take(&path.display().to_string(), &source, &kept);
            }
        }
        valid += usize::from(is_valid);
        invalid += usize::from(is_invalid);
    }
    assert!(valid > 90 && invalid > 130);
    of_valid.report("adf-atlaskit");
    row("adf-atlaskit", "valid documents with all of their text", &percent(whole, valid), "100 %", whole == valid);
    println!("silent: {silent:#?}");
    let reported = refused + counted + valid_today;
    let figure =
        format!("{}: {refused} refused, {counted} counted, {valid_today} valid today", percent(reported, invalid));
    row("adf-atlaskit", "invalid documents with a reason", &figure, "100 %", reported == invalid);
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn every_word_of_adf_pages_is_in_the_markdown() {
    for folder in ["adf-extended-parser", "adf-atlas-doc-parser"] {
        let corpus = corpus(folder);
        let mut order = WordOrder::default();
        for path in files_ending(&corpus, &[".adf", ".json"]) {
            let value = serde_json::from_str(&fs::read_to_string(&path).expect("a readable file")).expect("JSON");
            let read = read(&path, Source::Confluence, &Options::default());
            let kept = read.documents.first().map(|document| words(&shown(document, &value))).unwrap_or_default();
            order.take(&path.display().to_string(), &words(&texts(&value)), &kept);
        }
        order.report(folder);
    }
}

/// Returns the text that a reader of the Markdown sees. A title that is not a heading of the page is excluded.
fn shown(document: &Document, value: &Value) -> String {
    let first = value.pointer("/content/0").map(texts).unwrap_or_default();
    let is_heading = words(&first) == words(&document.title);
    format!("{} {}", if is_heading { document.title.as_str() } else { "" }, visible_text(&document.text_md))
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Returns all text of a document: text nodes and visible attributes. Adjacent text nodes form one word.
pub fn texts(value: &Value) -> String {
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
            let content: String = match kind {
                "table" => record_order(children(value)).into_iter().map(texts).collect(),
                _ => node.get("content").map(texts).unwrap_or_default(),
            };
            format!(" {} {content} ", attributes.collect::<Vec<_>>().join(" "))
        }
        _ => String::new(),
    }
}

/// Returns the parts of a table in the order of its Markdown. If a cell contains a table or two kinds of blocks other than text, the
/// rows become records, in which each column is named before its value.
fn record_order(rows: &[Value]) -> Vec<&Value> {
    let [header, first, rest @ ..] = rows else { return rows.iter().collect() };
    let is_header = children(header).iter().all(|cell| kind(cell) == "tableHeader");
    if !is_header || !rows.iter().flat_map(children).any(needs_record) {
        return rows.iter().collect();
    }
    let pairs = children(header).iter().zip(children(first)).flat_map(|(name, value)| [name, value]);
    pairs.chain(rest).collect()
}

fn needs_record(cell: &Value) -> bool {
    let kinds: BTreeSet<&str> = children(cell).iter().map(kind).filter(|kind| *kind != "paragraph").collect();
    kinds.len() > 1 || kinds.contains("table")
}

fn children(node: &Value) -> &[Value] {
    node.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn kind(node: &Value) -> &str {
    match node.pointer("/attrs/extensionKey").and_then(Value::as_str) {
        Some("nested-table") => "table",
        _ => node.get("type").and_then(Value::as_str).unwrap_or_default(),
    }
}
