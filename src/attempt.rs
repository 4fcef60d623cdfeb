//! `Attempt`: what the operation learns about the attempt that it makes.

use std::time::Duration;

/// One execution of the operation. The operation receives it as its argument.
///
/// ```
/// use reattempt::{Backoff, RetryPolicy};
///
/// let policy = RetryPolicy::new(Backoff::none()).max_attempts(4);
/// let result: Result<u32, u32> = policy
///     .retry_blocking(|attempt| {
///         if attempt.is_last() { Ok(attempt.number()) } else { Err(attempt.number()) }
///     })
///     .call();
/// assert_eq!(result, Ok(4));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attempt {
    pub(crate) max_attempts: Option<u32>,
    pub(crate) number: u32,
    pub(crate) remaining: Option<Duration>,
    pub(crate) waited: Duration,
}

impl Attempt {
    /// Returns the number of this attempt; the first is 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Returns the limit on attempts, the first one included, or `None` if there
    /// is no limit.
    #[must_use]
    pub const fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// Returns the sum of the delays before this attempt, at most 584 years.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// Returns how much of `max_elapsed` was left when this attempt began, or `None` if the
    /// call has no time limit, or one that ends later than the timer can count.
    ///
    /// It is zero only if something delayed the attempt beyond the limit: a limiter, a slow
    /// callback or drop of the outcome, the caller's code in a loop, a sleep that ended late
    /// (tokio's ends up to 1 ms late), or a limit of zero.
    #[must_use]
    pub const fn remaining(&self) -> Option<Duration> {
        self.remaining
    }

    /// Returns true if the limit on attempts allows no further attempt.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        match self.max_attempts {
            Some(max) => self.number >= max,
            None => false,
        }
    }
}
