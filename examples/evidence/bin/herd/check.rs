//! Compares the results with the reference.

use std::fmt;

use thiserror::Error;

use crate::measure::{Cell, Mean};
use crate::reference::Reference;

/// From this deviation on, a result counts as different.
pub(crate) const LIMIT: f64 = 4.0;

/// A result that differs from the reference.
#[derive(Debug, Error)]
#[error(
    "the {what} of {strategy} with {clients} clients: {:.1} instead of {:.1}, {deviation:.1} \
     standard errors away, expected fewer than {LIMIT}",
    measured.mean,
    expected.mean
)]
pub(crate) struct Different {
    what: &'static str,
    strategy: &'static str,
    clients: u32,
    measured: Mean,
    expected: Mean,
    deviation: f64,
}

/// The largest deviation among the compared results.
#[derive(Debug, PartialEq)]
pub(crate) struct Agreement {
    pub(crate) compared: u32,
    largest: f64,
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.compared == 0 {
            return f
                .write_str("no result was compared, the reference has 10, 30, 50 and 80 clients");
        }
        write!(
            f,
            "{} means agree with the reference, the largest deviation is {:.1} standard errors",
            self.compared, self.largest
        )
    }
}

/// Compares all cells that the reference has, except those with a mark in the table.
///
/// # Errors
///
/// Returns the first cell that differs.
pub(crate) fn all(cells: &[Cell], reference: &Reference) -> Result<Agreement, Different> {
    let mut agreement = Agreement {
        compared: 0,
        largest: 0.0,
    };
    for cell in cells {
        let Some(expected) = reference.find(cell.strategy, cell.clients) else {
            continue;
        };
        if !cell.strategy.matches_reference(cell.clients) {
            continue;
        }
        for (what, measured, expected) in [
            ("calls", cell.calls, expected.calls),
            ("milliseconds", cell.time, expected.time),
        ] {
            let deviation = measured.deviation(expected).abs();
            if deviation >= LIMIT || deviation.is_nan() {
                return Err(Different {
                    what,
                    strategy: cell.strategy.name(),
                    clients: cell.clients,
                    measured,
                    expected,
                    deviation,
                });
            }
            agreement.compared += 1;
            agreement.largest = agreement.largest.max(deviation);
        }
    }
    Ok(agreement)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure;
    use crate::strategy::Strategy;

    #[test]
    fn all_strategies_agree_with_the_reference() {
        let reference = Reference::read().expect("the file is valid");
        let cells = measure::all(&Strategy::ALL, &[10, 30], 100, 1);
        let agreement = all(&cells, &reference).expect("agreement");
        assert_eq!(agreement.compared, 24);
    }

    #[test]
    fn another_jitter_does_not_agree() {
        let reference = Reference::read().expect("the file is valid");
        let mut cells = measure::all(&[Strategy::FullJitter], &[30], 100, 1);
        cells[0].strategy = Strategy::EqualJitter;
        let text = all(&cells, &reference)
            .expect_err("a difference")
            .to_string();
        assert!(
            text.starts_with("the calls of equal jitter with 30 clients: 1"),
            "{text}"
        );
        assert!(text.contains(" instead of 182.7, "), "{text}");
    }

    #[test]
    fn clamping_to_the_cap_takes_longer_than_drawing_within_it() {
        let reference = Reference::read().expect("the file is valid");
        let cells = measure::all(&[Strategy::Decorrelated, Strategy::Clamped], &[80], 300, 1);
        let [drawn, clamped] = [cells[0].time, cells[1].time];
        assert!(drawn.deviation(clamped) < -3.0, "{drawn:?} {clamped:?}");
        // Only the clamped one is compared.
        let agreement = all(&cells, &reference).expect("agreement");
        assert_eq!(agreement.compared, 2);
    }

    #[test]
    fn a_result_that_is_not_a_number_does_not_agree() {
        let reference = Reference::read().expect("the file is valid");
        let mut cells = measure::all(&[Strategy::None], &[10], 2, 1);
        cells[0].calls.mean = f64::NAN;
        assert!(all(&cells, &reference).is_err());
    }
}
