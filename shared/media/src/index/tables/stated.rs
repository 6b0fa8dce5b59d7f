//! What the sample entry of a picture says that ffmpeg 5.1 does not read.

use std::ops::Range;
use std::sync::Arc;

use reelsmith_core::aperture::{CleanAperture, Crop};
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::Probe;
use reelsmith_core::sniff::Container;
use reelsmith_core::units::Resolution;
use reelsmith_isobmff::Sps;

use super::{MOST_LOOKS, Reader, child, children, word};
use crate::error::MediaError;

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
        let moov = reader.movie_box(MOST_LOOKS).await?;
        let video = &mut probe.video;
        video.crop = moov.and_then(|(_, moov)| crop(&moov, video.index, video.coded));
    }
    Ok(probe)
}

/// For each track whether it has H.264 that does not state in its sample entries how far frames are reordered.
pub(super) fn silent(moov: &[u8]) -> Vec<bool> {
    let movie = child(moov, 0..moov.len(), b"moov").unwrap_or_default();
    let tracks = children(moov, movie).into_iter();
    let tracks = tracks.filter(|(kind, _)| kind == b"trak");
    let entries = tracks.map(|(_, trak)| entries(moov, trak).unwrap_or_default());
    entries
        .map(|entries| !entries.into_iter().all(|entry| is_told(moov, entry)))
        .collect()
}

/// Whether a sample entry is of another codec, or H.264 whose parameter sets all state a bound of reordering.
fn is_told(moov: &[u8], (kind, entry): ([u8; 4], Range<usize>)) -> bool {
    if !matches!(&kind, b"avc1" | b"avc2" | b"avc3" | b"avc4") {
        return true;
    }
    let boxes = entry.start.saturating_add(VISUAL_ENTRY)..entry.end;
    let config = child(moov, boxes, b"avcC").and_then(|c| moov.get(c));
    config.is_some_and(states_reordering)
}

/// Whether an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 5.3.3.1) has parameter sets that all state a bound.
fn states_reordering(config: &[u8]) -> bool {
    let count = config.get(5).map_or(0, |n| n & 0x1f);
    let mut rest = config.get(6..).unwrap_or_default();
    for _ in 0..count {
        let Some((length, tail)) = rest.split_first_chunk::<2>() else {
            return false;
        };
        let Some((set, tail)) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        else {
            return false;
        };
        if !Sps::states_reordering(set) {
            return false;
        }
        rest = tail;
    }
    count > 0
}

/// The sample entries of a track: kinds and content.
fn entries(moov: &[u8], trak: Range<usize>) -> Option<Vec<([u8; 4], Range<usize>)>> {
    let mut at = trak;
    for kind in [b"mdia", b"minf", b"stbl", b"stsd"] {
        at = child(moov, at, kind)?;
    }
    // Version, flags and the number of entries (8.5.2).
    Some(children(moov, at.start.checked_add(8)?..at.end))
}

/// The crop that the first sample entry of a track states, where it is of the size that the decoder gives.
fn crop(moov: &[u8], stream: u32, coded: Resolution) -> Option<Crop> {
    let movie = child(moov, 0..moov.len(), b"moov")?;
    let mut tracks = children(moov, movie)
        .into_iter()
        .filter(|(kind, _)| kind == b"trak");
    let (_, trak) = tracks.nth(stream as usize)?;
    let (_, entry) = entries(moov, trak)?.into_iter().next()?;
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
