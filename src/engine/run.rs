//! `Run`: one call's policy and progress, as every driver holds them.

use std::time::Duration;

use super::{FIRST_SUCCESS, Overrides, Progress};
use crate::attempt::Attempt;
use crate::error::{StopReason, Summary};
use crate::policy::{PolicyRef, Settings, settings};

/// A call's policy and progress. Dropping it returns the cost of a retry that has
/// not started, exactly once: the progress owns the payment, and nothing clones it.
#[derive(Debug)]
pub(crate) struct Run<P: PolicyRef> {
    policy: P,
    /// `None` until the call starts. A call on the short path never has one.
    progress: Option<Progress>,
}

impl<P: PolicyRef> Run<P> {
    #[inline]
    pub(crate) const fn new(policy: P) -> Self {
        Self {
            policy,
            progress: None,
        }
    }

    #[inline]
    pub(crate) const fn policy(&self) -> &P {
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

    /// Starts the first attempt on the short path, which needs no progress.
    #[inline]
    pub(crate) fn start_on_short_path(&self) -> Attempt {
        Overrides::NONE.first_attempt(self.settings())
    }

    /// Records that an attempt succeeded, if the call is on the short path: what
    /// [`Progress::decide`] would do. Returns false if the call is not.
    #[inline]
    pub(crate) fn succeed_on_short_path(&self) -> bool {
        // The progress is checked last, as it is when the call is dropped. The compiler
        // then keeps one of the two checks.
        match &self.settings().budget {
            None => self.progress.is_none(),
            Some(_) if self.progress.is_some() => false,
            Some(budget) => {
                budget.succeeded(None, Duration::ZERO);
                true
            }
        }
    }

    /// Starts the call at `now`, unless it has started.
    pub(crate) fn start(
        &mut self,
        overrides: Overrides,
        now: Duration,
    ) -> (&Settings, &mut Progress) {
        let settings = settings(&self.policy);
        let start = || Progress::start(settings, overrides, now);
        (settings, self.progress.get_or_insert_with(start))
    }

    /// Starts a new call at `now`. The last one has ended or its attempt is running, so
    /// it holds no payment.
    #[cfg(feature = "resume")]
    pub(crate) fn restart(&mut self, overrides: Overrides, now: Duration) -> &mut Progress {
        let settings = settings(&self.policy);
        self.progress
            .insert(Progress::start(settings, overrides, now))
    }

    /// Returns the settings and the progress of a call that has started.
    pub(crate) fn started(&mut self) -> (&Settings, &mut Progress) {
        // Only a call on the short path has not started. It has no time limit, so its start does
        // not matter.
        self.start(Overrides::NONE, Duration::ZERO)
    }

    /// Spends the cost of the attempt that starts.
    #[inline]
    pub(crate) const fn spend(&mut self) {
        if let Some(progress) = &mut self.progress {
            progress.spend();
        }
    }

    /// Returns true if the started call depends on the time.
    pub(crate) fn needs_clock(&self) -> bool {
        self.progress
            .as_ref()
            .is_some_and(|progress| progress.needs_clock(self.settings()))
    }

    /// Returns the progress, if the call has started.
    pub(crate) const fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    /// Returns the attempt that starts at `now`, the one that is running, or the last one of
    /// a call that has ended. `overrides` are those of a call that has not started.
    pub(crate) fn attempt(&self, overrides: Overrides, now: Duration) -> Attempt {
        match &self.progress {
            Some(progress) => progress.attempt(now),
            None => overrides.first_attempt(self.settings()),
        }
    }

    /// Returns the number of attempts that have ended.
    pub(crate) const fn attempts(&self) -> u32 {
        match &self.progress {
            Some(progress) => progress.executed,
            None => 0,
        }
    }

    /// Returns the sum of the waits that have begun.
    pub(crate) const fn waited(&self) -> Duration {
        match &self.progress {
            Some(progress) => progress.waited(),
            None => Duration::ZERO,
        }
    }

    /// Returns the summary of a call that ended for `reason`.
    pub(crate) const fn summary(&self, reason: StopReason) -> Summary {
        match &self.progress {
            Some(progress) => progress.summary(reason),
            // Only the short path ends a call without a progress.
            None => FIRST_SUCCESS,
        }
    }
}

impl<P: PolicyRef> Drop for Run<P> {
    #[inline]
    fn drop(&mut self) {
        if let Some(progress) = &self.progress {
            progress.cancel(settings(&self.policy));
        }
    }
}
