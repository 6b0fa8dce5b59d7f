//! HLS-M25: a larger picture has a higher bit rate.

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::hls::{Variant, is_video_codec};
use crate::report::Severity;
use crate::view::View;

/// A larger picture has a higher bit rate.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M25",
    severity: Severity::Warn,
    spec: "Apple HLS Authoring 1.25",
    set: RuleSet::Standard,
    title: "a larger picture has a higher bit rate",
    doc: "A rung with more pixels and fewer bits than another of its codec is chosen on good networks and looks worse.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let variants = view.variants();
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
