//! What a call does before each wait: nothing, or the closure of `on_retry`.

use std::fmt;

use super::sealed::Sealed;
use crate::event::RetryEvent;

/// A call's hook: `()` or [`OnRetry`]. Sealed.
pub trait Hook<T, E>: Sealed {
    #[doc(hidden)]
    fn before_wait(&mut self, outcome: Result<&T, &E>, event: impl FnOnce() -> RetryEvent);
}

impl Sealed for () {}

impl<T, E> Hook<T, E> for () {
    #[inline]
    fn before_wait(&mut self, _: Result<&T, &E>, _: impl FnOnce() -> RetryEvent) {}
}

/// The closure of a call's `on_retry`.
#[derive(Clone, Copy)]
pub struct OnRetry<F>(pub(super) F);

impl<F> fmt::Debug for OnRetry<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnRetry").finish_non_exhaustive()
    }
}

impl<F> Sealed for OnRetry<F> {}

impl<T, E, F: FnMut(&RetryEvent<Result<&T, &E>>)> Hook<T, E> for OnRetry<F> {
    fn before_wait(&mut self, outcome: Result<&T, &E>, event: impl FnOnce() -> RetryEvent) {
        (self.0)(&event().with(outcome));
    }
}
