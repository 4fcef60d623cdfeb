//! Prints a backoff in a few words: `50 ms doubling to 20 s with full jitter`.

use std::fmt;
use std::time::Duration;

use super::Backoff;
use super::growth::Growth;
use crate::error::Seconds;
use crate::jitter::Jitter;

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.growth {
            Growth::Constant { delay } if delay.is_zero() => return f.write_str("no delay"),
            Growth::Constant { delay } => write!(f, "{}", Brief(delay.min(self.cap)))?,
            Growth::Custom { .. } => f.write_str("custom delays")?,
            #[expect(clippy::float_cmp, reason = "2.0 is exact, and the common case")]
            Growth::Exponential { base, factor } if factor == 2.0 => {
                write!(f, "{} doubling", Brief(base))?;
            }
            Growth::Exponential { base, factor } => {
                write!(f, "{} growing {factor}-fold", Brief(base))?;
            }
            Growth::Fibonacci { base } => write!(f, "{} growing as Fibonacci", Brief(base))?,
            Growth::Linear { step } => write!(f, "{} more each time", Brief(step))?,
        }
        let is_constant = matches!(self.growth, Growth::Constant { .. });
        if !is_constant && self.cap < Duration::MAX {
            write!(f, " to {}", Brief(self.cap))?;
        }
        match self.jitter {
            Jitter::None => Ok(()),
            Jitter::Full => f.write_str(" with full jitter"),
            Jitter::Equal => f.write_str(" with equal jitter"),
            Jitter::Decorrelated => f.write_str(" with decorrelated jitter"),
            Jitter::Proportional(share) => write!(f, " with jitter of {share} of the delay"),
        }
    }
}

/// A duration as `50 ms` or `1.5 s`.
struct Brief(Duration);

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let is_whole = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)) == self.0;
        if (1..1_000).contains(&millis) && is_whole {
            write!(f, "{millis} ms")
        } else {
            write!(f, "{}", Seconds(self.0))
        }
    }
}
