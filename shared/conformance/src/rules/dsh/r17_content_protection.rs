use crate::dash::ContentProtection;
use crate::fault::Mismatch;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-17",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.8.4.1")],
    parts: &[&ON_SET],
    title: "an adaptation set declares its encryption: ContentProtection with scheme and default_KID of the media",
    doc: "A client requests a licence with the descriptor urn:mpeg:dash:mp4protection:2011 and its cenc:default_KID \
          before it reads any media. The descriptor is on the adaptation set, not on a representation.",
    check,
};

const ON_SET: RulePart = RulePart {
    title: "ContentProtection is on the adaptation set",
    basis: &[must(DashIf, "DASH-IF IOP 7.5")],
};

/// The descriptor that declares scheme and key.
const MP4_PROTECTION: &str = "urn:mpeg:dash:mp4protection:2011";

fn check(view: &View<'_>, out: &mut Findings) {
    for set in view.adaptation_sets() {
        for own in set.representations.iter().flat_map(|r| &r.protection) {
            let expected = "ContentProtection on the adaptation set";
            out.of(&ON_SET)
                .mpd(own.line, expected, "on a representation");
        }
        let mut descriptors = set.protection.iter();
        let descriptor = descriptors.find(|p| p.scheme == MP4_PROTECTION);
        let inits = set.representations.iter().filter_map(|r| view.init_of(r));
        if descriptor.is_some() {
            out.seen();
        }
        let encrypted = inits.clone().filter(|i| i.encrypted);
        out.each(encrypted).for_each(drop);
        let mut inits = inits;
        if let Some(wrong) = inits.find_map(|init| compare(descriptor, init)) {
            let line = descriptor.map_or(set.element.line, |p| p.line);
            out.mpd(line, wrong.expected, wrong.found);
        }
    }
}

fn compare(descriptor: Option<&ContentProtection>, init: &Init) -> Option<Mismatch> {
    let descriptor = match (descriptor, init.encrypted) {
        (None, false) => return None,
        (None, true) => {
            let expected = format!("ContentProtection {MP4_PROTECTION}");
            return Some(Mismatch::new(expected, "none, but encrypted media"));
        }
        (Some(_), false) => {
            let expected = "encrypted media under ContentProtection";
            return Some(Mismatch::new(expected, "media in the clear"));
        }
        (Some(descriptor), true) => descriptor,
    };
    let protection = init.protection.as_ref()?;
    let key = descriptor.key_id.as_deref().unwrap_or("none");
    if key.replace('-', "").to_ascii_lowercase() != protection.key_id {
        let expected = format!("cenc:default_KID {} as in tenc", protection.key_id);
        return Some(Mismatch::new(expected, key));
    }
    let scheme = descriptor.value.as_deref().unwrap_or("none");
    (scheme != protection.scheme).then(|| {
        let expected = format!("the scheme {} as in schm", protection.scheme);
        Mismatch::new(expected, scheme)
    })
}
