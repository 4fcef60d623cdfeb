//! Polls an async call: attempts, decisions and waits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::async_driver::{Async, Stage, StageProjection};
use super::operation::OutcomeOf;
use super::{Call, ClassifierRef, Hook, Operation, PolicyRef};
use crate::classify::{Classify, Verdict};
use crate::engine::{self, Step, Stop};
use crate::error::{Outcome, StopReason};
use crate::timer::Timer;

/// How many attempts one poll makes before it lets other tasks run. An operation that
/// is always ready and is retried without delay would otherwise block its thread.
pub(super) const ATTEMPTS_PER_POLL: u32 = 64;

/// What the parts of a poll return: the end of the call, or `None` if it goes on.
type End<F, M> = Option<(OutcomeOf<F, M>, StopReason)>;

impl<P, F, M, J, H, T, E> Call<P, Async<F, M>, J, H>
where
    P: PolicyRef,
    F: Operation<M, Ok = T, Error = E>,
    M: Timer,
    J: ClassifierRef<P>,
    J::Classifier: Classify<T, E>,
    H: Hook<T, E>,
{
    /// Polls the call to its end. The short path is inline here: a first attempt that
    /// succeeds, of a call without limiter, observer, time limit and refilling budget.
    /// Everything else is out of line. The bench `overhead` shows what that saves.
    #[inline]
    fn poll_end(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<(Result<T, E>, StopReason)> {
        if matches!(self.driver.stage, Stage::Start) && self.run.may_take_short_path() {
            self.as_mut().start_attempt(Duration::ZERO);
        }
        for _ in 0..ATTEMPTS_PER_POLL {
            let mut driver = self.as_mut().project().driver.project();
            if let StageProjection::Attempt { future } = driver.stage.as_mut().project() {
                let result = ready!(future.poll(cx));
                // The future may hold a connection, and must not be polled again.
                driver.stage.set(Stage::Done);
                let this = self.as_mut().project();
                let classifier = this.classifier.classifier(this.run.policy());
                let verdict = classifier.classify(result.as_ref());
                if verdict == Verdict::Success && self.run.may_take_short_path() {
                    engine::record_first_success(self.run.settings());
                    return Poll::Ready((result, StopReason::Success));
                }
                if let Some(end) = self.as_mut().after_attempt(result, verdict) {
                    return Poll::Ready(end);
                }
            }
            if let Some(end) = ready!(self.as_mut().before_attempt(cx)) {
                return Poll::Ready(end);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Starts the next attempt.
    // A function of its own, so that the future does not take up stack space in
    // `poll_end` in a build without optimization.
    #[inline]
    fn start_attempt(self: Pin<&mut Self>, now: Duration) {
        let this = self.project();
        let mut driver = this.driver.project();
        // If the operation panics, it must not start again.
        driver.stage.set(Stage::Done);
        let attempt = this.run.start_attempt(now);
        let future = driver.op.attempt(attempt, driver.timer);
        driver.stage.set(Stage::Attempt { future });
    }

    /// Decides what follows an attempt, and begins the wait.
    #[cold]
    #[inline(never)]
    fn after_attempt(self: Pin<&mut Self>, result: Result<T, E>, verdict: Verdict) -> End<F, M> {
        let this = self.project();
        let mut driver = this.driver.project();
        let timer = &*driver.timer;
        let (settings, progress) = this.run.start(Duration::ZERO);
        if !driver.op.is_repeatable() {
            progress.set_unrepeatable();
        }
        let decided_at = now_if(progress.needs_clock(settings), timer);
        match progress.decide(settings, verdict, decided_at) {
            Step::Stop(Stop {
                reason,
                last_wait: None,
            }) => return Some((result, reason)),
            Step::Stop(Stop {
                reason,
                last_wait: Some(delay),
            }) => match F::keep(result) {
                Ok(kept) => {
                    let (sleep, kept) = (timer.sleep(delay), Some(kept));
                    driver.stage.set(Stage::Wait { sleep, kept });
                }
                Err(result) => return Some((result, reason)),
            },
            Step::Retry(delay) => {
                let event = || progress.retry_event(settings, delay, decided_at);
                this.hook.before_wait(result.as_ref(), event);
                let now = now_if(progress.needs_clock(settings), timer);
                let Some(delay) = progress.remaining_delay(delay, decided_at, now) else {
                    progress.stop(settings, StopReason::OutOfTime);
                    return Some((result, StopReason::OutOfTime));
                };
                // The result may hold a connection.
                drop(result);
                progress.add_wait(delay);
                let (sleep, kept) = (timer.sleep(delay), None);
                driver.stage.set(Stage::Wait { sleep, kept });
            }
        }
        None
    }

    /// Waits until the next attempt may start, and starts it.
    #[cold]
    #[inline(never)]
    fn before_attempt(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End<F, M>> {
        loop {
            let this = self.as_mut().project();
            let mut driver = this.driver.project();
            let timer = &*driver.timer;
            match driver.stage.as_mut().project() {
                StageProjection::Attempt { .. } => return Poll::Ready(None),
                StageProjection::Start => {
                    this.run.start(now_if(this.run.needs_clock(), timer));
                }
                StageProjection::Admission => {}
                StageProjection::Wait { sleep, kept } => {
                    ready!(sleep.poll(cx));
                    if let Some(kept) = kept.take() {
                        driver.stage.set(Stage::Done);
                        let end = (F::release(kept), StopReason::OutOfBudget);
                        return Poll::Ready(Some(end));
                    }
                }
                // The call has ended, or a callback panicked.
                StageProjection::Done => return Poll::Pending,
            }
            driver.stage.set(Stage::Admission);
            let now = now_if(this.run.needs_clock(), timer);
            let (settings, progress) = this.run.start(now);
            match progress.admit(settings, now) {
                Ok(()) => {
                    self.as_mut().start_attempt(now);
                    return Poll::Ready(None);
                }
                Err(Duration::ZERO) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Err(delay) => {
                    let (sleep, kept) = (timer.sleep(delay), None);
                    driver.stage.set(Stage::Wait { sleep, kept });
                }
            }
        }
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

impl<P, F, M, J, H> Future for Call<P, Async<F, M>, J, H>
where
    P: PolicyRef,
    J: ClassifierRef<P>,
    J::Classifier: Classify<F::Ok, F::Error>,
    F: Operation<M>,
    M: Timer, // the feature `tokio`, or `.timer(my_timer)`
    H: Hook<F::Ok, F::Error>,
{
    type Output = Result<F::Ok, F::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_end(cx).map(|(result, _)| result)
    }
}

pin_project! {
    /// The future of an async call that returns its [`Outcome`]. Created by
    /// [`Call::outcome`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct OutcomeFuture<P: PolicyRef, D, J, H> {
        #[pin]
        pub(super) call: Call<P, D, J, H>,
    }
}

impl<P, F, M, J, H> Future for OutcomeFuture<P, Async<F, M>, J, H>
where
    P: PolicyRef,
    J: ClassifierRef<P>,
    J::Classifier: Classify<F::Ok, F::Error>,
    F: Operation<M>,
    M: Timer, // the feature `tokio`, or `.timer(my_timer)`
    H: Hook<F::Ok, F::Error>,
{
    type Output = Outcome<F::Ok, F::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut call = self.project().call;
        let (result, reason) = ready!(call.as_mut().poll_end(cx));
        let summary = call.run.summary(reason);
        Poll::Ready(Outcome { result, summary })
    }
}
