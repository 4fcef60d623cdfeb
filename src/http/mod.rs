//! Verdicts on HTTP: status codes, Retry-After and transport errors.
//!
//! | outcome | verdict |
//! | --- | --- |
//! | 1xx, 2xx, 3xx, and 600 to 999 | success |
//! | 429 | retry, throttling |
//! | 5xx | retry, server |
//! | any other 4xx | permanent |
//! | a transport error with an [`io::Error`](std::io::Error) of a lost or refused connection or a timeout in its source chain | retry, transient |
//! | any other error | permanent |

mod classifier;
pub(crate) mod retry_after;

#[cfg(feature = "aws")]
pub(crate) use classifier::hinted;
pub use classifier::{
    BoxedSourceChain, HttpClassifier, JudgeTransport, ResponseHead, SourceChain, TransportFn,
};
pub use retry_after::retry_after;

use crate::policy::RetryPolicy;

/// The default policy with [`HttpClassifier`]: 3 attempts, 1 s doubling up to
/// 20 s, full jitter, a Retry-After of up to 300 s honoured.
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
