//! PIP-02: everything was measured.

use super::super::{Findings, Rule, RuleSet};
use crate::report::{Location, Severity};
use crate::view::{Kind, Track, View};

/// Everything was measured.
pub(super) static RULE: Rule = Rule {
    id: "PIP-02",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Standard,
    title: "everything was measured",
    doc: "What could not be read or understood was not verified, and an output that is not verified is not published.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let delivery = view.delivery;
    for (path, text) in &delivery.texts {
        if let Err(reason) = text {
            out.add(path, None, "a text that can be read", reason);
        }
    }
    for (part, init) in &delivery.inits {
        if let Err(reason) = init {
            out.add(
                &part.path,
                None,
                "an init segment that can be measured",
                reason,
            );
        }
    }
    for (part, stream) in &delivery.streams {
        if let Err(reason) = stream {
            out.add(&part.path, None, "a segment that can be measured", reason);
        }
    }
    for (part, segment) in &delivery.segments {
        match segment {
            Err(reason) => out.add(&part.path, None, "a segment that can be measured", reason),
            Ok(facts) => {
                if let Some(fault) = facts.faults.first() {
                    let at = Some(Location::Byte(fault.offset));
                    out.add(
                        &part.path,
                        at,
                        format!("{} in {}", fault.expected, fault.path),
                        &*fault.found,
                    );
                }
            }
        }
    }
    unread(view, out);
    for track in view.of(Kind::Video) {
        unseen(track, out);
    }
}

/// What is there and referenced, but was never read.
fn unread(view: &View<'_>, out: &mut Findings) {
    let wanted = view.delivery.wanted();
    let inits = wanted.inits.iter().map(|p| &p.path);
    let segments = wanted.segments.iter().map(|(p, _)| p);
    let segments = segments.chain(&wanted.streams).map(|p| &p.path);
    for path in wanted.texts.iter().chain(inits).chain(segments) {
        out.add(path, None, "to be measured", "never read");
    }
}

fn unseen(track: &Track<'_>, out: &mut Findings) {
    if track.maps.is_empty() && !track.segments.is_empty() {
        let found = "segments without an init segment";
        out.add(
            &track.path,
            None,
            "segments of a format that can be measured",
            found,
        );
    }
    for segment in &track.segments {
        let pictures = segment.facts.into_iter().flat_map(|f| &f.first_pictures);
        if pictures.flatten().any(|p| p.idr.is_none()) {
            let expected = "a picture at the start of every fragment";
            out.segment(&track.path, segment.number, expected, "no slice found");
        }
    }
}
