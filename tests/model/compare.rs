//! Compares what a driver did with the model, or with another driver.

use std::time::Duration;

use crate::drivers::{ClockKind, Driver};
use crate::script::{Call, Script};
use crate::trace::{Ended, Retried, Run, Seen, Trace};

/// Checks that the runs of two drivers look alike, as far as both show it. The model
/// shows all that `driver` does, so it passes the same driver twice.
///
/// # Errors
///
/// Returns what differs.
pub(crate) fn compare(
    script: &Script,
    (driver, found): (Driver, &Run),
    (other, expected): (Driver, &Run),
) -> Result<(), String> {
    for (index, call) in script.calls.iter().enumerate() {
        let clean = |trace: &Trace| {
            let mut trace = trace.clone();
            hide(
                script,
                &mut trace,
                |driver| shows_hooks(driver, call),
                [driver, other],
            );
            trace
        };
        let (mut found, mut expected) = (clean(&found.calls[index]), clean(&expected.calls[index]));
        if found.ended.is_none() || expected.ended.is_none() {
            // A plain result says no more, and a call that was cut returns nothing.
            (found.ended, expected.ended) = (None, None);
        }
        let differences = differences(&found, &expected);
        if !differences.is_empty() {
            return Err(format!(
                "{driver:?}, call {index}\n{}",
                differences.join("\n")
            ));
        }
    }
    if found.tokens != expected.tokens {
        return Err(format!(
            "{driver:?} left {:?} tokens, expected {:?}",
            found.tokens, expected.tokens
        ));
    }
    Ok(())
}

/// Names each part of the traces that differs.
fn differences(found: &Trace, expected: &Trace) -> Vec<String> {
    let mut differences = Vec::new();
    macro_rules! compare {
        ($($part:ident)*) => {$(
            if found.$part != expected.$part {
                differences.push(format!(
                    "  {}\n       found {:?}\n    expected {:?}",
                    stringify!($part), found.$part, expected.$part
                ));
            }
        )*};
    }
    compare!(attempts retries hooks limited stops asked recorded returned ended at tokens);
    differences
}

fn shows_hooks(driver: Driver, call: &Call) -> bool {
    driver.is_loop() || (driver != Driver::Session && call.needs_hook())
}

/// Removes what these drivers do not show.
fn hide(
    script: &Script,
    trace: &mut Trace,
    shows_hooks: impl Fn(Driver) -> bool,
    drivers: [Driver; 2],
) {
    if !script.has_observer {
        trace.retries.clear();
        trace.limited.clear();
        trace.stops.clear();
    }
    if !drivers.iter().all(|driver| shows_hooks(*driver)) {
        trace.hooks.clear();
    }
    if drivers
        .iter()
        .any(|driver| driver.is_loop() || *driver == Driver::Session)
    {
        trace.ended = trace.ended.map(|ended| Ended {
            failures: None,
            ..ended
        });
    }
    // A wait of zero may be reported or not.
    trace.limited.retain(|wait| !wait.is_zero());
    if drivers[0].clock() == ClockKind::Process {
        round(trace);
    }
}

/// Removes the time that the test itself takes.
fn round(trace: &mut Trace) {
    trace.asked.iter_mut().for_each(|at| *at = Duration::ZERO);
    trace
        .recorded
        .iter_mut()
        .for_each(|(at, _)| *at = Duration::ZERO);
    for Seen { remaining, .. } in &mut trace.attempts {
        *remaining = remaining.map(round_up);
    }
    for Retried { remaining, .. } in trace.retries.iter_mut().chain(&mut trace.hooks) {
        *remaining = remaining.map(round_up);
    }
}

/// Rounds up to half a second, up to about a year.
pub(crate) fn round_up(time: Duration) -> Duration {
    let half = Duration::from_millis(500).as_nanos();
    match u64::try_from(time.as_nanos().div_ceil(half)) {
        Ok(halves) if halves < 1 << 26 => Duration::from_millis(halves * 500),
        _ => time,
    }
}
