use crate::hls::is_video_codec;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M25",
    basis: &[should(Apple, "Apple HLS Authoring 1.25")],
    parts: &[],
    title: "no picture is larger than the source, and a larger picture has a higher bit rate",
    doc: "A client on a good network selects the larger picture, which looks worse if it has fewer bits. A picture \
          larger than the source has no additional detail. One pixel more is allowed, because an odd size is \
          rounded up.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let source = view.expected.and_then(|e| e.evidence.source);
    for variant in view.variants() {
        let Some((width, height)) = variant.resolution() else {
            continue;
        };
        out.seen();
        let larger = |s: &Resolution| {
            width > s.width.saturating_add(1) || height > s.height.saturating_add(1)
        };
        if let Some(source) = source.filter(larger) {
            let expected = format!("at most the size of the source, {source}");
            out.multivariant(variant.line, expected, format!("{width}x{height}"));
        }
        let Some((family, pixels, rate)) = summary(variant) else {
            continue;
        };
        let mut others = view.variants().iter().filter_map(summary);
        let above = others.find(|(f, p, r)| *f == family && *p < pixels && *r > rate);
        if let Some((_, _, above)) = above {
            let expected = format!("BANDWIDTH above that of smaller pictures, {above}");
            out.multivariant(variant.line, expected, rate);
        }
    }
}

/// Codec family, pixels of a picture, and bandwidth.
fn summary(variant: &Variant) -> Option<(String, u64, u64)> {
    let (width, height) = variant.resolution()?;
    let codecs = variant.codecs();
    let family = codecs.iter().find(|c| is_video_codec(c))?.get(..4)?;
    let pixels = u64::from(width) * u64::from(height);
    Some((family.to_owned(), pixels, variant.bandwidth()?))
}
