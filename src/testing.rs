//! Helpers for tests of code that retries.
//!
//! [`ManualTimer`] returns at once from every sleep, records it and moves its own time
//! forward. [`Script`] is an operation that returns results from a fixed list and counts its
//! calls.
//!
//! ```
//! use std::time::Duration;
//! use reattempt::testing::{ManualTimer, Script};
//! use reattempt::{Backoff, RetryPolicy};
//!
//! let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(2)));
//! let timer = ManualTimer::new();
//! let script = Script::new([Err("busy")], Ok(7));
//!
//! let result = policy
//!     .retry_blocking(|_| script.call())
//!     .sleep_with(|delay| timer.sleep_blocking(delay))
//!     .call();
//!
//! assert_eq!(result, Ok(7));
//! assert_eq!(script.calls(), 2);
//! assert_eq!(timer.sleeps(), [Duration::from_secs(2)]);
//! ```

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::timer::Timer;

/// A timer for tests. Its time moves only if a sleep ends or
/// [`advance`](Self::advance) is called.
///
/// A sleep completes the first time it is polled. It then moves the time forward
/// by its duration and is recorded in [`sleeps`](Self::sleeps). A sleep that is
/// dropped before it is polled changes nothing. The time starts at zero.
///
/// Clones share one time and one list of sleeps. A [`RetryLoop`](crate::RetryLoop) does not
/// sleep for a delay of zero, so such a delay is not in the list.
///
/// With this timer an `attempt_timeout` cuts every attempt that is not ready at
/// its first poll. To test attempts that take time, use tokio's paused clock and
/// [`TokioTimer`](crate::TokioTimer) instead.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, ManualTimer, RetryPolicy};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let timer = ManualTimer::new();
/// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(1)));
/// let result = policy.retry(|_| async { Err::<(), _>("down") }).timer(&timer).await;
/// assert_eq!(result, Err("down"));
/// assert_eq!(timer.sleeps(), [Duration::from_secs(1); 2]);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[doc(alias = "mock")]
pub struct ManualTimer {
    shared: Arc<Mutex<Manual>>,
}

#[derive(Debug, Default)]
struct Manual {
    now: Duration,
    sleeps: Vec<Duration>,
}

impl ManualTimer {
    /// Returns a timer at time zero, without recorded sleeps.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::ManualTimer;
    ///
    /// let timer = ManualTimer::new();
    /// assert_eq!((timer.now(), timer.sleeps().len()), (Duration::ZERO, 0));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time forward by `duration` without recording a sleep.
    ///
    /// Use it inside an operation to simulate an attempt that takes time. The
    /// time saturates at [`Duration::MAX`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::ManualTimer;
    ///
    /// let timer = ManualTimer::new();
    /// timer.advance(Duration::from_secs(3));
    /// assert_eq!(timer.now(), Duration::from_secs(3));
    /// assert!(timer.sleeps().is_empty());
    /// ```
    pub fn advance(&self, duration: Duration) {
        let mut manual = lock(&self.shared);
        manual.now = manual.now.saturating_add(duration);
    }

    /// Returns the sum of all sleeps and all calls of [`advance`](Self::advance).
    #[must_use]
    pub fn now(&self) -> Duration {
        lock(&self.shared).now
    }

    /// Returns the duration of every sleep so far, in order.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        lock(&self.shared).sleeps.clone()
    }

    /// Records a sleep of `duration` and returns at once.
    ///
    /// Pass it to [`sleep_with`](crate::call::BlockingRetry::sleep_with) of a blocking call.
    /// Such a call still blocks in a wait for a limiter that has a queue. The time
    /// saturates at [`Duration::MAX`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use reattempt::{Backoff, ManualTimer, RetryPolicy};
    ///
    /// let timer = ManualTimer::new();
    /// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(5))).max_attempts(2);
    /// let result = policy
    ///     .retry_blocking(|_| Err::<(), _>("down"))
    ///     .sleep_with(|delay| timer.sleep_blocking(delay))
    ///     .call();
    /// assert_eq!(result, Err("down"));
    /// assert_eq!(timer.sleeps(), [Duration::from_secs(5)]);
    /// ```
    pub fn sleep_blocking(&self, duration: Duration) {
        let mut manual = lock(&self.shared);
        manual.now = manual.now.saturating_add(duration);
        manual.sleeps.push(duration);
    }
}

impl Timer for ManualTimer {
    type Sleep = ManualSleep;

    fn now(&self) -> Duration {
        Self::now(self)
    }

    fn sleep(&self, duration: Duration) -> ManualSleep {
        ManualSleep {
            timer: self.clone(),
            unserved: Some(duration),
        }
    }
}

/// The future that [`ManualTimer`] sleeps with. It is ready at its first poll.
#[must_use = "futures do nothing unless awaited"]
#[derive(Debug)]
pub struct ManualSleep {
    timer: ManualTimer,
    /// The duration, until the first poll records it.
    unserved: Option<Duration>,
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if let Some(duration) = self.unserved.take() {
            self.timer.sleep_blocking(duration);
        }
        Poll::Ready(())
    }
}

/// An operation for tests that returns fixed results and counts its calls.
///
/// The results are those of a list. After its end, every call returns a clone of the last
/// result. Clones share one list and one count.
///
/// ```
/// use reattempt::testing::Script;
/// use reattempt::{Backoff, RetryPolicy};
///
/// let script = Script::new([Err("busy"), Err("busy")], Ok("done"));
/// let policy = RetryPolicy::new(Backoff::none()).max_attempts(5);
/// assert_eq!(policy.retry_blocking(|_| script.call()).call(), Ok("done"));
/// assert_eq!(script.calls(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Script<R> {
    shared: Arc<Mutex<Progress<R>>>,
}

#[derive(Debug)]
struct Progress<R> {
    results: VecDeque<R>,
    last: R,
    calls: u32,
}

impl<R> Script<R> {
    /// Returns a script of `results`, followed by `last` for every later call.
    ///
    /// ```
    /// use reattempt::testing::Script;
    ///
    /// let script = Script::new([1, 2], 9);
    /// assert_eq!([script.call(), script.call(), script.call()], [1, 2, 9]);
    /// assert_eq!(script.call(), 9);
    /// ```
    #[must_use]
    pub fn new(results: impl IntoIterator<Item = R>, last: R) -> Self {
        Self {
            shared: Arc::new(Mutex::new(Progress {
                results: results.into_iter().collect(),
                last,
                calls: 0,
            })),
        }
    }

    /// Returns the next result and counts the call.
    ///
    /// In an async operation, call it inside the future: a call is then counted
    /// only if the future is polled.
    ///
    /// The results must be `Clone`. An error such as [`std::io::Error`] is not, so make it from
    /// a value that is: `script.call().map_err(io::Error::from)` with a script of
    /// [`std::io::ErrorKind`].
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// use reattempt::testing::Script;
    /// use reattempt::{Backoff, ManualTimer, RetryPolicy};
    ///
    /// let script = Script::new([Err("busy")], Ok(1));
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let call = policy.retry(|_| async { script.call() }).timer(ManualTimer::new());
    /// assert_eq!(call.await, Ok(1));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn call(&self) -> R
    where
        R: Clone,
    {
        let mut progress = lock(&self.shared);
        progress.calls = progress.calls.saturating_add(1);
        match progress.results.pop_front() {
            Some(result) => result,
            None => progress.last.clone(),
        }
    }

    /// Returns the number of calls so far.
    #[must_use]
    pub fn calls(&self) -> u32 {
        lock(&self.shared).calls
    }
}

/// Locks `shared`. A panic elsewhere does not make the data unusable, because
/// each change to it is complete before the lock is released.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
