//! The async driver.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::attempt::Attempt;
use crate::classify::{Classify, ClassifyFn, Verdict, When};
use crate::drive::call::sealed::Sealed;
use crate::drive::call::{Hook, OnRetry, Operation, Parts, Recipe, Reclassified};
use crate::error::{Outcome, StopReason, TimedOut};
use crate::event::RetryEvent;
use crate::policy::{Polling, RetryPolicy};
use crate::session::{Decision, Session, State};
#[cfg(feature = "tokio")]
use crate::timer::TokioTimer;
use crate::timer::{self, DefaultTimer, Timer};

impl<C, P> RetryPolicy<C, P> {
    /// Prepares an async call of `op`: `.await` it, or its `.outcome()`.
    ///
    /// The future is `Send` when the operation's future is, and spawns nothing:
    /// dropped, it stops where it is.
    ///
    /// ```
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let result = policy
    ///     .retry(|attempt| async move {
    ///         if attempt.number() < 3 { Err("busy") } else { Ok("done") }
    ///     })
    ///     .when(|error| *error == "busy")
    ///     .await;
    /// assert_eq!(result, Ok("done"));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub const fn retry<F, Fut, T, E>(&self, op: F) -> Retry<&Self, F>
    where
        F: FnMut(Attempt) -> Fut,
        // The compiler shows the end of this line to who gives it a blocking operation.
        Fut: Future<Output = Result<T, E>>, // else `retry_blocking`
    {
        Retry {
            recipe: self,
            op,
            hook: (),
            timer: DefaultTimer,
            limit: (),
            state: None,
        }
    }
}

/// An async call being prepared; made by [`RetryPolicy::retry`].
///
/// Its parameters are the policy `R`, the operation `F`, the hook `H`, the
/// timer `M` and the bound on each attempt `L`.
#[must_use = "nothing is called until `.await`"]
#[derive(Clone)]
pub struct Retry<R, F, H = (), M = DefaultTimer, L = ()> {
    pub(crate) recipe: R,
    pub(crate) op: F,
    pub(crate) hook: H,
    pub(crate) timer: M,
    pub(crate) limit: L,
    pub(crate) state: Option<State>,
}

impl<R: fmt::Debug, F, H, M, L> fmt::Debug for Retry<R, F, H, M, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("recipe", &self.recipe)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<R, F, H, M, L, Fut, T, E> Retry<R, F, H, M, L>
where
    R: Recipe,
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    /// Bounds this call's attempts, the first one included; 0 counts as 1.
    pub const fn max_attempts(mut self, n: u32) -> Self {
        self.state = Some(State::of(self.state).max_attempts(n));
        self
    }

    /// Bounds this call's time; see [`RetryPolicy::max_elapsed`].
    pub const fn max_elapsed(mut self, total: Duration) -> Self {
        self.state = Some(State::of(self.state).max_elapsed(total));
        self
    }

    /// Retries only throttling: for an operation that must not be done twice.
    pub const fn non_idempotent(mut self) -> Self {
        self.state = Some(State::of(self.state).non_idempotent());
        self
    }

    /// Judges this call's outcomes with `classifier`.
    pub fn classify<D>(self, classifier: D) -> Retry<Reclassified<R, D>, F, H, M, L> {
        Retry {
            recipe: Reclassified {
                recipe: self.recipe,
                classifier,
            },
            op: self.op,
            hook: self.hook,
            timer: self.timer,
            limit: self.limit,
            state: self.state,
        }
    }

    /// Retries the errors for which `predicate` holds, and no other: in place of
    /// the policy's classifier, so every `Ok` is a success.
    pub fn when<P>(self, predicate: P) -> Retry<Reclassified<R, When<P>>, F, H, M, L>
    where
        P: Fn(&E) -> bool,
    {
        self.classify(When(predicate))
    }

    /// Judges this call's outcomes with a closure.
    pub fn classify_fn<P>(self, f: P) -> Retry<Reclassified<R, ClassifyFn<P>>, F, H, M, L>
    where
        P: Fn(Result<&T, &E>) -> Verdict,
    {
        self.classify(ClassifyFn(f))
    }

    /// Tells `hook` of each retry before its wait. It should be quick; under
    /// `max_elapsed` its time is taken off the wait.
    pub fn on_retry<P>(self, hook: P) -> Retry<R, F, OnRetry<P>, M, L>
    where
        P: FnMut(&RetryEvent<Result<&T, &E>>),
    {
        Retry {
            recipe: self.recipe,
            op: self.op,
            hook: OnRetry(hook),
            timer: self.timer,
            limit: self.limit,
            state: self.state,
        }
    }

    /// Waits with `timer`; a reference to one is a timer, too.
    pub fn timer<N: Timer>(self, timer: N) -> Retry<R, F, H, N, L> {
        Retry {
            recipe: self.recipe,
            op: self.op,
            hook: self.hook,
            timer,
            limit: self.limit,
            state: self.state,
        }
    }

    /// Cuts each attempt after `limit`, or after what remains of `max_elapsed`
    /// if that is less.
    ///
    /// The attempt's outcome is then an `Err` made from [`TimedOut`], judged as
    /// any other.
    pub fn attempt_timeout(self, limit: Duration) -> Retry<R, F, H, M, AttemptTimeout>
    where
        E: From<TimedOut>,
    {
        Retry {
            recipe: self.recipe,
            op: self.op,
            hook: self.hook,
            timer: self.timer,
            limit: AttemptTimeout { limit },
            state: self.state,
        }
    }

    /// Returns the result with the story of the call, in place of the result.
    #[expect(
        clippy::type_complexity,
        reason = "a future's parts are its parameters"
    )]
    pub fn outcome(self) -> OutcomeFuture<R, F, L::Future, H, M, L, Kept<R, T, E>>
    where
        R::Classifier: Classify<T, E>,
        H: Hook<T, E>,
        M: Timer,
        L: Limit<M, Fut>,
    {
        OutcomeFuture {
            inner: self.into_future(),
        }
    }
}

impl<R, F, H, M, L, Fut, T, E> IntoFuture for Retry<R, F, H, M, L>
where
    R: Recipe,
    R::Classifier: Classify<T, E>,
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    H: Hook<T, E>,
    L: Limit<M, Fut>,
    // The compiler shows the end of this line to who gives it no timer.
    M: Timer, // feature `tokio`, or `.timer(my_timer)`
{
    type Output = Result<T, E>;
    type IntoFuture = RetryFuture<R, F, L::Future, H, M, L, Kept<R, T, E>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        RetryFuture::new(self)
    }
}

/// An outcome kept across a wait, which only a long-polling call does.
type Kept<R, T, E> = <<R as Recipe>::Polling as Polling>::Kept<Result<T, E>>;

/// The bound on each attempt: none, or [`AttemptTimeout`]. Sealed.
pub trait Limit<M, Fut: Future>: Sealed {
    /// The operation's future, bounded.
    type Future: Future<Output = Fut::Output>;

    #[doc(hidden)]
    fn bound(&self, timer: &M, remaining: Option<Duration>, future: Fut) -> Self::Future;
}

impl<M, Fut: Future> Limit<M, Fut> for () {
    type Future = Fut;

    #[inline]
    fn bound(&self, _: &M, _: Option<Duration>, future: Fut) -> Fut {
        future
    }
}

/// Cuts each attempt after a time; set by `attempt_timeout`.
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeout {
    limit: Duration,
}

impl Sealed for AttemptTimeout {}

impl<M, Fut, T, E> Limit<M, Fut> for AttemptTimeout
where
    M: Timer,
    Fut: Future<Output = Result<T, E>>,
    E: From<TimedOut>,
{
    type Future = TimeoutFuture<Fut, M::Sleep>;

    fn bound(&self, timer: &M, remaining: Option<Duration>, future: Fut) -> Self::Future {
        let limit = remaining.map_or(self.limit, |remaining| remaining.min(self.limit));
        TimeoutFuture {
            future,
            sleep: timer.sleep(limit),
            limit,
        }
    }
}

pin_project! {
    /// An attempt that is cut when its time is over.
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct TimeoutFuture<Fut, S> {
        #[pin]
        future: Fut,
        #[pin]
        sleep: S,
        limit: Duration,
    }
}

impl<Fut, S, T, E> Future for TimeoutFuture<Fut, S>
where
    Fut: Future<Output = Result<T, E>>,
    S: Future<Output = ()>,
    E: From<TimedOut>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(result) = this.future.poll(cx) {
            return Poll::Ready(result);
        }
        ready!(this.sleep.poll(cx));
        Poll::Ready(Err(TimedOut::new(*this.limit).into()))
    }
}

pin_project! {
    /// The future of an async call; made by awaiting [`Retry`].
    ///
    /// Its parameters are those of [`Retry`], the attempt's future `A`, and the
    /// outcome `K` that a long-polling call keeps across its last wait.
    #[must_use = "futures do nothing unless awaited"]
    pub struct RetryFuture<R, F, A, H, M, L, K>
    where
        R: Recipe,
        M: Timer,
    {
        recipe: R,
        op: F,
        hook: H,
        timer: M,
        limit: L,
        // None until there is something to remember.
        state: Option<State>,
        #[pin]
        stage: Stage<A, M::Sleep, K>,
    }

    impl<R, F, A, H, M, L, K> PinnedDrop for RetryFuture<R, F, A, H, M, L, K>
    where
        R: Recipe,
        M: Timer,
    {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Stage::Wait { kept: None, .. } = &*this.stage {
                State::of(*this.state).cancel(this.recipe.parts().plan);
            }
        }
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<A, S, K> {
        // Before the first attempt of a plain call, and in it: `poll_end` alone
        // meets the former.
        First,
        FirstAttempt { #[pin] future: A },
        // Before the first attempt of any other call, and in any attempt.
        Start,
        Attempt { #[pin] future: A },
        // The wait before an attempt, or before the outcome that is kept.
        Wait { #[pin] sleep: S, kept: Option<K> },
        Done,
    }
}

impl<R, F, A, H, M, L, K> fmt::Debug for RetryFuture<R, F, A, H, M, L, K>
where
    R: Recipe + fmt::Debug,
    M: Timer,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture")
            .field("recipe", &self.recipe)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// How many attempts one poll may make before it lets others run: an operation
/// that is always ready, retried without delay, would starve its executor.
const ATTEMPTS_PER_POLL: u32 = 64;

/// Lets others run once.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<R, F, A, H, M, L, K> RetryFuture<R, F, A, H, M, L, K>
where
    R: Recipe,
    M: Timer,
{
    #[inline]
    pub(crate) fn new(call: Retry<R, F, H, M, L>) -> Self {
        let is_plain = State::of(call.state).is_plain(call.recipe.parts().plan);
        Self {
            recipe: call.recipe,
            op: call.op,
            hook: call.hook,
            timer: call.timer,
            limit: call.limit,
            state: call.state,
            stage: if is_plain { Stage::First } else { Stage::Start },
        }
    }

    #[inline]
    fn poll_end<Fut, T, E>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<(Result<T, E>, StopReason)>
    where
        R::Classifier: Classify<T, E>,
        R::Polling: Polling<Kept<Result<T, E>> = K>,
        F: Operation<Future = Fut>,
        Fut: Future<Output = Result<T, E>>,
        A: Future<Output = Result<T, E>>,
        H: Hook<T, E>,
        L: Limit<M, Fut, Future = A>,
    {
        // The common path in a straight line: one attempt that succeeds.
        let mut this = self.as_mut().project();
        let Parts { plan, classifier } = this.recipe.parts();
        if matches!(*this.stage, Stage::First) {
            let future = this.op.attempt(State::of(*this.state).plain_attempt(plan));
            let future = this.limit.bound(this.timer, None, future);
            this.stage.set(Stage::FirstAttempt { future });
        }
        let StageProjection::FirstAttempt { future } = this.stage.as_mut().project() else {
            return self.go_on(cx, None);
        };
        let result = ready!(future.poll(cx));
        match classifier.classify(result.as_ref()) {
            Verdict::Success => {
                State::succeed(plan);
                this.stage.set(Stage::Done);
                Poll::Ready((result, StopReason::Success))
            }
            verdict => self.go_on(cx, Some((result, verdict))),
        }
    }

    /// Drives the call on from any stage, with the outcome of the attempt that
    /// was made, if it is there already.
    #[cold]
    #[inline(never)]
    fn go_on<Fut, T, E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut made: Option<(Result<T, E>, Verdict)>,
    ) -> Poll<(Result<T, E>, StopReason)>
    where
        R::Classifier: Classify<T, E>,
        R::Polling: Polling<Kept<Result<T, E>> = K>,
        F: Operation<Future = Fut>,
        Fut: Future<Output = Result<T, E>>,
        A: Future<Output = Result<T, E>>,
        H: Hook<T, E>,
        L: Limit<M, Fut, Future = A>,
    {
        let mut this = self.project();
        let Parts { plan, classifier } = this.recipe.parts();
        let state = this.state.get_or_insert(State::new());
        let timed = state.needs_clock(plan);
        let mut turns = 0_u32;
        loop {
            // An attempt and its wait are two turns.
            if turns == 2 * ATTEMPTS_PER_POLL {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            turns = turns.saturating_add(1);
            match this.stage.as_mut().project() {
                StageProjection::FirstAttempt { future } | StageProjection::Attempt { future } => {
                    let (result, verdict) = if let Some(made) = made.take() {
                        made
                    } else {
                        let result = ready!(future.poll(cx));
                        let verdict = classifier.classify(result.as_ref());
                        (result, verdict)
                    };
                    let now = if timed {
                        this.timer.now()
                    } else {
                        Duration::ZERO
                    };
                    if !this.op.is_repeatable() {
                        *state = state.unrepeatable();
                    }
                    match state.decide(plan, verdict, now) {
                        Decision::Stop(reason) => {
                            let kept = match state.last_wait(plan, reason) {
                                Some(delay) => R::Polling::keep(result).map(|kept| (kept, delay)),
                                None => Err(result),
                            };
                            match kept {
                                Ok((kept, delay)) => {
                                    let (sleep, kept) = (this.timer.sleep(delay), Some(kept));
                                    this.stage.set(Stage::Wait { sleep, kept });
                                }
                                Err(result) => {
                                    this.stage.set(Stage::Done);
                                    return Poll::Ready((result, reason));
                                }
                            }
                        }
                        Decision::RetryAfter(delay) => {
                            let event = || state.event(plan, delay, now);
                            this.hook.retrying(result.as_ref(), event);
                            // Both may hold a connection: let go of them before the wait.
                            drop(result);
                            this.stage.set(Stage::Start);
                            // A hook that took its time takes it off the wait, which
                            // would else end after the limit.
                            let left = if timed {
                                let due = now.saturating_add(delay);
                                due.saturating_sub(this.timer.now())
                            } else {
                                delay
                            };
                            let (sleep, kept) = (this.timer.sleep(left), None);
                            this.stage.set(Stage::Wait { sleep, kept });
                        }
                    }
                    continue;
                }
                StageProjection::Wait { sleep, kept } => {
                    ready!(sleep.poll(cx));
                    if let Some(kept) = kept.take() {
                        this.stage.set(Stage::Done);
                        let result = R::Polling::release(kept);
                        return Poll::Ready((result, StopReason::OutOfBudget));
                    }
                }
                StageProjection::First | StageProjection::Start => {
                    if timed {
                        state.start(plan, this.timer.now());
                    }
                }
                // Polled after its end, which no executor does.
                StageProjection::Done => return Poll::Pending,
            }
            let now = if timed {
                this.timer.now()
            } else {
                Duration::ZERO
            };
            if let Some(delay) = state.admit(plan, now) {
                let (sleep, kept) = (this.timer.sleep(delay), None);
                this.stage.set(Stage::Wait { sleep, kept });
                continue;
            }
            let attempt = state.attempt(plan, now);
            let future = this.op.attempt(attempt);
            let future = this.limit.bound(this.timer, attempt.remaining(), future);
            this.stage.set(Stage::Attempt { future });
        }
    }
}

impl<R, F, A, H, M, L, K, Fut, T, E> Future for RetryFuture<R, F, A, H, M, L, K>
where
    R: Recipe,
    R::Classifier: Classify<T, E>,
    R::Polling: Polling<Kept<Result<T, E>> = K>,
    F: Operation<Future = Fut>,
    Fut: Future<Output = Result<T, E>>,
    A: Future<Output = Result<T, E>>,
    H: Hook<T, E>,
    M: Timer,
    L: Limit<M, Fut, Future = A>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_end(cx).map(|(result, _)| result)
    }
}

pin_project! {
    /// The future of an async call that returns its [`Outcome`]; made by
    /// `.outcome()`.
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct OutcomeFuture<R, F, A, H, M, L, K>
    where
        R: Recipe,
        M: Timer,
    {
        #[pin]
        inner: RetryFuture<R, F, A, H, M, L, K>,
    }
}

impl<R, F, A, H, M, L, K, Fut, T, E> Future for OutcomeFuture<R, F, A, H, M, L, K>
where
    R: Recipe,
    R::Classifier: Classify<T, E>,
    R::Polling: Polling<Kept<Result<T, E>> = K>,
    F: Operation<Future = Fut>,
    Fut: Future<Output = Result<T, E>>,
    A: Future<Output = Result<T, E>>,
    H: Hook<T, E>,
    M: Timer,
    L: Limit<M, Fut, Future = A>,
{
    type Output = Outcome<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = self.project().inner;
        let (result, reason) = ready!(inner.as_mut().poll_end(cx));
        let state = inner.project().state.get_or_insert(State::new());
        if state.is_untouched() {
            state.succeeded();
        }
        Poll::Ready(state.outcome(result, reason))
    }
}

impl<C, P: Polling> Session<'_, C, P> {
    /// Judges an outcome and waits on tokio's timer, if there is a wait.
    ///
    /// `Continue` says to make the next attempt; `Break` holds the outcome to
    /// return. An outcome that is to be retried is dropped before the wait.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use reattempt::{Backoff, RetryPolicy};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let policy = RetryPolicy::new(Backoff::none());
    /// let mut buffer = Vec::new();
    /// let mut session = policy.start();
    /// let result = loop {
    ///     buffer.push(session.attempt().number());
    ///     let result = if buffer.len() < 3 { Err("busy") } else { Ok(&mut buffer) };
    ///     if let ControlFlow::Break(done) = session.check(result.map(|_| ())).await {
    ///         break done;
    ///     }
    /// };
    /// assert_eq!((result, buffer), (Ok(()), vec![1, 2, 3]));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn check<T, E>(&mut self, outcome: Result<T, E>) -> ControlFlow<Result<T, E>>
    where
        C: Classify<T, E>,
    {
        self.check_on(&TokioTimer, outcome).await
    }

    /// Waits until the limiter lets the next attempt go, if there is a limiter;
    /// to be called before the first attempt.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn ready(&mut self) -> Attempt {
        self.ready_on(&TokioTimer).await
    }

    /// As `ready`, waiting on `timer`.
    pub async fn ready_with<M: Timer>(&mut self, timer: &M) -> Attempt {
        self.change_clock(timer);
        self.ready_on(timer).await
    }

    /// Judges an outcome and waits on `timer`, if there is a wait; else as
    /// [`check_blocking`](Self::check_blocking).
    ///
    /// Under `max_elapsed` begin the session with
    /// [`start_at(timer.now())`](RetryPolicy::start_at). One begun with
    /// [`start`](RetryPolicy::start) has the time since, in whole milliseconds,
    /// carried over from the process's own clock at the first check.
    pub async fn check_with<M, T, E>(
        &mut self,
        timer: &M,
        outcome: Result<T, E>,
    ) -> ControlFlow<Result<T, E>>
    where
        M: Timer,
        C: Classify<T, E>,
    {
        self.change_clock(timer);
        self.check_on(timer, outcome).await
    }

    /// Carries a session that began on the process's own clock over to `timer`.
    fn change_clock<M: Timer>(&mut self, timer: &M) {
        if !self.own_clock || !self.state.needs_clock(&self.policy.plan) {
            return;
        }
        self.own_clock = false;
        let elapsed = timer::now().saturating_sub(self.now).as_millis();
        let elapsed = Duration::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX));
        let now = timer.now();
        self.state
            .restart(&self.policy.plan, self.now, now, elapsed);
        self.now = now;
    }

    fn time_on<M: Timer>(&self, timer: &M) -> Duration {
        if self.state.needs_clock(&self.policy.plan) {
            timer.now()
        } else {
            self.now
        }
    }

    async fn ready_on<M: Timer>(&mut self, timer: &M) -> Attempt {
        while let Err(delay) = self.admit(self.time_on(timer)) {
            timer.sleep(delay).await;
        }
        self.attempt()
    }

    async fn check_on<M, T, E>(
        &mut self,
        timer: &M,
        outcome: Result<T, E>,
    ) -> ControlFlow<Result<T, E>>
    where
        M: Timer,
        C: Classify<T, E>,
    {
        match self.decide(outcome.as_ref(), self.time_on(timer)) {
            Decision::Stop(_) => {
                let Some(delay) = self.last_wait() else {
                    return ControlFlow::Break(outcome);
                };
                match P::keep(outcome) {
                    Ok(kept) => {
                        timer.sleep(delay).await;
                        ControlFlow::Break(P::release(kept))
                    }
                    Err(outcome) => ControlFlow::Break(outcome),
                }
            }
            Decision::RetryAfter(delay) => {
                drop(outcome);
                let paid = self.state.paid(&self.policy.plan);
                timer.sleep(delay).await;
                if delay.is_zero() && self.attempts() % ATTEMPTS_PER_POLL == 0 {
                    yield_now().await;
                }
                self.ready_on(timer).await;
                paid.spend();
                ControlFlow::Continue(())
            }
        }
    }
}
