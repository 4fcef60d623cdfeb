//! How often each driver and each reason was reached.

use std::fmt;

use crate::drivers::{ClockKind, DRIVERS, Driver};
use crate::trace::Run;

/// The reasons for which a call can end.
const REASONS: [&str; 11] = [
    "success",
    "permanent",
    "not_idempotent",
    "out_of_attempts",
    "unrepeatable",
    "server_delay_too_long",
    "out_of_time",
    "out_of_budget",
    "out_of_turn",
    "cancelled",
    PANIC,
];

/// A panic of the operation, or of a sync call's sleep. Nobody reports it.
const PANIC: &str = "panic";

/// For each driver: its scripts, and its calls by reason.
#[derive(Default)]
pub(crate) struct Counts([Row; DRIVERS.len()]);

#[derive(Clone, Copy, Default)]
struct Row {
    scripts: u64,
    calls: u64,
    reasons: [u64; REASONS.len()],
}

impl Counts {
    pub(crate) fn add(&mut self, driver: Driver, run: &Run) {
        let index = DRIVERS.iter().position(|known| *known == driver);
        let row = &mut self.0[index.expect("every driver is listed")];
        row.scripts += 1;
        for call in &run.calls {
            row.calls += 1;
            let ended = call.stops.first().map(|stop| stop.ended).or(call.ended);
            let reason = match (ended, call.returned) {
                (Some(ended), _) => ended.reason.as_str(),
                (None, None) => PANIC,
                // Neither an observer nor the driver said why.
                (None, Some(_)) => continue,
            };
            let index = REASONS.iter().position(|name| *name == reason);
            row.reasons[index.expect("every reason is listed")] += 1;
        }
    }

    /// Panics unless each driver reached each reason that it can reach.
    pub(crate) fn assert_complete(&self) {
        for (row, driver) in self.0.iter().zip(DRIVERS) {
            for (count, reason) in row.reasons.iter().zip(REASONS) {
                let can = match reason {
                    "out_of_turn" => matches!(driver, Driver::Loop | Driver::BlockingLoop),
                    "unrepeatable" => driver.clones(),
                    // A test can only leave a sync call by a panic.
                    "cancelled" => driver.clock() == ClockKind::Script,
                    _ => true,
                };
                assert_eq!(*count > 0, can, "{driver:?} {reason}");
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>21}", "")?;
        for driver in DRIVERS {
            write!(f, "{:>14}", format!("{driver:?}"))?;
        }
        let mut line = |name: &str, number: &dyn Fn(&Row) -> u64| {
            write!(f, "\n{name:>21}")?;
            self.0
                .iter()
                .try_for_each(|row| write!(f, "{:>14}", number(row)))
        };
        line("scripts", &|row| row.scripts)?;
        line("calls", &|row| row.calls)?;
        REASONS
            .iter()
            .enumerate()
            .try_for_each(|(index, name)| line(name, &|row| row.reasons[index]))
    }
}
