//! Prints the results as a table.

use std::fmt::Write as _;

use crate::measure::{Cell, Mean};
use crate::reference::Reference;

/// Returns the table, one line for each cell.
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
    for cell in cells {
        let expected = reference.find(cell.strategy, cell.clients);
        line([
            cell.strategy.name(),
            &cell.clients.to_string(),
            &mean(cell.calls),
            &deviation(cell, cell.calls, expected.map(|expected| expected.calls)),
            &mean(cell.time),
            &deviation(cell, cell.time, expected.map(|expected| expected.time)),
        ]);
    }
    if cells.iter().any(is_marked) {
        text.push_str("* the reference clamps to the cap, see the row \"clamped\"\n");
    }
    text
}

/// Returns true if the reference has the cell, but of another strategy.
fn is_marked(cell: &Cell) -> bool {
    !cell.strategy.is_in_reference(cell.clients)
}

fn mean(mean: Mean) -> String {
    format!("{:.1} ± {:.1}", mean.mean, mean.error)
}

fn deviation(cell: &Cell, mean: Mean, expected: Option<Mean>) -> String {
    let mark = if is_marked(cell) { "*" } else { "" };
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
}
