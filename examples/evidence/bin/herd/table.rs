//! Prints the results as a table.

use std::fmt::Write as _;

use crate::measure::{Cell, Mean};
use crate::reference::Reference;

/// Returns the table, one line for each cell. A mark says that the reference has another strategy
/// in the cell. A footnote explains the marks.
pub(crate) fn text(cells: &[Cell], reference: &Reference) -> String {
    let mut text = String::new();
    let mut line = |columns: [&str; 6]| {
        let [strategy, clients, sent, sent_off, time, time_off] = columns;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{strategy:<12} {clients:>7} {sent:>17} {sent_off:>9} {time:>19} {time_off:>9}"
        );
    };
    line([
        "strategy",
        "clients",
        "calls",
        "deviation",
        "time (ms)",
        "deviation",
    ]);
    let mut has_marks = false;
    for cell in cells {
        let expected = reference.find(cell.strategy, cell.clients);
        let is_marked = expected.is_some() && !cell.strategy.matches_reference(cell.clients);
        let mark = if is_marked { "*" } else { "" };
        has_marks |= is_marked;
        line([
            cell.strategy.name(),
            &cell.clients.to_string(),
            &mean(cell.calls),
            &deviation(cell.calls, expected.map(|expected| expected.calls), mark),
            &mean(cell.time),
            &deviation(cell.time, expected.map(|expected| expected.time), mark),
        ]);
    }
    if has_marks {
        text.push_str("* the reference clamps to the cap, see the row \"clamped\"\n");
    }
    text
}

fn mean(mean: Mean) -> String {
    format!("{:.1} ± {:.1}", mean.mean, mean.error)
}

/// Returns the deviation of a mean with its mark, or a dash if the reference does not have the cell.
fn deviation(mean: Mean, expected: Option<Mean>, mark: &str) -> String {
    expected.map_or_else(
        || "-".to_owned(),
        |expected| format!("{:+.1}{mark}", mean.deviation(expected)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Strategy;

    fn cell(strategy: Strategy, clients: u32) -> Cell {
        let mean = |mean| Mean { mean, error: 3.0 };
        Cell {
            strategy,
            clients,
            calls: mean(50.0),
            time: mean(461.93),
        }
    }

    #[test]
    fn a_line_has_the_deviation_if_the_reference_has_the_cell() {
        let reference = Reference::read().expect("the file is valid");
        let text = text(
            &[
                cell(Strategy::FullJitter, 10),
                cell(Strategy::FullJitter, 20),
            ],
            &reference,
        );
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        assert_eq!(
            lines[1],
            [
                "full", "jitter", "10", "50.0", "±", "3.0", "+3.7", "461.9", "±", "3.0", "+0.0"
            ]
        );
        assert_eq!(lines[2][6], "-");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_mark_shows_that_the_reference_has_another_strategy() {
        let reference = Reference::read().expect("the file is valid");
        let text = text(&[cell(Strategy::Decorrelated, 80)], &reference);
        assert!(text.contains("* the reference clamps"), "{text}");
        assert_eq!(text.matches('*').count(), 3);
    }

    #[test]
    fn a_cell_that_the_reference_does_not_have_has_no_mark() {
        let reference = Reference::read().expect("the file is valid");
        let text = text(&[cell(Strategy::Decorrelated, 90)], &reference);
        assert!(!text.contains('*'), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
