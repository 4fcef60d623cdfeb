//! `CallResult`: what a call returns.

use crate::error::{Outcome, Summary};

/// What a call returns: its last result, or the [`Outcome`]. A call that returns the
/// result alone does not build a summary.
pub(super) trait CallResult<T, E> {
    fn new(result: Result<T, E>, summary: impl FnOnce() -> Summary) -> Self;
}

impl<T, E> CallResult<T, E> for Result<T, E> {
    #[inline]
    fn new(result: Self, _: impl FnOnce() -> Summary) -> Self {
        result
    }
}

impl<T, E> CallResult<T, E> for Outcome<T, E> {
    #[inline]
    fn new(result: Result<T, E>, summary: impl FnOnce() -> Summary) -> Self {
        Self {
            result,
            summary: summary(),
        }
    }
}
