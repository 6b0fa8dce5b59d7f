use std::collections::BTreeMap;

use crate::fault::Mismatch;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-05",
    basis: &[must(Cmaf, "ISO/IEC 23000-19 7.3.4.1")],
    parts: &[],
    title: "a switching set has one codec family, one timescale and aligned fragments",
    doc: "A switching set is the representations of an adaptation set or, without an MPD, the video renditions of \
          one codec. A client joins their fragments on one timeline.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for set in switching_sets(view) {
        let Some((first, rest)) = set.split_first() else {
            continue;
        };
        for rendition in out.each(rest) {
            if let Some(wrong) = compare(first, rendition) {
                let expected = format!("{} as in {}", wrong.expected, first.path);
                out.object(&rendition.path, expected, wrong.found);
            }
        }
    }
}

fn switching_sets<'v, 'a>(view: &'v View<'a>) -> Vec<Vec<&'v Rendition<'a>>> {
    if view.mpd.is_some() {
        let sets = view.adaptation_sets().map(|set| {
            let representations = set.representations.iter();
            representations
                .filter_map(|r| view.rendition_of_representation(r))
                .collect()
        });
        return sets.collect();
    }
    let mut families: BTreeMap<&str, Vec<&Rendition<'a>>> = BTreeMap::new();
    for rendition in view.video() {
        if let Some(init) = rendition.init {
            families.entry(&init.entry).or_default().push(rendition);
        }
    }
    families.into_values().collect()
}

fn compare(first: &Rendition<'_>, rendition: &Rendition<'_>) -> Option<Mismatch> {
    let (a, b) = (first.init?, rendition.init?);
    if a.entry != b.entry {
        return Some(Mismatch::new(&a.entry, &b.entry));
    }
    if a.timescale != b.timescale {
        return Some(Mismatch::new(
            format!("timescale {}", a.timescale),
            b.timescale,
        ));
    }
    let start = |r: &Rendition<'_>| r.presentation_span().map(|(start, _)| start);
    if first.kind == MediaKind::Video
        && let Some((a, b)) = start(first).zip(start(rendition))
        && (a - b).abs() > NANOS / 2
    {
        let expected = format!("a start at {}", seconds(a));
        return Some(Mismatch::new(expected, seconds(b)));
    }
    if first.kind != MediaKind::Video || first.segments.len() != rendition.segments.len() {
        return None;
    }
    let (a, b) = (fragment_starts(first)?, fragment_starts(rendition)?);
    // Segments that start at different times are HLS-P08; this compares the fragments inside segments that do not.
    let mut segments = a.iter().zip(&b);
    let different = segments.find(|(a, b)| a.first() == b.first() && a != b);
    different.map(|(a, b)| Mismatch::new(format!("fragments at {a:?}"), format!("{b:?}")))
}

/// The start times of the fragments of each segment.
fn fragment_starts(rendition: &Rendition<'_>) -> Option<Vec<Vec<u64>>> {
    let all = rendition.all_measured()?;
    Some(
        all.iter()
            .map(|f| f.of_track().map(|f| f.tfdt).collect())
            .collect(),
    )
}
