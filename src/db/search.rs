//! `graphdb.search`, and what keeps it quick.

use pgvector::Vector;
use postgres::GenericClient;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::VectorIndex;
use crate::error::Result;
use crate::ids::RunId;

/// Which documents are searched. Empty means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the keys of a filter, as graphdb._search_condition reads them")]
pub struct SearchFilter {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub run_ids: Vec<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id_glob: Option<String>,
}

impl SearchFilter {
    /// Selects the documents of one run.
    #[must_use]
    pub fn for_run(run_id: &RunId) -> Self {
        Self { run_ids: vec![run_id.clone()], ..Self::default() }
    }

    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| Value::Object(Map::new()))
    }
}

/// What to look for.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    /// As typed: words, "texts in quotes", and words -without.
    pub text: &'a str,
    /// Its vector, and the model that made it; none leaves it to the words.
    pub vector: Option<(Vec<f32>, &'a str)>,
    /// Most results.
    pub limit: i32,
    /// Where to look.
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
    /// Address of the document.
    pub url: Option<String>,
    /// The chunk, as it was embedded.
    pub text: String,
    /// Its best parts, the words of the question between the characters 1 and 2.
    pub snippet: String,
    /// Place among those that have the words.
    pub text_rank: Option<i32>,
    /// Place among the nearest vectors.
    pub vector_rank: Option<i32>,
    /// Higher is better.
    pub score: f64,
}

/// `graphdb.search`, with a snippet of each hit.
pub fn search(client: &mut impl GenericClient, question: &Question<'_>) -> Result<Vec<Hit>> {
    let (vector, model) = match &question.vector {
        Some((vector, model)) => (Some(Vector::from(vector.clone())), Some(*model)),
        None => (None, None),
    };
    let rows = client.query(
        "select s.*, graphdb.snippet($1, s.text, s.heading_path) as snippet from graphdb.search($1, $2, $3, $4, $5) as s",
        &[&question.text, &vector, &model, &question.limit, &question.filter.to_json()],
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
        })
        .collect())
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
