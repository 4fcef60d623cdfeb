//! Clocks and sleeping. No other module reads a clock or sleeps.

#[cfg(feature = "tokio")]
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
#[cfg(feature = "tokio")]
use std::task::{Context, Poll};
#[cfg(feature = "http")]
use std::time::SystemTime;
use std::time::{Duration, Instant};

/// A clock with a sleep function.
///
/// With the feature `tokio`, a call uses [`TokioTimer`] by default. Implement this trait to
/// use another runtime, and pass the timer to a call with `.timer(..)`. Use
/// [`ManualTimer`](crate::ManualTimer) in tests.
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
/// # async_io::block_on(async {
/// let timer = SmolTimer { start: Instant::now() };
/// let policy = RetryPolicy::new(Backoff::constant(Duration::from_micros(10)));
/// let result = policy.retry(|_| async { Err::<(), _>("down") }).timer(timer).await;
/// assert_eq!(result, Err("down"));
/// # });
/// ```
#[diagnostic::on_unimplemented(
    message = "no timer to wait with: `{Self}` is not a `Timer`",
    label = "this call needs a `Timer`",
    note = "enable reattempt's feature `tokio`, or give the call a timer: `policy.retry(op).timer(my_timer).await`"
)]
pub trait Timer {
    /// The future that [`sleep`](Self::sleep) returns.
    type Sleep: Future<Output = ()>;

    /// Returns the time since an epoch that the timer chooses.
    ///
    /// The time should never go back. If it does, waits are not longer than reported, but
    /// time limits are measured wrongly.
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
/// With the feature `tokio` it is the same as [`TokioTimer`]. Without that feature it is not
/// a [`Timer`], and an async call does not compile until `.timer(..)` sets one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultTimer;

#[cfg(feature = "tokio")]
impl Timer for DefaultTimer {
    type Sleep = TokioSleep;

    #[inline]
    fn now(&self) -> Duration {
        TokioTimer.now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> TokioSleep {
        TokioTimer.sleep(duration)
    }
}

/// Returns the time of the default clock. With the feature `tokio` this is tokio's clock,
/// which tests may pause. Both clocks have the same epoch.
pub(crate) fn now() -> Duration {
    #[cfg(feature = "tokio")]
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    let instant = tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "tokio"))]
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    let instant = Instant::now();
    since_anchor(instant)
}

/// Returns a growing number of nanoseconds, so that random numbers drawn at different times
/// differ. It ignores tokio's clock. It is 0 on platforms without a clock.
pub(crate) fn ticks() -> u64 {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    let ticks = nanos(since_anchor(Instant::now()));
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    let ticks = 0;
    ticks
}

/// Returns `instant` as the time since an epoch 34 years before the first call.
///
/// A paused tokio clock may be behind the first call. Without the 34 years, such a time
/// would saturate at zero.
fn since_anchor(instant: Instant) -> Duration {
    const HEAD_START: Duration = Duration::from_secs(1 << 30);
    static ANCHOR: OnceLock<Instant> = OnceLock::new();
    let anchor = *ANCHOR.get_or_init(|| instant);
    match instant.checked_duration_since(anchor) {
        Some(later) => HEAD_START.saturating_add(later),
        None => HEAD_START.saturating_sub(anchor.saturating_duration_since(instant)),
    }
}

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

/// A timer with tokio's clock and sleep.
///
/// It is the default with the feature `tokio`. While tokio's clock is paused, time is
/// virtual and waits end at once.
/// Tokio's sleep has a resolution of one millisecond. A zero duration completes
/// at once.
///
/// # Panics
///
/// A sleep longer than zero panics outside a tokio runtime with time enabled, as
/// `tokio::time::sleep` does.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Timer, TokioTimer};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread()
/// #     .enable_time()
/// #     .start_paused(true)
/// #     .build()?;
/// # runtime.block_on(async {
/// let timer = TokioTimer::new();
/// let start = timer.now();
/// timer.sleep(Duration::from_secs(3600)).await;
/// // The runtime of this example has a paused clock.
/// assert_eq!(timer.now() - start, Duration::from_secs(3600));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

#[cfg(feature = "tokio")]
impl TokioTimer {
    /// Returns a timer with tokio's clock and sleep. The value has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

#[cfg(feature = "tokio")]
impl Timer for TokioTimer {
    type Sleep = TokioSleep;

    #[inline]
    fn now(&self) -> Duration {
        now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> TokioSleep {
        #[expect(clippy::disallowed_methods, reason = "this module sleeps")]
        let sleep = (!duration.is_zero()).then(|| tokio::time::sleep(duration));
        TokioSleep { sleep }
    }
}

#[cfg(feature = "tokio")]
pin_project_lite::pin_project! {
    /// The future that [`TokioTimer`] sleeps with.
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct TokioSleep {
        // None for a zero duration, which tokio would round up to a millisecond.
        #[pin]
        sleep: Option<tokio::time::Sleep>,
    }

    impl PinnedDrop for TokioSleep {
        #[inline]
        fn drop(_this: Pin<&mut Self>) {
            rare();
        }
    }
}

/// Marks the drop of a sleep as unlikely. The optimizer then keeps the long code of the drop
/// out of the path of calls that do not sleep.
#[cfg(feature = "tokio")]
#[cold]
#[inline(never)]
const fn rare() {}

#[cfg(feature = "tokio")]
impl Future for TokioSleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(mut sleep) = self.project().sleep.as_pin_mut() else {
            return Poll::Ready(());
        };
        match sleep.as_mut().poll(cx) {
            // If the task has used up its budget for this poll, tokio's sleep returns
            // `Pending` without reading the clock. Without this check, an operation that
            // never waits would never be timed out.
            Poll::Pending if is_over(sleep.deadline()) => Poll::Ready(()),
            polled => polled,
        }
    }
}

#[cfg(feature = "tokio")]
fn is_over(deadline: tokio::time::Instant) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    let now = tokio::time::Instant::now();
    now >= deadline
}

/// Returns the wall clock's time, for dates in headers and signatures.
#[cfg(feature = "http")]
#[expect(
    clippy::disallowed_methods,
    reason = "a date in a header is relative to the wall clock"
)]
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}
