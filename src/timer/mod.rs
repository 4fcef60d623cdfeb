//! Clocks and sleeping. No other module reads a clock or sleeps.

// The process's clock: one file for each kind of platform, all with the same functions.
// On `wasm32-unknown-unknown` the clocks of the standard library panic.
#[cfg(all(target_family = "wasm", target_os = "unknown", not(reattempt_no_js)))]
#[path = "clock_js.rs"]
mod clock;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[path = "clock_native.rs"]
mod clock;
#[cfg(all(target_family = "wasm", target_os = "unknown", reattempt_no_js))]
#[path = "clock_none.rs"]
mod clock;
#[cfg(all(
    feature = "tokio",
    not(all(target_family = "wasm", target_os = "unknown"))
))]
mod tokio_timer;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

#[cfg(not(all(target_family = "wasm", target_os = "unknown", reattempt_no_js)))]
pub(crate) use clock::nanos_since_1970;
pub(crate) use clock::now;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) use clock::real_time;
#[cfg(feature = "http")]
pub(crate) use clock::wall_clock;
#[cfg(all(
    feature = "tokio",
    not(all(target_family = "wasm", target_os = "unknown"))
))]
pub use tokio_timer::{TokioSleep, TokioTimer};

/// An epoch 34 years before the first reading of the process's clock, so that no time is
/// near zero.
pub(crate) const HEAD_START: Duration = Duration::from_secs(1 << 30);

/// A clock with a sleep function.
///
/// With the feature `tokio`, a call uses [`TokioTimer`] by default.
/// Implement this trait to use another runtime, and pass the timer to a call with
/// `.timer(..)`. On `wasm32-unknown-unknown`, where tokio has no clock, every async call
/// needs a timer. Use [`ManualTimer`](crate::ManualTimer) in tests.
///
/// `&T`, `Arc<T>`, `Rc<T>` and `Box<T>` are timers if `T` is. Neither the timer
/// nor its sleep has to be `Send`; a call is `Send` if both are.
///
/// ```
/// use std::pin::Pin;
/// use std::time::{Duration, Instant};
/// use reattempt::{Backoff, RetryPolicy, Timer};
///
/// /// The timer of the runtime `smol`.
/// struct SmolTimer {
///     start: Instant,
/// }
///
/// impl Timer for SmolTimer {
///     type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;
///
///     fn now(&self) -> Duration {
///         self.start.elapsed()
///     }
///
///     fn sleep(&self, duration: Duration) -> Self::Sleep {
///         Box::pin(async move {
///             async_io::Timer::after(duration).await;
///         })
///     }
/// }
///
/// # /// Stands for the crate: its waits end at once.
/// # mod async_io {
/// #     pub struct Timer;
/// #
/// #     impl Timer {
/// #         pub fn after(_: std::time::Duration) -> std::future::Ready<()> {
/// #             std::future::ready(())
/// #         }
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let timer = SmolTimer { start: Instant::now() };
/// let policy = RetryPolicy::new(Backoff::constant(Duration::from_micros(10)));
/// let result = policy.retry(|_| async { Err::<(), _>("down") }).timer(timer).await;
/// assert_eq!(result, Err("down"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "no timer to wait with: `{Self}` is not a `Timer`",
    label = "this call needs a `Timer`",
    note = "enable reattempt's feature `tokio`, or give the call a timer: `policy.retry(op).timer(my_timer).await`, or for a loop `policy.start_with(my_timer)`"
)]
pub trait Timer {
    /// The future that [`sleep`](Self::sleep) returns.
    type Sleep: Future<Output = ()>;

    /// Returns the time since an epoch that the timer chooses.
    ///
    /// The time should never go back. If it does, time limits are measured wrongly. Waits are
    /// not longer than reported, except that of a loop whose `next_attempt` is dropped and
    /// awaited again: what was served since the clock went back is not known.
    fn now(&self) -> Duration;

    /// Returns a future that completes after `duration`.
    ///
    /// A zero duration should complete at its first poll or yield to other tasks
    /// once.
    fn sleep(&self, duration: Duration) -> Self::Sleep;
}

impl<T: Timer + ?Sized> Timer for &T {
    type Sleep = T::Sleep;

    #[inline]
    fn now(&self) -> Duration {
        (**self).now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        (**self).sleep(duration)
    }
}

impl<T: Timer + ?Sized> Timer for Arc<T> {
    type Sleep = T::Sleep;

    #[inline]
    fn now(&self) -> Duration {
        (**self).now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        (**self).sleep(duration)
    }
}

impl<T: Timer + ?Sized> Timer for Rc<T> {
    type Sleep = T::Sleep;

    #[inline]
    fn now(&self) -> Duration {
        (**self).now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        (**self).sleep(duration)
    }
}

impl<T: Timer + ?Sized> Timer for Box<T> {
    type Sleep = T::Sleep;

    #[inline]
    fn now(&self) -> Duration {
        (**self).now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        (**self).sleep(duration)
    }
}

/// The timer of a call that does not set another one.
///
/// With the feature `tokio` it is the same as [`TokioTimer`]. Without that
/// feature, and on `wasm32-unknown-unknown`, it is not a [`Timer`], and an async call does
/// not compile until `.timer(..)` sets one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultTimer; // a timer with the feature `tokio`; otherwise set `.timer(..)`, or start a loop with `start_with(..)`

/// The largest difference between the times of two threads that an interruption explains. A
/// thread may be interrupted after it reads the clock. A larger difference means that the
/// clock went back.
pub(crate) const INTERRUPTION: Duration = Duration::from_millis(100);

/// Returns a duration in nanoseconds. Saturates at 584 years.
pub(crate) const fn nanos(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos() as u64)
}

/// Blocks this thread for `duration`. A zero duration lets other threads run.
pub(crate) fn sleep_blocking(duration: Duration) {
    if duration.is_zero() {
        std::thread::yield_now();
    } else {
        #[expect(clippy::disallowed_methods, reason = "this module sleeps")]
        std::thread::sleep(duration);
    }
}
