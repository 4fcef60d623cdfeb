//! The demo's stand-in for the metadata service and S3: it fails on a script,
//! and takes nothing without its token or a fresh signature.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{Head, read, reply};

pub(crate) const BUCKET: &str = "demo-bucket";
pub(crate) const KEY: &str = "reports/november (final).csv";

const TOKEN: &str = "demo-imds-token";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const ROLE: &str = "demo-role";
const SESSION: &str = "demo-session-token";

/// What the object holds.
pub(crate) fn object() -> Vec<u8> {
    (0..20_000_u32)
        .flat_map(|row| format!("{row},{}\n", row.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

/// Starts the server and returns its URL.
pub(crate) async fn start() -> io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        let (tokens, objects) = (AtomicUsize::new(0), AtomicUsize::new(0));
        while let Ok((stream, _)) = listener.accept().await {
            // One after another is enough for one client; a lost one is its own loss.
            let _ = answer(stream, &tokens, &objects).await;
        }
    });
    Ok(url)
}

async fn answer(
    mut stream: TcpStream,
    tokens: &AtomicUsize,
    objects: &AtomicUsize,
) -> io::Result<()> {
    let head = read(&mut stream).await?;
    let mut parts = head.line.split(' ');
    let (method, path) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    // The client may send an absolute form; the path is what follows the host.
    let path = path
        .strip_prefix("http://")
        .and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..)))
        .unwrap_or(path);
    match (method, path) {
        ("PUT", "/latest/api/token") => put_token(&mut stream, &head, tokens).await,
        ("GET", path) if path.starts_with(ROLES) => get_metadata(&mut stream, &head, path).await,
        ("GET", path) => get_object(stream, &head, path, objects).await,
        _ => {
            let status = "405 Method Not Allowed";
            error(&mut stream, status, "", "MethodNotAllowed").await
        }
    }
}

async fn put_token(stream: &mut TcpStream, head: &Head, tokens: &AtomicUsize) -> io::Result<()> {
    if tokens.fetch_add(1, Ordering::Relaxed) == 0 {
        return reply(stream, "503 Service Unavailable", "", b"").await;
    }
    let ttl = head.header("x-aws-ec2-metadata-token-ttl-seconds");
    if ttl.is_empty() {
        return reply(stream, "400 Bad Request", "", b"").await;
    }
    reply(stream, "200 OK", "", TOKEN.as_bytes()).await
}

async fn get_metadata(stream: &mut TcpStream, head: &Head, path: &str) -> io::Result<()> {
    if head.header("x-aws-ec2-metadata-token") != TOKEN {
        return reply(stream, "401 Unauthorized", "", b"").await;
    }
    if path == ROLES {
        return reply(stream, "200 OK", "", ROLE.as_bytes()).await;
    }
    let json = format!(
        r#"{{"Code":"Success","AccessKeyId":"ASIADEMO","SecretAccessKey":"demo-secret","Token":"{SESSION}"}}"#
    );
    reply(stream, "200 OK", "", json.as_bytes()).await
}

async fn get_object(
    mut stream: TcpStream,
    head: &Head,
    path: &str,
    objects: &AtomicUsize,
) -> io::Result<()> {
    if let Some(code) = refused(head) {
        return error(&mut stream, "403 Forbidden", "", code).await;
    }
    let (status, headers, code) = match objects.fetch_add(1, Ordering::Relaxed) {
        0 => ("503 Slow Down", "", "SlowDown"),
        // Close the connection with a reset instead of an orderly end.
        1 => return stream.set_zero_linger(),
        2 => ("400 Bad Request", "", "ThrottlingException"),
        3 => (
            "429 Too Many Requests",
            "retry-after: 1\r\n",
            "TooManyRequests",
        ),
        4 => ("500 Internal Server Error", "", "InternalError"),
        _ if path == format!("/{BUCKET}/{}", crate::encoded(KEY)) => {
            let is_cut_off = objects.load(Ordering::Relaxed) == 6;
            return send_object(stream, head, is_cut_off).await;
        }
        _ if path.starts_with(&format!("/{BUCKET}/")) => ("404 Not Found", "", "NoSuchKey"),
        _ => ("404 Not Found", "", "NoSuchBucket"),
    };
    error(&mut stream, status, headers, code).await
}

async fn send_object(mut stream: TcpStream, head: &Head, is_cut_off: bool) -> io::Result<()> {
    let body = object();
    let etag = "etag: \"demo\"\r\n";
    if is_cut_off {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{etag}\r\n");
        stream.write_all(head.as_bytes()).await?;
        let (half, _) = body.split_at(body.len() / 2);
        stream.write_all(half).await?;
        return stream.shutdown().await;
    }
    let Some(start) = resumed_at(head).filter(|start| *start < body.len()) else {
        return reply(&mut stream, "200 OK", etag, &body).await;
    };
    let (last, total) = (body.len().saturating_sub(1), body.len());
    let headers = format!("{etag}content-range: bytes {start}-{last}/{total}\r\n");
    let (_, rest) = body.split_at(start);
    reply(&mut stream, "206 Partial Content", &headers, rest).await
}

/// The first byte that a request asks for, if it asks for the rest of this object.
fn resumed_at(head: &Head) -> Option<usize> {
    let range = head
        .header("range")
        .strip_prefix("bytes=")?
        .strip_suffix('-')?;
    let start = range.parse().ok()?;
    (head.header("if-range") == "\"demo\"").then_some(start)
}

/// Why a signed request is refused, if it is.
fn refused(head: &Head) -> Option<&'static str> {
    let signature = head.header("authorization");
    let date = head.header("x-amz-date");
    let scope = date.get(..8).unwrap_or("no date");
    if !signature.starts_with(&format!("AWS4-HMAC-SHA256 Credential=ASIADEMO/{scope}/"))
        || !signature.contains("Signature=")
    {
        return Some("SignatureDoesNotMatch");
    }
    if !head.header("amz-sdk-request").ends_with("; max=8")
        || !signature.contains("amz-sdk-invocation-id;amz-sdk-request;")
    {
        return Some("MissingSdkHeaders");
    }
    if head.header("x-amz-security-token") != SESSION {
        return Some("InvalidToken");
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "a signature carries the real date"
    )]
    let now = SystemTime::now();
    let fresh = (0..=2)
        .filter_map(|age| now.checked_sub(Duration::from_secs(age)))
        .any(|time| stamp(time) == date);
    (!fresh).then_some("RequestTimeTooSkewed")
}

/// A time as SigV4 writes it: 20261124T090000Z.
fn stamp(time: SystemTime) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let text = httpdate::fmt_http_date(time);
    let mut parts = text.split(' ').skip(1);
    let mut next = || parts.next().unwrap_or_default();
    let (day, month, year, clock) = (next(), next(), next(), next());
    let month = MONTHS.find(month).map_or(0, |at| at / 3).saturating_add(1);
    format!("{year}{month:02}{day}T{}Z", clock.replace(':', ""))
}

async fn error(stream: &mut TcpStream, status: &str, headers: &str, code: &str) -> io::Result<()> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><RequestId>1</RequestId></Error>"
    );
    reply(stream, status, headers, body.as_bytes()).await
}
