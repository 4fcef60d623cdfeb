//! `Async`: an async operation, its timer and how far its call has come.

use std::fmt;
use std::pin::Pin;

use pin_project_lite::pin_project;

use super::operation::DriverSeal;
use super::sealed::Sealed;
use super::steps::Waiting;
use super::{Driver, LongPolling, Operation};
use crate::engine::Overrides;
use crate::timer::{DefaultTimer, Timer};

pin_project! {
    /// Runs an async operation `F` and waits on the timer `M`.
    pub struct Async<F, M = DefaultTimer>
    where
        F: Operation<M>,
        M: SleepOf,
    {
        pub(super) op: F,
        pub(super) timer: M,
        #[pin]
        pub(super) stage: Stage<F::Future, M::Sleep, F::Kept>,
    }
}

impl<F: Operation<DefaultTimer>> Async<F> {
    #[inline]
    pub(crate) const fn new(op: F) -> Self {
        Self::with_timer(op, DefaultTimer)
    }
}

impl<F: Operation<M>, M: SleepOf> Async<F, M> {
    #[inline]
    pub(crate) const fn with_timer(op: F, timer: M) -> Self {
        Self {
            op,
            timer,
            stage: Stage::New,
        }
    }

    /// Replaces the operation or the timer of a call that has not been polled.
    pub(super) fn map<G, N>(self, change: impl FnOnce(F, M) -> (G, N)) -> Async<G, N>
    where
        G: Operation<N>,
        N: SleepOf,
    {
        let (op, timer) = change(self.op, self.timer);
        Async {
            op,
            timer,
            stage: match self.stage {
                Stage::Waiting {
                    waiting: Waiting::Configured { overrides },
                    ..
                } => Stage::configured(overrides),
                Stage::New => Stage::New,
                // The call has been polled. It must not start again.
                _ => Stage::Done,
            },
        }
    }
}

impl<F: Operation<M>, M: SleepOf> fmt::Debug for Async<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Async").finish_non_exhaustive()
    }
}

impl<F: Operation<M>, M: SleepOf> Sealed<DriverSeal> for Async<F, M> {}

impl<F: Operation<M>, M: SleepOf> Driver for Async<F, M> {
    type Ok = F::Ok;
    type Error = F::Error;
    type LongPolling = Async<LongPolling<F>, M>;

    fn long_polling(self) -> Self::LongPolling {
        self.map(|op, timer| (LongPolling { op }, timer))
    }

    fn overrides(&mut self) -> Option<&mut Overrides> {
        if matches!(self.stage, Stage::New) {
            self.stage = Stage::configured(Overrides::NONE);
        }
        match &mut self.stage {
            Stage::Waiting {
                waiting: Waiting::Configured { overrides },
                ..
            } => Some(overrides),
            // The call has been polled.
            _ => None,
        }
    }
}

pin_project! {
    #[project = StageProjection]
    pub(super) enum Stage<A, S, K> {
        // Nothing has been done yet, and no setting differs from the policy's.
        New,
        // Before an attempt, or before the result that is kept is returned.
        Waiting { #[pin] waiting: Waiting<S>, kept: Option<K> },
        Attempt { #[pin] future: A },
        // The call has ended, or the operation, the classifier, the hook or the observer of a
        // decision panicked.
        Done,
    }
}

// The setters are functions of their own: without optimization, `Pin::set` leaves two copies of
// the future on the stack of its caller, which polls the operation.
impl<A, S, K> Stage<A, S, K> {
    pub(super) const fn configured(overrides: Overrides) -> Self {
        Self::Waiting {
            waiting: Waiting::Configured { overrides },
            kept: None,
        }
    }

    /// Prepares the first attempt of a new call. Does nothing in any other stage.
    #[inline]
    pub(super) fn begin(mut self: Pin<&mut Self>) {
        if matches!(self.as_ref().get_ref(), Self::New) {
            self.set(Self::configured(Overrides::NONE));
        }
    }

    /// Drops what the stage holds.
    #[inline]
    pub(super) fn set_done(mut self: Pin<&mut Self>) {
        self.set(Self::Done);
    }

    #[inline]
    pub(super) fn set_attempt(mut self: Pin<&mut Self>, future: A) {
        self.set(Self::Attempt { future });
    }

    #[inline]
    pub(super) fn set_waiting(mut self: Pin<&mut Self>, waiting: Waiting<S>, kept: Option<K>) {
        self.set(Self::Waiting { waiting, kept });
    }
}

/// The sleep of a timer. Sealed.
///
/// [`DefaultTimer`] has one even without the feature `tokio`, although it is not a
/// [`Timer`] then: a call is built before [`timer`](super::Call::timer) replaces it.
pub trait SleepOf: Sealed<TimerSeal> {
    /// The sleep.
    type Sleep;
}

/// Labels the seal of [`SleepOf`].
#[expect(unnameable_types, reason = "it only labels a seal")]
#[derive(Debug)]
pub enum TimerSeal {}

impl<M: Timer> Sealed<TimerSeal> for M {}

impl<M: Timer> SleepOf for M {
    type Sleep = M::Sleep;
}

#[cfg(not(all(
    feature = "tokio",
    not(all(target_family = "wasm", target_os = "unknown"))
)))]
impl Sealed<TimerSeal> for DefaultTimer {}

#[cfg(not(all(
    feature = "tokio",
    not(all(target_family = "wasm", target_os = "unknown"))
)))]
impl SleepOf for DefaultTimer {
    type Sleep = std::convert::Infallible;
}
