//! Servers on loopback that fail in one way each.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// The ways in which a server fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    Refused,
    FailedLookup,
    ResetBeforeHead,
    ClosedBeforeHead,
    ClosedInHead,
    ClosedInBody,
    ClosedInChunk,
    SlowHead,
    Status(u16),
    HttpsWithoutTls,
    MalformedUrl,
}

/// A time limit that the slow server exceeds.
pub(crate) const LIMIT: Duration = Duration::from_millis(30);

/// Returns a URL whose requests fail in this way.
pub(crate) fn url_of(failure: Failure) -> String {
    match failure {
        Failure::Refused => {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            format!("http://{}/", listener.local_addr().unwrap())
        }
        Failure::FailedLookup => "http://reattempt.invalid/".to_owned(),
        // The client connects first, so the port must be open.
        Failure::HttpsWithoutTls => serve(failure).replacen("http", "https", 1),
        Failure::MalformedUrl => "http://[/".to_owned(),
        _ => serve(failure),
    }
}

fn serve(failure: Failure) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            // A client may disconnect before the server responds.
            kept.extend(
                stream
                    .and_then(|stream| fail(stream, failure))
                    .ok()
                    .flatten(),
            );
        }
    });
    url
}

/// Fails one connection. Returns the connection if it must stay open.
fn fail(mut stream: TcpStream, failure: Failure) -> std::io::Result<Option<TcpStream>> {
    let mut request = [0; 4096];
    if failure == Failure::ResetBeforeHead {
        // A socket that is closed with unread data resets the connection.
        stream.peek(&mut request[..1])?;
        return Ok(None);
    }
    let _ = stream.read(&mut request)?;
    match failure {
        Failure::ClosedInHead => stream.write_all(b"HTTP/1.1 200 OK\r\nconte")?,
        Failure::ClosedInBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhal")?;
        }
        Failure::ClosedInChunk => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4")?;
        }
        Failure::Status(status) => {
            let head = format!("HTTP/1.1 {status} No\r\nconnection: close\r\n");
            stream.write_all(format!("{head}content-length: 0\r\n\r\n").as_bytes())?;
        }
        Failure::SlowHead => return Ok(Some(stream)),
        _ => {}
    }
    Ok(None)
}
