//! The steps of an async call that do not depend on its operation, so that they are
//! compiled once per timer and not once per call.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::PolicyRef;
use crate::attempt::Attempt;
use crate::classify::Verdict;
use crate::engine::{Cause, Overrides, Progress, Run, Step, Stop, report_limited};
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
        // The wait has not begun. What follows the decision may take time and shorten it.
        Decided { delay: Duration, decided_at: Duration },
        // The wait has been counted, and is served in full.
        Delay { delay: Duration },
        Sleep { #[pin] sleep: S },
        // The wait is over. The limiter admits the next attempt.
        Over,
    }
}

/// Decides what follows an attempt that ended at `now`.
#[inline(never)]
pub(super) fn decide<M: Timer>(
    settings: &Settings,
    progress: &mut Progress,
    verdict: Verdict,
    now: Duration,
    cause: Cause<'_>,
    is_repeatable: bool,
    timer: &M,
) -> Step {
    let mut step = progress.decide(settings, verdict, now, is_repeatable);
    progress.report(settings, step, now, cause);
    if let Step::Stop(Stop {
        last_wait: Some(delay),
        ..
    }) = &mut step
    {
        let returned_at = now_if(progress.has_time_limit(), timer);
        *delay = progress.begin_last_wait(*delay, now, returned_at);
    }
    step
}

/// Ends the call if its time limit has passed during the hook.
pub(super) fn after_hook<M: Timer>(
    settings: &Settings,
    progress: &mut Progress,
    timer: &M,
) -> Option<Stop> {
    let is_over = progress.has_time_limit() && progress.is_out_of_time(timer.now());
    is_over.then(|| progress.stop(settings, StopReason::OutOfTime))
}

/// Polls the delay.
#[inline(never)]
fn sleep<M: Timer>(
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
/// cost is not spent yet, or `None` after a last wait.
#[inline(never)]
pub(super) fn resume<P: PolicyRef, M: Timer>(
    run: &mut Run<P>,
    mut waiting: Pin<&mut Waiting<M::Sleep>>,
    is_last_wait: bool,
    timer: &M,
    cx: &mut Context<'_>,
) -> Poll<Option<Attempt>> {
    if is_last_wait {
        return sleep(waiting, timer, cx).map(|()| None);
    }
    if let Waiting::Configured { overrides } = *waiting {
        let needs_clock = overrides.needs_clock(run.settings());
        run.start(overrides, now_if(needs_clock, timer));
        waiting.set(Waiting::Over);
    }
    if let Waiting::Decided { delay, decided_at } = *waiting {
        let (_, progress) = run.started();
        let now = now_if(progress.has_time_limit(), timer);
        let delay = progress.begin_wait(delay, decided_at, now);
        waiting.set(Waiting::Delay { delay });
    }
    // A limiter that never admits must not block the thread if the sleeps end at once.
    for _ in 0..ATTEMPTS_PER_YIELD {
        if !matches!(*waiting, Waiting::Over) {
            ready!(sleep(waiting.as_mut(), timer, cx));
            if has_to_yield(run.attempts()) {
                break;
            }
        }
        let now = now_if(run.needs_clock(), timer);
        let (settings, progress) = run.started();
        match progress.admit(settings, now) {
            Ok(()) => return Poll::Ready(Some(progress.attempt(now))),
            Err(delay) => {
                if !delay.is_zero() {
                    waiting.set(Waiting::Delay { delay });
                }
                report_limited(settings, delay);
                if delay.is_zero() {
                    break;
                }
            }
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Returns true if a call has to let other tasks run after this many attempts.
pub(super) const fn has_to_yield(attempts: u32) -> bool {
    // The count ends at its largest value.
    attempts > 0 && (attempts % ATTEMPTS_PER_YIELD == 0 || attempts == u32::MAX)
}

/// Returns the timer's time if the call depends on it.
pub(super) fn now_if<M: Timer>(needs_clock: bool, timer: &M) -> Duration {
    if needs_clock {
        timer.now()
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::has_to_yield;

    #[test]
    fn a_call_yields_after_each_64th_attempt_and_at_the_last_count() {
        for (attempts, expected) in [(0, false), (63, false), (64, true), (65, false)] {
            assert_eq!(has_to_yield(attempts), expected, "{attempts}");
        }
        assert!(has_to_yield(u32::MAX));
    }
}
