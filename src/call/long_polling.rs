//! `LongPolling`: an operation whose outcome is kept during a last wait.

use std::pin::Pin;
use std::task::Context;

use super::operation::{OperationSeal, OutcomeOf};
use super::{Operation, sealed::Sealed};
use crate::attempt::Attempt;

/// An operation of a call with `long_polling()`.
#[derive(Clone, Copy, Debug)]
pub struct LongPolling<F> {
    pub(super) op: F,
}

impl<F: Sealed<OperationSeal>> Sealed<OperationSeal> for LongPolling<F> {}

impl<M, F: Operation<M>> Operation<M> for LongPolling<F> {
    type Ok = F::Ok;
    type Error = F::Error;
    type Future = F::Future;
    type Kept = OutcomeOf<F, M>;

    #[inline]
    fn attempt(&mut self, attempt: Attempt, timer: &M, start: impl FnOnce()) -> F::Future {
        self.op.attempt(attempt, timer, start)
    }

    #[inline]
    fn starts_now(future: Pin<&mut F::Future>, cx: &mut Context<'_>) -> bool {
        F::starts_now(future, cx)
    }

    #[inline]
    fn is_repeatable(&self) -> bool {
        self.op.is_repeatable()
    }

    #[inline]
    fn keep(outcome: OutcomeOf<F, M>) -> Result<OutcomeOf<F, M>, OutcomeOf<F, M>> {
        Ok(outcome)
    }

    #[inline]
    fn release(kept: OutcomeOf<F, M>) -> OutcomeOf<F, M> {
        kept
    }
}
