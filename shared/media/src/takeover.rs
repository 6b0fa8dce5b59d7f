//! Takes over what another encoder made: its samples in segments of ours.
//!
//! The other encoder's container is its own affair: boxes, timescale, where its timeline begins. The samples are taken out,
//! held against the plan's grid, and written in segments like those of our own workers, so that everything after
//! encoding is the same for both.

use bytes::Bytes;
use reelsmith_core::plan::{AudioRendition, Plan, VideoRendition};
use reelsmith_core::time::FrameCount;
use reelsmith_isobmff::{EncodedSample, EncodedTrack, with_timescale};

use crate::error::MediaError;
use crate::segment::{self, Place, SegmentMedia};
use crate::video::brands;

/// Where the timeline of a track begins, and how far pictures are shown after they are decoded: the same for all
/// segments of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Decoding time of the first sample, in the encoder's ticks.
    start: u64,
    /// Presentation of the first picture less that, in the encoder's ticks.
    delay: i64,
}

/// A video rendition that another encoder made.
pub struct VideoTakeover<'a> {
    plan: &'a Plan,
    rendition: &'a VideoRendition,
    head: Bytes,
    origin: Origin,
}

impl<'a> VideoTakeover<'a> {
    /// Learns from the init segment and the first media segment.
    ///
    /// # Errors
    /// [`MediaError::Output`] where they are not fragmented MP4 with one track.
    pub fn new(
        plan: &'a Plan,
        rendition: &'a VideoRendition,
        head: Bytes,
        first: &Bytes,
    ) -> Result<Self, MediaError> {
        let encoded = read(&rendition.path, &head, first)?;
        let shown = |s: &EncodedSample| segment::ticks(s.time).0 + composition(&encoded, s);
        let start = encoded.samples.first().map_or(0, |s| s.time);
        let earliest = encoded.samples.iter().map(shown).min().unwrap_or(0);
        let delay = earliest - segment::ticks(start).0;
        Ok(Self {
            plan,
            rendition,
            origin: Origin { start, delay },
            head,
        })
    }

    /// The init segment of the rendition.
    ///
    /// # Errors
    /// As [`VideoTakeover::new`].
    pub fn init(&self) -> Result<Bytes, MediaError> {
        let encoded = segment::read(&self.rendition.path, self.head.clone())?;
        let delay = self.frames_of_delay(&encoded) * self.tick();
        let init = encoded.canonical_init(&brands(&self.rendition.rung), short(delay));
        Ok(with_timescale(init, self.plan.timescale.0))
    }

    fn tick(&self) -> u64 {
        self.plan.frame_rate.ticks_per_frame().0.unsigned_abs()
    }

    fn frames_of_delay(&self, encoded: &EncodedTrack) -> u64 {
        self.frame(encoded, self.origin.delay.max(0))
    }

    /// The frame of the grid that is nearest to a time in the encoder's ticks.
    fn frame(&self, encoded: &EncodedTrack, time: i64) -> u64 {
        let ours = i128::from(time) * i128::from(self.plan.timescale.0);
        let per_frame = i128::from(self.tick()) * i128::from(encoded.init.timescale.max(1));
        let nearest = (ours + per_frame / 2).div_euclid(per_frame.max(1));
        u64::try_from(nearest).unwrap_or(0)
    }

    /// A media segment by its number, from 1: exactly the planned frames, a key frame at the head of each group.
    ///
    /// # Errors
    /// [`MediaError::FrameCount`] where it has another number of frames; [`MediaError::Timing`] where one is decoded or
    /// shown elsewhere than on the grid; [`MediaError::Output`] where a group does not begin with a key frame.
    pub fn segment(&self, number: u32, body: &Bytes) -> Result<SegmentMedia, MediaError> {
        let path = &self.rendition.path;
        let mut encoded = read(path, &self.head, body)?;
        let frames = self.plan.segment_frames_of(number);
        let (found, expected) = (encoded.samples.len() as u64, frames.count().0);
        if found != expected {
            return Err(MediaError::FrameCount {
                rendition: path.clone(),
                unit: "frames",
                expected,
                found,
            });
        }
        let delay = self.frames_of_delay(&encoded);
        self.to_grid(&mut encoded, frames.start, delay)?;
        let gop = size(self.plan.gop_frames);
        let heads = (0..encoded.samples.len()).step_by(gop.max(1));
        let groups: Vec<_> = heads
            .map(|h| h..(h + gop).min(encoded.samples.len()))
            .collect();
        if let Some(group) = groups.iter().find(|g| !encoded.samples[g.start].sync) {
            let frame = frames.start + group.start as u64;
            let expected = format!("a key frame at frame {frame}");
            return Err(MediaError::output(path, expected, "another picture"));
        }
        let before = frames.start / self.plan.gop_frames.0.max(1);
        let place = Place {
            number,
            sequence: u32::try_from(before + 1).unwrap_or(u32::MAX),
            delay: short(delay * self.tick()),
            keys: true,
        };
        segment::build(path, &encoded, place, &groups)
    }

    /// Puts every sample on the plan's grid. It must lie within a quarter of a frame of it: the encoder's ticks are rounded.
    fn to_grid(
        &self,
        encoded: &mut EncodedTrack,
        first: u64,
        delay: u64,
    ) -> Result<(), MediaError> {
        let tick = self.tick();
        let mut samples = std::mem::take(&mut encoded.samples);
        for (n, sample) in (first..).zip(&mut samples) {
            let decoded = sample.time.saturating_sub(self.origin.start);
            self.expect_near(encoded, "decoding", n, segment::ticks(decoded).0)?;
            let composition = composition(encoded, sample);
            let shown = segment::ticks(decoded).0 + composition;
            let frame = self.frame(encoded, shown);
            self.expect_near(encoded, "presentation", frame, shown)?;
            sample.time = n * tick;
            sample.duration = short(tick);
            let offset = i128::from(frame) - i128::from(n) - i128::from(delay);
            sample.composition = i64::try_from(offset * i128::from(tick)).unwrap_or(0);
        }
        encoded.samples = samples;
        Ok(())
    }

    fn expect_near(
        &self,
        encoded: &EncodedTrack,
        what: &str,
        frame: u64,
        time: i64,
    ) -> Result<(), MediaError> {
        let scale = i128::from(encoded.init.timescale.max(1));
        let expected = i128::from(frame) * i128::from(self.tick()) * scale;
        let found = i128::from(time) * i128::from(self.plan.timescale.0);
        if (found - expected).abs() * 4 <= i128::from(self.tick()) * scale {
            return Ok(());
        }
        let ours = |time: i128| i64::try_from(time / scale).unwrap_or(i64::MAX);
        Err(MediaError::Timing {
            rendition: self.rendition.path.clone(),
            what: format!("{what} of frame {frame}"),
            expected: ours(expected),
            found: ours(found),
        })
    }
}

/// An audio rendition that another encoder made, as a whole: its init segment and its segments in ours.
///
/// # Errors
/// [`MediaError::FrameCount`] where it is shorter than the programme by more than an access unit;
/// [`MediaError::Output`] and [`MediaError::Timing`] where it is of another kind or has a gap.
pub fn take_over_audio(
    plan: &Plan,
    rendition: &AudioRendition,
    file: Bytes,
) -> Result<(Bytes, Vec<SegmentMedia>), MediaError> {
    let path = &rendition.path;
    let mut encoded = segment::read(path, file)?;
    let rate = encoded.init.timescale;
    if rate != rendition.sample_rate {
        let expected = format!("audio at {} Hz", rendition.sample_rate);
        return Err(MediaError::output(path, expected, format!("{rate} Hz")));
    }
    let priming = u64::try_from(encoded.init.media_start()).unwrap_or(0);
    trim(path, rendition, &mut encoded, priming)?;
    let ranges = ranges(plan, rendition, &encoded, priming);
    let segments = (1u32..).zip(ranges).map(|(number, range)| {
        let place = Place {
            number,
            sequence: number,
            delay: short(priming),
            keys: false,
        };
        segment::build(path, &encoded, place, &[range])
    });
    let segments = segments.collect::<Result<_, _>>()?;
    let init = encoded.canonical_init(&[b"iso6", b"cmfc", b"caac"], short(priming));
    Ok((init, segments))
}

/// Begins the timeline at zero and ends it with the programme.
fn trim(
    path: &str,
    rendition: &AudioRendition,
    encoded: &mut EncodedTrack,
    priming: u64,
) -> Result<(), MediaError> {
    let wanted = rendition.samples + priming;
    let origin = encoded.samples.first().map_or(0, |s| s.time);
    let (mut end, mut kept) = (0, 0);
    for sample in &mut encoded.samples {
        if end >= wanted {
            break;
        }
        sample.time = sample.time.saturating_sub(origin);
        if sample.time != end {
            return Err(MediaError::Timing {
                rendition: path.to_owned(),
                what: format!("access unit {kept}"),
                expected: segment::ticks(end).0,
                found: segment::ticks(sample.time).0,
            });
        }
        let rest = short(wanted - end);
        sample.duration = sample.duration.min(rest);
        end += u64::from(sample.duration);
        kept += 1;
    }
    encoded.samples.truncate(kept);
    let unit = encoded.samples.first().map_or(0, |s| u64::from(s.duration));
    if end + unit < wanted {
        return Err(MediaError::FrameCount {
            rendition: path.to_owned(),
            unit: "samples",
            expected: rendition.samples,
            found: end.saturating_sub(priming),
        });
    }
    Ok(())
}

/// Access units of each segment: cut at the first boundary at or after the end of the video segment of the same number.
fn ranges(
    plan: &Plan,
    rendition: &AudioRendition,
    encoded: &EncodedTrack,
    priming: u64,
) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for number in 1..=plan.segment_count() {
        let frames = FrameCount(plan.segment_frames_of(number).end);
        let end = plan.frame_rate.samples_in(frames, rendition.sample_rate) + priming;
        let unit = encoded.samples.partition_point(|s| s.time < end);
        if unit > start {
            ranges.push(start..unit);
            start = unit;
        }
    }
    ranges
}

fn read(path: &str, head: &Bytes, body: &Bytes) -> Result<EncodedTrack, MediaError> {
    segment::read(path, [head.as_ref(), body.as_ref()].concat().into())
}

/// Presentation less decoding time as the encoder wrote it, whatever its edit list says.
fn composition(encoded: &EncodedTrack, sample: &EncodedSample) -> i64 {
    sample.composition + encoded.init.media_start()
}

fn short(ticks: u64) -> u32 {
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

fn size(frames: FrameCount) -> usize {
    usize::try_from(frames.0).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
