use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P08",
    basis: &[must(Apple, "Apple HLS Authoring 8.22")],
    parts: &[&START, &LIMIT],
    title: "the segments of all video variants start at the same times",
    doc: "A client switches at segment boundaries. If they differ, it repeats or skips pictures. The measured times \
          are compared, not EXTINF. RFC 8216 allows that a rendition lacks content at its start or end, but not more than a \
          target duration; half of it or more is a warning, because a first segment is then missing. Add the segments that \
          one rendition lacks.",
    check,
};

const START: RulePart = RulePart {
    title: "all renditions start within half a target duration of each other",
    basis: &[should(Rfc, "RFC 8216 6.2.4")],
};

const LIMIT: RulePart = RulePart {
    title: "no rendition lacks more than a target duration of content at its start",
    basis: &[must(Rfc, "RFC 8216 6.2.4")],
};

/// A millisecond: far below a frame, above the rounding of EXTINF.
const TOLERANCE: i128 = 1_000_000;

fn check(view: &View<'_>, out: &mut Findings) {
    check_first(view, out);
    let mut renditions = view
        .playlists(MediaKind::Video)
        .filter(|r| !r.playlist.is_live());
    let Some(first) = renditions.next() else {
        return;
    };
    let expected = starts(first);
    for rendition in out.each(renditions) {
        let found = starts(rendition);
        if found.len() != expected.len() {
            let expected = format!("{} segments as in {}", expected.len(), first.path);
            out.object(&rendition.path, expected, found.len());
        }
        for ((a, b), segment) in expected.iter().zip(&found).zip(&rendition.segments) {
            if (a - b).abs() > TOLERANCE {
                let expected = format!("a start at {} as in {}", seconds(*a), first.path);
                out.segment(rendition, segment, expected, seconds(*b));
            }
        }
    }
}

/// Compares the start of each rendition with the earliest one.
fn check_first(view: &View<'_>, out: &mut Findings) {
    let renditions = view.media_playlists();
    let renditions = renditions.filter(|r| !r.playlist.is_live());
    let starts = renditions.filter_map(|r| Some((r, r.presentation_span()?.0)));
    let starts: Vec<_> = starts.collect();
    let Some((first, earliest)) = starts.iter().min_by_key(|(_, start)| *start) else {
        return;
    };
    for (rendition, start) in out.each(starts.iter().filter(|_| starts.len() > 1)) {
        let target = rendition.playlist.target_duration.as_ref();
        let target = target.map_or(i128::MAX / 2, |t| i128::from(t.value) * NANOS);
        let part = match start - earliest {
            late if late > target + TOLERANCE => &LIMIT,
            late if late * 2 >= target => &START,
            _ => continue,
        };
        let expected = format!("a start at {} as in {}", seconds(*earliest), first.path);
        out.of(part)
            .object(&rendition.path, expected, seconds(*start));
    }
}

/// The start time of each segment: measured, or the sum of EXTINF for a segment that was not measured.
fn starts(rendition: &Rendition<'_>) -> Vec<i128> {
    let mut sum = 0;
    let starts = rendition.segments.iter().map(|segment| {
        let time = segment
            .facts
            .and_then(|f| f.start())
            .zip(segment.timescale());
        let start = time.map_or(sum, |(ticks, scale)| nanos(ticks.into(), scale));
        sum += segment.extinf;
        start
    });
    starts.collect()
}
