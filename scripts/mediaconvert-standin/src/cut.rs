//! Cuts an encoder's fragmented file into an init segment and media segments.

use bytes::Bytes;
use reelsmith_isobmff::{self as isobmff, Init};

/// A track as it is delivered.
pub(crate) struct Track {
    pub(crate) init: Bytes,
    pub(crate) timescale: u64,
    pub(crate) codec: String,
    pub(crate) segments: Vec<Segment>,
}

/// A media segment: its bytes and its duration in ticks.
pub(crate) struct Segment {
    pub(crate) bytes: Bytes,
    pub(crate) duration: u64,
}

impl Track {
    /// Segments of whole fragments, each at least so many seconds long except for the last: MediaConvert rounds up to
    /// whole groups of pictures, and there is one in a fragment of video.
    pub(crate) fn cut(file: &Bytes, seconds: u64) -> Result<Self, String> {
        let init = Init::read(file).map_err(|e| e.to_string())?;
        let (fragments, faults) = isobmff::fragments(file, &init.defaults);
        if let Some(fault) = faults.first() {
            return Err(fault.to_string());
        }
        let starts: Vec<usize> = of_kind(file, *b"moof").map(|b| at(b.start)).collect();
        let head = of_kind(file, *b"moov").map(|b| at(b.end)).next();
        let timescale = u64::from(init.timescale);
        let mut track = Self {
            init: file.slice(..head.unwrap_or_default()),
            timescale,
            codec: init.codec.clone(),
            segments: Vec::new(),
        };
        let mut ends = starts.iter().skip(1).copied().chain([file.len()]);
        let (mut first, mut duration) = (starts.first().copied().unwrap_or_default(), 0);
        for fragment in &fragments {
            let end = ends.next().unwrap_or(file.len());
            duration += fragment.duration();
            // Ticks are rounded, so a whole number of seconds may be short of one.
            if duration + 1 >= seconds * timescale || end == file.len() {
                let bytes = file.slice(first..end);
                track.segments.push(Segment { bytes, duration });
                (first, duration) = (end, 0);
            }
        }
        Ok(track)
    }

    pub(crate) fn duration(&self) -> u64 {
        self.segments.iter().map(|s| s.duration).sum()
    }
}

fn of_kind(file: &[u8], kind: [u8; 4]) -> impl Iterator<Item = isobmff::BoxAt> + '_ {
    isobmff::boxes(file).filter(move |b| b.kind == kind)
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
