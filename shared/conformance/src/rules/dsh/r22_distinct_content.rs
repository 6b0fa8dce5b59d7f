use crate::dash::AdaptationSet;
use crate::rule::prelude::*;
use crate::rules::declared::{same_content, shared_segment};

pub(super) const RULE: Rule = Rule {
    id: "DSH-22",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.3.1, 5.3.5.1")],
    parts: &[],
    title: "sets of different languages and representations of different sizes have different media",
    doc: "Media are the same if they are the same segments, or segments whose samples all have the same sizes. \
          For pictures of different heights, one such segment is enough.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for period in view.mpd.into_iter().flat_map(|m| &m.periods) {
        let sets = period.sets.iter();
        let all = sets.flat_map(|s| s.representations.iter().map(move |r| (s, r)));
        let all: Vec<_> = all
            .filter_map(|(set, r)| Some((set, r, view.rendition_of_representation(r)?)))
            .take(MAX_COMPARED)
            .collect();
        for (index, (set, representation, rendition)) in all.iter().enumerate() {
            out.seen();
            let differs = |other: &AdaptationSet, name: &str, a: Option<&str>, b: Option<&str>| {
                let by_set = name == "lang" && !std::ptr::eq(other, *set);
                a.zip(b).is_some_and(|(a, b)| a != b) && (by_set || name != "lang")
            };
            let mut others = all.iter().take(index);
            let same = others.find(|(other_set, other, other_rendition)| {
                // One segment of another representation proves it only for pictures: silence has samples of equal sizes.
                let media = |by_height: bool| {
                    let one = || shared_segment(rendition, other_rendition).is_some();
                    same_content(rendition, other_rendition) || (by_height && one())
                };
                let lang = differs(
                    other_set,
                    "lang",
                    set.element.get("lang"),
                    other_set.element.get("lang"),
                );
                let height = differs(
                    other_set,
                    "height",
                    set.attribute(representation, "height"),
                    other_set.attribute(other, "height"),
                );
                (lang || height) && media(height)
            });
            if let Some((_, other, _)) = same {
                let id = other.element.get("id").unwrap_or_default();
                let expected = format!("other media than those of {id:?}");
                out.mpd(
                    representation.element.line,
                    expected,
                    "the same, or a segment of them",
                );
            }
        }
    }
}

/// Representations are compared with a bounded number of others.
const MAX_COMPARED: usize = 64;
