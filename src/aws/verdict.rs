//! The verdict of `AwsClassifier` on a response: the error code first, then the status.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::body::SuccessBody;
use super::classifier::AwsClassifier;
use super::clock_skew::may_mean_skew;
use super::codes::is_throttling;
use super::error_code::Codes;
use super::headers::amz_retry_after;
use super::reply::Reply;
use crate::classify::{ErrorKind, Verdict};
use crate::http::hinted;

impl<X> AwsClassifier<X> {
    /// Returns the server hint of a response: `x-amz-retry-after`, or a hint that any HTTP
    /// server may send.
    pub(crate) fn hint(&self, headers: &HeaderMap) -> Option<Duration> {
        amz_retry_after(headers).or_else(|| self.http.hint(headers))
    }

    pub(super) fn judge(&self, reply: &Reply<'_>) -> Verdict {
        let verdict = match self.error_status(reply) {
            Some(status) => {
                let codes = Codes::new(reply.headers, &mut reply.body.read(false));
                self.judge_error(status, &codes, reply)
            }
            None => self.http.judge_status(reply.status),
        };
        hinted(verdict, || self.hint(reply.headers))
    }

    /// Returns the status of the error in a response, or `None` if there is no error. A 200
    /// with an error inside counts as a 500.
    pub(crate) fn error_status(&self, reply: &Reply<'_>) -> Option<StatusCode> {
        let status = reply.status;
        if status.is_client_error() || status.is_server_error() {
            return Some(status);
        }
        let may_have_error = self.looks_into_success
            && status == StatusCode::OK
            && !self.http.never_retries(status)
            && !reply.is_object();
        let has_error = may_have_error
            && match SuccessBody::of(reply.body) {
                SuccessBody::Error => true,
                SuccessBody::CutOff => reply.may_be_xml(),
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
        reply: &Reply<'_>,
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
        let verdict = self.http.judge_status(status);
        // The code may have been in the part that did not arrive.
        let is_transient =
            reply.body.is_broken || self.is_like_sdk && codes.names().any(is_transient);
        if verdict != Verdict::Permanent || is_ruled_out {
            verdict
        } else if is_transient {
            Verdict::retry(ErrorKind::Transient)
        } else if self.retries_clock_skew
            && reply.is_signed_at_wrong_time
            && codes.names().any(may_mean_skew)
        {
            Verdict::retry(ErrorKind::Unsent)
        } else {
            verdict
        }
    }
}

/// Returns true for the codes that AWS's SDKs retry as transient: the client was too slow,
/// or an identity provider could not be reached.
pub(super) fn is_transient(code: &str) -> bool {
    matches!(
        code,
        "IDPCommunicationError" | "RequestTimeout" | "RequestTimeoutException"
    )
}
