//! `search.reranker`: a model that reads the best answers again.

use serde::Deserialize;
use serde::de::Deserializer;

use super::ConfigError;
use super::embed::names_server;
use super::values::in_range;

/// `search.reranker`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Reranker {
    /// Who computes the scores; none means: no reranker.
    pub provider: Option<RerankerKind>,
    /// `local`: folder of the model; `http`: the server's name for it.
    pub model: Option<String>,
    /// Address that `/rerank` is appended to, for `http`.
    pub base_url: Option<String>,
    /// How many answers are read again.
    #[serde(deserialize_with = "top")]
    pub top: u32,
}

impl Default for Reranker {
    fn default() -> Self {
        Self { provider: None, model: None, base_url: None, top: 20 }
    }
}

/// The program that computes the scores of a reranker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RerankerKind {
    /// A cross-encoder in process.
    Local,
    /// Any server with the interface `/v1/rerank`.
    Http,
}

/// Refuses a reranker that lacks something, or has something that its provider does not use.
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
            "only the provider `http` uses it; remove the key, or choose that provider",
        ),
        (None, Some(_), _) => refused("search.reranker.model", "set search.reranker.provider to local or http too"),
        (None, _, Some(_)) => refused("search.reranker.base_url", "set search.reranker.provider to http too"),
        _ => Ok(()),
    }
}

fn top<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 1000)
}
