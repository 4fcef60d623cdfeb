//! The tower layers: the rules of retrying in a stack, backpressure, and a real server.
#![cfg(all(feature = "tower", feature = "aws", feature = "tokio"))]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "the numbers in a test are small and known"
)]

mod http_stack;

use std::alloc::System;
use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use reattempt::aws::{self, Buffered, PeekBody};
use reattempt::call::DefaultTimer;
use reattempt::http::HttpClassifier;
use reattempt::tower::{BufferErrorLayer, ResponseFuture, RetryLayer, RetryService};
use reattempt::{Attempt, Backoff, Observer, RetryPolicy, StopEvent, StopReason};
use stats_alloc::{Region, StatsAlloc};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

#[global_allocator]
static ALLOCATOR: StatsAlloc<System> = StatsAlloc::system();

type BoxError = Box<dyn Error + Send + Sync>;

/// A service that returns these outcomes one after the other. Panics if it is called more
/// often, or without being ready.
#[derive(Debug)]
struct Scripted<E> {
    script: Arc<Mutex<Vec<Result<u16, E>>>>,
    seen: Arc<Mutex<Vec<(u32, String)>>>,
    is_ready: bool,
    waits: u32,
}

impl<E> Scripted<E> {
    fn new(script: impl IntoIterator<Item = Result<u16, E>>) -> Self {
        let mut script: Vec<_> = script.into_iter().collect();
        script.reverse();
        Self {
            script: Arc::new(Mutex::new(script)),
            seen: Arc::default(),
            is_ready: false,
            waits: 0,
        }
    }
}

impl<E> Clone for Scripted<E> {
    // Do not clone readiness: a clone of a service with permits has none.
    fn clone(&self) -> Self {
        Self {
            script: Arc::clone(&self.script),
            seen: Arc::clone(&self.seen),
            is_ready: false,
            waits: 0,
        }
    }
}

impl<E> Service<Request<String>> for Scripted<E> {
    type Response = Response<Full<Bytes>>;
    type Error = E;
    type Future = std::future::Ready<Result<Self::Response, E>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.waits += 1;
        if self.waits % 3 != 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.is_ready),
            "called before it was ready"
        );
        let attempt = request.extensions().get::<Attempt>().unwrap().number();
        self.seen
            .lock()
            .unwrap()
            .push((attempt, request.into_body()));
        let outcome = self.script.lock().unwrap().pop().unwrap();
        std::future::ready(outcome.map(|status| {
            let mut response = Response::new(Full::from("body"));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        }))
    }
}

fn policy() -> RetryPolicy<HttpClassifier> {
    RetryPolicy::new(Backoff::none())
        .max_attempts(4)
        .classify(HttpClassifier::new())
}

fn request(method: Method) -> Request<String> {
    Request::builder()
        .method(method)
        .body("sent".to_owned())
        .unwrap()
}

#[tokio::test]
async fn every_attempt_sends_a_numbered_clone_to_a_ready_service() {
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    let service = Scripted::new([Ok(503), Err(reset), Ok(429), Ok(200)]);
    let seen = Arc::clone(&service.seen);
    let service = RetryLayer::new(policy()).layer(service);
    let response = service.oneshot(request(Method::GET)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let expected: Vec<_> = (1..=4).map(|number| (number, "sent".to_owned())).collect();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_request_of_any_type_is_retried_after_any_failure() {
    let sent = Mutex::new(Vec::new());
    let service = tower::service_fn(|query: &'static str| {
        sent.lock().unwrap().push(query);
        // The classifier's verdict on every error is transient.
        std::future::ready(if sent.lock().unwrap().len() < 3 {
            Err("down")
        } else {
            Ok(query.len())
        })
    });
    let policy = RetryPolicy::new(Backoff::none());
    let layer = RetryLayer::cloning(policy, |query: &&'static str| Some(*query));
    assert_eq!(layer.layer(service).oneshot("select 1").await, Ok(8));
    assert_eq!(*sent.lock().unwrap(), ["select 1"; 3]);
}

#[tokio::test]
async fn the_last_outcome_is_returned_unchanged() {
    let service = Scripted::<io::Error>::new([Ok(503), Ok(503), Ok(500), Ok(502)]);
    let service = RetryLayer::new(policy()).layer(service);
    let response = service.oneshot(request(Method::GET)).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "body"
    );

    let denied = io::Error::new(io::ErrorKind::PermissionDenied, "no");
    let service = RetryLayer::new(policy()).layer(Scripted::new([Err(denied)]));
    let error = service.oneshot(request(Method::GET)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (io::ErrorKind::PermissionDenied, "no")
    );
}

#[tokio::test]
async fn a_method_that_is_not_idempotent_retries_only_throttling() {
    for (method, assumed, attempts) in [
        (Method::GET, false, 3),
        (Method::PUT, false, 3),
        (Method::DELETE, false, 3),
        (Method::POST, false, 2),
        (Method::PATCH, false, 2),
        (Method::from_bytes(b"REPORT").unwrap(), false, 2),
        (Method::POST, true, 3),
        (Method::PATCH, true, 3),
    ] {
        let service = Scripted::<io::Error>::new([Ok(429), Ok(500), Ok(200)]);
        let seen = Arc::clone(&service.seen);
        let policy = if assumed {
            policy().assume_idempotent()
        } else {
            policy()
        };
        let service = RetryLayer::new(policy).layer(service);
        service.oneshot(request(method.clone())).await.unwrap();
        assert_eq!(seen.lock().unwrap().len(), attempts, "{method} {assumed}");
    }
}

#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<StopReason>>>);

#[tokio::test]
async fn a_request_that_cannot_be_cloned_is_sent_once_and_reported() {
    let ends = Ends::default();
    let layer =
        RetryLayer::new(policy().observer(ends.clone())).clone_with(|_: &Request<String>| None);
    let service = Scripted::<io::Error>::new([Ok(503)]);
    let seen = Arc::clone(&service.seen);
    let response = layer
        .layer(service)
        .oneshot(request(Method::GET))
        .await
        .unwrap();
    assert_eq!(
        (response.status().as_u16(), seen.lock().unwrap().len()),
        (503, 1)
    );
    assert_eq!(*ends.0.lock().unwrap(), [StopReason::Unrepeatable]);
    let service = layer
        .clone()
        .attempt_timeout(Duration::from_secs(9))
        .layer(Scripted::<io::Error>::new([Ok(503)]));
    let response = service.oneshot(request(Method::GET)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(*ends.0.lock().unwrap(), [StopReason::Unrepeatable; 2]);
    // A success and a permanent failure are reported as such.
    for (status, reason) in [(200, StopReason::Success), (404, StopReason::Permanent)] {
        let service = layer.layer(Scripted::<io::Error>::new([Ok(status)]));
        service.oneshot(request(Method::GET)).await.unwrap();
        assert_eq!(ends.0.lock().unwrap().pop(), Some(reason));
    }
    // If there is only one attempt, the request is not cloned.
    let once = RetryLayer::new(policy().max_attempts(1).observer(ends.clone()));
    let service = once.layer(Scripted::<io::Error>::new([Ok(503)]));
    service.oneshot(request(Method::GET)).await.unwrap();
    assert_eq!(
        ends.0.lock().unwrap().pop(),
        Some(StopReason::OutOfAttempts)
    );
}

#[tokio::test]
async fn a_request_is_cloned_once_per_possible_retry() {
    let clones = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&clones);
    let layer = RetryLayer::new(policy()).clone_with(move |request: &Request<String>| {
        counted.fetch_add(1, Ordering::Relaxed);
        Some(request.clone())
    });
    let service = layer.layer(Scripted::<io::Error>::new([
        Ok(503),
        Ok(503),
        Ok(503),
        Ok(503),
    ]));
    service.oneshot(request(Method::GET)).await.unwrap();
    // Four attempts: the last one takes the original.
    assert_eq!(clones.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn boxed_errors_are_judged_by_their_sources() {
    let refused: BoxError = io::Error::from(io::ErrorKind::ConnectionRefused).into();
    let other: BoxError = "unknown".into();
    let service = Scripted::new([Err(refused), Err(other)]);
    let policy = RetryPolicy::new(Backoff::none()).classify(HttpClassifier::new().boxed());
    let error = RetryLayer::new(policy)
        .layer(service)
        .oneshot(request(Method::GET))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "unknown");
}

type Layered = RetryService<Scripted<io::Error>, HttpClassifier>;
type Named = ResponseFuture<
    Scripted<io::Error>,
    Request<String>,
    HttpClassifier,
    DefaultTimer,
    reattempt::tower::CloneWhole,
    reattempt::tower::NoTimeout,
>;

#[tokio::test]
async fn the_future_can_be_named_sent_and_spawned() {
    struct Held(Pin<Box<Named>>);
    let mut service: Layered = RetryLayer::new(policy()).layer(Scripted::new([Ok(503), Ok(200)]));
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let held = Held(Box::pin(service.call(request(Method::GET))));
    let response = tokio::spawn(held.0).await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

const MIB: usize = 1024 * 1024;

#[test]
fn the_futures_of_the_layers_are_send() {
    const fn is_send<T: Send>(_: &T) {}
    let mut service = ServiceBuilder::new()
        .layer(RetryLayer::new(aws::standard()))
        .layer(BufferErrorLayer::new(1))
        .service_fn(|_: Request<()>| async {
            Ok::<_, io::Error>(Response::new(Full::<Bytes>::default()))
        });
    is_send(&service);
    let future: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(service.call(Request::new(())));
    drop(future);
}
