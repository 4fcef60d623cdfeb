//! `BufferErrorLayer`, which reads error bodies so that a retry layer can classify them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::buffer::{BufferError, Buffered};

/// A layer that reads the bodies of error responses, as
/// [`buffer_error`](crate::aws::buffer_error) does, so that
/// [`RetryLayer`](crate::tower::RetryLayer) can classify them.
///
/// Add it directly below the `RetryLayer`. The body of a success is not read.
///
/// If a body fails while it is read, the attempt has failed.
/// [`AwsClassifier`](crate::aws::AwsClassifier) classifies it by its status and the bytes
/// that were read, but as transient instead of permanent. If it is not retried, the caller
/// receives the response, and reading its body returns the error.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use http_body_util::Full;
/// use reattempt::aws;
/// use reattempt::tower::{BufferErrorLayer, RetryLayer};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # #[cfg(feature = "tokio")]
/// # runtime.block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(RetryLayer::new(aws::standard()))
///     .layer(BufferErrorLayer::new(64 * 1024))
///     // A layer that signs each attempt goes here.
///     .service_fn(|_: Request<()>| async {
///         Ok::<_, std::io::Error>(Response::new(Full::<bytes::Bytes>::from("{}")))
///     });
/// let response = service.oneshot(Request::new(())).await?;
/// assert_eq!(response.status(), StatusCode::OK);
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a layer does nothing until a service is wrapped in it"]
#[derive(Clone, Copy, Debug)]
pub struct BufferErrorLayer {
    limit: usize,
}

impl BufferErrorLayer {
    /// Returns a layer that reads at most `limit` bytes of an error body and one more frame.
    ///
    /// The rest of a longer body is streamed. A limit of 64 KiB is enough for
    /// [`AwsClassifier`](crate::aws::AwsClassifier), which reads no further.
    pub const fn new(limit: usize) -> Self {
        Self { limit }
    }
}

impl<S> Layer<S> for BufferErrorLayer {
    type Service = BufferErrorService<S>;

    fn layer(&self, service: S) -> BufferErrorService<S> {
        BufferErrorService {
            service,
            limit: self.limit,
        }
    }
}

/// The service that [`BufferErrorLayer`] returns. It reads the bodies of error responses.
#[derive(Clone, Copy, Debug)]
pub struct BufferErrorService<S> {
    service: S,
    limit: usize,
}

impl<S, Q, B> Service<Request<Q>> for BufferErrorService<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Body,
{
    type Response = Response<Buffered<B>>;
    type Error = S::Error;
    type Future = BufferErrorFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        BufferErrorFuture {
            response: self.service.call(request),
            buffer: None,
            limit: self.limit,
        }
    }
}

pin_project! {
    /// The future of [`BufferErrorService`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct BufferErrorFuture<F, B> {
        #[pin]
        response: F,
        // Some after the response has arrived.
        buffer: Option<BufferError<B>>,
        limit: usize,
    }
}

impl<F, B> fmt::Debug for BufferErrorFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferErrorFuture")
            .field("has_response", &self.buffer.is_some())
            .finish_non_exhaustive()
    }
}

impl<F, B, E> Future for BufferErrorFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<Buffered<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.buffer.is_none() {
            let response = ready!(this.response.poll(cx))?;
            *this.buffer = Some(BufferError::new(response, *this.limit));
        }
        match this.buffer {
            Some(buffer) => Pin::new(buffer).poll(cx).map(Ok),
            None => Poll::Pending,
        }
    }
}
