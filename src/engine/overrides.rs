//! `Overrides`: the settings of one call that differ from its policy's.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::policy::Settings;

/// The settings of one call that differ from its policy's.
#[expect(
    unnameable_types,
    reason = "a hidden method of a sealed trait returns it"
)]
#[derive(Clone, Copy, Debug)]
pub struct Overrides {
    pub(crate) long_polling: bool,
    pub(crate) max_attempts: Option<NonZeroU32>,
    pub(crate) max_elapsed: Option<Duration>,
    pub(crate) non_idempotent: bool,
}

impl Overrides {
    pub(crate) const NONE: Self = Self {
        long_polling: false,
        max_attempts: None,
        max_elapsed: None,
        non_idempotent: false,
    };

    /// Returns the limit on attempts of a call with these overrides.
    #[inline]
    pub(crate) const fn attempts_limit(&self, settings: &Settings) -> Option<NonZeroU32> {
        match self.max_attempts {
            None => settings.max_attempts,
            limit => limit,
        }
    }

    /// Returns the time limit of a call with these overrides.
    #[inline]
    pub(crate) const fn time_limit(&self, settings: &Settings) -> Option<Duration> {
        match self.max_elapsed {
            None => settings.max_elapsed,
            limit => limit,
        }
    }

    /// Returns true if a call with these overrides depends on the time.
    pub(crate) const fn needs_clock(&self, settings: &Settings) -> bool {
        self.time_limit(settings).is_some() || settings.shares_clock()
    }

    /// Returns the first attempt of a call with these overrides.
    #[inline]
    pub(crate) const fn first_attempt(&self, settings: &Settings) -> Attempt {
        Attempt {
            max_attempts: count(self.attempts_limit(settings)),
            number: 1,
            remaining: self.time_limit(settings),
            waited: Duration::ZERO,
        }
    }
}

/// Returns a limit on attempts as [`Attempt`] and the events report it.
pub(super) const fn count(limit: Option<NonZeroU32>) -> Option<u32> {
    match limit {
        Some(limit) => Some(limit.get()),
        None => None,
    }
}
