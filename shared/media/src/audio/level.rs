//! The passes over a track: measure, correct the level, encode, and measure the encoded result.
//!
//! A limiter reduces loudness and the codec adds peaks, and neither amount is known in advance. So the encoded result is
//! compared with the target, and gain and ceiling are refined by its deviation.

use std::ops::Range;
use std::time::Instant;

use bytes::Bytes;
use reelsmith_core::record::Loudness;
use reelsmith_core::warning::Warning;
use reelsmith_sound::Treatment;

use super::continuity::Continuity;
use super::loudness::{Correction, HOPS, LoudnessMeasurement, MeterOutput, combined, slices};
use super::{AudioTask, argv};
use crate::command::Command;
use crate::error::MediaError;
use crate::process::{Limits, run, run_with_progress};
use crate::tools::Tools;
use crate::video::read_and_remove;

/// Limit of measurements of the limited mix before an encode; each takes a tenth of the encode's time.
const MAX_LIMITER_PASSES: u32 = 3;
/// Limit of encodes. Their number depends on the sound alone, so a retry makes the same bytes.
const MAX_ENCODES: u32 = 3;

/// A track encoded at the target loudness.
pub(super) struct LeveledTrack {
    /// The encoder's file.
    pub(super) file: Bytes,
    pub(super) loudness: Loudness,
    pub(super) treatment: Treatment,
    pub(super) least_jump_ms: u64,
    /// Gaps and overlaps of the source's timestamps.
    pub(super) warnings: Vec<Warning>,
    pub(super) cpu_ms: u64,
}

/// Encodes a track at the target loudness and below the true-peak ceiling.
pub(super) async fn encode(
    tools: &Tools,
    task: &AudioTask,
    limits: &Limits,
) -> Result<LeveledTrack, MediaError> {
    let mut passes = Passes::new(tools, task, limits);
    let (source, continuity) = passes.measure_source().await?;
    let task = &passes.task.clone();
    let mut correction = Correction::new(&task.settings, source);
    let mut best: Option<(f64, Bytes, Correction, LoudnessMeasurement)> = None;
    for _ in 0..MAX_ENCODES {
        correction = passes.compensate_limiter(correction).await?;
        passes.run(argv::encode_argv(task, correction)).await?;
        let result = passes
            .measure_in_slices(|slice| argv::measure_result_argv(task, slice))
            .await?;
        let file = read_and_remove(&task.directory.join(argv::OUTPUT)).await?;
        let deviation = correction.deviation(&task.settings, result);
        if best.as_ref().is_none_or(|(least, ..)| deviation < *least) {
            best = Some((deviation, file, correction, result));
        }
        if deviation == 0.0 {
            break;
        }
        correction = correction.refined(&task.settings, result);
    }
    let (_, file, correction, result) = best.ok_or_else(|| {
        MediaError::output(
            &task.rendition.path,
            "an encode",
            "a deviation that is not a number",
        )
    })?;
    Ok(LeveledTrack {
        file,
        loudness: Loudness {
            source_lufs: source.lufs,
            source_peak_dbtp: source.peak_dbtp,
            gain_db: correction.gain_db,
            result_lufs: result.lufs,
            result_peak_dbtp: result.peak_dbtp,
        },
        treatment: Treatment {
            gain_db: Some(correction.gain_db),
            ceiling_db: correction.limit_db,
        },
        least_jump_ms: task.least_jump_ms,
        warnings: continuity.warnings(&task.rendition),
        cpu_ms: passes.cpu_ms,
    })
}

/// Runs of ffmpeg that share one wall-clock limit.
struct Passes<'a> {
    tools: &'a Tools,
    /// The task, with the jumps of its timestamps that are corrected once the source has been measured.
    task: AudioTask,
    limits: &'a Limits,
    started: Instant,
    cpu_ms: u64,
}

impl<'a> Passes<'a> {
    fn new(tools: &'a Tools, task: &AudioTask, limits: &'a Limits) -> Self {
        Self {
            tools,
            task: task.clone(),
            limits,
            started: Instant::now(),
            cpu_ms: 0,
        }
    }

    fn command(&self, args: Vec<String>) -> Command {
        let reads_mix = args.windows(2).any(|pair| pair == ["-i", argv::MIX]);
        let command = Command::new(&self.tools.ffmpeg, args).within(&self.task.directory);
        if reads_mix {
            command.prepared_by(argv::measure_argv(&self.task))
        } else {
            command
        }
    }

    /// The limits with the time that remains.
    fn remaining(&self) -> Limits {
        Limits {
            wall: self.limits.wall.saturating_sub(self.started.elapsed()),
            ..*self.limits
        }
    }

    /// Measures a whole local file, a long one by several meters at once. If one of them misses a part of its slice, one
    /// meter measures the whole file.
    async fn measure_in_slices(
        &mut self,
        args: impl Fn(Option<&Range<u64>>) -> Vec<String>,
    ) -> Result<LoudnessMeasurement, MediaError> {
        let track = &self.task.rendition;
        let slices = slices(track.samples * HOPS / u64::from(track.sample_rate.max(1)));
        if slices.len() > 1 && !self.task.mock {
            let (all, cpu_ms) = self.measure_slices(slices, &args).await;
            self.cpu_ms += cpu_ms;
            if let Some(all) = all {
                return Ok(all);
            }
        }
        self.measure(args(None)).await
    }

    /// The combined measurement of all slices, and the processor time of their meters.
    async fn measure_slices(
        &self,
        slices: Vec<Range<u64>>,
        args: &impl Fn(Option<&Range<u64>>) -> Vec<String>,
    ) -> (Option<LoudnessMeasurement>, u64) {
        let limits = self.remaining();
        let meters = slices.into_iter().map(|slice| {
            let command = self.command(args(Some(&slice)));
            async move {
                let mut output = MeterOutput::default();
                let finished = run(&command, &limits, |line| output.read(line))
                    .await
                    .ok()?;
                let measured = LoudnessMeasurement::read(&finished.stderr)?;
                Some(((slice, output, measured), finished.cpu_ms))
            }
        });
        let measured = futures::future::join_all(meters.map(Box::pin)).await;
        let cpu_ms = measured.iter().flatten().map(|(_, cpu_ms)| cpu_ms).sum();
        let parts: Option<Vec<_>> = measured.into_iter().map(|m| Some(m?.0)).collect();
        (parts.and_then(|parts| combined(&parts)), cpu_ms)
    }

    /// Runs ffmpeg within the remaining time and returns its stderr.
    async fn run(&mut self, args: Vec<String>) -> Result<String, MediaError> {
        let finished = run_with_progress(&self.command(args), &self.remaining()).await?;
        self.cpu_ms += finished.cpu_ms;
        Ok(finished.stderr)
    }

    /// The first pass: measures the mix, and the continuity of its timestamps. If smaller jumps must be corrected than those
    /// that were, it runs again.
    async fn measure_source(&mut self) -> Result<(LoudnessMeasurement, Continuity), MediaError> {
        loop {
            let args = argv::measure_argv(&self.task);
            let mut continuity = Continuity::new(self.task.rendition.sample_rate);
            if self.task.mock {
                return Ok((self.measure(args).await?, continuity));
            }
            let (command, limits) = (self.command(args), self.remaining());
            let on_line = |line: &str| Ok(continuity.read(line));
            let finished = Box::pin(run(&command, &limits, on_line)).await?;
            self.cpu_ms += finished.cpu_ms;
            let least = continuity.least_jump_ms();
            if least >= self.task.least_jump_ms {
                return Ok((self.summary(&finished.stderr)?, continuity));
            }
            self.task.least_jump_ms = least;
        }
    }

    async fn measure(&mut self, args: Vec<String>) -> Result<LoudnessMeasurement, MediaError> {
        let stderr = self.run(args).await?;
        self.summary(&stderr)
    }

    fn summary(&self, stderr: &str) -> Result<LoudnessMeasurement, MediaError> {
        LoudnessMeasurement::read(stderr).ok_or_else(|| {
            let stderr: String = stderr.chars().take(400).collect();
            let found = format!("none; the track may have no samples: {stderr}");
            MediaError::output(&self.task.rendition.path, "a loudness summary", found)
        })
    }

    /// Adds gain for the loudness that the limiter removes.
    async fn compensate_limiter(
        &mut self,
        mut correction: Correction,
    ) -> Result<Correction, MediaError> {
        for _ in 0..MAX_LIMITER_PASSES {
            if correction.limit_db.is_none() {
                break;
            }
            let task = &self.task.clone();
            let limited = if argv::keeps_mix(task) {
                self.measure_in_slices(|slice| argv::measure_limited_argv(task, correction, slice))
                    .await?
            } else {
                self.measure(argv::measure_limited_argv(task, correction, None))
                    .await?
            };
            let compensated = correction.with_makeup_gain(&self.task.settings, limited);
            let done = (compensated.gain_db - correction.gain_db).abs() <= 0.1;
            correction = compensated;
            if done {
                break;
            }
        }
        Ok(correction)
    }
}

#[cfg(test)]
mod tests {
    use reelsmith_core::sniff::Container;

    use super::super::tests::track;
    use super::*;
    use crate::testing::tools;

    /// Two and a half minutes of alternating loud, quiet and silent parts.
    const SOUND: &str = "aevalsrc=exprs=sin(2*PI*440*t)*(0.02+0.3*gt(mod(t\\,23)\\,9))*lt(mod(t\\,41)\\,36):sample_rate=48000:duration=150";
    const SECONDS: u64 = 150;

    #[tokio::test(flavor = "multi_thread")]
    async fn several_meters_measure_the_same_as_one() {
        for (container, codecs, start) in [
            (Container::Mov, "-c:a pcm_s16le film.mov", (0, 1)),
            (Container::Matroska, "-c:a aac film.mkv", (1, 2)),
        ] {
            let line = format!(
                "-f lavfi -i testsrc2=size=64x64:rate=24:duration=150 -f lavfi -i {SOUND} -c:v libx264 -preset ultrafast {codecs}"
            );
            let mut track = track(container, &line, start).await;
            track.task.rendition.samples = SECONDS * 48_000;
            let (tools, limits, task) = (tools(), Limits::default(), track.task.clone());
            let mut passes = Passes::new(&tools, &task, &limits);
            passes.measure_source().await.unwrap();
            let correction = Correction {
                gain_db: 3.0,
                limit_db: Some(-12.0),
            };
            assert_same(&mut passes, |slice| {
                argv::measure_limited_argv(&task, correction, slice)
            })
            .await;
            passes
                .run(argv::encode_argv(&task, correction))
                .await
                .unwrap();
            assert_same(&mut passes, |slice| argv::measure_result_argv(&task, slice)).await;
        }
    }

    /// Asserts that slices and one meter give the same measurement.
    async fn assert_same(
        passes: &mut Passes<'_>,
        args: impl Fn(Option<&Range<u64>>) -> Vec<String>,
    ) {
        let slices = slices(SECONDS * HOPS);
        assert_eq!(slices.len(), 2);
        let (found, cpu_ms) = passes.measure_slices(slices, &args).await;
        let one = passes.measure(args(None)).await.unwrap();
        let found = found.unwrap_or_else(|| panic!("a slice was missed: {one:?}"));
        let away = found.lufs.unwrap() - one.lufs.unwrap();
        assert!(cpu_ms > 0 && away.abs() <= 0.06, "{found:?}, {one:?}");
        assert_eq!(found.peak_dbtp, one.peak_dbtp);
    }
}
