//! `Operation`: the work of one attempt of an async call. `Driver`: an operation with the
//! means to run it, async or sync.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;

use super::sealed::Sealed;
use crate::attempt::Attempt;
use crate::engine::Overrides;

/// The driver of a call with its operation: [`Async`](super::Async) or
/// [`Blocking`](super::Blocking). Sealed.
pub trait Driver: Sealed<DriverSeal> {
    /// The operation's success value.
    type Ok;

    /// The operation's error.
    type Error;

    /// This driver for a long-polling call.
    type LongPolling;

    #[doc(hidden)]
    fn long_polling(self) -> Self::LongPolling;

    /// Returns the call's own settings, or `None` if the call has started.
    #[doc(hidden)]
    fn overrides(&mut self) -> Option<&mut Overrides>;
}

/// What an async call runs: a closure that returns a future, or a tower service with
/// its request. `M` is the call's timer. Sealed.
pub trait Operation<M>: Sealed<OperationSeal> {
    /// The success value.
    type Ok;

    /// The error.
    type Error;

    /// The future of one attempt.
    type Future: Future<Output = Result<Self::Ok, Self::Error>>;

    /// What is kept of an outcome during a last wait.
    #[doc(hidden)]
    type Kept;

    /// Makes the future of an attempt. Calls `start` when nothing but the operation can fail:
    /// from then on the cost of the attempt is spent. An attempt that waits before it starts
    /// does not call it. [`starts_now`](Self::starts_now) then returns true when it starts.
    #[doc(hidden)]
    fn attempt(&mut self, attempt: Attempt, timer: &M, start: impl FnOnce()) -> Self::Future;

    /// Polls what the attempt of `future` waits for before it starts. Returns true once: if the
    /// next poll of `future` starts it. It is called before each poll of `future`, and an
    /// operation that wraps another one has to forward it.
    #[doc(hidden)]
    #[inline]
    fn starts_now(future: Pin<&mut Self::Future>, cx: &mut Context<'_>) -> bool {
        let _ = (future, cx);
        false
    }

    /// Returns true if another attempt can follow the last one.
    #[doc(hidden)]
    #[inline]
    fn is_repeatable(&self) -> bool {
        true
    }

    /// Keeps an outcome during a last wait, or returns it if this operation has none.
    #[doc(hidden)]
    fn keep(outcome: OutcomeOf<Self, M>) -> Result<Self::Kept, OutcomeOf<Self, M>>;

    #[doc(hidden)]
    fn release(kept: Self::Kept) -> OutcomeOf<Self, M>;
}

/// What one attempt of an operation returns.
pub(crate) type OutcomeOf<F, M> = Result<<F as Operation<M>>::Ok, <F as Operation<M>>::Error>;

/// Distinguishes the seals of the traits in this module.
#[expect(unnameable_types, reason = "it only labels a seal")]
#[derive(Debug)]
pub enum OperationSeal {}

/// Distinguishes the seals of the traits in this module.
#[expect(unnameable_types, reason = "it only labels a seal")]
#[derive(Debug)]
pub enum DriverSeal {}

impl<F, Fut, T, E> Sealed<OperationSeal> for F
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
}

impl<F, Fut, T, E, M> Operation<M> for F
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Ok = T;
    type Error = E;
    type Future = Fut;
    type Kept = Infallible;

    #[inline]
    fn attempt(&mut self, attempt: Attempt, _: &M, start: impl FnOnce()) -> Fut {
        start();
        self(attempt)
    }

    #[inline]
    fn keep(outcome: Result<T, E>) -> Result<Infallible, Result<T, E>> {
        Err(outcome)
    }

    #[inline]
    fn release(kept: Infallible) -> Result<T, E> {
        match kept {}
    }
}
