//! `Scale`: the positions, ticks and tick labels of one axis.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// How values become positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Equal steps are equally long.
    Linear,
    /// Equal factors are equally long.
    Log,
}

/// The values that an axis shows, and its ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

/// The most ticks of a linear scale.
const MOST_TICKS: f64 = 7.0;

impl Scale {
    /// Returns a linear scale that starts and ends at the given values.
    pub(super) fn linear(low: f64, high: f64) -> Self {
        Self::with_least_step(low, high, 0.0)
    }

    /// Returns a linear scale like [`linear`](Self::linear), with ticks at whole numbers.
    pub(super) fn whole(low: f64, high: f64) -> Self {
        Self::with_least_step(low, high, 1.0)
    }

    fn with_least_step(low: f64, high: f64, least_step: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = step(high - low).max(least_step);
        let first = (low / step - 1e-9).ceil();
        let last = (high / step + 1e-9).floor();
        let ticks = numbers(first, last).map(|n| n * step).collect();
        Self {
            kind: Kind::Linear,
            low,
            high,
            ticks,
        }
    }

    /// Returns a linear scale that ends at a tick, at `high` or above.
    pub(super) fn linear_to_tick(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = step(high - low);
        Self::linear(
            (low / step + 1e-9).floor() * step,
            (high / step - 1e-9).ceil() * step,
        )
    }

    /// Returns a logarithmic scale that starts and ends at 1, 2 or 5 times a power of ten. Both
    /// values are above zero.
    pub(super) fn log(low: f64, high: f64) -> Self {
        let all: Vec<f64> = numbers(low.log10().floor(), high.log10().ceil())
            .flat_map(|exponent| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powf(exponent)))
            .collect();
        let low = *all
            .iter()
            .rfind(|tick| **tick <= low * (1.0 + 1e-9))
            .unwrap_or(&low);
        let high = *all
            .iter()
            .find(|tick| **tick >= high * (1.0 - 1e-9) && **tick > low)
            .unwrap_or(&(low * 10.0));
        // Ticks at each 1, 2 and 5 collide if the scale has many decades.
        let only_tens = high / low > 1e4;
        let is_shown = |tick: &f64| {
            let is_ten = (tick.log10() - tick.log10().round()).abs() < 1e-9;
            *tick >= low && *tick <= high && (is_ten || !only_tens)
        };
        let ticks = all.iter().copied().filter(is_shown).collect();
        Self {
            kind: Kind::Log,
            low,
            high,
            ticks,
        }
    }

    /// Returns where `value` is between the ends of the scale: 0 at its start, 1 at its end.
    pub(super) fn position(&self, value: f64) -> f64 {
        let along = |value: f64| match self.kind {
            Kind::Linear => value,
            Kind::Log => value.log10(),
        };
        let position = (along(value) - along(self.low)) / (along(self.high) - along(self.low));
        position.clamp(0.0, 1.0)
    }
}

/// Returns 1, 2 or 5 times a power of ten, so that `length` has at most seven ticks.
fn step(length: f64) -> f64 {
    let exact = length / (MOST_TICKS - 1.0);
    let power = 10_f64.powf(exact.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|step| *step >= exact * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// Returns the whole numbers from `first` to `last`.
fn numbers(first: f64, last: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(first), |n| Some(n + 1.0)).take_while(move |n| *n <= last)
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a position is between the ends, which are pixels"
    )]
    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let length = f64::from(end) - f64::from(start);
        (f64::from(start) + length * self.position(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light grid lines are not drawn.
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        number(*value)
    }
}

/// Writes `value` with at most six significant digits, without zeros at the end, and with commas
/// between thousands.
#[must_use]
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (5.0 - value.abs().log10().floor()).clamp(0.0, 12.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped into 0 to 12"
    )]
    let text = format!("{value:.*}", decimals as usize);
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    let (sign, text) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    format!("{sign}{}{fraction}", with_commas(whole))
}

fn with_commas(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_ticks_are_round_and_few() {
        let cases: [(f64, f64, &[f64]); 4] = [
            (0.0, 100.0, &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]),
            (10.0, 100.0, &[20.0, 40.0, 60.0, 80.0, 100.0]),
            (0.0, 300.0, &[0.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0]),
            (0.0, 0.5, &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        ];
        for (low, high, expected) in cases {
            let ticks = Scale::linear(low, high).ticks;
            assert_eq!(ticks.len(), expected.len(), "{low} {high}: {ticks:?}");
            for (tick, expected) in ticks.iter().zip(expected) {
                assert!((tick - expected).abs() < 1e-9, "{low} {high}: {ticks:?}");
            }
        }
    }

    #[test]
    fn a_scale_to_a_tick_covers_the_values() {
        for (low, high) in [(0.0, 11_533.0), (3.0, 99.0), (0.0, 1.0), (7.0, 7.0)] {
            let scale = Scale::linear_to_tick(low, high);
            assert!(scale.low <= low && scale.high >= high, "{scale:?}");
            assert_eq!(scale.ticks.first(), Some(&scale.low));
            let last = scale.ticks.last().expect("a tick");
            assert!((last - scale.high).abs() < 1e-9, "{scale:?}");
        }
    }

    #[test]
    fn a_log_scale_starts_and_ends_at_a_tick() {
        let scale = Scale::log(24.0, 11_533.0);
        assert_eq!(
            scale.ticks,
            [20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4]
        );
        assert_eq!(Scale::log(0.001, 900.0).ticks.len(), 7);
        assert_eq!(Scale::log(5.0, 5.0).range(), 5.0..10.0);
    }

    #[test]
    fn equal_factors_are_equally_long_on_a_log_scale() {
        let scale = Scale::log(1.0, 100.0);
        assert_eq!(scale.map(&10.0, (0, 200)), 100);
        // The pixels of a vertical axis go down.
        assert_eq!(scale.map(&100.0, (200, 0)), 0);
        assert_eq!(Scale::linear(0.0, 100.0).map(&10.0, (0, 200)), 20);
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (1234.0, "1,234"),
            (11_533.0, "11,533"),
            (1_234_567.0, "1,234,567"),
            (-20_000.5, "-20,000.5"),
            (0.05, "0.05"),
            (100.0, "100"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
    }
}
