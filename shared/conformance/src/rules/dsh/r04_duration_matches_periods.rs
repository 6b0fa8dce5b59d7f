use crate::dash::{ContentType, MpdSegment, Period, Representation, xs_duration};
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
    let mut longest = None;
    let mut complete = true;
    for set in period.sets.iter().filter(|s| !s.is_trick_mode) {
        if !matches!(set.content_type(), ContentType::Video | ContentType::Audio) {
            continue;
        }
        for representation in &set.representations {
            let line = representation.element.line;
            let Some(found) = Coverage::of(view, number, representation) else {
                // What is not known may be long enough.
                complete = false;
                continue;
            };
            out.seen();
            let end = seconds(duration);
            if found.last_start >= duration + ROUNDING {
                let expected = format!("segments before {end}, the end of the period");
                out.mpd(line, expected, seconds(found.last_start));
                return;
            }
            // Half a segment is the tolerance of addressing by @duration.
            let tolerance = (found.longest / 2).max(NANOS);
            if found.start > tolerance || found.end + tolerance < duration {
                let expected = format!("media from 0 to {end}, the end of the period");
                let found = format!("{} to {}", seconds(found.start), seconds(found.end));
                out.mpd(line, expected, found);
                return;
            }
            longest = longest.max(Some((found.end, line)));
        }
    }
    let longest = longest.filter(|_| complete);
    let short = longest.filter(|(end, _)| end + ROUNDING + NANOS / 20 < duration);
    if let Some((end, line)) = short {
        let expected = format!("media until {}, the end of the period", seconds(duration));
        out.mpd(line, expected, seconds(end));
    }
}

/// The time in its period that a representation covers, in nanoseconds.
struct Coverage {
    start: i128,
    end: i128,
    /// Start of the last segment.
    last_start: i128,
    /// Duration of the longest segment.
    longest: i128,
}

impl Coverage {
    /// Declared by a timeline or an index, else measured.
    fn of(view: &View<'_>, number: usize, of: &Representation) -> Option<Self> {
        let scale = u32::try_from(of.timescale).unwrap_or(u32::MAX);
        let ticks = |ticks: u64| nanos(ticks.into(), scale);
        let at = |time: u64| ticks(time) - ticks(of.offset);
        let (first, last) = (of.segments.first()?, of.segments.last()?);
        let declared = |s: &MpdSegment| Some((s.time?, s.duration?)).filter(|_| !s.is_nominal);
        if let (Some((start, _)), Some((time, duration))) = (declared(first), declared(last)) {
            let durations = of.segments.iter().filter_map(|s| s.duration);
            return Some(Self {
                start: at(start),
                end: at(time) + ticks(duration),
                last_start: at(time),
                longest: ticks(durations.max().unwrap_or(0)),
            });
        }
        let rendition = view.rendition_of_representation(of)?;
        let own = rendition.representation.is_some() && rendition.period == number;
        let (start, end) = rendition.presentation_span().filter(|_| own)?;
        let durations = rendition.segments.iter().filter_map(|s| s.measured());
        let segment = rendition.segments.last()?;
        let last = segment.facts?.of_track().next()?.first_presentation()?;
        let shift = i128::from(rendition.init?.media_start());
        Some(Self {
            start,
            end,
            last_start: nanos(i128::from(last) - shift, segment.timescale()?) + rendition.offset,
            longest: durations.max().unwrap_or(0),
        })
    }
}
