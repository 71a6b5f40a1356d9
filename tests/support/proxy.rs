//! A TCP proxy for the cluster's Unix socket. It can add TLS, which the unpacked servers do not support.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The request of a client for TLS: a length of 8, and the code of the request.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The network between the clients and the server. It exists until the test process ends.
#[derive(Clone)]
pub struct Network {
    /// The port on 127.0.0.1.
    pub port: u16,
    stalled: Arc<AtomicBool>,
    cut: Arc<AtomicBool>,
    /// The number of bytes that clients may still send.
    left: Arc<AtomicUsize>,
}

/// Listens on a port of 127.0.0.1, and returns the port.
///
/// With a configuration, it answers a request for TLS with a handshake. Without one, it refuses.
pub fn listen(socket_dir: &Path, tls: Option<Arc<ServerConfig>>) -> u16 {
    Network::before(socket_dir, tls).port
}

impl Network {
    /// Returns a network for the socket of a server, with TLS if there is a configuration.
    pub fn before(socket_dir: &Path, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = Self { port, stalled: Arc::default(), cut: Arc::default(), left: Arc::default() };
        network.left.store(usize::MAX, Ordering::SeqCst);
        let (socket, shared) = (socket_dir.join(".s.PGSQL.5432"), network.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (socket, tls, network) = (socket.clone(), tls.clone(), shared.clone());
                thread::spawn(move || network.serve(client, &socket, tls));
            }
        });
        network
    }

    /// Stops all data. Connections stay open.
    pub fn stall(&self) {
        self.stalled.store(true, Ordering::SeqCst);
    }

    /// Closes all connections, and rejects new ones.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Closes one connection after clients have sent `bytes` more bytes.
    pub fn cut_after(&self, bytes: usize) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// Returns whether [`Network::cut_after`] has not taken effect yet.
    pub fn is_about_to_cut(&self) -> bool {
        self.left.load(Ordering::SeqCst) < usize::MAX
    }

    /// Restores the network.
    pub fn heal(&self) {
        self.cut.store(false, Ordering::SeqCst);
        self.stalled.store(false, Ordering::SeqCst);
    }

    fn serve(&self, mut client: TcpStream, socket: &PathBuf, tls: Option<Arc<ServerConfig>>) -> std::io::Result<()> {
        if self.cut.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut server = UnixStream::connect(socket)?;
        let mut first = [0; 8];
        client.read_exact(&mut first)?;
        server.set_read_timeout(Some(TICK))?;
        if first == TLS_REQUEST {
            client.write_all(if tls.is_some() { b"S" } else { b"N" })?;
        } else {
            server.write_all(&first)?;
        }
        let Some(tls) = tls.filter(|_| first == TLS_REQUEST) else {
            client.set_read_timeout(Some(TICK))?;
            return self.pump(client, server);
        };
        let mut client = StreamOwned::new(ServerConnection::new(tls).unwrap(), client);
        while client.conn.is_handshaking() {
            client.conn.complete_io(&mut client.sock)?;
        }
        client.sock.set_read_timeout(Some(TICK))?;
        self.pump(client, server)
    }

    /// Copies data in both directions until one side closes the connection or the network is cut.
    fn pump(&self, mut client: impl Read + Write, mut server: UnixStream) -> std::io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        while !self.cut.load(Ordering::SeqCst) {
            if self.stalled.load(Ordering::SeqCst) {
                thread::sleep(TICK);
                continue;
            }
            if let Some(count) = available(client.read(&mut buffer))? {
                if self.is_about_to_cut()
                    && self.left.fetch_sub(count.min(self.left.load(Ordering::SeqCst)), Ordering::SeqCst) <= count
                {
                    self.left.store(usize::MAX, Ordering::SeqCst);
                    return Ok(());
                }
                server.write_all(&buffer[..count])?;
            }
            if let Some(count) = available(server.read(&mut buffer))? {
                client.write_all(&buffer[..count])?;
                client.flush()?;
            }
        }
        Ok(())
    }
}

/// How long the proxy waits for data from one side before it checks the other side.
const TICK: Duration = Duration::from_millis(1);

fn available(read: std::io::Result<usize>) -> std::io::Result<Option<usize>> {
    match read {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
        Err(error) => Err(error),
    }
}
