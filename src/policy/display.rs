//! Prints a policy in one line.

use std::fmt;

use super::{RetryPolicy, ServerHint};
use crate::error::Seconds;

/// Prints the policy in one line.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, RetryPolicy};
///
/// let policy = RetryPolicy::new(Backoff::exponential(Duration::from_millis(50)))
///     .max_elapsed(Duration::from_secs(60))
///     .name("orders");
/// assert_eq!(
///     policy.to_string(),
///     "orders: 3 attempts, 50 ms doubling to 20 s with full jitter, hints up to 300 s, \
///      no wait beyond 60 s",
/// );
/// ```
impl<C> fmt::Display for RetryPolicy<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        if let Some(name) = settings.name {
            write!(f, "{name}: ")?;
        }
        match settings.max_attempts.map(std::num::NonZeroU32::get) {
            Some(1) => f.write_str("1 attempt")?,
            Some(max) => write!(f, "{max} attempts")?,
            None => f.write_str("unlimited attempts")?,
        }
        write!(f, ", {}", settings.backoff)?;
        if let Some(backoff) = &settings.throttling_backoff {
            write!(f, ", after throttling {backoff}")?;
        }
        match settings.server_hint {
            ServerHint::Bounded { slack } => write!(f, ", hints add up to {}", Seconds(slack))?,
            ServerHint::Exact { max } => write!(f, ", exact hints up to {}", Seconds(max))?,
            ServerHint::Honor { max } => write!(f, ", hints up to {}", Seconds(max))?,
            ServerHint::Ignore => f.write_str(", hints ignored")?,
        }
        if let Some(limit) = settings.max_elapsed {
            write!(f, ", no wait beyond {}", Seconds(limit))?;
        }
        if settings.budget.is_some() {
            f.write_str(", with a budget")?;
        }
        if settings.limiter.is_some() {
            f.write_str(", with a limiter")?;
        }
        Ok(())
    }
}
