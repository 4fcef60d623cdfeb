//! `Requests`: the closure that sends each request, and `Plan`: how to send them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::range::Range;
use crate::attempt::Attempt;
use crate::call::sealed::Sealed;
use crate::call::{Pause, PolicyRef, RetryLoop};
use crate::timer::Timer;

/// A closure that sends the requests for one object: it receives a [`Range`] and returns a
/// future of a response. Sealed.
pub trait Requests: Sealed<RequestsSeal> {
    /// The body of a response.
    type Body: Body;

    /// The error of a request.
    type Error;

    /// The future of one request.
    type Future: Future<Output = Result<Response<Self::Body>, Self::Error>>;

    #[doc(hidden)]
    fn request(&mut self, range: Range) -> Self::Future;
}

/// Labels the seal of [`Requests`].
#[expect(unnameable_types, reason = "it only labels a seal")]
#[derive(Debug)]
pub enum RequestsSeal {}

impl<F, Fut, B, E> Sealed<RequestsSeal> for F
where
    F: FnMut(Range) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
}

impl<F, Fut, B, E> Requests for F
where
    F: FnMut(Range) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Body = B;
    type Error = E;
    type Future = Fut;

    fn request(&mut self, range: Range) -> Fut {
        self(range)
    }
}

/// The error of a body.
pub(super) type BodyError<F> = <<F as Requests>::Body as Body>::Error;

/// How to send requests, and which differences between their responses are accepted.
pub(super) struct Plan<F, P: PolicyRef, M> {
    pub(super) requests: F,
    pub(super) calls: RetryLoop<P, M>,
    pub(super) rules: Rules,
    /// True if the caller's code panicked. Nothing was decided then, so nothing may follow.
    pub(super) has_panicked: bool,
}

impl<F, P: PolicyRef, M> Plan<F, P, M> {
    /// Runs code of the caller: the closure, the classifier or the observer.
    pub(super) fn run<T>(&mut self, code: impl FnOnce(&mut Self) -> T) -> T {
        self.has_panicked = true;
        let result = code(self);
        self.has_panicked = false;
        result
    }
}

/// The settings of [`Get`](super::Get).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    /// Sends If-Match instead of If-Range.
    pub(super) sends_if_match: bool,
    /// Resumes objects without a strong `ETag` too.
    pub(super) needs_no_etag: bool,
}

pin_project! {
    /// How far the next request has come.
    #[project = StageProjection]
    pub(super) enum Stage<A, S> {
        // No request is needed.
        Idle,
        // For the backoff or the limiter.
        Waiting { #[pin] pause: Pause<S> },
        Sending { #[pin] response: A },
    }
}

impl<A, S> Stage<A, S> {
    /// Waits until the next attempt may start, sends its request and returns the result. The
    /// caller has to report the result to `plan.calls`. From `Idle` it begins with the wait.
    pub(super) fn poll_response<F, P, M>(
        mut self: Pin<&mut Self>,
        plan: &mut Plan<F, P, M>,
        range: impl Fn(Attempt) -> Range,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<F::Body>, F::Error>>
    where
        F: Requests<Future = A>,
        P: PolicyRef,
        M: Timer<Sleep = S>,
        A: Future<Output = Result<Response<F::Body>, F::Error>>,
        S: Future<Output = ()>,
    {
        if plan.has_panicked {
            return Poll::Pending;
        }
        loop {
            match self.as_mut().project() {
                StageProjection::Idle => self.set(Self::Waiting {
                    pause: Pause::new(),
                }),
                StageProjection::Waiting { pause } => {
                    let attempt = ready!(plan.calls.poll_next_attempt(pause, cx));
                    let response = plan.run(|plan| plan.requests.request(range(attempt)));
                    self.set(Self::Sending { response });
                }
                StageProjection::Sending { response } => {
                    let result = ready!(response.poll(cx));
                    self.set(Self::Idle);
                    return Poll::Ready(result);
                }
            }
        }
    }
}
