//! Facts of the movie box that ffprobe does not report, and why a file cannot be read.

use std::sync::Arc;

use reelsmith_core::aperture::{CleanAperture, Crop};
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::Probe;
use reelsmith_core::sniff::Container;
use reelsmith_core::units::Resolution;
use reelsmith_isobmff::{
    AvcConfig, Reader, SampleMap, SampleRun, Sps, fourcc, sample_description, visual_entry,
};

use super::BoxWalk;
use crate::error::MediaError;

/// Adds facts of the movie box of a pinned MP4 or MOV to its probe: the clean aperture (without a `clap` box, or with a
/// malformed one, the picture is not cropped) and whether the video is encrypted.
///
/// # Errors
/// [`MediaError::Truncated`] if samples of the video or of an audio stream lie beyond the end of the file;
/// [`MediaError::Picture`] if the size or shape of the pictures changes; [`MediaError::Source`].
pub async fn add_movie_facts(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    mut probe: Probe,
) -> Result<Probe, MediaError> {
    if probe.container == Container::Mov {
        let Some((_, moov)) = BoxWalk::new(store, pin).movie_box().await? else {
            return Ok(probe);
        };
        let streams = probe.audio.iter().map(|a| a.index);
        check_samples(
            &SampleMap::read(&moov).0,
            streams.chain(probe.video.as_ref().map(|video| video.index)),
            pin.size,
        )?;
        if let Some(video) = &mut probe.video {
            video.crop = crop(&moov, video.index, video.coded);
            video.encrypted |= encrypted_entry(&moov, video.index).is_some();
        }
    }
    Ok(probe)
}

/// The reason why ffprobe cannot read a pinned MP4 or MOV, if its boxes show one: it is cut off within the media or the movie
/// box, or its video is encrypted. Otherwise `error` itself, as for any error but [`MediaError::Unreadable`].
pub async fn explain_unreadable(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    container: Container,
    error: MediaError,
) -> MediaError {
    if container != Container::Mov || !matches!(error, MediaError::Unreadable { .. }) {
        return error;
    }
    let mut walk = BoxWalk::new(store, pin);
    match walk.movie_box().await {
        Ok(Some((_, moov))) => {
            let mut streams = 0..crate::input::MAX_STREAMS;
            streams
                .find_map(|stream| encrypted_entry(&moov, stream))
                .unwrap_or(error)
        }
        Ok(None) => match walk.cut_off().await {
            Ok(Some(head)) => MediaError::Truncated {
                expected: format!("the box {} to end at byte {}", fourcc(head.kind), head.end),
                found: format!("a file of {} bytes", pin.size),
            },
            Ok(None) | Err(_) => error,
        },
        Err(_) => error,
    }
}

/// Fails if samples of these streams lie beyond the end of a file of `size` bytes.
pub(super) fn check_samples(
    samples: &SampleMap,
    mut streams: impl Iterator<Item = u32>,
    size: u64,
) -> Result<(), MediaError> {
    let beyond = |stream: u32| {
        let runs = &samples.tracks.get(stream as usize)?.runs;
        let end = runs.iter().map(SampleRun::end).max()?;
        (end > size).then_some((stream, end))
    };
    match streams.find_map(beyond) {
        None => Ok(()),
        Some((stream, end)) => Err(MediaError::Truncated {
            expected: format!("the samples of stream {stream}, up to byte {end}"),
            found: format!("a file of {size} bytes"),
        }),
    }
}

/// The error of an encrypted track (ISO/IEC 14496-12, 8.12): its sample entry is `encv`.
fn encrypted_entry(moov: &[u8], stream: u32) -> Option<MediaError> {
    let movie = Reader::new(moov).child(b"moov")?;
    let mut tracks = movie.all(b"trak");
    let trak = tracks.nth(stream as usize)?;
    let mut entries = sample_description(&trak).ok()?.children();
    let (_, mut entry) = entries.find(|(kind, _)| matches!(kind, b"encv" | b"drmi"))?;
    visual_entry(&mut entry).ok()?;
    let original = entry
        .child(b"sinf")
        .and_then(|sinf| sinf.child(b"frma")?.fourcc().ok());
    let original = original.map_or_else(|| "unknown codec".to_owned(), fourcc);
    Some(MediaError::Encrypted {
        found: format!("encrypted samples ({original}) in stream {stream}"),
    })
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
