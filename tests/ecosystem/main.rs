//! Calls with tracing, governor, reqwest, hyper-util and ureq.
#![expect(clippy::unwrap_used, reason = "a test's own data")]

#[cfg(feature = "governor")]
mod governor;
#[cfg(all(feature = "aws", feature = "tokio"))]
mod hyper_util;
#[cfg(all(feature = "reqwest", feature = "aws", feature = "tokio"))]
mod reqwest;
#[cfg(all(feature = "aws", feature = "tokio"))]
mod servers;
#[cfg(feature = "tracing")]
mod tracing;
#[cfg(all(feature = "ureq", feature = "aws", feature = "tokio"))]
mod ureq;

/// Returns `policy` with five attempts and without delays.
#[cfg(all(feature = "aws", feature = "tokio"))]
const fn instant<C>(policy: reattempt::RetryPolicy<C>) -> reattempt::RetryPolicy<C> {
    policy
        .backoff(reattempt::Backoff::none())
        .throttling_backoff(reattempt::Backoff::none())
        .max_attempts(5)
}
