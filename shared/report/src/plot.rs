//! Plots as SVG within the page.
//!
//! The plotting crate knows one colour for each thing. These are the colours of the light theme; the style sheet of the
//! page finds elements by them and gives them those of the dark one.

use std::fmt::Display;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;

pub const INK: RGBColor = RGBColor(89, 98, 117);
pub const GRID: RGBColor = RGBColor(223, 227, 234);
pub const BAD: RGBColor = RGBColor(192, 43, 59);
/// Colours by index: rungs of one codec, groups of workers.
pub const SERIES: [RGBColor; 6] = [
    RGBColor(63, 79, 214),
    RGBColor(18, 140, 126),
    RGBColor(184, 106, 20),
    RGBColor(148, 67, 180),
    RGBColor(28, 111, 196),
    RGBColor(120, 130, 60),
];

pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The colour of an index.
pub fn series(index: usize) -> RGBColor {
    SERIES[index % SERIES.len()]
}

/// Draws a picture of a size; `alt` says what it shows to who cannot see it.
pub fn plot(size: (u32, u32), alt: impl Display, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Markup {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&area).and_then(|()| Ok(area.present()?))
    };
    html! {
        @match drawn {
            Ok(()) => figure.plot role="img" aria-label=(alt.to_string()) { (PreEscaped(svg)) },
            Err(error) => p.soft { "This plot could not be drawn: " (error.to_string()) },
        }
    }
}

/// A small square of a colour, for legends.
pub fn swatch(colour: RGBColor) -> Markup {
    let RGBColor(r, g, b) = colour;
    let fill = format!("#{r:02X}{g:02X}{b:02X}");
    html! { svg.swatch viewBox="0 0 10 10" aria-hidden="true" { rect width="10" height="10" rx="2" fill=(fill) {} } }
}

/// The style of labels.
pub fn label<'a>() -> TextStyle<'a> {
    ("sans-serif", 11).into_font().color(&INK)
}
