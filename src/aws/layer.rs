//! `BufferErrorLayer`: error bodies that a retry layer above can look into.

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

/// Makes the bodies of error responses ready to be looked into, as
/// [`buffer_error`](crate::aws::buffer_error) does; for a place right below
/// [`RetryLayer`](crate::tower::RetryLayer).
///
/// A body that fails while it is read fails the attempt:
/// [`AwsClassifier`](crate::aws::AwsClassifier) takes it for a transient error,
/// where neither the status nor what was read says otherwise, and who reads the
/// body gets its error.
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
    /// Reads up to `limit` bytes of an error's body; what is longer streams on.
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

/// A service whose error bodies can be looked into; made by
/// [`BufferErrorLayer`].
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
        // Once the response is there.
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
