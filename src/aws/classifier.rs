//! `AwsClassifier`: the error code first, then the status.

use http::header::{ACCEPT_RANGES, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::body::{Looked, is_error};
use super::buffer::PeekBody;
use super::codes::is_throttling;
use super::error_code::Codes;
use super::headers::hint;
use crate::classify::{Classify, ErrorKind, Verdict};
use crate::http::{
    BoxedSourceChain, HttpClassifier, JudgeTransport, SourceChain, TransportFn, hinted,
};

/// Judges responses of AWS services; the table is in the
/// [module](crate::aws)'s page.
///
/// The response's body must be at hand ([`PeekBody`]): read in the operation, or
/// made so by [`buffer_error`](crate::aws::buffer_error). Errors of the
/// transport are judged as by [`HttpClassifier`].
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
    /// The caller's own word on some codes; the last one on a code counts.
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
    /// The verdicts of the table, none added and none taken away.
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
    /// Retries what AWS's SDKs retry beyond the table: the codes
    /// `RequestTimeout` and `RequestTimeoutException` of a 4xx, as transient.
    /// A word on a code counts where it is said later, one on a status always.
    pub fn like_sdk(mut self) -> Self {
        self.rules.retain(|(ruled, _)| !is_timeout(ruled));
        self.is_like_sdk = true;
        self
    }

    /// Retries errors with this code, whatever their status. The last word on a
    /// code counts, and goes before any on a status.
    pub fn retry_code(self, code: &'static str, kind: ErrorKind) -> Self {
        self.rule(code, Verdict::retry(kind))
    }

    /// Never retries errors with this code, whatever their status. The last word
    /// on a code counts, and goes before any on a status.
    pub fn never_code(self, code: &'static str) -> Self {
        self.rule(code, Verdict::Permanent)
    }

    fn rule(mut self, code: &'static str, verdict: Verdict) -> Self {
        self.rules.retain(|(ruled, _)| *ruled != code);
        self.rules.push((code, verdict));
        self
    }

    /// Retries responses of this status too; see
    /// [`HttpClassifier::also_retry`].
    pub fn also_retry(mut self, status: StatusCode) -> Self {
        self.http = self.http.also_retry(status);
        self
    }

    /// Never retries responses of this status, throttling included; see
    /// [`HttpClassifier::never_retry`].
    pub fn never_retry(mut self, status: StatusCode) -> Self {
        self.http = self.http.never_retry(status);
        self
    }

    /// Takes every 200 for a success, without a look into its body.
    pub const fn never_in_success(mut self) -> Self {
        self.looks_into_success = false;
        self
    }

    /// Judges transport errors with a closure; see
    /// [`HttpClassifier::transport`].
    pub fn transport<E, F: Fn(&E) -> Verdict>(self, judge: F) -> AwsClassifier<TransportFn<F>> {
        AwsClassifier {
            http: self.http.transport(judge),
            rules: self.rules,
            is_like_sdk: self.is_like_sdk,
            looks_into_success: self.looks_into_success,
        }
    }

    /// Judges errors of type `Box<dyn Error + Send + Sync>` by their source
    /// chain; see [`HttpClassifier::boxed`].
    pub fn boxed(self) -> AwsClassifier<BoxedSourceChain> {
        AwsClassifier {
            http: self.http.boxed(),
            rules: self.rules,
            is_like_sdk: self.is_like_sdk,
            looks_into_success: self.looks_into_success,
        }
    }

    /// The status to judge an error by, or `None` where there is no error: a 200
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
        let has_error = self.looks_into_success
            && status == StatusCode::OK
            && !self.http.never_retries(status)
            && may_be_an_error(headers)
            && is_error(body);
        has_error.then_some(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The verdict on an error: the caller's word on its code, throttling by its
    /// code, then the status.
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
        let has_word = self.http.never_retries(status);
        if codes.names().any(is_throttling) && !has_word {
            return Verdict::retry(ErrorKind::Throttling);
        }
        let verdict = self.http.status(status);
        // What a body that broke off would have said got lost on the way.
        let is_transient = is_broken || self.is_like_sdk && codes.names().any(is_timeout);
        if verdict == Verdict::Permanent && is_transient && !has_word {
            return Verdict::retry(ErrorKind::Transient);
        }
        verdict
    }
}

/// The codes of a client that was too slow, which AWS's SDKs retry.
fn is_timeout(code: &str) -> bool {
    matches!(code, "RequestTimeout" | "RequestTimeoutException")
}

/// Whether a 200 may hold an error: an object of S3's comes with one of these
/// headers, and may be an XML document of that kind itself.
fn may_be_an_error(headers: &HeaderMap) -> bool {
    let is_xml = |value: &HeaderValue| {
        let mut parts = value.as_bytes().windows(3);
        parts.any(|part| part.eq_ignore_ascii_case(b"xml"))
    };
    let is_object = [ETAG, LAST_MODIFIED, ACCEPT_RANGES]
        .iter()
        .any(|name| headers.contains_key(name));
    !is_object && headers.get(CONTENT_TYPE).is_none_or(is_xml)
}

impl<B, E, X> Classify<Response<B>, E> for AwsClassifier<X>
where
    B: PeekBody,
    X: JudgeTransport<E>,
{
    fn classify(&self, outcome: Result<&Response<B>, &E>) -> Verdict {
        let response = match outcome {
            Ok(response) => response,
            Err(error) => return self.http.judge_error(error),
        };
        let (status, headers) = (response.status(), response.headers());
        let body = Looked::at(response.body());
        let verdict = match self.error_status(status, headers, body) {
            Some(status) => {
                let codes = Codes::new(headers, &mut body.read(false));
                self.judge_error(status, &codes, body.is_broken)
            }
            None => self.http.status(status),
        };
        hinted(verdict, || hint(headers))
    }
}
