//! What the operation is told about the try it is making.

use std::time::Duration;

/// One execution of the operation, handed to it as it begins.
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
    /// The number of this attempt; the first is 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The bound on attempts, the first one included, or `None` without one.
    #[must_use]
    pub const fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// The sum of the delays served before this attempt.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// What was left of `max_elapsed` when this attempt began, or `None`
    /// without that bound.
    #[must_use]
    pub const fn remaining(&self) -> Option<Duration> {
        self.remaining
    }

    /// Whether the bound on attempts lets no other follow.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        match self.max_attempts {
            Some(max) => self.number >= max,
            None => false,
        }
    }
}
