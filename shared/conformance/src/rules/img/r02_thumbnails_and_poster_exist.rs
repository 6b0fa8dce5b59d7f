use reelsmith_core::keys::{POSTER, THUMBNAILS, sheet_path};
use reelsmith_core::record::ImagesRecord;

use crate::delivery::Text;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "IMG-02",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "all thumbnails and the poster exist, and each thumbnail is found at its time",
    doc: "Sheets, poster and the WebVTT track of the thumbnails have their recorded sizes. The cues of the track \
          cover the programme without a gap, one for each thumbnail, and each references its own rectangle of its \
          sheet.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(expected) = view.expected else {
        return out.not_judged(NO_JOB);
    };
    let Some(images) = &expected.images else {
        return;
    };
    out.seen();
    let sheets = (1..=images.sheets()).map(sheet_path);
    for path in sheets.chain([POSTER.to_owned(), THUMBNAILS.to_owned()]) {
        let recorded = images.files.iter().find(|f| f.path == path);
        let recorded = recorded.map(|f| f.size.0);
        let found = view.object(&path).map(|o| o.size);
        if found.is_none() || found != recorded {
            let size = recorded.map_or("no".to_owned(), |s| s.to_string());
            let found = found.map_or("no such object".to_owned(), |s| format!("{s} bytes"));
            out.object(&path, format!("{size} bytes as recorded"), found);
        }
    }
    if let Some(Ok(Text::Other(bytes))) = view.delivery.texts.get(THUMBNAILS) {
        let text = String::from_utf8_lossy(bytes);
        compare_cues(&text, images, millis(expected.nanos()), out);
    }
}

fn millis(nanos: i128) -> i128 {
    (nanos + 500_000).div_euclid(1_000_000)
}

/// Compares every cue with the one expected at its position.
fn compare_cues(text: &str, images: &ImagesRecord, end: i128, out: &mut Findings) {
    let cues = cues(text);
    if cues.len() != images.count as usize {
        let expected = format!("{} cues", images.count);
        return out.object(THUMBNAILS, expected, cues.len());
    }
    let at = |n: u32| {
        let ticks = i128::from(images.interval.0) * i128::from(n);
        timestamp(millis(nanos(ticks, images.timescale.0)).min(end))
    };
    for (n, (line, found_times, found_target)) in (0u32..).zip(cues) {
        let (times, target) = (format!("{} --> {}", at(n), at(n + 1)), target(images, n));
        if found_times != times || found_target != target {
            let found = format!("{found_times} {found_target}");
            out.line(THUMBNAILS, line, format!("{times} {target}"), found);
        }
    }
}

/// Line, times and target of each cue.
fn cues(text: &str) -> Vec<(u32, &str, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let numbered = (1u32..).zip(&lines).zip(lines.iter().skip(1).chain([&""]));
    let timed = numbered.filter(|((_, line), _)| line.contains("-->"));
    timed
        .map(|((number, times), target)| (number, *times, *target))
        .collect()
}

/// The sheet of thumbnail `n` and its rectangle on it.
fn target(images: &ImagesRecord, n: u32) -> String {
    let per_sheet = (images.columns * images.rows).max(1);
    let path = sheet_path(n / per_sheet + 1);
    let name = path.rsplit('/').next().unwrap_or_default();
    let (columns, position) = (images.columns.max(1), n % per_sheet);
    let (width, height) = (images.tile.width, images.tile.height);
    let (x, y) = (position % columns * width, position / columns * height);
    format!("{name}#xywh={x},{y},{width},{height}")
}

fn timestamp(millis: i128) -> String {
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, millis) = (millis / 1_000 % 60, millis % 1_000);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}
