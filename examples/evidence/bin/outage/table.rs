//! The tables that the program prints.

use std::fmt::Write;

use thiserror::Error;

use crate::jobs::Row;
use crate::record::STEP;
use crate::reference;

/// The largest difference in attempts per call that counts as equal, in per cent.
const TOLERANCE: f64 = 5.0;
/// The largest difference in the time to recover that counts as equal.
const TOLERANCE_SECONDS: f64 = 2.0 * STEP as f64;

/// The rows beside the reference.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// The table.
    pub(crate) text: String,
    /// The number of rows that the reference has.
    compared: u32,
    /// The number of these rows that agree with the reference.
    agreed: u32,
}

/// Some rows do not agree with the reference.
#[derive(Debug, Error)]
#[error(
    "{different} of {compared} rows differ from the reference, expected at most {TOLERANCE} % and \
     {TOLERANCE_SECONDS} s"
)]
pub(crate) struct Different {
    different: u32,
    compared: u32,
}

impl Comparison {
    /// Checks that all compared rows agree with the reference.
    pub(crate) const fn check(&self) -> Result<(), Different> {
        if self.agreed == self.compared {
            return Ok(());
        }
        Err(Different {
            different: self.compared - self.agreed,
            compared: self.compared,
        })
    }
}

/// Returns the figures of all rows.
pub(crate) fn figures(rows: &[Row], seconds: u32) -> String {
    let mut text = format!(
        "{:32} {:>9} {:>8} {:>9} {:>8} {:>8} {:>7} {:>7}\n",
        "policy", "clients", "attempts", "recovered", "served", "calls", "seconds", "served,"
    );
    let _ = writeln!(
        text,
        "{:32} {:>9} {:>8} {:>9} {:>8} {:>8} {:>7} {:>7}",
        "", "", "a call", "after", "a second", "lost", "a call", "calm"
    );
    for Row {
        policy,
        clients,
        outage,
        calm_success,
    } in rows
    {
        let _ = writeln!(
            text,
            "{:32} {:>9} {:>8.2} {:>9} {:>8.0} {:>8} {:>7.2} {:>6.2}%",
            policy.label,
            clients,
            outage.attempts_per_call(),
            recovery(outage.recovery().map(|seconds| seconds as f64)),
            outage.goodput(),
            outage.lost(),
            outage.mean_time().as_secs_f64(),
            calm_success * 100.0,
        );
    }
    let _ = writeln!(
        text,
        "never: not within {} s. Served a second: calls that arrived after the outage. \
         Calm: no outage, but 5 % of the attempts fail.",
        seconds.saturating_sub(30)
    );
    text
}

/// Compares the rows with the reference figures. Returns `None` if there are none for
/// these rows.
///
/// # Errors
///
/// Returns an error if the reference data are not valid JSON.
pub(crate) fn compare(rows: &[Row]) -> Result<Option<Comparison>, serde_json::Error> {
    let mut text = comparison_head();
    let (mut compared, mut agreed) = (0, 0);
    for row in rows {
        let Some(name) = row.policy.reference else {
            continue;
        };
        let Some(reference) = reference::find(name, row.clients)? else {
            continue;
        };
        let attempts = row.outage.attempts_per_call();
        let percent = (attempts / reference.attempts_per_call - 1.0) * 100.0;
        let recovered = row.outage.recovery().map(|seconds| seconds as f64);
        let (difference, is_near) = match (recovered, reference.recovery) {
            (Some(ours), Some(theirs)) => {
                let seconds = ours - theirs;
                (format!("{seconds:+} s"), seconds.abs() <= TOLERANCE_SECONDS)
            }
            (ours, theirs) => (String::from("-"), ours == theirs),
        };
        compared += 1;
        agreed += u32::from(is_near && percent.abs() <= TOLERANCE);
        let _ = writeln!(
            text,
            "{:32} {:>9} {attempts:>8.2} {:>8.2} {percent:>+6.1}% {:>9} {:>9} {difference:>7}",
            row.policy.label,
            row.clients,
            reference.attempts_per_call,
            recovery(recovered),
            recovery(reference.recovery),
        );
    }
    let _ = writeln!(
        text,
        "{agreed} of {compared} rows agree within {TOLERANCE} % and {TOLERANCE_SECONDS} s."
    );
    let comparison = Comparison {
        text,
        compared,
        agreed,
    };
    Ok((compared > 0).then_some(comparison))
}

fn comparison_head() -> String {
    format!(
        "{:32} {:>9} {:>8} {:>8} {:>7} {:>9} {:>9} {:>7}\n",
        "beside the reference",
        "clients",
        "attempts",
        "ref.",
        "diff.",
        "recovered",
        "ref.",
        "diff."
    )
}

fn recovery(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| String::from("never"), |seconds| format!("{seconds} s"))
}
