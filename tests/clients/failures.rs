//! Each failure with reqwest, hyper-util, hyper alone, ureq and std.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use reattempt::http::{ErrorClassifier, error_policy, judge_error};
use reattempt::{Backoff, Classify, ErrorKind, StopReason, Verdict};

use super::servers::{Failure, LIMIT, url_of};

type Boxed = Box<dyn Error + Send + Sync>;

const TRANSIENT: Verdict = Verdict::retry(ErrorKind::Transient);
const UNSENT: Verdict = Verdict::retry(ErrorKind::Unsent);
const SERVER: Verdict = Verdict::retry(ErrorKind::Server);
const THROTTLING: Verdict = Verdict::retry(ErrorKind::Throttling);

/// The failures below HTTP, with their verdict for every client.
const CONNECTION: [(Failure, Verdict); 8] = [
    (Failure::Refused, UNSENT),
    (Failure::FailedLookup, UNSENT),
    (Failure::ResetBeforeHead, TRANSIENT),
    (Failure::ClosedBeforeHead, TRANSIENT),
    (Failure::ClosedInHead, TRANSIENT),
    (Failure::ClosedInBody, TRANSIENT),
    (Failure::ClosedInChunk, TRANSIENT),
    (Failure::SlowHead, TRANSIENT),
];

const FATAL: [(Failure, Verdict); 2] = [
    (Failure::HttpsWithoutTls, Verdict::Permanent),
    (Failure::MalformedUrl, Verdict::Permanent),
];

const STATUSES: [(Failure, Verdict); 3] = [
    (Failure::Status(429), THROTTLING),
    (Failure::Status(503), SERVER),
    (Failure::Status(403), Verdict::Permanent),
];

/// Returns the time limit of an attempt. It is short only for the server that never
/// responds: on a busy machine, any other failure may take long.
const fn limit_of(failure: Failure) -> Duration {
    match failure {
        Failure::SlowHead => LIMIT,
        _ => Duration::from_secs(60),
    }
}

async fn by_reqwest(client: &reqwest::Client, failure: Failure) -> reqwest::Result<Bytes> {
    let request = client.get(url_of(failure)).timeout(limit_of(failure));
    let response = request.send().await?;
    response.error_for_status()?.bytes().await
}

async fn by_hyper_util(
    client: &Client<HttpConnector, Empty<Bytes>>,
    failure: Failure,
) -> Result<Bytes, Boxed> {
    let exchange = async {
        let response = client.get(url_of(failure).parse()?).await?;
        Ok::<_, Boxed>(response.into_body().collect().await?.to_bytes())
    };
    tokio::time::timeout(limit_of(failure), exchange).await?
}

async fn by_hyper(failure: Failure) -> Result<Bytes, Boxed> {
    let exchange = async {
        let url: http::Uri = url_of(failure).parse()?;
        let port = url.port_u16().unwrap_or(80);
        let host = url.host().unwrap_or_default();
        let stream = tokio::net::TcpStream::connect((host, port)).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = http::Request::new(Empty::<Bytes>::new());
        let response = sender.send_request(request).await?;
        Ok::<_, Boxed>(response.into_body().collect().await?.to_bytes())
    };
    tokio::time::timeout(limit_of(failure), exchange).await?
}

fn by_ureq(agent: &ureq::Agent, failure: Failure) -> Result<Vec<u8>, ureq::Error> {
    let request = agent.get(url_of(failure)).config();
    let request = request.timeout_recv_response(Some(limit_of(failure)));
    request.build().call()?.into_body().read_to_vec()
}

/// A client of the standard library alone, which reads up to the promised length.
fn by_std(failure: Failure) -> io::Result<Vec<u8>> {
    let url = url_of(failure);
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = if host.contains(':') {
        TcpStream::connect(host)?
    } else {
        TcpStream::connect((host, 80))?
    };
    stream.set_read_timeout(Some(limit_of(failure)))?;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    let mut response = vec![0; 64];
    stream.read_exact(&mut response)?;
    Ok(response)
}

/// Returns the attempts and the reason that a call of at most 3 attempts should have.
const fn expected(verdict: Verdict) -> (u32, StopReason) {
    if verdict.is_retry() {
        (3, StopReason::OutOfAttempts)
    } else {
        (1, StopReason::Permanent)
    }
}

#[tokio::test]
async fn reqwest_errors_are_judged_by_their_cause() {
    let client = reqwest::Client::new();
    let policy = error_policy().backoff(Backoff::none());
    for (failure, verdict) in CONNECTION.into_iter().chain(FATAL).chain(STATUSES) {
        let outcome = policy
            .retry(|_| by_reqwest(&client, failure))
            .outcome()
            .await;
        let found = ErrorClassifier::new().classify(outcome.result.as_ref());
        assert_eq!(found, verdict, "{failure:?}: {:?}", outcome.result);
        assert_eq!((outcome.attempts, outcome.reason), expected(verdict));
    }
}

#[tokio::test]
async fn hyper_util_errors_are_judged_by_their_cause() {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let judge = ErrorClassifier::new().boxed();
    for (failure, verdict) in CONNECTION.into_iter().chain(FATAL) {
        let result = by_hyper_util(&client, failure).await;
        let found = judge.classify(result.as_ref());
        assert_eq!(found, verdict, "{failure:?}: {result:?}");
    }
}

#[tokio::test]
async fn hyper_errors_are_judged_by_their_cause() {
    let judge = ErrorClassifier::new().boxed();
    for (failure, verdict) in CONNECTION {
        let result = by_hyper(failure).await;
        let found = judge.classify(result.as_ref());
        assert_eq!(found, verdict, "{failure:?}: {result:?}");
    }
}

#[test]
fn ureq_errors_are_judged_by_their_cause() {
    let agent = ureq::Agent::new_with_defaults();
    let policy = error_policy().backoff(Backoff::none());
    for (failure, verdict) in CONNECTION.into_iter().chain(FATAL).chain(STATUSES) {
        let outcome = policy
            .retry_blocking(|_| by_ureq(&agent, failure))
            .outcome();
        let found = ErrorClassifier::new().classify(outcome.result.as_ref());
        assert_eq!(found, verdict, "{failure:?}: {:?}", outcome.result);
        assert_eq!((outcome.attempts, outcome.reason), expected(verdict));
    }
}

#[test]
fn std_errors_are_judged_by_their_cause() {
    for (failure, verdict) in CONNECTION {
        let result = by_std(failure);
        let found = ErrorClassifier::new().classify(result.as_ref());
        assert_eq!(found, verdict, "{failure:?}: {result:?}");
    }
}

#[test]
fn overrides_apply_to_status_errors_of_ureq() {
    let (gone, slow) = (http::StatusCode::GONE, http::StatusCode::TOO_MANY_REQUESTS);
    let judge = ErrorClassifier::new().also_retry(gone).never_retry(slow);
    let agent = ureq::Agent::new_with_defaults();
    for (status, verdict) in [(410, TRANSIENT), (429, Verdict::Permanent)] {
        let result = by_ureq(&agent, Failure::Status(status));
        assert_eq!(judge.classify(result.as_ref()), verdict, "{status}");
    }
}

#[tokio::test]
async fn overrides_apply_to_status_errors_of_reqwest() {
    let (gone, slow) = (http::StatusCode::GONE, http::StatusCode::TOO_MANY_REQUESTS);
    let judge = ErrorClassifier::new().also_retry(gone).never_retry(slow);
    let client = reqwest::Client::new();
    for (status, verdict) in [(410, TRANSIENT), (429, Verdict::Permanent)] {
        let result = by_reqwest(&client, Failure::Status(status)).await;
        assert_eq!(judge.classify(result.as_ref()), verdict, "{status}");
    }
}

#[tokio::test]
async fn a_lookup_that_fails_in_a_resolver_of_its_own_is_unsent() {
    let resolver = tower::service_fn(|_: Name| async {
        Err::<std::vec::IntoIter<SocketAddr>, _>(io::Error::other("no such zone"))
    });
    let connector = HttpConnector::new_with_resolver(resolver);
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let uri = "http://host.test/".parse().unwrap();
    let error = client.get(uri).await.unwrap_err();
    assert_eq!(judge_error(&error), UNSENT, "{error:?}");
}

#[tokio::test]
async fn a_request_on_a_closed_connection_is_unsent() {
    let (io, _server) = tokio::io::duplex(64);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io))
        .await
        .unwrap();
    drop(connection);
    let error = sender
        .send_request(http::Request::new(Empty::<Bytes>::new()))
        .await
        .unwrap_err();
    assert_eq!(judge_error(&error), UNSENT);
}

#[test]
fn ureq_errors_without_a_connection_are_unsent() {
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    for (error, verdict) in [
        (ureq::Error::HostNotFound, UNSENT),
        (ureq::Error::ConnectionFailed, UNSENT),
        (ureq::Error::Other(Box::new(reset)), TRANSIENT),
        (ureq::Error::BadUri("//".to_owned()), Verdict::Permanent),
        (ureq::Error::TooManyRedirects, Verdict::Permanent),
        // An error is not a success, whatever status it was made of.
        (ureq::Error::StatusCode(302), Verdict::Permanent),
        (
            ureq::Error::ConnectProxyFailed("407".to_owned()),
            Verdict::Permanent,
        ),
    ] {
        assert_eq!(judge_error(&error), verdict, "{error}");
    }
}

/// The body of a request that fails.
struct Unreadable(io::ErrorKind);

impl Body for Unreadable {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(Some(Err(io::Error::new(self.0, "the file cannot be read"))))
    }
}

#[tokio::test]
async fn the_body_of_a_request_is_judged_by_its_own_error() {
    for (kind, verdict) in [
        (io::ErrorKind::PermissionDenied, Verdict::Permanent),
        (io::ErrorKind::InvalidData, Verdict::Permanent),
        (io::ErrorKind::Other, Verdict::Permanent),
        (io::ErrorKind::ConnectionReset, TRANSIENT),
        // Of another connection, from which the body is read.
        (io::ErrorKind::ConnectionRefused, TRANSIENT),
    ] {
        let url = url_of(Failure::Status(503));
        let body = reqwest::Body::wrap(Unreadable(kind));
        let request = reqwest::Client::new().post(&url).body(body);
        let error = request.send().await.unwrap_err();
        assert_eq!(judge_error(&error), verdict, "reqwest, {kind}");

        let client = Client::builder(TokioExecutor::new()).build_http();
        let request = http::Request::post(url).body(Unreadable(kind)).unwrap();
        let error = client.request(request).await.unwrap_err();
        assert_eq!(judge_error(&error), verdict, "hyper-util, {kind}");
    }
}

#[tokio::test]
async fn a_proxy_that_closes_its_connection_is_transient() {
    for reply in ["", "HTTP/1.1 200 "] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(reply.as_bytes()).unwrap();
        });
        let tunnel = Tunnel::new(proxy.parse().unwrap(), HttpConnector::new());
        let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(tunnel);
        let uri = "http://example.test/".parse().unwrap();
        let error = client.get(uri).await.unwrap_err();
        assert_eq!(judge_error(&error), TRANSIENT, "{error:?}");
        server.join().unwrap();
    }
}

#[test]
fn a_connection_whose_runtime_has_ended_is_transient() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sent, was_sent) = std::sync::mpsc::channel();
    // Does not answer.
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        sent.send(()).unwrap();
        let _ = stream.read(&mut [0; 1024]);
    });
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    // The connection's task runs where the request is polled first.
    let mut request = Box::pin(client.get(&url).send());
    let poll = std::future::poll_fn(|cx| {
        let is_pending = request.as_mut().poll(cx).is_pending();
        if is_pending && was_sent.try_recv().is_err() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    });
    first.block_on(poll);
    drop(first);
    let error = second.block_on(request).unwrap_err();
    assert_eq!(judge_error(&error), TRANSIENT, "{error:?}");
    server.join().unwrap();
}
