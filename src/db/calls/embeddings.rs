//! Embedding models, and the texts that need vectors.

use postgres::{Client, GenericClient};

use super::Filter;
use crate::embed::Model;
use crate::error::Result;
use crate::ids::RunId;

/// `graphdb.register_model`
pub fn register_model(client: &mut impl GenericClient, model: &Model) -> Result<()> {
    let dimension = i32::try_from(model.dimension).unwrap_or(i32::MAX);
    client.execute(
        "select graphdb.register_model($1, $2, $3, $4, $5, $6)",
        &[&model.name, &model.provider, &dimension, &model.normalized, &model.query_prefix, &model.document_prefix],
    )?;
    Ok(())
}

/// Calls `graphdb.model_limit`. Returns the maximum number of tokens that the model reads from a text, if this is known.
pub fn model_limit(client: &mut impl GenericClient, model: &str) -> Result<Option<usize>> {
    let row = client.query_one("select graphdb.model_limit($1)", &[&model])?;
    Ok(row.get::<_, Option<i32>>(0).and_then(|tokens| usize::try_from(tokens).ok()))
}

/// `graphdb.set_model_limit`
pub fn set_model_limit(client: &mut impl GenericClient, model: &str, tokens: usize) -> Result<()> {
    let tokens = i32::try_from(tokens).unwrap_or(i32::MAX);
    client.execute("select graphdb.set_model_limit($1, $2)", &[&model, &tokens])?;
    Ok(())
}

/// Calls `graphdb.list_models`. Returns the embedding models of all runs and the number of runs for each, most frequent first.
pub fn list_models(client: &mut Client, filter: &Filter) -> Result<Vec<(String, i64)>> {
    let rows = client.query("select l.model, l.runs from graphdb.list_models($1) as l", &[&filter.to_json()])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// A text without a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.pending_inputs")]
pub struct PendingInput {
    pub input_sha256: Vec<u8>,
    pub text: String,
    pub token_count: usize,
}

/// Calls `graphdb.pending_inputs`. Returns at most `limit` texts after `after`.
pub fn pending_inputs(
    client: &mut impl GenericClient,
    run_id: &RunId,
    model: &str,
    after: &[u8],
    limit: i32,
) -> Result<Vec<PendingInput>> {
    let rows = client
        .query("select * from graphdb.pending_inputs($1, $2, $3, $4)", &[&run_id.as_str(), &model, &after, &limit])?;
    Ok(rows
        .iter()
        .map(|row| PendingInput {
            input_sha256: row.get("input_sha256"),
            text: row.get("text"),
            token_count: usize::try_from(row.get::<_, i32>("token_count")).unwrap_or(0),
        })
        .collect())
}

/// A chunk with a given text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.input_places")]
pub struct InputPlace {
    pub doc_id: String,
    pub ord: i32,
    pub title: String,
}

/// Calls `graphdb.input_places`. Returns the chunks of a run whose text has this hash.
pub fn input_places(client: &mut impl GenericClient, run_id: &RunId, hash: &[u8]) -> Result<Vec<InputPlace>> {
    let rows = client.query("select * from graphdb.input_places($1, $2)", &[&run_id.as_str(), &hash])?;
    let place =
        |row: &postgres::Row| InputPlace { doc_id: row.get("doc_id"), ord: row.get("ord"), title: row.get("title") };
    Ok(rows.iter().map(place).collect())
}

/// The counts of one step of `graphdb.prune_embeddings` or its dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneStep {
    /// Number of deleted vectors. No run contained their texts.
    pub deleted: i64,
    /// The vector after which the next step begins, or `None` after the last step.
    pub last: Option<(i32, Vec<u8>)>,
}

/// Calls `graphdb.prune_embeddings`. It checks at most `max_vectors` vectors after the end of the previous step.
pub fn prune_embeddings(
    client: &mut impl GenericClient,
    dry_run: bool,
    max_vectors: Option<i32>,
    after: Option<&(i32, Vec<u8>)>,
) -> Result<PruneStep> {
    let (model_id, input_sha256) = after.map_or((0, [].as_slice()), |(model_id, sha256)| (*model_id, sha256));
    let row = client.query_one(
        "select * from graphdb.prune_embeddings($1, $2, $3, $4)",
        &[&dry_run, &max_vectors, &model_id, &input_sha256],
    )?;
    let last: (Option<i32>, Option<Vec<u8>>) = (row.get("last_model_id"), row.get("last_input_sha256"));
    Ok(PruneStep { deleted: row.get("deleted"), last: last.0.zip(last.1) })
}
