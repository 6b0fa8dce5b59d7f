//! IMG-02: every thumbnail and the poster are there, and each thumbnail is found at its time.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::Text;
use crate::expectation::ExpectedImages;
use crate::measure::nanos;
use crate::report::Severity;
use crate::view::View;
use reelsmith_core::keys::{POSTER, THUMBNAILS, sheet_path};

/// Every thumbnail and the poster are there, and each thumbnail is found at its time.
pub(super) static RULE: Rule = Rule {
    id: "IMG-02",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "every thumbnail and the poster are there, and each thumbnail is found at its time",
    doc: "Sheets, poster and track as large as recorded; the track's cues tile the programme without a gap, one for each thumbnail, and each names its own rectangle of its own sheet.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some((expected, images)) = view.expected.and_then(|e| Some((e, e.images.as_ref()?))) else {
        return;
    };
    let sheets = (1..=images.sheets()).map(sheet_path);
    for path in sheets.chain([POSTER.to_owned(), THUMBNAILS.to_owned()]) {
        let recorded = images.files.iter().find(|f| f.0 == path).map(|f| f.1);
        let found = view.delivery.objects.get(&path).map(|o| o.size);
        if found.is_none() || recorded.is_none_or(|size| Some(size) != found) {
            let size = recorded.map_or("no".to_owned(), |s| s.to_string());
            let found = found.map_or("no such object".to_owned(), |s| format!("{s} bytes"));
            out.add(&path, None, format!("{size} bytes as recorded"), found);
        }
    }
    if let Some(Ok(Text::Other(bytes))) = view.delivery.texts.get(THUMBNAILS) {
        let text = String::from_utf8_lossy(bytes);
        track(&text, images, millis(expected.nanos()), out);
    }
}

fn millis(nanos: i128) -> i128 {
    (nanos + 500_000).div_euclid(1_000_000)
}

/// Holds every cue against the one that must stand there.
fn track(text: &str, images: &ExpectedImages, end: i128, out: &mut Findings) {
    let cues: Vec<(u32, &str, &str)> = cues(text);
    if cues.len() != images.count as usize {
        let expected = format!("{} cues", images.count);
        out.add(THUMBNAILS, None, expected, cues.len().to_string());
        return;
    }
    let at = |n: u32| {
        let ticks = i128::from(images.interval.0) * i128::from(n);
        stamp(millis(nanos(ticks, images.timescale.0)).min(end))
    };
    for (n, (line, time, target)) in (0u32..).zip(cues) {
        let times = format!("{} --> {}", at(n), at(n + 1));
        let place = place(images, n);
        if time != times || target != place {
            let found = format!("{time} {target}");
            out.line(THUMBNAILS, line, format!("{times} {place}"), found);
        }
    }
}

/// Line, times and target of each cue.
fn cues(text: &str) -> Vec<(u32, &str, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let timed = lines.iter().enumerate().filter(|(_, l)| l.contains("-->"));
    timed
        .map(|(i, time)| {
            let target = lines.get(i + 1).copied().unwrap_or_default();
            (u32::try_from(i + 1).unwrap_or(u32::MAX), *time, target)
        })
        .collect()
}

fn place(images: &ExpectedImages, n: u32) -> String {
    let per_sheet = (images.columns * images.rows).max(1);
    let path = sheet_path(n / per_sheet + 1);
    let name = path.rsplit('/').next().unwrap_or_default();
    let (column, row) = (
        n % per_sheet % images.columns.max(1),
        n % per_sheet / images.columns.max(1),
    );
    let (width, height) = (images.tile.width, images.tile.height);
    format!(
        "{name}#xywh={},{},{width},{height}",
        column * width,
        row * height
    )
}

fn stamp(millis: i128) -> String {
    let (h, m, s) = (
        millis / 3_600_000,
        millis / 60_000 % 60,
        millis / 1_000 % 60,
    );
    format!("{h:02}:{m:02}:{s:02}.{:03}", millis % 1_000)
}
