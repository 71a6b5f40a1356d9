//! Calls `graphdb.search` and the functions that support it.

use chrono::{DateTime, Utc};
use pgvector::Vector;
use postgres::GenericClient;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::VectorIndex;
use crate::error::Result;
use crate::ids::RunId;

/// The default minimum score of a search with a vector. Hits with a lower score are not relevant: questions about other subjects
/// stay below it.
pub const RELEVANT_SCORE: f64 = 0.14;
/// The default number of tokens in the context of a hit.
pub const CONTEXT_TOKENS: i32 = 2000;

/// Selects the documents of a search. An empty filter selects all documents that the caller may read.
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flag: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without_flag: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub updated: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// The principals of the caller. `None` means the principals that were granted to the database role.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub principals: Option<Vec<String>>,
}

impl SearchFilter {
    /// Returns the filter in the format of the SQL functions.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| Value::Object(Map::new()))
    }
}

/// A question, and the options for its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    /// The question as typed: words, "phrases in quotes", and -words at the end.
    pub text: &'a str,
    /// The vector of the question, and its model. Without a vector, only full-text search is used.
    pub vector: Option<(Vec<f32>, &'a str)>,
    /// Maximum number of documents.
    pub limit: i32,
    /// Maximum number of chunks of each document.
    pub per_document: i32,
    /// The minimum score of a hit.
    pub min_score: Option<f64>,
    /// The documents that may be returned.
    pub filter: SearchFilter,
}

/// A chunk that answers a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The run of the chunk.
    pub run_id: String,
    /// The document of the chunk.
    pub doc_id: String,
    /// The position of the chunk in the document.
    pub ord: i32,
    /// The title of the document.
    pub title: String,
    /// The title and the headings above the chunk.
    pub heading_path: Vec<String>,
    /// The address of the section: the address of the document with an anchor.
    pub url: Option<String>,
    /// The text of the chunk that was embedded.
    pub text: String,
    /// The best matching parts of the chunk. Each word of the question is between U+0001 and U+0002.
    pub snippet: String,
    /// The rank among the chunks that contain the words.
    pub text_rank: Option<i32>,
    /// The rank among the nearest vectors.
    pub vector_rank: Option<i32>,
    /// The score. A higher score is better.
    pub score: f64,
    /// The cosine similarity of question and chunk.
    pub similarity: Option<f64>,
    /// The words of the question that the chunk contains.
    pub matched_words: Vec<String>,
    /// The path of the document in its source.
    pub path: Option<String>,
    /// The time of the last change in the source.
    pub updated_at: Option<DateTime<Utc>>,
    /// Score of the reranker, if it read the chunk. Higher is better. Only scores of the same answer are comparable.
    pub rerank_score: Option<f64>,
}

/// Calls `graphdb.search`. Each hit has a snippet.
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
            rerank_score: None,
        })
        .collect())
}

/// Returns the hits in another order. Each entry of `order` is the index of a hit and the score of the reranker.
#[must_use]
pub fn reordered(hits: Vec<Hit>, order: &[(usize, Option<f64>)]) -> Vec<Hit> {
    let mut hits: Vec<Option<Hit>> = hits.into_iter().map(Some).collect();
    let moved = order.iter().filter_map(|(place, score)| Some((hits.get_mut(*place)?.take()?, *score)));
    moved.map(|(hit, rerank_score)| Hit { rerank_score, ..hit }).collect()
}

/// The interpretation of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The question with typos corrected. Use it for the embedding and the search.
    pub question: String,
    /// The corrections, in the form `typed → corrected`.
    pub corrections: Vec<String>,
    /// Words and phrases that no result may contain.
    pub without: Vec<String>,
}

/// `graphdb.read_question`
pub fn read_question(client: &mut impl GenericClient, question: &str, filter: &SearchFilter) -> Result<Reading> {
    let row = client.query_one("select * from graphdb.read_question($1, $2)", &[&question, &filter.to_json()])?;
    Ok(Reading { question: row.get("question"), corrections: row.get("corrections"), without: row.get("without") })
}

/// Calls `graphdb.context`. Returns the text around a hit as Markdown.
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

/// Calls `graphdb.searched_documents`. Returns how many documents a search with this filter can find.
pub fn searched_documents(client: &mut impl GenericClient, filter: &SearchFilter) -> Result<i64> {
    Ok(client.query_one("select graphdb.searched_documents($1)", &[&filter.to_json()])?.get(0))
}

/// Calls `graphdb.principals`. Returns all principals of this session, or those in `wanted`.
pub fn principals(client: &mut impl GenericClient, wanted: Option<&[String]>) -> Result<Vec<String>> {
    let names = "select array(select jsonb_array_elements_text(graphdb.principals($1) -> 'as'))";
    Ok(client.query_one(names, &[&wanted])?.get(0))
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

/// A vector index that should be built.
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

/// Calls `graphdb.missing_vector_indexes`.
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
