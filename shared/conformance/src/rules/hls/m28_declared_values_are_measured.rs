use crate::hls::is_video_codec;
use crate::rule::prelude::*;
use crate::rules::declared::{contradicts_channels, contradicts_language, display_sizes};

pub(super) const RULE: Rule = Rule {
    id: "HLS-M28",
    basis: &[must(Rfc, "RFC 8216 4.3.4.1, 4.3.4.3, rfc8216bis 4.4.6.1")],
    parts: &[],
    title: "CHANNELS, LANGUAGE and the attributes of I-frame streams are those of the media",
    doc: "CHANNELS is compared with the codec configuration, LANGUAGE with the language of the track if it has one, \
          and RESOLUTION and CODECS of an I-frame stream with its init segment.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for tag in view.media_tags() {
        let rendition = tag
            .uri
            .as_ref()
            .and_then(|u| view.rendition(u.path.as_deref()?));
        let Some(init) = rendition.and_then(|r| r.init) else {
            continue;
        };
        out.seen();
        if let Some(wrong) = tag
            .get("LANGUAGE")
            .and_then(|l| contradicts_language(l, init))
        {
            out.multivariant(
                tag.line,
                format!("LANGUAGE {} as in mdhd", wrong.expected),
                wrong.found,
            );
        }
        let channels = tag.get("CHANNELS").and_then(|c| c.split('/').next());
        if let Some(wrong) = channels.and_then(|c| contradicts_channels(c, init)) {
            out.multivariant(
                tag.line,
                format!("CHANNELS of {}", wrong.expected),
                wrong.found,
            );
        }
    }
    for variant in view
        .multivariant
        .into_iter()
        .flat_map(|m| &m.i_frame_variants)
    {
        let Some((rendition, init)) = view.rendition_of(variant).and_then(|r| Some((r, r.init?)))
        else {
            continue;
        };
        out.seen();
        let sizes = display_sizes(rendition);
        if let Some((w, h)) = variant
            .resolution()
            .filter(|s| !sizes.is_empty() && !sizes.iter().any(|size| close(*size, *s)))
        {
            let expected = format!("RESOLUTION={}x{}", sizes[0].0, sizes[0].1);
            out.multivariant(variant.line, expected, format!("{w}x{h}"));
        }
        let codecs = variant.codecs();
        let video = codecs.iter().any(|c| is_video_codec(c));
        let same = |c: &&str| codec_family(c).eq_ignore_ascii_case(&init.entry);
        if video && !codecs.iter().any(same) {
            out.multivariant(
                variant.line,
                format!("CODECS with {}", init.codec),
                codecs.join(","),
            );
        }
    }
}

fn close(a: (u32, u32), b: (u32, u32)) -> bool {
    a.0.abs_diff(b.0) <= 2 && a.1.abs_diff(b.1) <= 2
}
