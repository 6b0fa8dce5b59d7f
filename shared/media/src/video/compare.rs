//! Compares the encoded pictures of a chunk with the mezzanine's.
//!
//! # The problem
//! An encoder exits with success whatever it was given. A filter that crops wrongly, a decoder that conceals damage, a seek
//! to another picture or a wrong matrix all give segments that follow every rule and show something else.
//!
//! # The idea
//! Two comparisons that need little processor time:
//!
//! - **Every frame, small.** The encoder's own run also writes a fingerprint of each source frame: 64 × 36 cells, directly
//!   after the decoder (`fingerprint`). The finished segments are decoded, scaled to the same cells, and each frame is
//!   compared with the fingerprint that belongs to its time. Colours are compared as a player shows them, each with the
//!   matrix and the range that its own stream declares.
//! - **Some frames, in full.** A second process decodes the mezzanine again, from further back, and applies the same steps.
//!   The encoder must have received exactly these frames; a checksum of each shows it. Unlike a limit for a score, this
//!   holds for noise and for low bit rates. SSIM and PSNR of the decoded output at the size of the rung measure the loss.
//! - The decoder must not complain about the finished segments.
//!
//! Flow: [`argv::fingerprints`] and [`argv::given`] extend the encoder's command → the encoder runs → [`compare`] writes the
//! finished rungs to files → [`argv::comparison`] → one [`PictureComparison`] and one picture for each rung.

pub(super) mod argv;
mod fingerprint;
mod statistics;

use std::path::Path;

use bytes::Bytes;
use reelsmith_core::comparison::{FrameValue, PictureComparison, PictureSamples, Scores};
use reelsmith_core::plan::VideoRendition;

use super::{ChunkTask, RungMedia, damage};
use crate::error::MediaError;
use crate::process::{CompletedRun, Limits, run_with_progress};
use crate::tools::Tools;

use fingerprint::{Fingerprints, Judge};

/// How a rung of a chunk compares with the mezzanine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RungComparison {
    pub comparison: PictureComparison,
    /// The worst frame that was compared in full, beside the mezzanine's on its left, as JPEG.
    pub picture: Option<Bytes>,
}

/// Compares every rung of an encoded chunk. `damaged` states that the mezzanine is damaged here: two decoders may conceal
/// damage differently, so frames are not compared in full.
///
/// Returns the comparisons in the order of the rungs, and the processor time in milliseconds.
///
/// # Errors
/// Those of [`run_with_progress`], and [`MediaError::Io`] if a file cannot be written or read.
pub(super) async fn compare(
    tools: &Tools,
    task: &ChunkTask,
    rungs: &[RungMedia],
    damaged: bool,
    limits: &Limits,
) -> Result<(Vec<RungComparison>, u64), MediaError> {
    for (i, rung) in rungs.iter().enumerate() {
        write_joined(&task.directory.join(argv::joined(i)), rung).await?;
    }
    let source = Fingerprints::read(task).await?;
    let frames = source.frames_of(task);
    let mut sample = argv::Sample::new(task, &frames, damaged);
    let mut measured = measure(tools, task, &sample, limits).await?;
    let mut samples = samples_of(task, &sample).await?;
    let altered =
        |samples: &[Option<PictureSamples>]| samples.iter().flatten().any(|s| s.altered > 0);
    if sample.is_seeked() && altered(&samples) {
        // A seek of the demuxer may be inexact, so the frames are decoded again, from further back and in one run.
        sample = sample.decoded_from_further_back();
        let again = measure(tools, task, &sample, limits).await?;
        samples = samples_of(task, &sample).await?;
        measured.cpu_ms += again.cpu_ms;
        measured.stderr = again.stderr;
    }
    let mut complained = damage::is_reported(&measured.stderr);
    if complained && !sample.frames().is_empty() {
        // The complaint may be about the mezzanine before the chunk, so the rungs are decoded alone.
        let alone = argv::Sample::new(task, &frames, true);
        let again = measure(tools, task, &alone, limits).await?;
        complained = damage::is_reported(&again.stderr);
        measured.cpu_ms += again.cpu_ms;
    }
    let mut compared = Vec::with_capacity(rungs.len());
    for (i, samples) in samples.into_iter().enumerate() {
        let mut judge = Judge::new(task, &source, &frames, i, loss(samples.as_ref()));
        judge.read(&task.directory.join(argv::cells(i)))?;
        let picture = worst_picture(task, i, samples.as_ref(), &sample).await?;
        let comparison = PictureComparison {
            damaged: complained,
            samples,
            ..judge.finish()
        };
        compared.push(RungComparison {
            comparison,
            picture,
        });
    }
    Ok((compared, measured.cpu_ms))
}

/// Most that a frame's error may explain, in levels of 255, so that damage to a sampled frame excuses nothing.
const MOST_LOSS: f64 = 30.0;

/// The root of the mean square error of the worst sampled frame in levels of 255, with a margin of three decibels for frames
/// that were not sampled; 0 if the encoder did not receive the right frames, and [`MOST_LOSS`] if none was sampled.
fn loss(samples: Option<&PictureSamples>) -> f64 {
    match samples {
        None => MOST_LOSS,
        Some(samples) if samples.altered > 0 || samples.frames == 0 => 0.0,
        Some(samples) => {
            let decibels = (samples.psnr.lowest.value - 300) as f64 / 100.0;
            MOST_LOSS.min(255.0 * 10f64.powf(-decibels / 20.0))
        }
    }
}

/// Writes the init segment and the segments of a rung as one file, as a player receives them.
async fn write_joined(path: &Path, rung: &RungMedia) -> Result<(), MediaError> {
    let mut file = Vec::with_capacity(rung.segments.iter().map(|s| s.bytes.len()).sum());
    file.extend_from_slice(&rung.init);
    for segment in &rung.segments {
        file.extend_from_slice(&segment.bytes);
    }
    let failed = MediaError::io("writing the finished segments for the comparison");
    tokio::fs::write(path, file).await.map_err(failed)
}

async fn measure(
    tools: &Tools,
    task: &ChunkTask,
    sample: &argv::Sample,
    limits: &Limits,
) -> Result<CompletedRun, MediaError> {
    let command = argv::comparison(tools, task, sample);
    Box::pin(run_with_progress(&command, limits)).await
}

async fn samples_of(
    task: &ChunkTask,
    sample: &argv::Sample,
) -> Result<Vec<Option<PictureSamples>>, MediaError> {
    let mut all = Vec::with_capacity(task.rungs.len());
    for i in 0..task.rungs.len() {
        let samples = match sample.frames() {
            [] => None,
            frames => Some(one_rung(task, i, frames).await?),
        };
        all.push(samples);
    }
    Ok(all)
}

async fn one_rung(
    task: &ChunkTask,
    i: usize,
    frames: &[u64],
) -> Result<PictureSamples, MediaError> {
    let read = async |name: String| {
        let failed = MediaError::io(format!("reading the statistics {name}"));
        let text = tokio::fs::read_to_string(task.directory.join(name)).await;
        text.map_err(failed)
    };
    let ssim = statistics::ssim(&read(argv::ssim(i)).await?);
    let psnr = statistics::psnr(&read(argv::psnr(i)).await?);
    let (received, decoded) = (
        read(argv::received(i)).await?,
        read(argv::decoded_again(i)).await?,
    );
    let received = statistics::checksums(&received);
    let decoded = statistics::checksums(&decoded);
    let first = task.chunk.frames.start;
    let numbered = |values: &[i64]| -> Vec<FrameValue> {
        let frames = frames.iter().zip(values);
        let value = |(frame, value): (&u64, &i64)| FrameValue {
            frame: first + frame,
            value: *value,
        };
        frames.map(value).collect()
    };
    let differs = |n: &usize| received.get(*n) != decoded.get(*n) || received.get(*n).is_none();
    let altered = (0..frames.len()).filter(differs);
    let second = task.frame_rate.frames_in_millis(1_000).0;
    Ok(PictureSamples {
        frames: ssim.len().min(psnr.len()) as u64,
        ssim: Scores::of(&numbered(&ssim), second),
        psnr: Scores::of(&numbered(&psnr), second),
        altered: altered.clone().count() as u64,
        first_altered: altered.min().and_then(|n| Some(first + frames.get(n)?)),
    })
}

async fn worst_picture(
    task: &ChunkTask,
    i: usize,
    samples: Option<&PictureSamples>,
    sample: &argv::Sample,
) -> Result<Option<Bytes>, MediaError> {
    let Some(samples) = samples else {
        return Ok(None);
    };
    let worst = samples.first_altered.unwrap_or(samples.ssim.lowest.frame);
    let worst = worst.saturating_sub(task.chunk.frames.start);
    let Some(position) = sample.frames().iter().position(|f| *f == worst) else {
        return Ok(None);
    };
    match tokio::fs::read(task.directory.join(argv::picture(i, position + 1))).await {
        Ok(jpeg) => Ok(Some(jpeg.into())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(MediaError::io("reading a picture of the comparison")(e)),
    }
}

/// The rung of a rendition that the comparison must show in the colours of SDR although the source is HDR.
fn is_tone_mapped(task: &ChunkTask, rung: &VideoRendition) -> bool {
    super::filters::tone_mapped(task, &rung.rung)
}
