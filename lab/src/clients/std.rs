//! A client of the standard library alone, which opens a connection per attempt.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

use bytes::Bytes;
use http::StatusCode;
use reattempt::aws::AwsClassifier;
use reattempt::http::HttpClassifier;

use crate::cell::observe_blocking;
use crate::{Cell, Failure, Limits, Reply};

/// Returns `None` for failures of what the client does not do: TLS, pooling, URLs, and a
/// timeout for the whole body.
pub(super) fn cell(url: &str, failure: Failure) -> Option<Cell> {
    let is_missing = matches!(failure, Failure::MalformedUrl | Failure::TrickleTimeout);
    if failure.is_https() || failure.is_second_call() || is_missing {
        return None;
    }
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let limits = failure.limits();
    Some(match failure {
        Failure::AwsThrottled => observe_blocking(AwsClassifier::new(), || get(host, limits)),
        _ => observe_blocking(HttpClassifier::new(), || get(host, limits)),
    })
}

fn get(host: &str, limits: Limits) -> io::Result<Reply> {
    let mut addresses = match host.parse() {
        Ok(address) => vec![address].into_iter(),
        Err(_) => (host, 80).to_socket_addrs()?,
    };
    let address = addresses.next().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, limits.connect)?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: lab\r\n\r\n")?;
    stream.set_read_timeout(Some(limits.head))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let (status, length) = parse(&head).ok_or(io::ErrorKind::InvalidData)?;
    stream.set_read_timeout(Some(limits.body))?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let mut reply = Reply::new(Bytes::from(body));
    *reply.status_mut() = status;
    Ok(reply)
}

/// Returns the status and the length of the body.
fn parse(head: &[u8]) -> Option<(StatusCode, usize)> {
    let head = str::from_utf8(head).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let length = head.split("content-length: ").nth(1)?;
    let length = length.lines().next()?.parse().ok()?;
    Some((status, length))
}
