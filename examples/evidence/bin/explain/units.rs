//! Writes durations and chances as texts.

use std::time::Duration;

use reattempt_evidence::chart::number;

/// The units of durations, each with its length in seconds and the values below which it is used.
const UNITS: [(f64, f64, &str); 6] = [
    (1e-6, 1e3, "µs"),
    (1e-3, 1e3, "ms"),
    (1.0, 120.0, "s"),
    (60.0, 120.0, "min"),
    (3_600.0, 48.0, "h"),
    (86_400.0, 1e6, "days"),
];

/// Returns a duration with three significant digits.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    for (length, end, unit) in UNITS {
        let value = rounded(seconds / length);
        if value < end {
            return format!("{} {unit}", number(value));
        }
    }
    "over 1,000,000 days".to_owned()
}

/// Returns a number with three significant digits.
pub(crate) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let power = 10_f64.powf(2.0 - value.abs().log10().floor());
    (value * power).round() / power
}

/// Returns a chance in percent. A chance that is nearly 0 or 1 is not rounded to it.
pub(crate) fn chance(chance: f64) -> String {
    if chance > 0.0 && chance < 0.001 {
        "< 0.1 %".to_owned()
    } else if chance < 1.0 && chance > 0.999 {
        "> 99.9 %".to_owned()
    } else {
        format!("{:.1} %", chance * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_that_fits() {
        for (seconds, expected) in [
            (0.0, "0 s"),
            (2.5e-7, "0.25 µs"),
            (0.05, "50 ms"),
            (0.999_9, "1 s"),
            (1.25, "1.25 s"),
            (119.0, "119 s"),
            (150.0, "2.5 min"),
            (9_000.0, "2.5 h"),
            (864_000.0, "10 days"),
            (1e18, "over 1,000,000 days"),
        ] {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), expected);
        }
        assert_eq!(duration(Duration::MAX), "over 1,000,000 days");
    }

    #[test]
    fn a_chance_is_not_rounded_to_never_or_always() {
        for (value, expected) in [
            (0.0, "0.0 %"),
            (0.000_1, "< 0.1 %"),
            (0.25, "25.0 %"),
            (0.999_5, "> 99.9 %"),
            (1.0, "100.0 %"),
        ] {
            assert_eq!(chance(value), expected);
        }
    }
}
