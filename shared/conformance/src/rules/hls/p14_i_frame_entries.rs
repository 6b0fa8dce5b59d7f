//! HLS-P14: an I-frame playlist says so, and each entry is exactly one IDR picture.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::Part;
use crate::report::Severity;
use crate::view::{Kind, View};

/// An I-frame playlist says so, and each entry is exactly one IDR picture.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P14",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.3.6, Apple HLS Authoring 6.8",
    set: RuleSet::Standard,
    title: "an I-frame playlist says so, and each entry is exactly one IDR picture",
    doc: "Each range starts at the `moof` of a fragment and ends where its first picture ends.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for track in view.of(Kind::IFrames) {
        if track.playlist.i_frames_only.is_none() {
            out.add(&track.path, None, "EXT-X-I-FRAMES-ONLY", "none");
        }
        for segment in &track.segments {
            let Some(part) = &segment.part else { continue };
            let Some((offset, length)) = part.range else {
                continue;
            };
            let Some(pictures) = pictures(view, &part.path) else {
                continue;
            };
            let end = offset.saturating_add(length);
            if !pictures.contains(&(offset, end)) {
                let expected = format!(
                    "the bytes of one IDR picture of {} with its moof",
                    part.path
                );
                out.line(
                    &track.path,
                    segment.line,
                    expected,
                    format!("{offset} to {end}"),
                );
            }
        }
    }
}

/// Where each fragment's first picture is, from its `moof`, if it is an IDR; `None` where that was not measured.
fn pictures(view: &View<'_>, path: &str) -> Option<Vec<(u64, u64)>> {
    let facts = view.delivery.segment(&Part::whole(path))?;
    let both = facts.fragments.iter().zip(&facts.first_pictures);
    let idr = both.filter(|(_, p)| p.as_ref().is_some_and(|p| p.idr == Some(true)));
    let ends = idr.filter_map(|(f, _)| {
        let first = f.samples.first()?;
        Some((f.moof.start, first.offset.saturating_add(first.size.into())))
    });
    Some(ends.collect())
}
