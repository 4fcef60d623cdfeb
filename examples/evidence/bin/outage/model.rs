//! The constants of the outage model.

use std::ops::Range;
use std::time::Duration;

/// The mean number of new calls per second. They arrive as a Poisson process.
pub(crate) const CALLS_PER_SECOND: f64 = 1_000.0;
/// The time that the server spends on one attempt: 1/1,200 s.
pub(crate) const SERVICE: Duration = Duration::from_nanos(833_333);
/// The server serves nothing in this time. Attempts that arrive then wait.
pub(crate) const OUTAGE: Range<Duration> = Duration::from_secs(20)..Duration::from_secs(30);
/// A client gives up an attempt after this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// The chance of an attempt to fail in the scenario without an outage.
pub(crate) const CALM_FAILURES: f64 = 0.05;

/// The failures that a run simulates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scenario {
    /// No outage, but each attempt fails with the chance [`CALM_FAILURES`].
    Calm,
    /// One outage, and no other failures.
    Outage,
}

impl Scenario {
    /// Returns the time in which the server serves nothing.
    pub(crate) const fn outage(self) -> Option<Range<Duration>> {
        match self {
            Self::Calm => None,
            Self::Outage => Some(OUTAGE),
        }
    }

    /// Returns the chance of an attempt to fail although it was served in time.
    pub(crate) const fn failure_chance(self) -> f64 {
        match self {
            Self::Calm => CALM_FAILURES,
            Self::Outage => 0.0,
        }
    }
}
