//! Fingerprints: a small copy of each frame, and how the frames of a rung differ from those of the source.
//!
//! A fingerprint has 64 × 36 cells; each is the mean of the pixels that it covers, so noise and the encoder's losses cancel
//! out. Differences are measured in levels of 255 of red, green and blue, for two purposes: the greatest difference of any of
//! 144 blocks finds what is wrong with a part of the picture; the mean over all cells tells which source frame a picture shows.

use std::io::Read as _;
use std::path::Path;

use reelsmith_core::comparison::{
    DeadKind, DeadPictures, FrameValue, PictureComparison, UnlikePicture,
};
use reelsmith_core::plan::FrameMapping;
use reelsmith_core::probe::Scan;
use reelsmith_core::time::FrameRate;

use super::super::ChunkTask;
use super::super::filters::{FINENESS, rescaled};
use super::argv::{self, CELL_COLUMNS, CELL_ROWS};
use crate::color::Color;
use crate::error::MediaError;

const CELLS: usize = CELL_COLUMNS * CELL_ROWS;
/// Bytes of a frame: three planes of cells.
const FRAME: usize = 3 * CELLS;
/// Cells of a block, in each direction.
const BLOCK: usize = 4;
/// Frames that are listed.
const LISTED: usize = 8;
/// How far from its place a frame is looked for, in source frames.
const NEIGHBOURS: usize = 8;
/// Mean difference, in hundredths of a level, below which a frame is at its place even if another one is more similar.
const SAME: i64 = 150;
/// The least duration of a dead run in milliseconds.
const DEAD_MS: u64 = 500;
/// Mean level in hundredths up to which a frame is black, and from which the source is not.
const BLACK: (i64, i64) = (800, 1_600);
/// Mean difference in hundredths of a level up to which two frames of the output are the same picture. The run is a fault if
/// the source moves meanwhile by more than a frame may differ.
const FROZEN: i64 = 20;

/// The fingerprints of the source frames that a run decoded.
pub(super) struct Fingerprints {
    /// When each frame is shown, as ticks of `timebase`.
    times: Vec<i64>,
    /// Numerator and denominator of a tick in seconds.
    timebase: (i64, i64),
    /// As the source is shown.
    plain: Vec<Cells>,
    /// As the source is shown in SDR; empty if no rung is tone-mapped.
    mapped: Vec<Cells>,
}

/// A fingerprint in red, green and blue.
#[derive(Clone)]
struct Cells(Box<[u8; FRAME]>);

/// How the stream of a frame encodes colours.
#[derive(Clone, Copy)]
struct Encoding {
    /// `None` for red, green and blue.
    weights: Option<(f32, f32)>,
    full_range: bool,
}

impl Encoding {
    fn source(task: &ChunkTask) -> Self {
        let source = &task.source;
        if argv::is_rgb(source) {
            return Self {
                weights: None,
                full_range: true,
            };
        }
        let color = Color::of(source, source.dynamic_range());
        Self {
            weights: Some(weights(color.matrix)),
            full_range: argv::is_full_range(source),
        }
    }

    fn rung(task: &ChunkTask, rung: usize) -> Self {
        let color = Color::of(&task.source, task.rungs[rung].rung.range);
        Self {
            weights: Some(weights(color.matrix)),
            full_range: false,
        }
    }
}

/// The weights of red and blue in luma (ITU-T H.273, table 4).
fn weights(matrix: &str) -> (f32, f32) {
    match matrix {
        "bt709" => (0.2126, 0.0722),
        "fcc" => (0.30, 0.11),
        "smpte240m" => (0.212, 0.087),
        "bt2020nc" => (0.2627, 0.0593),
        _ => (0.299, 0.114),
    }
}

impl Cells {
    fn new(planes: &[u8; FRAME], encoding: Encoding) -> Self {
        let mut rgb = Box::new([0; FRAME]);
        for cell in 0..CELLS {
            let sample = [planes[cell], planes[CELLS + cell], planes[2 * CELLS + cell]];
            let [r, g, b] = match encoding.weights {
                // Planes of ffmpeg's gbrp are green, blue and red.
                None => [sample[2], sample[0], sample[1]],
                Some(weights) => shown(sample, weights, encoding.full_range),
            };
            (rgb[cell], rgb[CELLS + cell], rgb[2 * CELLS + cell]) = (r, g, b);
        }
        Self(rgb)
    }

    /// Mean difference of all cells in hundredths of a level.
    fn mean_difference(&self, other: &Self) -> i64 {
        let pairs = self.0.iter().zip(other.0.iter());
        let sum: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        i64::from(sum) * 100 / FRAME as i64
    }

    /// Greatest difference of the mean of a block in hundredths of a level.
    fn block_difference(&self, other: &Self) -> i64 {
        let mut greatest = 0;
        for plane in 0..3 {
            let mut sums = [0i32; (CELL_COLUMNS / BLOCK) * (CELL_ROWS / BLOCK)];
            for row in 0..CELL_ROWS {
                for column in 0..CELL_COLUMNS {
                    let cell = plane * CELLS + row * CELL_COLUMNS + column;
                    let block = row / BLOCK * (CELL_COLUMNS / BLOCK) + column / BLOCK;
                    sums[block] += i32::from(self.0[cell]) - i32::from(other.0[cell]);
                }
            }
            let most = sums.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
            greatest = greatest.max(i64::from(most) * 100 / (BLOCK * BLOCK) as i64);
        }
        greatest
    }

    /// Mean level in hundredths.
    fn level(&self) -> i64 {
        let sum: u32 = self.0.iter().map(|v| u32::from(*v)).sum();
        i64::from(sum) * 100 / FRAME as i64
    }
}

/// Red, green and blue of a sample of luma and chroma with eight bits (ITU-T H.273, 8.3).
fn shown(sample: [u8; 3], (kr, kb): (f32, f32), full_range: bool) -> [u8; 3] {
    let [y, cb, cr] = sample.map(f32::from);
    let (y, cb, cr) = if full_range {
        (y, cb - 128.0, cr - 128.0)
    } else {
        let (luma, chroma) = (255.0 / 219.0, 255.0 / 224.0);
        (
            (y - 16.0) * luma,
            (cb - 128.0) * chroma,
            (cr - 128.0) * chroma,
        )
    };
    let red = y + 2.0 * (1.0 - kr) * cr;
    let blue = y + 2.0 * (1.0 - kb) * cb;
    let green = (y - kr * red - kb * blue) / (1.0 - kr - kb);
    // The conversion saturates.
    [red, green, blue].map(|v| v.round() as u8)
}

impl Fingerprints {
    /// Reads what the encoder's run wrote about the source.
    pub(super) async fn read(task: &ChunkTask) -> Result<Self, MediaError> {
        let failed = MediaError::io("reading the times of the source frames");
        let text = tokio::fs::read_to_string(task.directory.join(argv::TIMES)).await;
        let (times, timebase) = times(&text.map_err(failed)?);
        let cells = |name: &'static str, encoding: Encoding| {
            let mut all = Vec::new();
            let read = each_frame(&task.directory.join(name), |planes| {
                all.push(Cells::new(planes, encoding));
            });
            read.map(|()| all)
        };
        let plain = cells(argv::SOURCE, Encoding::source(task))?;
        let rung = (0..task.rungs.len()).find(|i| super::is_tone_mapped(task, &task.rungs[*i]));
        let mapped = match rung {
            Some(rung) => cells(argv::MAPPED, Encoding::rung(task, rung))?,
            None => Vec::new(),
        };
        Ok(Self {
            times,
            timebase,
            plain,
            mapped,
        })
    }

    /// For each frame of the chunk, the position of the source frame that it must show. It is computed from the plan and the
    /// source's times, not by the filters that chose the frames. `None` if the source has no such frame.
    pub(super) fn frames_of(&self, task: &ChunkTask) -> Vec<SourceFrame> {
        let count = usize::try_from(task.chunk.frames.count().0).unwrap_or(usize::MAX);
        let kept: Vec<usize> = match (task.mapping, &task.chunk.cut.counted) {
            (FrameMapping::Every, Some(counted)) if !task.fills_gaps => {
                let all = 0..self.plain.len();
                let counted = counted.start..counted.end;
                all.filter(|i| counted.contains(&(*i as u64))).collect()
            }
            (FrameMapping::Every, None) if !task.fills_gaps => {
                let all = 0..self.plain.len().min(self.times.len());
                all.filter(|i| self.is_within(task, self.times[*i]))
                    .collect()
            }
            _ => self.nearest(task),
        };
        let last = kept.last().copied();
        let held = std::iter::repeat_with(|| last);
        let kept = kept.into_iter().map(Some).chain(held).take(count);
        kept.map(|position| SourceFrame {
            position,
            micros: position.and_then(|p| Some(self.micros(*self.times.get(p)?))),
        })
        .collect()
    }

    /// Whether a frame with that time is between the bounds of the chunk.
    fn is_within(&self, task: &ChunkTask, time: i64) -> bool {
        let micros = self.micros(time);
        let cut = &task.chunk.cut;
        cut.start.is_none_or(|start| micros >= start.micros())
            && cut.end.is_none_or(|end| micros < end.micros())
    }

    fn micros(&self, time: i64) -> i64 {
        let (num, den) = self.timebase;
        let micros = i128::from(time) * i128::from(num) * 1_000_000 / i128::from(den.max(1));
        i64::try_from(micros).unwrap_or(i64::MAX)
    }

    /// The last frame at or before each time of the grid, all rounded to the nearest time.
    fn nearest(&self, task: &ChunkTask) -> Vec<usize> {
        let fine = task.frame_rate.timescale().0.saturating_mul(FINENESS);
        let zero = rescaled(task.video_start, fine);
        let (num, den) = self.timebase;
        let tick = task.tick().max(1);
        // Ticks of the grid are `tick` units of the timescale, so a frame lasts `tick * FINENESS` fine ticks.
        let frame = i128::from(tick) * i128::from(FINENESS);
        let placed = self.times.iter().map(|time| {
            let ticks = i128::from(*time) * i128::from(num) * i128::from(fine);
            let fine = rounded(ticks, i128::from(den.max(1))) - i128::from(zero);
            rounded(fine, frame)
        });
        let placed: Vec<i128> = placed.take(self.plain.len()).collect();
        let frames = task.chunk.frames.start..task.chunk.frames.end;
        let mut position = 0;
        let mut chosen = Vec::new();
        for frame in frames {
            while placed
                .get(position + 1)
                .is_some_and(|next| *next <= i128::from(frame))
            {
                position += 1;
            }
            if position < placed.len() {
                chosen.push(position);
            }
        }
        chosen
    }
}

/// The nearest whole quotient; halves away from zero, as ffmpeg rounds times.
fn rounded(value: i128, divisor: i128) -> i128 {
    let half = divisor / 2;
    if value < 0 {
        -((-value + half) / divisor)
    } else {
        (value + half) / divisor
    }
}

/// The source frame that a frame of the output shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SourceFrame {
    /// Position among the fingerprints.
    pub(super) position: Option<usize>,
    /// When the source shows it, in microseconds.
    pub(super) micros: Option<i64>,
}

/// The times of ffmpeg's `framecrc` and their time base.
fn times(text: &str) -> (Vec<i64>, (i64, i64)) {
    let base = text.lines().find_map(|l| l.strip_prefix("#tb 0: "));
    let base = base.and_then(|b| {
        let (num, den) = b.trim().split_once('/')?;
        Some((num.parse().ok()?, den.parse().ok()?))
    });
    let rows = text.lines().filter(|l| !l.starts_with('#'));
    let times = rows.filter_map(|l| l.split(',').nth(2)?.trim().parse().ok());
    (times.collect(), base.unwrap_or((1, 1)))
}

/// Calls `on_frame` for each frame of a file of raw fingerprints, which may be large.
fn each_frame(path: &Path, mut on_frame: impl FnMut(&[u8; FRAME])) -> Result<(), MediaError> {
    let failed = || MediaError::io("reading the fingerprints of the frames");
    let file = std::fs::File::open(path).map_err(failed())?;
    let mut file = std::io::BufReader::with_capacity(64 * FRAME, file);
    let mut planes = Box::new([0; FRAME]);
    loop {
        match file.read_exact(planes.as_mut_slice()) {
            Ok(()) => on_frame(&planes),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(e) => return Err(failed()(e)),
        }
    }
}

/// Compares the frames of one rung with the source, in the order of presentation.
pub(super) struct Judge<'a> {
    source: &'a [Cells],
    frames: &'a [SourceFrame],
    encoding: Encoding,
    /// Whether frames are made of one field.
    of_fields: bool,
    limit: i64,
    first: u64,
    least_run: u64,
    next: usize,
    found: PictureComparison,
    previous: Option<Cells>,
    frozen: Option<Run>,
    black: Option<Run>,
}

/// A run of dead frames that has not ended yet.
struct Run {
    /// Position of its first frame in the chunk.
    start: usize,
    /// Whether the source has moved meanwhile, or is not black.
    unexplained: bool,
}

impl<'a> Judge<'a> {
    /// `loss` is the root of the mean square error that the encoder caused, in levels of 255: at a low bit rate, parts of a
    /// picture may be twice as far from the source.
    pub(super) fn new(
        task: &ChunkTask,
        source: &'a Fingerprints,
        frames: &'a [SourceFrame],
        rung: usize,
        loss: f64,
    ) -> Self {
        let mapped = super::is_tone_mapped(task, &task.rungs[rung]);
        Self {
            source: if mapped {
                &source.mapped
            } else {
                &source.plain
            },
            frames,
            encoding: Encoding::rung(task, rung),
            of_fields: task.scan != Scan::Progressive,
            limit: limit(task, mapped) + (200.0 * loss).round() as i64,
            first: task.chunk.frames.start,
            least_run: least_run(task.frame_rate),
            next: 0,
            found: PictureComparison::default(),
            previous: None,
            frozen: None,
            black: None,
        }
    }

    /// Compares the frames of a file of raw fingerprints.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), MediaError> {
        let encoding = self.encoding;
        each_frame(path, |planes| self.add(Cells::new(planes, encoding)))
    }

    fn add(&mut self, cells: Cells) {
        let frame = self.first + self.next as u64;
        let position = self.frames.get(self.next).and_then(|f| f.position);
        let Some((position, source)) = position.and_then(|p| Some((p, self.source.get(p)?))) else {
            self.unlike(frame, i64::MAX, None);
            self.next += 1;
            return;
        };
        let difference = cells.block_difference(source);
        if difference > self.found.difference.value {
            self.found.difference = FrameValue {
                frame,
                value: difference,
            };
        }
        let mean = cells.mean_difference(source);
        let shows = (mean > SAME)
            .then(|| self.neighbour(position, &cells, mean))
            .flatten();
        let limit = self.limit;
        let differs = difference > limit && difference > limit + self.motion(position) / 2;
        if differs || shows.is_some() {
            self.unlike(frame, difference, shows);
        }
        self.follow_runs(&cells, position);
        self.previous = Some(cells);
        self.found.frames += 1;
        self.next += 1;
    }

    /// How much a source frame differs from both of its neighbours: at a low bit rate, an encoder shows a flash of one frame in
    /// part. A frame that is made of one field lies between the source frame and one neighbour, so it differs as they do.
    fn motion(&self, position: usize) -> i64 {
        let neighbours = [position.checked_sub(1), position.checked_add(1)];
        let neighbours = neighbours.into_iter().flatten();
        let known = neighbours.filter_map(|p| self.source.get(p));
        let differences = known.map(|n| n.block_difference(&self.source[position]));
        let motion = if self.of_fields {
            differences.max()
        } else {
            differences.min()
        };
        motion.unwrap_or(0)
    }

    /// The neighbour of a source frame that a picture shows instead, counted from the right one.
    fn neighbour(&self, position: usize, cells: &Cells, mean: i64) -> Option<i64> {
        let range = position.saturating_sub(NEIGHBOURS)..=position + NEIGHBOURS;
        let others = range.filter(|p| *p != position);
        let measured = others.filter_map(|p| Some((cells.mean_difference(self.source.get(p)?), p)));
        let (least, nearest) = measured.min()?;
        (least * 2 < mean).then_some(nearest as i64 - position as i64)
    }

    fn unlike(&mut self, frame: u64, difference: i64, shows: Option<i64>) {
        self.found.unlike_count += 1;
        if self.found.unlike.len() < LISTED {
            self.found.unlike.push(UnlikePicture {
                frame,
                difference,
                shows,
            });
        }
    }

    fn follow_runs(&mut self, cells: &Cells, position: usize) {
        let same = self
            .previous
            .as_ref()
            .is_some_and(|p| cells.mean_difference(p) <= FROZEN);
        if same {
            let start = self.next.saturating_sub(1);
            let run = self.frozen.get_or_insert(Run {
                start,
                unexplained: false,
            });
            let then = self
                .frames
                .get(run.start)
                .and_then(|f| self.source.get(f.position?));
            let (now, limit) = (&self.source[position], self.limit);
            run.unexplained |= then.is_some_and(|then| now.block_difference(then) > limit);
        } else {
            self.end_run(DeadKind::Frozen);
        }
        if cells.level() <= BLACK.0 {
            let start = self.next;
            let run = self.black.get_or_insert(Run {
                start,
                unexplained: false,
            });
            run.unexplained |= self.source[position].level() > BLACK.1;
        } else {
            self.end_run(DeadKind::Black);
        }
    }

    fn end_run(&mut self, kind: DeadKind) {
        let run = match kind {
            DeadKind::Black => self.black.take(),
            DeadKind::Frozen => self.frozen.take(),
        };
        let (start, end) = match &run {
            Some(run) => (self.first + run.start as u64, self.first + self.next as u64),
            None => return,
        };
        let long = end - start >= self.least_run;
        if run.is_some_and(|r| r.unexplained) && long && self.found.dead.len() < LISTED {
            self.found.dead.push(DeadPictures { kind, start, end });
        }
    }

    /// The result. Frames of the chunk that the rung does not have are unlike.
    pub(super) fn finish(mut self) -> PictureComparison {
        self.end_run(DeadKind::Frozen);
        self.end_run(DeadKind::Black);
        for missing in self.next..self.frames.len() {
            self.unlike(self.first + missing as u64, i64::MAX, None);
        }
        self.found
    }
}

/// A frame that is made of one field differs from the mean of both fields if the picture moves, and tone mapping does not map
/// the mean of a cell as it maps its pixels.
fn limit(task: &ChunkTask, mapped: bool) -> i64 {
    let progressive = task.scan == Scan::Progressive;
    let fields = if progressive { 1 } else { 2 };
    let tones = if mapped { 3 } else { 1 };
    task.proof.picture_difference * fields * tones
}

fn least_run(rate: FrameRate) -> u64 {
    rate.frames_in_millis(DEAD_MS).0.max(2)
}
