use crate::dash::{ContentType, Period, xs_duration};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-04",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.1.2, 5.3.2.2")],
    parts: &[&HLS],
    title: "the duration of the MPD equals that of its periods and that of the HLS playlists",
    doc: "Within a tenth of a second, the precision of some packagers, and a frame. The media of each period fill it, \
          and no segment lies behind its end. The programme must end at the same time in both formats.",
    check,
};

const HLS: RulePart = RulePart {
    title: "the duration equals that of the HLS playlists",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

/// Some packagers write durations with one decimal.
const ROUNDING: i128 = NANOS / 10;

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    for (number, period) in mpd.periods.iter().enumerate() {
        check_period(view, number, period, out);
    }
    let Some(total) = mpd.duration() else { return };
    let last = mpd.periods.last();
    let declared = last.and_then(|p| xs_duration(p.element.get("duration")?));
    let end = last.and_then(|p| p.start).zip(declared);
    let end = end.map(|(start, duration)| start + duration.nanos);
    for end in out.each(end).filter(|e| (e - total).abs() > NANOS / 1_000) {
        let expected = format!("{}, the end of the last period", seconds(end));
        out.mpd(mpd.root.line, expected, seconds(total));
    }
    let mut video = view.playlists(MediaKind::Video);
    let Some(video) = video.find(|r| !r.playlist.is_live() && !r.playlist.segments.is_empty())
    else {
        return;
    };
    out.seen();
    let frame = video.sample_duration().unwrap_or(NANOS / 24);
    let hls = video.playlist.duration();
    if (hls - total).abs() > frame.max(if view.expected.is_some() { 0 } else { ROUNDING }) {
        let expected = format!("{} as in HLS", seconds(hls));
        out.of(&HLS).mpd(mpd.root.line, expected, seconds(total));
    }
}

/// Compares the duration of a period with its media.
fn check_period(view: &View<'_>, number: usize, period: &Period, out: &mut Findings) {
    let Some(duration) = period.duration else {
        return;
    };
    let (mut longest, mut line) = (None, period.element.line);
    for set in period.sets.iter().filter(|s| !s.is_trick_mode) {
        if !matches!(set.content_type(), ContentType::Video | ContentType::Audio) {
            continue;
        }
        for representation in &set.representations {
            let scale = u32::try_from(representation.timescale).unwrap_or(u32::MAX);
            let at =
                |ticks: u64| nanos(i128::from(ticks) - i128::from(representation.offset), scale);
            let exact = representation.segments.iter().filter(|s| !s.is_nominal);
            let last = exact.filter_map(|s| Some((s, s.time?))).next_back();
            if let Some((segment, time)) = last.filter(|(_, t)| at(*t) >= duration + ROUNDING) {
                let expected = format!(
                    "segments before {}, the end of the period",
                    seconds(duration)
                );
                out.mpd(segment.line, expected, seconds(at(time)));
                return;
            }
            let rendition = view.rendition_of_representation(representation);
            let declared = last.and_then(|(s, time)| Some(at(time.saturating_add(s.duration?))));
            let measured = rendition.and_then(Rendition::presentation_span);
            let own = rendition.is_some_and(|r| r.representation.is_some() && r.period == number);
            let measured = measured.filter(|_| own).map(|(_, end)| end);
            match declared.or(measured) {
                // What is not known may be long enough.
                None => return,
                Some(end) if longest.is_none_or(|l| end > l) => {
                    (longest, line) = (Some(end), representation.element.line);
                }
                Some(_) => {}
            }
        }
    }
    for end in out
        .each(longest)
        .filter(|end| end + ROUNDING + NANOS / 20 < duration)
    {
        let expected = format!("media until {}, the end of the period", seconds(duration));
        out.mpd(line, expected, seconds(end));
    }
}
