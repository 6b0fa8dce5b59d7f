//! SEG-08: exactly the audio samples of the programme.

use super::super::{Findings, Rule, RuleSet};
use crate::measure::{nanos, seconds};
use crate::report::Severity;
use crate::view::View;

/// Exactly the audio samples of the programme.
pub(super) static RULE: Rule = Rule {
    id: "SEG-08",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 8.1",
    set: RuleSet::Pipeline,
    title: "exactly the audio samples of the programme",
    doc: "Within one access unit, priming not counted. More or less means drift, a join in the audio, or priming that was cut twice or never.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for audio in view.expected.into_iter().flat_map(|e| &e.audio) {
        let Some(track) = view.in_folder(&audio.path) else {
            continue;
        };
        let (Some((_, ticks)), Some(init), Some(frame)) =
            (track.totals(), track.init, track.frame())
        else {
            continue;
        };
        let found = nanos(
            i128::from(ticks) - i128::from(init.media_start()),
            init.timescale,
        );
        let wanted = nanos(audio.samples.into(), audio.sample_rate);
        if (found - wanted).abs() > frame + 1 {
            let expected = format!("{} samples, {}", audio.samples, seconds(wanted));
            out.add(&track.path, None, expected, seconds(found));
        }
    }
}
