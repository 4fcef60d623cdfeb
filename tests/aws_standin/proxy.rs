//! A proxy that makes some requests fail.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use http::Request;
use http_body_util::Full;
use reattempt::{Backoff, Jitter};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::{client, wire};

/// A failure that the proxy causes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Returns a throttling error in the format of the service.
    Throttled,
    /// Returns this status without a body.
    Failing(u16),
    /// Resets the connection.
    Reset,
    /// Forwards the request and returns the first half of the body.
    Half,
    /// Does not respond.
    Stalled,
}

pub(crate) const FAULTS: [Fault; 6] = [
    Fault::Throttled,
    Fault::Failing(500),
    Fault::Failing(503),
    Fault::Reset,
    Fault::Half,
    Fault::Stalled,
];

/// Returns up to four faults that a seed selects from the first `kinds` of `FAULTS`.
pub(crate) fn script(seed: u64, kinds: usize) -> VecDeque<Fault> {
    let delays = Backoff::constant(Duration::from_secs(1)).jitter(Jitter::Full);
    let mut draws = delays
        .delays_seeded(seed)
        .map(|delay| delay.subsec_nanos() as usize);
    let mut draw = |below: usize| draws.next().unwrap() % below;
    let count = draw(5);
    (0..count).map(|_| FAULTS[draw(kinds)]).collect()
}

/// Starts a proxy for `url` that causes these faults, one per request, and forwards all
/// later requests. Returns its URL.
pub(crate) async fn proxy(url: &str, faults: VecDeque<Fault>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let proxy_url = format!("http://{}", listener.local_addr().unwrap());
    let (url, mut faults) = (url.to_owned(), faults);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let fault = faults.pop_front();
            let url = url.clone();
            tokio::spawn(async move { relay(stream, &url, fault).await });
        }
    });
    proxy_url
}

/// Handles one request.
async fn relay(mut stream: TcpStream, url: &str, fault: Option<Fault>) -> io::Result<()> {
    let received = wire::read(&mut stream).await?;
    match fault {
        Some(Fault::Reset) => return stream.set_zero_linger(),
        Some(Fault::Stalled) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return Ok(());
        }
        Some(Fault::Failing(status)) => {
            return wire::reply(&mut stream, &format!("{status} Fault"), "", b"").await;
        }
        Some(Fault::Throttled) => {
            let (status, headers, body) = throttling_error(&received);
            return wire::reply(&mut stream, status, headers, body.as_bytes()).await;
        }
        Some(Fault::Half) | None => {}
    }
    let mut parts = received.line.split(' ');
    let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{url}{path}"));
    for (name, value) in &received.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::from(received.body.clone())).unwrap();
    let (head, body) = client::send(request).await?.into_parts();
    let half = body.len() / 2;
    let body = if fault.is_some() {
        body.slice(..half)
    } else {
        body
    };
    let mut text = format!("HTTP/1.1 {}\r\nconnection: close\r\n", head.status);
    for (name, value) in &head.headers {
        if name != "connection" && name != "transfer-encoding" {
            write!(text, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
        }
    }
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    stream.write_all(&body).await?;
    stream.shutdown().await
}

/// Returns the status, headers and body of a throttling error in the format of the requested
/// service.
fn throttling_error(received: &wire::Head) -> (&'static str, &'static str, &'static str) {
    let body = String::from_utf8_lossy(&received.body);
    if !received.header("x-amz-target").is_empty() {
        let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#;
        (
            "400 Bad Request",
            "content-type: application/x-amz-json-1.0\r\n",
            body,
        )
    } else if body.contains("Version=2016-11-15") {
        let body = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
        (
            "503 Service Unavailable",
            "content-type: text/xml\r\n",
            body,
        )
    } else if body.contains("Action=") {
        let body = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
        ("400 Bad Request", "content-type: text/xml\r\n", body)
    } else if received.line.contains("/functions") {
        let header = "x-amzn-errortype: TooManyRequestsException\r\n";
        ("429 Too Many Requests", header, "{}")
    } else {
        let body = "<Error><Code>SlowDown</Code></Error>";
        ("503 Slow Down", "content-type: application/xml\r\n", body)
    }
}
