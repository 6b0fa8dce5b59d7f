use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M03",
    severity: Fail,
    set: Standard,
    spec: "RFC 8216 4.3.4.2, Apple HLS Authoring 9.1",
    title: "CODECS lists every codec of the variant and of its audio group",
    doc: "A client decides by CODECS whether it can play a variant. SEG-10 checks whether profile and level agree.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for variant in view.variants() {
        if variant.get("CODECS").is_none() {
            out.multivariant(variant.line, "CODECS", "none");
            continue;
        }
        let declared = variant.codecs();
        let video = view.rendition_of(variant).into_iter();
        for rendition in video.chain(view.audio_of(variant)) {
            let Some(init) = rendition.init else { continue };
            if !declared.iter().any(|c| codec_family(c) == init.entry) {
                let expected = format!("CODECS with {} for {}", init.codec, rendition.path);
                out.multivariant(variant.line, expected, declared.join(","));
            }
        }
    }
}
