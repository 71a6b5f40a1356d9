//! Reranks the best hits. A model reads each hit together with the question. This module does not use the database.

mod http;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use self::http::Http;
use crate::config::reranker::{self, RerankerKind};
use crate::embed::{CrossEncoder, EmbedError};

/// The settings of the reranker.
#[derive(Clone)]
pub struct Settings {
    /// `search.reranker` of the configuration.
    pub configured: reranker::Reranker,
    /// Folder of the model, for `local`.
    pub folder: PathBuf,
    /// Sent as a bearer token, for `http`.
    pub api_key: Option<String>,
    /// Timeout of a request.
    pub timeout: Duration,
}

/// A reranker. All threads can share it.
pub struct Reranker {
    name: String,
    top: usize,
    model: Model,
}

enum Model {
    Local(Box<CrossEncoder>),
    Http(Http),
}

impl Reranker {
    /// Creates the reranker in `settings`, or returns `None` if none is configured.
    pub fn new(settings: &Settings) -> Result<Option<Self>, EmbedError> {
        let reranker::Reranker { provider, model, base_url, top } = &settings.configured;
        let name = model.clone().unwrap_or_default();
        let model = match provider {
            None => return Ok(None),
            Some(RerankerKind::Local) => {
                Model::Local(Box::new(CrossEncoder::load(&settings.folder).map_err(of_reranker)?))
            }
            Some(RerankerKind::Http) => Model::Http(Http::new(
                base_url.as_deref().unwrap_or_default(),
                model.clone(),
                settings.api_key.clone(),
                settings.timeout,
            )),
        };
        Ok(Some(Self { name, top: *top as usize, model }))
    }

    /// The name of the model. Empty if the server chooses it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how many hits to request from the search to show the best `limit` after reranking.
    #[must_use]
    pub fn depth(&self, limit: i32) -> i32 {
        limit.max(i32::try_from(self.top).unwrap_or(i32::MAX))
    }

    /// Returns the positions of the texts in their new order. The first texts are ordered by the score of the model. The others
    /// follow in their old order and have no score.
    pub fn order(&self, question: &str, texts: &[&str]) -> Result<Vec<(usize, Option<f64>)>, EmbedError> {
        let read = texts.get(..self.top).unwrap_or(texts);
        if read.is_empty() {
            return Ok(Vec::new());
        }
        let scores: Vec<f64> = match &self.model {
            Model::Local(model) => model.scores(question, read)?.into_iter().map(f64::from).collect(),
            Model::Http(server) => server.scores(question, read)?,
        };
        let mut order: Vec<(usize, Option<f64>)> = scores.into_iter().map(Some).enumerate().collect();
        // The sort is stable, so texts with equal scores stay in search order.
        order.sort_by(|(_, a), (_, b)| b.unwrap_or(f64::MIN).total_cmp(&a.unwrap_or(f64::MIN)));
        order.extend((read.len()..texts.len()).map(|place| (place, None)));
        Ok(order)
    }
}

/// Changes an error of the model to say that the reranker failed.
fn of_reranker(error: EmbedError) -> EmbedError {
    match error {
        EmbedError::Misconfigured { message } => EmbedError::Misconfigured {
            message: format!("the reranker cannot be loaded: {message}; check search.reranker.model"),
        },
        other => other,
    }
}

impl fmt::Debug for Reranker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reranker").field("name", &self.name).field("top", &self.top).finish_non_exhaustive()
    }
}
