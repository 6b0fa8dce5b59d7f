use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P08",
    basis: &[must(Apple, "Apple HLS Authoring 8.22")],
    parts: &[],
    title: "the segments of all video variants start at the same times",
    doc: "A client switches at segment boundaries. If they differ, it repeats or skips pictures. The measured times \
          are compared, not EXTINF.",
    check,
};

/// A millisecond: far below a frame, above the rounding of EXTINF.
const TOLERANCE: i128 = 1_000_000;

fn check(view: &View<'_>, out: &mut Findings) {
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
