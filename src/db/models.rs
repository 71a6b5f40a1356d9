//! Queries and changes the models in the database. One of them is served.

use chrono::{DateTime, Utc};
use postgres::{Client, GenericClient};
use serde::Serialize;

use crate::chunk::Limits;
use crate::embed::Model;
use crate::error::Result;

/// A model in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the columns of graphdb.describe_models")]
pub struct Described {
    pub model: String,
    pub provider: String,
    pub dimension: i32,
    pub vectors: i64,
    pub runs: i64,
    pub bytes: i64,
    pub is_served: bool,
    pub created_at: DateTime<Utc>,
}

/// Calls `graphdb.describe_models`. The served model comes first.
pub fn describe(client: &mut impl GenericClient) -> Result<Vec<Described>> {
    let rows = client.query("select * from graphdb.describe_models()", &[])?;
    Ok(rows
        .iter()
        .map(|row| Described {
            model: row.get("model"),
            provider: row.get("provider"),
            dimension: row.get("dimension"),
            vectors: row.get("vectors"),
            runs: row.get("runs"),
            bytes: row.get("bytes"),
            is_served: row.get("is_served"),
            created_at: row.get("created_at"),
        })
        .collect())
}

/// Calls `graphdb.served_model`.
pub fn served(client: &mut impl GenericClient) -> Result<Option<String>> {
    Ok(client.query_one("select graphdb.served_model()", &[])?.get(0))
}

/// Returns the served model, or `None` before the first model is registered.
pub fn served_model(client: &mut impl GenericClient) -> Result<Option<Model>> {
    let served = "select m.model, m.provider, m.dimension, m.normalized, m.query_prefix, m.document_prefix, coalesce(m.max_tokens, 0) as max_tokens \
                  from graphdb.embedding_models as m where m.is_served";
    Ok(client.query_opt(served, &[])?.map(|row| Model {
        name: row.get("model"),
        provider: row.get("provider"),
        dimension: row.get::<_, i32>("dimension").unsigned_abs() as usize,
        normalized: row.get("normalized"),
        query_prefix: row.get("query_prefix"),
        document_prefix: row.get("document_prefix"),
        max_tokens: row.get::<_, i32>("max_tokens").unsigned_abs() as usize,
    }))
}

/// The work that is necessary before a model can be served.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the columns of graphdb.model_backlog")]
pub struct ModelBacklog {
    pub texts: i64,
    pub runs: i64,
    pub seconds: Option<f64>,
}

/// Calls `graphdb.model_backlog`. The model need not be registered.
pub fn backlog(client: &mut impl GenericClient, model: &str) -> Result<ModelBacklog> {
    let row = client.query_one("select * from graphdb.model_backlog($1)", &[&model])?;
    Ok(ModelBacklog { texts: row.get("texts"), runs: row.get("runs"), seconds: row.get("seconds") })
}

/// The parameters of `graphdb.requeue_runs`.
#[derive(Debug, Clone, Copy)]
pub struct Requeue<'a> {
    /// The model that the runs should have vectors under.
    pub model: &'a str,
    /// The sizes that their chunks should have, or `None` for any size.
    pub sizes: Option<Limits>,
    /// Maximum number of runs.
    pub max_runs: Option<i32>,
    /// Whether to count the runs only.
    pub dry_run: bool,
}

/// Calls `graphdb.requeue_runs`. Returns the number of runs.
pub fn requeue(client: &mut Client, wanted: &Requeue<'_>) -> Result<i64> {
    let size = |of: fn(&Limits) -> usize| wanted.sizes.as_ref().and_then(|sizes| i32::try_from(of(sizes)).ok());
    let (max, min, overlap) =
        (size(|sizes| sizes.max_tokens), size(|sizes| sizes.min_tokens), size(|sizes| sizes.overlap_tokens));
    let row = client.query_one(
        "select graphdb.requeue_runs($1, $2, $3, $4, $5, $6)",
        &[&wanted.model, &max, &min, &overlap, &wanted.max_runs, &wanted.dry_run],
    )?;
    Ok(row.get(0))
}

/// Calls `graphdb.serve_model`. Returns the previously served model.
pub fn serve(client: &mut Client, model: &str) -> Result<Option<String>> {
    Ok(client.query_one("select graphdb.serve_model($1)", &[&model])?.get(0))
}

/// Calls `graphdb.drop_model`. Returns the number of deleted vectors, and whether the model itself is deleted.
pub fn drop_step(client: &mut Client, model: &str, max_vectors: i32) -> Result<(i64, bool)> {
    let row = client.query_one("select * from graphdb.drop_model($1, $2)", &[&model, &max_vectors])?;
    Ok((row.get("deleted"), row.get("is_dropped")))
}

/// Returns whether this role may decide which model is served.
pub fn may_serve(client: &mut impl GenericClient) -> Result<bool> {
    let may = "select has_function_privilege('graphdb.serve_model(text)', 'execute')";
    Ok(client.query_one(may, &[])?.get(0))
}
