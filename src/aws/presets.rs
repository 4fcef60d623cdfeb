//! Policies that retry as AWS's own SDKs do.

use std::time::Duration;

use super::classifier::AwsClassifier;
use super::config::{Config, ConfigError};
use crate::backoff::Backoff;
use crate::budget::RetryBudget;
use crate::limiter::AdaptiveLimiter;
use crate::policy::{RetryPolicy, ServerHint};

/// The tokens of AWS's retry quota.
const CAPACITY: u32 = 500;
/// By how much a server may lengthen a delay.
const SLACK: Duration = Duration::from_secs(5);

/// AWS's standard retry mode, Retry behavior 2.1: 3 attempts; 50 ms doubling, or
/// 1 s doubling after a throttling, up to 20 s, with full jitter; a budget of
/// 500 tokens, of which a retry costs 14, or 5 after a throttling; a server's
/// hint lengthens a delay by 5 s at most.
///
/// Each call of this function makes a budget of its own. Make one policy for
/// each client and clone it: clones share the budget.
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

/// [`standard`] with what AWS's SDKs have for DynamoDB and DynamoDB Streams: 4
/// attempts, and 25 ms doubling where there was no throttling.
pub fn dynamodb() -> RetryPolicy<AwsClassifier> {
    standard()
        .backoff(Backoff::exponential(Duration::from_millis(25)))
        .max_attempts(4)
}

/// AWS's adaptive retry mode: [`standard`] with an [`AdaptiveLimiter`] of its
/// own, which delays first attempts too once the service throttles.
///
/// One policy for each resource that throttles by itself: a limiter shared with
/// other resources slows them down without need.
pub fn adaptive() -> RetryPolicy<AwsClassifier> {
    standard().limiter(AdaptiveLimiter::new())
}

/// What the environment asks for, as AWS's SDKs read it: `AWS_RETRY_MODE`
/// (`standard`, the default, or `adaptive`, in any case) and `AWS_MAX_ATTEMPTS`
/// (a whole number from 1).
///
/// # Errors
///
/// A variable with another value, the old `legacy` mode included.
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
