//! `AwsClassifier`, which checks the error code first, then the status.

use std::time::Duration;

use http::header::{CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::body::{Looked, SuccessBody};
use super::buffer::PeekBody;
use super::codes::is_throttling;
use super::error_code::Codes;
use super::headers::amz_retry_after;
use crate::classify::{Classify, ErrorKind, Verdict};
use crate::http::{
    BoxedSourceChain, HttpClassifier, JudgeTransport, SourceChain, TransportFn, hinted,
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
    http: HttpClassifier<X>,
    /// Per-code overrides. The last override for a code wins.
    rules: Vec<(&'static str, Verdict)>,
    is_like_sdk: bool,
    looks_into_success: bool,
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
        }
    }
}

impl<X> AwsClassifier<X> {
    /// Retries the three codes that AWS's SDKs retry beyond the table: `RequestTimeout`,
    /// `RequestTimeoutException` and `IDPCommunicationError`.
    ///
    /// They are retried as [`ErrorKind::Transient`]. By default they are permanent. A later
    /// `retry_code` or `never_code` overrides this. `never_retry(status)` always overrides
    /// it.
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
    pub fn also_retry(mut self, status: StatusCode) -> Self {
        self.http = self.http.also_retry(status);
        self
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
    pub fn never_retry(mut self, status: StatusCode) -> Self {
        self.http = self.http.never_retry(status);
        self
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
        AwsClassifier {
            http: self.http.transport(judge),
            rules: self.rules,
            is_like_sdk: self.is_like_sdk,
            looks_into_success: self.looks_into_success,
        }
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
        AwsClassifier {
            http: self.http.boxed(),
            rules: self.rules,
            is_like_sdk: self.is_like_sdk,
            looks_into_success: self.looks_into_success,
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
        self.judge_body(status, headers, Looked::new(body, true))
    }

    /// Returns the server hint of a response: `x-amz-retry-after`, or a hint that any HTTP
    /// server may send.
    pub(crate) fn hint(&self, headers: &HeaderMap) -> Option<Duration> {
        amz_retry_after(headers).or_else(|| self.http.hint(headers))
    }

    fn judge_body(&self, status: StatusCode, headers: &HeaderMap, body: Looked<'_>) -> Verdict {
        let verdict = match self.error_status(status, headers, body) {
            Some(status) => {
                let codes = Codes::new(headers, &mut body.read(false));
                self.judge_error(status, &codes, body.is_broken)
            }
            None => self.http.judge_status(status),
        };
        hinted(verdict, || self.hint(headers))
    }

    /// Returns the status of the error in a response, or `None` if there is no error. A 200
    /// with an error inside counts as a 500.
    pub(crate) fn error_status(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: Looked<'_>,
    ) -> Option<StatusCode> {
        if status.is_client_error() || status.is_server_error() {
            return Some(status);
        }
        let may_have_error = self.looks_into_success
            && status == StatusCode::OK
            && !self.http.never_retries(status)
            && !is_object(headers);
        let has_error = may_have_error
            && match SuccessBody::of(body) {
                SuccessBody::Error => true,
                SuccessBody::CutOff => headers.get(CONTENT_TYPE).is_none_or(is_xml),
                SuccessBody::Other => false,
            };
        has_error.then_some(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the verdict on an error. Overrides for its code come first, then throttling
    /// codes, then the status.
    pub(crate) fn judge_error(
        &self,
        status: StatusCode,
        codes: &Codes<'_>,
        is_broken: bool,
    ) -> Verdict {
        let rule = |name: &str| {
            let rule = self.rules.iter().find(|(code, _)| *code == name)?;
            Some(rule.1)
        };
        if let Some(verdict) = codes.names().find_map(rule) {
            return verdict;
        }
        let is_ruled_out = self.http.never_retries(status);
        if codes.names().any(is_throttling) && !is_ruled_out {
            return Verdict::retry(ErrorKind::Throttling);
        }
        let verdict = self.http.status(status);
        // The code may have been in the part that did not arrive.
        let is_transient = is_broken || self.is_like_sdk && codes.names().any(is_transient);
        if verdict == Verdict::Permanent && is_transient && !is_ruled_out {
            return Verdict::retry(ErrorKind::Transient);
        }
        verdict
    }
}

/// The codes that AWS's SDKs retry as transient: the client was too slow, or an identity
/// provider could not be reached.
fn is_transient(code: &str) -> bool {
    matches!(
        code,
        "IDPCommunicationError" | "RequestTimeout" | "RequestTimeoutException"
    )
}

/// Returns true if a response is an object of S3, which has one of these headers. The body
/// of an object may be any XML document.
fn is_object(headers: &HeaderMap) -> bool {
    headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED)
}

fn is_xml(content_type: &HeaderValue) -> bool {
    let mut parts = content_type.as_bytes().windows(3);
    parts.any(|part| part.eq_ignore_ascii_case(b"xml"))
}

impl<B, E, X> Classify<Response<B>, E> for AwsClassifier<X>
where
    B: PeekBody,
    X: JudgeTransport<E>,
{
    fn classify(&self, outcome: Result<&Response<B>, &E>) -> Verdict {
        match outcome {
            Ok(response) => {
                let body = Looked::at(response.body());
                self.judge_body(response.status(), response.headers(), body)
            }
            Err(error) => self.http.judge_error(error),
        }
    }
}
