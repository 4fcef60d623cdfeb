//! Servers on loopback that fail in one way each.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use socket2::SockRef;

use crate::fill::FullListener;
use crate::{BODY, Failure, tls};

/// The head of a response whose body is [`BODY`].
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\n";

/// The address of a server that fails.
#[derive(Debug)]
pub struct Target {
    /// Its URL.
    pub url: String,
    /// The listener of [`Failure::ConnectTimeout`], which must stay full.
    _full: Option<FullListener>,
}

impl Target {
    /// Starts a server that fails in this way. It runs until the process ends.
    #[must_use]
    pub fn new(failure: Failure) -> Self {
        let mut full = None;
        let url = match failure {
            Failure::FailedLookup => "http://reattempt.invalid/".to_owned(),
            Failure::MalformedUrl => "http://[/".to_owned(),
            Failure::Refused => url(failure, closed_port()),
            Failure::ConnectTimeout => {
                let listener = FullListener::new();
                let url = url(failure, listener.address);
                full = Some(listener);
                url
            }
            _ => url(failure, serve(failure)),
        };
        Self { url, _full: full }
    }
}

fn url(failure: Failure, address: SocketAddr) -> String {
    let scheme = if failure.is_https() { "https" } else { "http" };
    format!("{scheme}://{address}/")
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("the listener is bound");
    (listener, address)
}

/// Returns the address of a listener that is closed again.
fn closed_port() -> SocketAddr {
    listen().1
}

/// Handles each connection on a thread of its own.
fn serve(failure: Failure) -> SocketAddr {
    let (listener, address) = listen();
    let server = Server {
        failure,
        tls: failure.is_tls().then(|| tls::server_config(failure)),
        requests: Arc::default(),
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = server.clone();
            // A client may disconnect before the server has responded.
            thread::spawn(move || server.handle(stream).ok());
        }
    });
    address
}

#[derive(Clone)]
struct Server {
    failure: Failure,
    tls: Option<Arc<rustls::ServerConfig>>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn handle(&self, tcp: TcpStream) -> io::Result<()> {
        tcp.set_nodelay(true)?;
        match self.failure {
            Failure::TlsTimeout => return stall(tcp),
            Failure::TlsToPlainPort => {
                let _ = (&tcp).read(&mut [0; 4096])?;
                return (&tcp).write_all(&error("400 Bad Request", ""));
            }
            Failure::TlsClosed => {
                // Wait for the first bytes of the client, and read them, so that the
                // connection is closed and not reset.
                let _ = (&tcp).read(&mut [0; 4096])?;
                return Ok(());
            }
            _ => {}
        }
        let socket = tcp.try_clone()?;
        match &self.tls {
            None => self.respond(tcp, &socket),
            Some(config) => {
                let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
                self.respond(StreamOwned::new(connection, tcp), &socket)
            }
        }
    }

    /// Responds to each request of a connection. `socket` is the connection below TLS.
    fn respond<S: Read + Write>(&self, mut stream: S, socket: &TcpStream) -> io::Result<()> {
        loop {
            read_request(&mut stream)?;
            let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
            let is_first = number == 1;
            match self.failure {
                Failure::ResetBeforeHead => return reset(socket),
                Failure::ResetInHead => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nconte")?;
                    return reset(socket);
                }
                Failure::ClosedInHead => return stream.write_all(b"HTTP/1.1 200 OK\r\nconte"),
                Failure::HeadTimeout => return stall(stream),
                Failure::NotHttp => return stream.write_all(b"220 mail.example ESMTP\r\n\r\n"),
                Failure::IdleClosedOnRequest if number == 2 => return Ok(()),
                Failure::ResetInBody
                | Failure::ClosedInBody
                | Failure::TlsClosedInBody
                | Failure::BodyTimeout => return self.break_body(stream, socket),
                Failure::Trickle | Failure::TrickleTimeout => trickle(&mut stream)?,
                Failure::Throttled => stream.write_all(&error("429 Too Many Requests", ""))?,
                Failure::Unavailable => stream.write_all(&error("503 Unavailable", ""))?,
                Failure::NotFound => stream.write_all(&error("404 Not Found", ""))?,
                Failure::AwsThrottled => {
                    let body = r#"{"__type":"ThrottlingException"}"#;
                    stream.write_all(&error("400 Bad Request", body))?;
                }
                Failure::LongBody if is_first => {
                    stream.write_all(&[OK, BODY, b"and more"].concat())?;
                }
                Failure::TwoResponses if is_first => {
                    stream.write_all(&[OK, BODY, OK, b"9876543210"].concat())?;
                }
                Failure::IdleClosed if is_first => return stream.write_all(&[OK, BODY].concat()),
                _ => stream.write_all(&[OK, BODY].concat())?,
            }
            stream.flush()?;
        }
    }

    /// Sends a part of the body.
    fn break_body<S: Write>(&self, mut stream: S, socket: &TcpStream) -> io::Result<()> {
        stream.write_all(&[OK, &BODY[..4]].concat())?;
        stream.flush()?;
        match self.failure {
            Failure::ResetInBody => reset(socket),
            Failure::BodyTimeout => stall(stream),
            _ => Ok(()),
        }
    }
}

/// Reads one request without a body.
pub(crate) fn read_request(stream: &mut impl Read) -> io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    Ok(())
}

fn error(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Writes a byte of the body every 10 ms.
fn trickle(stream: &mut impl Write) -> io::Result<()> {
    stream.write_all(OK)?;
    for byte in BODY {
        thread::sleep(Duration::from_millis(10));
        stream.write_all(&[*byte])?;
        stream.flush()?;
    }
    Ok(())
}

/// Resets the connection when its last handle is dropped.
pub(crate) fn reset(socket: &TcpStream) -> io::Result<()> {
    SockRef::from(socket).set_linger(Some(Duration::ZERO))
}

/// Keeps the connection open for longer than any client waits.
fn stall<S>(stream: S) -> io::Result<()> {
    thread::sleep(Duration::from_mins(10));
    drop(stream);
    Err(io::ErrorKind::TimedOut.into())
}
