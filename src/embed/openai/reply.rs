//! Reads the answer of a server.

use std::time::Duration;

use serde::Deserialize;
use serde_json::error::Category;
use ureq::http::HeaderMap;

use crate::embed::EmbedError;

/// An answer of the server.
pub struct Answer<'a> {
    /// The address of the server, for messages.
    pub server: &'a str,
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: &'a [u8],
    /// Whether the request had a harmless text, and the server has never returned vectors. Then a text cannot be the cause of
    /// an answer without embeddings.
    pub is_first_probe: bool,
}

#[derive(Deserialize)]
struct Embeddings {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    index: Option<usize>,
    /// Servers write `null` for NaN.
    embedding: Vec<Option<f64>>,
}

impl Answer<'_> {
    /// Returns one vector for each text, in order. With `dimension` 0, any length is accepted.
    pub fn vectors(&self, texts: usize, dimension: usize) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self.status {
            200..=299 => self.read(texts, dimension),
            429 if self.is_about("insufficient_quota") => Err(self.misconfigured("the account has no quota left")),
            429 | 503 => Err(EmbedError::Busy { message: self.message(), retry_after: self.retry_after }),
            401 | 403 => Err(self.misconfigured("check TRAILBLAZER_EMBED_API_KEY")),
            404 | 405 => Err(self.misconfigured("check embed.model and embed.base_url")),
            400 | 413 | 422 => Err(EmbedError::Refused { positions: (0..texts).collect(), message: self.message() }),
            _ => Err(EmbedError::Transient { message: self.message() }),
        }
    }

    fn read(&self, texts: usize, dimension: usize) -> Result<Vec<Vec<f32>>, EmbedError> {
        let answer: Embeddings = serde_json::from_slice(self.body).map_err(|error| self.unreadable(&error))?;
        let mut vectors = vec![Vec::new(); texts];
        let mut refused = Vec::new();
        for (i, Embedding { index, embedding }) in answer.data.into_iter().enumerate() {
            let position = index.unwrap_or(i);
            let target = vectors.get_mut(position).ok_or_else(|| self.nonsense("more vectors than texts"))?;
            if dimension > 0 && embedding.len() != dimension {
                let found = embedding.len();
                return Err(self.misconfigured(&format!(
                    "the vectors have {found} numbers instead of {dimension}; check embed.model"
                )));
            }
            let numbers: Option<Vec<f32>> =
                embedding.into_iter().map(|x| x.map(single).filter(|x| x.is_finite())).collect();
            match numbers.filter(|numbers| numbers.iter().any(|x| *x != 0.0)) {
                Some(numbers) => *target = numbers,
                None => refused.push(position),
            }
        }
        if !refused.is_empty() {
            let message = format!("{}: a vector contains only zeros, or a number that is not finite", self.server);
            return Err(EmbedError::Refused { positions: refused, message });
        }
        if vectors.iter().any(Vec::is_empty) {
            return Err(self.nonsense("fewer vectors than texts"));
        }
        Ok(vectors)
    }

    fn is_about(&self, code: &str) -> bool {
        String::from_utf8_lossy(self.body).contains(code)
    }

    fn message(&self) -> String {
        let said = Some(said(self.body)).filter(|said| !said.is_empty());
        format!("{} answered {}{}", self.server, self.status, said.map(|said| format!(": {said}")).unwrap_or_default())
    }

    fn misconfigured(&self, what: &str) -> EmbedError {
        let message = if self.status < 300 { self.server.to_owned() } else { self.message() };
        EmbedError::Misconfigured { message: format!("{message}; {what}") }
    }

    /// Returns the error for an answer without embeddings. A program that is not an embedding server, such as a web
    /// page, may have sent it. An answer that ends too early is a temporary failure.
    fn unreadable(&self, error: &serde_json::Error) -> EmbedError {
        match error.classify() {
            _ if !self.is_first_probe => self.nonsense(&error.to_string()),
            Category::Syntax => self.misconfigured("the answer is not JSON; check embed.base_url"),
            Category::Data => {
                self.misconfigured(&format!("the answer has no embeddings, {error}; check embed.base_url"))
            }
            Category::Eof | Category::Io => self.nonsense(&error.to_string()),
        }
    }

    fn nonsense(&self, what: &str) -> EmbedError {
        EmbedError::Transient { message: format!("{} sent an invalid answer: {what}", self.server) }
    }
}

/// Converts to single precision. Numbers that are too large become infinite.
#[expect(clippy::cast_possible_truncation, reason = "vectors are stored in single precision")]
fn single(x: f64) -> f32 {
    x as f32
}

/// Returns the message from the body of an error, shortened. Servers put it in different places.
fn said(body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let places = ["/error/message", "/error", "/message", "/detail"];
    let message = places.iter().find_map(|place| json.pointer(place)?.as_str().map(str::to_owned));
    let message = message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

/// Returns how long the server asks the client to wait. The header has seconds, milliseconds or a date.
#[expect(clippy::disallowed_methods, reason = "a date in the header refers to the wall clock")]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| header(name).and_then(|value| value.trim().parse::<f64>().ok());
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after"));
    let until = || {
        let time = chrono::DateTime::parse_from_rfc2822(header("retry-after")?).ok()?;
        Some(time.signed_duration_since(chrono::Utc::now()).to_std().unwrap_or_default())
    };
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).or_else(until)
}
