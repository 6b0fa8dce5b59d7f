//! Comparing the reduced tracks.

use reelsmith_core::sound::{LevelDifference, SoundComparison, SoundMatch, SoundOffset};

use crate::analysis::{EXCERPT, Excerpt, MARGIN, REDUCTION, RenditionTrack, SourceTrack, WINDOWS};

/// How an encode treated the level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Treatment {
    /// Constant gain in dB; `None` if it is not known, and may change slowly: it is measured around each section.
    pub gain_db: Option<f64>,
    /// Ceiling in dBFS of a limiter after the gain.
    pub ceiling_db: Option<f64>,
}

/// Quieter sound is silence, in hundredths of dBFS: dither, room tone and the noise of codecs.
const SILENCE: i32 = -6_000;
/// A codec's noise is at most this loud, relative to the loudest channel.
const NOISE: i32 = 3_000;
/// Windows before and after one over which a codec spreads sound.
const SPREAD: usize = 2;
/// Windows for which a limiter keeps its gain after a peak, and before it.
const RELEASE: usize = 8;
const ATTACK: usize = 2;

/// Windows of a section: two seconds. It is compared if at least a quarter of it has sound of this level, within
/// `NEAR` of the loudest channel.
const SECTION: usize = 2 * WINDOWS as usize;
const AUDIBLE: i32 = -5_000;
const NEAR: i32 = 2_000;

/// Excerpts quieter than this are not correlated, in hundredths of dBFS.
const CORRELATED: i32 = -5_000;
/// An offset is certain if its correlation is that high and exceeds the one without offset by the margin.
const CERTAIN: f64 = 0.7;
const CERTAIN_BY: f64 = 0.1;
/// A correlation that is so high without an offset that there is none.
const CLEAR: f64 = 0.9;
/// A limiter that varies by more within an excerpt changes its shape, in hundredths of a decibel.
const SHAPED: i32 = 600;
/// Correlations that differ by less are equal, and the offset nearest to zero counts: the sound is periodic.
const SAME: f64 = 0.03;
/// One millisecond and half of one, in samples of an excerpt.
const MILLISECOND: i64 = 6;
const HALF_MILLISECOND: i64 = 3;

/// Compares a rendition with its source. `planned` is the length of the programme in samples, `presented` that of the
/// rendition, and `stream` the stream of the mezzanine.
#[must_use]
pub fn compare(
    source: &SourceTrack,
    rendition: &RenditionTrack,
    treatment: Treatment,
    stream: u32,
    planned: u64,
    presented: u64,
) -> SoundComparison {
    let gains = Gains::new(source, rendition, treatment.gain_db);
    let gain = gains.whole;
    let ceiling = treatment.ceiling_db.map(hundredths);
    let levels = Levels {
        window: u64::from(source.rate / WINDOWS),
        reduction: reductions(&source.peaks, &gains, ceiling),
        source,
        rendition,
        gains,
    };
    let matches = Matches::of(source, rendition, gain, &levels.reduction);
    SoundComparison {
        sample_rate: source.rate,
        channels: u32::try_from(source.levels.len()).unwrap_or(u32::MAX),
        stream,
        planned,
        presented,
        gain,
        windows: levels.count(),
        window: levels.worst_window(),
        section: levels.worst_section(),
        excerpts: matches.count,
        first_offset: matches.first,
        last_offset: matches.last,
        offset: matches.offset,
        least_alike: matches.least_alike,
        swapped: matches.swapped,
        most_swapped: matches.most_swapped,
        integrated: rendition.integrated.map(hundredths),
        true_peak: rendition.true_peak.map(hundredths),
    }
}

/// The conversion saturates; a value that is not a number becomes 0.
fn hundredths(decibels: f64) -> i32 {
    (decibels * 100.0).round() as i32
}

/// The gain from the source to the rendition.
struct Gains {
    /// Of the whole programme.
    whole: i32,
    /// Of each section, if it is measured.
    sections: Vec<i32>,
}

impl Gains {
    fn new(source: &SourceTrack, rendition: &RenditionTrack, known: Option<f64>) -> Self {
        if let Some(gain) = known {
            let sections = Vec::new();
            return Self {
                whole: hundredths(gain),
                sections,
            };
        }
        let measured = |windows| measured_gain(source, rendition, windows);
        let whole = measured(0..usize::MAX).unwrap_or(0);
        let windows = source.levels.first().map_or(0, Vec::len);
        let around = |start: usize| start.saturating_sub(SECTION)..start + 2 * SECTION;
        let sections = (0..windows).step_by(SECTION);
        let sections = sections.map(|start| measured(around(start)).unwrap_or(whole));
        Self {
            whole,
            sections: sections.collect(),
        }
    }

    fn at(&self, window: usize) -> i32 {
        let section = self.sections.get(window / SECTION);
        section.copied().unwrap_or(self.whole)
    }
}

/// The median difference of the levels of those windows that have sound on both sides.
fn measured_gain(
    source: &SourceTrack,
    rendition: &RenditionTrack,
    windows: std::ops::Range<usize>,
) -> Option<i32> {
    let channels = source.levels.iter().zip(&rendition.levels);
    let part = |levels: &[i16]| {
        let end = windows.end.min(levels.len());
        let part = levels.get(windows.start..end).unwrap_or_default();
        part.iter()
            .map(|level| i32::from(*level))
            .collect::<Vec<_>>()
    };
    let pairs = channels.flat_map(|(s, r)| part(s).into_iter().zip(part(r)));
    let audible = pairs.filter(|(s, r)| *s > SILENCE && *r > SILENCE);
    median(audible.map(|(s, r)| r - s).collect())
}

fn median(mut values: Vec<i32>) -> Option<i32> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (_, median, _) = values.select_nth_unstable(middle);
    Some(*median)
}

/// By how much a limiter may have reduced each window.
fn reductions(peaks: &[i16], gains: &Gains, ceiling: Option<i32>) -> Vec<i32> {
    let Some(ceiling) = ceiling else {
        return vec![0; peaks.len()];
    };
    let over = |(n, peak): (usize, &i16)| (i32::from(*peak) + gains.at(n) - ceiling).max(0);
    let around = |n: usize| {
        let from = n.saturating_sub(RELEASE);
        let near = peaks.iter().enumerate().take(n + ATTACK + 1).skip(from);
        near.map(over).max().unwrap_or(0)
    };
    (0..peaks.len()).map(around).collect()
}

/// The levels of both sides.
struct Levels<'a> {
    source: &'a SourceTrack,
    rendition: &'a RenditionTrack,
    /// Samples of a window.
    window: u64,
    gains: Gains,
    reduction: Vec<i32>,
}

impl Levels<'_> {
    /// The level of the source after the gain.
    fn expected(&self, channel: usize, window: usize) -> Option<i32> {
        let level = self.source.levels.get(channel)?.get(window)?;
        Some(i32::from(*level) + self.gains.at(window))
    }

    fn found(&self, channel: usize, window: usize) -> Option<i32> {
        let level = self.rendition.levels.get(channel)?.get(window)?;
        Some(i32::from(*level))
    }

    fn channels(&self) -> std::ops::Range<usize> {
        0..self.source.levels.len()
    }

    fn windows(&self) -> std::ops::Range<usize> {
        let levels = self.source.levels.iter().chain(&self.rendition.levels);
        0..levels.map(Vec::len).min().unwrap_or(0)
    }

    fn count(&self) -> u64 {
        (self.channels().len() * self.windows().len()) as u64
    }

    /// The lowest and highest level of the source around a window.
    fn around(&self, channel: usize, window: usize) -> Option<(i32, i32)> {
        let from = window.saturating_sub(SPREAD);
        let near = (from..=window + SPREAD).filter_map(|n| self.expected(channel, n));
        near.fold(None, |range, level| {
            let (low, high) = range.unwrap_or((level, level));
            Some((level.min(low), level.max(high)))
        })
    }

    fn worst_window(&self) -> Option<LevelDifference> {
        let mut worst: Option<LevelDifference> = None;
        for window in self.windows() {
            let around: Vec<_> = self
                .channels()
                .filter_map(|c| self.around(c, window))
                .collect();
            let loudest = around.iter().map(|(_, high)| *high).max();
            let floor = loudest.map_or(SILENCE, |loudest| (loudest - NOISE).max(SILENCE));
            let reduction = self.reduction.get(window).copied().unwrap_or(0);
            for (channel, (low, high)) in around.into_iter().enumerate() {
                let Some(found) = self.found(channel, window) else {
                    continue;
                };
                let level = found.max(floor);
                let low = (low - reduction).max(floor);
                let difference = level - level.clamp(low, high.max(low));
                if worst.is_none_or(|w| difference.abs() > w.difference.abs()) {
                    let expected = self.expected(channel, window).unwrap_or(SILENCE);
                    worst = Some(self.difference(channel, window, expected, found, difference));
                }
            }
        }
        worst
    }

    fn worst_section(&self) -> Option<LevelDifference> {
        let mut worst: Option<LevelDifference> = None;
        let windows = self.windows();
        for start in windows.clone().step_by(SECTION) {
            let section = start..windows.end.min(start + SECTION);
            for channel in self.channels() {
                let compared = section
                    .clone()
                    .filter_map(|n| self.section_window(channel, n));
                let (mut differences, mut levels) = (Vec::new(), Vec::new());
                for (difference, expected) in compared {
                    differences.push(difference);
                    levels.push(expected);
                }
                if differences.len() < SECTION / 4 {
                    continue;
                }
                let (Some(difference), Some(expected)) = (median(differences), median(levels))
                else {
                    continue;
                };
                if worst.is_none_or(|w| difference.abs() > w.difference.abs()) {
                    let found = expected + difference;
                    worst = Some(self.difference(channel, start, expected, found, difference));
                }
            }
        }
        worst
    }

    /// The difference of a window beyond what a limiter explains, and the expected level, if that is audible.
    fn section_window(&self, channel: usize, window: usize) -> Option<(i32, i32)> {
        let expected = self.expected(channel, window)?;
        let loudest = self
            .channels()
            .filter_map(|c| self.expected(c, window))
            .max()?;
        if expected < AUDIBLE.max(loudest - NEAR) {
            return None;
        }
        let found = self.found(channel, window)?.max(SILENCE);
        let reduction = self.reduction.get(window).copied().unwrap_or(0);
        Some((
            found - found.clamp(expected - reduction, expected),
            expected,
        ))
    }

    fn difference(
        &self,
        channel: usize,
        window: usize,
        expected: i32,
        found: i32,
        difference: i32,
    ) -> LevelDifference {
        LevelDifference {
            at: window as u64 * self.window,
            channel: u32::try_from(channel).unwrap_or(u32::MAX),
            expected,
            found,
            difference,
        }
    }
}

/// What the excerpts show.
#[derive(Default)]
struct Matches {
    count: u64,
    first: Option<SoundOffset>,
    last: Option<SoundOffset>,
    offset: Option<SoundOffset>,
    least_alike: Option<SoundMatch>,
    swapped: u64,
    most_swapped: Option<SoundMatch>,
}

impl Matches {
    fn of(source: &SourceTrack, rendition: &RenditionTrack, gain: i32, reduction: &[i32]) -> Self {
        let mut all = Self::default();
        for (own, other) in source.excerpts.iter().zip(&rendition.excerpts) {
            let changed = is_changed(own, source.rate, reduction);
            let levels: Vec<i32> = own.channels.iter().map(|c| level(c) + gain).collect();
            let loudest = levels.iter().max().copied().unwrap_or(SILENCE);
            for (channel, level) in levels.into_iter().enumerate() {
                if level >= CORRELATED.max(loudest - NEAR) {
                    all.add(own, other, channel, changed);
                }
            }
        }
        all
    }

    /// Adds an excerpt of one channel; `changed` if a limiter may have changed it so that it is less alike.
    fn add(&mut self, source: &Excerpt, rendition: &Excerpt, channel: usize, changed: bool) {
        let correlation = |other: usize, reach: i64| {
            let source = source.channels.get(other)?;
            let rendition = rendition.channels.get(channel)?;
            Some(correlations(source, rendition, reach))
        };
        let Some(near) = correlation(channel, MILLISECOND + 2) else {
            return;
        };
        self.count += 1;
        let at = source.start * REDUCTION;
        let number = u32::try_from(channel).unwrap_or(u32::MAX);
        let alike = best_within(&near, MILLISECOND);
        let mut found = certain_offset(&near).filter(|_| alike >= CLEAR);
        // The search goes on further away only if there is something to find.
        for reach in [MARGIN, rendition.margin] {
            if found.is_none() && alike < CLEAR {
                let reach = i64::try_from(reach).unwrap_or(0);
                found = correlation(channel, reach).and_then(|all| certain_offset(&all));
            }
        }
        if let Some((samples, correlation)) = found {
            let offset = SoundOffset {
                at,
                channel: number,
                samples,
                correlation: thousandths(correlation),
            };
            self.first.get_or_insert(offset);
            self.last = Some(offset);
            let greatest = self.offset.map_or(-1, |o| o.samples.abs());
            if samples.abs() > greatest {
                self.offset = Some(offset);
            }
        }
        if changed {
            return;
        }
        let others = (0..source.channels.len()).filter(|other| *other != channel);
        let others = others.filter_map(|other| {
            let alike = best_within(&correlation(other, MILLISECOND)?, MILLISECOND);
            Some((u32::try_from(other).unwrap_or(u32::MAX), alike))
        });
        let other = others.max_by(|(_, a), (_, b)| a.total_cmp(b));
        let found = SoundMatch {
            at,
            channel: number,
            correlation: thousandths(alike),
            other: other
                .filter(|(_, other)| *other > alike)
                .map(|(n, other)| (n, thousandths(other))),
        };
        if self
            .least_alike
            .is_none_or(|least| found.correlation < least.correlation)
        {
            self.least_alike = Some(found);
        }
        // The right channel leaves less of the sound unexplained, however similar the channels are.
        if let Some((_, other)) = other
            && 1.0 - alike > 0.02
            && 1.0 - alike > 4.0 * (1.0 - other)
        {
            self.swapped += 1;
            let excess = |m: SoundMatch| m.other.map_or(0, |(_, c)| c - m.correlation);
            if self.most_swapped.is_none_or(|m| excess(found) > excess(m)) {
                self.most_swapped = Some(found);
            }
        }
    }
}

/// Whether the reduction by a limiter varies within an excerpt, and so changes its shape.
fn is_changed(excerpt: &Excerpt, rate: u32, reduction: &[i32]) -> bool {
    let window = u64::from(rate / WINDOWS).max(1);
    let at = |sample: u64| usize::try_from(sample * REDUCTION / window).unwrap_or(usize::MAX);
    let (from, to) = (at(excerpt.start), at(excerpt.start + EXCERPT as u64));
    let part = reduction.get(from..to.min(reduction.len()));
    let part = part.unwrap_or_default();
    let (least, most) = (part.iter().min(), part.iter().max());
    matches!((least, most), (Some(least), Some(most)) if most - least > SHAPED)
}

/// The level of an excerpt in hundredths of dBFS.
fn level(samples: &[f32]) -> i32 {
    let power = energy(samples) / samples.len().max(1) as f64;
    hundredths(10.0 * power.max(1e-12).log10())
}

fn energy(samples: &[f32]) -> f64 {
    product(samples, samples)
}

/// The sum of the products of two slices. Eight sums let the compiler use vectors.
fn product(first: &[f32], second: &[f32]) -> f64 {
    let mut sums = [0.0f32; 8];
    for (a, b) in first.chunks_exact(8).zip(second.chunks_exact(8)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().map(|sum| f64::from(*sum)).sum()
}

fn thousandths(correlation: f64) -> i32 {
    (correlation * 1_000.0).round() as i32
}

/// The correlation at each offset from `-reach` to `reach` in samples of an excerpt.
fn correlations(source: &[f32], rendition: &[f32], reach: i64) -> Vec<(i64, f64)> {
    let own = energy(source);
    let margin = i64::try_from(rendition.len().saturating_sub(EXCERPT) / 2).unwrap_or(0);
    let reach = reach.min(margin);
    let at = |offset: i64| {
        let from = usize::try_from(margin + offset).unwrap_or(0);
        let part = rendition.get(from..from + source.len()).unwrap_or_default();
        let norm = (own * energy(part)).sqrt();
        let correlation = if norm > 0.0 {
            product(source, part) / norm
        } else {
            0.0
        };
        (offset, correlation)
    };
    (-reach..=reach).map(at).collect()
}

fn best_within(correlations: &[(i64, f64)], reach: i64) -> f64 {
    let near = correlations
        .iter()
        .filter(|(offset, _)| offset.abs() <= reach);
    near.map(|(_, c)| *c).fold(-1.0, f64::max)
}

/// The offset in samples of the rendition, and its correlation; `None` if the sound does not show one. Of several equal peaks
/// the one nearest to zero counts.
fn certain_offset(correlations: &[(i64, f64)]) -> Option<(i64, f64)> {
    let best = correlations.iter().map(|(_, c)| *c).fold(-1.0, f64::max);
    let peaks = correlations.windows(3).filter_map(|three| match three {
        [(_, left), (offset, middle), (_, right)] if middle >= left && middle >= right => {
            Some((*offset, *middle, (*left, *right)))
        }
        _ => None,
    });
    let equal = peaks.filter(|(_, c, _)| *c >= best - SAME);
    let (offset, correlation, (left, right)) = equal.min_by_key(|(offset, ..)| offset.abs())?;
    // A parabola through the peak and its neighbours.
    let curve = left - 2.0 * correlation + right;
    let between = if curve < 0.0 {
        (left - right) / (2.0 * curve)
    } else {
        0.0
    };
    let samples = ((offset as f64 + between) * REDUCTION as f64).round() as i64;
    let unmoved = best_within(correlations, HALF_MILLISECOND);
    let apart = offset.abs() <= HALF_MILLISECOND || correlation - unmoved >= CERTAIN_BY;
    (correlation >= CERTAIN && apart).then_some((samples, correlation))
}
