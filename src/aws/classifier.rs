//! `AwsClassifier` and its settings.

use std::error::Error;
use std::time::SystemTime;

use http::{HeaderMap, Response, StatusCode};

use super::body::Peeked;
use super::buffer::PeekBody;
use super::reply::Reply;
use super::verdict::is_transient;
use crate::classify::{Classify, ErrorKind, Verdict};
use crate::http::{
    BoxedSourceChain, ErrorAs, HttpClassifier, JudgeTransport, SourceChain, TransportFn,
};

/// Classifies responses of AWS services by error code and status.
///
/// The [module](crate::aws) documentation has the table of verdicts.
///
/// The response's body must be readable without waiting ([`PeekBody`]): read it in the
/// operation, or use [`buffer_error`](crate::aws::buffer_error). Transport errors get the
/// verdict of [`HttpClassifier`].
///
/// ```
/// use http::{Response, StatusCode};
/// use reattempt::{Classify, ErrorKind, Verdict, aws::AwsClassifier};
///
/// let mut response = Response::new(r#"{"__type":"ThrottlingException"}"#);
/// *response.status_mut() = StatusCode::BAD_REQUEST;
/// let outcome: Result<_, &std::io::Error> = Ok(&response);
/// let verdict = AwsClassifier::new().classify(outcome);
/// assert_eq!(verdict, Verdict::retry(ErrorKind::Throttling));
/// ```
#[must_use = "a classifier does nothing until a policy holds it"]
#[derive(Clone, Debug)]
pub struct AwsClassifier<X = SourceChain> {
    pub(super) http: HttpClassifier<X>,
    /// Per-code overrides. The last override for a code wins.
    pub(super) rules: Vec<(&'static str, Verdict)>,
    pub(super) is_like_sdk: bool,
    pub(super) looks_into_success: bool,
    pub(super) retries_clock_skew: bool,
}

impl Default for AwsClassifier {
    fn default() -> Self {
        Self::new()
    }
}

impl AwsClassifier {
    /// Returns a classifier with the verdicts of the table.
    ///
    /// It has no overrides, and it looks for errors inside a 200.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use reattempt::{Verdict, aws::AwsClassifier};
    ///
    /// let judge = AwsClassifier::new();
    /// let verdict = judge.judge_parts(StatusCode::NOT_FOUND, &HeaderMap::new(), b"");
    /// assert_eq!(verdict, Verdict::Permanent);
    /// ```
    pub const fn new() -> Self {
        Self {
            http: HttpClassifier::new(),
            rules: Vec::new(),
            is_like_sdk: false,
            looks_into_success: true,
            retries_clock_skew: false,
        }
    }
}

impl<X> AwsClassifier<X> {
    /// Retries the three codes that AWS's SDKs retry beyond the table: `RequestTimeout`,
    /// `RequestTimeoutException` and `IDPCommunicationError`.
    ///
    /// They are retried as [`ErrorKind::Transient`]. At a 5xx they are
    /// [`ErrorKind::Server`]. By default they are permanent. A later `retry_code` or
    /// `never_code` overrides this. `never_retry(status)` always overrides it.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use reattempt::{ErrorKind, Verdict, aws::AwsClassifier};
    ///
    /// let judge = AwsClassifier::new().like_sdk();
    /// let body = b"<Error><Code>RequestTimeout</Code></Error>";
    /// let verdict = judge.judge_parts(StatusCode::BAD_REQUEST, &HeaderMap::new(), body);
    /// assert_eq!(verdict, Verdict::retry(ErrorKind::Transient));
    /// ```
    pub fn like_sdk(mut self) -> Self {
        self.rules.retain(|(ruled, _)| !is_transient(ruled));
        self.is_like_sdk = true;
        self
    }

    /// Retries errors with this code, at any status.
    ///
    /// The last call for a code wins, and takes precedence over rules for a status. Codes
    /// are compared exactly, case included.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use reattempt::{ErrorKind, Verdict, aws::AwsClassifier};
    ///
    /// let judge = AwsClassifier::new().retry_code("TooManyUpdates", ErrorKind::Throttling);
    /// let body = br#"{"__type":"TooManyUpdates"}"#;
    /// let verdict = judge.judge_parts(StatusCode::BAD_REQUEST, &HeaderMap::new(), body);
    /// assert_eq!(verdict, Verdict::retry(ErrorKind::Throttling));
    /// ```
    pub fn retry_code(self, code: &'static str, kind: ErrorKind) -> Self {
        self.rule(code, Verdict::retry(kind))
    }

    /// Never retries errors with this code, at any status.
    ///
    /// The last call for a code wins, and takes precedence over rules for a status. Codes
    /// are compared exactly, case included.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use reattempt::{Verdict, aws::AwsClassifier};
    ///
    /// let judge = AwsClassifier::new().never_code("LimitExceededException");
    /// let body = br#"{"__type":"LimitExceededException"}"#;
    /// let verdict = judge.judge_parts(StatusCode::BAD_REQUEST, &HeaderMap::new(), body);
    /// assert_eq!(verdict, Verdict::Permanent);
    /// ```
    pub fn never_code(self, code: &'static str) -> Self {
        self.rule(code, Verdict::Permanent)
    }

    fn rule(mut self, code: &'static str, verdict: Verdict) -> Self {
        self.rules.retain(|(ruled, _)| *ruled != code);
        self.rules.push((code, verdict));
        self
    }

    /// Retries responses with this status too, as [`HttpClassifier::also_retry`] does.
    ///
    /// The last call for a status wins. Overrides for a code take precedence.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use reattempt::{ErrorKind, Verdict, aws::AwsClassifier};
    ///
    /// let judge = AwsClassifier::new().also_retry(StatusCode::CONFLICT);
    /// let verdict = judge.judge_parts(StatusCode::CONFLICT, &HeaderMap::new(), b"");
    /// assert_eq!(verdict, Verdict::retry(ErrorKind::Transient));
    /// ```
    pub fn also_retry(self, status: StatusCode) -> Self {
        self.with_http(|http| http.also_retry(status))
    }

    /// Never retries responses with this status, throttling included.
    ///
    /// The last call for a status wins. Overrides for a code take precedence.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use reattempt::{Verdict, aws::AwsClassifier};
    ///
    /// let judge = AwsClassifier::new().never_retry(StatusCode::NOT_IMPLEMENTED);
    /// let verdict = judge.judge_parts(StatusCode::NOT_IMPLEMENTED, &HeaderMap::new(), b"");
    /// assert_eq!(verdict, Verdict::Permanent);
    /// ```
    pub fn never_retry(self, status: StatusCode) -> Self {
        self.with_http(|http| http.never_retry(status))
    }

    /// Treats every 200 as a success, without reading its body.
    ///
    /// By default a 200 with an error inside counts as a 500.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use reattempt::{Verdict, aws::AwsClassifier};
    ///
    /// let judge = AwsClassifier::new().never_in_success();
    /// let body = b"<Error><Code>InternalError</Code></Error>";
    /// let verdict = judge.judge_parts(StatusCode::OK, &HeaderMap::new(), body);
    /// assert_eq!(verdict, Verdict::Success);
    /// ```
    pub const fn never_in_success(mut self) -> Self {
        self.looks_into_success = false;
        self
    }

    /// Retries a request that was rejected because it was signed with a wrong time, once
    /// [`ClockSkew::observe`](crate::aws::ClockSkew::observe) has measured the right one.
    /// Default: such a request is permanent, as every 4xx.
    ///
    /// It applies to the codes `AccessDeniedException`, `AuthFailure`,
    /// `InvalidSignatureException`, `RequestExpired`, `RequestTimeTooSkewed` and
    /// `SignatureDoesNotMatch` if the signature was more than 4 minutes off. The retry signs
    /// with the corrected time, so if it is rejected too, that is permanent. The kind is
    /// [`ErrorKind::Unsent`], because a request with a rejected signature is not processed.
    ///
    /// ```
    /// use reattempt::aws::{self, AwsClassifier};
    ///
    /// let policy = aws::standard().classify(AwsClassifier::new().retry_clock_skew());
    /// # let _ = policy;
    /// ```
    pub const fn retry_clock_skew(mut self) -> Self {
        self.retries_clock_skew = true;
        self
    }

    /// Sets the wall clock to which a date in Retry-After is relative; see
    /// [`HttpClassifier::clock`]. The default is the system's.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use reattempt::aws::AwsClassifier;
    ///
    /// let judge = AwsClassifier::new().clock(|| SystemTime::UNIX_EPOCH);
    /// # let _ = judge;
    /// ```
    pub fn clock(self, now: fn() -> SystemTime) -> Self {
        self.with_http(|http| http.clock(now))
    }

    /// Classifies transport errors with a closure, as [`HttpClassifier::transport`] does.
    ///
    /// By default they are classified by their `source()` chain.
    ///
    /// ```
    /// use http::Response;
    /// use reattempt::{Classify, ErrorKind, Verdict, aws::AwsClassifier};
    ///
    /// struct Hangup;
    ///
    /// let transient = Verdict::retry(ErrorKind::Transient);
    /// let judge = AwsClassifier::new().transport(move |_: &Hangup| transient);
    /// let outcome: Result<&Response<()>, _> = Err(&Hangup);
    /// assert_eq!(judge.classify(outcome), transient);
    /// ```
    pub fn transport<E, F: Fn(&E) -> Verdict>(self, judge: F) -> AwsClassifier<TransportFn<F>> {
        self.with_http(|http| http.transport(judge))
    }

    /// Classifies the error that a closure returns by its `source()` chain, as
    /// [`HttpClassifier::error_as`] does.
    ///
    /// ```
    /// use std::io;
    /// use http::Response;
    /// use reattempt::{Classify, aws::AwsClassifier};
    ///
    /// let judge = AwsClassifier::new().error_as(|error: &anyhow::Error| error.as_ref());
    /// let reset = anyhow::Error::from(io::Error::from(io::ErrorKind::ConnectionReset));
    /// let outcome: Result<&Response<()>, _> = Err(&reset);
    /// assert!(judge.classify(outcome).is_retry());
    /// ```
    pub fn error_as<E, F>(self, error: F) -> AwsClassifier<ErrorAs<F>>
    where
        F: Fn(&E) -> &(dyn Error + 'static),
    {
        self.with_http(|http| http.error_as(error))
    }

    /// Classifies errors of type `Box<dyn Error + Send + Sync>` by their `source()` chain,
    /// as [`HttpClassifier::boxed`] does.
    ///
    /// ```
    /// use std::error::Error;
    /// use std::io;
    /// use http::Response;
    /// use reattempt::{Classify, aws::AwsClassifier};
    ///
    /// let reset: Box<dyn Error + Send + Sync> =
    ///     io::Error::from(io::ErrorKind::ConnectionReset).into();
    /// let outcome: Result<&Response<()>, _> = Err(&reset);
    /// assert!(AwsClassifier::new().boxed().classify(outcome).is_retry());
    /// ```
    pub fn boxed(self) -> AwsClassifier<BoxedSourceChain> {
        self.with_http(HttpClassifier::boxed)
    }

    /// Replaces the part that does not depend on AWS.
    fn with_http<Y>(
        self,
        change: impl FnOnce(HttpClassifier<X>) -> HttpClassifier<Y>,
    ) -> AwsClassifier<Y> {
        AwsClassifier {
            http: change(self.http),
            rules: self.rules,
            is_like_sdk: self.is_like_sdk,
            looks_into_success: self.looks_into_success,
            retries_clock_skew: self.retries_clock_skew,
        }
    }

    /// Returns the verdict on a response from its parts, for clients without
    /// `http::Response`. `body` is the whole body.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use reattempt::{ErrorKind, Verdict, aws::AwsClassifier};
    ///
    /// let body = br#"{"__type":"ThrottlingException"}"#;
    /// let judge = AwsClassifier::new();
    /// let verdict = judge.judge_parts(StatusCode::BAD_REQUEST, &HeaderMap::new(), body);
    /// assert_eq!(verdict, Verdict::retry(ErrorKind::Throttling));
    /// ```
    pub fn judge_parts(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Verdict {
        self.judge(&Reply {
            status,
            headers,
            body: Peeked::new(body, true),
            is_signed_at_wrong_time: false,
        })
    }
}

impl<B, E, X> Classify<Response<B>, E> for AwsClassifier<X>
where
    B: PeekBody,
    X: JudgeTransport<E>,
{
    fn classify(&self, outcome: Result<&Response<B>, &E>) -> Verdict {
        match outcome {
            Ok(response) => self.judge(&Reply::of(response)),
            Err(error) => self.http.judge_error(error),
        }
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        self.http.printable(error)
    }
}
