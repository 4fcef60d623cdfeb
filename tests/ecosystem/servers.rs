//! Servers on loopback that send fixed responses.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

/// Starts a server that sends each connection the next of `answers` as raw bytes and
/// closes it. `None` closes it without a response. Returns the URL and a thread that
/// returns the number of connections.
pub(crate) fn serve(
    answers: Vec<Option<&'static str>>,
) -> (String, JoinHandle<std::io::Result<usize>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let count = answers.len();
        for answer in answers {
            let (mut stream, _) = listener.accept()?;
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked)?;
            stream.write_all(answer.unwrap_or_default().as_bytes())?;
        }
        Ok(count)
    });
    (url, served)
}

/// A closed connection, throttling in a 400, a 503, a truncated body and a success.
pub(crate) const RESPONSES: [Option<&str>; 5] = [
    None,
    Some(
        "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 32\r\n\r\n\
         {\"__type\":\"ThrottlingException\"} ",
    ),
    Some("HTTP/1.1 503 Slow\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
    Some("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 99\r\n\r\nhal"),
    Some("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nwhole"),
];
