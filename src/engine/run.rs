//! `Run`: one call's policy and progress, as every driver holds them.

use std::fmt;
use std::time::Duration;

use super::{FIRST_SUCCESS, Overrides, Progress};
use crate::attempt::Attempt;
use crate::error::{StopReason, Summary};
use crate::policy::{PolicyRef, Settings, settings};

/// A call's policy and progress. Dropping it returns the cost of a retry that has
/// not started, exactly once: the progress owns the payment, and nothing clones it.
pub(crate) struct Run<P: PolicyRef> {
    policy: P,
    state: State,
}

#[derive(Debug)]
enum State {
    NotStarted(Overrides),
    Started(Progress),
}

impl<P: PolicyRef> Run<P> {
    #[inline]
    pub(crate) const fn new(policy: P) -> Self {
        Self {
            policy,
            state: State::NotStarted(Overrides::NONE),
        }
    }

    #[inline]
    pub(crate) fn policy(&self) -> &P {
        &self.policy
    }

    #[inline]
    pub(crate) fn settings(&self) -> &Settings {
        settings(&self.policy)
    }

    #[inline]
    pub(crate) fn classifier(&self) -> &P::Classifier {
        &self.policy.policy().classifier
    }

    /// Returns the call's own settings, or `None` if the call has started.
    pub(crate) const fn overrides(&mut self) -> Option<&mut Overrides> {
        match &mut self.state {
            State::NotStarted(overrides) => Some(overrides),
            State::Started(_) => None,
        }
    }

    /// Returns true if the call has not started and may take the short path.
    #[inline]
    pub(crate) fn may_take_short_path(&self) -> bool {
        match &self.state {
            State::NotStarted(overrides) => overrides.is_simple(self.settings()),
            State::Started(_) => false,
        }
    }

    /// Returns true if the call depends on the time.
    pub(crate) fn needs_clock(&self) -> bool {
        let settings = self.settings();
        match &self.state {
            State::NotStarted(overrides) => {
                overrides.time_limit(settings).is_some() || settings.shares_clock()
            }
            State::Started(progress) => progress.needs_clock(settings),
        }
    }

    /// Starts the next attempt at `now`. From here on its cost is spent.
    #[inline]
    pub(crate) fn start_attempt(&mut self, now: Duration) -> Attempt {
        match &mut self.state {
            State::NotStarted(overrides) => overrides.first_attempt(settings(&self.policy)),
            State::Started(progress) => progress.start_attempt(now),
        }
    }

    /// Returns the summary of a call that ended for `reason`.
    pub(crate) const fn summary(&self, reason: StopReason) -> Summary {
        match &self.state {
            // Only the short path ends a call without a progress.
            State::NotStarted(_) => FIRST_SUCCESS,
            State::Started(progress) => progress.summary(reason),
        }
    }

    /// Returns the attempt that starts at `now`, or the one that is running.
    #[inline]
    pub(crate) fn attempt(&self, now: Duration) -> Attempt {
        match &self.state {
            State::NotStarted(overrides) => overrides.first_attempt(self.settings()),
            State::Started(progress) => progress.attempt(now),
        }
    }

    /// Returns the progress, if the call has started.
    pub(crate) const fn progress(&self) -> Option<&Progress> {
        match &self.state {
            State::NotStarted(_) => None,
            State::Started(progress) => Some(progress),
        }
    }

    /// Returns the settings and the progress of a call that started at `now` at the
    /// latest.
    pub(crate) fn start(&mut self, now: Duration) -> (&Settings, &mut Progress) {
        let settings = settings(&self.policy);
        if let State::NotStarted(overrides) = self.state {
            self.state = State::Started(Progress::start(settings, overrides, now));
        }
        match &mut self.state {
            State::Started(progress) => (settings, progress),
            // The lines above replaced this state.
            State::NotStarted(_) => unreachable!("the call has started"),
        }
    }
}

impl<P: PolicyRef> Drop for Run<P> {
    #[inline]
    fn drop(&mut self) {
        if let State::Started(progress) = &mut self.state {
            progress.cancel(settings(&self.policy));
        }
    }
}

impl<P: PolicyRef + fmt::Debug> fmt::Debug for Run<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("policy", &self.policy)
            .field("state", &self.state)
            .finish()
    }
}
