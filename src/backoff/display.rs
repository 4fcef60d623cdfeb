//! Prints a backoff in a few words: `50 ms doubling to 20 s with full jitter`.

use std::fmt;
use std::time::Duration;

use super::Backoff;
use super::growth::Growth;
use crate::error::Seconds;
use crate::jitter::Jitter;

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_custom = matches!(self.growth, Growth::Custom { .. });
        let is_flat = self.is_constant() || (!is_custom && self.base_delay() >= self.cap);
        match self.growth {
            Growth::Constant { delay } if delay.is_zero() => return f.write_str("no delay"),
            Growth::Constant { delay } => write!(f, "{}", Brief(delay.min(self.cap)))?,
            Growth::Custom { .. } => f.write_str("custom delays")?,
            // A base at the cap does not grow.
            _ if is_flat => write!(f, "{}", Brief(self.cap))?,
            Growth::Exponential { base, factor: 2.0 } => write!(f, "{} doubling", Brief(base))?,
            Growth::Exponential { base, factor } => {
                write!(f, "{} growing {factor}-fold", Brief(base))?;
            }
            Growth::Fibonacci { base } => write!(f, "{} growing as Fibonacci", Brief(base))?,
            Growth::Linear { step } => write!(f, "{} more each time", Brief(step))?,
        }
        if !is_flat && self.cap < Duration::MAX {
            write!(f, " to {}", Brief(self.cap))?;
        }
        match self.jitter {
            Jitter::Full => f.write_str(" with full jitter"),
            Jitter::Equal => f.write_str(" with equal jitter"),
            Jitter::Decorrelated => f.write_str(" with decorrelated jitter"),
            Jitter::Proportional(share) if share > 0.0 => {
                write!(f, " with jitter of {} of the delay", share.min(1.0))
            }
            // A share that is 0, negative or NaN is no jitter.
            Jitter::None | Jitter::Proportional(_) => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schedule_prints_in_a_few_words() {
        let s = Duration::from_secs(1);
        for (backoff, text) in [
            (Backoff::none(), "no delay"),
            (Backoff::constant(s), "1 s"),
            (Backoff::constant(s / 20), "50 ms"),
            (Backoff::constant(s / 2_000), "under 0.001 s"),
            (Backoff::constant(Duration::from_micros(1_500)), "0.001 s"),
            (
                Backoff::exponential(s).jitter(Jitter::None),
                "1 s doubling to 20 s",
            ),
            (
                Backoff::exponential(s).factor(1.5).jitter(Jitter::Equal),
                "1 s growing 1.5-fold to 20 s with equal jitter",
            ),
            (
                Backoff::exponential(s * 30).jitter(Jitter::Full),
                "20 s with full jitter",
            ),
            (
                Backoff::linear(s).cap(Duration::MAX),
                "1 s more each time with full jitter",
            ),
            (
                Backoff::fibonacci(Duration::from_millis(1_500)).jitter(Jitter::Proportional(0.1)),
                "1.5 s growing as Fibonacci to 20 s with jitter of 0.1 of the delay",
            ),
            (
                Backoff::constant(s).jitter(Jitter::Proportional(7.0)),
                "1 s with jitter of 1 of the delay",
            ),
            (
                Backoff::constant(s).jitter(Jitter::Proportional(-1.0)),
                "1 s",
            ),
            (
                Backoff::constant(s).jitter(Jitter::Proportional(f64::NAN)),
                "1 s",
            ),
        ] {
            assert_eq!(backoff.to_string(), text);
        }
    }
}
