//! The lock-free token bucket behind `RetryBudget`.

use std::sync::OnceLock;
use std::time::Duration;

#[cfg(all(loom, test))]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(all(loom, test)))]
use std::sync::atomic::{AtomicU64, Ordering};

use crate::timer::{HEAD_START, INTERRUPTION, nanos};

#[cfg(all(test, not(loom)))]
#[path = "exhaustive.rs"]
mod exhaustive;

/// Tokens, counted in units that are fine enough for fractions of a token.
pub(super) struct Bucket {
    /// The time at which the bucket will be full, in units on the bucket's
    /// clock. One integer thus encodes both the token count and the time of the
    /// count. A bucket that does not refill has a clock that always reads
    /// [`START`]; the number of missing units is then `full_at - START`.
    ///
    /// All accesses are `Relaxed`: the number guards no other memory, and each
    /// change is a single compare and exchange.
    full_at: AtomicU64,
    /// The time of the latest call, in nanoseconds on the callers' clock. Only
    /// [`available`](Self::available) reads it.
    latest: AtomicU64,
    /// The time of the first call, in nanoseconds on the callers' clock. The
    /// bucket's clock read [`START`] at that time. Loom cannot switch threads
    /// inside the initializer, so the model tests can use std's cell.
    first: OnceLock<u64>,
    /// In units.
    capacity: u64,
    /// The number of units in one token.
    token: u64,
    income: Income,
    refill: Refill,
}

/// What a success adds.
#[derive(Clone, Copy)]
pub(super) enum Income {
    /// One token on the first attempt, otherwise the last retry's cost.
    LastCost,
    /// The same number of tokens for every success.
    Ratio(f64),
}

/// What the bucket gains as time passes.
#[derive(Clone, Copy)]
enum Refill {
    /// It is always full.
    Instant,
    Never,
    /// One unit every 2^`shift` nanoseconds.
    Steady {
        shift: u32,
    },
}

/// The units in one token of a bucket that does not refill. It is a multiple of
/// every whole number up to 16 and of 10⁴, so the usual ratios are exact, and
/// small enough for 2³² tokens below [`MAX_CAPACITY`].
const TOKEN: u64 = 720_720_000;

/// The largest capacity in units.
const MAX_CAPACITY: u64 = 1 << 62;

/// The bucket's clock at the first call. Callers whose clock is behind the first
/// caller's get an earlier time.
const START: u64 = 1 << 62;

/// The latest time of the bucket's clock. A capacity can be added to it.
const END: u64 = 1 << 63;

impl Bucket {
    /// Creates a full bucket of `tokens` that does not refill.
    pub(super) fn full(tokens: u32, income: Income) -> Self {
        let capacity = u64::from(tokens).saturating_mul(TOKEN);
        Self::new(capacity, TOKEN, income, Refill::Never, 0)
    }

    #[expect(
        clippy::missing_const_for_fn,
        reason = "loom's atomics have no const new"
    )]
    fn new(capacity: u64, token: u64, income: Income, refill: Refill, missing: u64) -> Self {
        Self {
            full_at: AtomicU64::new(START.saturating_add(missing)),
            latest: AtomicU64::new(0),
            first: OnceLock::new(),
            capacity,
            token,
            income,
            refill,
        }
    }

    /// Creates a bucket with the same settings that holds `tokens`, at most its capacity.
    pub(super) fn holding(&self, tokens: u32) -> Self {
        let missing = match self.refill {
            Refill::Instant => 0,
            Refill::Never | Refill::Steady { .. } => {
                self.capacity.saturating_sub(self.units(tokens))
            }
        };
        Self::new(self.capacity, self.token, self.income, self.refill, missing)
    }

    /// Creates a bucket that holds `held` tokens and gains `tokens_per_second`. Returns
    /// `None` if that is not a rate, or less than a token in centuries.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        reason = "bounded by MAX_CAPACITY before it is cast"
    )]
    pub(super) fn refilling(&self, tokens_per_second: f64, held: u32) -> Option<Self> {
        if tokens_per_second == f64::INFINITY {
            let (capacity, token) = (self.capacity, self.token);
            return Some(Self::new(capacity, token, self.income, Refill::Instant, 0));
        }
        let mut token = 1e9 / tokens_per_second;
        // False for NaN too.
        if !(token > 0.0 && token.is_finite()) {
            return None;
        }
        let capacity = self.whole_tokens(self.capacity);
        let mut shift = 0_u32;
        while token * f64::from(capacity).max(1.0) > MAX_CAPACITY as f64 {
            token /= 2.0;
            shift = shift.saturating_add(1);
            if shift == u64::BITS {
                return None;
            }
        }
        // Rounded down by less than a nanosecond, so that a whole token is there
        // when a caller expects it.
        let token = (token as u64).max(1);
        let capacity = u64::from(capacity).saturating_mul(token);
        let missing = capacity.saturating_sub(u64::from(held).saturating_mul(token));
        let refill = Refill::Steady { shift };
        Some(Self::new(capacity, token, self.income, refill, missing))
    }

    /// Returns true if the bucket gains tokens with time, so that callers must read a
    /// clock.
    pub(super) const fn refills(&self) -> bool {
        matches!(self.refill, Refill::Steady { .. })
    }

    const fn units(&self, tokens: u32) -> u64 {
        self.token.saturating_mul(tokens as u64)
    }

    fn whole_tokens(&self, units: u64) -> u32 {
        let tokens = units.checked_div(self.token).unwrap_or_default();
        u32::try_from(tokens).unwrap_or(u32::MAX)
    }

    /// Records the time of a call and returns it on the bucket's clock.
    #[inline]
    fn record(&self, now: Duration) -> u64 {
        match self.refill {
            Refill::Instant | Refill::Never => START,
            Refill::Steady { shift } => self.record_refill(now, shift),
        }
    }

    // Out of line: only a bucket that refills needs it, and each call contains `record`.
    #[inline(never)]
    fn record_refill(&self, now: Duration, shift: u32) -> u64 {
        let now = nanos(now);
        // Not the maximum: after a jump ahead and back, the time after the jump is the
        // right one.
        self.latest.store(now, Ordering::Relaxed);
        clock(*self.first.get_or_init(|| now), now, shift)
    }

    /// Records the time of a success and returns whether the bucket is full.
    #[inline]
    pub(super) fn is_full(&self, now: Duration) -> bool {
        let now = self.record(now);
        self.full_at.load(Ordering::Relaxed) <= now
    }

    /// Takes `tokens` and returns true, or takes nothing and returns false if
    /// there are too few.
    pub(super) fn take(&self, tokens: u32, now: Duration) -> bool {
        let cost = self.units(tokens);
        if let Refill::Instant = self.refill {
            return cost <= self.capacity;
        }
        let now = self.record(now);
        if cost == 0 {
            return true;
        }
        let mut paid = false;
        let pay = |full_at: u64| {
            let credible = self.credible(full_at, now);
            let after = credible.max(now).saturating_add(cost);
            paid = after.saturating_sub(now) <= self.capacity;
            if paid {
                Some(after)
            } else {
                (credible != full_at).then_some(credible)
            }
        };
        let _ = self
            .full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay);
        paid
    }

    /// Adds `tokens`. Those above the capacity move `full_at` into the past,
    /// where [`take`](Self::take) ignores them.
    pub(super) fn give(&self, tokens: u32) {
        self.add(self.units(tokens), |full_at| full_at);
    }

    /// Adds what a success at `now` brings after a last retry that cost `paid`.
    #[cold]
    pub(super) fn earn(&self, paid: Option<u32>, now: Duration) {
        let units = match (self.income, paid) {
            (Income::LastCost, None) => self.token,
            (Income::LastCost, Some(cost)) => self.units(cost),
            (Income::Ratio(ratio), _) => share(ratio, self.token),
        };
        let now = self.record(now);
        self.add(units, |full_at| self.credible(full_at, now));
    }

    fn add(&self, units: u64, credible: impl Fn(u64) -> u64) {
        let earlier = |full_at: u64| Some(credible(full_at).saturating_sub(units));
        let _ = self
            .full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earlier);
    }

    /// Returns `full_at`, or the value for an empty bucket if more than a whole
    /// bucket is missing. That means that another caller's clock was ahead. Without
    /// this correction, calls would be refused until that time is reached.
    fn credible(&self, full_at: u64, now: u64) -> u64 {
        let tolerance = match self.refill {
            Refill::Instant | Refill::Never => 0,
            Refill::Steady { shift } => shifted(nanos(INTERRUPTION), shift),
        };
        let empty = now.saturating_add(self.capacity);
        if full_at > empty.saturating_add(tolerance) {
            empty
        } else {
            full_at
        }
    }

    /// Returns the whole tokens now, if the process's own clock reads `process_now`.
    ///
    /// If the callers' clock is the process's clock, the count is for now.
    /// Otherwise it is for the time of the latest call.
    pub(super) fn available(&self, process_now: Duration) -> u32 {
        /// About a year: how far a paused clock may be from the process's clock.
        const APART: Duration = Duration::from_secs(1 << 25);
        let now = match (self.refill, self.first.get()) {
            (Refill::Steady { shift }, Some(first)) => {
                let latest = self.latest.load(Ordering::Relaxed);
                // The process's clock shows times from its head start until now. Other clocks
                // have another epoch.
                let first_time = nanos(process_now.min(HEAD_START).saturating_sub(APART));
                let last_time = nanos(process_now.saturating_add(APART));
                let now = if (first_time..=last_time).contains(&latest) {
                    nanos(process_now)
                } else {
                    latest
                };
                clock(*first, now, shift)
            }
            // Before the first call a refilling bucket's clock stands at START.
            _ => START,
        };
        let missing = self.full_at.load(Ordering::Relaxed).saturating_sub(now);
        self.whole_tokens(self.capacity.saturating_sub(missing))
    }
}

/// Returns the bucket's clock at `now`, if it read [`START`] at `first`.
fn clock(first: u64, now: u64, shift: u32) -> u64 {
    let elapsed = shifted(now.saturating_sub(first), shift);
    let behind = shifted(first.saturating_sub(now), shift);
    START
        .saturating_add(elapsed)
        .min(END)
        .saturating_sub(behind)
}

fn shifted(nanos: u64, shift: u32) -> u64 {
    nanos.checked_shr(shift).unwrap_or_default()
}

/// Returns `ratio` of a token in units, rounded to the nearest. NaN and ratios below
/// zero give 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "the cast saturates, and casting NaN gives 0"
)]
fn share(ratio: f64, token: u64) -> u64 {
    (ratio * token as f64).round() as u64
}
