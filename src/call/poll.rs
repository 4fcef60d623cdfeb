//! Polls an async call: attempts, decisions and waits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::async_driver::{Async, Stage, StageProjection};
use super::result::CallResult;
use super::steps::{self, Waiting};
use super::{Call, ClassifierRef, Hook, Operation, PolicyRef};
use crate::attempt::Attempt;
use crate::classify::{Classify, Verdict, printable};
use crate::engine::{Run, Step, Stop};
use crate::error::{Outcome, StopReason};
use crate::timer::Timer;

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
    /// refilling budget. Decisions and waits are out of line. The bench `overhead` shows what
    /// that saves.
    fn poll_end<R: CallResult<T, E>>(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        // Not a pair with the result: without optimization, each pair is a copy of the result on
        // the stack of the function that polls the operation.
        let reason;
        let result = loop {
            // In the loop, so that the compiler does not check the stage of a first attempt
            // again.
            let call = self.as_ref().get_ref();
            if matches!(call.driver.stage, Stage::New) && call.run.settings().is_simple {
                let attempt = call.run.start_on_short_path();
                self.as_mut().start_attempt(attempt, |_| ());
            }
            let this = self.as_mut().project();
            let mut driver = this.driver.project();
            let StageProjection::Attempt { mut future } = driver.stage.as_mut().project() else {
                if let Some(attempt) = ready!(self.as_mut().before_attempt(cx)) {
                    self.as_mut().start_attempt(attempt, Run::spend);
                } else if let Some(kept) = self.as_mut().take_kept() {
                    reason = StopReason::OutOfBudget;
                    break F::release(kept);
                }
                continue;
            };
            if F::starts_now(future.as_mut(), cx) {
                this.run.spend();
            }
            let result = ready!(future.poll(cx));
            // The future may hold a connection, and must not be polled again.
            driver.stage.set_done();
            let classifier = this.classifier.classifier(this.run.policy());
            let end = match classifier.classify(result.as_ref()) {
                Verdict::Success if this.run.succeed_on_short_path() => {
                    reason = StopReason::Success;
                    break result;
                }
                verdict => self.as_mut().after_attempt(result.as_ref(), verdict),
            };
            let Some(end) = end else { continue };
            match self.as_mut().keep(result, end) {
                None => {}
                Some(result) => {
                    reason = end.reason;
                    break result;
                }
            }
        };
        Poll::Ready(R::new(result, || self.run.summary(reason)))
    }

    /// Starts an attempt. The operation calls `start`, or says by
    /// [`starts_now`](Operation::starts_now) when the attempt starts.
    // A separate function: in a build without optimization, the future would otherwise take up
    // stack space in the function that polls it.
    #[inline]
    fn start_attempt(self: Pin<&mut Self>, attempt: Attempt, start: impl FnOnce(&mut Run<P>)) {
        let this = self.project();
        let mut driver = this.driver.project();
        // If the operation panics, it must not start again.
        driver.stage.as_mut().set_done();
        let future = driver.op.attempt(attempt, driver.timer, || start(this.run));
        driver.stage.set_attempt(future);
    }

    /// Decides what follows an attempt. If a retry follows, its wait comes next. Returns the
    /// end of the call otherwise.
    #[cold]
    #[inline(never)]
    fn after_attempt(
        self: Pin<&mut Self>,
        result: Result<&T, &E>,
        verdict: Verdict,
    ) -> Option<Stop> {
        let this = self.project();
        let driver = this.driver.project();
        let classifier = this.classifier.classifier(this.run.policy());
        let cause = printable(classifier, result);
        let (settings, progress) = this.run.started();
        let is_repeatable = driver.op.is_repeatable();
        let decided_at = steps::now_if(progress.needs_clock(settings), driver.timer);
        let step = steps::decide(
            settings,
            progress,
            verdict,
            decided_at,
            cause,
            is_repeatable,
            driver.timer,
        );
        let delay = match step {
            Step::Retry(delay) => delay,
            Step::Stop(end) => return Some(end),
        };
        let event = || progress.retry_event(settings, delay, decided_at);
        this.hook.before_wait(result, event);
        let end = steps::after_hook(settings, progress, driver.timer);
        if end.is_none() {
            let waiting = Waiting::Decided { delay, decided_at };
            driver.stage.set_waiting(waiting, None);
        }
        end
    }

    /// Keeps the result of a call that ends with a last wait, if its operation keeps
    /// results. Returns the result otherwise.
    #[inline]
    fn keep(self: Pin<&mut Self>, result: Result<T, E>, stop: Stop) -> Option<Result<T, E>> {
        let Some(delay) = stop.last_wait else {
            return Some(result);
        };
        match F::keep(result) {
            Err(result) => Some(result),
            Ok(kept) => {
                let waiting = Waiting::Delay { delay };
                let driver = self.project().driver.project();
                driver.stage.set_waiting(waiting, Some(kept));
                None
            }
        }
    }

    /// Waits until the next attempt may start. Returns `None` after a last wait, which ends
    /// the call.
    #[cold]
    #[inline(never)]
    fn before_attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Attempt>> {
        let this = self.project();
        let mut driver = this.driver.project();
        driver.stage.as_mut().begin();
        let StageProjection::Waiting { waiting, kept } = driver.stage.project() else {
            // The call has ended, or a part of it panicked. It must not start again.
            return Poll::Pending;
        };
        steps::resume(this.run, waiting, kept.is_some(), driver.timer, cx)
    }

    /// Takes the result that was kept during a last wait.
    fn take_kept(self: Pin<&mut Self>) -> Option<F::Kept> {
        let mut driver = self.project().driver.project();
        let StageProjection::Waiting { kept, .. } = driver.stage.as_mut().project() else {
            return None;
        };
        let kept = kept.take()?;
        driver.stage.set_done();
        Some(kept)
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
