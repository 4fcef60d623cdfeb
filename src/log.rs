//! The events of the feature `tracing`.
//!
//! They use the names of OpenTelemetry's semantic conventions if there are any:
//! `http.request.resend_count`, `error.type`.

use std::error::Error;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::classify::ErrorKind;
use crate::error::{Advice, StopReason};
use crate::event::{RetryEvent, StopEvent};
use crate::one_line::OneLine;

/// The level of the events that a policy logs with the feature `tracing`.
///
/// Set it with [`RetryPolicy::log_levels`](crate::RetryPolicy::log_levels).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LogLevel {
    /// Logs at the level debug of tracing.
    Debug,
    /// Logs at the level error.
    Error,
    /// Logs at the level info.
    Info,
    /// Logs nothing.
    Off,
    /// Logs at the level trace.
    Trace,
    /// Logs at the level warn.
    Warn,
}

/// The levels of a policy's events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLevels {
    pub(crate) retry: LogLevel,
    pub(crate) stop: LogLevel,
}

impl LogLevels {
    pub(crate) const DEFAULT: Self = Self {
        retry: LogLevel::Debug,
        stop: LogLevel::Warn,
    };
}

/// Returns true if a subscriber may receive events.
pub(crate) fn is_on() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

/// Logs an event at a level that is chosen at run time. The level of tracing's own macros
/// is a constant.
macro_rules! event {
    ($level:expr, $($event:tt)+) => {
        match $level {
            LogLevel::Debug => tracing::debug!($($event)+),
            LogLevel::Error => tracing::error!($($event)+),
            LogLevel::Info => tracing::info!($($event)+),
            LogLevel::Off => {}
            LogLevel::Trace => tracing::trace!($($event)+),
            LogLevel::Warn => tracing::warn!($($event)+),
        }
    };
}

pub(crate) fn retry(level: LogLevel, retry: &RetryEvent, cause: Option<&(dyn Error + 'static)>) {
    event!(
        level,
        "http.request.resend_count" = retry.attempt.number,
        "error.type" = retry.kind.as_str(),
        error = cause.map(OneLine).map(tracing::field::display),
        attempt = retry.attempt.number,
        max_attempts = retry.attempt.max_attempts,
        delay_ms = millis(retry.delay),
        policy = retry.name,
        "retrying"
    );
}

pub(crate) fn stop(level: LogLevel, stop: &StopEvent, cause: Option<&(dyn Error + 'static)>) {
    let summary = stop.summary;
    // A success or a permanent failure is not "given up": only a last retry verdict is, or a
    // loop that did not wait.
    if summary.kind.is_none() && summary.reason != StopReason::OutOfTurn {
        return;
    }
    let advice = Advice {
        all_throttled: summary.all_throttled,
    };
    event!(
        level,
        "http.request.resend_count" = summary.attempts.saturating_sub(1),
        "error.type" = summary.kind.map(ErrorKind::as_str),
        error = cause.map(OneLine).map(tracing::field::display),
        attempt = summary.attempts,
        max_attempts = stop.max_attempts,
        waited_ms = millis(summary.waited),
        delay_ms = millis(stop.delay),
        reason = %summary.reason,
        policy = stop.name,
        "gave up{advice}"
    );
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
