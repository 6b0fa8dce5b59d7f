//! Numbers and plots for people.
//!
//! The plotting crate gives each thing one colour. These are the colours of the light theme; the style sheet finds the
//! elements by them and replaces them in the dark theme.

use std::fmt::Display;
use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use reelsmith_core::time::UnixMillis;

/// Bits per second.
pub(crate) fn rate(bits: u64) -> String {
    let bits = bits as f64;
    if bits >= 1e6 {
        format!("{:.2} Mbit/s", bits / 1e6)
    } else {
        format!("{:.0} kbit/s", bits / 1e3)
    }
}

pub(crate) fn size(bytes: u64) -> String {
    let exact = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", exact / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", exact / 1e6),
        _ => format!("{:.2} GB", exact / 1e9),
    }
}

/// Seconds as `0:12.0` or `1:23:45.6`.
pub(crate) fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    let seconds = format!("{:02}.{}", rest / 10, rest % 10);
    match minutes / 60 {
        0 => format!("{minutes}:{seconds}"),
        hours => format!("{hours}:{:02}:{seconds}", minutes % 60),
    }
}

/// A moment in UTC.
pub(crate) fn moment(at: UnixMillis) -> String {
    at.to_string()
}

/// Milliseconds as seconds.
pub(crate) fn seconds(millis: i64) -> f64 {
    let millis = millis as f64;
    millis / 1e3
}

pub(crate) const INK: RGBColor = RGBColor(89, 98, 117);
pub(crate) const GRID: RGBColor = RGBColor(223, 227, 234);
pub(crate) const BAD: RGBColor = RGBColor(192, 43, 59);
/// Colours by index: rungs of one codec, groups of workers.
pub(crate) const SERIES: [RGBColor; 6] = [
    RGBColor(63, 79, 214),
    RGBColor(18, 140, 126),
    RGBColor(184, 106, 20),
    RGBColor(148, 67, 180),
    RGBColor(28, 111, 196),
    RGBColor(120, 130, 60),
];

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(crate) type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
pub(crate) type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The colour of an index.
pub(crate) fn series(index: usize) -> RGBColor {
    SERIES[index % SERIES.len()]
}

/// Draws a picture of a size in pixels; `alt` is its text alternative.
pub(crate) fn plot(
    size: (u32, u32),
    alt: impl Display,
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Markup {
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

/// An empty chart with time or chunks along it and values upwards.
pub(crate) fn chart<'a, 'b>(
    area: &Area<'b>,
    x: Range<f64>,
    y: Range<f64>,
    x_label: &dyn Fn(&f64) -> String,
    y_label: &dyn Fn(&f64) -> String,
) -> Result<Chart<'a, 'b>, Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin(4)
        .margin_right(14)
        .x_label_area_size(22)
        .y_label_area_size(64)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(label())
        .x_labels(9)
        .y_labels(4)
        .x_label_formatter(x_label)
        .y_label_formatter(y_label)
        .draw()?;
    Ok(chart)
}

/// A small square of a colour, for legends.
pub(crate) fn swatch(colour: RGBColor) -> Markup {
    let RGBColor(r, g, b) = colour;
    let fill = format!("#{r:02X}{g:02X}{b:02X}");
    html! { svg.swatch viewBox="0 0 10 10" aria-hidden="true" { rect width="10" height="10" rx="2" fill=(fill) {} } }
}

pub(crate) fn label<'a>() -> TextStyle<'a> {
    ("sans-serif", 11).into_font().color(&INK)
}
