//! The document as every later phase sees it: one line of `normalized.ndjson`, one row of `graphdb.documents`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A normalized document. Its field names are the keys of `normalized.ndjson`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Identity across runs: `topic:<collection>/<path>`, `map:<collection>/<path>`, `<site>/<space>/<page id>` of Confluence, or
    /// `<collection>/<path>` of a page file.
    pub id: String,
    /// Plain-text title, not repeated in `text_md`.
    pub title: String,
    /// The body as GitHub-flavored Markdown, LF line ends; empty for an empty page.
    pub text_md: String,
    /// `dita` or `confluence`.
    #[serde(default)]
    pub source_system: String,
    /// How the body was written at the source: `storage`, `adf`, `wiki`, `dita`.
    #[serde(default)]
    pub body_repr: Option<String>,
    /// Address that a reader can open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Path of the source file, relative to the input folder, `/` between parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_path: Option<String>,
    /// Confluence space, or the collection of a DITA folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space_key: Option<String>,
    /// Version number at the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Sorted, unique.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Titles from the root down to the parent, this document not included.
    #[serde(default)]
    pub breadcrumbs: Vec<String>,
    /// In document order.
    #[serde(default)]
    pub links: Vec<Link>,
    /// Files that belong to the document.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Who may read the document at its source: `user:…` and `group:…`, sorted and unique. `None` means everybody, an empty
    /// list means nobody that the source names.
    #[serde(default)]
    pub readers: Option<Vec<String>>,
    /// The anchor of each heading in `text_md`, in order, as the published page has it; empty where the source has none.
    /// Headings inside quotations, lists and tables have no entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<String>,
    /// Whatever else the source says of the document: audience, product, author, doctype …
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    /// Constructs that were dropped, left unresolved or cleaned, by name: `macro:toc`, `keyref:unresolved`, `control-characters`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub losses: BTreeMap<String, u64>,
    /// SHA-256 of title and body, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
    /// Keys of older artifacts without a field here; they are kept in the database's `meta`.
    #[serde(flatten, skip_serializing)]
    pub other: Map<String, Value>,
}

impl Document {
    /// Returns what `graphdb.documents` keeps as `meta`: everything without a column of its own.
    #[must_use]
    pub fn stored_meta(&self) -> Value {
        let mut meta = self.other.clone();
        meta.extend(self.meta.clone());
        let mut put = |key: &str, value: Value| {
            let is_empty = match &value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                Value::Object(entries) => entries.is_empty(),
                _ => false,
            };
            if !is_empty {
                meta.insert(key.to_owned(), value);
            }
        };
        put("source_system", self.source_system.as_str().into());
        put("body_repr", self.body_repr.clone().into());
        put("space_key", self.space_key.clone().into());
        put("version", self.version.into());
        put("created_at", self.created_at.clone().into());
        put("updated_at", self.updated_at.clone().into());
        put("links", serde_json::to_value(&self.links).unwrap_or_default());
        put("attachments", serde_json::to_value(&self.attachments).unwrap_or_default());
        put("anchors", serde_json::to_value(&self.anchors).unwrap_or_default());
        put("losses", serde_json::to_value(&self.losses).unwrap_or_default());
        // An empty list means nobody, so it is kept, too.
        if let Some(readers) = &self.readers {
            meta.insert("readers".to_owned(), readers.clone().into());
        }
        Value::Object(meta)
    }
}

impl Document {
    /// Sets [`Document::content_sha256`] from title and body, once both are final.
    pub fn seal(&mut self) {
        self.content_sha256 = Some(content_sha256(&self.title, &self.text_md));
    }
}

/// Returns the SHA-256 of title, line feed and body, lower-case hexadecimal.
#[must_use]
pub fn content_sha256(title: &str, text_md: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(title);
    hasher.update("\n");
    hasher.update(text_md);
    hex::encode(hasher.finalize())
}

/// A reference out of a document. Older artifacts hold only the address, as a string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "LinkForm")]
pub struct Link {
    /// The address as written in the Markdown, or as it stood in the source when unresolved.
    pub href: String,
    /// Id of the document it leads to, where that is part of the same input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// Why no target was found: `not in input`, `no such key`, `external`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Reason of a link whose target is not part of the input.
pub(crate) const NOT_IN_INPUT: &str = "not in input";
/// Reason of a link that leads out of the folder of the input.
pub(crate) const OUTSIDE_INPUT: &str = "outside the input";
/// Reason of a reference by a key that nothing defines.
pub(crate) const NO_SUCH_KEY: &str = "no such key";
/// Reason of an entity that nothing declares.
pub(crate) const NO_SUCH_ENTITY: &str = "no such entity";

impl Link {
    /// A reference that leads to no document, and why.
    pub(crate) fn to_nothing(href: &str, reason: &str) -> Self {
        Self { href: href.to_owned(), target_id: None, reason: Some(reason.to_owned()) }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum LinkForm {
    Href(String),
    Full {
        href: String,
        #[serde(default)]
        target_id: Option<String>,
        #[serde(default)]
        reason: Option<String>,
    },
}

impl From<LinkForm> for Link {
    fn from(form: LinkForm) -> Self {
        match form {
            LinkForm::Href(href) => Self { href, target_id: None, reason: None },
            LinkForm::Full { href, target_id, reason } => Self { href, target_id, reason },
        }
    }
}

/// A file that belongs to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// File name as shown to readers.
    pub filename: String,
    /// Where it can be fetched, if known.
    #[serde(default)]
    pub url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Document;

    #[test]
    fn seal_hashes_title_and_body() {
        let mut document = Document { title: "a".to_owned(), text_md: "b".to_owned(), ..Document::default() };
        document.seal();
        // printf 'a\nb' | sha256sum
        let expected = "7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78";
        assert_eq!(document.content_sha256.as_deref(), Some(expected));
    }
}
