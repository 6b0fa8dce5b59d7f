//! A deliverable media segment in memory.

use bytes::Bytes;
use reelsmith_core::record::{ByteRange, KeyFrame};
use reelsmith_core::time::Ticks;

use reelsmith_isobmff::{EncodedTrack, file_type};

use crate::error::MediaError;

/// One media segment: `styp` and its fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentMedia {
    /// Number within the rendition, from 1.
    pub number: u32,
    /// The bytes to publish.
    pub bytes: Bytes,
    /// Decoding time of its first sample in the track's timescale.
    pub start: Ticks,
    /// Duration in the track's timescale.
    pub duration: Ticks,
    /// Samples.
    pub samples: u32,
    /// Key frames of a video segment, each from its fragment's start to the picture's end; empty for audio.
    pub key_frames: Vec<KeyFrame>,
}

/// Brands of a media segment: CMAF's (ISO/IEC 23000-19, 7.3.3.1) and DASH's (ISO/IEC 23009-1, 6.3.4.2).
const BRANDS: [&[u8; 4]; 2] = [b"msdh", b"cmfs"];

/// Where the fragments of a rendition stand, so that workers number theirs without knowing of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the segment, from 1.
    pub(crate) number: u32,
    /// Sequence number of its first fragment, from 1.
    pub(crate) sequence: u32,
    /// Ticks of the edit list.
    pub(crate) delay: u32,
    /// Whether key frames are listed: those of audio are every sample, and nobody asks for them.
    pub(crate) keys: bool,
}

/// Reads the file that an encoder made for `rendition`.
pub(crate) fn read(rendition: &str, file: Bytes) -> Result<EncodedTrack, MediaError> {
    EncodedTrack::read(file)
        .map_err(|fault| MediaError::output(rendition, "fragmented MP4", fault.to_string()))
}

/// Builds a segment of consecutive samples, a fragment for each of `fragments` (indexes of samples).
pub(crate) fn build(
    rendition: &str,
    encoded: &EncodedTrack,
    place: Place,
    fragments: &[std::ops::Range<usize>],
) -> Result<SegmentMedia, MediaError> {
    let mut bytes = file_type(b"styp", &BRANDS);
    let mut key_frames = Vec::new();
    for (sequence, range) in (place.sequence..).zip(fragments) {
        let offset = bytes.len() as u64;
        let fragment = encoded.fragment(sequence, range.clone(), place.delay);
        let fragment = fragment.map_err(|e| {
            let expected = format!("frames delayed by at most {} ticks", e.expected);
            MediaError::output(rendition, expected, e.found.to_string())
        })?;
        if place.keys {
            key_frames.extend(key_frame(encoded, range, offset, fragment.len() as u64));
        }
        bytes.extend_from_slice(&fragment);
    }
    let first = fragments.first().map_or(0, |r| r.start);
    let last = fragments.last().map_or(0, |r| r.end);
    let samples = encoded.samples.get(first..last).unwrap_or_default();
    let duration: u64 = samples.iter().map(|s| u64::from(s.duration)).sum();
    Ok(SegmentMedia {
        number: place.number,
        bytes: bytes.into(),
        start: ticks(samples.first().map_or(0, |s| s.time)),
        duration: ticks(duration),
        samples: u32::try_from(samples.len()).unwrap_or(u32::MAX),
        key_frames,
    })
}

/// The key frame at a fragment's head: its `moof`, the header of its `mdat`, and the picture.
fn key_frame(
    encoded: &EncodedTrack,
    range: &std::ops::Range<usize>,
    offset: u64,
    length: u64,
) -> Option<KeyFrame> {
    let first = encoded.samples.get(range.start).filter(|s| s.sync)?;
    let samples = &encoded.samples[range.clone()];
    let payload: u64 = samples.iter().map(|s| u64::from(s.size)).sum();
    let length = length - payload + u64::from(first.size);
    Some(KeyFrame {
        time: Ticks(ticks(first.time).0 + first.composition),
        range: ByteRange { offset, length },
    })
}

pub(crate) fn ticks(time: u64) -> Ticks {
    Ticks(i64::try_from(time).unwrap_or(i64::MAX))
}
