//! The steps of an async call that do not depend on its operation, so that they are
//! compiled once per timer and not once per call.

use std::task::{Context, Poll};
use std::time::Duration;

use super::PolicyRef;
use crate::attempt::Attempt;
use crate::classify::Verdict;
use crate::engine::{Overrides, Progress, Run, Step};
use crate::error::StopReason;
use crate::policy::Settings;
use crate::timer::Timer;

/// How many attempts a call makes before it lets other tasks run. An operation that is
/// always ready and is retried without delay would otherwise block its thread.
pub(super) const ATTEMPTS_PER_YIELD: u32 = 64;

/// Starts a call.
#[inline(never)]
pub(super) fn start<P: PolicyRef, M: Timer>(run: &mut Run<P>, overrides: Overrides, timer: &M) {
    let needs_clock = overrides.needs_clock(run.settings());
    run.start(overrides, now_if(needs_clock, timer));
}

/// Decides what follows an attempt that ended now. Returns the time of the decision too.
#[inline(never)]
pub(super) fn decide<M: Timer>(
    settings: &Settings,
    progress: &mut Progress,
    verdict: Verdict,
    is_repeatable: bool,
    timer: &M,
) -> (Step, Duration) {
    let now = now_if(progress.needs_clock(settings), timer);
    let step = progress.decide_repeatable(settings, verdict, now, is_repeatable);
    (step, now)
}

/// Counts the wait before a retry, after the hook. Returns its delay, or `None` and ends
/// the call if the time limit has passed meanwhile.
#[inline(never)]
pub(super) fn wait<M: Timer>(
    settings: &Settings,
    progress: &mut Progress,
    delay: Duration,
    decided_at: Duration,
    timer: &M,
) -> Option<Duration> {
    if !progress.has_time_limit() {
        progress.add_wait(delay);
        return Some(delay);
    }
    let delay = progress.remaining_delay(delay, decided_at, timer.now());
    match delay {
        Some(delay) => progress.add_wait(delay),
        None => progress.stop(settings, StopReason::OutOfTime),
    }
    delay
}

/// Returns true, and wakes the task, if the call has to let other tasks run.
#[inline(never)]
pub(super) fn has_to_yield<P: PolicyRef>(run: &Run<P>, cx: &mut Context<'_>) -> bool {
    let executed = run.progress().map_or(0, Progress::executed);
    let yields = executed > 0 && executed % ATTEMPTS_PER_YIELD == 0;
    if yields {
        cx.waker().wake_by_ref();
    }
    yields
}

/// Asks the limiter. Returns the next attempt, or the sleep before asking again; pending
/// if the limiter asks for a yield.
#[inline(never)]
pub(super) fn admit<P: PolicyRef, M: Timer>(
    run: &mut Run<P>,
    timer: &M,
    cx: &mut Context<'_>,
) -> Poll<Result<Attempt, M::Sleep>> {
    let now = now_if(run.needs_clock(), timer);
    let (settings, progress) = run.started();
    match progress.admit(settings, now) {
        Ok(()) => Poll::Ready(Ok(progress.start_attempt(now))),
        Err(Duration::ZERO) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Err(delay) => Poll::Ready(Err(timer.sleep(delay))),
    }
}

/// Returns the timer's time if the call depends on it.
fn now_if<M: Timer>(needs_clock: bool, timer: &M) -> Duration {
    if needs_clock {
        timer.now()
    } else {
        Duration::ZERO
    }
}
