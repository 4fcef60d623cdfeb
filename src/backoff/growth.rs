//! How delays grow from one retry to the next: saturating arithmetic in nanoseconds.

use std::fmt;
use std::time::Duration;

/// The delay of each retry before the cap and jitter.
#[derive(Clone, Copy)]
pub(super) enum Growth {
    Constant {
        delay: Duration,
    },
    Custom {
        delay: fn(retry: u32) -> Duration,
    },
    Exponential {
        base: Duration,
        /// At least 1 and not NaN.
        factor: f64,
    },
    Fibonacci {
        base: Duration,
    },
    Linear {
        step: Duration,
    },
}

impl Growth {
    /// Returns the delay of the first retry.
    #[inline]
    pub(super) fn base(self) -> Duration {
        match self {
            Self::Constant { delay } => delay,
            Self::Custom { delay } => delay(1),
            Self::Exponential { base, .. } | Self::Fibonacci { base } => base,
            Self::Linear { step } => step,
        }
    }

    /// Returns the delay of retry number `retry` in nanoseconds. 0 counts as 1.
    #[inline]
    pub(super) fn nanos(self, retry: u32) -> u128 {
        let steps = retry.saturating_sub(1);
        match self {
            Self::Constant { delay } => delay.as_nanos(),
            Self::Custom { delay } => delay(retry.max(1)).as_nanos(),
            Self::Exponential { base, factor } => power(base.as_nanos(), factor, steps),
            Self::Fibonacci { base } => fibonacci(base.as_nanos(), steps),
            Self::Linear { step } => {
                let times = u128::from(steps).saturating_add(1);
                step.as_nanos().saturating_mul(times)
            }
        }
    }
}

impl fmt::Debug for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant { delay } => f.debug_tuple("Constant").field(delay).finish(),
            // Not the function's address, which differs from build to build.
            Self::Custom { .. } => f.write_str("Custom"),
            Self::Exponential { base, factor } => f
                .debug_struct("Exponential")
                .field("base", base)
                .field("factor", factor)
                .finish(),
            Self::Fibonacci { base } => f.debug_tuple("Fibonacci").field(base).finish(),
            Self::Linear { step } => f.debug_tuple("Linear").field(step).finish(),
        }
    }
}

impl PartialEq for Growth {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Constant { delay: left }, Self::Constant { delay: right })
            | (Self::Fibonacci { base: left }, Self::Fibonacci { base: right })
            | (Self::Linear { step: left }, Self::Linear { step: right }) => left == right,
            (Self::Custom { delay: left }, Self::Custom { delay: right }) => {
                std::ptr::fn_addr_eq(left, right)
            }
            (
                Self::Exponential { base, factor },
                Self::Exponential {
                    base: other_base,
                    factor: other_factor,
                },
            ) => base == other_base && factor == other_factor,
            _ => false,
        }
    }
}

/// Returns base · factor^steps, saturating.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    clippy::float_cmp,
    reason = "casts between floats and integers saturate, which is intended"
)]
fn power(base: u128, factor: f64, steps: u32) -> u128 {
    let whole = factor as u128;
    if whole as f64 == factor || whole == u128::MAX {
        base.saturating_mul(whole.saturating_pow(steps))
    } else if steps == 0 || base == 0 {
        base
    } else {
        let grown = base as f64 * factor.powf(f64::from(steps));
        (grown.round() as u128).max(base)
    }
}

/// Returns base · F(steps + 1) with F(1) = F(2) = 1, saturating.
fn fibonacci(base: u128, steps: u32) -> u128 {
    let (mut current, mut next) = (base, base);
    for _ in 0..steps {
        if current == u128::MAX || base == 0 {
            break;
        }
        (current, next) = (next, current.saturating_add(next));
    }
    current
}

/// Returns `nanos` as a [`Duration`], saturating at [`Duration::MAX`].
#[inline]
pub(crate) fn duration(nanos: u128) -> Duration {
    match u64::try_from(nanos) {
        Ok(nanos) => Duration::from_nanos(nanos),
        Err(_) => long_duration(nanos),
    }
}

/// Returns `nanos` as a [`Duration`], saturating at [`Duration::MAX`].
///
/// It adds two parts, because a division of 128 bits compiles to a large function.
#[cold]
fn long_duration(nanos: u128) -> Duration {
    const UNIT: u32 = 1 << 31;
    let low = nanos & u128::from(UNIT - 1);
    match (u64::try_from(nanos >> 31), u64::try_from(low)) {
        (Ok(high), Ok(low)) => Duration::from_nanos(high)
            .saturating_mul(UNIT)
            .saturating_add(Duration::from_nanos(low)),
        _ => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_of_any_nanoseconds_is_exact_up_to_the_longest() {
        let longest = Duration::MAX.as_nanos();
        let mut cases = vec![longest - 1, longest, longest + 1, u128::MAX];
        for shift in 0..128 {
            let power = 1_u128 << shift;
            let pattern = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210 % power;
            cases.extend([power - 1, power, power + 1, power + pattern]);
        }
        for nanos in cases {
            let result = duration(nanos).as_nanos();
            assert_eq!(result, nanos.min(longest), "{nanos}");
        }
    }
}
