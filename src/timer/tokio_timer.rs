//! Tokio's clock and sleep as a [`Timer`].

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{DefaultTimer, Timer, now};

/// A timer with tokio's clock and sleep.
///
/// It is the default with the feature `tokio`. While tokio's clock is paused, time is
/// virtual and waits end at once.
///
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
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

impl TokioTimer {
    /// Returns a timer with tokio's clock and sleep. The value has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

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
            mark_as_unlikely();
        }
    }
}

/// Marks the drop of a sleep as unlikely. The optimizer then keeps the long code of the drop
/// out of the path of calls that do not sleep.
#[cold]
#[inline(never)]
const fn mark_as_unlikely() {}

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

fn is_over(deadline: tokio::time::Instant) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    let now = tokio::time::Instant::now();
    now >= deadline
}
