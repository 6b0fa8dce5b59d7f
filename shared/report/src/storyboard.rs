//! The storyboard: thumbnails, cut out of the sheets that the page embeds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use reelsmith_core::time::Ticks;

use crate::format::clock;
use crate::{Facts, Storyboard};

/// Most thumbnails that are shown.
const SHOWN: u32 = 60;

pub(crate) fn section(facts: &Facts<'_>) -> Option<Markup> {
    let board = facts.storyboard.filter(|b| !b.sheets.is_empty())?;
    let record = &board.record;
    let per_sheet = (record.columns * record.rows).max(1);
    let embedded = u32::try_from(board.sheets.len()).unwrap_or(u32::MAX);
    let there = record.count.min(embedded.saturating_mul(per_sheet));
    let shown: Vec<u32> = (0..there)
        .step_by(there.div_ceil(SHOWN).max(1) as usize)
        .collect();
    Some(html! {
        section.card id="storyboard" {
            h2 { "Storyboard" }
            p.soft {
                (shown.len()) " of " (record.count) " thumbnails, one for every "
                (format!("{:.1} s", seconds(board, 1))) " of programme."
                @if there < record.count { " Those of later sheets are in the folder images/ next to this page." }
            }
            svg.hidden aria-hidden="true" { defs {
                @for (n, sheet) in board.sheets.iter().enumerate() { (embed(board, n, sheet)) }
            } }
            div.strip { @for n in shown { (thumbnail(board, n)) } }
        }
    })
}

/// Start of a thumbnail's time.
fn seconds(board: &Storyboard, n: u32) -> f64 {
    let record = &board.record;
    Ticks(record.interval.0.saturating_mul(i64::from(n))).as_seconds(record.timescale)
}

/// A sheet, once; every thumbnail shows a part of it.
fn embed(board: &Storyboard, n: usize, sheet: &[u8]) -> Markup {
    let record = &board.record;
    let (width, height) = (
        record.tile.width * record.columns,
        record.tile.height * record.rows,
    );
    // maud writes attribute names in lower case only; SVG needs preserveAspectRatio.
    let image = format!(
        r#"<image id="sheet{n}" width="{width}" height="{height}" preserveAspectRatio="xMinYMin" href="data:image/jpeg;base64,{}"/>"#,
        STANDARD.encode(sheet)
    );
    PreEscaped(image)
}

fn thumbnail(board: &Storyboard, n: u32) -> Markup {
    let record = &board.record;
    let per_sheet = (record.columns * record.rows).max(1);
    let (sheet, place) = (n / per_sheet, n % per_sheet);
    let (width, height) = (record.tile.width, record.tile.height);
    let (x, y) = (
        place % record.columns.max(1) * width,
        place / record.columns.max(1) * height,
    );
    let at = clock(seconds(board, n));
    html! {
        figure {
            svg.thumbnail role="img" aria-label=(format!("the picture at {at}")) width=(width) height=(height)
                viewBox=(format!("{x} {y} {width} {height}")) { (PreEscaped(format!(r##"<use href="#sheet{sheet}"/>"##))) }
            figcaption.soft.num { (at) }
        }
    }
}
