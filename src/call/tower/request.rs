//! `CloneRequest`: how a request is sent again.

use std::fmt;

use http::Request;

use super::super::sealed::Sealed;
use crate::attempt::Attempt;

/// How requests of type `R` are cloned: [`CloneWhole`], [`CloneWith`] or [`CloneAny`].
/// Sealed.
#[diagnostic::on_unimplemented(
    message = "`RetryLayer` cannot clone a request of type `{R}`",
    note = "if the body is not `Clone`, use `RetryLayer::new(policy).clone_with(|request| ..)`, which may return `None`",
    note = "if it is not an `http::Request`, use `RetryLayer::cloning(policy, |request: &{R}| ..)`"
)]
pub trait CloneRequest<R>: Sealed {
    /// Returns a clone of the request, or `None` if it cannot be cloned.
    fn clone_request(&self, request: &R) -> Option<R>;

    /// Returns true if the request may be sent twice.
    #[doc(hidden)]
    fn is_idempotent(&self, request: &R) -> bool;

    /// Adds the attempt to the request, if it has a place for it.
    #[doc(hidden)]
    fn add_attempt(&self, request: &mut R, attempt: Attempt);
}

/// Clones an `http::Request` with its body.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct CloneWhole;

impl Sealed for CloneWhole {}

impl<B: Clone> CloneRequest<Request<B>> for CloneWhole {
    fn clone_request(&self, request: &Request<B>) -> Option<Request<B>> {
        Some(request.clone())
    }

    fn is_idempotent(&self, request: &Request<B>) -> bool {
        request.method().is_idempotent()
    }

    fn add_attempt(&self, request: &mut Request<B>, attempt: Attempt) {
        request.extensions_mut().insert(attempt);
    }
}

/// Clones an `http::Request` with a closure. Created by
/// [`RetryLayer::clone_with`](super::RetryLayer::clone_with).
#[derive(Clone, Copy)]
pub struct CloneWith<F>(pub(super) F);

impl<F> fmt::Debug for CloneWith<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloneWith").finish_non_exhaustive()
    }
}

impl<F> Sealed for CloneWith<F> {}

impl<B, F: Fn(&Request<B>) -> Option<Request<B>>> CloneRequest<Request<B>> for CloneWith<F> {
    fn clone_request(&self, request: &Request<B>) -> Option<Request<B>> {
        (self.0)(request)
    }

    fn is_idempotent(&self, request: &Request<B>) -> bool {
        request.method().is_idempotent()
    }

    fn add_attempt(&self, request: &mut Request<B>, attempt: Attempt) {
        request.extensions_mut().insert(attempt);
    }
}

/// Clones a request of any type with a closure. Created by
/// [`RetryLayer::cloning`](super::RetryLayer::cloning).
#[derive(Clone, Copy)]
pub struct CloneAny<F>(pub(super) F);

impl<F> fmt::Debug for CloneAny<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloneAny").finish_non_exhaustive()
    }
}

impl<F> Sealed for CloneAny<F> {}

impl<R, F: Fn(&R) -> Option<R>> CloneRequest<R> for CloneAny<F> {
    fn clone_request(&self, request: &R) -> Option<R> {
        (self.0)(request)
    }

    fn is_idempotent(&self, _: &R) -> bool {
        true
    }

    fn add_attempt(&self, _: &mut R, _: Attempt) {}
}
