//! The verdict on the errors of reqwest.

use std::error::Error;
use std::ops::ControlFlow;

use super::chain::{Context, Finding, Part, Step, TRANSIENT, find, found};
use crate::classify::Verdict;

/// Judges a link that is an error of reqwest. Returns `None` for any other link.
pub(super) fn judge<'e>(
    link: &'e (dyn Error + 'static),
    context: &mut Context,
) -> Option<Step<'e>> {
    find::<reqwest::Error>(link).map(|error| judge_reqwest(error, context))
}

fn judge_reqwest<'e>(error: &'e reqwest::Error, context: &mut Context) -> Step<'e> {
    if let Some(status) = error.status() {
        return ControlFlow::Break(Finding::Status(status));
    }
    if error.is_timeout() {
        return found(TRANSIENT);
    }
    // A browser reports neither lookups nor connections.
    #[cfg(not(target_arch = "wasm32"))]
    if error.is_dns() {
        // Or the lookup of another request, in the body of this one.
        context.is_failed_lookup = true;
    }
    // A URL that cannot be parsed, or one that redirects in a circle.
    if error.is_builder() || error.is_redirect() {
        return found(Verdict::Permanent);
    }
    // The error of a request's body has the same kind as that of a response's body.
    if error.is_body() && context.part != Part::RequestBody {
        context.otherwise = Some(Finding::Verdict(TRANSIENT));
    }
    // `is_connect` alone says nothing: an untrusted certificate is a connect error
    // too. The errors of hyper and of the TLS library below differ.
    ControlFlow::Continue(error.source())
}
