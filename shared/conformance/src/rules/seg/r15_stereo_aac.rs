//! SEG-15: a stereo AAC rendition; one sample rate.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::{Kind, View};
use reelsmith_isobmff::Init;

/// A stereo AAC rendition; one sample rate.
pub(super) static RULE: Rule = Rule {
    id: "SEG-15",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 2.3, 2.11",
    set: RuleSet::Standard,
    title: "a stereo AAC rendition; one sample rate",
    doc: "Every device plays stereo AAC. A change of the sample rate between languages is heard as a click, or not played at all.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let audio: Vec<_> = view
        .of(Kind::Audio)
        .filter_map(|t| Some((t, t.init?)))
        .collect();
    let Some((_, first)) = audio.first() else {
        return;
    };
    let stereo = |i: &Init| i.channels == 2 && i.codec.starts_with("mp4a.40.");
    if !audio.iter().any(|(_, i)| stereo(i)) {
        let found = format!("{} with {} channels", first.codec, first.channels);
        out.add("", None, "a stereo AAC rendition", found);
    }
    for (track, init) in &audio {
        if init.sample_rate != first.sample_rate {
            let expected = format!("{} Hz as the others", first.sample_rate);
            out.add(
                &track.path,
                None,
                expected,
                format!("{} Hz", init.sample_rate),
            );
        }
    }
}
