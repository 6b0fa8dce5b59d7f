//! DSH-17: an encrypted set says so, with its key.

use super::super::{Findings, Rule, RuleSet};
use crate::dash::{AdaptationSet, ContentProtection};
use crate::delivery::{MPD, Part};
use crate::report::Severity;
use crate::view::View;
use reelsmith_isobmff::Init;

/// An encrypted set says so, with its key.
pub(super) static RULE: Rule = Rule {
    id: "DSH-17",
    severity: Severity::Fail,
    spec: "ISO/IEC 23009-1 5.8.4.1, DASH-IF IOP 7.5",
    set: RuleSet::Standard,
    title: "ContentProtection stands on the set, with scheme and default_KID of the media",
    doc: "The descriptor urn:mpeg:dash:mp4protection:2011 and its cenc:default_KID are what a player asks for a licence with, before it reads any media.",
    check,
};

/// The descriptor that tells scheme and key.
const MP4_PROTECTION: &str = "urn:mpeg:dash:mp4protection:2011";

fn check(view: &View<'_>, out: &mut Findings) {
    let sets = view.mpd.into_iter().flat_map(|m| &m.periods);
    for set in sets.flat_map(|p| &p.sets) {
        for own in set.representations.iter().flat_map(|r| &r.protection) {
            let expected = "ContentProtection on the adaptation set";
            out.line(MPD, own.line, expected, "on a representation");
        }
        let described = set.protection.iter();
        let described = described.filter(|p| p.scheme == MP4_PROTECTION);
        let described = described.collect::<Vec<_>>();
        if let Some((expected, found)) = differs(view, set, &described) {
            let line = described.first().map_or(set.element.line, |p| p.line);
            out.line(MPD, line, expected, found);
        }
    }
}

fn differs(
    view: &View<'_>,
    set: &AdaptationSet,
    described: &[&ContentProtection],
) -> Option<(String, String)> {
    let inits = set.representations.iter().filter_map(|r| {
        let (path, range) = r.init.clone()?;
        view.delivery.init(&Part { path, range })
    });
    for init in inits {
        match (described.first(), init.encrypted) {
            (None, false) => {}
            (None, true) => {
                let expected = format!("ContentProtection {MP4_PROTECTION}");
                return Some((expected, "none, but encrypted media".to_owned()));
            }
            (Some(_), false) => {
                let expected = "encrypted media under ContentProtection".to_owned();
                return Some((expected, "media in the clear".to_owned()));
            }
            (Some(descriptor), true) => {
                let found = contradicts(descriptor, init);
                if found.is_some() {
                    return found;
                }
            }
        }
    }
    None
}

fn contradicts(descriptor: &ContentProtection, init: &Init) -> Option<(String, String)> {
    let protection = init.protection.as_ref()?;
    let said = descriptor.key_id.as_deref().unwrap_or("none");
    let digits = said.replace('-', "").to_ascii_lowercase();
    if digits != protection.key_id {
        let expected = format!("cenc:default_KID {} as in tenc", protection.key_id);
        return Some((expected, said.to_owned()));
    }
    let scheme = descriptor.value.as_deref().unwrap_or("none");
    (scheme != protection.scheme).then(|| {
        let expected = format!("the scheme {} as in schm", protection.scheme);
        (expected, scheme.to_owned())
    })
}
