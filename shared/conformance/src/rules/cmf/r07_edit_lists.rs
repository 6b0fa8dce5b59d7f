//! CMF-07: the edit list cuts off priming and nothing else; moov holds no samples.

use super::super::{Findings, Rule, RuleSet};
use crate::hls::NANOS;
use crate::measure::{nanos, seconds};
use crate::report::Severity;
use crate::view::{Kind, Track, View};
use reelsmith_isobmff::Init;

/// The edit list cuts off priming and nothing else; moov holds no samples.
pub(super) static RULE: Rule = Rule {
    id: "CMF-07",
    severity: Severity::Fail,
    spec: "DASH-IF IOP 6.2.5.2",
    set: RuleSet::Standard,
    title: "the edit list cuts off priming and nothing else; moov holds no samples",
    doc: "At most one edit at normal rate: for video the composition offset of the first picture, for audio at most two access units and a bit of priming. A declared duration is that of the track.",
    check,
};

/// Priming of HE-AAC encoders at most; AAC-LC has 1024 to 2112 samples.
const MAX_PRIMING: i64 = 5_186;

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.timed() {
        let Some((init, map)) = track.init.zip(track.maps.first()) else {
            continue;
        };
        if let Some((expected, found)) = bad_edit(track, init) {
            out.add(&map.path, None, expected, found);
        }
        if init.moov_samples > 0 {
            let found = format!("{} samples", init.moov_samples);
            out.add(&map.path, None, "no samples in moov", found);
        }
        let Some((_, ticks)) = track.totals() else {
            continue;
        };
        let declared = init.fragment_duration.unwrap_or(init.movie_duration);
        let (declared, measured) = (
            nanos(declared.into(), init.movie_timescale),
            nanos(ticks.into(), init.timescale),
        );
        if declared > 0 && (declared - measured).abs() > NANOS / 10 {
            let expected = format!("a duration of 0, or of {}", seconds(measured));
            out.add(&map.path, None, expected, seconds(declared));
        }
    }
}

fn bad_edit(track: &Track<'_>, init: &Init) -> Option<(String, String)> {
    let edit = match init.edits.as_slice() {
        [] => return None,
        [edit] if edit.media_time >= 0 && edit.rate == 0x1_0000 => edit,
        edits => {
            let expected = "at most one edit, at normal rate".to_owned();
            return Some((expected, format!("{edits:?}")));
        }
    };
    let first = track.segments.first()?.facts?.fragments.first()?;
    let offset = first.first_presentation()? - i64::try_from(first.tfdt).ok()?;
    let allowed = match track.kind {
        Kind::Audio => 0..=MAX_PRIMING,
        _ => offset..=offset,
    };
    (!allowed.contains(&edit.media_time)).then(|| {
        let expected = format!("an edit at {} to {}", allowed.start(), allowed.end());
        (expected, edit.media_time.to_string())
    })
}
