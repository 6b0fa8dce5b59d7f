use std::collections::BTreeSet;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M12",
    basis: &[must(Rfc, "RFC 8216 4.3.4.1")],
    parts: &[],
    title: "EXT-X-MEDIA is complete and unambiguous",
    doc: "TYPE, GROUP-ID and NAME are present, a name is unique in its group, at most one rendition of a group is \
          DEFAULT, and a default rendition is not AUTOSELECT=NO.",
    check,
};

const TYPES: [&str; 5] = ["", "AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"];

fn check(view: &View<'_>, out: &mut Findings) {
    let mut names = BTreeSet::new();
    let mut defaults = BTreeSet::new();
    for tag in out.each(view.media_tags()) {
        let (kind, group, name) = (tag.media_type(), tag.group_id(), tag.name());
        for required in ["TYPE", "GROUP-ID", "NAME"] {
            if tag.get(required).is_none() {
                out.multivariant(tag.line, required, "none");
            }
        }
        if !TYPES.contains(&kind) {
            out.multivariant(tag.line, "a known TYPE", kind);
        }
        if !names.insert((kind, group, name)) {
            let expected = format!("NAME {name:?} once in its group");
            out.multivariant(tag.line, expected, "a duplicate");
        }
        if !tag.is_yes("DEFAULT") {
            continue;
        }
        if !defaults.insert((kind, group)) {
            out.multivariant(tag.line, "one DEFAULT=YES in a group", "a second one");
        }
        if tag.get("AUTOSELECT") == Some("NO") {
            out.multivariant(tag.line, "AUTOSELECT=YES with DEFAULT=YES", "NO");
        }
    }
}
