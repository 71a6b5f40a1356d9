//! Any server that speaks the `/v1/embeddings` of `OpenAI`: that itself, Ollama, vLLM, TEI, llama.cpp.

mod estimate;
mod reaching;
mod reply;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use ureq::Agent;
use ureq::http::Uri;

use self::estimate::Estimate;
use self::reaching::{Connections, Names, Unreached, address};
use self::reply::Answer;
use super::local::WordPiece;
use super::settings::Settings;
use super::{EmbedError, MOST_REFUSED, Model, Provider, Tokenizer, batches, jittered};

const DEFAULT_URL: &str = "https://api.openai.com/v1";
/// What `OpenAI` takes in one request; smaller servers split it themselves.
const REQUEST_TOKENS: usize = 300_000;
const REQUEST_TEXTS: usize = 2048;
/// For one request, answer included, where the settings do not say.
const TIMEOUT: Duration = Duration::from_secs(120);
/// For each of its name and its connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_BYTES: u64 = 1 << 30;

/// Models whose vectors are known without asking: name, dimension, most tokens.
const KNOWN: [(&str, usize, usize); 3] = [
    ("text-embedding-3-small", 1536, 8191),
    ("text-embedding-3-large", 3072, 8191),
    ("text-embedding-ada-002", 1536, 8191),
];
/// What most embedding models can take: that of an unknown one.
const UNKNOWN_MAX_TOKENS: usize = 512;

/// The `openai` provider.
pub struct OpenAi {
    model: Model,
    tokenizer: Box<dyn Tokenizer>,
    agent: Agent,
    url: String,
    key: Option<String>,
    /// Sent to the server, for models that can shorten their vectors.
    dimensions: Option<usize>,
    patience: Patience,
    /// The server has answered anything: its address is right.
    has_answered: AtomicBool,
}

/// How long one call goes on trying.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub tries: u32,
    /// Before the second try; doubled for each further one.
    pub first_wait: Duration,
    /// All waiting of one request together. Short, because nobody can be stopped in it: whoever has more patience asks again.
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
    /// Prepares the provider. A model that is not known, and whose dimension is not configured, is asked for one vector.
    pub fn new(settings: &Settings) -> Result<Self, EmbedError> {
        Self::with_patience(settings, Patience::default())
    }

    pub(super) fn with_patience(settings: &Settings, patience: Patience) -> Result<Self, EmbedError> {
        let mut provider = Self::unasked(settings, patience)?;
        if provider.model.dimension == 0 {
            let vector = provider.request(&["dimension"])?.pop().unwrap_or_default();
            provider.model.dimension = vector.len();
        }
        Ok(provider)
    }

    /// Prepares the provider without a request. The dimension of a model that is not known is 0 then.
    pub(super) fn unasked(settings: &Settings, patience: Patience) -> Result<Self, EmbedError> {
        if settings.base_url.is_none() && settings.api_key.is_none() {
            return Err(EmbedError::Misconfigured {
                message: "without embed.base_url the provider `openai` calls OpenAI, which wants a key: set \
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
            name: settings.model.clone(),
            provider: "openai".to_owned(),
            dimension: settings.dimensions.or(known.map(|(_, dimension, _)| *dimension)).unwrap_or(0),
            // Not all servers do, and cosine distance does not ask.
            normalized: false,
            query_prefix: String::new(),
            document_prefix: String::new(),
            max_tokens,
        };
        Ok(Self {
            model,
            tokenizer: tokenizer(settings)?,
            agent: Agent::with_parts(config.build(), Connections::default(), Names::default()),
            url: url(settings),
            key: settings.api_key.clone(),
            dimensions: settings.dimensions,
            patience,
            has_answered: AtomicBool::new(false),
        })
    }

    /// Embeds a batch that one request may hold; when the server refuses it, finds the texts that are to blame.
    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self.request(texts) {
            Err(EmbedError::Refused { message, .. }) if texts.len() > 1 => self.bisect(texts, message),
            result => result,
        }
    }

    /// Tries both halves of a refused batch, until so many texts are refused that the caller gives up.
    fn bisect(&self, texts: &[&str], message: String) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (left, right) = texts.split_at(texts.len() / 2);
        let mut vectors = Vec::with_capacity(texts.len());
        let mut refused = Vec::new();
        let mut reason = message;
        for (first, half) in [(0, left), (left.len(), right)] {
            match self.embed_batch(half) {
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

    /// Sends one request until it is answered or patience ends.
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
            // A server that wants more time than is left has its wish told to the caller.
            if attempt >= self.patience.tries || wait > self.patience.longest.saturating_sub(start.elapsed()) {
                return Err(error);
            }
            log::debug!("{error}; trying again in {wait:?}");
            thread::sleep(wait);
        }
    }

    fn request_once(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let body =
            Request { model: &self.model.name, input: texts, encoding_format: "float", dimensions: self.dimensions };
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
        let answer = Answer { server: without_user(&self.url), status, retry_after, body: &body };
        answer.vectors(texts.len(), self.model.dimension)
    }

    /// Servers repeat what they were told: what they refuse is shown and stored.
    fn without_key(&self, body: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(body);
        self.key.as_ref().map_or_else(|| text.to_string(), |key| text.replace(key.as_str(), "…")).into_bytes()
    }

    fn unreachable(&self, error: &ureq::Error) -> EmbedError {
        if let Some(Unreached { address: reached, source }) = Unreached::of(error) {
            let is_its_own = self.url.parse().is_ok_and(|url: Uri| address(&url) == *reached);
            let way = if is_its_own { String::new() } else { format!(" leads to {reached}") };
            return EmbedError::Away {
                message: format!("{}{way}: {source}", without_user(&self.url)),
                has_answered: self.has_answered.load(Ordering::Relaxed),
            };
        }
        let message = format!("{}: {error}", without_user(&self.url));
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

    /// Returns the address that a provider made of `settings` will have, for messages.
    #[must_use]
    pub fn server_of(settings: &Settings) -> String {
        without_user(&url(settings)).to_owned()
    }
}

fn url(settings: &Settings) -> String {
    let base = settings.base_url.as_deref().unwrap_or(DEFAULT_URL).trim_end_matches('/');
    format!("{base}/embeddings")
}

fn without_user(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, server)| server)
}

/// The tokenizer of the model where its folder is installed, an estimate elsewhere.
fn tokenizer(settings: &Settings) -> Result<Box<dyn Tokenizer>, EmbedError> {
    let file = settings.model_dir.join(&settings.model).join("tokenizer.json");
    if file.exists() { Ok(Box::new(WordPiece::load(&file)?)) } else { Ok(Box::new(Estimate)) }
}

impl fmt::Debug for OpenAi {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi")
            .field("model", &self.model)
            .field("server", &without_user(&self.url))
            .finish_non_exhaustive()
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
        Some(without_user(&self.url))
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
