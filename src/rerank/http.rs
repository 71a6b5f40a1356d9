//! Calls a reranker over HTTP. It supports the interface of Cohere at `/v1/rerank`, which vLLM, Infinity, llama.cpp and Jina
//! also have, and the interface of TEI at `/rerank`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::Agent;

use crate::embed::EmbedError;

/// Maximum size of an answer.
const MOST_BYTES: u64 = 16 << 20;
/// Maximum number of characters that a message quotes from an answer.
const QUOTED: usize = 300;

/// A reranker server.
pub struct Http {
    agent: Agent,
    url: String,
    model: Option<String>,
    key: Option<String>,
}

/// An answer. Cohere returns the scores in `results`, and TEI returns only the list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Cohere { results: Vec<Score> },
    Tei(Vec<Score>),
}

#[derive(Deserialize)]
struct Score {
    index: usize,
    #[serde(alias = "score")]
    relevance_score: f64,
}

impl Http {
    /// Prepares the client without sending a request.
    pub fn new(base_url: &str, model: Option<String>, key: Option<String>, timeout: Duration) -> Self {
        let (base, query) = base_url.find('?').map_or((base_url, ""), |at| base_url.split_at(at));
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(timeout));
        Self { agent: config.build().into(), url: format!("{}/rerank{query}", base.trim_end_matches('/')), model, key }
    }

    /// Returns the score of each text, in order.
    pub fn scores(&self, question: &str, texts: &[&str]) -> Result<Vec<f64>, EmbedError> {
        let mut request = json!({"query": question, "documents": texts, "top_n": texts.len()});
        if let Some(model) = &self.model {
            request["model"] = model.as_str().into();
        }
        let (mut status, mut body) = self.post(&request)?;
        // TEI expects the documents in the field `texts`.
        if matches!(status, 400 | 422) && body.contains("texts") {
            (status, body) = self.post(&json!({"query": question, "texts": texts, "truncate": true}))?;
        }
        match status {
            200..=299 => self.read(&body, texts.len()),
            401 | 403 => Err(self.misconfigured(status, &body, "check TRAILBLAZER_RERANK_API_KEY")),
            404 | 405 => {
                Err(self.misconfigured(status, &body, "check search.reranker.base_url and search.reranker.model"))
            }
            429 | 503 => Err(EmbedError::Busy { message: self.said(status, &body), retry_after: None }),
            400..=499 => Err(self.misconfigured(status, &body, "check search.reranker.model")),
            _ => Err(EmbedError::Transient { message: self.said(status, &body) }),
        }
    }

    fn post(&self, request: &Value) -> Result<(u16, String), EmbedError> {
        let mut post = self.agent.post(&self.url);
        if let Some(key) = &self.key {
            post = post.header("authorization", format!("Bearer {key}"));
        }
        let away = |error: ureq::Error| {
            let message = format!("the reranker at {} does not answer: {error}", self.server());
            EmbedError::Away { message, has_answered: false }
        };
        let mut response = post.send_json(request).map_err(away)?;
        let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_string().map_err(away)?;
        Ok((response.status().as_u16(), body))
    }

    fn read(&self, body: &str, texts: usize) -> Result<Vec<f64>, EmbedError> {
        let wrong = |what: &str| EmbedError::Transient { message: format!("the reranker at {} {what}", self.server()) };
        let answer: Answer = serde_json::from_str(body).map_err(|_| wrong("sent no scores"))?;
        let (Answer::Cohere { results } | Answer::Tei(results)) = answer;
        let mut scores = vec![f64::NAN; texts];
        for Score { index, relevance_score } in results {
            *scores.get_mut(index).ok_or_else(|| wrong("scored a text that it was not sent"))? = relevance_score;
        }
        if scores.iter().all(|score| score.is_finite()) { Ok(scores) } else { Err(wrong("did not score every text")) }
    }

    fn misconfigured(&self, status: u16, body: &str, what: &str) -> EmbedError {
        EmbedError::Misconfigured { message: format!("{}; {what}", self.said(status, body)) }
    }

    /// Quotes the answer of the server. The key is removed, because a server may repeat it.
    fn said(&self, status: u16, body: &str) -> String {
        let body = self.key.as_ref().map_or_else(|| body.to_owned(), |key| body.replace(key.as_str(), "…"));
        let line: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect();
        format!("the reranker at {} answered {status}: {line}", self.server())
    }

    /// The address without the parts that may contain a secret: user, password and query.
    fn server(&self) -> &str {
        let url = self.url.split('?').next().unwrap_or(&self.url);
        url.rsplit_once('@').map_or(url, |(_, server)| server)
    }
}
