//! An embedding server that fails at random, or always on request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::http;

/// The dimension of its vectors.
pub const DIMENSION: usize = 8;

/// A server on 127.0.0.1 that runs until the test process ends.
pub struct Provider {
    /// The value for `embed.base_url`.
    pub url: String,
    /// Whether it answers every request with 503.
    pub is_down: Arc<AtomicBool>,
}

impl Provider {
    /// Starts the server. Each answer takes `pause`. With `moody`, one in eight answers is an error or missing.
    pub fn start(pause: Duration, moody: bool) -> Self {
        let is_down = Arc::new(AtomicBool::new(false));
        let (down, number) = (Arc::clone(&is_down), AtomicU64::new(0));
        let url = http::serve(move |_, request| {
            thread::sleep(pause);
            let mood = if moody { number.fetch_add(1, Ordering::Relaxed) % 32 } else { 0 };
            match mood {
                _ if down.load(Ordering::Relaxed) => Some((503, error("down"))),
                7 => Some((429, error("too many requests"))),
                // Only for several texts: if the server fails for one text, that text counts as the cause.
                15 if texts(request) > 1 => Some((500, error("out of sorts"))),
                23 if texts(request) > 1 => Some((200, r#"{"data": [{"emb"#.to_owned())),
                31 => None,
                _ => Some((200, vectors(request))),
            }
        });
        Self { url, is_down }
    }
}

fn error(message: &str) -> String {
    json!({ "error": { "message": message } }).to_string()
}

/// Returns the number of texts in a request.
fn texts(request: &Value) -> usize {
    request["input"].as_array().map_or(0, Vec::len)
}

/// Always returns the same vector for the same text.
fn vectors(request: &Value) -> String {
    let vector = |text: &Value| -> Vec<f64> {
        let digest = Sha256::digest(text.as_str().unwrap().as_bytes());
        digest.iter().take(DIMENSION).map(|byte| f64::from(*byte) / 256.0 + 0.001).collect()
    };
    let input = request["input"].as_array().unwrap();
    let data: Vec<Value> = input.iter().map(|text| json!({ "embedding": vector(text) })).collect();
    json!({ "data": data }).to_string()
}
