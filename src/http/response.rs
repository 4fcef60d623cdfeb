//! `ResponseHead`: the part of a response that a classifier reads.

use http::{HeaderMap, Response, StatusCode};

/// A response of any HTTP client, as far as a classifier reads it.
///
/// [`http::Response`][response] implements this trait, and so does `reqwest::Response` with
/// the feature `reqwest`. Implement it for the response type of another client.
///
/// [response]: https://docs.rs/http/1/http/struct.Response.html
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use reattempt::{Classify, ErrorKind, Verdict};
/// use reattempt::http::{HttpClassifier, ResponseHead};
///
/// /// The response of a client that has its own types.
/// struct Reply {
///     status: StatusCode,
///     headers: HeaderMap,
/// }
///
/// impl ResponseHead for Reply {
///     fn status(&self) -> StatusCode {
///         self.status
///     }
///
///     fn headers(&self) -> &HeaderMap {
///         &self.headers
///     }
/// }
///
/// let reply = Reply { status: StatusCode::BAD_GATEWAY, headers: HeaderMap::new() };
/// let outcome: Result<&Reply, &std::io::Error> = Ok(&reply);
/// let verdict = HttpClassifier::new().classify(outcome);
/// assert_eq!(verdict, Verdict::retry(ErrorKind::Server));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an HTTP response that this classifier can judge",
    label = "has no status and no headers to judge by",
    note = "if the operation returns a `Result` inside the `Ok`, flatten it; for a time limit use `.attempt_timeout_or(..)` instead of `tokio::time::timeout`",
    note = "if it returns a decoded value instead of a response, use `http::error_policy()`, and turn a bad status into an error (reqwest: `error_for_status()?`)",
    note = "if it returns a `reqwest::Response`, turn on the feature `reqwest` of `reattempt`, which is for reqwest 0.13; copy a `reqwest::blocking::Response` into an `http::Response`"
)]
pub trait ResponseHead {
    /// Returns the status code.
    fn status(&self) -> StatusCode;

    /// Returns the headers.
    fn headers(&self) -> &HeaderMap;
}

impl<B> ResponseHead for Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}

#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
impl ResponseHead for reqwest::Response {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}
