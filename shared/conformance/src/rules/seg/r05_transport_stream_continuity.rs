//! SEG-05: MPEG-TS: PAT and PMT first, continuity counters and times go on.

use super::super::{Findings, Rule, RuleSet};
use crate::report::{Location, Severity};
use crate::ts::{self, TsFacts};
use crate::view::{Track, View};

/// MPEG-TS: PAT and PMT first, continuity counters and times go on.
pub(super) static RULE: Rule = Rule {
    id: "SEG-05",
    severity: Severity::Fail,
    spec: "RFC 8216 3.2, Apple HLS Authoring 7.2, ISO/IEC 13818-1 2.4.3",
    set: RuleSet::Standard,
    title: "MPEG-TS: PAT and PMT first, continuity counters and times go on",
    doc: "Within segments and over their joins: a counter that jumps is a lost packet to a player, a time that runs backwards stops it. Where EXT-X-DISCONTINUITY stands both may start anew.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in &view.tracks {
        check_track(view, track, out);
    }
}

fn check_track(view: &View<'_>, track: &Track<'_>, out: &mut Findings) {
    let mut before: Option<&TsFacts> = None;
    for (segment, tag) in track.segments.iter().zip(&track.playlist.segments) {
        let facts = segment.part.as_ref().and_then(|p| view.delivery.stream(p));
        let Some(facts) = facts else {
            before = None;
            continue;
        };
        if !facts.tables_first || facts.programs != 1 {
            let found = match facts.programs {
                1 => "media before the tables, or no PMT".to_owned(),
                n => format!("a PAT of {n} programmes"),
            };
            let expected = "one programme, its PAT and PMT first";
            out.segment(&track.path, segment.number, expected, found);
        }
        if let (Some(fault), Some(part)) = (facts.faults.first(), &segment.part) {
            let at = Some(Location::Byte(fault.offset));
            let expected = format!("{} in {}", fault.expected, fault.path);
            out.add(&part.path, at, expected, &*fault.found);
        }
        let joined = before.filter(|_| !tag.discontinuity);
        if let Some((expected, found)) = joined.and_then(|b| ts::join(b, facts)) {
            out.segment(&track.path, segment.number, expected, found);
        }
        before = Some(facts);
    }
}
