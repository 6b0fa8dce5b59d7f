//! Whether a source can be cut by seeking: where its index leaves a doubt, one worker decodes it from its beginning.

use serde::{Deserialize, Serialize};

use crate::probe::PacketIndex;

/// How workers come by the frames of their chunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Cutting {
    /// Each worker seeks to the last key frame before its chunk.
    Seek,
    /// One worker for each rung group decodes the whole file, because chunks of it could not be proven exact.
    Whole {
        /// What in the index speaks against seeking.
        reason: String,
    },
}

/// A leap of decoding times beyond this is a discontinuity and no pause (as in ffmpeg, `dts_delta_threshold`).
const LEAP_SECONDS: i64 = 10;

/// Packets in file order, cut where decoding times go back or leap: each run has a timeline of its own.
pub(super) fn runs(index: &PacketIndex) -> Vec<&[crate::probe::Packet]> {
    let (num, den) = index.time_base;
    let leap = i64::from(den) * LEAP_SECONDS / i64::from(num.max(1));
    let continuous = |a: i64, b: i64| b >= a && b.saturating_sub(a) <= leap;
    let same = |a: &crate::probe::Packet, b: &crate::probe::Packet| match (a.dts, b.dts) {
        (Some(a), Some(b)) => continuous(a, b),
        _ => true,
    };
    index.packets.chunk_by(same).collect()
}

/// Judges an index by what is known to defeat seeking.
pub(super) fn judge(index: &PacketIndex) -> Cutting {
    let whole = |reason: String| Cutting::Whole { reason };
    let runs = runs(index).len();
    if runs > 1 {
        return whole(format!(
            "its timestamps begin anew or leap at {} places",
            runs - 1
        ));
    }
    if index.gradual {
        return whole(
            "its key frames are recovery points of an intra refresh, from which pictures build up gradually".into(),
        );
    }
    if index.unordered {
        return whole(
            "its container stores frames in decoding order without times of display".into(),
        );
    }
    Cutting::Seek
}
