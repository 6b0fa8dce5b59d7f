//! HLS-M25: no picture is larger than the source; a larger picture has a higher bit rate.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::hls::{Variant, is_video_codec};
use crate::report::Severity;
use crate::view::View;

/// No picture is larger than the source; a larger picture has a higher bit rate.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M25",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 1.25",
    set: RuleSet::Standard,
    title: "no picture is larger than the source; a larger picture has a higher bit rate",
    doc: "A rung with more pixels and fewer bits than another of its codec is chosen on good networks and looks worse; one with more pixels than the source has nothing to show in them.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let variants = view.variants();
    upscaled(view, out);
    let facts = |v: &Variant| {
        let (w, h) = v.resolution()?;
        let codecs = v.codecs();
        let family = codecs.iter().find(|c| is_video_codec(c))?;
        let family = family.get(..4)?.to_owned();
        Some((family, u64::from(w) * u64::from(h), v.bandwidth()?))
    };
    for variant in variants {
        let Some((family, pixels, rate)) = facts(variant) else {
            continue;
        };
        let mut smaller = variants.iter().filter_map(facts);
        if let Some((_, _, above)) =
            smaller.find(|(f, p, r)| *f == family && *p < pixels && *r > rate)
        {
            let expected = format!("BANDWIDTH above that of smaller pictures, {above}");
            out.line(MULTIVARIANT, variant.line, expected, rate.to_string());
        }
    }
}

/// A side may be one pixel longer than the source's, where that was odd.
fn upscaled(view: &View<'_>, out: &mut Findings) {
    let Some(source) = view.expected.and_then(|e| e.evidence.source) else {
        return;
    };
    for variant in view.variants() {
        let (width, height) = variant.resolution().unwrap_or((0, 0));
        if width > source.width.saturating_add(1) || height > source.height.saturating_add(1) {
            let expected = format!("at most the size of the source, {source}");
            out.line(
                MULTIVARIANT,
                variant.line,
                expected,
                format!("{width}x{height}"),
            );
        }
    }
}
