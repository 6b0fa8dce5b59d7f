use std::collections::{BTreeMap, BTreeSet};

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M14",
    basis: &[must(Rfc, "RFC 8216 4.3.4.1.1")],
    parts: &[],
    title: "groups of the same TYPE have the same members",
    doc: "When a client switches to a variant with another group, it must find the same languages, names and \
          characteristics there.",
    check,
};

/// Language, name and characteristics of each member.
type Members<'a> = BTreeSet<[&'a str; 3]>;

fn check(view: &View<'_>, out: &mut Findings) {
    let mut groups: BTreeMap<(&str, &str), (u32, Members<'_>)> = BTreeMap::new();
    for tag in view.media_tags() {
        let member =
            ["LANGUAGE", "NAME", "CHARACTERISTICS"].map(|a| tag.get(a).unwrap_or_default());
        let group = groups.entry((tag.media_type(), tag.group_id()));
        group
            .or_insert((tag.line, BTreeSet::new()))
            .1
            .insert(member);
    }
    let mut first: BTreeMap<&str, (&str, &Members<'_>)> = BTreeMap::new();
    for ((kind, group), (line, members)) in &groups {
        let (first_group, expected) = *first.entry(kind).or_insert((group, members));
        if first_group == *group {
            continue;
        }
        out.seen();
        if expected != members {
            let count = expected.len();
            let expected = format!("the {count} members of group {first_group:?} in {group:?}");
            out.multivariant(
                *line,
                expected,
                format!("{} different members", members.len()),
            );
        }
    }
}
