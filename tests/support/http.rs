//! An embedding server for a test.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use serde_json::Value;

use super::embedding_server::{read, write};

/// Listens on 127.0.0.1 until the test process ends. Returns the URL for `embed.base_url`.
///
/// `answer` gets the headers and the JSON body of a request. It returns status and body, or `None` to close the connection.
pub fn serve(answer: impl Fn(&str, &Value) -> Option<(u16, String)> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                while let Some((headers, request)) = read(&mut connection) {
                    let Some((status, body)) = answer(&headers, &request) else { return };
                    if write(&mut connection, status, "retry-after-ms: 20\r\n", &body).is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}
