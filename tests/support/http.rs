//! An embedding server of the test's own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::Value;

/// Listens on 127.0.0.1 for as long as the test process lives, and returns the URL for `embed.base_url`.
///
/// `answer` is given the headers and the JSON body of a request, and returns status and body; none hangs up.
pub fn serve(answer: impl Fn(&str, &Value) -> Option<(u16, String)> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                while let Some((headers, body)) = read(&mut connection) {
                    let Some((status, body)) = answer(&headers, &body) else { return };
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status} X\r\nretry-after-ms: 20\r\ncontent-length: {length}\r\n\r\n");
                    if connection.write_all((head + &body).as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

fn read(connection: &mut TcpStream) -> Option<(String, Value)> {
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
