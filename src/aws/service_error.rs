//! `ServiceError`, the error of an AWS response.

use std::error::Error;
use std::fmt;

use http::{HeaderMap, Response, StatusCode};

use super::buffer::PeekBody;
use super::classifier::AwsClassifier;
use super::error_code::Codes;
use super::reply::Reply;
use crate::classify::Verdict;
use crate::http::hinted;
use crate::one_line::OneLine;

/// An error that an AWS service returned in a response.
///
/// Use it in an operation that returns error responses as `Err`. It has the verdict of the
/// response, so the policy does not need the response itself.
///
/// The texts of the service are not trusted. They are at most 64 KiB of the body. The `Display`
/// text of this error escapes their control characters, so that it takes one line in a log.
/// The methods return them unchanged.
///
/// ```
/// use http::{Response, StatusCode};
/// use reattempt::{Backoff, RetryPolicy, Verdict};
/// use reattempt::aws::ServiceError;
///
/// fn send() -> Response<&'static str> {
///     let mut response = Response::new("<Error><Code>NoSuchKey</Code></Error>");
///     *response.status_mut() = StatusCode::NOT_FOUND;
///     response
/// }
///
/// fn get() -> Result<&'static str, ServiceError> {
///     let response = send();
///     match ServiceError::from_response(&response) {
///         Some(error) => Err(error),
///         None => Ok(response.into_body()),
///     }
/// }
///
/// let policy = RetryPolicy::new(Backoff::none()).classify_fn(
///     |outcome: Result<&&'static str, &ServiceError>| match outcome {
///         Ok(_) => Verdict::Success,
///         Err(error) => error.verdict(),
///     },
/// );
/// let error = policy.retry_blocking(|_| get()).call().unwrap_err();
/// assert_eq!(error.code(), Some("NoSuchKey"));
/// assert_eq!(error.to_string(), "NoSuchKey (404 Not Found)");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceError {
    status: StatusCode,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    verdict: Verdict,
}

impl ServiceError {
    /// Returns the error in a response, or `None` if the response is a success.
    ///
    /// A 200 with an error inside is an error, under the conditions that the
    /// [module](crate::aws) lists. The verdict is that of [`AwsClassifier::new`].
    ///
    /// ```
    /// use http::{Response, StatusCode};
    /// use reattempt::aws::ServiceError;
    ///
    /// let mut response = Response::new("<Error><Code>NoSuchKey</Code></Error>");
    /// *response.status_mut() = StatusCode::NOT_FOUND;
    /// let error = ServiceError::from_response(&response).expect("a 404");
    /// assert_eq!(error.code(), Some("NoSuchKey"));
    ///
    /// let success = Response::new("{}");
    /// assert_eq!(ServiceError::from_response(&success), None);
    /// ```
    #[must_use]
    pub fn from_response<B: PeekBody>(response: &Response<B>) -> Option<Self> {
        Self::from_response_by(&AwsClassifier::new(), response)
    }

    /// Returns the error in a response, with the verdict of your own classifier.
    ///
    /// Returns `None` if the classifier does not find an error in the response.
    ///
    /// ```
    /// use http::{Response, StatusCode};
    /// use reattempt::{ErrorKind, Verdict};
    /// use reattempt::aws::{AwsClassifier, ServiceError};
    ///
    /// let judge = AwsClassifier::new().retry_code("OperationAborted", ErrorKind::Server);
    /// let mut response = Response::new("<Error><Code>OperationAborted</Code></Error>".to_owned());
    /// *response.status_mut() = StatusCode::CONFLICT;
    /// let error = ServiceError::from_response_by(&judge, &response).expect("a 409");
    /// assert_eq!(error.verdict(), Verdict::retry(ErrorKind::Server));
    /// ```
    #[must_use]
    pub fn from_response_by<X, B: PeekBody>(
        judge: &AwsClassifier<X>,
        response: &Response<B>,
    ) -> Option<Self> {
        let reply = Reply::of(response);
        let judged_as = judge.error_status(&reply)?;
        let Reply {
            status,
            headers,
            body,
            ..
        } = reply;
        // In two steps: a message that is not text must not hide the code.
        let codes = Codes::new(headers, &mut body.read(false));
        let verdict = judge.judge_error(judged_as, &codes, &reply);
        let found = body.read(true);
        Some(Self {
            status,
            code: codes.reported().map(Into::into),
            message: found.message.map(Into::into),
            request_id: request_id(headers).or_else(|| found.request_id.map(Into::into)),
            verdict: hinted(verdict, || judge.hint(headers)),
        })
    }

    /// Returns the status of the response. It is 200 for an error inside a 200.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the error code, as [`error_code()`](crate::aws::error_code()) does.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the message of the service, if there is one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the id of the request, which AWS's support needs to find it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns the verdict on the response, with its server hint.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code() {
            Some(code) => write!(f, "{} ({})", OneLine(code), self.status)?,
            None => write!(f, "{}", self.status)?,
        }
        if let Some(message) = self.message() {
            write!(f, ": {}", OneLine(message))?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " [request {}]", OneLine(id))?;
        }
        Ok(())
    }
}

impl Error for ServiceError {}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let header = |name| headers.get(name)?.to_str().ok();
    ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"]
        .into_iter()
        .find_map(header)
        .map(Into::into)
}
