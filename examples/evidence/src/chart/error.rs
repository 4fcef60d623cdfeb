//! `ChartError`: why a chart cannot be drawn or written.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a chart cannot be drawn or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChartError {
    /// The chart has no lines.
    #[error("the chart {title:?} has no lines, expected at least one line")]
    NoLines {
        /// The chart's title.
        title: String,
    },
    /// A line of the chart has no points.
    #[error("the chart {title:?} has a line without points: {line:?}, expected at least one point")]
    NoPoints {
        /// The chart's title.
        title: String,
        /// The line's name.
        line: String,
    },
    /// A value cannot be shown on its axis.
    #[error("the value {value} does not fit the axis {axis:?}, expected a {expected}")]
    OutOfAxis {
        /// The value.
        value: f64,
        /// The axis's name.
        axis: String,
        /// What the axis can show.
        expected: &'static str,
    },
    /// The drawing library failed.
    #[error("cannot draw the chart {title:?}: {reason}")]
    Draw {
        /// The chart's title.
        title: String,
        /// The text of the library's error.
        reason: String,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The path as it was given.
        path: PathBuf,
        /// The error of the file system.
        reason: io::Error,
    },
}
