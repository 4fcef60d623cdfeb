//! The time and how to wait: the one room that knows clocks.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// A clock and its sleep, as one, so that they cannot disagree.
///
/// Implement it for a runtime other than tokio, and give it to a call with
/// `.timer(..)`.
#[diagnostic::on_unimplemented(
    message = "no timer to wait with: `{Self}` is not a `Timer`",
    label = "this call needs a `Timer`",
    note = "enable reattempt's feature `tokio`, or give the call a timer: `policy.retry(op).timer(my_timer).await`"
)]
pub trait Timer {
    /// The future that [`sleep`](Self::sleep) returns.
    type Sleep: Future<Output = ()>;

    /// The time since a moment of the timer's own choice. It never goes back.
    fn now(&self) -> Duration;

    /// A future that is ready once `duration` is over.
    fn sleep(&self, duration: Duration) -> Self::Sleep;
}

impl<M: Timer + ?Sized> Timer for &M {
    type Sleep = M::Sleep;

    #[inline]
    fn now(&self) -> Duration {
        (**self).now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        (**self).sleep(duration)
    }
}

/// The timer of a call that was given none: [`TokioTimer`] with the feature
/// `tokio`, and no timer at all without it.
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

/// The process's own time: tokio's, which its tests may pause, or else the
/// standard library's. Both count from the same moment.
pub(crate) fn now() -> Duration {
    #[cfg(feature = "tokio")]
    #[expect(clippy::disallowed_methods, reason = "this room reads the clock")]
    let instant = tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "tokio"))]
    #[expect(clippy::disallowed_methods, reason = "this room reads the clock")]
    let instant = Instant::now();
    since_anchor(instant)
}

/// `instant` on a scale on which this process started late.
///
/// A paused tokio clock may stand before the anchor, which was read later: the
/// head start keeps such a time exact where a subtraction would end at zero.
fn since_anchor(instant: Instant) -> Duration {
    const HEAD_START: Duration = Duration::from_secs(1 << 30);
    static ANCHOR: OnceLock<Instant> = OnceLock::new();
    let anchor = *ANCHOR.get_or_init(|| instant);
    match instant.checked_duration_since(anchor) {
        Some(later) => HEAD_START.saturating_add(later),
        None => HEAD_START.saturating_sub(anchor.saturating_duration_since(instant)),
    }
}

/// A duration in nanoseconds, saturating at 584 years.
pub(crate) const fn nanos(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos() as u64)
}

/// Blocks this thread for `duration`.
pub(crate) fn sleep_blocking(duration: Duration) {
    #[expect(clippy::disallowed_methods, reason = "this room waits")]
    std::thread::sleep(duration);
}

/// Tokio's clock and sleep. Under tokio's paused clock all time is virtual.
///
/// # Panics
///
/// Its sleep panics, as tokio's own does, outside a tokio runtime that has time
/// enabled. A delay of zero needs no runtime.
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

#[cfg(feature = "tokio")]
impl TokioTimer {
    /// Tokio's timer.
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
        #[expect(clippy::disallowed_methods, reason = "this room waits")]
        let sleep = (!duration.is_zero()).then(|| tokio::time::sleep(duration));
        TokioSleep { sleep }
    }
}

#[cfg(feature = "tokio")]
pin_project_lite::pin_project! {
    /// The sleep of [`TokioTimer`].
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct TokioSleep {
        // None for a delay of zero, which tokio would round up to a millisecond.
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

/// Tells the optimizer that a sleep is seldom dropped, so that the long code for
/// it stays out of the drop of every call that never slept.
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
            // Where the task has used up its share of this poll, tokio's sleep is
            // pending without a look at the clock, for as long as the operation
            // beside it always has something to do: an attempt would never be cut.
            Poll::Pending if is_over(sleep.deadline()) => Poll::Ready(()),
            polled => polled,
        }
    }
}

#[cfg(feature = "tokio")]
fn is_over(deadline: tokio::time::Instant) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this room reads the clock")]
    let now = tokio::time::Instant::now();
    now >= deadline
}
