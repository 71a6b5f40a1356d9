//! `search.reranker`: a model that reranks the best hits.

use serde::Deserialize;
use serde::de::Deserializer;

use super::ConfigError;
use super::embed::names_server;
use super::values::in_range;

/// `search.reranker`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Reranker {
    /// The provider that computes the scores. `None` disables reranking.
    pub provider: Option<RerankerKind>,
    /// The folder of the model for `local`, or the name of the model on the server for `http`.
    pub model: Option<String>,
    /// The address of the API for `http`, to which `/rerank` is appended.
    pub base_url: Option<String>,
    /// Number of hits to rerank.
    #[serde(deserialize_with = "top")]
    pub top: u32,
}

impl Default for Reranker {
    fn default() -> Self {
        Self { provider: None, model: None, base_url: None, top: 20 }
    }
}

/// The provider that computes the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RerankerKind {
    /// A cross-encoder in process.
    Local,
    /// Any server with the interface `/v1/rerank`.
    Http,
}

/// Rejects a reranker without a key that its provider needs, or with a key that its provider does not use.
pub(super) fn check(reranker: &Reranker, place_of: impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let Reranker { provider, model, base_url, .. } = reranker;
    let refused = |key: &str, message: &str| {
        Err(ConfigError::Invalid { place: place_of(key), message: format!("{key}: {message}") })
    };
    match (provider, model, base_url) {
        (Some(RerankerKind::Local), None, _) => {
            refused("search.reranker.provider", "`local` needs search.reranker.model, the folder of a cross-encoder")
        }
        (Some(RerankerKind::Http), _, None) => refused(
            "search.reranker.provider",
            "`http` needs search.reranker.base_url, for example http://localhost:8080/v1",
        ),
        (Some(RerankerKind::Http), _, Some(url)) if !names_server(url) => refused(
            "search.reranker.base_url",
            "expected http:// or https:// and a server, for example http://localhost:8080/v1",
        ),
        (Some(RerankerKind::Local), _, Some(_)) => refused(
            "search.reranker.base_url",
            "this key is only for the provider `http`; remove it, or set search.reranker.provider to http",
        ),
        (None, Some(_), _) => refused("search.reranker.model", "also set search.reranker.provider to local or http"),
        (None, _, Some(_)) => refused("search.reranker.base_url", "also set search.reranker.provider to http"),
        _ => Ok(()),
    }
}

fn top<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 1000)
}
