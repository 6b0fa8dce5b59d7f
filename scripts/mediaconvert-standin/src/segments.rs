//! Cutting an encoder's fragmented file into an init segment and media segments.

use bytes::Bytes;
use reelsmith_isobmff::{Fault, Init, fragments};

/// A track as it is delivered.
pub(crate) struct SegmentedTrack {
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

impl SegmentedTrack {
    /// Cuts segments of whole fragments, each at least `seconds` long except for the last: MediaConvert rounds up to whole
    /// groups of pictures, and a fragment of video holds one.
    pub(crate) fn cut(file: &Bytes, seconds: u64) -> Result<Self, Fault> {
        let init = Init::read(file)?;
        let (fragments, faults) = fragments(file, &init.defaults);
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        let start = |index: usize| {
            let start = fragments.get(index).map(|f| f.moof.start);
            start.map_or(file.len(), |s| usize::try_from(s).unwrap_or(usize::MAX))
        };
        let timescale = u64::from(init.timescale);
        let mut segments = Vec::new();
        let (mut first, mut duration) = (start(0), 0);
        for (next, fragment) in (1..).zip(&fragments) {
            let end = start(next);
            duration += fragment.duration();
            // Ticks are rounded, so a whole number of seconds may be one tick short.
            if duration + 1 >= seconds * timescale || end == file.len() {
                let bytes = file.slice(first..end);
                segments.push(Segment { bytes, duration });
                (first, duration) = (end, 0);
            }
        }
        Ok(Self {
            init: file.slice(..start(0)),
            timescale,
            codec: init.codec,
            segments,
        })
    }

    pub(crate) fn duration(&self) -> u64 {
        self.segments.iter().map(|s| s.duration).sum()
    }
}
