//! Verdicts on outcomes, and the classifiers that are not specific to a protocol.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Decides whether the outcome of an attempt is a success, is permanent or should
/// be retried.
///
/// A classifier receives the whole `Result`, so an `Ok` can be retried too: an HTTP
/// client returns `Ok` with a 503 response.
///
/// Closures do not implement this trait, because rustc could then not infer their
/// arguments. Use [`RetryPolicy::when`] or [`RetryPolicy::classify_fn`] for a
/// closure.
///
/// ```
/// use reattempt::{Classify, ErrorKind, Verdict};
///
/// /// Polls a job until it is ready.
/// struct Ready;
///
/// impl Classify<bool, std::io::Error> for Ready {
///     fn classify(&self, outcome: Result<&bool, &std::io::Error>) -> Verdict {
///         match outcome {
///             Ok(true) => Verdict::Success,
///             Ok(false) => Verdict::retry(ErrorKind::Transient),
///             Err(_) => Verdict::Permanent,
///         }
///     }
/// }
///
/// assert!(Ready.classify(Ok(&false)).is_retry());
/// ```
///
/// [`RetryPolicy::when`]: crate::RetryPolicy::when
/// [`RetryPolicy::classify_fn`]: crate::RetryPolicy::classify_fn
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot classify an outcome of type `Result<{T}, {E}>`",
    note = "choose a classifier for this outcome: `.when(|e: &{E}| ..)`, `.classify_fn(|outcome: Result<&{T}, &{E}>| ..)` or `.classify(..)`",
    note = "`AwsClassifier` needs an `http::Response` whose error body can be read: `aws::buffer_error(http::Response::from(response), 64 * 1024)`",
    note = "in a generic function, add the bound `C: Classify<{T}, {E}>`"
)]
pub trait Classify<T, E> {
    /// Returns the verdict on `outcome`.
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict;

    /// Returns the error that log events print, if `error` contains one that can be
    /// printed. Default: `None`.
    ///
    /// `E` has no bounds, so a classifier for every `E` cannot print it. The classifiers
    /// for HTTP, AWS and gRPC return the error.
    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        let _ = error;
        None
    }
}

/// Returns the error of `outcome` that log events print.
#[inline]
pub(crate) fn printable<'o, T, E>(
    classifier: &impl Classify<T, E>,
    outcome: Result<&T, &'o E>,
) -> Option<&'o (dyn Error + 'static)> {
    classifier.error(outcome.err()?)
}

/// The classifier's decision about one outcome.
#[expect(
    clippy::exhaustive_enums,
    reason = "the engine handles exactly these three verdicts"
)]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verdict {
    /// The attempt failed, and a retry would fail in the same way.
    #[doc(alias = "abort")]
    Permanent,
    /// The attempt failed, and a retry may succeed.
    Retry {
        /// The server hint: the delay that the server asks for, if any.
        after: Option<Duration>,
        /// Why a retry may succeed.
        kind: ErrorKind,
    },
    /// The attempt succeeded.
    Success,
}

impl Verdict {
    /// Returns a retry verdict of this kind, without a server hint.
    #[must_use]
    pub const fn retry(kind: ErrorKind) -> Self {
        Self::Retry { after: None, kind }
    }

    /// Adds a server hint to a retry verdict. The other verdicts do not change.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{ErrorKind, Verdict};
    ///
    /// let hint = Duration::from_secs(2);
    /// let verdict = Verdict::retry(ErrorKind::Throttling).after(hint);
    /// assert_eq!(verdict, Verdict::Retry { kind: ErrorKind::Throttling, after: Some(hint) });
    /// assert_eq!(Verdict::Permanent.after(hint), Verdict::Permanent);
    /// ```
    #[must_use]
    pub const fn after(self, hint: Duration) -> Self {
        match self {
            Self::Retry { kind, .. } => Self::Retry {
                after: Some(hint),
                kind,
            },
            Self::Permanent | Self::Success => self,
        }
    }

    /// Returns true for [`Verdict::Retry`].
    #[must_use]
    pub const fn is_retry(&self) -> bool {
        matches!(self, Self::Retry { .. })
    }

    /// Returns true for a retry because of throttling.
    pub(crate) const fn is_throttling(&self) -> bool {
        matches!(
            self,
            Self::Retry {
                kind: ErrorKind::Throttling,
                ..
            }
        )
    }
}

/// Why a retry may succeed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// The server failed: a 5xx.
    Server,
    /// The client called too often: a 429, or AWS's `ThrottlingException`.
    Throttling,
    /// The connection failed or timed out. The server may have received the request.
    Transient,
    /// The request never reached the server: a refused connection, a failed name
    /// lookup. A retry is safe for any method, unless the client has followed a redirect: an
    /// earlier server may have processed the request.
    Unsent,
}

impl ErrorKind {
    /// Returns the kind's name in lower case: `server`, `throttling`, `transient` or `unsent`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Throttling => "throttling",
            Self::Transient => "transient",
            Self::Unsent => "unsent",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<T, E, C: Classify<T, E> + ?Sized> Classify<T, E> for &C {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        (**self).classify(outcome)
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        (**self).error(error)
    }
}

impl<T, E, C: Classify<T, E> + ?Sized> Classify<T, E> for Arc<C> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        (**self).classify(outcome)
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        (**self).error(error)
    }
}

impl<T, E, C: Classify<T, E> + ?Sized> Classify<T, E> for Box<C> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        (**self).classify(outcome)
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        (**self).error(error)
    }
}

/// Retries every `Err`, with [`ErrorKind::Transient`]; every `Ok` is a success.
/// This is the default classifier.
///
/// ```
/// use reattempt::{AnyError, Classify, Verdict};
///
/// assert_eq!(AnyError.classify(Ok::<_, &()>(&1)), Verdict::Success);
/// assert!(AnyError.classify(Err::<&(), _>(&"down")).is_retry());
/// ```
#[expect(clippy::exhaustive_structs, reason = "the rule has no options")]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AnyError;

impl<T, E> Classify<T, E> for AnyError {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(_) => Verdict::retry(ErrorKind::Transient),
        }
    }
}

/// Retries the errors for which a predicate returns true. Created by
/// [`RetryPolicy::when`](crate::RetryPolicy::when).
#[derive(Clone, Copy)]
pub struct When<P>(pub(crate) P);

impl<T, E, P: Fn(&E) -> bool> Classify<T, E> for When<P> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(error) if (self.0)(error) => Verdict::retry(ErrorKind::Transient),
            Err(_) => Verdict::Permanent,
        }
    }
}

impl<P> fmt::Debug for When<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When").finish_non_exhaustive()
    }
}

/// Classifies with a closure. Created by
/// [`RetryPolicy::classify_fn`](crate::RetryPolicy::classify_fn).
#[derive(Clone, Copy)]
pub struct ClassifyFn<F>(pub(crate) F);

impl<T, E, F: Fn(Result<&T, &E>) -> Verdict> Classify<T, E> for ClassifyFn<F> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        (self.0)(outcome)
    }
}

impl<F> fmt::Debug for ClassifyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassifyFn").finish_non_exhaustive()
    }
}

/// Calls a closure with each outcome and its verdict. Created by
/// [`RetryPolicy::inspect`](crate::RetryPolicy::inspect).
#[derive(Clone, Copy)]
pub struct Inspect<C, F> {
    pub(crate) classifier: C,
    pub(crate) f: F,
}

impl<T, E, C, F> Classify<T, E> for Inspect<C, F>
where
    C: Classify<T, E>,
    F: Fn(Result<&T, &E>, Verdict),
{
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        let verdict = self.classifier.classify(outcome);
        (self.f)(outcome, verdict);
        verdict
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        self.classifier.error(error)
    }
}

impl<C: fmt::Debug, F> fmt::Debug for Inspect<C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspect")
            .field("classifier", &self.classifier)
            .finish_non_exhaustive()
    }
}

/// A classifier behind a pointer, so that its type can be named. Created by
/// [`RetryPolicy::erased`](crate::RetryPolicy::erased). Clones share it.
pub struct DynClassify<T, E>(pub(crate) Arc<dyn Classify<T, E> + Send + Sync>);

impl<T, E> Classify<T, E> for DynClassify<T, E> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        self.0.classify(outcome)
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        self.0.error(error)
    }
}

impl<T, E> Clone for DynClassify<T, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T, E> fmt::Debug for DynClassify<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynClassify").finish_non_exhaustive()
    }
}
