//! HLS-P07: all playlists cover the same time.

use super::super::{Findings, Rule, RuleSet};
use crate::measure::seconds;
use crate::report::Severity;
use crate::view::{Kind, View};

/// All playlists cover the same time.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P07",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 8.3, 8.7",
    set: RuleSet::Standard,
    title: "all playlists cover the same time",
    doc: "The sums of EXTINF of video playlists are equal; audio differs by at most one access unit, and the priming that an edit list cuts off.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(first) = view.of(Kind::Video).next() else {
        return;
    };
    let total = first.playlist.duration();
    for track in view.timed() {
        let found = track.playlist.duration();
        let tolerance = match track.kind {
            Kind::Audio => 2 * track.frame().unwrap_or(AUDIO_FRAME),
            _ => 0,
        };
        if (found - total).abs() > tolerance + SLACK {
            let expected = format!("{} as {}", seconds(total), first.path);
            out.add(&track.path, None, expected, seconds(found));
        }
    }
}

/// 1024 samples at 48 kHz, for audio that could not be measured.
const AUDIO_FRAME: i128 = 21_333_333;
/// What rounding to six decimals adds up to.
const SLACK: i128 = 5_000_000;
