//! One call's state machine: an outcome goes in, a [`Decision`] comes out.
//!
//! The rules of retrying are written here and nowhere else. No clock is read
//! and nothing sleeps: the time is an argument, the wait a return value.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::backoff::{Backoff, duration};
use crate::budget::RetryBudget;
use crate::classify::{AnyError, Classify, ErrorKind, Verdict};
use crate::error::{Outcome, StopReason};
use crate::event::{RetryEvent, StopEvent};
use crate::jitter;
use crate::policy::{Plan, RetryPolicy, ServerHint, ShortPolling, at_least_one, bound, is_endless};
use crate::timer::nanos;

/// What to do after an outcome.
#[expect(clippy::exhaustive_enums, reason = "go on or stop: there is no third")]
#[must_use = "a decision is to be followed"]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Wait this long, then make the next attempt.
    RetryAfter(Duration),
    /// Return the outcome.
    Stop(StopReason),
}

/// What one call has to remember. Delays are in nanoseconds, saturating at 584
/// years, to keep the futures small; at first it is all zeros and nothing is
/// copied from the plan, to keep the common path short.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// The moment the call ends; before it starts, its own bound in time. Of the
    /// call's only where `owns_deadline`.
    deadline_secs: u64,
    /// The last delay drawn from a backoff; at the end of a long-polling call
    /// the wait that is still to be served.
    previous: u64,
    waited: u64,
    /// The attempts that have ended.
    executed: u32,
    /// The call's own bound, or 0.
    max_attempts: u32,
    /// Beside the seconds, in what would be padding.
    deadline_nanos: u32,
    kind: Option<ErrorKind>,
    facts: u8,
}

/// A failure was no throttling.
const MIXED: u8 = 1;
/// The deadline is the call's, not yet to be read from the plan.
const OWNS_DEADLINE: u8 = 2;
/// Only throttling is retried.
const NON_IDEMPOTENT: u8 = 4;
/// The operation can be run only once.
const UNREPEATABLE: u8 = 8;
/// The time was over before the session came to the clock it is on.
const LATE: u8 = 16;

impl State {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            deadline_secs: 0,
            previous: 0,
            waited: 0,
            executed: 0,
            max_attempts: 0,
            kind: None,
            deadline_nanos: 0,
            facts: 0,
        }
    }

    /// The state, or that of a call of which nothing was said yet: an async call
    /// begins with `None`, which is one byte to write in place of all of it.
    #[inline]
    pub(crate) const fn of(state: Option<Self>) -> Self {
        match state {
            Some(state) => state,
            None => Self::new(),
        }
    }

    const fn is(&self, fact: u8) -> bool {
        self.facts & fact != 0
    }

    pub(crate) const fn non_idempotent(mut self) -> Self {
        self.facts |= NON_IDEMPOTENT;
        self
    }

    pub(crate) const fn unrepeatable(mut self) -> Self {
        self.facts |= UNREPEATABLE;
        self
    }

    pub(crate) const fn max_attempts(mut self, n: u32) -> Self {
        self.max_attempts = at_least_one(n);
        self
    }

    pub(crate) const fn max_elapsed(mut self, total: Duration) -> Self {
        self.deadline_secs = total.as_secs();
        self.deadline_nanos = total.subsec_nanos();
        self.facts |= OWNS_DEADLINE;
        self
    }

    /// The bound on attempts, the call's own or else the plan's.
    #[inline]
    const fn bound(&self, plan: &Plan) -> Option<u32> {
        bound(if self.max_attempts == 0 {
            plan.max_attempts
        } else {
            self.max_attempts
        })
    }

    #[inline]
    const fn deadline(&self, plan: &Plan) -> Duration {
        if self.is(OWNS_DEADLINE) {
            Duration::new(self.deadline_secs, self.deadline_nanos)
        } else {
            plan.max_elapsed
        }
    }

    /// Whether the call is bounded in time.
    #[inline]
    pub(crate) const fn is_timed(&self, plan: &Plan) -> bool {
        !is_endless(self.deadline(plan))
    }

    /// Whether the driver has to read the clock.
    #[inline]
    pub(crate) const fn needs_clock(&self, plan: &Plan) -> bool {
        plan.is_clocked || self.is_timed(plan)
    }

    /// Whether the call concerns nobody but the caller and the budget, and has no
    /// bound in time.
    #[inline]
    pub(crate) const fn is_plain(&self, plan: &Plan) -> bool {
        plan.is_plain && !self.is(OWNS_DEADLINE)
    }

    /// Books a first attempt of a plain call that has succeeded, in place of
    /// [`decide`](Self::decide): for the async driver, whose call then has no
    /// state to write.
    #[inline]
    pub(crate) fn succeed(plan: &Plan) {
        if let Some(budget) = &plan.budget {
            budget.succeeded(None, Duration::ZERO);
        }
    }

    /// Notes that a call ended with such an attempt.
    pub(crate) const fn succeeded(&mut self) {
        self.executed = 1;
    }

    /// The next attempt of a call that [is plain](Self::is_plain).
    #[inline]
    pub(crate) const fn plain_attempt(&self, plan: &Plan) -> Attempt {
        Attempt {
            max_attempts: self.bound(plan),
            number: self.executed.saturating_add(1),
            remaining: None,
            waited: self.waited(),
        }
    }

    /// Begins the call. No bound stays none: the sum saturates.
    pub(crate) const fn start(&mut self, plan: &Plan, now: Duration) {
        *self = self.max_elapsed(self.deadline(plan).saturating_add(now));
    }

    /// Asks the limiter whether the next attempt may begin at `now`, or how long
    /// to wait before asking again.
    pub(crate) fn admit(&mut self, plan: &Plan, now: Duration) -> Option<Duration> {
        let delay = plan.limiter.as_ref()?.acquire(now).err()?;
        self.waited = self.waited.saturating_add(nanos(delay));
        if let Some(observer) = &plan.observer {
            observer.on_limited(delay);
        }
        Some(delay)
    }

    /// Moves a call that began at `start` on one clock to another, on which it
    /// is `now` and the call has run for `elapsed`.
    pub(crate) fn restart(
        &mut self,
        plan: &Plan,
        start: Duration,
        now: Duration,
        elapsed: Duration,
    ) {
        if self.is_timed(plan) {
            let total = self.deadline(plan).saturating_sub(start);
            if elapsed > total {
                self.facts |= LATE;
            }
            *self = self.max_elapsed(now.saturating_add(total.saturating_sub(elapsed)));
        }
    }

    /// The attempt that begins at `now`.
    #[inline]
    pub(crate) fn attempt(&self, plan: &Plan, now: Duration) -> Attempt {
        Attempt {
            remaining: self
                .is_timed(plan)
                .then(|| self.deadline(plan).saturating_sub(now)),
            ..self.plain_attempt(plan)
        }
    }

    /// Judges what an attempt came to at `now`.
    #[inline(never)]
    pub(crate) fn decide(&mut self, plan: &Plan, verdict: Verdict, now: Duration) -> Decision {
        self.decide_as::<false>(plan, verdict, now)
    }

    /// As [`decide`](Self::decide), where `PLAIN` says that the call
    /// [is plain](Self::is_plain): the questions it need not be asked are then
    /// not compiled.
    #[expect(clippy::inline_always, reason = "only inlined do the questions fold")]
    #[inline(always)]
    pub(crate) fn decide_as<const PLAIN: bool>(
        &mut self,
        plan: &Plan,
        verdict: Verdict,
        now: Duration,
    ) -> Decision {
        if let (false, Some(limiter)) = (PLAIN, &plan.limiter) {
            let throttled = matches!(
                verdict,
                Verdict::Retry {
                    kind: ErrorKind::Throttling,
                    ..
                }
            );
            limiter.record(now, throttled);
        }
        self.executed = self.executed.saturating_add(1);
        let decision = self.weigh::<PLAIN>(plan, verdict, now);
        if is_heard::<PLAIN>(plan) {
            // A copy, so that where nobody listens the state can live in registers.
            (*self).tell(plan, decision, now);
        }
        decision
    }

    /// Tells who listens what was decided, and the wait that follows.
    #[cold]
    fn tell(self, plan: &Plan, decision: Decision, now: Duration) {
        match decision {
            Decision::RetryAfter(delay) => {
                let event = self.event(plan, delay, now);
                #[cfg(feature = "tracing")]
                event.trace();
                if let Some(observer) = &plan.observer {
                    observer.on_retry(&event);
                }
            }
            Decision::Stop(reason) => {
                let event = StopEvent {
                    all_throttled: self.all_throttled(),
                    attempts: self.executed,
                    delay: self.last_wait(plan, reason).unwrap_or_default(),
                    kind: self.kind,
                    max_attempts: self.bound(plan),
                    name: plan.name,
                    reason,
                    waited: self.waited(),
                };
                #[cfg(feature = "tracing")]
                event.trace();
                if let Some(observer) = &plan.observer {
                    observer.on_stop(&event);
                }
            }
        }
    }

    /// The questions in their order, so that a retry refused for one reason
    /// costs nothing for a later one: success, permanent, attempts, the delay
    /// with its hint, time, budget.
    #[expect(clippy::inline_always, reason = "as its only caller")]
    #[inline(always)]
    fn weigh<const PLAIN: bool>(
        &mut self,
        plan: &Plan,
        verdict: Verdict,
        now: Duration,
    ) -> Decision {
        let (kind, hint) = match verdict {
            Verdict::Success => {
                let retried = self.kind.take();
                if let Some(budget) = &plan.budget {
                    budget.succeeded(retried, now);
                }
                return Decision::Stop(StopReason::Success);
            }
            Verdict::Permanent => {
                self.kind = None;
                return Decision::Stop(StopReason::Permanent);
            }
            Verdict::Retry { kind, after } => (kind, after),
        };
        self.kind = Some(kind);
        if kind != ErrorKind::Throttling {
            self.facts |= MIXED;
        }
        if self.is(NON_IDEMPOTENT) && kind != ErrorKind::Throttling {
            return Decision::Stop(StopReason::Permanent);
        }
        if self.bound(plan).is_some_and(|max| self.executed >= max) {
            return Decision::Stop(StopReason::OutOfAttempts);
        }
        if self.is(UNREPEATABLE) {
            return Decision::Stop(StopReason::Unrepeatable);
        }
        let backoff = match (&plan.throttling_backoff, kind) {
            (Some(backoff), ErrorKind::Throttling) => backoff,
            _ => &plan.backoff,
        };
        let wait = match (backoff.steady(), hint) {
            (Some((delay, nanos)), None) => Wait {
                delay,
                nanos,
                drawn: nanos,
            },
            _ => match Wait::draw(plan, backoff, self.executed, self.previous, hint) {
                Ok(wait) => wait,
                Err(too_long) => return Decision::Stop(StopReason::ServerDelayTooLong(too_long)),
            },
        };
        self.previous = wait.drawn;
        let ends_late = || now.saturating_add(wait.delay) > self.deadline(plan);
        if !PLAIN && self.is_timed(plan) && (self.is(LATE) || ends_late()) {
            return Decision::Stop(StopReason::OutOfTime);
        }
        if let Some(budget) = &plan.budget {
            if !budget.spend(kind, now) {
                if plan.long_polling {
                    self.previous = wait.nanos;
                    self.waited = self.waited.saturating_add(wait.nanos);
                }
                return Decision::Stop(StopReason::OutOfBudget);
            }
        }
        self.waited = self.waited.saturating_add(wait.nanos);
        Decision::RetryAfter(wait.delay)
    }

    /// The wait that a call which ended for `reason` still serves before its
    /// outcome is returned: a long-polling one with an empty budget.
    #[inline]
    pub(crate) fn last_wait(&self, plan: &Plan, reason: StopReason) -> Option<Duration> {
        let waits = plan.long_polling && reason == StopReason::OutOfBudget;
        waits.then(|| Duration::from_nanos(self.previous))
    }

    /// Gives back what the retry has cost that is waited for.
    #[cold]
    #[inline(never)]
    pub(crate) fn cancel(&self, plan: &Plan) {
        drop(self.paid(plan));
    }

    /// What the retry that is waited for has cost, if anything.
    pub(crate) fn paid<'p>(&self, plan: &'p Plan) -> Paid<'p> {
        Paid(plan.budget.as_ref().zip(self.kind))
    }

    /// The event of the retry just decided, whose wait is `delay`.
    pub(crate) fn event(&self, plan: &Plan, delay: Duration, now: Duration) -> RetryEvent {
        let mut attempt = self.attempt(plan, now);
        attempt.number = self.executed;
        attempt.waited = attempt.waited.saturating_sub(delay);
        RetryEvent {
            attempt,
            delay,
            kind: self.kind.unwrap_or(ErrorKind::Transient),
            name: plan.name,
            outcome: (),
        }
    }

    pub(crate) const fn executed(&self) -> u32 {
        self.executed
    }

    #[inline]
    pub(crate) const fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited)
    }

    pub(crate) const fn is_untouched(&self) -> bool {
        self.executed == 0
    }

    const fn all_throttled(&self) -> bool {
        matches!(self.kind, Some(ErrorKind::Throttling)) && !self.is(MIXED)
    }

    #[expect(
        clippy::missing_const_for_fn,
        reason = "a result cannot be moved in one"
    )]
    #[inline]
    pub(crate) fn outcome<T, E>(&self, result: Result<T, E>, reason: StopReason) -> Outcome<T, E> {
        Outcome {
            result,
            attempts: self.executed,
            waited: self.waited(),
            reason,
            kind: self.kind,
            all_throttled: self.all_throttled(),
        }
    }
}

/// The price of a retry, given back when dropped in the wait before it.
pub(crate) struct Paid<'p>(Option<(&'p RetryBudget, ErrorKind)>);

impl Paid<'_> {
    /// The retry is made after all.
    pub(crate) fn spend(mut self) {
        self.0 = None;
    }
}

impl Drop for Paid<'_> {
    fn drop(&mut self) {
        if let Some((budget, kind)) = self.0 {
            budget.give_back(kind);
        }
    }
}

/// The wait before a retry.
struct Wait {
    delay: Duration,
    /// The same in nanoseconds.
    nanos: u64,
    /// What of it was drawn from the backoff.
    drawn: u64,
}

impl Wait {
    /// The wait before retry `retry`, or the hint that is too long; `previous` is
    /// what was drawn for the retry before this one.
    #[inline(never)]
    fn draw(
        plan: &Plan,
        backoff: &Backoff,
        retry: u32,
        previous: u64,
        hint: Option<Duration>,
    ) -> Result<Self, Duration> {
        let drawn = backoff.delay(retry, u128::from(previous), plan.seed);
        let delay = duration(drawn);
        let drawn = u64::try_from(drawn).unwrap_or(u64::MAX);
        let Some(hint) = hint else {
            return Ok(Self {
                delay,
                nanos: drawn,
                drawn,
            });
        };
        let delay = match plan.server_hint {
            ServerHint::Ignore => delay,
            ServerHint::Bounded { slack } => hint.clamp(delay, delay.saturating_add(slack)),
            ServerHint::Honor { max } if hint > max => return Err(hint),
            ServerHint::Honor { .. } => {
                let spread = if backoff.is_jittered() {
                    // The upper half of the words: the backoff draws from the lower.
                    let index = u64::from(retry) | (1 << 63);
                    let bits = jitter::word(plan.seed.unwrap_or_else(jitter::entropy), index);
                    let most = backoff.ceiling_nanos(retry).min(hint.as_nanos() >> 1);
                    duration(jitter::between(0, most, bits))
                } else {
                    Duration::ZERO
                };
                delay.max(hint.saturating_add(spread))
            }
        };
        Ok(Self {
            delay,
            nanos: nanos(delay),
            drawn,
        })
    }
}

/// Whether anybody listens to a policy's calls.
#[inline]
fn is_heard<const PLAIN: bool>(plan: &Plan) -> bool {
    #[cfg(feature = "tracing")]
    if tracing::level_filters::LevelFilter::current() != tracing::level_filters::LevelFilter::OFF {
        return true;
    }
    !PLAIN && plan.observer.is_some()
}

/// One call, driven by hand: a loop with any borrow and any control flow.
///
/// [`RetryPolicy::start`] begins one for `check` and `check_blocking`, which
/// wait; [`RetryPolicy::start_at`] one for [`decide`](Self::decide), which does
/// no I/O at all.
///
/// ```
/// use std::time::Duration;
/// use reattempt::{Backoff, Decision, RetryPolicy, StopReason};
///
/// let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(2))).max_attempts(2);
/// let mut session = policy.start_at(Duration::ZERO);
/// let failed = Err::<&(), _>(&"down");
/// assert_eq!(
///     session.decide(failed, Duration::from_secs(1)),
///     Decision::RetryAfter(Duration::from_secs(2)),
/// );
/// assert_eq!(
///     session.decide(failed, Duration::from_secs(4)),
///     Decision::Stop(StopReason::OutOfAttempts),
/// );
/// ```
#[must_use = "a session does nothing until it is told an outcome"]
#[derive(Clone, Debug)]
pub struct Session<'p, C = AnyError, P = ShortPolling> {
    pub(crate) policy: &'p RetryPolicy<C, P>,
    pub(crate) state: State,
    pub(crate) now: Duration,
    /// Whether `now` is of the process's own clock.
    pub(crate) own_clock: bool,
    reason: Option<StopReason>,
}

impl<C, P> RetryPolicy<C, P> {
    /// Begins a call at `now`, a time of the clock that later tells
    /// [`Session::decide`] the time.
    pub const fn start_at(&self, now: Duration) -> Session<'_, C, P> {
        let mut state = State::new();
        state.start(&self.plan, now);
        Session {
            policy: self,
            state,
            now,
            own_clock: false,
            reason: None,
        }
    }
}

impl<C, P> Session<'_, C, P> {
    /// The attempt that is under way, or the next one. Its `remaining` is as of
    /// the end of the last wait.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        self.state.attempt(&self.policy.plan, self.now)
    }

    /// Judges the outcome of an attempt that ended at `now`, on the clock that
    /// told [`start_at`](RetryPolicy::start_at) the time.
    ///
    /// After [`Decision::Stop`] the session is over: told another outcome, it
    /// stops again.
    pub fn decide<T, E>(&mut self, outcome: Result<&T, &E>, now: Duration) -> Decision
    where
        C: Classify<T, E>,
    {
        if let Some(reason) = self.reason {
            return Decision::Stop(reason);
        }
        let verdict = self.policy.classifier.classify(outcome);
        let decision = self.state.decide(&self.policy.plan, verdict, now);
        match decision {
            Decision::RetryAfter(delay) => self.now = now.saturating_add(delay),
            Decision::Stop(reason) => self.reason = Some(reason),
        }
        decision
    }

    /// Asks the policy's limiter whether the next attempt may begin at `now`.
    ///
    /// For who calls [`decide`](Self::decide) by hand; to be asked before every
    /// attempt, the first one included. Without a limiter the answer is yes.
    ///
    /// # Errors
    ///
    /// The wait before asking again.
    pub fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        self.now = now;
        self.state.admit(&self.policy.plan, now).map_or(Ok(()), Err)
    }

    /// The wait that is still to be served before the outcome is returned: of a
    /// [long-polling](RetryPolicy::long_polling) call with an empty budget.
    ///
    /// For who calls [`decide`](Self::decide) by hand; `check` and its siblings
    /// serve it.
    #[must_use]
    pub fn last_wait(&self) -> Option<Duration> {
        self.state.last_wait(&self.policy.plan, self.reason?)
    }

    /// Gives back the tokens of the retry that was decided on last and will not
    /// be made.
    ///
    /// For who calls [`decide`](Self::decide) by hand and is dropped in the
    /// wait; `check` and its siblings do it by themselves.
    pub fn cancel(self) {
        if self.reason.is_none() {
            self.state.cancel(&self.policy.plan);
        }
    }

    /// Only throttling is retried from here on: for an operation that must not
    /// be done twice, where a server that failed may have done it.
    pub const fn non_idempotent(mut self) -> Self {
        self.state = self.state.non_idempotent();
        self
    }

    /// The attempts that have ended.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.state.executed()
    }

    /// The sum of the delays decided on.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.state.waited()
    }

    /// Why the call ended, once it has.
    #[must_use]
    pub const fn stop_reason(&self) -> Option<StopReason> {
        self.reason
    }
}
