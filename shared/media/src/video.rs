//! Video: one chunk of a mezzanine, encoded at every rung of a rung group into finished CMAF segments.
//!
//! A worker decodes its chunk once and encodes it at several rungs. Its segments are published as they are, so they must
//! fit seamlessly between those of other workers that it knows nothing of. This holds because of the following:
//!
//! - The plan fixes the frames of every chunk on one grid of segments and GOPs ([`ChunkTask::new`] checks it).
//! - ffmpeg seeks to a key frame before the chunk, and a `trim` filter cuts midway between neighbouring timestamps, so
//!   no frame is lost or doubled (`argv`).
//! - The encoders start with an IDR picture, use no scene cuts, and are set so that all chunks of a rendition have the
//!   same init segment byte for byte.
//! - ffmpeg exits with success even if frames are missing. So every frame of the output is checked: its number, its
//!   decoding and presentation time, and whether it is an IDR picture ([`transcode`]).
//!
//! Flow: [`ChunkTask`] → [`transcode_argv`] → ffmpeg writes `0.mp4`, `1.mp4`, … (one file per rung) → check → segments.
//!
//! A command line with one rung, shortened:
//!
//! ```text
//! ffmpeg -copyts -noaccurate_seek -seek_timestamp 1 -ss 3.920000 -f mov -i http://127.0.0.1:40123/…/mezzanine
//!   -filter_complex [0:0]trim=start=3.983:end=7.987,settb=…,setpts=N+96,split=1[s0];[s0]scale=1280:720:…[v0]
//!   -map [v0] -c:v libx264 -crf 23 -force_key_frames expr:eq(mod(n,48),0) … 0.mp4
//! ```

mod argv;
mod compare;
mod damage;
mod filters;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bytes::Bytes;
use reelsmith_core::ladder::{ProofLimits, ResolvedRung, VideoCodec};
use reelsmith_core::plan::{Chunk, ChunkItem, FrameMapping, Plan, VideoRendition};
use reelsmith_core::probe::{Probe, Scan, Seconds, VideoStream};
use reelsmith_core::sniff::Container;
use reelsmith_core::time::{FrameCount, FrameRate, Timescale};
use reelsmith_isobmff::{EncodedTrack, boxes};

use crate::command::Command;
use crate::error::{MediaError, ProgramFailure};
use crate::hdr;
use crate::probe::{VideoSource, bit_depth};
use crate::process::{Limits, run_with_progress};
use crate::segment::{self, SegmentMedia, SegmentPosition};
use crate::tools::Tools;

pub use argv::transcode_argv;
pub use compare::RungComparison;
pub use damage::Damage;
pub(crate) use filters::decimal_micros;

/// Everything needed to encode one chunk at the rungs of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkTask {
    /// Address of the mezzanine at the range proxy.
    pub url: String,
    pub container: Container,
    /// The video stream of the mezzanine.
    pub source: VideoStream,
    /// Frame rate of the output.
    pub frame_rate: FrameRate,
    /// How source frames become output frames.
    pub mapping: FrameMapping,
    pub scan: Scan,
    /// Whether the tables and one packet describe the stream completely.
    pub described: bool,
    /// When the first source frame is shown.
    pub video_start: Seconds,
    pub segment_frames: FrameCount,
    /// Frames from one IDR to the next; divides `segment_frames`.
    pub gop_frames: FrameCount,
    pub chunk: Chunk,
    /// The rungs to encode, in the plan's order.
    pub rungs: Vec<VideoRendition>,
    /// Encode colour bars instead of the mezzanine's pictures.
    pub mock: bool,
    /// Place frames of a constant rate by their times, and hold the frame before a missing one.
    pub fills_gaps: bool,
    /// Address of the mezzanine for the comparison with it. It may differ from `url`, which may hide parts that the chunk
    /// does not need.
    pub reference_url: String,
    /// The time from which the mezzanine is decoded for the comparison; absent if from the beginning of the file.
    pub reference_seek: Option<Seconds>,
    pub proof: ProofLimits,
    /// An empty folder for the encoder's files.
    pub directory: PathBuf,
}

/// An encoded chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkMedia {
    /// One for each rung of the task, in the same order.
    pub rungs: Vec<RungMedia>,
    /// How each rung compares with the mezzanine, in the same order; empty if colour bars were encoded.
    pub comparisons: Vec<RungComparison>,
    /// Pictures of the source that are damaged.
    pub damage: Damage,
    /// Processor time of the encoder and of the comparison in milliseconds, user and system.
    pub cpu_ms: u64,
}

/// A chunk at one rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RungMedia {
    /// Folder of the rendition.
    pub rendition: String,
    pub timescale: Timescale,
    /// The init segment: the same bytes for every chunk of the rendition.
    pub init: Bytes,
    pub segments: Vec<SegmentMedia>,
}

impl ChunkTask {
    /// The task for one item of a plan.
    ///
    /// # Errors
    /// [`MediaError::Plan`] if the plan has no such chunk, group or rung, or its grid is inconsistent.
    pub fn new(
        url: impl Into<String>,
        probe: &Probe,
        plan: &Plan,
        item: ChunkItem,
        directory: impl Into<PathBuf>,
    ) -> Result<Self, MediaError> {
        let missing = |what: &str, n: u32| MediaError::plan(format!("{what} {n}"), "none");
        let chunk = plan.chunks.get(item.chunk as usize);
        let group = plan.groups.get(item.group as usize);
        let group = group.ok_or_else(|| missing("rung group", item.group))?;
        let rungs = group.iter().map(|i| plan.video.get(*i).cloned());
        let rungs: Option<Vec<_>> = rungs.collect();
        let url = url.into();
        let before = item.chunk.checked_sub(1);
        let before = before.and_then(|b| plan.chunks.get(b as usize));
        let task = Self {
            reference_url: url.clone(),
            reference_seek: before.and_then(|b| b.cut.seek),
            proof: ProofLimits::default(),
            url,
            container: probe.container,
            source: VideoSource::of(probe)?.video.clone(),
            frame_rate: plan.frame_rate,
            mapping: plan.mapping,
            scan: plan.scan,
            described: plan.described,
            video_start: plan.video_start,
            segment_frames: plan.segment_frames,
            gop_frames: plan.gop_frames,
            chunk: chunk.cloned().ok_or_else(|| missing("chunk", item.chunk))?,
            rungs: rungs.ok_or_else(|| missing("every rung of group", item.group))?,
            mock: false,
            fills_gaps: false,
            directory: directory.into(),
        };
        task.check()?;
        Ok(task)
    }

    /// The same task; with `mock`, colour bars with the same frames, sizes and rates are encoded and the mezzanine is not
    /// read.
    #[must_use]
    pub fn mocked(mut self, mock: bool) -> Self {
        self.mock = mock;
        self
    }

    /// The same task; the comparison reads the mezzanine at `url`.
    #[must_use]
    pub fn compared(mut self, url: impl Into<String>, proof: ProofLimits) -> Self {
        self.reference_url = url.into();
        self.proof = proof;
        self
    }

    /// Checks that segments, GOPs and chunks are on one grid, from which segment numbers follow.
    fn check(&self) -> Result<(), MediaError> {
        let (gop, segment) = (self.gop_frames.0, self.segment_frames.0);
        let frames = self.chunk.frames;
        let grid = gop > 0 && segment > 0 && segment.is_multiple_of(gop);
        let segments = frames.count().0.div_ceil(segment.max(1));
        let first = frames.start / segment.max(1) + 1;
        let whole = frames.start.is_multiple_of(segment.max(1))
            && !frames.is_empty()
            && u64::from(self.chunk.segments) == segments
            && u64::from(self.chunk.first_segment) == first;
        if grid && whole && !self.rungs.is_empty() {
            return Ok(());
        }
        let found = format!(
            "frames {frames}, {} segments from number {}, segments of {segment} and GOPs of {gop} frames, {} rungs",
            self.chunk.segments,
            self.chunk.first_segment,
            self.rungs.len()
        );
        let expected = "chunks of whole segments of whole GOPs, and at least one rung";
        Err(MediaError::plan(expected, found))
    }

    /// ffmpeg's name of the codec that is decoded.
    fn decoded_codec(&self) -> &str {
        if self.mock {
            "rawvideo"
        } else {
            &self.source.codec
        }
    }

    /// Whether a rung is H.265 with ten bits.
    fn ten_bits(&self) -> bool {
        let deep = |r: &VideoRendition| bit_depth(&r.rung.settings.pixel_format, None) > 8;
        self.rungs.iter().any(deep)
    }

    /// The command that encodes this chunk.
    #[must_use]
    pub fn command(&self, tools: &Tools) -> Command {
        let program = tools.transcoder(self.decoded_codec(), self.ten_bits());
        Command::new(program, transcode_argv(self)).within(&self.directory)
    }

    fn tick(&self) -> u64 {
        self.frame_rate.ticks_per_frame().0.unsigned_abs()
    }
}

/// Encodes a chunk at every rung of its group and checks every frame of the output.
///
/// # Errors
/// [`MediaError::FrameCount`] or [`MediaError::Timing`] if the encoder lost or moved a frame, which it does not report
/// itself; [`MediaError::Output`] if its file has another structure; and the errors of [`run_with_progress`].
pub async fn transcode(
    tools: &Tools,
    task: &ChunkTask,
    limits: &Limits,
) -> Result<ChunkMedia, MediaError> {
    task.check()?;
    if task
        .rungs
        .iter()
        .any(|r| filters::tone_mapped(task, &r.rung))
    {
        tokio::fs::write(task.directory.join(hdr::FILE), hdr::cube(&task.source))
            .await
            .map_err(MediaError::io("writing the tone-mapping table"))?;
    }
    let started = Instant::now();
    let (mut media, task) = Box::pin(encode_in_spite_of_damage(tools, task, limits)).await?;
    if !task.mock {
        let damaged = media.damage.count() > 0;
        let limits = Limits {
            wall: limits.wall.saturating_sub(started.elapsed()),
            ..*limits
        };
        let compared = compare::compare(tools, &task, &media.rungs, damaged, &limits);
        let (comparisons, cpu_ms) = Box::pin(compared).await?;
        media.comparisons = comparisons;
        media.cpu_ms += cpu_ms;
    }
    Ok(media)
}

/// Encodes a chunk; a second time with held pictures if some of the mezzanine's cannot be decoded. Returns the task whose
/// output it is.
async fn encode_in_spite_of_damage<'a>(
    tools: &Tools,
    task: &'a ChunkTask,
    limits: &Limits,
) -> Result<(ChunkMedia, Cow<'a, ChunkTask>), MediaError> {
    // Boxed to keep the futures of the callers small.
    let first = Box::pin(encode(tools, task, limits)).await?;
    if task.mock || !damage::is_reported(&first.log) {
        return Ok((first.finished(Damage::default())?, Cow::Borrowed(task)));
    }
    let mut damage = Damage {
        partial: Box::pin(damage::find(tools, task)).await?,
        missing: 0,
    };
    let Err(MediaError::FrameCount {
        expected, found, ..
    }) = &first.rungs
    else {
        return Ok((first.finished(damage)?, Cow::Borrowed(task)));
    };
    damage.missing = expected.saturating_sub(*found);
    if task.mapping != FrameMapping::Every || damage.missing == 0 {
        return Ok((first.finished(damage)?, Cow::Borrowed(task)));
    }
    let filled = ChunkTask {
        fills_gaps: true,
        ..task.clone()
    };
    let mut second = Box::pin(encode(tools, &filled, limits)).await?;
    second.cpu_ms += first.cpu_ms;
    Ok((second.finished(damage)?, Cow::Owned(filled)))
}

/// One run of the encoder.
struct Encode {
    /// The media, or how they differ from the plan.
    rungs: Result<Vec<RungMedia>, MediaError>,
    /// The end of ffmpeg's log.
    log: String,
    cpu_ms: u64,
}

impl Encode {
    fn finished(self, damage: Damage) -> Result<ChunkMedia, MediaError> {
        Ok(ChunkMedia {
            rungs: self.rungs?,
            comparisons: Vec::new(),
            damage,
            cpu_ms: self.cpu_ms,
        })
    }
}

async fn encode(tools: &Tools, task: &ChunkTask, limits: &Limits) -> Result<Encode, MediaError> {
    let finished = run_with_progress(&task.command(tools), limits).await;
    let finished = finished.map_err(|e| without_frames(task, e))?;
    let mut files = Vec::with_capacity(task.rungs.len());
    for i in 0..task.rungs.len() {
        files.push(read_and_remove(&task.directory.join(argv::output_name(i))).await?);
    }
    let rungs = task.rungs.iter().zip(files);
    Ok(Encode {
        rungs: rungs
            .map(|(rung, file)| rung_media(task, rung, file))
            .collect(),
        log: finished.stderr,
        cpu_ms: finished.cpu_ms,
    })
}

/// ffmpeg fails if an encoder receives no frame while another output, such as the fingerprints, receives some.
fn without_frames(task: &ChunkTask, error: MediaError) -> MediaError {
    match &error {
        MediaError::Program {
            failure: ProgramFailure::Exit { stderr, .. },
            ..
        } if stderr.contains("Could not open encoder before EOF") => {
            let path = task.rungs.first().map_or("", |r| &r.path);
            MediaError::frame_count(path, "frames", task.chunk.frames.count().0, 0)
        }
        _ => error,
    }
}

/// Reads an encoder's file into memory and removes it.
pub(crate) async fn read_and_remove(path: &Path) -> Result<Bytes, MediaError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let failed = |attempt: &str| MediaError::io(format!("{attempt} the encoder's file {name}"));
    let bytes = tokio::fs::read(path).await.map_err(failed("reading"))?;
    tokio::fs::remove_file(path)
        .await
        .map_err(failed("removing"))?;
    Ok(bytes.into())
}

fn rung_media(
    task: &ChunkTask,
    rung: &VideoRendition,
    file: Bytes,
) -> Result<RungMedia, MediaError> {
    let path = rung.path.as_str();
    let expected = task.chunk.frames.count().0;
    if !has_samples(&file) {
        return Err(MediaError::frame_count(path, "frames", expected, 0));
    }
    let mut encoded = segment::read(path, file)?;
    // The muxer measures a frame by the next one. For the last frame it takes the duration of the source's frame, which may be
    // longer or missing; on the plan's grid every frame lasts one tick.
    if let Some(last) = encoded.samples.last_mut() {
        last.duration = u32::try_from(task.tick()).unwrap_or(u32::MAX);
    }
    verify(task, path, &encoded)?;
    let ticks = task.tick() * reorder_frames(&rung.rung);
    let delay = u32::try_from(ticks).unwrap_or(u32::MAX);
    let segments = segments(task, path, &encoded, delay)?;
    Ok(RungMedia {
        rendition: path.to_owned(),
        timescale: task.frame_rate.timescale(),
        init: encoded.canonical_init(&brands(&rung.rung), delay, None),
        segments,
    })
}

/// Whether the file has fragments: an encoder that receives no frame writes a file without any and exits with success.
fn has_samples(file: &[u8]) -> bool {
    boxes(file).any(|b| &b.kind == b"moof")
}

/// Checks that every frame occurs once, with the planned decoding and presentation times, and that exactly the first frame of
/// each GOP is an IDR picture.
fn verify(task: &ChunkTask, rendition: &str, encoded: &EncodedTrack) -> Result<(), MediaError> {
    let frames = task.chunk.frames;
    let expected = frames.count().0;
    let found = encoded.samples.len() as u64;
    if found != expected {
        return Err(MediaError::frame_count(
            rendition, "frames", expected, found,
        ));
    }
    let timescale = task.frame_rate.timescale().0;
    if encoded.init.timescale != timescale {
        let found = encoded.init.timescale.to_string();
        let expected = format!("a timescale of {timescale}");
        return Err(MediaError::output(rendition, expected, found));
    }
    let at = |frame: u64| segment::ticks(frame * task.tick()).0;
    let mut shown = Vec::with_capacity(encoded.samples.len());
    for (frame, sample) in (frames.start..).zip(&encoded.samples) {
        let decoded = segment::ticks(sample.time).0;
        if decoded != at(frame) {
            let what = format!("decoding of frame {frame}");
            return Err(MediaError::timing(rendition, what, at(frame), decoded));
        }
        if u64::from(sample.duration) != task.tick() {
            let end = decoded + i64::from(sample.duration);
            let what = format!("the end of frame {frame}");
            return Err(MediaError::timing(rendition, what, at(frame + 1), end));
        }
        let starts_gop = (frame - frames.start).is_multiple_of(task.gop_frames.0);
        if sample.sync != starts_gop {
            let kind = |sync| ["no IDR picture", "an IDR picture"][usize::from(sync)];
            let expected = format!("{} at frame {frame}", kind(starts_gop));
            return Err(MediaError::output(rendition, expected, kind(sample.sync)));
        }
        shown.push(decoded + sample.composition);
    }
    shown.sort_unstable();
    for (frame, found) in (frames.start..).zip(shown) {
        if found != at(frame) {
            let what = format!("frame {frame}");
            return Err(MediaError::timing(rendition, what, at(frame), found));
        }
    }
    Ok(())
}

fn segments(
    task: &ChunkTask,
    rendition: &str,
    encoded: &EncodedTrack,
    delay: u32,
) -> Result<Vec<SegmentMedia>, MediaError> {
    let count = encoded.samples.len();
    let size = |frames: FrameCount| usize::try_from(frames.0).unwrap_or(usize::MAX);
    let (segment, gop) = (size(task.segment_frames), size(task.gop_frames));
    let starts = (0..count).step_by(segment);
    (task.chunk.first_segment..)
        .zip(starts)
        .map(|(number, start)| {
            let end = start.saturating_add(segment).min(count);
            let heads = (start..end).step_by(gop);
            let fragments: Vec<_> = heads.map(|h| h..(h + gop).min(end)).collect();
            let before = (task.chunk.frames.start + start as u64) / task.gop_frames.0;
            let position = SegmentPosition {
                number,
                sequence: u32::try_from(before + 1).unwrap_or(u32::MAX),
                delay,
                list_key_frames: true,
            };
            segment::build(rendition, encoded, position, &fragments)
        })
        .collect()
}

/// Frames by which an encoder delays its output to reorder them. It follows from the settings, not from the chunk: a chunk
/// of one or two frames is not delayed by its encoder, but must fit the init segment of the other chunks.
fn reorder_frames(rung: &ResolvedRung) -> u64 {
    match rung.codec {
        // Neither uses B-frames.
        VideoCodec::H264 if rung.settings.preset == "ultrafast" => 0,
        VideoCodec::H264 if rung.settings.profile == "baseline" => 0,
        // B-frames as references, the default of both encoders, need two.
        VideoCodec::H264 | VideoCodec::H265 => 2,
    }
}

/// `cmfc`, and the brand of the media profile that the rung conforms to (ISO/IEC 23000-19, annexes A and B).
pub(crate) fn brands(rung: &ResolvedRung) -> Vec<&'static [u8; 4]> {
    let size = rung.resolution;
    let within = |w, h| size.width <= w && size.height <= h;
    let profile: Option<&[u8; 4]> = match (rung.codec, rung.level, rung.settings.profile.as_str()) {
        (VideoCodec::H264, ..=31, _) if within(864, 576) => Some(b"cfsd"),
        (VideoCodec::H264, ..=40, _) if within(1920, 1080) => Some(b"cfhd"),
        (VideoCodec::H264, ..=42, _) if within(1920, 1080) => Some(b"chdf"),
        (VideoCodec::H265, ..=41, "main") if within(1920, 1080) => Some(b"chhd"),
        (VideoCodec::H265, ..=50, "main") if within(3840, 2160) => Some(b"cud8"),
        _ => None,
    };
    let mut brands: Vec<&'static [u8; 4]> = vec![b"iso6", b"cmfc"];
    brands.extend(profile);
    brands
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts programs")]
mod tests;
