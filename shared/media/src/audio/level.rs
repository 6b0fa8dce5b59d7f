//! The passes over a track: measured, levelled, encoded, and measured again as it will be heard.
//!
//! A limiter takes loudness away and the codec adds peaks; how much of either cannot be known beforehand. So the encoded
//! result is what is held against the target, and the gain and the ceiling are corrected by what it misses.

use std::time::Instant;

use bytes::Bytes;
use reelsmith_core::record::Loudness;

use super::loudness::{Correction, Measured};
use super::{AudioTask, argv};
use crate::command::Command;
use crate::error::MediaError;
use crate::process::{Limits, run_with_progress};
use crate::tools::Tools;
use crate::video::read_and_remove;

/// Measurements of the limited mix before it is encoded: each takes a tenth of an encode.
const SETTLINGS: u32 = 3;
/// Encodes of one track at most. Their number depends on the sound alone, so a retry makes the same bytes.
const ENCODES: u32 = 3;

/// A track at its level.
pub(super) struct Levelled {
    /// The encoder's file.
    pub(super) file: Bytes,
    /// What was measured and done.
    pub(super) loudness: Loudness,
    /// Processor time in milliseconds.
    pub(super) cpu_ms: u64,
}

/// Encodes at the target's loudness, below its ceiling.
pub(super) async fn encode(
    tools: &Tools,
    task: &AudioTask,
    limits: &Limits,
) -> Result<Levelled, MediaError> {
    let mut runs = Runs::new(tools, task, limits);
    let source = runs.measure(argv::measure_argv(task)).await?;
    let mut correction = Correction::new(&task.settings, source);
    let mut best: Option<(f64, Bytes, Correction, Measured)> = None;
    for _ in 0..ENCODES {
        correction = runs.settle(correction).await?;
        runs.run(argv::encode_argv(task, correction)).await?;
        let result = runs.measure(argv::result_argv()).await?;
        let file = read_and_remove(&task.directory.join(argv::OUTPUT)).await?;
        let miss = correction.miss(&task.settings, result);
        if best.as_ref().is_none_or(|(least, ..)| miss < *least) {
            best = Some((miss, file, correction, result));
        }
        if miss == 0.0 {
            break;
        }
        correction = correction.corrected(&task.settings, result);
    }
    let (_, file, correction, result) = best.ok_or_else(|| {
        MediaError::output(
            &task.rendition.path,
            "an encode",
            "a level that is no number",
        )
    })?;
    Ok(Levelled {
        file,
        loudness: Loudness {
            source_lufs: source.lufs,
            source_peak_dbtp: source.peak_dbtp,
            gain_db: correction.gain_db,
            result_lufs: result.lufs,
            result_peak_dbtp: result.peak_dbtp,
        },
        cpu_ms: runs.cpu_ms,
    })
}

/// Runs of ffmpeg that share one span of time.
struct Runs<'a> {
    tools: &'a Tools,
    task: &'a AudioTask,
    limits: &'a Limits,
    begun: Instant,
    cpu_ms: u64,
}

impl<'a> Runs<'a> {
    fn new(tools: &'a Tools, task: &'a AudioTask, limits: &'a Limits) -> Self {
        Self {
            tools,
            task,
            limits,
            begun: Instant::now(),
            cpu_ms: 0,
        }
    }

    /// Runs ffmpeg within what is left of the time; what it said.
    async fn run(&mut self, args: Vec<String>) -> Result<String, MediaError> {
        let command = Command::new(&self.tools.ffmpeg, args).within(&self.task.directory);
        let limits = Limits {
            wall: self.limits.wall.saturating_sub(self.begun.elapsed()),
            ..*self.limits
        };
        let finished = run_with_progress(&command, &limits).await?;
        self.cpu_ms += finished.cpu_ms;
        Ok(finished.stderr)
    }

    async fn measure(&mut self, args: Vec<String>) -> Result<Measured, MediaError> {
        let said = self.run(args).await?;
        Measured::read(&said).ok_or_else(|| {
            let said: String = said.chars().take(400).collect();
            let found = format!("none; the track may have no sample: {said}");
            MediaError::output(&self.task.rendition.path, "a loudness summary", found)
        })
    }

    /// Makes up for the loudness that the limiter takes away.
    async fn settle(&mut self, mut correction: Correction) -> Result<Correction, MediaError> {
        for _ in 0..SETTLINGS {
            if correction.limit_db.is_none() {
                break;
            }
            let limited = self
                .measure(argv::settle_argv(self.task, correction))
                .await?;
            let settled = correction.made_up(&self.task.settings, limited);
            let done = (settled.gain_db - correction.gain_db).abs() <= 0.1;
            correction = settled;
            if done {
                break;
            }
        }
        Ok(correction)
    }
}
