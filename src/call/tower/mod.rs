//! `RetryLayer`: retries the requests of a tower stack.

mod request;
mod sender;
mod service;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

pub use request::{CloneAny, CloneRequest, CloneWhole, CloneWith};
pub use sender::{Exchange, Sender};
pub use service::{AttemptLimit, AttemptTimeout, NoTimeout, ResponseFuture, RetryService};

use crate::policy::RetryPolicy;
use crate::timer::{DefaultTimer, Timer};

/// Retries the requests of a service by a policy. The service must be `Clone`: put tower's
/// `BufferLayer` on top of one that is not.
///
/// Each attempt sends a clone of the request, with the [`Attempt`](crate::Attempt)
/// among its extensions, so that a layer below can stamp and sign it. The service's
/// `poll_ready` is awaited before every attempt. For a body that cannot be cloned see
/// [`clone_with`](Self::clone_with), for request types other than `http::Request` see
/// [`cloning`](Self::cloning).
///
/// A request whose method is not idempotent (POST and PATCH above all) is retried only
/// if it was throttled or never sent, unless the policy has
/// [`assume_idempotent`](RetryPolicy::assume_idempotent), as AWS's presets do. The
/// closure form, `policy.retry(op)`, does not see the method and retries a POST like any
/// other request.
///
/// If rustc says that `ready`, `oneshot` or `call` exists but its trait bounds were not
/// satisfied, name the request's type: `ServiceExt::<Request<Body>>::ready(&mut service)`.
/// The errors then name the missing bound, and their notes and source lines say how to add it.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use reattempt::{Attempt, Backoff, RetryPolicy, http::HttpClassifier, tower::RetryLayer};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # #[cfg(feature = "tokio")]
/// # runtime.block_on(async {
/// let policy = RetryPolicy::new(Backoff::none()).classify(HttpClassifier::new());
/// let service = ServiceBuilder::new().layer(RetryLayer::new(policy)).service_fn(
///     |request: Request<&'static str>| async move {
///         let mut response = Response::new(*request.body());
///         if request.extensions().get().map_or(0, Attempt::number) < 3 {
///             *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
///         }
///         Ok::<_, std::io::Error>(response)
///     },
/// );
/// let response = service.oneshot(Request::new("hello")).await?;
/// assert_eq!((response.status(), *response.body()), (StatusCode::OK, "hello"));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a layer does nothing until it wraps a service"]
pub struct RetryLayer<C, M = DefaultTimer, Q = CloneWhole, L = NoTimeout> {
    policy: Arc<RetryPolicy<C>>,
    timer: M,
    clone: Q,
    limit: L,
}

impl<C> RetryLayer<C> {
    /// Creates a layer that retries by `policy`, waits on tokio's timer and clones whole
    /// requests.
    pub fn new(policy: RetryPolicy<C>) -> Self {
        Self {
            policy: Arc::new(policy),
            timer: DefaultTimer,
            clone: CloneWhole,
            limit: NoTimeout,
        }
    }
}

impl<C, F> RetryLayer<C, DefaultTimer, CloneAny<F>> {
    /// Creates a layer for request types other than `http::Request`, which are cloned
    /// with `clone`.
    ///
    /// If `clone` returns `None`, the request is sent once and never retried. The layer
    /// does not know the request's method, so it retries whatever the classifier says.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy, tower::RetryLayer};
    /// use tower::{ServiceBuilder, ServiceExt};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let service = ServiceBuilder::new()
    ///     .layer(RetryLayer::cloning(policy, |query: &String| Some(query.clone())))
    ///     .service(tower::service_fn(|query: String| async move {
    ///         if query.is_empty() { Err("no query") } else { Ok(query.len()) }
    ///     }));
    /// assert_eq!(service.oneshot("select 1".to_owned()).await, Ok(8));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn cloning<R>(policy: RetryPolicy<C>, clone: F) -> Self
    where
        F: Fn(&R) -> Option<R>,
    {
        RetryLayer::new(policy).with_clone(CloneAny(clone))
    }
}

impl<C, M, Q, L> RetryLayer<C, M, Q, L> {
    /// Waits with `timer`. Default: tokio's.
    pub fn timer<N: Timer>(self, timer: N) -> RetryLayer<C, N, Q, L> {
        RetryLayer {
            policy: self.policy,
            timer,
            clone: self.clone,
            limit: self.limit,
        }
    }

    /// Clones requests with `clone`, for bodies that cannot always be cloned.
    ///
    /// If it returns `None`, the request is sent once and never retried. An attempt that
    /// would have been retried then ends the call with
    /// [`Unrepeatable`](crate::StopReason::Unrepeatable), which observers receive.
    ///
    /// ```
    /// use http::Request;
    /// use reattempt::{RetryPolicy, tower::RetryLayer};
    ///
    /// /// A body that is either empty or a stream that can be read only once.
    /// struct Body(Option<std::fs::File>);
    ///
    /// let layer = RetryLayer::new(RetryPolicy::default()).clone_with(|request: &Request<Body>| {
    ///     request.body().0.is_none().then(|| {
    ///         let mut clone = Request::new(Body(None));
    ///         clone.headers_mut().clone_from(request.headers());
    ///         *clone.method_mut() = request.method().clone();
    ///         *clone.uri_mut() = request.uri().clone();
    ///         clone
    ///     })
    /// });
    /// # let _ = layer;
    /// ```
    pub fn clone_with<B, F>(self, clone: F) -> RetryLayer<C, M, CloneWith<F>, L>
    where
        F: Fn(&http::Request<B>) -> Option<http::Request<B>>,
    {
        self.with_clone(CloneWith(clone))
    }

    /// Cuts each attempt after `limit`, or after what is left of `max_elapsed` if that is
    /// less. Default: an attempt is never cut. The time of a retry includes the wait until the
    /// service is ready.
    ///
    /// The service's error must implement `From<TimedOut>`, as `io::Error` does and
    /// `Box<dyn Error + Send + Sync>` does. The error is classified like any other.
    ///
    /// ```
    /// use std::{io, time::Duration};
    /// use http::{Request, Response};
    /// use reattempt::{RetryPolicy, tower::RetryLayer};
    /// use tower::{ServiceBuilder, ServiceExt};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let policy = RetryPolicy::default().max_attempts(1);
    /// let service = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(policy).attempt_timeout(Duration::from_secs(2)))
    ///     .service_fn(|_: Request<()>| std::future::pending::<io::Result<Response<()>>>());
    /// let error = service.oneshot(Request::new(())).await.unwrap_err();
    /// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn attempt_timeout(self, limit: Duration) -> RetryLayer<C, M, Q, AttemptTimeout> {
        RetryLayer {
            policy: self.policy,
            timer: self.timer,
            clone: self.clone,
            limit: AttemptTimeout(limit),
        }
    }

    fn with_clone<N>(self, clone: N) -> RetryLayer<C, M, N, L> {
        RetryLayer {
            policy: self.policy,
            timer: self.timer,
            clone,
            limit: self.limit,
        }
    }
}

impl<C, M: Clone, Q: Clone, L: Clone> Clone for RetryLayer<C, M, Q, L> {
    fn clone(&self) -> Self {
        Self {
            policy: Arc::clone(&self.policy),
            timer: self.timer.clone(),
            clone: self.clone.clone(),
            limit: self.limit.clone(),
        }
    }
}

impl<C: fmt::Debug, M, Q, L> fmt::Debug for RetryLayer<C, M, Q, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<S, C, M: Clone, Q: Clone, L: Clone> Layer<S> for RetryLayer<C, M, Q, L> {
    type Service = RetryService<S, C, M, Q, L>;

    fn layer(&self, service: S) -> Self::Service {
        RetryService::new(service, self.clone())
    }
}
