//! `ErrorClassifier`: the verdict on an operation that returns a decoded value.

use std::error::Error;

use http::StatusCode;

use super::classifier::HttpClassifier;
use super::transport::{BoxedSourceChain, ErrorAs, JudgeTransport, SourceChain, TransportFn};
use crate::classify::{Classify, Verdict};

/// Judges the errors of an operation as [`HttpClassifier`] does. Every `Ok` is a
/// success, whatever its type.
///
/// Use it for operations that return a decoded value instead of a response. The
/// error that reqwest's `error_for_status` returns, and ureq's error for a status,
/// are judged by the status, with [`also_retry`](Self::also_retry) and
/// [`never_retry`](Self::never_retry). Such an error has no headers, so the server
/// hint is lost. Return the response and use [`HttpClassifier`] to keep it.
///
/// ```
/// use std::io;
/// use reattempt::{Classify, ErrorKind, Verdict, http::ErrorClassifier};
///
/// let judge = ErrorClassifier::new();
/// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
/// assert_eq!(judge.classify(Ok::<&u32, &io::Error>(&7)), Verdict::Success);
/// assert_eq!(judge.classify(Err::<&u32, _>(&refused)), Verdict::retry(ErrorKind::Unsent));
/// ```
#[must_use = "a classifier does nothing until a policy holds it"]
#[derive(Clone, Copy, Debug)]
pub struct ErrorClassifier<X = SourceChain> {
    http: HttpClassifier<X>,
}

impl ErrorClassifier {
    /// Creates a classifier with the verdicts of the [module](crate::http)'s table.
    pub const fn new() -> Self {
        Self {
            http: HttpClassifier::new(),
        }
    }
}

impl Default for ErrorClassifier {
    fn default() -> Self {
        Self::new()
    }
}

impl<X> ErrorClassifier<X> {
    /// Retries errors that a client made from this status too; see
    /// [`HttpClassifier::also_retry`].
    ///
    /// ```
    /// use http::StatusCode;
    /// use reattempt::http::{ErrorClassifier, error_policy};
    ///
    /// let judge = ErrorClassifier::new().also_retry(StatusCode::CONFLICT);
    /// let policy = error_policy().classify(judge);
    /// # let _ = policy;
    /// ```
    pub const fn also_retry(mut self, status: StatusCode) -> Self {
        self.http.rules = self.http.rules.also_retry(status);
        self
    }

    /// Never retries errors that a client made from this status; see
    /// [`HttpClassifier::never_retry`].
    ///
    /// ```
    /// use http::StatusCode;
    /// use reattempt::http::{ErrorClassifier, error_policy};
    ///
    /// let judge = ErrorClassifier::new().never_retry(StatusCode::NOT_IMPLEMENTED);
    /// let policy = error_policy().classify(judge);
    /// # let _ = policy;
    /// ```
    pub const fn never_retry(mut self, status: StatusCode) -> Self {
        self.http.rules = self.http.rules.never_retry(status);
        self
    }

    /// Judges errors with a closure; see [`HttpClassifier::transport`].
    ///
    /// ```
    /// use reattempt::http::{self, ErrorClassifier};
    /// use reattempt::{Backoff, ErrorKind, Verdict};
    ///
    /// let judge = ErrorClassifier::new().transport(|error: &&str| match *error {
    ///     "busy" => Verdict::retry(ErrorKind::Server),
    ///     _ => Verdict::Permanent,
    /// });
    /// let policy = http::error_policy().backoff(Backoff::none()).classify(judge);
    /// let outcome = policy.retry_blocking(|_| Err::<(), _>("busy")).outcome();
    /// assert_eq!(outcome.attempts, 3);
    /// ```
    pub fn transport<E, F: Fn(&E) -> Verdict>(self, judge: F) -> ErrorClassifier<TransportFn<F>> {
        ErrorClassifier {
            http: self.http.transport(judge),
        }
    }

    /// Judges the error that a closure returns; see [`HttpClassifier::error_as`].
    ///
    /// ```
    /// use std::io;
    /// use reattempt::http::{self, ErrorClassifier};
    ///
    /// fn load() -> anyhow::Result<u32> {
    ///     Err(io::Error::from(io::ErrorKind::PermissionDenied).into())
    /// }
    ///
    /// let judge = ErrorClassifier::new().error_as(|error: &anyhow::Error| error.as_ref());
    /// let policy = http::error_policy().classify(judge);
    /// let error = policy.retry_blocking(|_| load()).call().unwrap_err();
    /// assert_eq!(error.to_string(), "permission denied");
    /// ```
    pub fn error_as<E, F>(self, error: F) -> ErrorClassifier<ErrorAs<F>>
    where
        F: Fn(&E) -> &(dyn Error + 'static),
    {
        ErrorClassifier {
            http: self.http.error_as(error),
        }
    }

    /// Judges errors of type `Box<dyn Error + Send + Sync>` or `Box<dyn Error>`; see
    /// [`HttpClassifier::boxed`].
    ///
    /// ```
    /// use std::error::Error;
    /// use reattempt::http::{self, ErrorClassifier};
    ///
    /// fn load() -> Result<u32, Box<dyn Error + Send + Sync>> {
    ///     Ok("7".parse()?)
    /// }
    ///
    /// let policy = http::error_policy().classify(ErrorClassifier::new().boxed());
    /// assert_eq!(policy.retry_blocking(|_| load()).call()?, 7);
    /// # Ok::<(), Box<dyn Error + Send + Sync>>(())
    /// ```
    pub fn boxed(self) -> ErrorClassifier<BoxedSourceChain> {
        ErrorClassifier {
            http: self.http.boxed(),
        }
    }
}

impl<T, E, X: JudgeTransport<E>> Classify<T, E> for ErrorClassifier<X> {
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(error) => self.http.judge_error(error),
        }
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        self.http.printable(error)
    }
}
