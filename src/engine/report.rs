//! The events and the summary of a call, built from its progress.

use std::error::Error;
use std::time::Duration;

use super::overrides::count;
use super::{Failure, Phase, Progress, Stop};
use crate::attempt::Attempt;
use crate::classify::ErrorKind;
use crate::error::{StopReason, Summary};
use crate::event::{RetryEvent, StopEvent};
use crate::policy::Settings;

/// The error that a log event prints, if the classifier can show it.
pub(crate) type Cause<'e> = Option<&'e (dyn Error + 'static)>;

impl Progress {
    pub(super) fn report_retry(
        &self,
        settings: &Settings,
        delay: Duration,
        now: Duration,
        cause: Cause<'_>,
    ) {
        if is_observed(settings) {
            let event = self.retry_event(settings, delay, now);
            #[cfg(feature = "tracing")]
            crate::log::retry(settings.log_levels.retry, &event, cause);
            #[cfg(not(feature = "tracing"))]
            let _ = cause;
            if let Some(observer) = &settings.observer {
                observer.on_retry(&event);
            }
        }
    }

    pub(super) fn report_stop(&mut self, settings: &Settings, stop: Stop, cause: Cause<'_>) {
        self.phase = Phase::Ended;
        self.add_wait(stop.last_wait.unwrap_or_default());
        if is_observed(settings) {
            let event = self.stop_event(settings, stop);
            #[cfg(feature = "tracing")]
            crate::log::stop(settings.log_levels.stop, &event, cause);
            #[cfg(not(feature = "tracing"))]
            let _ = cause;
            if let Some(observer) = &settings.observer {
                observer.on_stop(&event);
            }
        }
    }

    /// Returns the event of a call that ends.
    pub(super) fn stop_event(&self, settings: &Settings, stop: Stop) -> StopEvent {
        StopEvent {
            delay: stop.last_wait.unwrap_or_default(),
            max_attempts: count(self.max_attempts),
            name: settings.name,
            summary: self.summary(stop.reason),
        }
    }

    /// Returns the event of a retry that was decided at `now`.
    pub(crate) fn retry_event(
        &self,
        settings: &Settings,
        delay: Duration,
        now: Duration,
    ) -> RetryEvent {
        RetryEvent {
            attempt: Attempt {
                number: self.executed,
                ..self.attempt(now)
            },
            delay,
            kind: self.failure.kind().unwrap_or(ErrorKind::Transient),
            name: settings.name,
            outcome: (),
        }
    }

    pub(crate) const fn summary(&self, reason: StopReason) -> Summary {
        Summary {
            all_throttled: matches!(self.failure, Failure::OnlyThrottling),
            attempts: self.executed,
            kind: self.failure.kind(),
            reason,
            waited: self.waited(),
        }
    }
}

/// Reports a wait for the limiter to the observer.
pub(crate) fn report_limited(settings: &Settings, delay: Duration) {
    if let Some(observer) = &settings.observer {
        observer.on_limited(delay);
    }
}

/// The summary of a call that succeeded at its first attempt.
pub(crate) const FIRST_SUCCESS: Summary = Summary {
    all_throttled: false,
    attempts: 1,
    kind: None,
    reason: StopReason::Success,
    waited: Duration::ZERO,
};

/// Returns true if an observer or a tracing subscriber may receive events.
fn is_observed(settings: &Settings) -> bool {
    #[cfg(feature = "tracing")]
    if crate::log::is_on() {
        return true;
    }
    settings.observer.is_some()
}
