//! Draws a chart with plotters.

use std::io;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::prelude::{
    ChartBuilder, Circle, Color, DashedLineSeries, DrawingArea, DrawingAreaErrorKind,
    IntoDrawingArea, LineSeries, PathElement, Polygon, RGBColor, Rectangle, SVGBackend, ShapeStyle,
    Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, VPos};

use super::error::ChartError;
use super::scale::Scale;
use super::{Chart, Line, Point, labels, style};

type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;
type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Context<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Scale, Scale>>;

/// The distance between the plot and the labels to its right.
const LABEL_GAP: i32 = 28;

/// The most points at which a line shows each of them.
const MOST_DOTS: usize = 12;

/// Draws `chart`.
pub(super) fn svg(chart: &Chart) -> Result<String, ChartError> {
    let (x, y) = scales(chart)?;
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, style::SIZE).into_drawing_area();
        draw(chart, &canvas, x, y).map_err(|error| ChartError::Draw {
            title: chart.title.clone(),
            reason: error.to_string(),
        })?;
    }
    Ok(with_title(&svg, &chart.title))
}

/// Returns the scales of both axes, which contain all that the chart has.
fn scales(chart: &Chart) -> Result<(Scale, Scale), ChartError> {
    if chart.lines.is_empty() {
        let title = chart.title.clone();
        return Err(ChartError::NoLines { title });
    }
    if let Some(line) = chart.lines.iter().find(|line| line.points.is_empty()) {
        return Err(ChartError::NoPoints {
            title: chart.title.clone(),
            line: line.name.clone(),
        });
    }
    let lines = || chart.lines.iter();
    let mut x: Vec<f64> = lines().flat_map(|line| &line.points).map(|p| p.0).collect();
    x.extend(lines().flat_map(|line| &line.band).map(|band| band.0));
    x.extend(chart.spans.iter().flat_map(|span| [span.from, span.to]));
    let mut y: Vec<f64> = lines().flat_map(|line| &line.points).map(|p| p.1).collect();
    y.extend(
        lines()
            .flat_map(|line| &line.band)
            .flat_map(|band| [band.1, band.2]),
    );
    y.extend(chart.markers.iter().map(|marker| marker.y));
    Ok((chart.x.horizontal(&x)?, chart.y.vertical(&y)?))
}

/// Adds a title for screen readers, and the size at which the picture is shown.
fn with_title(svg: &str, title: &str) -> String {
    let (width, height) = style::SIZE;
    let (shown_width, shown_height) = style::SHOWN;
    let title = title
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    svg.replacen(
        &format!("width=\"{width}\" height=\"{height}\""),
        &format!("width=\"{shown_width}\" height=\"{shown_height}\""),
        1,
    )
    .replacen(
        ">\n",
        &format!(" role=\"img\">\n<title>{title}</title>\n"),
        1,
    )
}

fn draw<'a>(chart: &Chart, canvas: &Canvas<'a>, x: Scale, y: Scale) -> Drawn {
    canvas.fill(&style::BACKGROUND)?;
    let (width, height) = (pixels(style::SIZE.0), pixels(style::SIZE.1));
    let border = ShapeStyle::from(style::BORDER).stroke_width(2);
    canvas.draw(&Rectangle::new([(1, 1), (width - 1, height - 1)], border))?;

    let top = draw_titles(chart, canvas)?;
    let names = chart.lines.iter().map(|line| &line.name);
    let names = names.chain(chart.markers.iter().map(|marker| &marker.label));
    let longest = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let mut context: Context<'a> = ChartBuilder::on(canvas)
        .margin_top(top + above(chart) + style::TEXT)
        .margin_left(style::MARGIN / 2)
        .margin_right(style::MARGIN + LABEL_GAP + style::width(longest, style::TEXT))
        .margin_bottom(style::MARGIN + style::TEXT)
        .x_label_area_size(style::TEXT * 2)
        .y_label_area_size(style::width(7, style::TEXT))
        .build_cartesian_2d(x, y)?;
    draw_spans(chart, canvas, &mut context)?;
    draw_axes(chart, canvas, &mut context)?;
    for (index, line) in chart.lines.iter().enumerate() {
        draw_line(line, style::color(index), &mut context)?;
    }
    draw_labels(chart, canvas, &mut context)?;
    canvas.present()
}

/// Draws the title and the subtitle, and returns where they end.
fn draw_titles(chart: &Chart, canvas: &Canvas<'_>) -> Result<i32, DrawingAreaErrorKind<io::Error>> {
    let mut top = style::MARGIN;
    let subtitle = style::text(style::TEXT, style::FADED, (HPos::Left, VPos::Top));
    for (text, size, style) in [
        (&chart.title, style::TITLE, style::title()),
        (&chart.subtitle, style::TEXT, subtitle),
    ] {
        let characters = (style::SIZE.0 as usize - 72) * 5 / 3 / size.unsigned_abs() as usize;
        for line in textwrap::wrap(text, characters) {
            write(canvas, &line, (style::MARGIN, top), &style)?;
            top += size * 5 / 4;
        }
    }
    Ok(top)
}

/// Returns how far above the plot the name of the vertical axis is. The labels of spans are
/// between them.
fn above(chart: &Chart) -> i32 {
    if chart.spans.is_empty() {
        style::TEXT * 4 / 3
    } else {
        style::TEXT * 5 / 2
    }
}

fn draw_spans(chart: &Chart, canvas: &Canvas<'_>, context: &mut Context<'_>) -> Drawn {
    let area = context.plotting_area();
    let (x, y) = (area.get_x_range(), area.get_y_range());
    for span in &chart.spans {
        let corners = [(span.from, y.start), (span.to, y.end)];
        area.draw(&Rectangle::new(corners, style::SPAN.mix(0.3).filled()))?;
        let middle = f64::midpoint(span.from.max(x.start), span.to.min(x.end));
        let (center, top) = area.map_coordinate(&(middle, y.end));
        let anchor = (HPos::Center, VPos::Center);
        let label = style::text(style::TEXT, style::SPAN_INK, anchor);
        write(
            canvas,
            &span.label,
            (center, top - style::TEXT * 3 / 4),
            &label,
        )?;
    }
    Ok(())
}

/// Draws the ticks, their values, the horizontal grid lines and the names of the axes.
fn draw_axes(chart: &Chart, canvas: &Canvas<'_>, context: &mut Context<'_>) -> Drawn {
    let anchor = |h, v| style::text(style::TEXT, style::INK, (h, v));
    context
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(ShapeStyle::from(style::GRID).stroke_width(2))
        .axis_style(ShapeStyle::from(style::AXIS).stroke_width(2))
        .label_style(anchor(HPos::Center, VPos::Center))
        .draw()?;
    let (x, y) = context.plotting_area().get_pixel_range();
    let below = y.end + style::TEXT * 5 / 2;
    let middle = x.start + (x.end - x.start) / 2;
    let x_title = anchor(HPos::Center, VPos::Center);
    write(canvas, &chart.x.title(), (middle, below), &x_title)?;
    let top = (style::MARGIN, y.start - above(chart));
    let y_title = anchor(HPos::Left, VPos::Center);
    write(canvas, &chart.y.title(), top, &y_title)
}

fn draw_line(line: &Line, color: RGBColor, context: &mut Context<'_>) -> Drawn {
    if !line.band.is_empty() {
        let low = line.band.iter().map(|(x, low, _)| (*x, *low));
        let high = line.band.iter().rev().map(|(x, _, high)| (*x, *high));
        let outline: Vec<Point> = low.chain(high).collect();
        context.draw_series([Polygon::new(outline, color.mix(0.18).filled())])?;
    }
    let points = line.points.iter().copied();
    let stroke = ShapeStyle::from(color).stroke_width(style::STROKE);
    if line.is_dashed {
        context.draw_series(DashedLineSeries::new(points, 18, 12, stroke))?;
    } else {
        context.draw_series(LineSeries::new(points, stroke))?;
    }
    if line.points.len() <= MOST_DOTS {
        let dots = line
            .points
            .iter()
            .map(|point| Circle::new(*point, 8, color.filled()));
        context.draw_series(dots)?;
    }
    Ok(())
}

/// Draws the horizontal markers, and to the right of the plot the names of lines and markers,
/// each at the end of its line. Names that were moved apart have a thin line to that end.
fn draw_labels(chart: &Chart, canvas: &Canvas<'_>, context: &mut Context<'_>) -> Drawn {
    let (x, y) = context.plotting_area().get_pixel_range();
    let bounds = context.plotting_area().get_x_range();
    let mut ends: Vec<(Point, RGBColor, &str)> = Vec::new();
    for marker in &chart.markers {
        let points = [(bounds.start, marker.y), (bounds.end, marker.y)];
        let stroke = ShapeStyle::from(style::FADED).stroke_width(3);
        context.draw_series(DashedLineSeries::new(points, 8, 8, stroke))?;
        ends.push((points[1], style::FADED, &marker.label));
    }
    for (index, line) in chart.lines.iter().enumerate() {
        let last = line.points.iter().copied();
        let last = last.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
        ends.push((last, style::color(index), &line.name));
    }
    let pixel = |end: &Point| context.plotting_area().map_coordinate(end);
    let wanted: Vec<f64> = ends.iter().map(|end| f64::from(pixel(&end.0).1)).collect();
    let gap = f64::from(style::TEXT) * 1.2;
    let placed = labels::spread(&wanted, gap, f64::from(y.start), f64::from(y.end));
    for ((end, color, name), height) in ends.into_iter().zip(placed) {
        #[expect(clippy::cast_possible_truncation, reason = "it is between two pixels")]
        let height = height.round() as i32;
        let (from, start) = (pixel(&end), x.end + LABEL_GAP);
        if (from.1 - height).abs() > style::TEXT / 4 || from.0 < x.end - 1 {
            let path = vec![from, (start - 6, height)];
            canvas.draw(&PathElement::new(path, color.mix(0.45).stroke_width(2)))?;
        }
        let label = style::text(style::TEXT, color, (HPos::Left, VPos::Center));
        write(canvas, name, (start, height), &label)?;
    }
    Ok(())
}

fn write(canvas: &Canvas<'_>, text: &str, at: (i32, i32), style: &TextStyle<'static>) -> Drawn {
    canvas.draw(&Text::new(text, at, style.clone()))
}

fn pixels(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}
