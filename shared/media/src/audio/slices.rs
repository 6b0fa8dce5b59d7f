//! Loudness of a long track by several meters side by side.
//!
//! Integrated loudness is a mean over blocks of 400 ms, each 100 ms after the last, that pass two gates (ITU-R BS.1770-4,
//! annex 1). A block depends on nothing before it but filters that settle at once, so each meter measures its own slice of
//! the track, and the gates are applied to the blocks of all of them. The result is that of one meter.

use std::ops::Range;

use super::loudness::Measured;
use crate::error::MediaError;
use crate::process::Sign;

/// Hops of 100 ms in a second.
pub(super) const HOPS: u64 = 10;
/// Before its slice a meter hears one second: longer than a block, and than its filters and a limiter take to settle.
pub(super) const LEAD: u64 = HOPS;
/// Shortest slice in hops: starting another meter takes longer than it saves on less.
const SHORTEST: u64 = 60 * HOPS;
/// Most slices: more meters than a function has processors would wait for each other. The model of the cost counts as many.
const MOST: u64 = 3;
/// Hops that a block lasts.
const BLOCK: usize = 4;

/// Equal slices of so many hops, in order; the last one is open.
pub(super) fn slices(hops: u64) -> Vec<Range<u64>> {
    let count = (hops / SHORTEST).clamp(1, MOST);
    let bound = |n: u64| hops * n / count;
    let mut slices: Vec<_> = (0..count).map(|n| bound(n)..bound(n + 1)).collect();
    if let Some(last) = slices.last_mut() {
        last.end = u64::MAX;
    }
    slices
}

/// Hears what a meter prints of each hop.
#[derive(Debug, Default)]
pub(super) struct Hops {
    /// The hop that is being told, by the time at which it begins.
    at: Option<u64>,
    /// Momentary loudness in LUFS of the block that ends with the hop.
    heard: Vec<(u64, f64)>,
}

impl Hops {
    /// A line of ffmpeg's `ametadata`: a time, or a value.
    pub(super) fn read(&mut self, line: &str) -> Result<Sign, MediaError> {
        if let Some((_, time)) = line.split_once("pts_time:") {
            let seconds: Option<f64> = time.trim().parse().ok();
            self.at = seconds.map(|s| (s * HOPS as f64).round().max(0.0) as u64);
        } else if let Some((at, value)) = self.at.zip(line.strip_prefix("lavfi.r128.M=")) {
            self.heard
                .extend(value.trim().parse().ok().map(|v| (at, v)));
        }
        Ok(Sign::Progress)
    }

    /// The blocks that end in a slice, where each of them was heard once and in order.
    fn of(&self, slice: &Range<u64>) -> Option<Vec<f64>> {
        let own = self.heard.iter().filter(|(at, _)| slice.contains(at));
        let (times, blocks): (Vec<u64>, Vec<f64>) = own.copied().unzip();
        let whole = slice.end == u64::MAX || times.len() as u64 == slice.end - slice.start;
        let in_order = (slice.start..).zip(&times).all(|(due, at)| due == *at);
        (whole && in_order).then_some(blocks)
    }
}

/// What all meters found together; `None` where one of them missed a part of its slice.
pub(super) fn together(parts: &[(Range<u64>, Hops, Measured)]) -> Option<Measured> {
    let mut blocks = Vec::new();
    for (slice, hops, _) in parts {
        // The first blocks of the track are not full.
        let from = if slice.start == 0 { BLOCK - 1 } else { 0 };
        blocks.extend(hops.of(slice)?.into_iter().skip(from));
    }
    let peaks = parts.iter().filter_map(|(.., m)| m.peak_dbtp);
    Some(Measured::new(integrated(&blocks), peaks.reduce(f64::max)))
}

/// Blocks quieter than this never count.
const ABSOLUTE_GATE: f64 = -70.0;
/// Nor do blocks so far below the mean of the others.
const RELATIVE_GATE: f64 = -10.0;

/// Loudness of the blocks that pass both gates; `None` where none does.
fn integrated(blocks: &[f64]) -> Option<f64> {
    let mean = |gate: f64| {
        let passed = blocks.iter().filter(|b| **b >= gate);
        let (sum, count) = passed.fold((0.0, 0u32), |(sum, count), b| {
            (sum + 10f64.powf(b / 10.0), count + 1)
        });
        (count > 0).then(|| 10.0 * (sum / f64::from(count)).log10())
    };
    let ungated = mean(ABSOLUTE_GATE)?;
    mean(ABSOLUTE_GATE.max(ungated + RELATIVE_GATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(slice: Range<u64>, blocks: &[f64], at: u64) -> (Range<u64>, Hops, Measured) {
        let mut hops = Hops::default();
        for (n, block) in (at..).zip(blocks) {
            let time = n as f64 / 10.0;
            hops.read(&format!("frame:{n}    pts:0    pts_time:{time}"))
                .unwrap();
            hops.read(&format!("lavfi.r128.M={block}")).unwrap();
        }
        (slice, hops, Measured::new(None, Some(-3.0 - at as f64)))
    }

    #[test]
    fn slices_tile_the_track_and_the_last_is_open() {
        assert_eq!(slices(1_199).len(), 1);
        assert_eq!(slices(1_201), [0..600, 600..u64::MAX]);
        assert_eq!(
            slices(30_001),
            [0..10_000, 10_000..20_000, 20_000..u64::MAX]
        );
    }

    #[test]
    fn silence_and_quiet_parts_are_gated() {
        assert_eq!(integrated(&[-120.7; 9]), None);
        let loud = integrated(&[-20.0; 9]).unwrap();
        assert!((loud + 20.0).abs() < 1e-9);
        // Pauses far below the rest do not lower it, parts that are a little quieter do.
        let paused = integrated(&[-20.0, -20.0, -45.0, -120.7]).unwrap();
        assert!((paused + 20.0).abs() < 1e-9, "{paused}");
        assert!(integrated(&[-20.0, -25.0]).unwrap() < -21.0);
    }

    #[test]
    fn blocks_of_all_slices_count_once_and_the_greatest_peak() {
        let parts = [
            heard(0..6, &[-120.7, -90.0, -21.0, -20.0, -20.0, -20.0], 0),
            heard(6..u64::MAX, &[-99.0, -10.0, -20.0, -20.0], 4),
        ];
        let all = together(&parts).unwrap();
        assert_eq!((all.lufs, all.peak_dbtp), (Some(-20.0), Some(-3.0)));
    }

    #[test]
    fn a_meter_that_missed_something_is_not_believed() {
        let short = heard(0..6, &[-20.0; 5], 0);
        assert!(together(&[short]).is_none());
        let late = heard(6..u64::MAX, &[-20.0; 5], 7);
        assert!(together(&[heard(0..6, &[-20.0; 6], 0), late]).is_none());
    }
}
