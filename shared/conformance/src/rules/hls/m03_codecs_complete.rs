use crate::hls::is_video_codec;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M03",
    basis: &[
        must(Rfc, "RFC 8216 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 9.1"),
    ],
    parts: &[&PRESENT, &COMPLETE],
    title: "CODECS lists every codec of the variant and of its audio group",
    doc: "A client decides by CODECS whether it can play a variant. SEG-10 checks whether profile and level agree.",
    check,
};

const PRESENT: RulePart = RulePart {
    title: "CODECS is present",
    basis: &[
        should(Rfc, "RFC 8216 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 9.1"),
    ],
};

const COMPLETE: RulePart = RulePart {
    title: "no codec is left out of CODECS",
    basis: &[
        should(Rfc, "RFC 8216 4.3.4.2"),
        must(Apple, "Apple HLS Authoring 9.1"),
    ],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in out.each(view.variants()) {
        if variant.get("CODECS").is_none() {
            out.of(&PRESENT)
                .multivariant(variant.line, "CODECS", "none");
            continue;
        }
        let declared = variant.codecs();
        let video = view.rendition_of(variant).into_iter();
        for rendition in video.chain(view.audio_of(variant)) {
            let Some(init) = rendition.init else { continue };
            if !declared
                .iter()
                .any(|c| codec_family(c).eq_ignore_ascii_case(&init.entry))
            {
                let expected = format!("CODECS with {} for {}", init.codec, rendition.path);
                // Another codec of the same kind is wrong; none of this kind is an omission.
                let video = rendition.kind == MediaKind::Video;
                if !declared.iter().any(|c| is_video_codec(c) == video) {
                    out.of(&COMPLETE);
                }
                out.multivariant(variant.line, expected, declared.join(","));
            }
        }
    }
}
