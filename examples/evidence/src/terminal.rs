//! A small chart for a terminal: one bar per row, from a least to a most value.

use std::fmt::Write as _;

/// One row of [`ranges`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The text before the bar.
    pub label: String,
    /// Where the bar starts.
    pub least: f64,
    /// The value that the bar marks.
    pub mean: f64,
    /// Where the bar ends.
    pub most: f64,
}

/// Draws each row as a bar of block characters from its least to its most value, with a full
/// block at the mean. All bars have one scale, which starts at zero. The longest bar ends after
/// `width` characters.
///
/// Each row ends with a line break. Values that are negative or not finite count as zero.
///
/// ```
/// use reattempt_evidence::terminal::{Row, ranges};
///
/// let row = |label: &str, most: f64| Row {
///     label: label.to_owned(),
///     least: 0.0,
///     mean: most / 2.0,
///     most,
/// };
/// let text = ranges(&[row("1", 2.0), row("2", 4.0)], 8);
/// assert_eq!(text, "1 ▕░░█░\n2 ▕░░░░█░░░\n");
/// ```
#[must_use]
pub fn ranges(rows: &[Row], width: usize) -> String {
    let labels = rows.iter().map(|row| row.label.chars().count());
    let label_width = labels.max().unwrap_or(0);
    let longest = rows.iter().map(|row| sound(row.most)).fold(0.0, f64::max);
    let mut text = String::new();
    for row in rows {
        let bar = bar(row, longest, width);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:>label_width$} ▕{bar}", row.label);
    }
    text
}

fn bar(row: &Row, longest: f64, width: usize) -> String {
    let (least, mean, most) = (sound(row.least), sound(row.mean), sound(row.most));
    let end = place(most, longest, width).max(1);
    let start = place(least, longest, width).min(end - 1);
    let mark = place(mean, longest, width).clamp(start, end - 1);
    let block = |at: usize| match at {
        at if at < start => ' ',
        at if at == mark => '█',
        _ => '░',
    };
    (0..end).map(block).collect()
}

/// Returns how many characters lie before `value`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the quotient is between 0 and the width"
)]
fn place(value: f64, longest: f64, width: usize) -> usize {
    if longest > 0.0 {
        (value / longest * width as f64).round() as usize
    } else {
        0
    }
}

fn sound(value: f64) -> f64 {
    if value.is_finite() {
        value.max(0.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(least: f64, mean: f64, most: f64) -> Row {
        let label = "1".to_owned();
        Row {
            label,
            least,
            mean,
            most,
        }
    }

    #[test]
    fn a_bar_starts_at_its_least_value() {
        let text = ranges(&[row(2.0, 3.0, 4.0), row(0.0, 0.0, 8.0)], 8);
        assert_eq!(text, "1 ▕  ░█\n1 ▕█░░░░░░░\n");
    }

    #[test]
    fn a_fixed_value_is_one_block() {
        assert_eq!(ranges(&[row(4.0, 4.0, 4.0)], 4), "1 ▕   █\n");
    }

    #[test]
    fn labels_end_in_one_column() {
        let mut rows = [row(0.0, 1.0, 2.0), row(0.0, 1.0, 2.0)];
        rows[1].label = "10".to_owned();
        assert_eq!(ranges(&rows, 2), " 1 ▕░█\n10 ▕░█\n");
    }

    #[test]
    fn values_that_are_not_finite_or_negative_count_as_zero() {
        let rows = [row(f64::NAN, -1.0, f64::INFINITY), row(0.0, 4.0, 4.0)];
        assert_eq!(ranges(&rows, 4), "1 ▕█\n1 ▕░░░█\n");
    }
}
