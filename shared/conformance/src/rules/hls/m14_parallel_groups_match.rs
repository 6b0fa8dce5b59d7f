//! HLS-M14: parallel groups have the same members.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::{Findings, Rule, RuleSet};
use crate::delivery::MULTIVARIANT;
use crate::report::Severity;
use crate::view::View;

/// Parallel groups have the same members.
pub(super) static RULE: Rule = Rule {
    id: "HLS-M14",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.4.1.1",
    set: RuleSet::Standard,
    title: "parallel groups have the same members",
    doc: "When a player changes to a variant with another group it must find the same languages and names there.",
    check,
};

/// Language, name and characteristics of each member.
type Members<'a> = BTreeSet<[&'a str; 3]>;

fn check(view: &View<'_>, out: &mut Findings) {
    let mut groups: BTreeMap<(&str, &str), (u32, Members<'_>)> = BTreeMap::new();
    for media in view.media() {
        let get = |name| media.attributes.get(name).unwrap_or_default();
        let group = groups.entry((media.kind(), media.group()));
        let (_, members) = group.or_insert((media.line, BTreeSet::new()));
        members.insert([get("LANGUAGE"), get("NAME"), get("CHARACTERISTICS")]);
    }
    let mut first: BTreeMap<&str, (&str, &Members<'_>)> = BTreeMap::new();
    for ((kind, group), (line, members)) in &groups {
        let (name, known) = *first.entry(kind).or_insert((group, members));
        if known != members {
            let expected = format!("the {} members of group {name:?} in {group:?}", known.len());
            out.line(
                MULTIVARIANT,
                *line,
                expected,
                format!("{} others", members.len()),
            );
        }
    }
}
