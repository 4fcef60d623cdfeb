//! Verdicts on gRPC: the statuses of [tonic](https://docs.rs/tonic).
//!
//! # Verdicts
//!
//! | status | verdict |
//! | --- | --- |
//! | `UNAVAILABLE` | retry, transient |
//! | `RESOURCE_EXHAUSTED` with `RetryInfo` or a pushback | retry, throttling |
//! | `RESOURCE_EXHAUSTED` with neither | permanent: it may be a quota or a disk that stays full |
//! | any other code, `ABORTED` and `DEADLINE_EXCEEDED` included | permanent |
//! | made by the client: a refused connection, a failed name lookup, a refused stream | retry, unsent |
//! | made by the client: a lost connection, a timeout | retry, transient |
//! | made by the client: an untrusted certificate, any connect error that is not known | permanent |
//!
//! [`also_retry`](GrpcClassifier::also_retry) adds codes. A status that the client made
//! has a source. It is judged by its `source()` chain, as
//! [`http::judge_error`](crate::http::judge_error) does, and by its code only if no
//! link is known.
//!
//! # Server hints
//!
//! A server sets the delay of a retry in one of two ways. Except for
//! `RESOURCE_EXHAUSTED`, a hint does not make a code retryable.
//!
//! | hint | effect |
//! | --- | --- |
//! | metadata `grpc-retry-pushback-ms`, 0 or more | the delay in milliseconds |
//! | the same, negative, malformed or sent twice | permanent: the server forbids a retry |
//! | `google.rpc.RetryInfo` in the status details | the delay; without one, or with zero, the backoff |
//!
//! The pushback takes precedence. Both are rules of gRPC: [gRFC A6][a6] and
//! [`error_details.proto`][details].
//!
//! # Other error types
//!
//! An error that holds a [`Status`] is judged by
//! [`http::ErrorClassifier`](crate::http::ErrorClassifier), which finds the status in
//! the chain of sources.
//!
//! [a6]: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
//! [details]: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto

use std::error::Error;
use std::sync::Arc;

use tonic::Status;

use crate::classify::{Classify, Verdict};
use crate::error::TimedOut;
use crate::http::{AlsoRetry, judge_grpc_status};
use crate::policy::{LONGEST_HINT, RetryPolicy, ServerHint};

/// Returns the default policy with [`GrpcClassifier`].
///
/// It makes at most 3 attempts. The delay starts at 1 s and doubles up to 20 s, with
/// full jitter. A server hint of up to 300 s is waited for exactly, even if it is
/// shorter than the backoff, because gRPC's pushback is the delay itself. A longer one
/// ends the call with
/// [`ServerDelayTooLong`](crate::StopReason::ServerDelayTooLong).
///
/// All clients that receive the same `RetryInfo` at the same time also retry at the same
/// time. If a server sends the same delay to many clients, use [`ServerHint::Honor`], which
/// spreads them.
///
/// ```
/// use tonic::Status;
///
/// let policy = reattempt::grpc::policy();
/// let outcome = policy
///     .retry_blocking(|_| Err::<(), _>(Status::not_found("no such user")))
///     .outcome();
/// assert_eq!(outcome.attempts, 1);
/// ```
pub fn policy() -> RetryPolicy<GrpcClassifier> {
    RetryPolicy::default()
        .server_hint(ServerHint::Exact { max: LONGEST_HINT })
        .classify(GrpcClassifier::new())
}

/// Judges the [`Status`] that a call of tonic returns; the tables are in the
/// [module](crate::grpc)'s page. Every `Ok` is a success.
///
/// A stream is a success once it is open. The errors of its messages are not seen.
///
/// ```
/// use std::time::Duration;
/// use reattempt::grpc::GrpcClassifier;
/// use reattempt::{Classify, ErrorKind, Verdict};
/// use tonic::Status;
///
/// let judge = |status: Status| GrpcClassifier::new().classify(Err::<&(), _>(&status));
/// let unavailable = Verdict::retry(ErrorKind::Transient);
/// assert_eq!(judge(Status::unavailable("down")), unavailable);
/// assert_eq!(judge(Status::invalid_argument("name")), Verdict::Permanent);
///
/// let mut status = Status::unavailable("later");
/// status.metadata_mut().insert("grpc-retry-pushback-ms", 20.into());
/// assert_eq!(judge(status), unavailable.after(Duration::from_millis(20)));
/// ```
#[must_use = "a classifier does nothing until a policy holds it"]
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcClassifier {
    also_retry: AlsoRetry,
}

impl GrpcClassifier {
    /// Creates a classifier with the verdicts of the table.
    pub const fn new() -> Self {
        Self {
            also_retry: AlsoRetry::NONE,
        }
    }

    /// Retries statuses with this code too, as
    /// [`ErrorKind::Throttling`](crate::ErrorKind::Throttling) for `RESOURCE_EXHAUSTED`
    /// and otherwise as [`ErrorKind::Transient`](crate::ErrorKind::Transient).
    ///
    /// `code` is the number of a gRPC code: 1 to 16. Any other number changes nothing. A
    /// pushback that forbids a retry and the error of a connection still take precedence.
    ///
    /// ```
    /// use reattempt::grpc::GrpcClassifier;
    /// use reattempt::Classify;
    /// use tonic::{Code, Status};
    ///
    /// // A transaction that lost a conflict and starts again.
    /// let judge = GrpcClassifier::new().also_retry(Code::Aborted as u32);
    /// assert!(judge.classify(Err::<&(), _>(&Status::aborted("conflict"))).is_retry());
    /// ```
    pub const fn also_retry(mut self, code: u32) -> Self {
        self.also_retry = self.also_retry.and(code);
        self
    }
}

impl<T> Classify<T, Status> for GrpcClassifier {
    fn classify(&self, outcome: Result<&T, &Status>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(status) => judge_grpc_status(status, self.also_retry),
        }
    }

    fn error<'e>(&self, status: &'e Status) -> Option<&'e (dyn Error + 'static)> {
        Some(status)
    }
}

/// Makes a status with the code `DEADLINE_EXCEEDED` and the time limit as its source, so
/// that calls of tonic can have an `attempt_timeout`.
impl From<TimedOut> for Status {
    fn from(error: TimedOut) -> Self {
        let mut status = Self::deadline_exceeded(error.to_string());
        status.set_source(Arc::new(error));
        status
    }
}
