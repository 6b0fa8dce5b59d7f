//! The source's frames on the output's constant frame grid, and exact cuts between them.
//!
//! A [`Timeline`] is built from the packet index of the source. It decides three things:
//!
//! - the **grid**: the constant frame rate of the output, and how many frames it has;
//! - the **mapping**: whether output frame n is source frame n, or the source frame nearest to each output time;
//! - the **cutting**: whether workers may seek to their chunks, or one worker decodes the file from its start.
//!
//! [`Timeline::cut`] then turns a range of output frames into a [`Cut`]: where to seek, which frames to drop, and which
//! bytes of the file to read. The bounds of a cut lie midway between neighbouring frames, so that rounding in a demuxer
//! or filter cannot move a frame from one chunk to the next.

use serde::{Deserialize, Serialize};

use crate::clip::{self, ClipError, Point};
use crate::probe::{ByteSpan, IndexRead, Packet, PacketIndex, Scan, Seconds, VideoStream};
use crate::tail::{AudioSpan, PADDING_US};
use crate::time::{FrameCount, FrameRange, FrameRate, Ticks, Timescale};
use crate::timecode::Timecode;

/// How source frames become output frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameMapping {
    /// The source has a constant rate: output frame n is source frame n.
    Every,
    /// The source has a variable rate, or exceeds the profile's limit: each output time shows the nearest source frame.
    Resampled,
}

/// How workers reach the first frame of their chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Cutting {
    /// Each worker seeks to the last key frame before its chunk.
    Seek,
    /// One worker for each rung group decodes the whole file, because chunks of it could not be proven exact.
    Whole {
        /// The property of the index that rules out seeking.
        reason: String,
    },
}

/// The part of a mezzanine that is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clip {
    /// Its frames on the grid of the whole mezzanine.
    pub frames: FrameRange,
    /// Number of frames of the whole mezzanine.
    pub of: FrameCount,
}

/// How a range of frames is cut from the source while decoding: seek to a decodable point before it, then drop every
/// frame outside `[start, end)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The time to seek to; absent if decoding starts at the beginning of the file.
    pub seek: Option<Seconds>,
    /// Drop frames shown before this time; absent for the first chunk.
    pub start: Option<Seconds>,
    /// Drop frames shown at or after this time; absent for the last chunk.
    pub end: Option<Seconds>,
    /// Bytes worth reading ahead. The decoder may read others as well.
    pub reads: Vec<ByteSpan>,
    /// Frames at the end of the chunk that repeat the last frame of the source.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held: FrameCount,
    /// The frames to keep, counted from the first one that is decoded; for a part of a file that is decoded from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<FrameRange>,
    /// Fragments that the chunk does not need. A demuxer that walks from one fragment to the next sees free space there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<ByteSpan>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn is_zero(frames: &FrameCount) -> bool {
    frames.0 == 0
}

/// Why an index cannot be placed on a frame grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    #[error("expected an index with at least one video frame, found none")]
    NoFrames,
    #[error(
        "expected a key frame at or before the first frame shown, found none among {packets} packets"
    )]
    NoKeyFrame { packets: usize },
    #[error(
        "expected a frame rate in the stream header or from the timestamps, found none for {frames} frames"
    )]
    NoFrameRate { frames: usize },
    /// The timestamps restart, and the frames between the breaks do not have a constant rate.
    #[error(
        "expected continuous timestamps, or a constant frame rate between the breaks; found that {reason}"
    )]
    Discontinuous { reason: String },
}

/// The source's frames in presentation order, and the frame grid of the output.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub frame_rate: FrameRate,
    /// Number of frames on the grid.
    pub frames: FrameCount,
    pub mapping: FrameMapping,
    pub cutting: Cutting,
    /// Presentation times in display order, in ticks of `time_base`.
    pub(super) shown: Vec<i64>,
    /// The position in file order of each shown frame's packet.
    order: Vec<usize>,
    /// Whether the timestamps restart somewhere, so that frames can be counted but not placed by time.
    broken: bool,
    bytes: Vec<Option<ByteSpan>>,
    tables: Option<ByteSpan>,
    fragments: Vec<ByteSpan>,
    /// Whether the demuxer seeks by the tables that the index was read from.
    seeks_by_tables: bool,
    keys: Vec<KeyFrame>,
    time_base: (u32, u32),
    /// Frames before and after a chunk that its own frames depend on.
    context: u64,
    /// Whether a decoder may show damaged pictures before the first frame.
    begins_midway: bool,
    /// Frame rate of the source, which the grid may have halved.
    source_rate: FrameRate,
    /// The frames of the whole source on the grid.
    whole: FrameCount,
    /// The frame of the whole source that is frame 0 of the output.
    first: u64,
}

/// A packet that decoding can start at.
#[derive(Clone, Copy, Debug)]
struct KeyFrame {
    pts: i64,
    /// The earlier of its two timestamps: demuxers seek by either.
    earliest: i64,
    /// The earliest timestamp of the key frames after it in file order; `None` for the last one.
    next: Option<i64>,
    position: usize,
}

impl Timeline {
    /// Places the frames of an index on a grid of at most `max_frame_rate` frames per second.
    ///
    /// # Errors
    /// [`TimelineError`].
    pub fn new(
        index: &PacketIndex,
        stream: &VideoStream,
        max_frame_rate: u32,
    ) -> Result<Self, TimelineError> {
        Self::at_rate(index, stream, max_frame_rate, None)
    }

    /// As [`Timeline::new`]; frames of a variable rate are placed on a grid of the `declared` rate, if there is one.
    ///
    /// # Errors
    /// [`TimelineError`].
    pub fn at_rate(
        index: &PacketIndex,
        stream: &VideoStream,
        max_frame_rate: u32,
        declared: Option<FrameRate>,
    ) -> Result<Self, TimelineError> {
        let cutting = cutting(index);
        let runs: Vec<Vec<i64>> = continuous_runs(index)
            .into_iter()
            .map(presentation_times)
            .collect();
        let shown = runs.concat();
        let first = *shown.first().ok_or(TimelineError::NoFrames)?;
        let mut order: Vec<usize> = (0..index.packets.len()).collect();
        if runs.len() == 1 {
            order.sort_by_key(|position| index.packets[*position].pts);
        }
        let mut keys = key_frames(&index.packets, &stream.codec);
        keys.sort_unstable_by_key(|k| k.pts);
        if keys.is_empty() && index.hidden == 0 {
            return Err(TimelineError::NoKeyFrame {
                packets: index.packets.len(),
            });
        }
        let base = stream.base_frame_rate;
        let average = stream.plausible_rate();
        // Without a rate in the container, ffmpeg guesses one from rounded timestamps, often twice the real one.
        let standard = standard_rates(&shown, index.time_base);
        let candidates = [base, average].into_iter().flatten();
        let constant = candidates.chain(standard.iter().copied()).find(|rate| {
            runs.iter()
                .all(|run| is_constant(run, *rate, index.time_base))
        });
        // For a variable source: the rate that holds all its frames if the profile allows that rate, else its average.
        let allowed = |rate: &FrameRate| !rate.exceeds(max_frame_rate);
        let usual_rate = median_rate(&shown, index.time_base);
        let usual = |rate: &FrameRate| {
            STANDARD_RATES.contains(&(rate.num(), rate.den())) && rate.as_f64() < usual_rate * 1.5
        };
        let holds = |rate: &&FrameRate| allowed(rate) && holds_all(&shown, **rate, index.time_base);
        let nominal = constant
            .or(declared)
            .or(base.filter(|rate| allowed(rate) && usual(rate)))
            .or(standard.iter().find(holds).copied())
            .or(base.filter(allowed))
            .or(average)
            .or(base)
            .ok_or(TimelineError::NoFrameRate {
                frames: shown.len(),
            })?;
        let frame_rate = nominal.halved_to(max_frame_rate).raised_to_one();
        let last = shown.last().copied().unwrap_or(first);
        let in_frames = |ticks: i64| {
            let ticks = Ticks(ticks.saturating_mul(i64::from(index.time_base.0)));
            frame_rate.frames_in(ticks, Timescale(index.time_base.1)).0
        };
        let last_ticks = last_duration(index, &shown);
        let mapping = if constant == Some(frame_rate) {
            FrameMapping::Every
        } else {
            FrameMapping::Resampled
        };
        let frames = match mapping {
            // Fields, rounding and edits make a last frame a little longer; only what was meant as a pause is held.
            FrameMapping::Every if is_pause(last_ticks, index.time_base) => {
                shown.len() as u64 + in_frames(last_ticks).saturating_sub(1)
            }
            FrameMapping::Every => shown.len() as u64,
            // The last frame is included even if its duration rounds to nothing, unless frames are dropped anyway.
            FrameMapping::Resampled => {
                let least = match nominal == frame_rate {
                    true => in_frames(last - first) + 1,
                    false => 1,
                };
                in_frames(last - first + last_ticks).max(least)
            }
        };
        let timed = runs.len() == 1 && !index.unordered;
        if let (false, FrameMapping::Resampled, Cutting::Whole { reason }) =
            (timed, mapping, &cutting)
        {
            return Err(TimelineError::Discontinuous {
                reason: reason.clone(),
            });
        }
        Ok(Self {
            frame_rate,
            frames: FrameCount(frames),
            mapping,
            cutting,
            shown,
            order,
            broken: runs.len() > 1,
            bytes: index.packets.iter().map(|p| p.bytes).collect(),
            tables: index.tables,
            fragments: index.fragments.clone(),
            seeks_by_tables: index.read == IndexRead::Tables,
            keys,
            time_base: index.time_base,
            // The deinterlacer needs the frame before and the frame after.
            context: u64::from(index.scan != Scan::Progressive),
            begins_midway: index.begins_midway,
            source_rate: nominal,
            whole: FrameCount(frames),
            first: 0,
        })
    }

    /// The timeline of a title of audio alone, from the first sample of any stream to the last one. Its frames last a
    /// millisecond. Timecodes count by the `declared` rate. Edit lists and codec delays leave a part of a packet before time
    /// zero, which is not heard.
    ///
    /// # Errors
    /// [`TimelineError::NoFrames`] if no stream has a sample with a time.
    pub fn of_audio(
        audio: &[AudioSpan],
        declared: Option<FrameRate>,
    ) -> Result<Self, TimelineError> {
        let starts = audio.iter().filter_map(|span| span.start_us).min();
        let ends = audio.iter().filter_map(|span| span.end_us).max();
        let (start, end) = starts.zip(ends).ok_or(TimelineError::NoFrames)?;
        let start = if start < -PADDING_US {
            start
        } else {
            start.max(0)
        };
        let millis = u64::try_from(end.saturating_sub(start)).unwrap_or(0);
        let millis = FrameCount(millis.div_ceil(1_000));
        let frame_rate = FrameRate::new(1_000, 1).filter(|_| millis.0 > 0);
        let frame_rate = frame_rate.ok_or(TimelineError::NoFrames)?;
        Ok(Self {
            frame_rate,
            frames: millis,
            mapping: FrameMapping::Resampled,
            cutting: Cutting::Seek,
            shown: vec![start],
            order: Vec::new(),
            broken: false,
            bytes: Vec::new(),
            tables: None,
            fragments: Vec::new(),
            seeks_by_tables: false,
            keys: Vec::new(),
            time_base: (1, 1_000_000),
            context: 0,
            begins_midway: false,
            source_rate: declared.unwrap_or(frame_rate),
            whole: millis,
            first: 0,
        })
    }

    /// When the last frame ends.
    pub fn video_end(&self) -> Seconds {
        let rate = self.frame_rate;
        let length = rate.duration_of(self.frames);
        self.video_start().plus(length, rate.timescale())
    }

    /// Holds the last frame until a time in microseconds on the source's timeline.
    pub fn hold_until(&mut self, end_us: i64) {
        let length = Ticks(end_us.saturating_sub(self.video_start().micros()));
        let frames = self.frame_rate.frames_in(length, Timescale(1_000_000));
        self.frames = self.frames.max(frames);
        self.whole = self.frames;
    }

    /// Keeps the part of the source from `in_point` to `out_point`. Returns its frames among those of the whole source.
    ///
    /// # Errors
    /// [`ClipError`] if there is no such part.
    pub fn clip(
        &mut self,
        in_point: Option<Point>,
        out_point: Option<Point>,
        start: Option<Timecode>,
    ) -> Result<Option<Clip>, ClipError> {
        let clock = clip::Clock {
            rate: self.source_rate,
            grid: self.frame_rate,
            start,
        };
        self.whole = self.frames;
        let Some(frames) = clip::range(in_point, out_point, &clock, self.whole)? else {
            return Ok(None);
        };
        (self.first, self.frames) = (frames.start, frames.count());
        let of = self.whole;
        Ok(Some(Clip { frames, of }))
    }

    /// The time of frame 0 of the output on the source's timeline: the presentation time of a source frame, or of a place
    /// on the grid.
    pub fn video_start(&self) -> Seconds {
        match self.mapping {
            FrameMapping::Every => self.seconds(self.pts(self.first) * 2),
            FrameMapping::Resampled => {
                let first = self.seconds(self.pts(0) * 2);
                first.plus(
                    self.frame_rate.duration_of(FrameCount(self.first)),
                    self.frame_rate.timescale(),
                )
            }
        }
    }

    /// Average number of frames to decode from a key frame to any frame: half the distance between two key frames.
    pub(super) fn mean_lead(&self) -> f64 {
        let distance = self.shown.len() as f64 / self.keys.len().max(1) as f64;
        (distance - 1.0).max(0.0) / 2.0
    }

    /// Whether the timestamps restart somewhere: frames can then be counted but not placed by time.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// How the frames `[start, end)` of the grid are cut from the source.
    pub fn cut(&self, frames: FrameRange) -> Cut {
        let frames = FrameRange {
            start: frames.start + self.first,
            end: frames.end + self.first,
        };
        let held = self.held(frames);
        if self.cutting != Cutting::Seek {
            let part = self.frames != self.whole && self.mapping == FrameMapping::Every;
            return Cut {
                held,
                counted: part.then_some(frames),
                ..Cut::default()
            };
        }
        let (first, last) = self.source_frames(frames);
        let first = first.saturating_sub(self.context);
        let last = last.saturating_add(self.context);
        let key = self.key_before(self.pts(first));
        let position = key.map_or(0, |k| k.position);
        let furthest = self.furthest(first, last).unwrap_or(position);
        let trimmed = self.mapping == FrameMapping::Every;
        let bound = |frame| self.midpoint_before(frame).filter(|_| trimmed);
        let media = packets_span(&self.bytes, position, furthest);
        let media = media.map(|span| with_fragment_head(&self.fragments, span));
        Cut {
            seek: key.map(|k| self.seconds(self.seek_time(k))),
            start: match frames.start {
                0 if self.begins_midway => Some(self.before_first()),
                start => bound(start.min(self.last_frame())),
            },
            end: bound(frames.end),
            held,
            counted: None,
            reads: self.tables.into_iter().chain(media).collect(),
            hidden: unneeded_fragments(&self.fragments, &self.bytes, position, furthest),
        }
    }

    /// The time, in half ticks, to seek to for a key frame.
    ///
    /// A demuxer without tables lands where it finds a timestamp, so half a frame before the key frame is as close as is
    /// safe. A demuxer with tables lands at the last key frame before the time, less the reordering delay that it
    /// subtracts: midway to the next key frame leads to this one. The time never passes half a frame before the next key
    /// frame, so that it does not lead to that one instead.
    fn seek_time(&self, key: KeyFrame) -> i64 {
        if !self.seeks_by_tables {
            return key.earliest * 2 - self.frame_ticks();
        }
        let last = self.shown.last().copied().unwrap_or(key.pts);
        let next = key.next.unwrap_or(last + self.frame_ticks());
        (key.pts + next).min(next * 2 - self.frame_ticks())
    }

    /// Half a frame before the first frame.
    fn before_first(&self) -> Seconds {
        self.seconds(self.pts(0) * 2 - self.frame_ticks())
    }

    /// The number of the last source frame.
    fn last_frame(&self) -> u64 {
        self.shown.len().saturating_sub(1) as u64
    }

    /// The frames at the end of a range that repeat the last source frame.
    fn held(&self, frames: FrameRange) -> FrameCount {
        let last = match self.mapping {
            FrameMapping::Every => self.last_frame(),
            FrameMapping::Resampled => self.last_place(),
        };
        // A range after the last frame begins with it once more.
        let first_held = (last + 1).max(frames.start + 1);
        FrameCount(frames.end.saturating_sub(first_held))
    }

    /// The place on the grid that is nearest to the last source frame.
    fn last_place(&self) -> u64 {
        let ticks = self.pts(self.last_frame()) - self.pts(0);
        let ticks = Ticks(ticks.saturating_mul(i64::from(self.time_base.0)));
        self.frame_rate
            .frames_in(ticks, Timescale(self.time_base.1))
            .0
    }

    /// The first and the last source frame that frames of the grid are made of.
    fn source_frames(&self, frames: FrameRange) -> (u64, u64) {
        let last = self.last_frame();
        match self.mapping {
            FrameMapping::Every => (
                frames.start.min(last),
                frames.end.saturating_sub(1).min(last),
            ),
            FrameMapping::Resampled => (
                self.source_frame_at(frames.start).saturating_sub(1),
                self.source_frame_at(frames.end) + 1,
            ),
        }
    }

    /// The position in file order of the last packet that source frames `[first, last]` need.
    fn furthest(&self, first: u64, last: u64) -> Option<usize> {
        let at = |frame: u64| usize::try_from(frame).unwrap_or(usize::MAX);
        let end = at(last).saturating_add(1).min(self.order.len());
        let frames = self.order.get(at(first).min(end)..end)?;
        frames.iter().max().copied()
    }

    /// Presentation time of a source frame.
    fn pts(&self, frame: u64) -> i64 {
        let last = self.shown.len().saturating_sub(1);
        let frame = usize::try_from(frame).unwrap_or(last).min(last);
        self.shown.get(frame).copied().unwrap_or_default()
    }

    /// Midway between a frame and its predecessor; `None` at either end of the file.
    fn midpoint_before(&self, frame: u64) -> Option<Seconds> {
        let frame = usize::try_from(frame).ok().filter(|f| *f > 0)?;
        let (before, after) = (self.shown.get(frame - 1)?, self.shown.get(frame)?);
        Some(self.seconds(before + after))
    }

    /// The source frame shown at the time of an output frame: the last one that starts at or before it.
    fn source_frame_at(&self, frame: u64) -> u64 {
        let first = self.shown.first().copied().unwrap_or_default();
        let offset = self.frame_rate.duration_of(FrameCount(frame));
        let scale = self.time_base;
        // Ticks of the grid to ticks of the source: × den / num of the time base.
        let ticks = i128::from(offset.0) * i128::from(scale.1)
            / (i128::from(self.frame_rate.timescale().0) * i128::from(scale.0.max(1)));
        let time = first.saturating_add(i64::try_from(ticks).unwrap_or(i64::MAX / 4));
        let at = self.shown.partition_point(|pts| *pts <= time);
        at.saturating_sub(1) as u64
    }

    /// The last key frame shown at or before a time; `None` if that is the first one, where decoding starts anyway.
    fn key_before(&self, pts: i64) -> Option<KeyFrame> {
        let at = self.keys.partition_point(|k| k.pts <= pts);
        self.keys
            .get(at.checked_sub(1)?)
            .filter(|_| at > 1)
            .copied()
    }

    /// Duration of a frame in source ticks, at least one.
    fn frame_ticks(&self) -> i64 {
        let (num, den) = (i64::from(self.time_base.0), i64::from(self.time_base.1));
        let rate = self.frame_rate;
        (i64::from(rate.den()) * den / (i64::from(rate.num()) * num.max(1))).max(1)
    }

    /// Half ticks of the source as seconds.
    fn seconds(&self, half_ticks: i64) -> Seconds {
        let (num, den) = self.time_base;
        Seconds {
            ticks: Ticks(half_ticks * i64::from(num)),
            timescale: Timescale(den.saturating_mul(2)),
        }
    }
}

/// A jump of decoding times beyond this is a discontinuity, not a pause (as ffmpeg's `dts_delta_threshold`).
const MAX_PAUSE_SECONDS: i64 = 10;

/// The packets in file order, split where decoding times go back or jump: each run has a timeline of its own.
fn continuous_runs(index: &PacketIndex) -> Vec<&[Packet]> {
    let (num, den) = index.time_base;
    let max_pause = i64::from(den) * MAX_PAUSE_SECONDS / i64::from(num.max(1));
    let continuous = |a: &Packet, b: &Packet| match (a.dts, b.dts) {
        (Some(a), Some(b)) => b >= a && (index.one_timeline || b.saturating_sub(a) <= max_pause),
        _ => true,
    };
    index.packets.chunk_by(continuous).collect()
}

/// Looks for the properties of an index that make seeking inexact.
fn cutting(index: &PacketIndex) -> Cutting {
    let breaks = continuous_runs(index).len().saturating_sub(1);
    let reason = if breaks > 0 {
        format!("its timestamps restart or jump at {breaks} places")
    } else if index.gradual {
        "its key frames are recovery points of an intra refresh, where pictures build up gradually"
            .into()
    } else if index.unordered {
        "its container stores frames in decoding order without presentation times".into()
    } else {
        return Cutting::Seek;
    };
    Cutting::Whole { reason }
}

/// Most pictures that an H.264 decoder holds back (ISO/IEC 14496-10, A.3.1).
const MAX_HELD_BACK: usize = 16;

/// The packets that decoding can start at.
///
/// The last packet of a file is excluded: demuxers that find a position by trial, as for transport streams, find a
/// packet only once another one has ended it. The last few packets of H.264 are excluded too: ffmpeg's decoder drops the
/// pictures that it still holds back at the end of the file if they follow the key frame of an open group.
fn key_frames(packets: &[Packet], codec: &str) -> Vec<KeyFrame> {
    let mut next = None;
    let mut keys: Vec<KeyFrame> = Vec::new();
    for (position, packet) in packets.iter().enumerate().rev().filter(|(_, p)| p.key) {
        let earliest = packet.dts.map_or(packet.pts, |dts| dts.min(packet.pts));
        keys.push(KeyFrame {
            pts: packet.pts,
            earliest,
            next,
            position,
        });
        next = Some(next.map_or(earliest, |n: i64| n.min(earliest)));
    }
    keys.reverse();
    let intra_only = keys.len() == packets.len();
    let excluded = if codec == "h264" && !intra_only {
        MAX_HELD_BACK + 1
    } else {
        1
    };
    let end = packets.len().saturating_sub(excluded);
    let kept = keys.partition_point(|k| k.position < end);
    keys.truncate(kept.max(1));
    keys
}

fn presentation_times(packets: &[Packet]) -> Vec<i64> {
    let mut shown: Vec<i64> = packets.iter().map(|p| p.pts).collect();
    shown.sort_unstable();
    shown
}

/// Whether every frame is within one tick of the container of its time at a constant rate.
fn is_constant(shown: &[i64], rate: FrameRate, time_base: (u32, u32)) -> bool {
    let first = shown.first().copied().unwrap_or_default();
    let per_frame_num = i128::from(rate.den()) * i128::from(time_base.1);
    let per_frame_den = (i128::from(rate.num()) * i128::from(time_base.0)).max(1);
    (0i128..).zip(shown).all(|(n, pts)| {
        // |pts − first − n × frame| ≤ 1 tick, without division.
        let off = i128::from(pts - first) * per_frame_den - n * per_frame_num;
        off.abs() <= per_frame_den
    })
}

/// The frame rates of productions, in ascending order.
const STANDARD_RATES: [(u32, u32); 16] = [
    (10, 1),
    (12, 1),
    (25, 2),
    (15, 1),
    (24_000, 1_001),
    (24, 1),
    (25, 1),
    (30_000, 1_001),
    (30, 1),
    (48, 1),
    (50, 1),
    (60_000, 1_001),
    (60, 1),
    (100, 1),
    (120_000, 1_001),
    (120, 1),
];

/// Frames per second by the first and the last timestamp; 0 for a single frame, or if timestamps restart.
fn mean_rate(shown: &[i64], (num, den): (u32, u32)) -> f64 {
    let ticks = shown.last().zip(shown.first());
    let ticks = ticks.map_or(0, |(last, first)| last - first);
    let seconds = ticks as f64 * f64::from(num) / f64::from(den.max(1));
    let gaps = shown.len().saturating_sub(1) as f64;
    if seconds > 0.0 { gaps / seconds } else { 0.0 }
}

/// Frames per second by the median distance of two frames; 0 for a single frame.
fn median_rate(shown: &[i64], (num, den): (u32, u32)) -> f64 {
    let gap = median_gap(shown);
    gap.map_or(0.0, |gap| {
        f64::from(den) / (f64::from(num.max(1)) * gap.max(1) as f64)
    })
}

/// The median distance of two frames in ticks; `None` for a single frame.
fn median_gap(shown: &[i64]) -> Option<i64> {
    let mut gaps: Vec<i64> = shown.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let middle = gaps.len() / 2;
    (!gaps.is_empty()).then(|| *gaps.select_nth_unstable(middle).1)
}

/// The standard rates that are not below the mean rate, with a reserve for rounded timestamps, the nearest first. None if
/// timestamps restart.
fn standard_rates(shown: &[i64], time_base: (u32, u32)) -> Vec<FrameRate> {
    let mean = mean_rate(shown, time_base);
    if mean <= 0.0 || !shown.is_sorted() {
        return Vec::new();
    }
    let rates = STANDARD_RATES.into_iter();
    let rates = rates.filter_map(|(num, den)| FrameRate::new(num, den));
    let mut rates: Vec<FrameRate> = rates.filter(|rate| rate.as_f64() >= mean * 0.999).collect();
    let off = |rate: &FrameRate| (rate.as_f64() - mean).abs();
    rates.sort_by(|a, b| off(a).total_cmp(&off(b)));
    rates
}

/// Whether every frame is nearest to another frame of a grid at this rate.
fn holds_all(shown: &[i64], rate: FrameRate, time_base: (u32, u32)) -> bool {
    let first = shown.first().copied().unwrap_or_default();
    let num = i128::from(rate.num()) * i128::from(time_base.0);
    let den = (i128::from(rate.den()) * i128::from(time_base.1)).max(1);
    let slot = |pts: &i64| (i128::from(pts - first) * num * 2 + den).div_euclid(den * 2);
    shown.is_sorted_by(|a, b| slot(a) < slot(b))
}

/// Longest time in seconds that the last frame is shown because its packet states it, unless other frames are shown for nearly
/// as long.
const MAX_LAST_SECONDS: i64 = 60;

/// How long the last frame is shown, in ticks: as its packet states, otherwise as long as most frames.
fn last_duration(index: &PacketIndex, shown: &[i64]) -> i64 {
    let (num, den) = index.time_base;
    let seconds = |seconds: i64| seconds * i64::from(den) / i64::from(num.max(1));
    let usual = median_gap(shown).unwrap_or(0);
    let last = shown.iter().max().copied().unwrap_or(0);
    let stated = index.end.saturating_sub(last);
    // The parsers of transport and programme streams guess durations.
    if stated <= 0 || !index.one_timeline {
        return usual.max(1);
    }
    stated.min(seconds(MAX_LAST_SECONDS).max(usual.saturating_mul(2)))
}

/// Whether a last frame of this duration is held on purpose: for more than half a second.
fn is_pause(ticks: i64, (num, den): (u32, u32)) -> bool {
    i128::from(ticks) * i128::from(num) * 2 > i128::from(den)
}

/// Packets after the last one of a chunk that stay visible: a decoder outputs its last pictures when others follow. An
/// H.264 decoder holds back up to 16 (ISO/IEC 14496-10, A.3.1), and ffmpeg's drops some of them at the end of a file.
const TRAILING_PACKETS: usize = MAX_HELD_BACK + 2;

/// The bytes from the first to the last of a range of packets in file order; `None` if no position is known.
fn packets_span(packets: &[Option<ByteSpan>], first: usize, last: usize) -> Option<ByteSpan> {
    let last = last.min(packets.len().saturating_sub(1));
    let spans = || packets.get(first..=last).into_iter().flatten().flatten();
    let start = spans().map(|b| b.start).min()?;
    let end = spans().map(|b| b.end).max()?;
    Some(ByteSpan { start, end })
}

/// The fragments before and after those that hold the packets `first` to `last` and a few more that follow.
fn unneeded_fragments(
    fragments: &[ByteSpan],
    packets: &[Option<ByteSpan>],
    first: usize,
    last: usize,
) -> Vec<ByteSpan> {
    let last = last.saturating_add(TRAILING_PACKETS);
    let Some(needed) = packets_span(packets, first, last) else {
        return Vec::new();
    };
    let before = fragments.partition_point(|f| f.end <= needed.start);
    let after = fragments.partition_point(|f| f.start < needed.end);
    let sides = [fragments.get(..before), fragments.get(after..)];
    let joined = |side: &[ByteSpan]| {
        let (start, end) = (side.first()?.start, side.last()?.end);
        Some(ByteSpan { start, end })
    };
    sides.into_iter().flatten().filter_map(joined).collect()
}

/// A span of media in a fragmented file, extended to start at the header of its fragment.
fn with_fragment_head(fragments: &[ByteSpan], media: ByteSpan) -> ByteSpan {
    let after = fragments.partition_point(|f| f.start <= media.start);
    let own = after.checked_sub(1).and_then(|i| fragments.get(i));
    let start = own
        .filter(|f| media.start < f.end)
        .map_or(media.start, |f| f.start);
    ByteSpan { start, ..media }
}
