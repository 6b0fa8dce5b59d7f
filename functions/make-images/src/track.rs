//! The WebVTT track by which players find the thumbnail of a time: each cue names a rectangle of a sheet (media fragments,
//! `#xywh=`), as hls.js, Shaka Player, JW Player and Video.js plug-ins read it.

use std::fmt::Write as _;

use reelsmith_core::keys::{IMAGES, sheet_path};
use reelsmith_core::plan::Plan;
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_media::Grid;

/// The track as text.
pub(crate) fn thumbnails(plan: &Plan, grid: Grid, interval: Ticks, count: u32) -> String {
    let total = plan.duration();
    let at = |n: u32| {
        clock(
            Ticks((interval.0 * i64::from(n)).min(total.0)),
            plan.timescale,
        )
    };
    let (width, height) = (grid.tile.width, grid.tile.height);
    let mut text = String::from("WEBVTT\n");
    for n in 0..count {
        let (sheet, place) = (n / grid.per_sheet() + 1, n % grid.per_sheet());
        let path = sheet_path(sheet);
        let name = path.strip_prefix(IMAGES).unwrap_or(&path);
        let (x, y) = (place % grid.columns * width, place / grid.columns * height);
        let (from, to) = (at(n), at(n + 1));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{from} --> {to}\n{}#xywh={x},{y},{width},{height}\n",
            name.trim_start_matches('/')
        );
    }
    text
}

/// `HH:MM:SS.mmm`, rounded to nearest.
fn clock(time: Ticks, timescale: Timescale) -> String {
    let millis = time.rescale(timescale, Timescale(1_000)).0;
    let (h, m, s) = (
        millis / 3_600_000,
        millis / 60_000 % 60,
        millis / 1_000 % 60,
    );
    format!("{h:02}:{m:02}:{s:02}.{:03}", millis % 1_000)
}
