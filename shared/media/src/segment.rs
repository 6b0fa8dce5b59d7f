//! Building a deliverable media segment in memory.

use bytes::Bytes;
use reelsmith_core::language::container_code;
use reelsmith_core::record::{ByteRange, KeyFrame};
use reelsmith_core::time::Ticks;
use reelsmith_isobmff::{EncodedTrack, TrackLanguage, file_type};

use crate::error::MediaError;

/// One media segment: `styp` and its fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentMedia {
    /// Number within the rendition, from 1.
    pub number: u32,
    pub bytes: Bytes,
    /// Decoding time of the first sample in the track's timescale.
    pub start: Ticks,
    /// In the track's timescale.
    pub duration: Ticks,
    pub samples: u32,
    /// Key frames of a video segment, each from its fragment's start to the picture's end; empty for audio.
    pub key_frames: Vec<KeyFrame>,
}

/// Brands of a media segment: CMAF's (ISO/IEC 23000-19, 7.3.3.1) and DASH's (ISO/IEC 23009-1, 6.3.4.2).
const BRANDS: [&[u8; 4]; 2] = [b"msdh", b"cmfs"];

/// The position of a segment in its rendition, from which workers number fragments independently of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentPosition {
    /// Number of the segment, from 1.
    pub(crate) number: u32,
    /// Sequence number of its first fragment, from 1.
    pub(crate) sequence: u32,
    /// Ticks that the edit list removes.
    pub(crate) delay: u32,
    /// Whether to list key frames: of video only, because every audio sample is one.
    pub(crate) list_key_frames: bool,
}

/// Reads the file that an encoder made for `rendition`.
pub(crate) fn read(rendition: &str, file: Bytes) -> Result<EncodedTrack, MediaError> {
    EncodedTrack::read(file)
        .map_err(|fault| MediaError::output(rendition, "fragmented MP4", fault.to_string()))
}

/// The language of a rendition as its init segment states it.
pub(crate) fn language(tag: &str) -> TrackLanguage<'_> {
    let (code, whole) = container_code(tag);
    TrackLanguage {
        code,
        extended: (!whole).then_some(tag),
    }
}

/// Builds a segment of consecutive samples with one fragment for each of `fragments`, which are ranges of sample indexes.
pub(crate) fn build(
    rendition: &str,
    encoded: &EncodedTrack,
    position: SegmentPosition,
    fragments: &[std::ops::Range<usize>],
) -> Result<SegmentMedia, MediaError> {
    let mut bytes = file_type(b"styp", &BRANDS);
    let mut key_frames = Vec::new();
    for (sequence, range) in (position.sequence..).zip(fragments) {
        let offset = bytes.len() as u64;
        let fragment = encoded.fragment(sequence, range.clone(), position.delay);
        let fragment = fragment.map_err(|e| {
            let expected = format!("frames delayed by at most {} ticks", e.expected);
            MediaError::output(rendition, expected, e.found.to_string())
        })?;
        if position.list_key_frames {
            key_frames.extend(key_frame(encoded, range, offset, fragment.len() as u64));
        }
        bytes.extend_from_slice(&fragment);
    }
    let first = fragments.first().map_or(0, |r| r.start);
    let last = fragments.last().map_or(0, |r| r.end);
    let samples = encoded.samples.get(first..last).unwrap_or_default();
    let duration: u64 = samples.iter().map(|s| u64::from(s.duration)).sum();
    Ok(SegmentMedia {
        number: position.number,
        bytes: bytes.into(),
        start: ticks(samples.first().map_or(0, |s| s.time)),
        duration: ticks(duration),
        samples: u32::try_from(samples.len()).unwrap_or(u32::MAX),
        key_frames,
    })
}

/// Builds the segments of an audio track: each up to the first access unit that starts at or after the end of the video
/// segment of the same number. `ends` are those ends in samples.
///
/// If the last video segment is shorter than an access unit, there may be one audio segment less.
pub(crate) fn build_audio(
    rendition: &str,
    encoded: &EncodedTrack,
    priming: u32,
    ends: impl Iterator<Item = u64>,
) -> Result<Vec<SegmentMedia>, MediaError> {
    let mut segments = Vec::new();
    let mut start = 0;
    for end in ends {
        let end = end + u64::from(priming);
        let unit = encoded.samples.partition_point(|s| s.time < end);
        if unit > start {
            let number = u32::try_from(segments.len() + 1).unwrap_or(u32::MAX);
            let position = SegmentPosition {
                number,
                sequence: number,
                delay: priming,
                list_key_frames: false,
            };
            let fragment = start..unit;
            let fragments = std::slice::from_ref(&fragment);
            segments.push(build(rendition, encoded, position, fragments)?);
            start = unit;
        }
    }
    Ok(segments)
}

/// The key frame at the start of a fragment: its `moof`, the header of its `mdat`, and the picture.
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
