//! Takeover: converts the output of another encoder (MediaConvert) into segments like those of our own workers.
//!
//! Another encoder chooses its own boxes, timescale and start of the timeline. Packaging and validation should not depend
//! on these choices. So its samples are read, compared with the plan's grid, and written into new segments; the coded
//! pictures and sound stay as they are:
//!
//! ```text
//! init segment + first segment ──▶ VideoTakeover::new ──▶ init()      one init segment for the rendition
//! each media segment ──────────────────────────────────▶ segment(n)  frames of the plan's segment n
//! whole audio rendition ───────▶ take_over_audio ────────▶ init segment and segments on the video's grid
//! ```
//!
//! Invariants:
//! - Segment `n` has exactly the frames that the plan has for it; each GOP starts with a key frame.
//! - Every frame is within a quarter of a frame of its place on the grid (the encoder's ticks are rounded) and is moved
//!   exactly onto it.
//! - The result depends only on the encoder's bytes and the plan, so a repeated takeover writes the same bytes.

use bytes::Bytes;
use reelsmith_core::plan::{AudioRendition, Plan, VideoRendition};
use reelsmith_core::time::FrameCount;
use reelsmith_isobmff::{EncodedSample, EncodedTrack, with_timescale};

use crate::error::MediaError;
use crate::segment::{self, SegmentMedia, SegmentPosition};
use crate::video::brands;

/// A video rendition of another encoder. All its segments share one timeline.
pub struct VideoTakeover<'a> {
    plan: &'a Plan,
    rendition: &'a VideoRendition,
    /// The encoder's init segment.
    head: Bytes,
    /// Decoding time of the first sample, in the encoder's ticks.
    start: u64,
    /// Presentation time of the first picture minus `start`, in the encoder's ticks.
    delay: i64,
}

impl<'a> VideoTakeover<'a> {
    /// Reads the timeline from the init segment and the first media segment.
    ///
    /// # Errors
    /// [`MediaError::Output`] if they are not fragmented MP4 with one track.
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
            head,
            start,
            delay,
        })
    }

    /// The init segment of the rendition.
    ///
    /// # Errors
    /// As [`VideoTakeover::new`].
    pub fn init(&self) -> Result<Bytes, MediaError> {
        let encoded = segment::read(&self.rendition.path, self.head.clone())?;
        let delay = self.frames_of_delay(&encoded) * self.tick();
        let init = encoded.canonical_init(&brands(&self.rendition.rung), short(delay), None);
        Ok(with_timescale(init, self.plan.timescale.0))
    }

    fn tick(&self) -> u64 {
        self.plan.frame_rate.ticks_per_frame().0.unsigned_abs()
    }

    fn frames_of_delay(&self, encoded: &EncodedTrack) -> u64 {
        self.frame(encoded, self.delay.max(0))
    }

    /// The frame of the grid that is nearest to a time in the encoder's ticks.
    fn frame(&self, encoded: &EncodedTrack, time: i64) -> u64 {
        let ours = i128::from(time) * i128::from(self.plan.timescale.0);
        let per_frame = i128::from(self.tick()) * i128::from(encoded.init.timescale.max(1));
        let nearest = (ours + per_frame / 2).div_euclid(per_frame.max(1));
        u64::try_from(nearest).unwrap_or(0)
    }

    /// Converts the media segment with this number, from 1.
    ///
    /// # Errors
    /// [`MediaError::FrameCount`] if it has another number of frames than planned; [`MediaError::Timing`] if a frame is not
    /// on the grid; [`MediaError::Output`] if a GOP does not start with a key frame.
    pub fn segment(&self, number: u32, body: &Bytes) -> Result<SegmentMedia, MediaError> {
        let path = &self.rendition.path;
        let mut encoded = read(path, &self.head, body)?;
        let frames = self.plan.segment_frames_of(number);
        let (found, expected) = (encoded.samples.len() as u64, frames.count().0);
        if found != expected {
            return Err(MediaError::frame_count(path, "frames", expected, found));
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
        let position = SegmentPosition {
            number,
            sequence: u32::try_from(before + 1).unwrap_or(u32::MAX),
            delay: short(delay * self.tick()),
            list_key_frames: true,
        };
        segment::build(path, &encoded, position, &groups)
    }

    /// Moves every sample onto the plan's grid, from which it may be at most a quarter of a frame away.
    fn to_grid(
        &self,
        encoded: &mut EncodedTrack,
        first: u64,
        delay: u64,
    ) -> Result<(), MediaError> {
        let tick = self.tick();
        let mut samples = std::mem::take(&mut encoded.samples);
        for (n, sample) in (first..).zip(&mut samples) {
            let decoded = sample.time.saturating_sub(self.start);
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

/// Converts a whole audio rendition of another encoder; returns the init segment and the segments.
///
/// # Errors
/// [`MediaError::FrameCount`] if it is shorter than the programme by more than an access unit; [`MediaError::Output`] if it
/// has another sample rate or structure; [`MediaError::Timing`] if it has a gap.
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
    let ends = (1..=plan.segment_count()).map(|number| {
        let frames = FrameCount(plan.segment_frames_of(number).end);
        plan.frame_rate.samples_in(frames, rendition.sample_rate)
    });
    let segments = segment::build_audio(path, &encoded, short(priming), ends)?;
    let language = Some(segment::language(&rendition.language));
    let init = encoded.canonical_init(&[b"iso6", b"cmfc", b"caac"], short(priming), language);
    Ok((init, segments))
}

/// Starts the timeline at zero and ends it with the programme.
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
            let unit = format!("access unit {kept}");
            return Err(MediaError::timing(path, unit, end, sample.time));
        }
        let rest = short(wanted - end);
        sample.duration = sample.duration.min(rest);
        end += u64::from(sample.duration);
        kept += 1;
    }
    encoded.samples.truncate(kept);
    let unit = encoded.samples.first().map_or(0, |s| u64::from(s.duration));
    if end + unit < wanted {
        let found = end.saturating_sub(priming);
        return Err(MediaError::frame_count(
            path,
            "samples",
            rendition.samples,
            found,
        ));
    }
    Ok(())
}

fn read(path: &str, head: &Bytes, body: &Bytes) -> Result<EncodedTrack, MediaError> {
    segment::read(path, [head.as_ref(), body.as_ref()].concat().into())
}

/// Presentation minus decoding time as the encoder wrote it, without its edit list.
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
