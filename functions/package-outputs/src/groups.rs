//! Audio groups: which renditions stand for each other.

use crate::model::{Audio, Package};

/// Renditions that a variant offers together, one for each track.
pub(crate) struct AudioGroup<'a> {
    /// `GROUP-ID`.
    pub(crate) id: &'static str,
    /// The members, in the manifest's order.
    pub(crate) members: Vec<&'a Audio>,
}

/// A group of stereo; and, where any track has more, a group with the surround mix of each track that has one and the
/// stereo of those that have not. Parallel groups have the same tracks (RFC 8216, 4.3.4.1.1), so that a player that
/// changes from one to the other finds its language again.
pub(crate) fn audio(package: &Package) -> Vec<AudioGroup<'_>> {
    let all = &package.audio;
    let stereo: Vec<&Audio> = all.iter().filter(|a| !a.planned.is_surround()).collect();
    let best = |audio: &&'_ Audio| {
        let mut mixes = all.iter();
        mixes.find(|a| a.planned.is_surround() && a.planned.same_track(&audio.planned))
    };
    let mut groups = Vec::new();
    if stereo.iter().any(|a| best(a).is_some()) {
        let members = stereo.iter().map(|a| best(a).unwrap_or(a)).collect();
        let id = "surround";
        groups.push(AudioGroup { id, members });
    }
    if !stereo.is_empty() {
        let id = "audio";
        groups.insert(
            0,
            AudioGroup {
                id,
                members: stereo,
            },
        );
    }
    groups
}
