use std::collections::BTreeSet;

use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M01",
    basis: &[must(Apple, "Apple HLS Authoring 9.9")],
    parts: &[],
    title: "the multivariant playlist has at least two video variants",
    doc: "A client cannot adapt to the network with a single bit rate. One variant is enough if the job's ladder \
          has only one rung, and none for a title of audio alone.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(playlist) = view.multivariant.filter(|p| p.is_multivariant) else {
        if view.mpd.is_none() || view.expected.is_some() {
            out.object(MULTIVARIANT, "a multivariant playlist", "none");
        }
        return;
    };
    out.seen();
    let variants = &playlist.variants;
    let audio_alone = || !variants.is_empty() && !variants.iter().any(Variant::has_video);
    let needed = match view.expected {
        Some(job) => job.video.len().min(2),
        None if audio_alone() => 0,
        None => 2,
    };
    let video = variants.iter().filter(|v| v.has_video());
    let found: BTreeSet<_> = video.filter_map(Variant::path).collect();
    if found.len() < needed {
        let expected = format!("at least {needed} video variants");
        out.object(MULTIVARIANT, expected, found.len());
    }
}
