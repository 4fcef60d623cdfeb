//! Verdicts on HTTP: status codes, server hints and transport errors.
//!
//! ```
//! # #[cfg(feature = "tokio")] {
//! use std::time::Duration;
//! use http::Response;
//! use reattempt::http::HttpClassifier;
//!
//! # fn send() -> std::future::Ready<std::io::Result<Response<()>>> {
//! #     std::future::ready(Ok(Response::new(())))
//! # }
//! # async fn get() -> std::io::Result<()> {
//! let policy = reattempt::http::policy()
//!     // Retried too: "Request Timeout".
//!     .classify(HttpClassifier::new().also_retry(http::StatusCode::REQUEST_TIMEOUT))
//!     .max_elapsed(Duration::from_secs(30));
//! // `send` makes one request with any client.
//! let response = policy.retry(|_| send()).await?;
//! # let _ = response;
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! # Which policy
//!
//! | the operation returns | policy |
//! | --- | --- |
//! | a response: [`http::Response`][response], `reqwest::Response`, any [`ResponseHead`] | [`policy()`] |
//! | a decoded value, or `()` | [`error_policy()`]; the operation turns a bad status into an error, as reqwest's `error_for_status()?` does |
//!
//! `policy.retry(..)` retries a POST after a 500, because it cannot see the method: add
//! `non_idempotent()` to such a call. `RetryLayer` sees the method, and retries a POST only
//! if it was throttled or never sent.
//!
//! [response]: https://docs.rs/http/1/http/struct.Response.html
//!
//! # Verdicts
//!
//! | outcome | verdict |
//! | --- | --- |
//! | 1xx, 2xx, 3xx, and 600 to 999 | success |
//! | 429 | retry, throttling |
//! | 5xx | retry, server |
//! | any other 4xx, 408 and 425 included | permanent |
//! | a refused connection, a failed name lookup, a refused HTTP/2 stream | retry, unsent |
//! | a lost connection, a timeout, an unreachable host or network | retry, transient |
//! | an untrusted certificate, a wrong host name, TLS to a plain port, https without TLS, a malformed URL | permanent |
//! | any other error | permanent |
//!
//! `also_retry` and `never_retry` change the verdict on a status.
//!
//! # Server hints
//!
//! A response that is to be retried may ask for a delay. The first of these headers
//! that is present and well formed is used: `retry-after-ms`, `x-ms-retry-after-ms`
//! (milliseconds, also with decimals) and Retry-After (seconds, or a date).
//! [`obey_server`](HttpClassifier::obey_server) adds `x-should-retry`.
//!
//! An error has no headers. reqwest's `error_for_status` and ureq's errors for a
//! status therefore lose the hint. Keep it by checking the status after the retries. The
//! body is read after them too, so a body that breaks off is not retried here:
//!
//! ```
//! # #[cfg(all(feature = "reqwest", feature = "tokio"))]
//! async fn load(client: &reqwest::Client, url: &str) -> reqwest::Result<String> {
//!     let policy = reattempt::http::policy();
//!     let response = policy.retry(|_| client.get(url).send()).await?;
//!     response.error_for_status()?.text().await
//! }
//! ```
//!
//! # Errors
//!
//! An error is judged by its `source()` chain: the first link that is known decides.
//! Known are [`std::io::Error`], the time limits of this crate, of tokio (feature
//! `tokio`) and of tower (feature `tower`), and the errors of the clients below. An
//! error that is not known is permanent. With the feature `tracing` each such verdict is
//! logged as a debug event with the error's type and text.
//!
//! | feature | adds |
//! | --- | --- |
//! | `hyper` | the errors of hyper 1, hyper-util's client and h2: a connection that is closed before the response, a refused stream |
//! | `reqwest` | `reqwest::Response` as a response; the errors of reqwest 0.13 and all of `hyper` |
//! | `tonic` | the statuses of tonic 0.14, by the rules of the `grpc` module; tonic's connect errors and time limits, and all of `hyper` |
//! | `ureq` | the errors of ureq 3; its error for a status is judged as the response would be |
//!
//! Errors of a SOCKS proxy are not known, because hyper-util hides their cause.
//!
//! The cookbook's [table of failures][failures] has the verdict on each failure with each
//! client, made with real sockets.
//!
//! [failures]: https://docs.rs/reattempt/latest/reattempt/cookbook/failures/index.html
//!
//! `#[error(transparent)]` hides an error: the chain starts at the source of the
//! hidden error. Write `#[error("cannot send")] Send(#[source] io::Error)` instead,
//! or judge such a type with [`transport`](HttpClassifier::transport) or
//! [`error_as`](HttpClassifier::error_as).

mod classifier;
mod error_classifier;
mod hints;
mod response;
pub(crate) mod retry_after;
mod status;
mod transport;

pub use classifier::HttpClassifier;
#[cfg(feature = "aws")]
pub(crate) use classifier::hinted;
pub use error_classifier::ErrorClassifier;
pub use hints::server_hint;
pub use response::ResponseHead;
pub use retry_after::retry_after;
pub use status::StatusRules;
#[cfg(feature = "tonic")]
pub(crate) use transport::{AlsoRetry, judge_grpc_status};
pub use transport::{
    BoxedSourceChain, ErrorAs, JudgeTransport, SourceChain, TransportFn, judge_error,
};

use crate::policy::RetryPolicy;

/// Returns the default policy with [`HttpClassifier`], for operations that return a
/// response.
///
/// It makes at most 3 attempts. The delay starts at 1 s and doubles up to 20 s, with
/// full jitter. A server hint of up to 300 s is honoured.
///
/// ```
/// # fn send() -> std::io::Result<http::Response<()>> { Ok(http::Response::new(())) }
/// let policy = reattempt::http::policy();
/// let response = policy.retry_blocking(|_| send()).call()?;
/// assert_eq!(response.status(), 200);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn policy() -> RetryPolicy<HttpClassifier> {
    RetryPolicy::default().classify(HttpClassifier::new())
}

/// Returns the default policy with [`ErrorClassifier`], for operations that return a
/// decoded value.
///
/// Its other settings are those of [`policy()`]. A bad status is retried only if the operation
/// turns it into an error, as reqwest's `error_for_status()?` does, and only with the feature
/// of the client.
///
/// ```
/// # fn load() -> std::io::Result<u32> { Ok(7) }
/// let policy = reattempt::http::error_policy();
/// let value = policy.retry_blocking(|_| load()).call()?;
/// assert_eq!(value, 7);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn error_policy() -> RetryPolicy<ErrorClassifier> {
    RetryPolicy::default().classify(ErrorClassifier::new())
}
