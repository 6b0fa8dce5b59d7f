//! CMF-05: a switching set has one codec family, one timescale and aligned fragments.

use std::collections::BTreeSet;

use super::super::{Findings, Rule, RuleSet};
use crate::dash::AdaptationSet;
use crate::report::Severity;
use crate::view::{Kind, Track, View};

/// A switching set has one codec family, one timescale and aligned fragments.
pub(super) static RULE: Rule = Rule {
    id: "CMF-05",
    severity: Severity::Fail,
    spec: "ISO/IEC 23000-19 7.3.4.1",
    set: RuleSet::Standard,
    title: "a switching set has one codec family, one timescale and aligned fragments",
    doc: "The representations of an adaptation set, else the video of one codec: a player joins their fragments on one timeline.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for set in sets(view) {
        let Some((first, rest)) = set.split_first() else {
            continue;
        };
        for track in rest {
            if let Some((expected, found)) = differs(first, track) {
                out.add(
                    &track.path,
                    None,
                    format!("{expected} as {}", first.path),
                    found,
                );
            }
        }
    }
}

fn sets<'v, 'a>(view: &'v View<'a>) -> Vec<Vec<&'v Track<'a>>> {
    if let Some(mpd) = view.mpd {
        let sets = mpd.periods.iter().flat_map(|p| &p.sets);
        let tracks = |s: &AdaptationSet| {
            let inits = s.representations.iter().filter_map(|r| r.init.as_ref());
            inits.filter_map(|(path, _)| view.of_init(path)).collect()
        };
        return sets.map(tracks).collect();
    }
    let entry = |t: &&Track<'_>| t.init.map(|i| i.entry.clone());
    let families: BTreeSet<_> = view.of(Kind::Video).filter_map(|t| entry(&t)).collect();
    let members = |family| {
        view.of(Kind::Video)
            .filter(|t| entry(t).as_ref() == Some(family))
            .collect()
    };
    families.iter().map(members).collect()
}

fn differs(first: &Track<'_>, track: &Track<'_>) -> Option<(String, String)> {
    let (a, b) = (first.init?, track.init?);
    if a.entry != b.entry {
        return Some((a.entry.clone(), b.entry.clone()));
    }
    if a.timescale != b.timescale {
        return Some((
            format!("timescale {}", a.timescale),
            b.timescale.to_string(),
        ));
    }
    if first.kind != Kind::Video || first.segments.len() != track.segments.len() {
        return None;
    }
    let (a, b) = (starts(first)?, starts(track)?);
    // Segments that start differently are HLS-P08; here it is the fragments inside of them.
    let differing = a
        .iter()
        .zip(&b)
        .find(|(a, b)| a.first() == b.first() && a != b);
    differing.map(|(a, b)| (format!("fragments at {a:?}"), format!("{b:?}")))
}

/// Start times of the fragments of each segment, less those that continue a broken one.
fn starts(track: &Track<'_>) -> Option<Vec<Vec<u64>>> {
    let all = track.measured()?;
    Some(
        all.iter()
            .map(|f| f.of_track().map(|f| f.tfdt).collect())
            .collect(),
    )
}
