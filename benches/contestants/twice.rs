//! A policy for tower's retry layer.

use std::time::Duration;

/// Retries any error twice, after a sleep for no time.
#[derive(Clone)]
pub(crate) struct Twice(pub(crate) u32);

impl<R: Clone, T, E> tower::retry::Policy<R, T, E> for Twice {
    type Future = tokio::time::Sleep;

    fn retry(&mut self, _: &mut R, result: &mut Result<T, E>) -> Option<Self::Future> {
        self.0 = self.0.checked_sub(u32::from(result.is_err()))?;
        result.is_err().then(|| tokio::time::sleep(Duration::ZERO))
    }

    fn clone_request(&mut self, request: &R) -> Option<R> {
        Some(request.clone())
    }
}
