//! A proxy for HTTP, as companies have one: it passes on requests, and tunnels.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The proxy. It listens on 127.0.0.1 for as long as the test process lives.
pub struct WebProxy {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl WebProxy {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                thread::spawn(move || pass(&client, &counter));
            }
        });
        Self { url, connections }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns how many connections were passed on.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn pass(client: &TcpStream, connections: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let host = target.strip_prefix("http://").unwrap_or(target).split('/').next()?;
    let server = TcpStream::connect(host).ok()?;
    connections.fetch_add(1, Ordering::Relaxed);
    if method == "CONNECT" {
        (&*client).write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    } else {
        (&server).write_all(head.replacen(&format!("http://{host}"), "", 1).as_bytes()).ok()?;
    }
    let (mut up, mut down) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || std::io::copy(&mut &server, &mut down));
    std::io::copy(&mut reader, &mut up).ok()?;
    Some(())
}
