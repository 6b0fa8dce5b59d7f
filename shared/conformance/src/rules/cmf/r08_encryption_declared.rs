use reelsmith_isobmff::Protection;

use crate::fault::Mismatch;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-08",
    basis: &[
        must(Rfc, "RFC 8216 4.3.2.4, ISO/IEC 23001-7 4.2"),
        must(Cmaf, "ISO/IEC 23000-19 8.2, ISO/IEC 23001-7 4.2"),
        must(Dash, "ISO/IEC 23001-7 4.2"),
    ],
    parts: &[&PATTERN],
    title: "an encrypted track declares its scheme; cbcs has its pattern and a constant IV of 16 bytes",
    doc: "With cbcs, video encrypts one block in ten and audio every block. SAMPLE-AES in a playlist means cbcs. \
          Devices cannot decrypt anything else.",
    check,
};

const PATTERN: RulePart = RulePart {
    title: "cbcs has its pattern and a constant IV of 16 bytes",
    basis: &[
        must(Cmaf, "ISO/IEC 23001-7 10.4"),
        must(Apple, "Apple HLS Authoring 1.36, 13.7"),
    ],
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video_and_audio() {
        let Some((init, path)) = rendition.init_at().filter(|(i, _)| i.encrypted) else {
            continue;
        };
        out.seen();
        let Some(protection) = &init.protection else {
            let expected = "schm and tenc in an encrypted sample entry";
            out.object(path, expected, "none");
            continue;
        };
        if let Some(wrong) = wrong_scheme(rendition, protection) {
            if protection.scheme == "cbcs" {
                out.of(&PATTERN);
            }
            out.object(path, wrong.expected, wrong.found);
        }
    }
}

fn wrong_scheme(rendition: &Rendition<'_>, protection: &Protection) -> Option<Mismatch> {
    if protection.scheme != "cbcs" {
        let mut methods = rendition
            .playlist
            .keys
            .iter()
            .map(|k| k.value.get("METHOD"));
        let sample_aes = methods.any(|m| m == Some("SAMPLE-AES"));
        return sample_aes.then(|| Mismatch::new("the scheme cbcs", &protection.scheme));
    }
    let (crypt, skip) = (protection.crypt, protection.skip);
    // ISO/IEC 23001-7, 10.4.2: without a pattern, or with nothing to skip, whole blocks of a sample are encrypted.
    let (expected, allowed) = match rendition.kind {
        MediaKind::Video => ("the pattern 1:9", (crypt, skip) == (1, 9)),
        _ => ("the pattern 10:0 or none", skip == 0),
    };
    if !allowed {
        return Some(Mismatch::new(expected, format!("{crypt}:{skip}")));
    }
    let length = protection.constant_iv.len();
    let constant = protection.iv_size == 0 && length == 16;
    (protection.protected && !constant).then(|| {
        let found = format!("{length} bytes, and {} per sample", protection.iv_size);
        Mismatch::new("a constant IV of 16 bytes", found)
    })
}
