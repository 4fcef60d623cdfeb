//! `Sender`: a service with its request, as the operation of a call.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::super::Operation;
use super::super::operation::OperationSeal;
use super::super::sealed::Sealed;
use super::CloneRequest;
use crate::attempt::Attempt;

/// A service and the request that it sends. As long as another attempt may follow, it
/// keeps a clone of what it sent.
#[derive(Debug)]
pub struct Sender<S, R, Q> {
    pub(super) service: S,
    pub(super) request: Option<R>,
    pub(super) clone: Q,
}

impl<S, R, Q> Sealed<OperationSeal> for Sender<S, R, Q> {}

impl<M, S, R, Q> Operation<M> for Sender<S, R, Q>
where
    S: Service<R> + Clone,
    Q: CloneRequest<R>,
{
    type Ok = S::Response;
    type Error = S::Error;
    type Future = Exchange<S, R>;
    type Kept = Infallible;

    fn attempt(&mut self, attempt: Attempt, _: &M, start: impl FnOnce()) -> Exchange<S, R> {
        let Some(mut request) = self.request.take() else {
            return Exchange { step: Step::Done };
        };
        if !attempt.is_last() {
            self.request = self.clone.clone_request(&request);
        }
        self.clone.add_attempt(&mut request, attempt);
        let step = if attempt.number() > 1 {
            Step::Readying {
                service: self.service.clone(),
                request: Some(request),
                readiness: None,
            }
        } else {
            // The caller of the service has made it ready.
            start();
            Step::Calling {
                future: self.service.call(request),
            }
        };
        Exchange { step }
    }

    fn starts_now(future: Pin<&mut Exchange<S, R>>, cx: &mut Context<'_>) -> bool {
        future.project().step.is_ready_now(cx)
    }

    fn is_repeatable(&self) -> bool {
        self.request.is_some()
    }

    fn keep(
        outcome: Result<S::Response, S::Error>,
    ) -> Result<Infallible, Result<S::Response, S::Error>> {
        Err(outcome)
    }

    fn release(kept: Infallible) -> Result<S::Response, S::Error> {
        match kept {}
    }
}

pin_project! {
    /// The future of one attempt: the service becomes ready, then sends the request. The cost
    /// of a retry is spent when the service is ready or fails, or when the attempt is cut.
    #[must_use = "futures do nothing unless polled"]
    pub struct Exchange<S, R>
    where
        S: Service<R>,
    {
        #[pin]
        step: Step<S, R>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<S, R>
    where
        S: Service<R>,
    {
        Readying {
            service: S,
            request: Option<R>,
            // `None` until the service is ready or has failed.
            readiness: Option<Result<(), S::Error>>,
        },
        Calling { #[pin] future: S::Future },
        // No attempt follows one whose request was not kept.
        Done,
    }
}

impl<S: Service<R>, R> fmt::Debug for Exchange<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_called = matches!(self.step, Step::Calling { .. });
        f.debug_struct("Exchange")
            .field("is_called", &is_called)
            .finish_non_exhaustive()
    }
}

impl<S: Service<R>, R> Future for Exchange<S, R> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        loop {
            if let StepProjection::Calling { future } = step.as_mut().project() {
                return future.poll(cx);
            }
            ready!(step.as_mut().call())?;
        }
    }
}

impl<S: Service<R>, R> Step<S, R> {
    /// Returns true once, when the service is ready or has failed.
    fn is_ready_now(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let StepProjection::Readying {
            service, readiness, ..
        } = self.project()
        else {
            return false;
        };
        if readiness.is_some() {
            return false;
        }
        match service.poll_ready(cx) {
            Poll::Pending => false,
            Poll::Ready(result) => {
                *readiness = Some(result);
                true
            }
        }
    }

    /// Calls the service if it is ready.
    // A function of its own, so that without optimization no copies of the service's future
    // are on the stack while that is polled.
    #[inline]
    fn call(mut self: Pin<&mut Self>) -> Poll<Result<(), S::Error>> {
        let StepProjection::Readying {
            service,
            request,
            readiness,
        } = self.as_mut().project()
        else {
            return Poll::Pending;
        };
        match readiness.take() {
            // `starts_now`, which comes before each poll, has registered the waker.
            None => return Poll::Pending,
            Some(result) => result?,
        }
        let next = match request.take() {
            Some(request) => Self::Calling {
                future: service.call(request),
            },
            None => Self::Done,
        };
        self.set(next);
        Poll::Ready(Ok(()))
    }
}
