use std::collections::BTreeMap;

use crate::hls::Encryption;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "PIP-02",
    basis: &[
        must(Rfc, "RFC 8216 3, ISO/IEC 14496-12 4.2"),
        must(Cmaf, "ISO/IEC 23000-19 7, ISO/IEC 14496-12 4.2"),
        must(Dash, "ISO/IEC 23009-1 6, ISO/IEC 14496-12 4.2"),
    ],
    parts: &[&FORMAT],
    title: "everything was measured",
    doc: "What could not be read or understood was not verified, and an output that is not verified is not published.",
    check,
};

const FORMAT: RulePart = RulePart {
    title: "segments have a format that can be measured",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let delivery = view.delivery;
    if !delivery.texts.is_empty() {
        out.seen();
    }
    for (path, reason) in failed(&delivery.texts) {
        out.object(path, "a text that can be read", reason);
    }
    for (part, reason) in failed(&delivery.inits) {
        out.object(&part.path, "an init segment that can be measured", reason);
    }
    for (part, reason) in failed(&delivery.indexes) {
        out.object(&part.path, "a segment index that can be read", reason);
    }
    let segments = failed(&delivery.streams).chain(failed(&delivery.segments));
    for (part, reason) in segments {
        out.object(&part.path, "a segment that can be measured", reason);
    }
    for (part, facts) in &delivery.segments {
        if let Some(fault) = facts.as_ref().ok().and_then(|f| f.faults.first()) {
            out.fault(&part.path, fault);
        }
    }
    let unread = delivery.wanted();
    let segments = unread.segments.iter().map(|(part, _)| part);
    let parts = unread.inits.iter().chain(segments).chain(&unread.streams);
    let parts = parts.chain(&unread.indexes);
    for path in unread.texts.iter().chain(parts.map(|p| &p.path)) {
        out.object(path, "an object that was read", "never read");
    }
    for rendition in view.video() {
        check_pictures(view, rendition, out);
    }
}

/// What could not be read, with the reason.
fn failed<K, T>(results: &BTreeMap<K, Result<T, String>>) -> impl Iterator<Item = (&K, &String)> {
    results
        .iter()
        .filter_map(|(key, result)| Some((key, result.as_ref().err()?)))
}

fn check_pictures(view: &View<'_>, rendition: &Rendition<'_>, out: &mut Findings) {
    let mut judged = rendition
        .segments
        .iter()
        .filter(|s| s.encryption != Encryption::Whole)
        .filter_map(|s| s.part.as_ref())
        // MPEG-TS and packed audio have no init segment.
        .filter(|part| !view.delivery.streams.contains_key(part));
    let is_playlist = rendition.representation.is_none();
    if rendition.maps.is_empty() && is_playlist && judged.next().is_some() {
        let expected = "segments of a format that can be measured";
        out.of(&FORMAT).object(
            &rendition.path,
            expected,
            "segments without an init segment",
        );
    }
    for (segment, facts) in rendition.measured_segments() {
        if facts
            .first_pictures
            .iter()
            .flatten()
            .any(|p| p.idr.is_none())
        {
            let expected = "a picture at the start of every fragment";
            out.segment(rendition, segment, expected, "no slice found");
        }
    }
}
