//! TCP in front of the cluster's Unix socket: plain, or with the TLS that the unpacked servers are built without.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a client sends first when it would like TLS: a length of 8, and the code of the request.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Listens on a port of 127.0.0.1 for as long as the test process lives, and returns the port.
///
/// With a configuration it answers a request for TLS with a handshake, without one it says no.
pub fn listen(socket_dir: &Path, tls: Option<Arc<ServerConfig>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let socket = socket_dir.join(".s.PGSQL.5432");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (socket, tls) = (socket.clone(), tls.clone());
            thread::spawn(move || serve(client, &socket, tls));
        }
    });
    port
}

fn serve(mut client: TcpStream, socket: &PathBuf, tls: Option<Arc<ServerConfig>>) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket)?;
    let mut first = [0; 8];
    client.read_exact(&mut first)?;
    server.set_read_timeout(Some(TICK))?;
    if first != TLS_REQUEST {
        server.write_all(&first)?;
        client.set_read_timeout(Some(TICK))?;
        return pump(client, server);
    }
    let Some(tls) = tls else {
        client.write_all(b"N")?;
        client.set_read_timeout(Some(TICK))?;
        return pump(client, server);
    };
    client.write_all(b"S")?;
    let connection = ServerConnection::new(tls).unwrap();
    let mut client = StreamOwned::new(connection, client);
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock)?;
    }
    client.sock.set_read_timeout(Some(TICK))?;
    pump(client, server)
}

/// How long one side may keep the other waiting.
const TICK: Duration = Duration::from_millis(1);

/// Copies both ways until one side ends.
fn pump(mut client: impl Read + Write, mut server: UnixStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if let Some(count) = available(client.read(&mut buffer))? {
            server.write_all(&buffer[..count])?;
        }
        if let Some(count) = available(server.read(&mut buffer))? {
            client.write_all(&buffer[..count])?;
            client.flush()?;
        }
    }
}

fn available(read: std::io::Result<usize>) -> std::io::Result<Option<usize>> {
    match read {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
        Err(error) => Err(error),
    }
}
