//! `ServiceError`: an AWS error response as an error.

use std::error::Error;
use std::fmt;

use http::{HeaderMap, Response, StatusCode};

use super::body::Looked;
use super::buffer::PeekBody;
use super::classifier::AwsClassifier;
use super::error_code::Codes;
use crate::classify::Verdict;
use crate::http::hinted;

/// What an AWS service says of a request that failed, for operations that return
/// their responses' errors as errors.
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
    /// The error in a response, or `None` where it is a success.
    ///
    /// A 200 with an error inside is an error, under the conditions of the
    /// [module](crate::aws)'s page.
    #[must_use]
    pub fn from_response<B: PeekBody>(response: &Response<B>) -> Option<Self> {
        Self::from_response_by(&AwsClassifier::new(), response)
    }

    /// Returns the error in a response, with the verdict of your own classifier.
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
        let (status, headers) = (response.status(), response.headers());
        let body = Looked::at(response.body());
        let judged_as = judge.error_status(status, headers, body)?;
        // In two steps: a message that is not text must not hide the code.
        let codes = Codes::new(headers, &mut body.read(false));
        let verdict = judge.judge_error(judged_as, &codes, body.is_broken);
        let found = body.read(true);
        Some(Self {
            status,
            code: codes.reported().map(Into::into),
            message: found.message.map(Into::into),
            request_id: request_id(headers).or_else(|| found.request_id.map(Into::into)),
            verdict: hinted(verdict, || judge.hint(headers)),
        })
    }

    /// The status of the response: a 200 too, where the error was inside one.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The error code, as [`error_code()`](crate::aws::error_code()) finds it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The message for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The id that AWS's support asks for.
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
            Some(code) => write!(f, "{code} ({})", self.status)?,
            None => write!(f, "{}", self.status)?,
        }
        if let Some(message) = self.message() {
            write!(f, ": {message}")?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " [request {id}]")?;
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
