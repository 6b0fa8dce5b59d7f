use crate::hls::MediaTag;
use crate::hls::characteristics::{DESCRIBES_SOUND, DESCRIBES_VIDEO, TRANSCRIBES_DIALOG};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M17",
    basis: &[must(Apple, "Apple HLS Authoring 4.5, 4.6, 2.12, 2.13")],
    parts: &[],
    title: "accessibility renditions have the complete CHARACTERISTICS",
    doc: "Captions for the deaf and hard of hearing carry both characteristics. An audio description is \
          AUTOSELECT=YES; otherwise the accessibility setting of the device cannot select it. What the manifest \
          declares as SDH or as a description is marked as such.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for tag in view.media_tags() {
        let sdh = [TRANSCRIBES_DIALOG, DESCRIBES_SOUND].map(|c| has(tag, c));
        if tag.media_type() == "SUBTITLES" && sdh[0] != sdh[1] {
            let expected = format!("{TRANSCRIBES_DIALOG} and {DESCRIBES_SOUND} together");
            out.multivariant(tag.line, expected, characteristics(tag));
        }
        let described = tag.media_type() == "AUDIO" && has(tag, DESCRIBES_VIDEO);
        if described || sdh[0] || sdh[1] {
            out.seen();
        }
        if described && !tag.is_yes("AUTOSELECT") {
            let expected = format!("AUTOSELECT=YES with {DESCRIBES_VIDEO}");
            out.multivariant(tag.line, expected, tag.get("AUTOSELECT").unwrap_or("none"));
        }
    }
    let Some(expected) = view.expected else {
        return;
    };
    let described = expected.audio.iter().filter(|a| a.role.is_description());
    let described = described.map(|a| (&a.path, DESCRIBES_VIDEO));
    let sdh = expected.text.iter().filter(|t| t.sdh);
    for (folder, wanted) in described.chain(sdh.map(|t| (&t.path, TRANSCRIBES_DIALOG))) {
        let tags = view
            .in_folder(folder)
            .into_iter()
            .flat_map(|r| &r.media_tags);
        for tag in out.each(tags).filter(|t| !has(t, wanted)) {
            let expected = format!("{wanted} for {folder}");
            out.multivariant(tag.line, expected, characteristics(tag));
        }
    }
}

fn characteristics(tag: &MediaTag) -> &str {
    tag.get("CHARACTERISTICS").unwrap_or_default()
}

fn has(tag: &MediaTag, characteristic: &str) -> bool {
    let mut all = characteristics(tag).split(',');
    all.any(|c| c.trim() == characteristic)
}
