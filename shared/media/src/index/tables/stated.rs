//! What the sample entry of a picture says that ffmpeg 5.1 does not read.

use std::sync::Arc;

use reelsmith_core::aperture::{CleanAperture, Crop};
use reelsmith_core::ports::{ObjectPin, ObjectStore};
use reelsmith_core::probe::Probe;
use reelsmith_core::sniff::Container;
use reelsmith_core::units::Resolution;

use super::{Reader, child, children, word};
use crate::error::MediaError;
use crate::proxy::Fault;

/// Boxes of the top level that are looked at for the movie box.
const MOST_LOOKS: usize = 100_000;

/// Fills in what ffprobe does not tell of a pinned mezzanine: the clean aperture of MP4 and MOV.
///
/// # Errors
/// Those of the store. A file without the box, or with one that makes no sense, is shown whole.
pub async fn complete(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    mut probe: Probe,
) -> Result<Probe, MediaError> {
    if probe.container == Container::Mov {
        let mut reader = Reader::new(store, pin);
        let moov = reader
            .movie_box(MOST_LOOKS)
            .await
            .map_err(|fault| match fault {
                Fault::Port(error) => MediaError::source(error),
                Fault::Budget(budget) => MediaError::ReadBudget { budget },
            })?;
        let video = &mut probe.video;
        video.crop = moov.and_then(|moov| crop(&moov, video.index, video.coded));
    }
    Ok(probe)
}

/// The crop that the first sample entry of a track states, where it is of the size that the decoder gives.
fn crop(moov: &[u8], stream: u32, coded: Resolution) -> Option<Crop> {
    let movie = child(moov, 0..moov.len(), b"moov")?;
    let mut tracks = children(moov, movie)
        .into_iter()
        .filter(|(kind, _)| kind == b"trak");
    let (_, mut at) = tracks.nth(stream as usize)?;
    for kind in [b"mdia", b"minf", b"stbl", b"stsd"] {
        at = child(moov, at, kind)?;
    }
    // Version, flags and the number of entries (8.5.2).
    let (_, entry) = children(moov, at.start.checked_add(8)?..at.end)
        .into_iter()
        .next()?;
    let size = word(moov, entry.start.checked_add(24)?)?;
    let stated = Resolution {
        width: size >> 16,
        height: size & 0xffff,
    };
    let clap = child(
        moov,
        entry.start.checked_add(VISUAL_ENTRY)?..entry.end,
        b"clap",
    )?;
    let field = |n: usize| word(moov, clap.start + 4 * n).filter(|_| clap.end - clap.start >= 32);
    let signed = |n: usize| field(n).map(|word| word as i32);
    let aperture = CleanAperture {
        width: (field(0)?, field(1)?),
        height: (field(2)?, field(3)?),
        right: (signed(4)?, field(5)?),
        down: (signed(6)?, field(7)?),
    };
    (stated == coded).then(|| aperture.crop(coded)).flatten()
}

/// Bytes of a visual sample entry before the boxes in it (12.1.3).
const VISUAL_ENTRY: usize = 78;

#[cfg(test)]
mod tests;
