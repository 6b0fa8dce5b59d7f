//! Gaps and overlaps in the timestamps of a track, and how small a jump must be to be ignored.
//!
//! ffmpeg fills gaps with silence and drops sound that overlaps, but does not report them. So the first pass lists the
//! time and duration of every frame, and [`Continuity`] follows the list as ffmpeg's resampler does.
//!
//! Timestamps may be rounded to milliseconds or off by a few, to both sides, and must not be followed then: each
//! correction is a click. A shift that stays must be followed, however small: sound of another rate or codec may begin a few
//! milliseconds before the end of the sound before it. The list shows which one it is.

use reelsmith_core::plan::AudioRendition;
use reelsmith_core::warning::{MAX_PLACES, Place, Warning, WarningName};

use crate::process::Activity;

/// Jumps that are always corrected, in milliseconds. A lost packet of AAC, AC-3, MP2 or Opus lasts 20 ms or more.
pub(super) const COARSE_MS: u64 = 10;
/// Jumps that are corrected if they stay, in milliseconds: the resolution of Matroska.
pub(super) const FINE_MS: u64 = 1;
/// How long a shift must stay, in milliseconds.
const STAY_MS: u64 = 250;
/// Seconds of sound for each correction of a small jump. Timestamps with more of them are inexact, and not followed.
const SECONDS_PER_JUMP: u64 = 10;

/// The jumps of the timestamps of a track, or of each channel of a channel map.
#[derive(Debug)]
pub(super) struct Continuity {
    sample_rate: u32,
    outputs: Vec<OutputTimes>,
}

impl Continuity {
    pub(super) fn new(sample_rate: u32) -> Self {
        let outputs = Vec::new();
        Self {
            sample_rate,
            outputs,
        }
    }

    /// Reads a line of ffmpeg's `framecrc`: output, decode time, time, duration, size and checksum of a packet.
    pub(super) fn read(&mut self, line: &str) -> Activity {
        let mut fields = line.split(',').map(|field| field.trim().parse::<i64>());
        if let (Some(Ok(output)), _, Some(Ok(time)), Some(Ok(duration))) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        {
            let output = usize::try_from(output).unwrap_or_default().min(MAX_OUTPUTS);
            while self.outputs.len() <= output {
                self.outputs.push(OutputTimes::new(self.sample_rate));
            }
            if let Some(times) = self.outputs.get_mut(output) {
                times.add(time, duration);
            }
        }
        Activity::Progress
    }

    /// The jumps that must be corrected, in milliseconds.
    pub(super) fn least_jump_ms(&self) -> u64 {
        let least = self.outputs.iter().map(OutputTimes::least_jump_ms).min();
        least.unwrap_or(COARSE_MS)
    }

    /// The warnings about the jumps that were corrected before the end of the programme, one for each stream.
    pub(super) fn warnings(&self, track: &AudioRendition) -> Vec<Warning> {
        let least = self.least_jump_ms();
        let mut streams = Vec::new();
        let mut warnings = Vec::new();
        for (n, times) in self.outputs.iter().enumerate() {
            let stream = track.map.get(n).map_or(track.stream, |c| c.stream);
            if !streams.contains(&stream) {
                streams.push(stream);
                warnings.extend(times.warning(stream, least, track.samples));
            }
        }
        warnings
    }
}

/// Channels of the largest channel map.
const MAX_OUTPUTS: usize = 8;

/// The jumps of the timestamps of one output.
#[derive(Debug)]
struct OutputTimes {
    rate: u64,
    coarse: Follower,
    fine: Follower,
    /// For how many samples the sound has been shifted by more than a fine jump.
    shifted: i64,
    /// Whether a shift has stayed.
    stayed: bool,
}

impl OutputTimes {
    fn new(sample_rate: u32) -> Self {
        let rate = u64::from(sample_rate);
        Self {
            rate,
            coarse: Follower::new(rate * COARSE_MS / 1_000),
            fine: Follower::new(rate * FINE_MS / 1_000),
            shifted: 0,
            stayed: false,
        }
    }

    fn add(&mut self, time: i64, duration: i64) {
        let shift = self.coarse.add(time, duration);
        self.fine.add(time, duration);
        self.shifted = match shift.unsigned_abs() > self.fine.least {
            true => self.shifted.saturating_add(duration),
            false => 0,
        };
        self.stayed |= self.shifted.unsigned_abs() > self.rate * STAY_MS / 1_000;
    }

    fn least_jump_ms(&self) -> u64 {
        let seconds = self.fine.end.unsigned_abs() / self.rate.max(1);
        let few = self.coarse.jumps.len() as u64 + seconds / SECONDS_PER_JUMP + 1;
        if self.stayed && self.fine.jumps.len() as u64 <= few {
            FINE_MS
        } else {
            COARSE_MS
        }
    }

    /// The warning about jumps of at least `least` milliseconds before the end of the programme of `samples`.
    fn warning(&self, stream: u32, least: u64, samples: u64) -> Option<Warning> {
        let follower = match least {
            FINE_MS => &self.fine,
            _ => &self.coarse,
        };
        let end = i64::try_from(samples).unwrap_or(i64::MAX);
        let jumps: Vec<_> = follower.jumps.iter().filter(|j| j.at < end).collect();
        let rate = i64::try_from(self.rate).unwrap_or(1).max(1);
        let millis = |samples: i64| samples.saturating_mul(1_000) / rate;
        let total = |kind: &str, is: fn(&Jump) -> bool| {
            let lengths = jumps.iter().filter(|j| is(j));
            // A gap that is still open when the programme ends does not last longer.
            let lengths = lengths.map(|j| j.length.saturating_abs().min(end - j.at));
            let (count, sum) =
                lengths.fold((0, 0i64), |(n, sum), l| (n + 1, sum.saturating_add(l)));
            let plural = if count > 1 { "s" } else { "" };
            (count > 0).then(|| format!("{count} {kind}{plural} of {} ms", millis(sum)))
        };
        let found = [
            total("gap", |j| j.length > 0),
            total("overlap", |j| j.length < 0),
        ];
        let found: Vec<String> = found.into_iter().flatten().collect();
        let source = format!("stream {stream}");
        let mut warning = Warning::new(WarningName::AudioDiscontinuous, source)
            .times(jumps.len() as u64)
            .because(
                "continuous timestamps",
                found.join(" and "),
                "gaps are filled with silence, and sound that overlaps is left out",
            );
        let places = jumps.iter().take(MAX_PLACES);
        warning.places = places.map(|j| Place::Millis(millis(j.at))).collect();
        (!jumps.is_empty()).then_some(warning)
    }
}

/// Follows the times as ffmpeg's resampler does. Times are in samples from the start of the programme.
#[derive(Debug)]
struct Follower {
    /// Jumps up to this length are ignored.
    least: u64,
    /// The end of the sound so far; 0 before its first frame.
    end: i64,
    jumps: Vec<Jump>,
}

/// A gap, of positive length, or an overlap.
#[derive(Clone, Copy, Debug)]
struct Jump {
    at: i64,
    length: i64,
}

impl Follower {
    fn new(least: u64) -> Self {
        Self {
            least,
            end: 0,
            jumps: Vec::new(),
        }
    }

    /// Adds a frame; returns by how much its time remains later than that of its sound in the output.
    fn add(&mut self, time: i64, duration: i64) -> i64 {
        let length = time.saturating_sub(self.end);
        let first = self.end == 0;
        if !first && length.unsigned_abs() <= self.least {
            self.end = self.end.saturating_add(duration);
            return length;
        }
        if !first {
            let at = self.end;
            self.jumps.push(Jump { at, length });
        }
        self.end = self.end.max(time.saturating_add(duration));
        0
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::task;
    use super::*;

    fn read(frames: &[(i64, i64)]) -> Continuity {
        let mut continuity = Continuity::new(48_000);
        continuity.read("#tb 0: 1/48000");
        for (time, duration) in frames {
            continuity.read(&format!(
                "0, {time:>10}, {time:>10}, {duration:>8}, 8192, 0x1624dbc0"
            ));
        }
        continuity
    }

    fn warning(frames: &[(i64, i64)]) -> Option<String> {
        let continuity = read(frames);
        let task = task(reelsmith_core::sniff::Container::Mov, (0, 1));
        let warnings = continuity.warnings(&task.rendition);
        warnings.first().map(ToString::to_string)
    }

    #[test]
    fn a_late_start_and_rounded_times_are_continuous() {
        assert_eq!(warning(&[]), None);
        assert_eq!(
            warning(&[(-2_048, 1_024), (-1_024, 1_024), (0, 1_024)]),
            None
        );
        assert_eq!(
            warning(&[(96_000, 1_024), (97_010, 1_024), (98_060, 1_024)]),
            None
        );
    }

    #[test]
    fn gaps_and_overlaps_are_counted_up_to_the_end_of_the_programme() {
        let frames = [
            (0, 48_000),
            (49_024, 46_976),
            (97_024, 1_024),
            (97_024, 1_024),
            (600_000, 1_024),
            (700_000, 1_024),
        ];
        insta::assert_snapshot!(warning(&frames).unwrap(), @"AudioDiscontinuous: stream 0, 00:00:01.000, 00:00:02.000, 00:00:02.042, 00:00:02.042 (4 times): expected continuous timestamps, found 3 gaps of 8427 ms and 1 overlap of 21 ms; gaps are filled with silence, and sound that overlaps is left out");
    }

    #[test]
    fn a_small_shift_that_stays_is_corrected_and_jitter_is_not() {
        let frames = |shift: fn(i64) -> i64| {
            let times = (0..400).map(|n| (n * 1_024 + shift(n), 1_024));
            read(&times.collect::<Vec<_>>())
        };
        assert_eq!(frames(|_| 0).least_jump_ms(), COARSE_MS);
        assert_eq!(frames(|n| n % 3 * 100).least_jump_ms(), COARSE_MS);
        let shifted = frames(|n| if n < 200 { 0 } else { 85 });
        assert_eq!(
            (shifted.least_jump_ms(), shifted.outputs[0].fine.jumps.len()),
            (FINE_MS, 1)
        );
        // A shift with jitter: following it would click all the time.
        assert_eq!(frames(|n| n % 3 * 100 + 300).least_jump_ms(), COARSE_MS);
    }
}
