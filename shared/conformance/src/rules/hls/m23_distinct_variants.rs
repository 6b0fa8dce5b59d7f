use std::collections::BTreeSet;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M23",
    basis: &[should(Apple, "Apple HLS Authoring 1.32")],
    parts: &[],
    title: "no two variants are the same",
    doc: "Two variants with the same codec, size and bit rate give a client nothing to select between.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let mut seen = BTreeSet::new();
    for variant in out.each(view.variants()) {
        let key = ["CODECS", "RESOLUTION", "BANDWIDTH", "AUDIO", "SUBTITLES"];
        if !seen.insert(key.map(|name| variant.get(name))) {
            out.multivariant(variant.line, "a different variant", "a duplicate");
        }
    }
}
