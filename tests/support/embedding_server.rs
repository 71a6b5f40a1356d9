//! An embedding server with `/v1/embeddings` that fails on request.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A status, headers and a body. Status 0 closes the connection without an answer.
pub type Reply = (u16, &'static str, String);

/// A server whose answers come from `behave`, which gets the number and the body of the request.
pub struct EmbeddingServer {
    /// The address before `/embeddings`.
    pub url: String,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl EmbeddingServer {
    /// Starts the server on a free port.
    pub fn start(behave: impl Fn(usize, &Value) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(mut connection) = connection else { break };
                let Some((headers, mut request)) = read(&mut connection) else { continue };
                request["headers"] = headers.to_lowercase().into();
                let number = seen.lock().unwrap().len();
                let (status, headers, body) = behave(number, &request);
                seen.lock().unwrap().push(request);
                if status > 0 {
                    let _ = write(&mut connection, status, &format!("connection: close\r\n{headers}"), &body);
                }
            }
        });
        Self { url, requests }
    }

    /// Returns the bodies of all requests, with the request headers in `headers`.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads a request: its headers and its JSON body. Returns `None` if the client has closed the connection.
pub fn read(connection: &mut TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(connection);
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        if reader.read_line(&mut headers).ok()? == 0 {
            return None;
        }
    }
    let lower = headers.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    Some((headers, serde_json::from_slice(&body).ok()?))
}

/// Writes a response. Each of its `headers` ends with a line break.
pub fn write(connection: &mut TcpStream, status: u16, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n");
    connection.write_all((head + body).as_bytes())
}

/// Returns vectors that contain the length of each text, in reversed order.
pub fn good(request: &Value) -> Reply {
    let input = request["input"].as_array().unwrap();
    let vector = |text: &Value| json!([text.as_str().unwrap().len(), 1.0, 0.0]);
    let data: Vec<Value> =
        input.iter().enumerate().rev().map(|(i, text)| json!({ "index": i, "embedding": vector(text) })).collect();
    (200, "", json!({ "data": data }).to_string())
}

/// Returns an error.
pub fn error(status: u16, headers: &'static str, message: &str) -> Reply {
    (status, headers, json!({ "error": { "message": message } }).to_string())
}

/// Returns vectors that depend on the words of the text. Only the first `most` words are read, and the others are ignored.
pub fn truncated(request: &Value, most: usize) -> Reply {
    let vector = |text: &Value| {
        let mut vector = [0_u32; 3];
        for word in text.as_str().unwrap().split_whitespace().take(most) {
            let hash = word.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
            vector[usize::try_from(hash % 3).unwrap()] += 1 + hash % 97;
        }
        json!(vector)
    };
    let texts = request["input"].as_array().unwrap().iter().enumerate();
    let data: Vec<Value> = texts.map(|(i, text)| json!({ "index": i, "embedding": vector(text) })).collect();
    (200, "", json!({ "data": data }).to_string())
}
