//! `Axis`: the name of an axis, and the scale that fits its values.

use super::error::ChartError;
use super::scale::Scale;

/// The settings of an axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Axis {
    name: String,
    unit: String,
    is_log: bool,
    is_whole: bool,
    range: Option<(f64, f64)>,
}

impl Axis {
    pub(super) fn set_name(&mut self, name: String, unit: String) {
        self.name = name;
        self.unit = unit;
    }

    pub(super) fn set_log(&mut self) {
        self.is_log = true;
    }

    pub(super) fn set_whole(&mut self) {
        self.is_whole = true;
    }

    pub(super) fn set_range(&mut self, low: f64, high: f64) {
        self.range = Some((low, high));
    }

    /// Returns the name with the unit.
    pub(super) fn title(&self) -> String {
        if self.unit.is_empty() {
            self.name.clone()
        } else {
            format!("{} ({})", self.name, self.unit)
        }
    }

    /// Returns a scale for the horizontal axis. A linear one starts at the lowest value and ends at
    /// the highest. A logarithmic one starts and ends at a tick.
    pub(super) fn horizontal(&self, values: &[f64]) -> Result<Scale, ChartError> {
        let (low, high) = self.ends(values)?;
        Ok(if self.is_log {
            Scale::log(low, high)
        } else if self.is_whole {
            Scale::whole(low, high)
        } else {
            Scale::linear(low, high)
        })
    }

    /// Returns a scale for the vertical axis. If a range is set, a linear scale starts and ends
    /// with it. Without a range, a linear scale contains zero and ends at a tick. A logarithmic one
    /// starts and ends at a tick, and contains the range or the values.
    pub(super) fn vertical(&self, values: &[f64]) -> Result<Scale, ChartError> {
        let (low, high) = self.ends(values)?;
        Ok(if self.is_log {
            Scale::log(low, high)
        } else if self.range.is_some() {
            Scale::linear(low, high)
        } else {
            Scale::linear_to_tick(low.min(0.0), high)
        })
    }

    /// Returns the lowest and the highest value, or the range that was set.
    fn ends(&self, values: &[f64]) -> Result<(f64, f64), ChartError> {
        let (low, high) = self.range.unwrap_or_else(|| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            (
                low,
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            )
        });
        for value in values.iter().copied().chain([low, high]) {
            if !value.is_finite() {
                return Err(self.refuse(value, "finite number"));
            }
            if self.is_log && value <= 0.0 {
                return Err(self.refuse(value, "number above zero"));
            }
        }
        Ok((low, high))
    }

    fn refuse(&self, value: f64, expected: &'static str) -> ChartError {
        ChartError::OutOfAxis {
            value,
            axis: self.name.clone(),
            expected,
        }
    }
}
