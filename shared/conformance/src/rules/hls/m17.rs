//! HLS-M17: accessibility renditions say so in full.

use super::super::{Findings, Rule, RuleSet};
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

const SPOKEN: &str = "public.accessibility.transcribes-spoken-dialog";
const SOUND: &str = "public.accessibility.describes-music-and-sound";
const VIDEO: &str = "public.accessibility.describes-video";

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
}
