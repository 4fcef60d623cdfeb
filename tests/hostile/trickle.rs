//! Bodies that arrive so slowly that they never end.
#![expect(clippy::disallowed_methods, reason = "sleeps are virtual here")]

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use reattempt::aws;
use reattempt::tower::{BufferErrorLayer, RetryLayer};
use tokio::time::Sleep;
use tower::{ServiceBuilder, ServiceExt};

use super::response;

/// Yields one byte each minute, without end.
struct Trickle(Pin<Box<Sleep>>);

const MINUTE: Duration = Duration::from_secs(60);

impl Trickle {
    fn new() -> Self {
        Self(Box::pin(tokio::time::sleep(MINUTE)))
    }
}

impl Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        ready!(pin!(&mut self.0).poll(cx));
        *self = Self::new();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"{")))))
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_body_that_trickles_is_cut_by_the_timeout() {
    let attempts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&attempts);
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(aws::standard()).attempt_timeout(10 * MINUTE))
        .layer(BufferErrorLayer::new(64 * 1024))
        .service_fn(move |_: Request<()>| {
            count.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, io::Error>(response(503, &[], Trickle::new())) }
        });
    let start = tokio::time::Instant::now();
    let result = service.oneshot(Request::new(())).await;
    let error = result.err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
    let waits = Duration::from_secs(1);
    assert!(
        start.elapsed() <= 30 * MINUTE + waits,
        "{:?}",
        start.elapsed()
    );
}
