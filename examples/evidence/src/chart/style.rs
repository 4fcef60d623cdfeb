//! The sizes and colours of a picture.

use plotters::prelude::{Color, IntoFont, RGBColor, TextStyle};
use plotters::style::FontStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The size of the drawing. It is shown at half of it, so that lines between whole pixels are
/// smooth.
pub(super) const SIZE: (u32, u32) = (1400, 840);

/// The size at which the picture is shown.
pub(super) const SHOWN: (u32, u32) = (SIZE.0 / 2, SIZE.1 / 2);

/// The space around everything.
pub(super) const MARGIN: i32 = 36;

/// The heights of the texts.
pub(super) const TITLE: i32 = 34;
pub(super) const TEXT: i32 = 28;

/// The width of a line.
pub(super) const STROKE: u32 = 5;

pub(super) const BACKGROUND: RGBColor = RGBColor(0xff, 0xff, 0xff);
pub(super) const BORDER: RGBColor = RGBColor(0xd0, 0xd7, 0xde);
pub(super) const GRID: RGBColor = RGBColor(0xe4, 0xe7, 0xeb);
pub(super) const AXIS: RGBColor = RGBColor(0x8c, 0x95, 0x9f);
pub(super) const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
pub(super) const FADED: RGBColor = RGBColor(0x57, 0x60, 0x6a);
pub(super) const SPAN: RGBColor = RGBColor(0xf2, 0xc9, 0x4c);
pub(super) const SPAN_INK: RGBColor = RGBColor(0x6b, 0x4e, 0x00);

/// The colours of the lines. Each is dark enough to be read as text on the background.
const PALETTE: [RGBColor; 6] = [
    RGBColor(0x0b, 0x5f, 0xa5),
    RGBColor(0xb5, 0x47, 0x08),
    RGBColor(0x06, 0x76, 0x47),
    RGBColor(0x8a, 0x2c, 0x8a),
    RGBColor(0x8a, 0x6a, 0x00),
    RGBColor(0x47, 0x54, 0x67),
];

/// Returns the colour of a line.
pub(super) const fn color(line: usize) -> RGBColor {
    PALETTE[line % PALETTE.len()]
}

/// Returns the style of a text with the given height, colour and anchor.
pub(super) fn text(size: i32, color: RGBColor, (h, v): (HPos, VPos)) -> TextStyle<'static> {
    // The SVG backend divides the size by this number.
    let size = f64::from(size) * 1.24;
    let font = ("sans-serif", size).into_font();
    let mut style = TextStyle::from(font).pos(Pos::new(h, v));
    style.color = color.to_backend_color();
    style
}

/// Returns the style of the title, whose anchor is its upper left corner.
pub(super) fn title() -> TextStyle<'static> {
    let mut style = text(TITLE, INK, (HPos::Left, VPos::Top));
    style.font = style.font.style(FontStyle::Bold);
    style
}

/// Returns about how many pixels a text is wide, for the widest of the common fonts.
pub(super) fn width(characters: usize, size: i32) -> i32 {
    let characters = i32::try_from(characters).unwrap_or(i32::MAX);
    characters.saturating_mul(size).saturating_mul(3) / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.
    fn luminance(color: RGBColor) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
    }

    #[test]
    fn texts_have_enough_contrast() {
        for ink in PALETTE.into_iter().chain([INK, FADED, SPAN_INK]) {
            let contrast = (luminance(BACKGROUND) + 0.05) / (luminance(ink) + 0.05);
            assert!(contrast >= 4.5, "{ink:?} has a contrast of {contrast}");
        }
    }

    #[test]
    fn lines_beyond_the_palette_repeat_its_colours() {
        assert_eq!(color(0), color(6));
        assert_ne!(color(0), color(5));
    }
}
