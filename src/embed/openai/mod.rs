//! Embeds with any server that has the `/v1/embeddings` interface of `OpenAI`: `OpenAI` itself,
//! Ollama, vLLM, TEI, Infinity, llama.cpp.

mod estimate;
mod limit;
mod reaching;
mod reply;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use ureq::Agent;
use ureq::http::Uri;

use self::estimate::Estimate;
use self::reaching::{Connections, Names, Unreached, address};
use self::reply::Answer;
use super::local::ModelTokenizer;
use super::settings::Settings;
use super::{EmbedError, MOST_REFUSED, Model, Provider, Tokenizer, batches, jittered};

/// A text that every model can embed.
const HARMLESS: &str = "text";
const DEFAULT_URL: &str = "https://api.openai.com/v1";
/// The limits of `OpenAI` for one request. Smaller servers split requests themselves.
const REQUEST_TOKENS: usize = 300_000;
const REQUEST_TEXTS: usize = 2048;
/// Default timeout of one request, including the answer.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Timeout for name resolution, and again for the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_BYTES: u64 = 1 << 30;

/// Models that need no request: name, dimension and maximum number of tokens.
const KNOWN: [(&str, usize, usize); 3] = [
    ("text-embedding-3-small", 1536, 8191),
    ("text-embedding-3-large", 3072, 8191),
    ("text-embedding-ada-002", 1536, 8191),
];
/// The limit of most embedding models, which is assumed for an unknown model.
const UNKNOWN_MAX_TOKENS: usize = 512;

/// The `openai` provider.
pub struct OpenAi {
    model: Model,
    /// The name of the model on the server.
    served_as: String,
    /// Whether the limit of the model is known without a request.
    is_known: bool,
    tokenizer: Box<dyn Tokenizer>,
    agent: Agent,
    url: String,
    key: Option<String>,
    /// The dimension to request from models that can shorten their vectors.
    dimensions: Option<usize>,
    patience: Patience,
    /// Whether the server has answered at least once, so that its address must be right.
    has_answered: AtomicBool,
    /// Whether the server has returned vectors at least once.
    has_worked: AtomicBool,
}

/// The limits for the retries of one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub tries: u32,
    /// Pause before the second attempt. It doubles with each further attempt.
    pub first_wait: Duration,
    /// Maximum sum of all pauses of one request. It is short, because a pause cannot be interrupted and the caller may retry.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 5, first_wait: Duration::from_millis(500), longest: Duration::from_secs(2) }
    }
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

impl OpenAi {
    /// Creates the provider. Requests one vector if the model is unknown and no dimension is configured.
    pub fn new(settings: &Settings) -> Result<Self, EmbedError> {
        Self::with_patience(settings, Patience::default())
    }

    pub(super) fn with_patience(settings: &Settings, patience: Patience) -> Result<Self, EmbedError> {
        let mut provider = Self::unasked(settings, patience)?;
        if provider.model.dimension == 0 {
            let vector = provider.embed_batch(&["dimension"])?.pop().unwrap_or_default();
            provider.model.dimension = vector.len();
        }
        Ok(provider)
    }

    /// Creates the provider without a request. The dimension of an unknown model is then 0.
    pub(super) fn unasked(settings: &Settings, patience: Patience) -> Result<Self, EmbedError> {
        if settings.base_url.is_none() && settings.api_key.is_none() {
            return Err(EmbedError::Misconfigured {
                message: "without embed.base_url, the provider `openai` calls OpenAI, which requires a key; set \
                          TRAILBLAZER_EMBED_API_KEY, or embed.base_url to a server of your own"
                    .into(),
            });
        }
        let known = KNOWN.iter().find(|(name, ..)| *name == settings.model);
        let max_tokens = settings.max_tokens.or(known.map(|(.., most)| *most)).unwrap_or(UNKNOWN_MAX_TOKENS);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(settings.timeout.unwrap_or(TIMEOUT)))
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT));
        let model = Model {
            name: settings.model_name(),
            provider: "openai".to_owned(),
            dimension: settings.dimensions.or(known.map(|(_, dimension, _)| *dimension)).unwrap_or(0),
            // Some servers do not normalize. Cosine distance does not need it.
            normalized: false,
            query_prefix: settings.prefixes.query.clone().unwrap_or_default(),
            document_prefix: settings.prefixes.document.clone().unwrap_or_default(),
            max_tokens,
        };
        Ok(Self {
            model,
            served_as: settings.model.clone(),
            is_known: known.is_some(),
            tokenizer: tokenizer(settings)?,
            agent: Agent::with_parts(config.build(), Connections::default(), Names::default()),
            url: url(settings),
            key: settings.api_key.clone(),
            dimensions: settings.dimensions,
            patience,
            has_answered: AtomicBool::new(false),
            has_worked: AtomicBool::new(false),
        })
    }

    /// Embeds a batch that fits into one request. If the server refuses it or fails, finds the texts that cause the error.
    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self.request(texts) {
            Err(EmbedError::Refused { message, .. }) if texts.len() > 1 => self.bisect(texts, message),
            Err(EmbedError::Transient { message }) => self.find_cause(texts, message),
            result => result,
        }
    }

    /// Finds out whether the texts or the server caused a failure. If the server can embed a harmless text, the texts are the cause.
    fn find_cause(&self, texts: &[&str], message: String) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self.request_once(&[HARMLESS]) {
            Ok(_) if texts.len() > 1 => self.bisect(texts, message),
            Ok(_) => Err(EmbedError::Refused { positions: vec![0], message }),
            Err(EmbedError::Transient { .. } | EmbedError::Refused { .. }) => Err(EmbedError::Failing { message }),
            Err(other) => Err(other),
        }
    }

    /// Embeds a part of a batch that failed. A part with several texts is tried once, and then divided further.
    fn embed_part(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.len() == 1 {
            return self.embed_batch(texts);
        }
        match self.request_once(texts) {
            Err(EmbedError::Refused { message, .. } | EmbedError::Transient { message }) => self.bisect(texts, message),
            Err(EmbedError::Busy { .. }) => self.embed_batch(texts),
            result => result,
        }
    }

    /// Tries both halves of a batch that was refused or failed. Stops when too many texts are refused.
    fn bisect(&self, texts: &[&str], message: String) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (left, right) = texts.split_at(texts.len() / 2);
        let mut vectors = Vec::with_capacity(texts.len());
        let mut refused = Vec::new();
        let mut reason = message;
        for (first, half) in [(0, left), (left.len(), right)] {
            match self.embed_part(half) {
                Ok(half) => vectors.extend(half),
                Err(EmbedError::Refused { positions, message }) => {
                    refused.extend(positions.iter().map(|position| first + position));
                    reason = message;
                    if refused.len() > MOST_REFUSED {
                        break;
                    }
                }
                Err(other) => return Err(other),
            }
        }
        if refused.is_empty() { Ok(vectors) } else { Err(EmbedError::Refused { positions: refused, message: reason }) }
    }

    /// Sends a request, and retries it within the limits of [`Patience`].
    fn request(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let start = Instant::now();
        let mut attempt = 0;
        loop {
            let error = match self.request_once(texts) {
                Err(error) if error.may_pass() => error,
                result => return result,
            };
            let wait = error
                .retry_after()
                .unwrap_or_else(|| jittered(self.patience.first_wait.saturating_mul(1 << attempt.min(10))));
            attempt += 1;
            // If the server asks for a longer pause than is left, the caller decides.
            if attempt >= self.patience.tries || wait > self.patience.longest.saturating_sub(start.elapsed()) {
                return Err(error);
            }
            log::debug!("{error}; trying again in {wait:?}");
            thread::sleep(wait);
        }
    }

    fn request_once(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let body =
            Request { model: &self.served_as, input: texts, encoding_format: "float", dimensions: self.dimensions };
        let mut request = self.agent.post(&self.url);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let mut response = request.send_json(&body).map_err(|error| self.unreachable(&error))?;
        self.has_answered.store(true, Ordering::Relaxed);
        let retry_after = reply::retry_after(response.headers());
        let status = response.status().as_u16();
        let read = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
        let body = read.map_err(|error| self.unreachable(&error))?;
        let body = if status < 300 { body } else { self.without_key(&body) };
        let is_first_probe = texts == [HARMLESS] && !self.has_worked.load(Ordering::Relaxed);
        let answer = Answer { server: shown(&self.url), status, retry_after, body: &body, is_first_probe };
        let vectors = answer.vectors(texts.len(), self.model.dimension)?;
        self.has_worked.store(true, Ordering::Relaxed);
        Ok(vectors)
    }

    /// Removes the key from an answer, because servers may repeat the request, and error messages are displayed and stored.
    fn without_key(&self, body: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(body);
        self.key.as_ref().map_or_else(|| text.to_string(), |key| text.replace(key.as_str(), "…")).into_bytes()
    }

    fn unreachable(&self, error: &ureq::Error) -> EmbedError {
        if let Some(Unreached { address: reached, source }) = Unreached::of(error) {
            let is_its_own = self.url.parse().is_ok_and(|url: Uri| address(&url) == *reached);
            let way = if is_its_own { String::new() } else { format!(" leads to {reached}") };
            return EmbedError::Away {
                message: format!("{}{way}: {source}", shown(&self.url)),
                has_answered: self.has_answered.load(Ordering::Relaxed),
            };
        }
        let message = format!("{}: {error}", shown(&self.url));
        match error {
            ureq::Error::BadUri(_)
            | ureq::Error::Http(_)
            | ureq::Error::InvalidProxyUrl
            | ureq::Error::RedirectFailed => {
                EmbedError::Misconfigured { message: format!("{message}; check embed.base_url and the key") }
            }
            _ => EmbedError::Transient { message },
        }
    }

    /// Returns the address of the server in `settings`, for messages.
    #[must_use]
    pub fn server_of(settings: &Settings) -> String {
        shown(&url(settings)).to_owned()
    }
}

fn url(settings: &Settings) -> String {
    let base = settings.base_url.as_deref().unwrap_or(DEFAULT_URL);
    let (base, query) = base.find('?').map_or((base, ""), |at| base.split_at(at));
    format!("{}/embeddings{query}", base.trim_end_matches('/'))
}

/// Returns the address without user, password and query, which may contain a secret.
fn shown(url: &str) -> &str {
    let url = url.split('?').next().unwrap_or(url);
    url.rsplit_once('@').map_or(url, |(_, server)| server)
}

/// Returns the tokenizer of the model if its folder is installed, and otherwise an estimate.
fn tokenizer(settings: &Settings) -> Result<Box<dyn Tokenizer>, EmbedError> {
    let file = settings.installed(Path::new(&settings.model)).join("tokenizer.json");
    if file.exists() { Ok(Box::new(ModelTokenizer::load(&file)?)) } else { Ok(Box::new(Estimate)) }
}

impl fmt::Debug for OpenAi {
    /// Formats the provider without its key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("model", &self.model).field("server", &shown(&self.url)).finish_non_exhaustive()
    }
}

impl Provider for OpenAi {
    fn model(&self) -> &Model {
        &self.model
    }

    fn tokenizer(&self) -> &dyn Tokenizer {
        self.tokenizer.as_ref()
    }

    fn server(&self) -> Option<&str> {
        Some(shown(&self.url))
    }

    fn find_limit(&self, most: usize) -> Result<Option<usize>, EmbedError> {
        if self.is_known { Ok(None) } else { limit::find(self, most.max(UNKNOWN_MAX_TOKENS)) }
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let counts: Vec<usize> = texts.iter().map(|text| self.tokenizer.count(text)).collect();
        let mut vectors = vec![Vec::new(); texts.len()];
        let (mut refused, mut reason) = (Vec::new(), String::new());
        for batch in batches(&counts, REQUEST_TOKENS, REQUEST_TEXTS) {
            let input: Vec<&str> = batch.iter().filter_map(|i| texts.get(*i)).copied().collect();
            match self.embed_batch(&input) {
                Ok(found) => {
                    for (place, vector) in batch.iter().zip(found) {
                        vectors.splice(*place..=*place, [vector]);
                    }
                }
                Err(EmbedError::Refused { positions, message }) => {
                    refused.extend(positions.iter().filter_map(|position| batch.get(*position)));
                    reason = message;
                }
                Err(other) => return Err(other),
            }
        }
        refused.sort_unstable();
        if refused.is_empty() { Ok(vectors) } else { Err(EmbedError::Refused { positions: refused, message: reason }) }
    }
}
