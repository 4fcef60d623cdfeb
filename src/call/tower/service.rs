//! `RetryService`: the service that `RetryLayer` builds.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower_service::Service;

use super::super::sealed::Sealed;
use super::super::{Async, Call, Operation, Timed};
use super::{CloneRequest, CloneWhole, RetryLayer, Sender};
use crate::classify::Classify;
use crate::error::TimedOut;
use crate::policy::RetryPolicy;
use crate::timer::{DefaultTimer, Timer};

/// A service whose requests are retried. Created by [`RetryLayer`].
// rustc prints the line of the name, comment included, if it cannot name the missing bound.
#[rustfmt::skip]
pub struct RetryService<S, C, M = DefaultTimer, Q = CloneWhole, L = NoTimeout> { // name the request: ServiceExt::<R>::ready(..)
    service: S,
    layer: RetryLayer<C, M, Q, L>,
}

impl<S, C, M, Q, L> RetryService<S, C, M, Q, L> {
    pub(super) const fn new(service: S, layer: RetryLayer<C, M, Q, L>) -> Self {
        Self { service, layer }
    }
}

impl<S: Clone, C, M: Clone, Q: Clone, L: Clone> Clone for RetryService<S, C, M, Q, L> {
    fn clone(&self) -> Self {
        Self::new(self.service.clone(), self.layer.clone())
    }
}

impl<S: fmt::Debug, C: fmt::Debug, M, Q, L> fmt::Debug for RetryService<S, C, M, Q, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService")
            .field("service", &self.service)
            .field("layer", &self.layer)
            .finish()
    }
}

/// The time limit of each attempt: [`NoTimeout`] or [`AttemptTimeout`]. Sealed.
#[diagnostic::on_unimplemented(
    message = "`RetryLayer::attempt_timeout` cannot make an error of this service from a timeout",
    note = "the service's error must implement `From<TimedOut>`, as `std::io::Error` and `Box<dyn Error + Send + Sync>` do"
)]
pub trait AttemptLimit<F, M>: Sealed {
    /// The operation with its time limit.
    type Operation: Operation<M>;

    #[doc(hidden)]
    fn limit(&self, op: F) -> Self::Operation;
}

/// Attempts are not cut.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct NoTimeout;

impl Sealed for NoTimeout {}

impl<F: Operation<M>, M> AttemptLimit<F, M> for NoTimeout {
    type Operation = F;

    fn limit(&self, op: F) -> F {
        op
    }
}

/// Attempts are cut after this time. Created by [`RetryLayer::attempt_timeout`].
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeout(pub(super) Duration);

impl Sealed for AttemptTimeout {}

impl<F, M> AttemptLimit<F, M> for AttemptTimeout
where
    F: Operation<M>,
    F::Error: From<TimedOut>,
    M: Timer,
{
    type Operation = Timed<F, fn(TimedOut) -> F::Error>;

    fn limit(&self, op: F) -> Self::Operation {
        Timed {
            op,
            limit: self.0,
            into_error: F::Error::from,
        }
    }
}

/// The future of [`RetryService`].
pub type ResponseFuture<S, R, C, M, Q, L> =
    Call<Arc<RetryPolicy<C>>, Async<<L as AttemptLimit<Sender<S, R, Q>, M>>::Operation, M>>;

// rustc prints the first two and the last two bounds, comments included, if one is missing.
impl<S, R, C, M, Q, L> Service<R> for RetryService<S, C, M, Q, L>
where
    S: Service<R> + Clone,      // otherwise put tower's `BufferLayer` on top of `S`
    Q: CloneRequest<R> + Clone, // otherwise use `RetryLayer::clone_with` or `RetryLayer::cloning`
    C: Classify<S::Response, S::Error>,
    M: Timer + Clone,
    L: AttemptLimit<Sender<S, R, Q>, M>, // if `S::Error` is not `From<TimedOut>`, put `.map_err(BoxError::from)` below
    L::Operation: Operation<M, Ok = S::Response, Error = S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, R, C, M, Q, L>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // The ready service makes the first attempt. A clone stays here.
        let clone = self.service.clone();
        let service = mem::replace(&mut self.service, clone);
        let layer = &self.layer;
        let is_idempotent =
            layer.policy.settings.assume_idempotent || layer.clone.is_idempotent(&request);
        let op = layer.limit.limit(Sender {
            service,
            request: Some(request),
            clone: layer.clone.clone(),
        });
        let call = Call::new(
            Arc::clone(&layer.policy),
            Async::with_timer(op, layer.timer.clone()),
        );
        if is_idempotent {
            call
        } else {
            call.non_idempotent()
        }
    }
}
