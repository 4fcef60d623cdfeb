//! Servers on loopback that send fixed responses.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;

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

/// Reads the whole body of a response.
pub(crate) async fn read_whole<B: http_body::Body>(
    response: Response<B>,
) -> Result<Response<Bytes>, B::Error> {
    let (head, body) = response.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// Checks that a call returned the last of [`RESPONSES`], after one request for each.
#[track_caller]
pub(crate) fn assert_served(
    response: &Response<impl AsRef<[u8]>>,
    served: JoinHandle<std::io::Result<usize>>,
) {
    assert_eq!(
        (response.status().as_u16(), response.body().as_ref()),
        (200, &b"whole"[..])
    );
    assert_eq!(served.join().unwrap().unwrap(), 5);
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
