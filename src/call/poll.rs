//! Polls an async call: attempts, decisions and waits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::async_driver::{Async, SleepOf, Stage, StageProjection};
use super::operation::OutcomeOf;
use super::result::CallResult;
use super::{Call, ClassifierRef, Hook, Operation, PolicyRef, steps};
use crate::attempt::Attempt;
use crate::classify::{Classify, Verdict};
use crate::engine::{FIRST_SUCCESS, Overrides, Step, Stop};
use crate::error::{Outcome, StopReason};
use crate::timer::Timer;

/// What a part of a poll returns: the end of the call, or `None` if it goes on.
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
    /// succeeds, of a call without settings of its own, limiter, observer, time limit and
    /// refilling budget. Everything else is out of line. The bench `overhead` shows what
    /// that saves.
    #[inline]
    fn poll_end<R: CallResult<T, E>>(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        if matches!(self.driver.stage, Stage::New) && self.run.settings().is_simple {
            self.as_mut().start_first_attempt();
        }
        loop {
            let this = self.as_mut().project();
            let mut driver = this.driver.project();
            let end = if let StageProjection::Attempt { future } = driver.stage.as_mut().project() {
                let result = ready!(future.poll(cx));
                // The future may hold a connection, and must not be polled again.
                driver.stage.set(Stage::Done);
                let classifier = this.classifier.classifier(this.run.policy());
                match classifier.classify(result.as_ref()) {
                    Verdict::Success if this.run.is_on_short_path() => {
                        this.run.succeed_on_short_path();
                        return Poll::Ready(R::new(result, || FIRST_SUCCESS));
                    }
                    verdict => self.as_mut().after_attempt(result, verdict),
                }
            } else {
                ready!(self.as_mut().before_attempt(cx))
            };
            if let Some((result, reason)) = end {
                return Poll::Ready(R::new(result, || self.run.summary(reason)));
            }
        }
    }

    /// Starts the first attempt of a call on the short path.
    // A function of its own, as `start_attempt`: the future does not take up stack space
    // in the function that polls it, in a build without optimization.
    #[inline]
    fn start_first_attempt(self: Pin<&mut Self>) {
        let this = self.project();
        let attempt = this.run.start_on_short_path();
        start_attempt(this.driver, attempt);
    }

    /// Decides what follows an attempt, and begins the wait.
    #[cold]
    #[inline(never)]
    fn after_attempt(self: Pin<&mut Self>, result: Result<T, E>, verdict: Verdict) -> End<F, M> {
        let this = self.project();
        let mut driver = this.driver.project();
        let (settings, progress) = this.run.started();
        let is_repeatable = driver.op.is_repeatable();
        let (step, decided_at) =
            steps::decide(settings, progress, verdict, is_repeatable, driver.timer);
        let (sleep, kept) = match step {
            Step::Retry(delay) => {
                let event = || progress.retry_event(settings, delay, decided_at);
                this.hook.before_wait(result.as_ref(), event);
                let wait = steps::wait(settings, progress, delay, decided_at, driver.timer);
                let Some(delay) = wait else {
                    return Some((result, StopReason::OutOfTime));
                };
                // The result may hold a connection.
                drop(result);
                (driver.timer.sleep(delay), None)
            }
            Step::Stop(Stop { reason, last_wait }) => match (last_wait, F::keep(result)) {
                (Some(delay), Ok(kept)) => (driver.timer.sleep(delay), Some(kept)),
                (None, Ok(kept)) => return Some((F::release(kept), reason)),
                (_, Err(result)) => return Some((result, reason)),
            },
        };
        driver.stage.set(Stage::Wait { sleep, kept });
        None
    }

    /// Waits until the next attempt may start, and starts it.
    #[cold]
    #[inline(never)]
    fn before_attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End<F, M>> {
        let mut this = self.project();
        let mut driver = this.driver.as_mut().project();
        // A limiter that never admits must not block the thread if the sleeps end at once.
        for _ in 0..steps::ATTEMPTS_PER_YIELD {
            match driver.stage.as_mut().project() {
                StageProjection::New => {
                    steps::start(this.run, Overrides::NONE, driver.timer);
                }
                StageProjection::Configured { overrides } => {
                    steps::start(this.run, *overrides, driver.timer);
                }
                StageProjection::Wait { sleep, kept } => {
                    ready!(sleep.poll(cx));
                    if let Some(kept) = kept.take() {
                        driver.stage.set(Stage::Done);
                        return Poll::Ready(Some((F::release(kept), StopReason::OutOfBudget)));
                    }
                    if steps::has_to_yield(this.run, cx) {
                        driver.stage.set(Stage::Admission);
                        return Poll::Pending;
                    }
                }
                StageProjection::Admission => {}
                StageProjection::Attempt { .. } => return Poll::Ready(None),
                // The call has ended, or a callback panicked.
                StageProjection::Done => return Poll::Pending,
            }
            driver.stage.set(Stage::Admission);
            match ready!(steps::admit(this.run, driver.timer, cx)) {
                Ok(attempt) => {
                    start_attempt(this.driver, attempt);
                    return Poll::Ready(None);
                }
                Err(sleep) => driver.stage.set(Stage::Wait { sleep, kept: None }),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Starts an attempt.
#[inline]
fn start_attempt<F, M>(driver: Pin<&mut Async<F, M>>, attempt: Attempt)
where
    F: Operation<M>,
    M: SleepOf,
{
    let mut driver = driver.project();
    // If the operation panics, it must not start again.
    driver.stage.set(Stage::Done);
    let future = driver.op.attempt(attempt, driver.timer);
    driver.stage.set(Stage::Attempt { future });
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
        self.poll_end(cx)
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
        self.project().call.poll_end(cx)
    }
}
