use std::collections::BTreeSet;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SUB-02",
    basis: &[must(Reelsmith, "Apple HLS Authoring 5.8")],
    parts: &[],
    title: "caption languages, names and forced flags are those of the manifest",
    doc: "Every caption track of the manifest is present, nothing else is, and forced captions are marked as forced.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(expected) = view.expected else {
        return out.not_judged(NO_JOB);
    };
    if expected.text.is_empty() && view.multivariant.is_none() {
        return;
    }
    out.seen();
    let found = view.labels("SUBTITLES", "FORCED");
    let wanted = expected.text.iter();
    let wanted: BTreeSet<_> = wanted
        .map(|t| (&*t.language, &*t.label, t.forced))
        .collect();
    for (language, name, forced) in wanted.difference(&found) {
        let expected = format!("captions {language} {name:?} with forced {forced}");
        out.object(MULTIVARIANT, expected, "none");
    }
    for (language, name, forced) in found.difference(&wanted) {
        let found = format!("{language} {name:?} with forced {forced}");
        out.object(MULTIVARIANT, "only captions of the manifest", found);
    }
}
