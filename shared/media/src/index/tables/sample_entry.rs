//! Facts of video sample entries that ffmpeg 5.1 does not report.

use std::sync::Arc;

use reelsmith_core::aperture::{CleanAperture, Crop};
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::Probe;
use reelsmith_core::sniff::Container;
use reelsmith_core::units::Resolution;
use reelsmith_isobmff::{AvcConfig, Reader, Sps, sample_description, visual_entry};

use super::BoxWalk;
use crate::error::MediaError;

/// Adds the clean aperture of a pinned MP4 or MOV to its probe. Without a `clap` box, or with a malformed one, the picture is
/// not cropped.
///
/// # Errors
/// [`MediaError::Source`].
pub async fn add_clean_aperture(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    mut probe: Probe,
) -> Result<Probe, MediaError> {
    if probe.container == Container::Mov {
        let moov = BoxWalk::new(store, pin).movie_box().await?;
        let video = &mut probe.video;
        video.crop = moov.and_then(|(_, moov)| crop(&moov, video.index, video.coded));
    }
    Ok(probe)
}

/// For each track: whether it has H.264 that does not state in its sample entries how far frames are reordered.
pub(super) fn reordering_unstated(moov: &[u8]) -> Vec<bool> {
    let movie = Reader::new(moov).child(b"moov");
    let tracks = movie.into_iter().flat_map(|m| m.all(b"trak"));
    let entries = tracks.map(|trak| sample_description(&trak).ok());
    entries
        .map(|stsd| {
            let mut entries = stsd.into_iter().flat_map(Reader::children);
            entries.any(|(kind, entry)| is_unstated(kind, entry))
        })
        .collect()
}

/// Whether a sample entry is H.264 with a parameter set that does not state the reordering, or without a readable one.
fn is_unstated(kind: [u8; 4], mut entry: Reader<'_>) -> bool {
    if !matches!(&kind, b"avc1" | b"avc2" | b"avc3" | b"avc4") {
        return false;
    }
    let config = visual_entry(&mut entry)
        .ok()
        .and_then(|_| AvcConfig::read(&mut entry.child(b"avcC")?).ok());
    let bound = |nal: &Vec<u8>| Sps::read(nal).and_then(|set| set.vui.max_reorder_frames);
    !config.is_some_and(|c| !c.sps.is_empty() && c.sps.iter().all(|nal| bound(nal).is_some()))
}

/// The crop of the first sample entry of a track, if its size is that of the decoded picture.
fn crop(moov: &[u8], stream: u32, coded: Resolution) -> Option<Crop> {
    let movie = Reader::new(moov).child(b"moov")?;
    let trak = movie.all(b"trak").nth(stream as usize)?;
    let (_, mut entry) = sample_description(&trak).ok()?.children().next()?;
    let (width, height) = visual_entry(&mut entry).ok()?;
    let mut clap = entry.child(b"clap")?;
    let mut field = || clap.u32().ok();
    let aperture = CleanAperture {
        width: (field()?, field()?),
        height: (field()?, field()?),
        right: (field()?.cast_signed(), field()?),
        down: (field()?.cast_signed(), field()?),
    };
    let stated = Resolution { width, height };
    (stated == coded).then(|| aperture.crop(coded)).flatten()
}

#[cfg(test)]
mod tests;
