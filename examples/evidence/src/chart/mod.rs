//! `Chart`: lines over two axes, drawn as an SVG picture.

mod axis;
mod draw;
mod error;
mod labels;
mod scale;
mod style;

use std::fs;
use std::path::Path;

use axis::Axis;
pub use error::ChartError;
pub use scale::number;

/// A point, `(x, y)`.
pub type Point = (f64, f64);

/// A line of a chart: points joined in their order, with a name and perhaps a band around it.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a line is not drawn unless it is added to a chart"]
pub struct Line {
    name: String,
    points: Vec<Point>,
    band: Vec<(f64, f64, f64)>,
    is_dashed: bool,
}

impl Line {
    /// Creates a solid line without a band. The name is written at the end of the line.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = Point>) -> Self {
        Self {
            name: name.into(),
            points: points.into_iter().collect(),
            band: Vec::new(),
            is_dashed: false,
        }
    }

    /// Shades the area between a low and a high value at each x, such as an error of the mean.
    /// The items are `(x, low, high)`.
    pub fn band(mut self, band: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        self.band = band.into_iter().collect();
        self
    }

    /// Draws the line with dashes.
    pub fn dashed(mut self) -> Self {
        self.is_dashed = true;
        self
    }
}

/// A shaded range of x, with a label.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    from: f64,
    to: f64,
    label: String,
}

/// A value of y that is marked over the whole width, with a label.
#[derive(Clone, Debug, PartialEq)]
struct Marker {
    y: f64,
    label: String,
}

/// A line chart.
///
/// The picture has a light background of its own, so it is legible on a dark page too. The same
/// chart always gives the same bytes.
///
/// ```
/// use reattempt_evidence::chart::Chart;
///
/// let svg = Chart::new("Twice as many clients make four times as many calls")
///     .x_axis("clients", "")
///     .y_axis("calls", "")
///     .series("no backoff", [(10.0, 96.0), (20.0, 381.0), (40.0, 1_520.0)])
///     .svg()?;
/// assert!(svg.starts_with("<svg "));
/// # Ok::<(), reattempt_evidence::chart::ChartError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a chart is not drawn unless it is written"]
pub struct Chart {
    title: String,
    subtitle: String,
    x: Axis,
    y: Axis,
    lines: Vec<Line>,
    spans: Vec<Span>,
    markers: Vec<Marker>,
}

impl Chart {
    /// Creates a chart without lines. The title says what the picture shows, in one sentence. A
    /// long title takes two lines.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            subtitle: String::new(),
            x: Axis::default(),
            y: Axis::default(),
            lines: Vec::new(),
            spans: Vec::new(),
            markers: Vec::new(),
        }
    }

    /// Sets the small text below the title, for what was measured. There is none by default.
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.subtitle = subtitle.into();
        self
    }

    /// Names the horizontal axis. The unit may be empty.
    pub fn x_axis(mut self, name: impl Into<String>, unit: impl Into<String>) -> Self {
        self.x.set_name(name.into(), unit.into());
        self
    }

    /// Names the vertical axis. The unit may be empty.
    pub fn y_axis(mut self, name: impl Into<String>, unit: impl Into<String>) -> Self {
        self.y.set_name(name.into(), unit.into());
        self
    }

    /// Makes the horizontal axis logarithmic. All x have to be above zero.
    pub fn log_x(mut self) -> Self {
        self.x.set_log();
        self
    }

    /// Makes the vertical axis logarithmic. All y have to be above zero.
    pub fn log_y(mut self) -> Self {
        self.y.set_log();
        self
    }

    /// Shows whole numbers alone on a linear horizontal axis, for counts.
    pub fn whole_x(mut self) -> Self {
        self.x.set_whole();
        self
    }

    /// Sets the ends of the vertical axis.
    ///
    /// By default a linear axis starts at zero, or below it if a value is negative, and ends at a
    /// tick at or above the highest value. A logarithmic axis starts and ends at 1, 2 or 5 times a
    /// power of ten, also with a range: it contains the range. Values outside the axis are drawn at
    /// its end.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y.set_range(low, high);
        self
    }

    /// Adds a solid line, [`Line::new`].
    pub fn series(self, name: impl Into<String>, points: impl IntoIterator<Item = Point>) -> Self {
        self.line(Line::new(name, points))
    }

    /// Adds a line. Each line has the next colour of a palette of six.
    pub fn line(mut self, line: Line) -> Self {
        self.lines.push(line);
        self
    }

    /// Shades the area between two values of x, for example the time of an outage.
    pub fn span(mut self, from: f64, to: f64, label: impl Into<String>) -> Self {
        let label = label.into();
        self.spans.push(Span { from, to, label });
        self
    }

    /// Marks a value of y with a dashed line, for example a server's capacity.
    pub fn horizontal(mut self, y: f64, label: impl Into<String>) -> Self {
        let label = label.into();
        self.markers.push(Marker { y, label });
        self
    }

    /// Returns the picture as SVG, 700 pixels wide.
    ///
    /// # Errors
    ///
    /// Returns an error if a line has no points, if the chart has no lines, if a value is not
    /// finite, or if a value on a logarithmic axis is not above zero.
    pub fn svg(&self) -> Result<String, ChartError> {
        draw::svg(self)
    }

    /// Writes the picture to a file, and creates its folder.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`svg`](Self::svg), and one with the path if the file cannot be
    /// written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), ChartError> {
        let path = path.as_ref();
        let svg = self.svg()?;
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(path, svg))
            .map_err(|reason| ChartError::Write {
                path: path.to_owned(),
                reason,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        Chart::new("Calls & time < limits")
            .subtitle("200 runs")
            .x_axis("time", "s")
            .y_axis("served calls", "1/s")
            .series("no retries", [(0.0, 990.0), (10.0, 400.0), (20.0, 1000.0)])
            .line(
                Line::new("with retries", [(0.0, 990.0), (20.0, 990.0)])
                    .band([(0.0, 900.0, 1100.0), (20.0, 950.0, 1050.0)])
                    .dashed(),
            )
            .span(5.0, 15.0, "outage")
            .horizontal(1200.0, "capacity")
    }

    #[test]
    fn a_picture_has_all_texts_of_the_chart() {
        let svg = chart().svg().expect("a picture");
        for text in [
            "Calls &amp; time &lt; limits",
            "200 runs",
            "time (s)",
            "served calls (1/s)",
            "no retries",
            "with retries",
            "outage",
            "capacity",
            "1,000",
        ] {
            assert!(svg.contains(&format!(">\n{text}\n<")), "{text}: {svg}");
        }
    }

    #[test]
    fn a_band_is_a_polygon_and_a_line_a_polyline() {
        let svg = chart().svg().expect("a picture");
        assert_eq!(svg.matches("<polygon ").count(), 1);
        let plain = Chart::new("").series("a", [(0.0, 1.0), (1.0, 2.0)]);
        let plain = plain.svg().expect("a picture");
        assert_eq!(plain.matches("<polygon ").count(), 0);
        let wide_lines = plain.matches("stroke-width=\"5\"").count();
        assert_eq!(wide_lines, 1, "{plain}");
    }

    #[test]
    fn a_whole_axis_has_no_fractions() {
        let chart = Chart::new("").series("a", [(1.0, 10.0), (2.0, 20.0)]);
        let svg = |chart: Chart| chart.svg().expect("a picture");
        assert!(svg(chart.clone()).contains(">\n1.2\n<"));
        let whole = svg(chart.whole_x());
        assert!(!whole.contains(">\n1.2\n<"), "{whole}");
        assert!(whole.contains(">\n2\n<"), "{whole}");
    }

    #[test]
    fn the_same_chart_gives_the_same_bytes() {
        assert_eq!(chart().svg().ok(), chart().svg().ok());
    }

    #[test]
    fn a_picture_has_a_background_and_a_text_for_screen_readers() {
        let svg = chart().svg().expect("a picture");
        assert!(svg.contains("role=\"img\""), "{svg}");
        assert!(svg.contains("<title>Calls &amp; time &lt; limits</title>"));
        assert!(svg.contains("fill=\"#FFFFFF\""));
        assert!(svg.starts_with("<svg width=\"700\" height=\"420\" viewBox=\"0 0 1400 840\""));
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error() {
        let error = |chart: Chart| chart.svg().expect_err("an error").to_string();
        assert_eq!(
            error(chart().log_x()),
            "the value 0 does not fit the axis \"time\", expected a number above zero"
        );
        assert_eq!(
            error(chart().series("broken", [(1.0, f64::NAN)])),
            "the value NaN does not fit the axis \"served calls\", expected a finite number"
        );
        assert_eq!(
            error(chart().series("nothing", [])),
            "the chart \"Calls & time < limits\" has a line without points: \"nothing\", \
             expected at least one point"
        );
        assert_eq!(
            error(Chart::new("empty")),
            "the chart \"empty\" has no lines, expected at least one line"
        );
    }

    #[test]
    fn an_error_of_the_file_system_has_the_path() {
        let folder = std::env::temp_dir();
        let error = chart().write(&folder).expect_err("an error").to_string();
        let expected = format!("cannot write {}: ", folder.display());
        assert!(error.starts_with(&expected), "{error}");
    }
}
