//! The steps of an async call that do not depend on its operation, so that they are
//! compiled once per timer and not once per call.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::PolicyRef;
use crate::attempt::Attempt;
use crate::classify::Verdict;
use crate::engine::{Cause, Overrides, Progress, Run, Step, Stop};
use crate::error::StopReason;
use crate::policy::Settings;
use crate::timer::Timer;

/// How many attempts a call makes before it lets other tasks run. An operation that is
/// always ready and is retried without delay would otherwise block its thread.
pub(super) const ATTEMPTS_PER_YIELD: u32 = 64;

pin_project! {
    /// How far a call has come before its next attempt.
    #[project = WaitingProjection]
    pub(super) enum Waiting<S> {
        // The call has not started.
        Configured { overrides: Overrides },
        // The wait has not begun.
        Delay { delay: Duration },
        Sleep { #[pin] sleep: S },
        // The wait is over. The limiter admits the next attempt.
        Over,
    }
}

/// Decides what follows an attempt that ended now. Returns the time of the decision too.
#[inline(never)]
pub(super) fn decide<M: Timer>(
    settings: &Settings,
    progress: &mut Progress,
    verdict: Verdict,
    cause: Cause<'_>,
    is_repeatable: bool,
    timer: &M,
) -> (Step, Duration) {
    let now = now_if(progress.needs_clock(settings), timer);
    let mut step = progress.decide(settings, verdict, now, is_repeatable);
    progress.report(settings, step, now, cause);
    if let Step::Stop(Stop {
        last_wait: Some(delay),
        ..
    }) = &mut step
    {
        let returned_at = now_if(progress.has_time_limit(), timer);
        *delay = progress.remaining_last_wait(*delay, now, returned_at);
    }
    (step, now)
}

/// Counts the wait before a retry, after the hook. Ends the call if the time limit has
/// passed meanwhile.
#[inline(never)]
pub(super) fn wait<M: Timer>(
    settings: &Settings,
    progress: &mut Progress,
    delay: Duration,
    decided_at: Duration,
    timer: &M,
) -> Step {
    let left = if progress.has_time_limit() {
        progress.remaining_delay(delay, decided_at, timer.now())
    } else {
        Some(delay)
    };
    if let Some(delay) = left {
        progress.add_wait(delay);
        Step::Retry(delay)
    } else {
        Step::Stop(progress.stop(settings, StopReason::OutOfTime))
    }
}

/// Polls the delay.
#[inline(never)]
pub(super) fn sleep<M: Timer>(
    mut waiting: Pin<&mut Waiting<M::Sleep>>,
    timer: &M,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if let Waiting::Delay { delay } = *waiting {
        let sleep = timer.sleep(delay);
        waiting.set(Waiting::Sleep { sleep });
    }
    if let WaitingProjection::Sleep { sleep } = waiting.as_mut().project() {
        ready!(sleep.poll(cx));
        waiting.set(Waiting::Over);
    }
    Poll::Ready(())
}

/// Polls what comes before an attempt: the delay, then the limiter. Returns the attempt, whose
/// cost is not spent yet.
#[inline(never)]
pub(super) fn resume<P: PolicyRef, M: Timer>(
    run: &mut Run<P>,
    mut waiting: Pin<&mut Waiting<M::Sleep>>,
    timer: &M,
    cx: &mut Context<'_>,
) -> Poll<Attempt> {
    if let Waiting::Configured { overrides } = *waiting {
        let needs_clock = overrides.needs_clock(run.settings());
        run.start(overrides, now_if(needs_clock, timer));
        waiting.set(Waiting::Over);
    }
    // A limiter that never admits must not block the thread if the sleeps end at once.
    for _ in 0..ATTEMPTS_PER_YIELD {
        if !matches!(*waiting, Waiting::Over) {
            ready!(sleep(waiting.as_mut(), timer, cx));
            if has_to_yield(run) {
                break;
            }
        }
        let now = now_if(run.needs_clock(), timer);
        let (settings, progress) = run.started();
        match progress.admit(settings, now) {
            Ok(()) => return Poll::Ready(progress.attempt(now)),
            Err(Duration::ZERO) => break,
            Err(delay) => waiting.set(Waiting::Delay { delay }),
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Returns true if the call has to let other tasks run.
const fn has_to_yield<P: PolicyRef>(run: &Run<P>) -> bool {
    let attempts = run.attempts();
    attempts > 0 && attempts % ATTEMPTS_PER_YIELD == 0
}

/// Returns the timer's time if the call depends on it.
fn now_if<M: Timer>(needs_clock: bool, timer: &M) -> Duration {
    if needs_clock {
        timer.now()
    } else {
        Duration::ZERO
    }
}
