//! `Limiter`: decides before each attempt whether it may start now.

mod adaptive;
mod slots;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

pub use adaptive::AdaptiveLimiter;
pub(crate) use slots::Slots;

/// Decides before each attempt, the first one included, whether it may start now.
///
/// A limiter limits the rate of all attempts, while a
/// [`RetryBudget`](crate::RetryBudget) limits retries only. Set one with
/// [`RetryPolicy::limiter`](crate::RetryPolicy::limiter). This crate has two of
/// them: [`AdaptiveLimiter`] finds the rate that a service accepts, and
/// `GovernorLimiter` (feature `governor`) keeps a known one. To write your own,
/// implement this trait.
///
/// A call requests permission before every attempt and waits until it is granted.
/// `max_elapsed` does not limit these waits.
///
/// The times are those of the calls' [`Timer`](crate::Timer)s. All calls that
/// share a limiter should use timers of one clock. Under tokio's paused clock, and
/// on wasm without JavaScript, no time passes during a sync call. A limiter that refuses an
/// attempt until a later time then refuses it forever, and the call does not return.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// use reattempt::{Backoff, Limiter, RetryPolicy};
///
/// /// Admits one attempt every 10 ms.
/// #[derive(Debug, Default)]
/// struct Pace {
///     next_ms: AtomicU64,
/// }
///
/// impl Limiter for Pace {
///     fn acquire(&self, now: Duration) -> Result<(), Duration> {
///         let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
///         let admit = |next: u64| (now >= next).then_some(now + 10);
///         self.next_ms
///             .fetch_update(Ordering::Relaxed, Ordering::Relaxed, admit)
///             .map(|_| ())
///             .map_err(|next| Duration::from_millis(next - now))
///     }
///
///     fn record(&self, _: Duration, _: bool) {}
/// }
///
/// let pace = Pace::default();
/// assert_eq!(pace.acquire(Duration::from_millis(50)), Ok(()));
/// assert_eq!(pace.acquire(Duration::from_millis(54)), Err(Duration::from_millis(6)));
/// assert_eq!(pace.acquire(Duration::from_millis(60)), Ok(()));
///
/// let policy = RetryPolicy::new(Backoff::none()).limiter(pace);
/// # assert_eq!(policy.retry_blocking(|_| Ok::<_, ()>(1)).call(), Ok(1));
/// ```
#[doc(alias = "rate_limit")]
pub trait Limiter: Send + Sync + Debug {
    /// Requests permission to start an attempt at `now`.
    ///
    /// `Ok` grants it for one attempt, which the call starts at once.
    ///
    /// # Errors
    ///
    /// Returns the time to wait before the next request. It should not be zero: a
    /// call that gets zero yields to other tasks once and then repeats the request.
    fn acquire(&self, now: Duration) -> Result<(), Duration>;

    /// Returns true if a request that is refused takes a place in a queue, so that each
    /// further request lengthens the waits of other calls. Default: false. It is true for
    /// [`AdaptiveLimiter`] and `GovernorLimiter`. A limiter that wraps another one has to
    /// forward this method.
    ///
    /// It matters if a sync call's `sleep_with` returns early. With a queue the call then
    /// blocks until the wait is over, and without one for at most 10 ms, before its next
    /// request.
    ///
    /// ```
    /// use reattempt::{AdaptiveLimiter, Limiter};
    ///
    /// assert!(AdaptiveLimiter::new().has_queue());
    /// ```
    fn has_queue(&self) -> bool {
        false
    }

    /// Records an attempt that ended at `now`, and whether it was throttled.
    fn record(&self, now: Duration, throttled: bool);
}

impl<L: Limiter + ?Sized> Limiter for Arc<L> {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        (**self).acquire(now)
    }

    fn has_queue(&self) -> bool {
        (**self).has_queue()
    }

    fn record(&self, now: Duration, throttled: bool) {
        (**self).record(now, throttled);
    }
}

impl<L: Limiter + ?Sized> Limiter for Box<L> {
    fn acquire(&self, now: Duration) -> Result<(), Duration> {
        (**self).acquire(now)
    }

    fn has_queue(&self) -> bool {
        (**self).has_queue()
    }

    fn record(&self, now: Duration, throttled: bool) {
        (**self).record(now, throttled);
    }
}
