//! `JudgeTransport`: the verdict on an error of an HTTP client, by its type.

mod chain;
#[cfg(feature = "hyper")]
mod hyper;
mod io;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "tonic")]
mod tonic;
#[cfg(feature = "ureq")]
mod ureq;

use std::any::type_name;
use std::error::Error;
use std::fmt;

use self::chain::judge_chain;
use super::status::StatusRules;
use crate::classify::Verdict;
#[cfg(feature = "tonic")]
pub(crate) use tonic::{AlsoRetry, judge_status as judge_grpc_status};

/// Returns the verdict on an error, as [`HttpClassifier`] gives it.
///
/// Follows the `source()` chain, so that an error is recognised if it is wrapped.
/// Use this in a classifier of your own. For `anyhow::Error` and
/// `eyre::Report`, pass `error.as_ref()`.
///
/// ```
/// use std::io;
/// use reattempt::{ErrorKind, Verdict, http::judge_error};
///
/// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
/// assert_eq!(judge_error(&refused), Verdict::retry(ErrorKind::Unsent));
///
/// let reset = anyhow::Error::from(io::Error::from(io::ErrorKind::ConnectionReset));
/// let reset = reset.context("cannot load the user");
/// assert_eq!(judge_error(reset.as_ref()), Verdict::retry(ErrorKind::Transient));
/// assert_eq!(judge_error(&std::fmt::Error), Verdict::Permanent);
/// ```
///
/// [`HttpClassifier`]: crate::http::HttpClassifier
#[must_use]
pub fn judge_error(error: &(dyn Error + 'static)) -> Verdict {
    judge_as::<dyn Error>(error, &StatusRules::TABLE)
}

/// Judges the transport errors of type `E`.
///
/// [`HttpClassifier`](crate::http::HttpClassifier) holds one of the types that
/// implement this trait. Its methods `boxed`, `error_as` and `transport` choose
/// another one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot judge errors of type `{E}`",
    label = "`{E}` does not implement `std::error::Error`, or borrows data",
    note = "for `Box<dyn Error + Send + Sync>` and `Box<dyn Error>`, add `.boxed()` to the classifier: `.classify(HttpClassifier::new().boxed())`, or with `error_policy()` `.classify(ErrorClassifier::new().boxed())`",
    note = "for `anyhow::Error` and `eyre::Report`, add `.error_as(..)` to the classifier: `.classify(HttpClassifier::new().error_as(|error: &{E}| error.as_ref()))`, or with `error_policy()` the same on `ErrorClassifier::new()`",
    note = "for a type of your own, implement `std::error::Error`, or add `.transport(|error: &{E}| ..)` to the classifier, with a closure that returns a `Verdict`",
    note = "with a policy of `aws` write `AwsClassifier` instead of `HttpClassifier`"
)]
pub trait JudgeTransport<E> {
    /// Returns the verdict on `error`.
    ///
    /// `rules` gives the verdict on a status, for an error that contains one.
    fn judge(&self, error: &E, rules: &StatusRules) -> Verdict;

    /// Returns the error that log events print. Default: `None`.
    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        let _ = error;
        None
    }
}

/// Judges an error that implements [`Error`] by its `source()` chain. This is the
/// default.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct SourceChain;

// Without the attribute rustc reports that `E` is not an `Error`, and not the
// notes of `JudgeTransport`, which name the methods to call.
#[diagnostic::do_not_recommend]
impl<E: Error + 'static> JudgeTransport<E> for SourceChain {
    fn judge(&self, error: &E, rules: &StatusRules) -> Verdict {
        judge_as::<E>(error, rules)
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        Some(error)
    }
}

/// Judges a boxed error by its `source()` chain.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct BoxedSourceChain;

impl JudgeTransport<Box<dyn Error + Send + Sync>> for BoxedSourceChain {
    fn judge(&self, error: &Box<dyn Error + Send + Sync>, rules: &StatusRules) -> Verdict {
        judge_as::<Box<dyn Error + Send + Sync>>(&**error, rules)
    }

    fn error<'e>(
        &self,
        error: &'e Box<dyn Error + Send + Sync>,
    ) -> Option<&'e (dyn Error + 'static)> {
        Some(&**error)
    }
}

impl JudgeTransport<Box<dyn Error>> for BoxedSourceChain {
    fn judge(&self, error: &Box<dyn Error>, rules: &StatusRules) -> Verdict {
        judge_as::<Box<dyn Error>>(&**error, rules)
    }

    fn error<'e>(&self, error: &'e Box<dyn Error>) -> Option<&'e (dyn Error + 'static)> {
        Some(&**error)
    }
}

/// Judges an error by the `source()` chain of the error that a closure returns.
#[derive(Clone, Copy)]
pub struct ErrorAs<F>(pub(super) F);

impl<E, F: Fn(&E) -> &(dyn Error + 'static)> JudgeTransport<E> for ErrorAs<F> {
    fn judge(&self, error: &E, rules: &StatusRules) -> Verdict {
        judge_as::<E>((self.0)(error), rules)
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        Some((self.0)(error))
    }
}

impl<F> fmt::Debug for ErrorAs<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorAs").finish_non_exhaustive()
    }
}

/// Judges an error with a closure.
#[derive(Clone, Copy)]
pub struct TransportFn<F>(pub(super) F);

impl<E, F: Fn(&E) -> Verdict> JudgeTransport<E> for TransportFn<F> {
    fn judge(&self, error: &E, _: &StatusRules) -> Verdict {
        (self.0)(error)
    }
}

impl<F> fmt::Debug for TransportFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportFn").finish_non_exhaustive()
    }
}

/// Judges `error` by its chain. `E` is the type that a log event names.
fn judge_as<E: ?Sized>(error: &(dyn Error + 'static), rules: &StatusRules) -> Verdict {
    let Some(finding) = judge_chain(error) else {
        report_unrecognised(error, type_name::<E>());
        return Verdict::Permanent;
    };
    finding.verdict(rules)
}

/// Logs an error that is not retried because nothing in its chain is known.
///
/// The verdict ends the call, so there is one event per call, unless a classifier of the caller
/// turns it into a retry.
#[cfg(feature = "tracing")]
fn report_unrecognised(error: &(dyn Error + 'static), type_name: &'static str) {
    tracing::debug!(
        target: "reattempt",
        error = %crate::one_line::OneLine(error),
        error.type = type_name,
        "error not recognised, not retried; to retry it, give the classifier a rule with \
         `.transport(..)` or `.error_as(..)`, or turn on the feature of its client \
         (reqwest 0.13, ureq 3, hyper 1, tonic 0.14)",
    );
}

#[cfg(not(feature = "tracing"))]
const fn report_unrecognised(_: &(dyn Error + 'static), _: &'static str) {}
