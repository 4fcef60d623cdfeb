//! The model's delays: rules 1, 2 and 7, as bounds. Without jitter both bounds are equal.

use std::time::Duration;

use reattempt::{Jitter, ServerHint};

use crate::script::{Plan, Shape, zigzag};

/// The least and the most that a delay can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

impl Bounds {
    const fn exactly(delay: Duration) -> Self {
        Self {
            least: delay,
            most: delay,
        }
    }

    pub(crate) fn is_exact(&self) -> bool {
        self.least == self.most
    }

    /// True if `delay` is within, give or take the rounding of a random fraction.
    pub(crate) fn contain(&self, delay: Duration) -> bool {
        let rounding = Duration::from_nanos(2);
        delay.saturating_add(rounding) >= self.least && delay <= self.most.saturating_add(rounding)
    }

    fn map(self, f: impl Fn(Duration) -> Duration) -> Self {
        Self {
            least: f(self.least),
            most: f(self.most),
        }
    }
}

const SECOND: u128 = 1_000_000_000;

fn duration(nanos: u128) -> Duration {
    if nanos > Duration::MAX.as_nanos() {
        return Duration::MAX;
    }
    let seconds = u64::try_from(nanos / SECOND).expect("at most `Duration::MAX`");
    let nanos = u32::try_from(nanos % SECOND).expect("less than a second");
    Duration::new(seconds, nanos)
}

/// Rule 1: the delay before retry `k`, without jitter.
pub(crate) fn ceiling(plan: &Plan, k: u32) -> Duration {
    let grown = match plan.shape {
        Shape::None => 0,
        Shape::Constant(delay) => delay.as_nanos(),
        Shape::Exponential(base, halves) => {
            // A factor below 1 counts as 1.
            let halves = u128::from(halves.max(2));
            let mut delay = base.as_nanos();
            let mut rest = 1_u128;
            for _ in 1..k {
                delay = delay.saturating_mul(halves);
                rest *= 2;
            }
            delay / rest
        }
        Shape::Fibonacci(base) => {
            let (mut current, mut next) = (1_u128, 1_u128);
            for _ in 1..k {
                (current, next) = (next, current + next);
            }
            base.as_nanos().saturating_mul(current)
        }
        Shape::Function => zigzag(k).as_nanos(),
        Shape::Linear(step) => step.as_nanos().saturating_mul(u128::from(k)),
    };
    duration(grown).min(cap(plan))
}

fn base(plan: &Plan) -> Duration {
    match plan.shape {
        Shape::None => Duration::ZERO,
        Shape::Function => zigzag(1),
        Shape::Constant(base)
        | Shape::Exponential(base, _)
        | Shape::Fibonacci(base)
        | Shape::Linear(base) => base,
    }
}

const fn cap(plan: &Plan) -> Duration {
    match (plan.cap, plan.shape) {
        (Some(cap), _) => cap,
        (None, Shape::None | Shape::Constant(_)) => Duration::MAX,
        (None, _) => Duration::from_secs(20),
    }
}

/// Rule 2: the backoff delay before retry `k`. `previous` is the delay before, if it is
/// known.
pub(crate) fn spread(plan: &Plan, k: u32, previous: Option<Duration>) -> Bounds {
    let (ceiling_k, cap) = (ceiling(plan, k), cap(plan));
    match plan.jitter {
        Jitter::Full => Bounds {
            least: Duration::ZERO,
            most: ceiling_k,
        },
        Jitter::Equal => Bounds {
            least: ceiling_k / 2,
            most: ceiling_k,
        },
        Jitter::Proportional(p) => {
            let p = if p.is_nan() { 0.0 } else { p.clamp(0.0, 1.0) };
            let nanos = ceiling_k.as_nanos();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "the bounds of a random number need no more precision"
            )]
            let share = (nanos as f64 * p) as u128;
            let rounding = if p > 0.0 { nanos >> 40 } else { 0 };
            Bounds {
                least: duration(nanos.saturating_sub(share + rounding)),
                most: duration(nanos.saturating_add(share + rounding)).min(cap),
            }
        }
        Jitter::Decorrelated => {
            let base = base(plan);
            if base >= cap {
                // The interval would be a single point.
                return Bounds {
                    least: cap / 2,
                    most: cap,
                };
            }
            let previous = if k == 1 { Some(base) } else { previous };
            let most = previous.map_or(cap, |previous| previous.saturating_mul(3).max(base));
            Bounds {
                least: base,
                most: most.min(cap),
            }
        }
        // `Jitter::None`; the enum may grow.
        _ => Bounds::exactly(ceiling_k),
    }
}

/// Rule 7: the delay with the server's hint, or `Err` if the server asks for too much.
pub(crate) fn with_hint(
    hints: ServerHint,
    plan: &Plan,
    k: u32,
    delay: Bounds,
    hint: Option<Duration>,
) -> Result<Bounds, Duration> {
    let Some(hint) = hint else {
        return Ok(delay);
    };
    match hints {
        ServerHint::Bounded { slack } => Ok(delay.map(|d| hint.clamp(d, d.saturating_add(slack)))),
        ServerHint::Exact { max } | ServerHint::Honor { max } if hint > max => Err(hint),
        ServerHint::Exact { .. } => Ok(Bounds::exactly(hint)),
        ServerHint::Honor { .. } => {
            let s = if plan.has_jitter() {
                ceiling(plan, k).min(hint / 2)
            } else {
                Duration::ZERO
            };
            Ok(Bounds {
                least: delay.least.max(hint),
                most: delay.most.max(hint.saturating_add(s)),
            })
        }
        // `ServerHint::Ignore`; the enum may grow.
        _ => Ok(delay),
    }
}
