//! HLS-M17: accessibility renditions say so in full.

use super::super::{Findings, Rule, RuleSet};
use crate::characteristics::{
    DESCRIBES_SOUND as SOUND, DESCRIBES_VIDEO as VIDEO, TRANSCRIBES_DIALOG as SPOKEN,
};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// Accessibility renditions say so in full.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M17",
    severity: Severity::Fail,
    spec: "Apple HLS Authoring 4.5, 4.6, 2.12, 2.13",
    set: RuleSet::Standard,
    title: "accessibility renditions say so in full",
    doc: "Captions for the deaf carry both characteristics; audio description is AUTOSELECT=YES, or the system setting cannot choose it.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for media in view.media() {
        let text = media.attributes.get("CHARACTERISTICS").unwrap_or_default();
        let has = |name: &str| text.split(',').any(|c| c.trim() == name);
        if media.kind() == "SUBTITLES" && has(SPOKEN) != has(SOUND) {
            let expected = format!("{SPOKEN} and {SOUND} together");
            out.line(MULTIVARIANT, media.line, expected, text);
        }
        if media.kind() == "AUDIO" && has(VIDEO) && !media.is_yes("AUTOSELECT") {
            let expected = format!("AUTOSELECT=YES with {VIDEO}");
            out.line(MULTIVARIANT, media.line, expected, "not");
        }
    }
    if let Some(expected) = view.expected {
        let audio = expected.audio.iter().filter(|a| a.described);
        let text = expected.text.iter().filter(|t| t.sdh);
        let audio = audio.map(|a| (a.path.as_str(), VIDEO));
        for (folder, wanted) in audio.chain(text.map(|t| (t.path.as_str(), SPOKEN))) {
            promised(view, folder, wanted, out);
        }
    }
}

/// What the manifest calls a description or SDH must be announced as such.
fn promised(view: &View<'_>, folder: &str, wanted: &str, out: &mut Findings) {
    let tags = view.in_folder(folder).map_or(&[][..], |t| &t.media);
    for tag in tags {
        let text = tag.attributes.get("CHARACTERISTICS").unwrap_or_default();
        if !text.split(',').any(|c| c.trim() == wanted) {
            let expected = format!("{wanted} for {folder}");
            out.line(MULTIVARIANT, tag.line, expected, text);
        }
    }
}
