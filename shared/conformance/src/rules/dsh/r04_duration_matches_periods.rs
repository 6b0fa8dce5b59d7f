//! DSH-04: the MPD is as long as its periods and as the HLS.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::xs_duration;
use crate::delivery::MPD;
use crate::hls::NANOS;
use crate::measure::seconds;
use crate::report::Severity;
use crate::view::{Kind, View};

/// The MPD is as long as its periods and as the HLS.
pub(super) static RULE: Rule = Rule {
    id: "DSH-04",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.3.1.2",
    set: RuleSet::Standard,
    title: "the MPD is as long as its periods and as the HLS",
    doc: "Within one frame. The end of the programme must be the same whatever is played.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some((mpd, total)) = view.mpd.and_then(|m| Some((m, m.duration()?))) else {
        return;
    };
    let durations = mpd
        .periods
        .iter()
        .map(|p| p.element.get("duration").and_then(xs_duration));
    let periods: Option<i128> = durations.map(|d| d.map(|d| d.nanos)).sum();
    if let Some(sum) = periods.filter(|s| (s - total).abs() > 1_000_000) {
        let expected = format!("{}, the sum of its periods", seconds(sum));
        out.line(MPD, mpd.root.line, expected, seconds(total));
    }
    let Some(video) = view.of(Kind::Video).next() else {
        return;
    };
    let frame = video.frame().unwrap_or(NANOS / 24);
    let hls = video.playlist.duration();
    if (hls - total).abs() > frame {
        let expected = format!("{} as the HLS", seconds(hls));
        out.line(MPD, mpd.root.line, expected, seconds(total));
    }
}
