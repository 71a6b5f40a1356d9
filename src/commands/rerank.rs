//! Applies the configured reranker in commands.

use super::model::{PATIENCE, embed_settings};
use crate::config::Config;
use crate::db::search::{self, Hit};
use crate::embed::{self, EmbedError};
use crate::rerank::{Reranker, Settings};

/// Returns the configured reranker, or `None` if none is configured.
pub fn reranker(config: &Config) -> Result<Option<Reranker>, EmbedError> {
    let configured = config.search.reranker.clone();
    let model = configured.model.clone().unwrap_or_default();
    Reranker::new(&Settings {
        folder: embed::Settings { model, ..embed_settings(config) }.model_folder(),
        configured,
        api_key: std::env::var("TRAILBLAZER_RERANK_API_KEY").ok().filter(|key| !key.trim().is_empty()),
        timeout: PATIENCE,
    })
}

/// Returns the best `limit` hits in the order of the reranker.
pub fn rerank(reranker: &Reranker, question: &str, hits: Vec<Hit>, limit: usize) -> Result<Vec<Hit>, EmbedError> {
    let texts: Vec<&str> = hits.iter().map(|hit| hit.text.as_str()).collect();
    let order = reranker.order(question, &texts)?;
    let mut hits = search::reordered(hits, &order);
    hits.truncate(limit);
    Ok(hits)
}

/// Does the same for commands that also work without a reranker. If the reranker is unreachable, warns and keeps the
/// order of the search.
pub fn rerank_if_possible(
    reranker: Option<&Reranker>,
    question: &str,
    mut hits: Vec<Hit>,
    limit: usize,
) -> Result<Vec<Hit>, EmbedError> {
    if let Some(reranker) = reranker {
        match rerank(reranker, question, hits.clone(), limit) {
            Err(error) if error.may_pass() => log::warn!("{error}; the hits stay in search order"),
            outcome => return outcome,
        }
    }
    hits.truncate(limit);
    Ok(hits)
}
