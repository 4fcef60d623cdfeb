//! `Timed`: an operation whose attempts are cut after a time.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::operation::{OperationSeal, OutcomeOf};
use super::{Operation, sealed::Sealed};
use crate::attempt::Attempt;
use crate::error::TimedOut;
use crate::timer::Timer;

/// An operation of a call with `attempt_timeout` or `attempt_timeout_or`.
#[derive(Clone, Copy)]
pub struct Timed<F, G> {
    pub(crate) op: F,
    pub(crate) limit: Duration,
    /// Turns a timeout into the operation's error.
    pub(crate) into_error: G,
}

impl<F: fmt::Debug, G> fmt::Debug for Timed<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed")
            .field("op", &self.op)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<F: Sealed<OperationSeal>, G> Sealed<OperationSeal> for Timed<F, G> {}

impl<M, F, G> Operation<M> for Timed<F, G>
where
    M: Timer,
    F: Operation<M>,
    G: Fn(TimedOut) -> F::Error + Clone,
{
    type Ok = F::Ok;
    type Error = F::Error;
    type Future = TimedFuture<F::Future, M::Sleep, G>;
    type Kept = F::Kept;

    fn attempt(&mut self, attempt: Attempt, timer: &M, start: impl FnOnce()) -> Self::Future {
        let limit = match attempt.remaining() {
            Some(remaining) => remaining.min(self.limit),
            None => self.limit,
        };
        // The operation last: if the timer or the clone panics, it has not started, and its cost
        // is returned.
        let sleep = timer.sleep(limit);
        let into_error = self.into_error.clone();
        TimedFuture {
            future: self.op.attempt(attempt, timer, start),
            sleep,
            limit,
            into_error,
        }
    }

    #[inline]
    fn starts_now(future: Pin<&mut Self::Future>, cx: &mut Context<'_>) -> bool {
        F::starts_now(future.project().future, cx)
    }

    fn is_repeatable(&self) -> bool {
        self.op.is_repeatable()
    }

    fn keep(outcome: OutcomeOf<F, M>) -> Result<F::Kept, OutcomeOf<F, M>> {
        F::keep(outcome)
    }

    fn release(kept: F::Kept) -> OutcomeOf<F, M> {
        F::release(kept)
    }
}

pin_project! {
    /// The future of an attempt that is cut after a time.
    #[must_use = "futures do nothing unless polled"]
    pub struct TimedFuture<Fut, S, G> {
        #[pin]
        future: Fut,
        #[pin]
        sleep: S,
        limit: Duration,
        into_error: G,
    }
}

impl<Fut, S, G> fmt::Debug for TimedFuture<Fut, S, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedFuture")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<Fut, S, G, T, E> Future for TimedFuture<Fut, S, G>
where
    Fut: Future<Output = Result<T, E>>,
    S: Future<Output = ()>,
    G: Fn(TimedOut) -> E,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(result) = this.future.poll(cx) {
            return Poll::Ready(result);
        }
        ready!(this.sleep.poll(cx));
        Poll::Ready(Err((this.into_error)(TimedOut::new(*this.limit))))
    }
}
