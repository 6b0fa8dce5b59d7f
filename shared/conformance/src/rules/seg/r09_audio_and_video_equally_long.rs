//! SEG-09: audio and video start and end together.

use super::super::{Findings, Rule, RuleSet};
use crate::measure::seconds;
use crate::report::Severity;
use crate::view::{Kind, View};

/// Audio and video start and end together.
pub(super) static RULE: Rule = Rule {
    id: "SEG-09",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 7.1",
    set: RuleSet::Standard,
    title: "audio and video start and end together",
    doc: "Starts differ by at most a video frame, ends by at most an access unit of audio, edit lists applied.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some((video, (v_start, v_end))) =
        view.of(Kind::Video).find_map(|t| Some((t, t.presented()?)))
    else {
        return;
    };
    let v_frame = video.frame().unwrap_or(0);
    for track in view.of(Kind::Audio) {
        let (Some((start, end)), Some(a_frame)) = (track.presented(), track.frame()) else {
            continue;
        };
        if (start - v_start).abs() > v_frame {
            let expected = format!("a start within a frame of {}", seconds(v_start));
            out.add(&track.path, None, expected, seconds(start));
        }
        if (end - v_end).abs() > a_frame + v_frame {
            let expected = format!("an end within an access unit of {}", seconds(v_end));
            out.add(&track.path, None, expected, seconds(end));
        }
    }
}
