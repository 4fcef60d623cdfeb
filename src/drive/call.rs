//! What one call is made from, whichever driver runs it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::attempt::Attempt;
use crate::event::RetryEvent;
use crate::policy::{Plan, Polling, RetryPolicy};

pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "that is what seals")]
    pub trait Sealed<What = ()> {}
}

/// A policy as a call sees it: by reference, or with a classifier of the call's
/// own. Sealed.
pub trait Recipe: sealed::Sealed {
    /// What judges the outcomes.
    type Classifier;

    /// What is done with the outcome of a call whose budget is empty.
    type Polling: Polling;

    #[doc(hidden)]
    fn parts(&self) -> Parts<'_, Self::Classifier>;
}

#[doc(hidden)]
#[expect(
    unnameable_types,
    reason = "passed between a sealed trait and the drivers alone"
)]
#[derive(Debug)]
pub struct Parts<'a, C> {
    pub(crate) plan: &'a Plan,
    pub(crate) classifier: &'a C,
}

impl<C, P> sealed::Sealed for &RetryPolicy<C, P> {}

impl<C, P: Polling> Recipe for &RetryPolicy<C, P> {
    type Classifier = C;
    type Polling = P;

    #[inline]
    fn parts(&self) -> Parts<'_, C> {
        Parts {
            plan: &self.plan,
            classifier: &self.classifier,
        }
    }
}

impl<C, P> sealed::Sealed for Arc<RetryPolicy<C, P>> {}

impl<C, P: Polling> Recipe for Arc<RetryPolicy<C, P>> {
    type Classifier = C;
    type Polling = P;

    #[inline]
    fn parts(&self) -> Parts<'_, C> {
        Parts {
            plan: &self.plan,
            classifier: &self.classifier,
        }
    }
}

/// A policy whose classifier one call has replaced.
#[derive(Clone, Copy, Debug)]
pub struct Reclassified<R, D> {
    pub(crate) recipe: R,
    pub(crate) classifier: D,
}

impl<R, D> sealed::Sealed for Reclassified<R, D> {}

impl<R: Recipe, D> Recipe for Reclassified<R, D> {
    type Classifier = D;
    type Polling = R::Polling;

    #[inline]
    fn parts(&self) -> Parts<'_, D> {
        Parts {
            plan: self.recipe.parts().plan,
            classifier: &self.classifier,
        }
    }
}

/// What is attempted: a closure that makes a future, or a tower service with its
/// request. Sealed.
pub trait Operation: sealed::Sealed<Attempted> {
    /// One attempt.
    type Future: Future;

    #[doc(hidden)]
    fn attempt(&mut self, attempt: Attempt) -> Self::Future;

    /// Whether another attempt can follow the last one.
    #[doc(hidden)]
    fn is_repeatable(&self) -> bool {
        true
    }
}

#[expect(unnameable_types, reason = "only tells two uses of one seal apart")]
#[derive(Debug)]
pub enum Attempted {}

impl<F, Fut> sealed::Sealed<Attempted> for F
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future,
{
}

impl<F, Fut> Operation for F
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future,
{
    type Future = Fut;

    #[inline]
    fn attempt(&mut self, attempt: Attempt) -> Fut {
        self(attempt)
    }
}

/// What a call does as it is about to retry: nothing, or a closure. Sealed.
pub trait Hook<T, E>: sealed::Sealed {
    #[doc(hidden)]
    fn retrying(&mut self, outcome: Result<&T, &E>, event: impl FnOnce() -> RetryEvent);
}

impl sealed::Sealed for () {}

impl<T, E> Hook<T, E> for () {
    #[inline]
    fn retrying(&mut self, _: Result<&T, &E>, _: impl FnOnce() -> RetryEvent) {}
}

/// The closure of a call's `on_retry`.
#[derive(Clone, Copy)]
pub struct OnRetry<F>(pub(crate) F);

impl<F> fmt::Debug for OnRetry<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnRetry").finish_non_exhaustive()
    }
}

impl<F> sealed::Sealed for OnRetry<F> {}

impl<T, E, F: FnMut(&RetryEvent<Result<&T, &E>>)> Hook<T, E> for OnRetry<F> {
    fn retrying(&mut self, outcome: Result<&T, &E>, event: impl FnOnce() -> RetryEvent) {
        (self.0)(&event().with(outcome));
    }
}
