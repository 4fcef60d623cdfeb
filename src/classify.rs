//! What an outcome means for a retry: verdicts, and the classifiers of plain errors.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Judges one outcome of an operation.
///
/// It sees the whole `Result`, so that an `Ok` value can be worth a retry too:
/// an HTTP client returns `Ok` with a 503 response.
///
/// Closures do not implement it, so that their arguments can be inferred; wrap
/// them with [`RetryPolicy::when`] or [`RetryPolicy::classify_fn`].
///
/// ```
/// use reattempt::{Classify, ErrorKind, Verdict};
///
/// /// A job that is polled until it is ready.
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
    message = "`{Self}` cannot judge an outcome of type `Result<{T}, {E}>`",
    note = "choose a classifier for this outcome: `.when(|e: &{E}| ..)`, `.classify_fn(|outcome: Result<&{T}, &{E}>| ..)` or `.classify(..)`"
)]
pub trait Classify<T, E> {
    /// The verdict on `outcome`.
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict;
}

/// What a classifier says of one outcome.
#[expect(
    clippy::exhaustive_enums,
    reason = "a fourth verdict would be a new kind of retry loop"
)]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verdict {
    /// It failed, and would fail again: no retry.
    Permanent,
    /// It failed in a way that another attempt may cure.
    Retry {
        /// The delay that the server asks for.
        after: Option<Duration>,
        /// Why another attempt may help.
        kind: ErrorKind,
    },
    /// It succeeded.
    Success,
}

impl Verdict {
    /// A retry because of `kind`, without a server hint.
    #[must_use]
    pub const fn retry(kind: ErrorKind) -> Self {
        Self::Retry { after: None, kind }
    }

    /// Adds the delay that the server asks for to a retry; the other verdicts
    /// stay as they are.
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

    /// Whether this is [`Verdict::Retry`].
    #[must_use]
    pub const fn is_retry(&self) -> bool {
        matches!(self, Self::Retry { .. })
    }
}

/// Why a retry is worth it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// The server failed: a 5xx.
    // From 1 on: `None` of it is then 0, and a call's state begins as all zeros.
    Server = 1,
    /// The client called too often: a 429, or AWS's `ThrottlingException`.
    Throttling,
    /// The connection failed or timed out. The server may have received the request.
    Transient,
    /// The request never reached the server: a refused connection, a failed name
    /// lookup. It is safe to repeat with any method.
    Unsent,
}

impl ErrorKind {
    /// Its name in lower case: `server`, `throttling`, `transient` or `unsent`.
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
}

impl<T, E, C: Classify<T, E> + ?Sized> Classify<T, E> for Arc<C> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        (**self).classify(outcome)
    }
}

impl<T, E, C: Classify<T, E> + ?Sized> Classify<T, E> for Box<C> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        (**self).classify(outcome)
    }
}

/// Every `Err` is worth a retry, of kind [`ErrorKind::Transient`], and every
/// `Ok` is a success: the default.
#[expect(clippy::exhaustive_structs, reason = "a name for one fixed rule")]
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

/// Retries the errors for which a predicate holds; made by
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

/// Judges with a closure; made by
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

/// A classifier behind one pointer, so that its type can be written down; made
/// by [`RetryPolicy::erased`](crate::RetryPolicy::erased). Clones share it.
pub struct DynClassify<T, E>(pub(crate) Arc<dyn Classify<T, E> + Send + Sync>);

impl<T, E> Classify<T, E> for DynClassify<T, E> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &E>) -> Verdict {
        self.0.classify(outcome)
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
