//! The setters of a policy's classifier, which change the policy's type.

use std::sync::Arc;

use super::RetryPolicy;
use crate::classify::{Classify, ClassifyFn, DynClassify, Inspect, Verdict, When};

/// # Classifier
impl<C> RetryPolicy<C> {
    /// Sets the classifier: which outcomes are retried.
    ///
    /// ```
    /// use reattempt::{AnyError, RetryPolicy};
    ///
    /// let policy = RetryPolicy::default().when(|_: &&str| false).classify(AnyError);
    /// assert_eq!(policy.retry_blocking(|_| Ok::<_, &str>(1)).call(), Ok(1));
    /// ```
    pub fn classify<D>(self, classifier: D) -> RetryPolicy<D> {
        RetryPolicy {
            settings: self.settings,
            classifier,
        }
    }

    /// Retries the errors for which `predicate` returns true and no others.
    ///
    /// This replaces the classifier, so every `Ok` is a success. A policy does not
    /// know its operations, so the closure must name the error type. The kind of each
    /// error is [`Transient`](crate::ErrorKind::Transient), so a call with
    /// [`non_idempotent`](crate::call::Call::non_idempotent) retries none.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(Backoff::none()).when(|error: &&str| *error == "busy");
    /// let outcome = policy.retry_blocking(|_| Err::<(), _>("forbidden")).outcome();
    /// assert_eq!(outcome.attempts, 1);
    /// ```
    #[doc(alias = "retry_if")]
    pub fn when<E, F: Fn(&E) -> bool>(self, predicate: F) -> RetryPolicy<When<F>> {
        self.classify(When(predicate))
    }

    /// Classifies outcomes with a closure.
    ///
    /// ```
    /// use reattempt::{Backoff, ErrorKind, RetryPolicy, Verdict};
    ///
    /// let policy = RetryPolicy::new(Backoff::none()).classify_fn(|outcome: Result<&u16, &()>| {
    ///     match outcome {
    ///         Ok(503) => Verdict::retry(ErrorKind::Server),
    ///         Ok(_) => Verdict::Success,
    ///         Err(()) => Verdict::Permanent,
    ///     }
    /// });
    /// assert_eq!(policy.retry_blocking(|_| Ok(503)).outcome().attempts, 3);
    /// ```
    pub fn classify_fn<T, E, F>(self, f: F) -> RetryPolicy<ClassifyFn<F>>
    where
        F: Fn(Result<&T, &E>) -> Verdict,
    {
        self.classify(ClassifyFn(f))
    }

    /// Calls `f` with every outcome and its verdict, for logs and metrics that
    /// need the error itself.
    ///
    /// `f` is called once per attempt, before the retry is decided.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// use reattempt::{Backoff, RetryPolicy, Verdict};
    ///
    /// let log = RefCell::new(Vec::new());
    /// let policy = RetryPolicy::new(Backoff::none()).max_attempts(2).inspect(
    ///     |outcome: Result<&(), &&str>, verdict: Verdict| {
    ///         log.borrow_mut().push((outcome.err().copied(), verdict.is_retry()));
    ///     },
    /// );
    /// let _ = policy.retry_blocking(|_| Err::<(), _>("down")).call();
    /// assert_eq!(*log.borrow(), [(Some("down"), true), (Some("down"), true)]);
    /// ```
    ///
    /// It wraps the policy's classifier, so call it after `classify` and `when`. A call with
    /// a classifier of its own does not use it.
    pub fn inspect<T, E, F>(self, f: F) -> RetryPolicy<Inspect<C, F>>
    where
        F: Fn(Result<&T, &E>, Verdict),
    {
        RetryPolicy {
            settings: self.settings,
            classifier: Inspect {
                classifier: self.classifier,
                f,
            },
        }
    }

    /// Hides the classifier's type, so that a policy with a closure in it can be
    /// the field of a struct.
    ///
    /// ```
    /// use reattempt::{DynClassify, RetryPolicy};
    ///
    /// struct Client {
    ///     policy: RetryPolicy<DynClassify<String, std::io::Error>>,
    /// }
    ///
    /// let policy = RetryPolicy::default().when(|_: &std::io::Error| true).erased();
    /// let client = Client { policy };
    /// assert!(client.policy.retry_blocking(|_| Ok(String::new())).call().is_ok());
    /// ```
    pub fn erased<T, E>(self) -> RetryPolicy<DynClassify<T, E>>
    where
        C: Classify<T, E> + Send + Sync + 'static,
    {
        RetryPolicy {
            settings: self.settings,
            classifier: DynClassify(Arc::new(self.classifier)),
        }
    }
}
