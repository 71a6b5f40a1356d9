//! An embedding server that misbehaves: now and then by itself, and always when told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Numbers in a vector.
pub const DIMENSION: usize = 8;

/// A server on 127.0.0.1 for as long as the test process lives.
pub struct Provider {
    /// For `embed.base_url`.
    pub url: String,
    /// It answers nothing but 503.
    pub is_down: Arc<AtomicBool>,
}

impl Provider {
    /// Starts it. Each answer takes `pause`; with `moody`, one in eight is an error, or none at all.
    pub fn start(pause: Duration, moody: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let is_down = Arc::new(AtomicBool::new(false));
        let (down, number) = (Arc::clone(&is_down), Arc::new(AtomicU64::new(0)));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (down, number) = (Arc::clone(&down), Arc::clone(&number));
                thread::spawn(move || {
                    let mut connection = connection;
                    while let Some(request) = read(&mut connection) {
                        thread::sleep(pause);
                        let mood = if moody { number.fetch_add(1, Ordering::Relaxed) % 32 } else { 0 };
                        let (status, body) = match mood {
                            _ if down.load(Ordering::Relaxed) => (503, error("down")),
                            7 => (429, error("too many requests")),
                            15 => (500, error("out of sorts")),
                            23 => (200, r#"{"data": [{"emb"#.to_owned()),
                            31 => return,
                            _ => (200, vectors(&request)),
                        };
                        let head = format!(
                            "HTTP/1.1 {status} X\r\nretry-after-ms: 20\r\ncontent-length: {}\r\n\r\n",
                            body.len()
                        );
                        if connection.write_all((head + &body).as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url, is_down }
    }
}

fn error(message: &str) -> String {
    json!({ "error": { "message": message } }).to_string()
}

/// The same vector for the same text, always.
fn vectors(request: &Value) -> String {
    let vector = |text: &Value| -> Vec<f64> {
        let digest = Sha256::digest(text.as_str().unwrap().as_bytes());
        digest.iter().take(DIMENSION).map(|byte| f64::from(*byte) / 256.0 + 0.001).collect()
    };
    let input = request["input"].as_array().unwrap();
    let data: Vec<Value> = input.iter().map(|text| json!({ "embedding": vector(text) })).collect();
    json!({ "data": data }).to_string()
}

fn read(connection: &mut TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(connection);
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        if reader.read_line(&mut headers).ok()? == 0 {
            return None;
        }
    }
    let headers = headers.to_lowercase();
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
