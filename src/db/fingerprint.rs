//! Computes the hash of a document that `graphdb.load_documents` stores. It shows which documents a load can keep.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The columns of a document, as they are staged.
#[derive(Debug)]
#[allow(missing_docs, reason = "these are the columns of graphdb.documents")]
pub struct Row<'d> {
    pub doc_id: &'d str,
    pub title: &'d str,
    pub url: Option<&'d str>,
    pub path: Option<&'d str>,
    pub labels: Vec<&'d str>,
    pub breadcrumbs: &'d [String],
    pub meta: Value,
    pub body: &'d str,
}

impl Row<'_> {
    /// Returns `documents.content_sha256` of the row, or `None` if its metadata contains a fraction, because the server writes
    /// fractions in another way. If the result were wrong, the document would be staged again without need.
    #[must_use]
    pub fn sha256(&self) -> Option<[u8; 32]> {
        let mut text = Vec::with_capacity(self.body.len() + 1024);
        push_text(&mut text, "[", self.doc_id);
        push_text(&mut text, ", ", self.title);
        for column in [self.url, self.path] {
            match column {
                Some(column) => push_text(&mut text, ", ", column),
                None => text.extend(b", null"),
            }
        }
        push_texts(&mut text, self.labels.iter().copied());
        push_texts(&mut text, self.breadcrumbs.iter().map(String::as_str));
        text.extend(b", ");
        push_json(&mut text, &self.meta)?;
        push_text(&mut text, ", ", self.body);
        text.push(b']');
        Some(Sha256::digest(&text).into())
    }
}

/// Adds `before` and a string.
fn push_text(into: &mut Vec<u8>, before: &str, text: &str) {
    into.extend(before.as_bytes());
    // Writing to memory cannot fail. The server escapes the same characters as this library.
    let _ = serde_json::to_writer(into, text);
}

fn push_texts<'t>(into: &mut Vec<u8>, texts: impl Iterator<Item = &'t str>) {
    into.extend(b", [");
    for (place, text) in texts.enumerate() {
        push_text(into, if place > 0 { ", " } else { "" }, text);
    }
    into.push(b']');
}

/// Adds a value as the server writes jsonb: keys sorted by length and bytes, with a space after each comma and colon.
fn push_json(into: &mut Vec<u8>, value: &Value) -> Option<()> {
    match value {
        Value::Null => into.extend(b"null"),
        Value::Bool(is_true) => into.extend(if *is_true { "true" } else { "false" }.as_bytes()),
        Value::Number(number) if number.is_f64() => return None,
        Value::Number(number) => into.extend(number.to_string().as_bytes()),
        Value::String(text) => push_text(into, "", text),
        Value::Array(items) => {
            into.push(b'[');
            for (place, item) in items.iter().enumerate() {
                into.extend(if place > 0 { ", " } else { "" }.as_bytes());
                push_json(into, item)?;
            }
            into.push(b']');
        }
        Value::Object(entries) => {
            let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| (key.len(), key.as_bytes()));
            into.push(b'{');
            for (place, (key, value)) in entries.into_iter().enumerate() {
                push_text(into, if place > 0 { ", " } else { "" }, key);
                into.extend(b": ");
                push_json(into, value)?;
            }
            into.push(b'}');
        }
    }
    Some(())
}
