//! Answers from the knowledge base: hits, documents, facets.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The result of a search.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct SearchAnswer {
    /// The question as it was interpreted.
    pub query: String,
    /// The model for the vector search. Null: only full-text search was used.
    pub model: Option<String>,
    /// The best documents, best first.
    pub hits: Vec<Hit>,
    /// A notice for the caller, for example why only full-text search was used.
    pub notice: Option<String>,
}

/// A part of a document that answers a question.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct Hit {
    /// Position in the answer, from 1.
    pub place: u32,
    /// Run to which the document belongs.
    pub run_id: String,
    /// Id of the document. Use it to read the whole document.
    pub doc_id: String,
    /// Title of the document.
    pub title: String,
    /// Titles above the document, from the root.
    pub breadcrumbs: Vec<String>,
    /// Headings above the passage, without the title of the document.
    pub section: Vec<String>,
    /// Address of the original page.
    pub url: Option<String>,
    /// Path of the document in its source.
    pub path: Option<String>,
    /// Source of the document, such as `dita` or `confluence`.
    pub source: String,
    /// Language of the document.
    pub language: Option<String>,
    /// When the source last changed the document.
    pub updated_at: Option<DateTime<Utc>>,
    /// Path of the section on this server.
    pub page: String,
    /// Position of the passage in the document, from 0.
    pub ord: i32,
    /// The passage as Markdown, headings first. With `context`, the passage and its context.
    pub text: String,
    /// The best part of the passage, as plain text.
    pub snippet: String,
    /// Positions of the words of the question in `snippet`: the first character, and the character after the last.
    pub highlights: Vec<[u32; 2]>,
    /// Rank among the passages that contain words of the question. Null: the passage contains none of them.
    pub text_rank: Option<i32>,
    /// Rank among the nearest passages in the vector search. Null: the passage is not among them.
    pub vector_rank: Option<i32>,
    /// The score, from 0 to 1. A higher score is better.
    pub score: f64,
    /// Cosine similarity of question and passage. Null: only full-text search was used.
    pub similarity: Option<f64>,
    /// Words of the question that the passage contains.
    pub matched_words: Vec<String>,
}

/// A document, or one section of it.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct Document {
    /// Run to which the document belongs.
    pub run_id: String,
    /// Id of the document.
    pub doc_id: String,
    /// Title of the document.
    pub title: String,
    /// Address of the original page.
    pub url: Option<String>,
    /// Path of the document in its source.
    pub path: Option<String>,
    /// Source of the document, such as `dita` or `confluence`.
    pub source: String,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// Titles above the document, from the root.
    pub breadcrumbs: Vec<String>,
    /// Whether searches return this version of the document.
    pub is_searched: bool,
    /// All other metadata of the document.
    #[schema(value_type = Object)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub meta: Value,
    /// Sections of the whole document.
    pub sections: Vec<Section>,
    /// Anchor of the section that `markdown` contains, or null if `markdown` contains the whole document.
    pub section: Option<String>,
    /// The document or section as Markdown.
    pub markdown: String,
}

/// A section of a document.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct Section {
    /// Level of the heading, 1 to 6.
    pub level: u8,
    /// Plain text of the heading.
    pub title: String,
    /// The name of the section in a link.
    pub anchor: String,
}

/// A value by which a search can be filtered.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct FacetValue {
    /// The value.
    pub value: String,
    /// Number of documents with this value.
    pub documents: i64,
}

/// The number of documents by each value that a search can be filtered by. A list ignores the filter of its own values.
#[derive(Debug, Clone, Default, Serialize, ToSchema, JsonSchema)]
pub struct Facets {
    /// Sources, largest first.
    pub sources: Vec<FacetValue>,
    /// The most frequent labels.
    pub labels: Vec<FacetValue>,
    /// Languages.
    pub languages: Vec<FacetValue>,
    /// Years of the last change in the source, latest first.
    pub updated: Vec<FacetValue>,
    /// Quality flags.
    pub flags: Vec<FacetValue>,
    /// Number of documents that match the filter.
    pub documents: i64,
}
