use crate::rule::prelude::*;
use crate::ts::{self, TsFacts};

pub(super) const RULE: Rule = Rule {
    id: "SEG-05",
    basis: &[
        must(Rfc, "RFC 8216 3.2, ISO/IEC 13818-1 2.4.3"),
        must(Apple, "Apple HLS Authoring 7.2"),
    ],
    parts: &[],
    title: "an MPEG-TS segment starts with PAT and PMT, and its continuity counters and times continue",
    doc: "Checked within segments and across their boundaries. A client treats a gap in the counter as a lost \
          packet, and stops at a time that runs backwards. Both may start anew after EXT-X-DISCONTINUITY.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in &view.renditions {
        let mut before: Option<&TsFacts> = None;
        for (segment, tag) in rendition.segments.iter().zip(&rendition.playlist.segments) {
            let facts = segment.part.as_ref().and_then(|p| view.delivery.stream(p));
            let joined = std::mem::replace(&mut before, facts).filter(|_| !tag.discontinuity);
            let Some(facts) = facts else { continue };
            out.seen();
            if !facts.tables_first || facts.programs != 1 {
                let found = match facts.programs {
                    1 => "media before the tables, or no PMT".to_owned(),
                    n => format!("a PAT of {n} programs"),
                };
                let expected = "one program, with its PAT and PMT first";
                out.segment(rendition, segment, expected, found);
            }
            if let (Some(fault), Some(part)) = (facts.faults.first(), &segment.part) {
                out.fault(&part.path, fault);
            }
            if let Some(gap) = joined.and_then(|b| ts::join(b, facts)) {
                out.segment(rendition, segment, gap.expected, gap.found);
            }
        }
    }
}
