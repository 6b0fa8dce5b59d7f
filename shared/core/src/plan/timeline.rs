//! The source's frames on the output's constant grid, and exact cuts between them.

use serde::{Deserialize, Serialize};

use super::cutting::{self, Cutting};
use super::{Cut, PlanError, view};
use crate::probe::{ByteSpan, IndexRead, Packet, PacketIndex, Scan, Seconds, VideoStream};
use crate::time::{FrameCount, FrameRange, FrameRate, Ticks, Timescale};

/// How source frames become output frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameMapping {
    /// The source is constant: output frame n is source frame n.
    Every,
    /// The source is variable, or faster than the profile allows: each output time shows the frame nearest to it.
    Resampled,
}

/// The source's frames in presentation order, and the grid they go to.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Frame rate of the grid.
    pub frame_rate: FrameRate,
    /// Frames on the grid.
    pub frames: FrameCount,
    /// How one becomes the other.
    pub mapping: FrameMapping,
    /// Whether chunks are cut by seeking.
    pub cutting: Cutting,
    pub(super) shown: Vec<i64>,
    /// For each shown frame its packet's place in file order.
    order: Vec<usize>,
    broken: bool,
    bytes: Vec<Option<ByteSpan>>,
    tables: Option<ByteSpan>,
    fragments: Vec<ByteSpan>,
    /// Whether the demuxer seeks by the tables that the index was read from.
    tabled: bool,
    keys: Vec<Key>,
    time_base: (u32, u32),
    /// Frames before and after a chunk that its own frames are made with.
    context: u64,
}

/// A packet that decoding can start at.
#[derive(Clone, Copy, Debug)]
struct Key {
    pts: i64,
    /// The earlier of its two timestamps: demuxers seek by either.
    earliest: i64,
    /// The earliest timestamp of the key frames after it in file order; `None` for the last one.
    next: Option<i64>,
    /// Its place in file order.
    place: usize,
}

impl Timeline {
    /// Judges an index.
    ///
    /// # Errors
    /// Where it has no frame, no key frame at its start, or no frame rate can be told.
    pub fn new(
        index: &PacketIndex,
        stream: &VideoStream,
        max_frame_rate: u32,
    ) -> Result<Self, PlanError> {
        let cutting = cutting::judge(index);
        let runs: Vec<Vec<i64>> = cutting::runs(index).into_iter().map(in_order).collect();
        let shown = runs.concat();
        let first = *shown.first().ok_or(PlanError::NoFrames)?;
        let mut order: Vec<usize> = (0..index.packets.len()).collect();
        if runs.len() == 1 {
            order.sort_by_key(|place| index.packets[*place].pts);
        }
        let mut keys = keys(&index.packets, &stream.codec);
        keys.sort_unstable_by_key(|k| k.pts);
        if keys.is_empty() {
            return Err(PlanError::NoKeyFrame {
                packets: index.packets.len(),
            });
        }
        let candidates = [stream.base_frame_rate, stream.average_frame_rate];
        let constant = candidates.into_iter().flatten().find(|rate| {
            runs.iter()
                .all(|run| is_constant(run, *rate, index.time_base))
        });
        // The rate that holds all frames of a variable source, where it is one that the profile allows; else its average.
        let base = stream.base_frame_rate;
        let nominal = constant
            .or(base.filter(|rate| !rate.exceeds(max_frame_rate)))
            .or(stream.average_frame_rate)
            .or(base)
            .ok_or(PlanError::NoFrameRate {
                frames: shown.len(),
            })?;
        let frame_rate = limited(nominal, max_frame_rate);
        let (mapping, frames) = if constant == Some(frame_rate) {
            (FrameMapping::Every, FrameCount(shown.len() as u64))
        } else {
            let span = span(&shown, first, index.time_base);
            let frames = frame_rate.frames_in(span.ticks, span.timescale);
            (FrameMapping::Resampled, FrameCount(frames.0.max(1)))
        };
        let timed = runs.len() == 1 && !index.unordered;
        if let (false, FrameMapping::Resampled, Cutting::Whole { reason }) =
            (timed, mapping, &cutting)
        {
            return Err(PlanError::Discontinuous(reason.clone()));
        }
        Ok(Self {
            frame_rate,
            frames,
            mapping,
            cutting,
            shown,
            order,
            broken: runs.len() > 1,
            bytes: index.packets.iter().map(|p| p.bytes).collect(),
            tables: index.tables,
            fragments: index.fragments.clone(),
            tabled: index.read == IndexRead::Tables,
            keys,
            time_base: index.time_base,
            // The deinterlacer looks at the frame before and the frame after.
            context: u64::from(index.scan != Scan::Progressive),
        })
    }

    /// When the first source frame is shown.
    #[must_use]
    pub fn video_start(&self) -> Seconds {
        self.seconds(self.shown.first().copied().unwrap_or_default() * 2)
    }

    /// Frames that are decoded on average to get from a key frame to any frame: half the distance of two key frames.
    #[must_use]
    pub(super) fn mean_lead(&self) -> f64 {
        let distance = self.shown.len() as f64 / self.keys.len().max(1) as f64;
        (distance - 1.0).max(0.0) / 2.0
    }

    /// How frames `[start, end)` of the grid are cut from the source.
    #[must_use]
    pub fn cut(&self, frames: FrameRange) -> Cut {
        if self.cutting != Cutting::Seek {
            return Cut {
                seek: None,
                start: None,
                end: None,
                reads: Vec::new(),
                hidden: Vec::new(),
            };
        }
        let (first, last) = self.needed(frames);
        let first = first.saturating_sub(self.context);
        let last = last.saturating_add(self.context);
        let key = self.key_before(self.at(first));
        let place = key.map_or(0, |k| k.place);
        let furthest = self.furthest(first, last).unwrap_or(place);
        let trimmed = self.mapping == FrameMapping::Every;
        let bound = |frame| self.midpoint_before(frame).filter(|_| trimmed);
        let media = view::stretch(&self.bytes, place, furthest);
        let media = media.map(|span| view::with_head(&self.fragments, span));
        Cut {
            seek: key.map(|k| self.seconds(self.sought(k))),
            start: bound(frames.start),
            end: bound(frames.end),
            reads: self.tables.into_iter().chain(media).collect(),
            hidden: view::hidden(&self.fragments, &self.bytes, place, furthest),
        }
    }

    /// The time, in half ticks, to seek for a key frame.
    ///
    /// A demuxer without tables lands where it finds a timestamp, so half a frame before the key frame is as close as is safe.
    /// With tables it lands at the last key frame before the time, give or take the delay of reordering, which it takes off:
    /// midway to the next one is that very key frame. Never past half a frame before the next one, so that it is not that.
    fn sought(&self, key: Key) -> i64 {
        if !self.tabled {
            return key.earliest * 2 - self.frame_ticks();
        }
        let last = self.shown.last().copied().unwrap_or(key.pts);
        let next = key.next.unwrap_or(last + self.frame_ticks());
        (key.pts + next).min(next * 2 - self.frame_ticks())
    }

    /// The source frames, from the first to the last, that frames of the grid are made of.
    fn needed(&self, frames: FrameRange) -> (u64, u64) {
        match self.mapping {
            FrameMapping::Every => (frames.start, frames.end.saturating_sub(1)),
            FrameMapping::Resampled => (
                self.frame_by(frames.start).saturating_sub(1),
                self.frame_by(frames.end) + 1,
            ),
        }
    }

    /// The place in file order of the last packet that source frames `[first, last]` need.
    fn furthest(&self, first: u64, last: u64) -> Option<usize> {
        let at = |frame: u64| usize::try_from(frame).unwrap_or(usize::MAX);
        let end = at(last).saturating_add(1).min(self.order.len());
        let frames = self.order.get(at(first).min(end)..end)?;
        frames.iter().max().copied()
    }

    /// Whether times of display go back somewhere: frames can then be counted but not placed by time.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Presentation time of a source frame.
    fn at(&self, frame: u64) -> i64 {
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

    /// The source frame shown at an output frame, or the one before it.
    fn frame_by(&self, frame: u64) -> u64 {
        let first = self.shown.first().copied().unwrap_or_default();
        let offset = self.frame_rate.duration_of(FrameCount(frame));
        let scale = self.time_base;
        // Ticks of the grid into ticks of the source: × den / num of the time base.
        let ticks = i128::from(offset.0) * i128::from(scale.1)
            / (i128::from(self.frame_rate.timescale().0) * i128::from(scale.0.max(1)));
        let time = first.saturating_add(i64::try_from(ticks).unwrap_or(i64::MAX / 4));
        let at = self.shown.partition_point(|pts| *pts <= time);
        at.saturating_sub(1) as u64
    }

    /// The last key frame shown at or before a time; `None` where that is the first one.
    fn key_before(&self, pts: i64) -> Option<Key> {
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

/// Pictures that an H.264 decoder holds back at most: ISO/IEC 14496-10, A.3.1.
const HELD_BACK: usize = 16;

/// The packets that decoding can begin at. Not the very last packet of a file: demuxers that look for a place by trying,
/// as with transport streams, find it only once another packet has ended it. Nor the last few of H.264: of what follows an open
/// group's key frame, ffmpeg's decoder drops what it still holds back when the file ends.
fn keys(packets: &[Packet], codec: &str) -> Vec<Key> {
    let mut next = None;
    let mut keys: Vec<Key> = Vec::new();
    for (place, packet) in packets.iter().enumerate().rev().filter(|(_, p)| p.key) {
        let earliest = packet.dts.map_or(packet.pts, |dts| dts.min(packet.pts));
        keys.push(Key {
            pts: packet.pts,
            earliest,
            next,
            place,
        });
        next = Some(next.map_or(earliest, |n: i64| n.min(earliest)));
    }
    keys.reverse();
    let intra = keys.len() == packets.len();
    let unfit = if codec == "h264" && !intra {
        HELD_BACK + 1
    } else {
        1
    };
    let fit = packets.len().saturating_sub(unfit);
    let kept = keys.partition_point(|k| k.place < fit);
    keys.truncate(kept.max(1));
    keys
}

fn in_order(packets: &[Packet]) -> Vec<i64> {
    let mut shown: Vec<i64> = packets.iter().map(|p| p.pts).collect();
    shown.sort_unstable();
    shown
}

/// Whether every frame is where a constant rate puts it, within one tick of the container.
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

/// From the first frame to the end of the last, which is taken to last as long as the average frame.
fn span(shown: &[i64], first: i64, time_base: (u32, u32)) -> Seconds {
    let last = shown.last().copied().unwrap_or(first);
    let gaps = i64::try_from(shown.len().saturating_sub(1))
        .unwrap_or(1)
        .max(1);
    let ticks = last - first + ((last - first) / gaps).max(1);
    Seconds {
        ticks: Ticks(ticks * i64::from(time_base.0)),
        timescale: Timescale(time_base.1),
    }
}

/// Halves a rate until it is within the limit.
fn limited(rate: FrameRate, max: u32) -> FrameRate {
    let mut rate = rate;
    while rate.exceeds(max.max(1)) {
        match FrameRate::new(rate.num(), rate.den().saturating_mul(2)) {
            Some(half) if half != rate => rate = half,
            _ => break,
        }
    }
    rate
}
