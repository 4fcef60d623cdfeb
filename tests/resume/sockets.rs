//! Bodies that break on real connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use reattempt::{AnyError, Backoff, ManualTimer, RetryPolicy, resume};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::mock::object;

const LEN: usize = 100_000;

/// How a server ends a response that is too short.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Cut {
    Close,
    Reset,
}

/// A server that ends the body of each response after `cuts` bytes, the last one excepted.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(object: Bytes, cuts: Vec<usize>, cut: Cut) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::Relaxed);
                let len = cuts.get(number).copied();
                // The client may be gone already.
                let _ = answer(stream, &object, len, cut).await;
            }
        });
        Self { url, requests }
    }
}

/// Answers one request on a connection of its own.
async fn answer(
    mut stream: TcpStream,
    object: &Bytes,
    len: Option<usize>,
    cut: Cut,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let range = head
        .lines()
        .find_map(|line| line.strip_prefix("range: bytes="));
    let start: usize = range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
    let rest = &object[start..];
    let status = if range.is_none() {
        "200 OK".to_owned()
    } else {
        assert!(head.contains("if-range: \"one\"\r\n"), "{head}");
        let (last, total) = (object.len() - 1, object.len());
        format!("206 Partial Content\r\ncontent-range: bytes {start}-{last}/{total}")
    };
    let headers = format!(
        "content-length: {}\r\nconnection: close\r\netag: \"one\"",
        rest.len()
    );
    stream
        .write_all(format!("HTTP/1.1 {status}\r\n{headers}\r\n\r\n").as_bytes())
        .await?;
    let sent = len.map_or(rest.len(), |len| len.min(rest.len()));
    stream.write_all(&rest[..sent]).await?;
    if len.is_some() && cut == Cut::Reset {
        stream.set_zero_linger()?;
        return Ok(());
    }
    stream.shutdown().await
}

fn client() -> Client<HttpConnector, Empty<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn request(url: &str, headers: HeaderMap) -> Request<Empty<Bytes>> {
    let mut request = Request::get(url).body(Empty::new()).unwrap();
    *request.headers_mut() = headers;
    request
}

/// Downloads the object and asserts that it arrived whole.
async fn download(cuts: Vec<usize>, cut: Cut, object: &Bytes) {
    let breaks = cuts.len();
    let server = Server::start(object.clone(), cuts, cut).await;
    let (client, url) = (client(), server.url.clone());
    // Not every error of hyper is known without the feature `hyper`.
    let policy = RetryPolicy::new(Backoff::none())
        .classify(AnyError)
        .unlimited_attempts();
    let get = resume::get(&policy, |range: resume::Range| {
        client.request(request(&url, range.into_headers()))
    });
    let response = get.timer(ManualTimer::new()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body == *object, "{breaks} breaks, {cut:?}");
    let requests = server.requests.load(Ordering::Relaxed);
    if cut == Cut::Close {
        assert_eq!(requests, breaks + 1);
    } else {
        // A reset may also take the head of the response with it.
        assert!(requests > 1, "{requests} requests");
    }
}

#[tokio::test]
async fn a_close_at_each_of_256_offsets_loses_nothing() {
    let object = object(LEN);
    for number in 0..256 {
        download(vec![number * (LEN - 1) / 255], Cut::Close, &object).await;
    }
}

#[tokio::test]
async fn a_reset_at_each_of_256_offsets_loses_nothing() {
    let object = object(LEN);
    for number in 0..256 {
        download(vec![number * (LEN - 1) / 255], Cut::Reset, &object).await;
    }
}

#[tokio::test]
async fn several_breaks_in_one_download_lose_nothing() {
    let object = object(LEN);
    let cuts = vec![0, 1, 70_000, 1_000, 0, 5];
    for cut in [Cut::Close, Cut::Reset] {
        download(cuts.clone(), cut, &object).await;
    }
}

#[cfg(all(feature = "hyper", feature = "tokio"))]
#[tokio::test(start_paused = true)]
async fn the_errors_of_hyper_are_recognised() {
    let object = object(LEN);
    for cut in [Cut::Close, Cut::Reset] {
        let server = Server::start(object.clone(), vec![10, 20_000], cut).await;
        let (client, url) = (client(), server.url.clone());
        let policy = Arc::new(reattempt::http::policy());
        let get = resume::get(policy, move |range| {
            client.request(request(&url, range.into_headers()))
        });
        let response = get.send().await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body == object);
    }
}

#[cfg(all(feature = "reqwest", feature = "tokio"))]
#[tokio::test(start_paused = true)]
async fn a_download_with_reqwest_is_resumed() {
    let object = object(LEN);
    for cut in [Cut::Close, Cut::Reset] {
        let server = Server::start(object.clone(), vec![10, 20_000], cut).await;
        let (client, url) = (reqwest::Client::new(), server.url.clone());
        let policy = Arc::new(reattempt::http::policy());
        let get = resume::get(policy, move |range| {
            let request = client.get(&url).headers(range.into_headers());
            async { request.send().await.map(http::Response::from) }
        });
        let response = get.send().await.unwrap().map(reqwest::Body::wrap);
        let body = reqwest::Response::from(response).bytes().await.unwrap();
        assert!(body == object);
    }
}
