use reelsmith_isobmff::{Fragment, Handler};

use crate::dash::{MpdSegment, Representation, xs_duration};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-12",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.9.6")],
    parts: &[],
    title: "the SegmentTimeline is continuous and matches the segments",
    doc: "Declared times are compared with the decode or presentation times of the segments, before or after the edit \
          list, in one way for all segments of a representation. A SegmentTimeline and a segment index are exact to \
          the tick, except for the rounding to their timescale and one access unit at the end. Segments by @duration \
          start within half of it. No segment is longer than maxSegmentDuration.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    let longest = mpd.root.get("maxSegmentDuration").and_then(xs_duration);
    for (_, representation) in mpd.representations() {
        let scale = u32::try_from(representation.timescale).unwrap_or(u32::MAX);
        if let Some(init) = view.init_of(representation) {
            compare(view, representation, init, out);
        }
        let media = view.init_of(representation).map_or(1, |i| i.timescale);
        for segment in &representation.segments {
            let length = match segment.is_nominal {
                false => segment.duration.map(|d| nanos(d.into(), scale)),
                true => {
                    let facts = view.delivery.segment(&segment.part());
                    facts.map(|f| nanos(f.duration().into(), media))
                }
            };
            let both = length.zip(longest.map(|l| l.nanos));
            if let Some((length, longest)) = both.filter(|(l, max)| *l > max + ROUNDING) {
                let expected = format!("at most maxSegmentDuration, {}", seconds(longest));
                out.mpd(segment.line, expected, seconds(length));
                break;
            }
        }
    }
}

/// Some packagers write durations with one decimal.
const ROUNDING: i128 = NANOS / 20;

/// The time of a segment that a declared time may mean.
#[derive(Clone, Copy)]
enum Reading {
    Decoding,
    /// Presentation of the first sample.
    FirstSample,
    Earliest,
}

impl Reading {
    fn start(self, first: &Fragment) -> Option<i128> {
        let tfdt = i128::from(first.tfdt);
        match self {
            Self::Decoding => Some(tfdt),
            Self::FirstSample => Some(tfdt + i128::from(first.samples.first()?.cts)),
            Self::Earliest => Some(first.first_presentation()?.into()),
        }
    }
}

/// A time that contradicts the media.
struct Wrong {
    /// Number of segments that agree.
    agreeing: usize,
    line: u32,
    expected: String,
    found: String,
}

/// Compares the declared times of a representation with the media: one way to read them must hold for all segments.
fn compare(view: &View<'_>, of: &Representation, init: &Init, out: &mut Findings) {
    let facts = |s: &MpdSegment| view.delivery.segment(&s.part());
    let measured = of.segments.iter().map_while(|s| Some((s, facts(s)?)));
    let measured: Vec<_> = out.each(measured).collect();
    let readings = [Reading::Earliest, Reading::Decoding, Reading::FirstSample];
    let shifts = [0, i128::from(init.media_start())];
    let readings = readings.iter().flat_map(|r| shifts.map(|s| (*r, s)));
    let mut worst: Option<Wrong> = None;
    for (reading, shift) in readings {
        let is_job = view.expected.is_some();
        let complete = measured.len() == of.segments.len();
        match first_wrong(of, init, &measured, reading, shift, (complete, is_job)) {
            None => return,
            Some(wrong) if worst.as_ref().is_none_or(|w| w.agreeing < wrong.agreeing) => {
                worst = Some(wrong);
            }
            Some(_) => {}
        }
    }
    if let Some(wrong) = worst {
        out.mpd(wrong.line, wrong.expected, wrong.found);
    }
}

fn first_wrong(
    of: &Representation,
    init: &Init,
    measured: &[(&MpdSegment, &SegmentFacts)],
    reading: Reading,
    shift: i128,
    (complete, is_job): (bool, bool),
) -> Option<Wrong> {
    let (scale, media) = (i128::from(of.timescale), i128::from(init.timescale));
    let is_exact = scale % media.max(1) == 0;
    for (agreeing, (segment, facts)) in measured.iter().enumerate() {
        let (Some(time), Some(first)) = (segment.time, facts.of_track().next()) else {
            return None;
        };
        let start = reading.start(first)?;
        // Media before the start of the edit is not presented.
        let start = if shift > 0 {
            (start - shift).max(0)
        } else {
            start
        };
        let unit = first.samples.first().map_or(0, |s| i128::from(s.duration));
        // In units of 1 / (scale * media).
        let tolerance = match (segment.is_nominal, is_exact) {
            (true, _) => (i128::from(segment.duration.unwrap_or(u64::MAX)) / 2 + 1) * media,
            (false, true) => 0,
            (false, false) => (((agreeing as i128) / 2 + 1) * media).min((unit * scale).max(media)),
        };
        let different = |declared: u64, ticks: i128, tolerance: i128| {
            (i128::from(declared) * media - ticks * scale).abs() > tolerance
        };
        let path = &segment.path;
        if different(time, start, tolerance) {
            return Some(Wrong {
                agreeing,
                line: segment.line,
                expected: match segment.is_nominal {
                    true => format!("a start within half of @duration of {path}, {start}/{media}"),
                    false => format!("a start at {start}/{media} for {path}"),
                },
                found: format!("{time}/{scale}"),
            });
        }
        // Between two segments, the end is the start of the next one.
        let following = measured.get(agreeing + 1).map(|(next, _)| next.time);
        let end = segment.duration.map(|d| time.saturating_add(d));
        let (Some(end), false) = (end, segment.is_nominal || following == Some(end)) else {
            continue;
        };
        if following.is_none() && !complete {
            continue;
        }
        let of_media = start + i128::from(facts.duration());
        // Priming shortens the first segment, and padding the last one.
        let edited = match (init.handler == Handler::Audio, is_job) {
            (true, _) => unit + shift.max(0),
            (false, true) => 0,
            (false, false) => unit / 2,
        };
        if different(end, of_media, tolerance + edited * scale) {
            return Some(Wrong {
                agreeing,
                line: segment.line,
                expected: format!("an end at {of_media}/{media} for {path}"),
                found: format!("{end}/{scale}"),
            });
        }
    }
    None
}
