//! Defects of samples: each kind is reported by one rule.

use reelsmith_isobmff::{DefectKind, Examination, SegmentFacts};

use crate::path::Part;
use crate::rule::Findings;
use crate::view::View;

/// Every measured segment of CMAF.
fn segments<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a Part, &'a SegmentFacts)> {
    let delivery = view.delivery;
    let segments = delivery.segments.keys();
    segments.filter_map(|part| Some((part, delivery.segment(part)?)))
}

/// Every elementary stream of a segment of MPEG-TS.
fn streams<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a Part, &'a SegmentFacts)> {
    let streams = view.delivery.streams.iter();
    let streams = streams.filter_map(|(part, s)| Some((part, s.as_ref().ok()?)));
    streams.flat_map(|(part, s)| s.media.iter().map(move |m| (part, &m.facts)))
}

/// Reports the defects of a kind in segments that were looked into as one of `examined`.
pub(super) fn report(
    view: &View<'_>,
    out: &mut Findings,
    kind: DefectKind,
    examined: &[Examination],
) {
    let measured = segments(view).chain(streams(view));
    for (part, facts) in measured {
        if facts.examined.is_some_and(|e| examined.contains(&e)) {
            report_of(part, facts, kind, out);
        }
    }
}

/// Reports the defects of a kind in the boxes of segments.
pub(super) fn report_boxes(view: &View<'_>, out: &mut Findings, kind: DefectKind) {
    for (part, facts) in segments(view) {
        report_of(part, facts, kind, out);
    }
}

fn report_of(part: &Part, facts: &SegmentFacts, kind: DefectKind, out: &mut Findings) {
    out.seen();
    for defect in facts.defects.iter().filter(|d| d.kind == kind) {
        let mut fault = defect.fault.clone();
        // From the bytes of the part to the bytes of the object.
        let start = part.range.map_or(0, |(offset, _)| offset);
        fault.offset = fault.offset.saturating_add(start);
        out.fault(&part.path, &fault);
    }
}
