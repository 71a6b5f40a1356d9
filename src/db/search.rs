//! `graphdb.search`, and what keeps it quick.

use chrono::{DateTime, Utc};
use pgvector::Vector;
use postgres::GenericClient;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::VectorIndex;
use crate::error::Result;
use crate::ids::RunId;

/// Which documents a search may show. Empty means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the keys of a filter, as graphdb._shown_documents reads them")]
pub struct SearchFilter {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub run_ids: Vec<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id_glob: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ancestor: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub language: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub updated: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

impl SearchFilter {
    /// Selects the documents of one run.
    #[must_use]
    pub fn for_run(run_id: &RunId) -> Self {
        Self { run_ids: vec![run_id.clone()], ..Self::default() }
    }

    /// Returns the filter as the SQL functions take it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| Value::Object(Map::new()))
    }
}

/// A question and how to answer it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    /// As typed: words, "texts in quotes", and -words at the end.
    pub text: &'a str,
    /// The vector of the question and the model that made it. Without one, full-text search decides alone.
    pub vector: Option<(Vec<f32>, &'a str)>,
    /// Maximum number of documents.
    pub limit: i32,
    /// Maximum number of chunks of each document.
    pub per_document: i32,
    /// Leaves out hits with a lower score.
    pub min_score: Option<f64>,
    /// Which documents may be shown.
    pub filter: SearchFilter,
}

/// A chunk that answers a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its run.
    pub run_id: String,
    /// Its document.
    pub doc_id: String,
    /// Its place in the document.
    pub ord: i32,
    /// Title of the document.
    pub title: String,
    /// Title and headings above the chunk.
    pub heading_path: Vec<String>,
    /// Address of the section: that of the document, with an anchor.
    pub url: Option<String>,
    /// The chunk, as it was embedded.
    pub text: String,
    /// The parts of the chunk that answer best, with the words of the question between the characters 1 and 2.
    pub snippet: String,
    /// Place among the chunks that have the words.
    pub text_rank: Option<i32>,
    /// Place among the nearest vectors.
    pub vector_rank: Option<i32>,
    /// Higher is better.
    pub score: f64,
    /// Cosine similarity of question and chunk.
    pub similarity: Option<f64>,
    /// The words of the question that the chunk has.
    pub matched_words: Vec<String>,
    /// Path of the document in its source.
    pub path: Option<String>,
    /// Last change in the source.
    pub updated_at: Option<DateTime<Utc>>,
}

/// `graphdb.search`, with a snippet of each hit.
pub fn search(client: &mut impl GenericClient, question: &Question<'_>) -> Result<Vec<Hit>> {
    let (vector, model) = match &question.vector {
        Some((vector, model)) => (Some(Vector::from(vector.clone())), Some(*model)),
        None => (None, None),
    };
    let rows = client.query(
        "select s.*, graphdb.snippet($1, s.text, s.heading_path) as snippet from graphdb.search($1, $2, $3, $4, $5, $6, $7) as s",
        &[
            &question.text,
            &vector,
            &model,
            &question.limit,
            &question.filter.to_json(),
            &question.per_document,
            &question.min_score,
        ],
    )?;
    Ok(rows
        .iter()
        .map(|row| Hit {
            run_id: row.get("run_id"),
            doc_id: row.get("doc_id"),
            ord: row.get("ord"),
            title: row.get("title"),
            heading_path: row.get("heading_path"),
            url: row.get("url"),
            text: row.get("text"),
            snippet: row.get("snippet"),
            text_rank: row.get("text_rank"),
            vector_rank: row.get("vector_rank"),
            score: row.get("score"),
            similarity: row.get("similarity"),
            matched_words: row.get("matched_words"),
            path: row.get("path"),
            updated_at: row.get("updated_at"),
        })
        .collect())
}

/// How a search reads a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The question with its typing errors corrected: what to embed and to search for.
    pub question: String,
    /// `typed → meant`
    pub corrections: Vec<String>,
    /// Words and texts that no result may have.
    pub without: Vec<String>,
}

/// `graphdb.read_question`
pub fn read_question(client: &mut impl GenericClient, question: &str, filter: &SearchFilter) -> Result<Reading> {
    let row = client.query_one("select * from graphdb.read_question($1, $2)", &[&question, &filter.to_json()])?;
    Ok(Reading { question: row.get("question"), corrections: row.get("corrections"), without: row.get("without") })
}

/// `graphdb.context`: the text around a hit as Markdown.
pub fn context(
    client: &mut impl GenericClient,
    hit: &Hit,
    scope: &str,
    max_tokens: i32,
    filter: &SearchFilter,
) -> Result<String> {
    let row = client.query_opt(
        "select c.text from graphdb.context($1, $2, $3, $4, $5, $6) as c",
        &[&hit.run_id, &hit.doc_id, &hit.ord, &scope, &max_tokens, &filter.to_json()],
    )?;
    Ok(row.map_or_else(|| hit.text.clone(), |row| row.get(0)))
}

/// `graphdb.searched_documents`: how many documents a search with this filter sees.
pub fn searched_documents(client: &mut impl GenericClient, filter: &SearchFilter) -> Result<i64> {
    Ok(client.query_one("select graphdb.searched_documents($1)", &[&filter.to_json()])?.get(0))
}

/// `graphdb.has_vectors`
pub fn has_vectors(client: &mut impl GenericClient, model: &str) -> Result<bool> {
    Ok(client.query_one("select graphdb.has_vectors($1)", &[&model])?.get(0))
}

/// `graphdb.refresh_search`
pub fn refresh(client: &mut impl GenericClient) -> Result<()> {
    client.execute("select graphdb.refresh_search()", &[])?;
    Ok(())
}

/// A vector index that is worth building.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.missing_vector_indexes")]
pub struct MissingIndex {
    pub model: String,
    pub index_name: String,
    pub vectors: i64,
    pub statements: Vec<String>,
    pub memory_kb: i32,
    pub may_build: bool,
}

/// `graphdb.missing_vector_indexes`
pub fn missing_vector_indexes(client: &mut impl GenericClient, kind: VectorIndex) -> Result<Vec<MissingIndex>> {
    let halfvec = kind == VectorIndex::Halfvec;
    let rows = client.query("select * from graphdb.missing_vector_indexes($1)", &[&halfvec])?;
    Ok(rows
        .iter()
        .map(|row| MissingIndex {
            model: row.get("model"),
            index_name: row.get("index_name"),
            vectors: row.get("vectors"),
            statements: row.get("statements"),
            memory_kb: row.get("memory_kb"),
            may_build: row.get("may_build"),
        })
        .collect())
}
