//! Policies that retry as AWS's own SDKs do.

use std::time::Duration;

use super::classifier::AwsClassifier;
use super::config::{Config, ConfigError};
use crate::backoff::Backoff;
use crate::budget::RetryBudget;
use crate::limiter::AdaptiveLimiter;
use crate::policy::{RetryPolicy, ServerHint};

/// The capacity of AWS's retry quota.
const CAPACITY: u32 = 500;
/// The most that a server hint may add to a delay.
const SLACK: Duration = Duration::from_secs(5);

/// Returns a policy for AWS's standard retry mode (Retry behavior 2.1).
///
/// - At most 3 attempts.
/// - Delays of 50 ms, doubling up to 20 s, with full jitter. After throttling they start at
///   1 s.
/// - A budget of 500 tokens. A retry costs 14 tokens, or 5 after throttling.
/// - A server hint adds at most 5 s to a delay.
/// - Every method is retried, POST and PATCH included.
///
/// Each call of this function makes a new budget. Make one policy per client and clone it:
/// clones share the budget.
///
/// ```
/// use http::Response;
///
/// # fn send() -> std::io::Result<Response<Vec<u8>>> { Ok(Response::new(Vec::new())) }
/// let policy = reattempt::aws::standard();
/// let response = policy.retry_blocking(|_| send()).call()?;
/// assert_eq!(response.status(), 200);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn standard() -> RetryPolicy<AwsClassifier> {
    RetryPolicy::new(Backoff::exponential(Duration::from_millis(50)))
        .throttling_backoff(Backoff::exponential(Duration::from_secs(1)))
        .server_hint(ServerHint::Bounded { slack: SLACK })
        .assume_idempotent()
        .budget(&RetryBudget::new(CAPACITY))
        .classify(AwsClassifier::new())
}

/// Returns the policy of AWS's SDKs for DynamoDB and DynamoDB Streams.
///
/// It differs from [`standard`] in two settings: at most 4 attempts, and delays that start
/// at 25 ms unless the error is throttling. Each call of this function makes a new budget.
///
/// ```
/// let policy = reattempt::aws::dynamodb();
/// let attempt = policy.start_at(std::time::Duration::ZERO).attempt();
/// assert_eq!(attempt.max_attempts(), Some(4));
/// ```
pub fn dynamodb() -> RetryPolicy<AwsClassifier> {
    standard()
        .backoff(Backoff::exponential(Duration::from_millis(25)))
        .max_attempts(4)
}

/// Returns a policy for AWS's adaptive retry mode: [`standard`] with an
/// [`AdaptiveLimiter`].
///
/// After the first throttling, the limiter delays first attempts too. Make one policy per
/// resource that has its own limit. If several resources share a limiter, one throttled
/// resource slows down the others. Each call of this function makes a new budget and a new
/// limiter.
///
/// ```
/// use http::Response;
///
/// # fn send() -> std::io::Result<Response<Vec<u8>>> { Ok(Response::new(Vec::new())) }
/// let policy = reattempt::aws::adaptive();
/// let response = policy.retry_blocking(|_| send()).call()?;
/// assert_eq!(response.status(), 200);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn adaptive() -> RetryPolicy<AwsClassifier> {
    standard().limiter(AdaptiveLimiter::new())
}

/// Returns the policy that AWS's environment variables select.
///
/// - `AWS_RETRY_MODE` is `standard` or `adaptive`, in upper or lower case. The default is
///   `standard`.
/// - `AWS_MAX_ATTEMPTS` is a whole number of at least 1. The default is 3.
///
/// # Errors
///
/// Returns an error if a variable has any other value. The old mode `legacy` is an error
/// too.
///
/// ```
/// let policy = reattempt::aws::from_env()?;
/// # let _ = policy;
/// # Ok::<(), reattempt::aws::ConfigError>(())
/// ```
pub fn from_env() -> Result<RetryPolicy<AwsClassifier>, ConfigError> {
    let config = Config::from_env()?;
    let policy = if config.is_adaptive {
        adaptive()
    } else {
        standard()
    };
    Ok(match config.max_attempts {
        Some(max) => policy.max_attempts(max),
        None => policy,
    })
}
