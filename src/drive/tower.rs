//! The tower driver: a layer whose operation is a service and a request.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::attempt::Attempt;
use crate::classify::Classify;
use crate::drive::call::sealed::Sealed;
use crate::drive::call::{Attempted, Operation};
use crate::drive::future::{Retry, RetryFuture};
use crate::policy::{Polling, RetryPolicy, ShortPolling};
use crate::session::State;
use crate::timer::{DefaultTimer, Timer};

/// Retries the requests of an HTTP service by a policy.
///
/// Each attempt is a clone of the request with the [`Attempt`] among its
/// extensions, so that a layer below can stamp and sign it. A request that
/// cannot be cloned is sent once: see [`clone_with`](Self::clone_with). The
/// service's `poll_ready` is awaited before every attempt.
///
/// A request whose method is not idempotent (POST and PATCH above all) is
/// retried only when it was throttled, unless the policy says
/// [`assume_idempotent`](RetryPolicy::assume_idempotent), as AWS's presets do.
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
#[must_use = "a layer does nothing until a service is wrapped in it"]
pub struct RetryLayer<C, P = ShortPolling, M = DefaultTimer, Q = CloneWhole> {
    policy: Arc<RetryPolicy<C, P>>,
    timer: M,
    clone: Q,
}

impl<C, P> RetryLayer<C, P> {
    /// A layer that retries by `policy`, waits on tokio's timer and clones
    /// requests whole.
    pub fn new(policy: RetryPolicy<C, P>) -> Self {
        Self {
            policy: Arc::new(policy),
            timer: DefaultTimer,
            clone: CloneWhole,
        }
    }
}

impl<C, P, M, Q> RetryLayer<C, P, M, Q> {
    /// Waits with `timer`.
    pub fn timer<N: Timer>(self, timer: N) -> RetryLayer<C, P, N, Q> {
        RetryLayer {
            policy: self.policy,
            timer,
            clone: self.clone,
        }
    }

    /// Clones requests with `clone`, for bodies that cannot always be cloned.
    ///
    /// Where it returns `None` the request is sent once and never retried; an
    /// attempt that was worth a retry then ends the call with
    /// [`Unrepeatable`](crate::StopReason::Unrepeatable), which observers hear.
    pub fn clone_with<B, F>(self, clone: F) -> RetryLayer<C, P, M, CloneWith<F>>
    where
        F: Fn(&Request<B>) -> Option<Request<B>>,
    {
        RetryLayer {
            policy: self.policy,
            timer: self.timer,
            clone: CloneWith(clone),
        }
    }
}

impl<C, P, M: Clone, Q: Clone> Clone for RetryLayer<C, P, M, Q> {
    fn clone(&self) -> Self {
        Self {
            policy: Arc::clone(&self.policy),
            timer: self.timer.clone(),
            clone: self.clone.clone(),
        }
    }
}

impl<C: fmt::Debug, P: fmt::Debug, M, Q> fmt::Debug for RetryLayer<C, P, M, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<S, C, P, M: Clone, Q: Clone> Layer<S> for RetryLayer<C, P, M, Q> {
    type Service = RetryService<S, C, P, M, Q>;

    fn layer(&self, service: S) -> Self::Service {
        RetryService {
            service,
            layer: self.clone(),
        }
    }
}

/// How a request is cloned: [`CloneWhole`] or [`CloneWith`]. Sealed.
pub trait CloneRequest<B>: Sealed {
    /// Another request like this one, if there can be one.
    fn clone_request(&self, request: &Request<B>) -> Option<Request<B>>;
}

/// Clones a request with its body.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct CloneWhole;

impl Sealed for CloneWhole {}

impl<B: Clone> CloneRequest<B> for CloneWhole {
    fn clone_request(&self, request: &Request<B>) -> Option<Request<B>> {
        Some(request.clone())
    }
}

/// Clones a request with a closure; set by [`RetryLayer::clone_with`].
#[derive(Clone, Copy)]
pub struct CloneWith<F>(F);

impl<F> fmt::Debug for CloneWith<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloneWith").finish_non_exhaustive()
    }
}

impl<F> Sealed for CloneWith<F> {}

impl<B, F: Fn(&Request<B>) -> Option<Request<B>>> CloneRequest<B> for CloneWith<F> {
    fn clone_request(&self, request: &Request<B>) -> Option<Request<B>> {
        (self.0)(request)
    }
}

/// A service whose requests are retried; made by [`RetryLayer`].
pub struct RetryService<S, C, P = ShortPolling, M = DefaultTimer, Q = CloneWhole> {
    service: S,
    layer: RetryLayer<C, P, M, Q>,
}

impl<S: Clone, C, P, M: Clone, Q: Clone> Clone for RetryService<S, C, P, M, Q> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S: fmt::Debug, C: fmt::Debug, P: fmt::Debug, M, Q> fmt::Debug for RetryService<S, C, P, M, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService")
            .field("service", &self.service)
            .field("layer", &self.layer)
            .finish()
    }
}

/// The future of [`RetryService`].
pub type ResponseFuture<S, B, C, P, M, Q> = RetryFuture<
    Arc<RetryPolicy<C, P>>,
    Sender<S, B, Q>,
    Exchange<S, B>,
    (),
    M,
    (),
    <P as Polling>::Kept<
        Result<<S as Service<Request<B>>>::Response, <S as Service<Request<B>>>::Error>,
    >,
>;

impl<S, B, C, P, M, Q> Service<Request<B>> for RetryService<S, C, P, M, Q>
where
    S: Service<Request<B>> + Clone,
    C: Classify<S::Response, S::Error>,
    P: Polling,
    M: Timer + Clone,
    Q: CloneRequest<B> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, C, P, M, Q>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that is ready makes the first attempt, a clone stays behind.
        let clone = self.service.clone();
        let service = mem::replace(&mut self.service, clone);
        let plan = &self.layer.policy.plan;
        let once = !plan.assume_idempotent && !request.method().is_idempotent();
        let sender = Sender {
            service,
            request: Some(request),
            clone: self.layer.clone.clone(),
        };
        RetryFuture::new(Retry {
            recipe: Arc::clone(&self.layer.policy),
            op: sender,
            hook: (),
            timer: self.layer.timer.clone(),
            limit: (),
            state: once.then(|| State::new().non_idempotent()),
        })
    }
}

/// A service and the request that is sent to it: the operation of a call. It
/// always keeps a clone of what it sends, as long as an attempt may follow.
#[derive(Debug)]
pub struct Sender<S, B, Q> {
    service: S,
    request: Option<Request<B>>,
    clone: Q,
}

impl<S, B, Q> Sealed<Attempted> for Sender<S, B, Q> {}

impl<S, B, Q> Operation for Sender<S, B, Q>
where
    S: Service<Request<B>> + Clone,
    Q: CloneRequest<B>,
{
    type Future = Exchange<S, B>;

    fn attempt(&mut self, attempt: Attempt) -> Exchange<S, B> {
        let step = match self.request.take() {
            None => Step::Over,
            Some(mut request) => {
                if !attempt.is_last() {
                    self.request = self.clone.clone_request(&request);
                }
                request.extensions_mut().insert(attempt);
                if attempt.number() == 1 {
                    // Made ready by who called the service.
                    let future = self.service.call(request);
                    Step::Calling { future }
                } else {
                    Step::Readying {
                        service: self.service.clone(),
                        request: Some(request),
                    }
                }
            }
        };
        Exchange { step }
    }

    fn is_repeatable(&self) -> bool {
        self.request.is_some()
    }
}

pin_project! {
    /// One attempt at a request: the service is made ready, then called.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Exchange<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        step: Step<S, B>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<S, B>
    where
        S: Service<Request<B>>,
    {
        Readying { service: S, request: Option<Request<B>> },
        Calling { #[pin] future: S::Future },
        // Never: no attempt follows one whose request was not kept.
        Over,
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for Exchange<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_called = matches!(self.step, Step::Calling { .. });
        f.debug_struct("Exchange")
            .field("is_called", &is_called)
            .finish_non_exhaustive()
    }
}

impl<S: Service<Request<B>>, B> Future for Exchange<S, B> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        loop {
            let future = match step.as_mut().project() {
                StepProjection::Calling { future } => return future.poll(cx),
                StepProjection::Readying { service, request } => {
                    ready!(service.poll_ready(cx))?;
                    request.take().map(|request| service.call(request))
                }
                StepProjection::Over => return Poll::Pending,
            };
            step.set(future.map_or(Step::Over, |future| Step::Calling { future }));
        }
    }
}
