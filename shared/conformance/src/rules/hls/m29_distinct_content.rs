use std::collections::BTreeMap;

use crate::hls::MediaTag;
use crate::rule::prelude::*;
use crate::rules::declared::{same_content, same_text, shared_segment};

pub(super) const RULE: Rule = Rule {
    id: "HLS-M29",
    basis: &[must(Rfc, "RFC 8216 4.3.4.1, 4.3.4.2")],
    parts: &[],
    title: "renditions of different languages and variants of different pictures have different media",
    doc: "Two renditions with different LANGUAGE must not lead to the same media, and two variants with different \
          RESOLUTION neither. Media are the same if they are the same segments, or segments whose samples all have \
          the same sizes. No single segment may be that of another variant either: restore it from its own rung.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let tags = view.media_tags().iter();
    let tags = tags.filter_map(|t| Some((t, t.get("LANGUAGE")?, path(t)?)));
    let tags: Vec<(&MediaTag, &str, &str)> = tags.collect();
    for (index, (tag, language, path)) in tags.iter().enumerate() {
        out.seen();
        let mut others = tags.iter().take(index);
        let kind = tag.media_type();
        let same = others.find(|(other, other_language, other_path)| {
            let different = other_language != language && other.media_type() == kind;
            different && (other_path == path || same_media(view, path, other_path))
        });
        if let Some((_, other_language, other_path)) = same {
            let expected = format!("other media for {language:?} than for {other_language:?}");
            out.multivariant(tag.line, expected, format!("those of {other_path}"));
        }
    }
    let mut sizes: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut seen: Vec<(&Variant, &str)> = Vec::new();
    for variant in view.variants() {
        let (Some(path), Some(size)) = (variant.path(), variant.resolution()) else {
            continue;
        };
        out.seen();
        let first = *sizes.entry(path).or_insert(size);
        let other = seen.iter().find(|(other, other_path)| {
            *other_path != path
                && other.resolution() != Some(size)
                && same_media(view, path, other_path)
        });
        let other = other.map(|(_, path)| *path);
        if first != size || other.is_some() {
            let expected = format!("other media for {}x{}", size.0, size.1);
            let found = format!("those of {}", other.unwrap_or(path));
            out.multivariant(variant.line, expected, found);
        }
        let own = view.rendition(path).filter(|_| other.is_none());
        let mut others = seen
            .iter()
            .filter(|(v, p)| *p != path && v.resolution() != Some(size));
        let shared = own.and_then(|own| {
            others.find_map(|(_, other)| {
                Some((own, shared_segment(own, view.rendition(other)?)?, other))
            })
        });
        if let Some((own, segment, other)) = shared {
            let expected = format!("pictures of {}x{}", size.0, size.1);
            out.segment(own, segment, expected, format!("the segment of {other}"));
        }
        // Variants are compared with a bounded number of others.
        if seen.len() < MAX_COMPARED {
            seen.push((variant, path));
        }
    }
}

const MAX_COMPARED: usize = 64;

fn path(tag: &MediaTag) -> Option<&str> {
    tag.uri.as_ref()?.path.as_deref()
}

fn same_media(view: &View<'_>, a: &str, b: &str) -> bool {
    let Some((a, b)) = view.rendition(a).zip(view.rendition(b)) else {
        return false;
    };
    same_content(a, b) || same_text(view, a, b)
}
