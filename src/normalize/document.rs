//! A document as all later phases see it: one line of `normalized.ndjson` or one row of `graphdb.documents`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::Readers;

/// A normalized document. Its field names are the keys of `normalized.ndjson`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The id across runs: `topic:<collection>/<path>`, `map:<collection>/<path>`, `<site>/<space>/<page id>` for
    /// Confluence, or `<collection>/<path>` for a page file.
    pub id: String,
    /// The title as plain text. `text_md` does not repeat it.
    pub title: String,
    /// The body as GitHub-flavored Markdown with LF line ends. Empty for an empty page.
    pub text_md: String,
    /// `dita` or `confluence`.
    #[serde(default)]
    pub source_system: String,
    /// The format of the body in the source: `storage`, `adf`, `wiki` or `dita`.
    #[serde(default)]
    pub body_repr: Option<String>,
    /// The address that a reader can open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The path of the source file, relative to the input folder, with `/` as separator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_path: Option<String>,
    /// The Confluence space, or the collection of a DITA folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space_key: Option<String>,
    /// The version number in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The creation time (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// The time of the last change (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Sorted, without duplicates.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The titles from the root to the parent.
    #[serde(default)]
    pub breadcrumbs: Vec<String>,
    /// The links in document order.
    #[serde(default)]
    pub links: Vec<Link>,
    /// The files that are attached to the document.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// The users and groups that may read the document in its source, as `user:…` and `group:…`. `None` means everybody.
    #[serde(default)]
    pub readers: Option<Readers>,
    /// The anchors of the headings in `text_md` on the published page, in order. Empty if the source has no anchors.
    /// Headings in quotations, lists and tables have no entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<String>,
    /// Other metadata in the source, such as audience, product, author or doctype.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    /// Counts of content that was dropped, unresolved or cleaned, by name: `macro:toc`,
    /// `keyref:unresolved`, `control-characters`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub losses: BTreeMap<String, u64>,
    /// The SHA-256 hash of title and body, in lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
    /// Keys of older artifacts that have no field. They are stored in the column `meta`.
    #[serde(flatten, skip_serializing)]
    pub other: Map<String, Value>,
}

impl Document {
    /// Returns the value of `meta` in `graphdb.documents`: all data that has no column.
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
        // An empty list means nobody, so it is stored.
        if let Some(readers) = &self.readers {
            meta.insert("readers".to_owned(), serde_json::to_value(readers).unwrap_or_default());
        }
        Value::Object(meta)
    }
}

impl Document {
    /// Sets [`Document::content_sha256`]. Call it when title and body are final.
    pub fn seal(&mut self) {
        self.content_sha256 = Some(content_sha256(&self.title, &self.text_md));
    }
}

/// Returns the SHA-256 hash of title, line feed and body, in lower-case hexadecimal.
#[must_use]
pub fn content_sha256(title: &str, text_md: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(title);
    hasher.update("\n");
    hasher.update(text_md);
    hex::encode(hasher.finalize())
}

/// A link in a document. Older artifacts contain only the address, as a string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "LinkForm")]
pub struct Link {
    /// The address in the Markdown. If it was not resolved, it is the address in the source.
    pub href: String,
    /// The id of the target document, if it belongs to the same input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// The reason why no target was found: `not in input`, `no such key` or `external`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The reason for a link whose target is not in the input.
pub(crate) const NOT_IN_INPUT: &str = "not in input";
/// The reason for a link that leads outside the folder of the input.
pub(crate) const OUTSIDE_INPUT: &str = "outside the input";
/// The reason for a reference to an undefined key.
pub(crate) const NO_SUCH_KEY: &str = "no such key";
/// The reason for a reference to an undeclared entity.
pub(crate) const NO_SUCH_ENTITY: &str = "no such entity";

impl Link {
    /// Creates a link without a target document.
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

/// A file that is attached to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file name that readers see.
    pub filename: String,
    /// The address of the file, if it is known.
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
        // The result of `printf 'a\nb' | sha256sum`.
        let expected = "7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78";
        assert_eq!(document.content_sha256.as_deref(), Some(expected));
    }
}
