//! The passes over a track: measured, levelled, encoded, and measured again as it will be heard.
//!
//! A limiter takes loudness away and the codec adds peaks; how much of either cannot be known beforehand. So the encoded
//! result is what is held against the target, and the gain and the ceiling are corrected by what it misses.

use std::ops::Range;
use std::time::Instant;

use bytes::Bytes;
use reelsmith_core::record::Loudness;

use super::loudness::{Correction, Measured};
use super::slices::{HOPS, Hops, slices, together};
use super::{AudioTask, argv};
use crate::command::Command;
use crate::error::MediaError;
use crate::process::{Limits, run, run_with_progress};
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
        let result = runs.hear(|slice| argv::result_argv(task, slice)).await?;
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

    fn command(&self, args: Vec<String>) -> Command {
        let reads_mix = args.windows(2).any(|pair| pair == ["-i", argv::MIX]);
        let command = Command::new(&self.tools.ffmpeg, args).within(&self.task.directory);
        if reads_mix {
            command.after(argv::measure_argv(self.task))
        } else {
            command
        }
    }

    /// What is left of the time.
    fn left(&self) -> Limits {
        Limits {
            wall: self.limits.wall.saturating_sub(self.begun.elapsed()),
            ..*self.limits
        }
    }

    /// Measures a whole file of ours, a long one by several meters side by side. Should one of those not find its place, one meter
    /// hears all of it.
    async fn hear(
        &mut self,
        args: impl Fn(Option<&Range<u64>>) -> Vec<String>,
    ) -> Result<Measured, MediaError> {
        let track = &self.task.rendition;
        let slices = slices(track.samples * HOPS / u64::from(track.sample_rate.max(1)));
        if slices.len() > 1 && !self.task.mock {
            let (all, cpu_ms) = self.side_by_side(slices, &args).await;
            self.cpu_ms += cpu_ms;
            if let Some(all) = all {
                return Ok(all);
            }
        }
        self.measure(args(None)).await
    }

    /// What all meters found together, and their processor time.
    async fn side_by_side(
        &self,
        slices: Vec<Range<u64>>,
        args: &impl Fn(Option<&Range<u64>>) -> Vec<String>,
    ) -> (Option<Measured>, u64) {
        let limits = self.left();
        let meters = slices.into_iter().map(|slice| {
            let command = self.command(args(Some(&slice)));
            async move {
                let mut hops = Hops::default();
                let finished = run(&command, &limits, |line| hops.read(line)).await.ok()?;
                let measured = Measured::read(&finished.stderr)?;
                Some(((slice, hops, measured), finished.cpu_ms))
            }
        });
        let heard = futures::future::join_all(meters.map(Box::pin)).await;
        let cpu_ms = heard.iter().flatten().map(|(_, cpu_ms)| cpu_ms).sum();
        let parts: Option<Vec<_>> = heard.into_iter().map(|h| Some(h?.0)).collect();
        (parts.and_then(|parts| together(&parts)), cpu_ms)
    }

    /// Runs ffmpeg within what is left of the time; what it said.
    async fn run(&mut self, args: Vec<String>) -> Result<String, MediaError> {
        let finished = run_with_progress(&self.command(args), &self.left()).await?;
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
            let task = self.task;
            let limited = if argv::keeps_mix(task) {
                self.hear(|slice| argv::settle_argv(task, correction, slice))
                    .await?
            } else {
                self.measure(argv::settle_argv(task, correction, None))
                    .await?
            };
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

#[cfg(test)]
mod tests {
    use reelsmith_core::sniff::Container;

    use super::super::tests::track;
    use super::*;
    use crate::testing::tools;

    /// Two and a half minutes that are loud, quiet and silent in turn.
    const SOUND: &str = "aevalsrc=exprs=sin(2*PI*440*t)*(0.02+0.3*gt(mod(t\\,23)\\,9))*lt(mod(t\\,41)\\,36):sample_rate=48000:duration=150";
    const SECONDS: u64 = 150;

    #[tokio::test(flavor = "multi_thread")]
    async fn meters_side_by_side_find_what_one_finds() {
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
            let mut runs = Runs::new(&tools, &task, &limits);
            runs.measure(argv::measure_argv(&task)).await.unwrap();
            let correction = Correction {
                gain_db: 3.0,
                limit_db: Some(-12.0),
            };
            same(&mut runs, |slice| {
                argv::settle_argv(&task, correction, slice)
            })
            .await;
            runs.run(argv::encode_argv(&task, correction))
                .await
                .unwrap();
            same(&mut runs, |slice| argv::result_argv(&task, slice)).await;
        }
    }

    /// What both ways find.
    async fn same(runs: &mut Runs<'_>, args: impl Fn(Option<&Range<u64>>) -> Vec<String>) {
        let slices = slices(SECONDS * HOPS);
        assert_eq!(slices.len(), 2);
        let (found, cpu_ms) = runs.side_by_side(slices, &args).await;
        let one = runs.measure(args(None)).await.unwrap();
        let found = found.unwrap_or_else(|| panic!("a slice was missed: {one:?}"));
        let away = found.lufs.unwrap() - one.lufs.unwrap();
        assert!(cpu_ms > 0 && away.abs() <= 0.06, "{found:?}, {one:?}");
        assert_eq!(found.peak_dbtp, one.peak_dbtp);
    }
}
