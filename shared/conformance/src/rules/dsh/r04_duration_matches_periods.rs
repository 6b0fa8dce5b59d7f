use crate::dash::xs_duration;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-04",
    severity: Fail,
    set: Standard,
    spec: "ISO/IEC 23009-1 5.3.1.2",
    title: "the duration of the MPD equals that of its periods and that of the HLS playlists",
    doc: "Within one frame. The programme must end at the same time in both formats.",
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
    let sum: Option<i128> = durations.map(|d| Some(d?.nanos)).sum();
    if let Some(sum) = sum.filter(|s| (s - total).abs() > 1_000_000) {
        let expected = format!("{}, the sum of its periods", seconds(sum));
        out.mpd(mpd.root.line, expected, seconds(total));
    }
    let Some(video) = view.video().next() else {
        return;
    };
    let frame = video.sample_duration().unwrap_or(NANOS / 24);
    let hls = video.playlist.duration();
    if (hls - total).abs() > frame {
        let expected = format!("{} as in HLS", seconds(hls));
        out.mpd(mpd.root.line, expected, seconds(total));
    }
}
