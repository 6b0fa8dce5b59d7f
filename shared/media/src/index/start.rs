//! Decodes the first pictures of a source: which of its packets a decoder shows, and whether decoding can start at its key
//! frames.
//!
//! A recording may begin in the middle of a group of pictures, or with leading pictures whose references are missing. The
//! container lists their packets, but no decoder shows them, so they are removed from the index.

use std::collections::BTreeSet;

use reelsmith_core::probe::PacketIndex;

use super::run_ffprobe;
use crate::command::words;
use crate::error::MediaError;
use crate::input;
use crate::probe::VideoSource;
use crate::process::Activity;
use crate::tools::Tools;

/// Limit of packets that are decoded, unless the first key frame comes later.
const MAX_INSPECTED: usize = 300;
/// Packets after a late first key frame that are decoded: as many as a decoder holds back, and one.
const AFTER_KEY: usize = 17;

/// Removes the packets before the first picture that a decoder shows, and detects an intra refresh.
///
/// # Errors
/// [`MediaError::Picture`] if packets are single fields; those of ffprobe.
pub(super) async fn inspect(
    tools: &Tools,
    url: &str,
    probe: &VideoSource<'_>,
    index: &mut PacketIndex,
) -> Result<(), MediaError> {
    let (reach, keys) = first_keys(index);
    let hidden = usize::try_from(index.hidden).unwrap_or(usize::MAX);
    let start = decode(tools, url, probe, reach.saturating_add(hidden), &keys).await?;
    let codec = probe.video.codec.as_str();
    let removed = start.remove_leading(index, reach);
    start.check_fields(codec, reach - removed)?;
    index.gradual = start.gradual && codec != "mpeg2video" && keys.len() > 1;
    Ok(())
}

/// The number of packets up to the third key frame, and the times of the key frames among them. Containers do not
/// distinguish recovery points from IDR pictures; a stream that uses recovery points does so from its second key frame on.
fn first_keys(index: &PacketIndex) -> (usize, BTreeSet<i64>) {
    let places = || index.packets.iter().enumerate().filter(|(_, p)| p.key);
    let first = places().next().map_or(0, |(place, _)| place);
    let limit = MAX_INSPECTED.max(first.saturating_add(AFTER_KEY));
    let keys: Vec<(usize, i64)> = places()
        .take(3)
        .take_while(|(place, _)| *place < limit)
        .map(|(place, p)| (place, p.pts))
        .collect();
    let reach = match keys.as_slice() {
        [_, _, (third, _)] => third + 1,
        _ => limit.min(index.packets.len()),
    };
    (reach, keys.into_iter().map(|(_, pts)| pts).collect())
}

/// The first pictures of a source, decoded.
#[derive(Debug, Default)]
struct DecodedStart {
    /// Whether a key frame is the start of a gradual refresh, and thus not an intra picture.
    gradual: bool,
    /// The time of the first picture that is shown.
    first: Option<i64>,
    frames: usize,
    /// Frames of two fields.
    interlaced: usize,
}

impl DecodedStart {
    /// Removes those of the first `reach` packets that would be shown before the first picture. Returns their number.
    fn remove_leading(&self, index: &mut PacketIndex, reach: usize) -> usize {
        let Some(first) = self.first else {
            return 0;
        };
        let before = index.packets.len();
        let mut place = 0;
        index.packets.retain(|packet| {
            place += 1;
            place > reach || packet.pts >= first
        });
        let removed = before - index.packets.len();
        index.begins_midway = removed > 0;
        removed
    }

    /// Fails if many of the `packets` are single fields, two of which make a frame: such frames could not be counted.
    fn check_fields(&self, codec: &str, packets: usize) -> Result<(), MediaError> {
        if self.interlaced == 0 || self.frames * 4 > packets * 3 {
            return Ok(());
        }
        Err(MediaError::Picture {
            expected: "packets that are whole frames".to_owned(),
            found: format!(
                "{} interlaced frames in the first {packets} packets of {codec}",
                self.frames
            ),
        })
    }
}

/// Decodes the first packets of a source, in which there are these key frames.
async fn decode(
    tools: &Tools,
    url: &str,
    probe: &VideoSource<'_>,
    packets: usize,
    keys: &BTreeSet<i64>,
) -> Result<DecodedStart, MediaError> {
    let (stream, input) = (probe.video.index, input::open(url, probe.container));
    let args = words(&format!(
        "-v error -hide_banner -select_streams {stream} -read_intervals %+#{packets} \
         -show_entries frame=best_effort_timestamp,pict_type,interlaced_frame -of compact=print_section=0:nokey=1 {input}"
    ));
    let mut start = DecodedStart::default();
    let inspect = |line: &str| {
        let mut fields = line.split('|');
        let pts: Option<i64> = fields.next().and_then(|pts| pts.parse().ok());
        if let Some(pts) = pts {
            start.first = Some(start.first.map_or(pts, |first| first.min(pts)));
        }
        let key = pts.is_some_and(|pts| keys.contains(&pts));
        start.gradual |= key && matches!(fields.next(), Some("P" | "B"));
        start.frames += usize::from(!line.is_empty());
        start.interlaced += usize::from(fields.any(|field| field == "1"));
        Ok(Activity::Progress)
    };
    run_ffprobe(tools, args, inspect).await?;
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_are_fields_are_refused() {
        let start = |frames, interlaced| DecodedStart {
            gradual: false,
            first: None,
            frames,
            interlaced,
        };
        assert!(
            start(100, 100).check_fields("h264", 100).is_ok(),
            "whole frames"
        );
        assert!(
            start(90, 90).check_fields("h264", 100).is_ok(),
            "the start cannot be decoded"
        );
        assert!(
            start(40, 0).check_fields("h264", 100).is_ok(),
            "progressive"
        );
        let error = start(51, 51).check_fields("h264", 100).unwrap_err();
        insta::assert_snapshot!(error, @"expected packets that are whole frames, found 51 interlaced frames in the first 100 packets of h264");
    }
}
