//! Reducing a track to levels, excerpts, loudness and true peak while it is decoded.

use crate::filter::{HalfBand, Section};
use crate::meter::Meter;
use crate::timeline::Piece;

/// Windows of levels in a second.
pub(crate) const WINDOWS: u32 = 50;
/// Samples of the rendition for one of an excerpt.
pub(crate) const REDUCTION: u64 = 8;
/// Samples of an excerpt: a third of a second at 6 kHz.
pub(crate) const EXCERPT: usize = 2_048;
/// Limit of excerpts, which bounds the memory: 16 kB for each of them and each channel.
const MAX_EXCERPTS: u64 = 480;
/// How far excerpts of the rendition extend to both sides, in samples of the excerpt: 30 ms, and for some of them 1.2 s.
pub(crate) const MARGIN: usize = 180;
const WIDE_MARGIN: usize = 7_200;
const WIDE_EXCERPTS: usize = 48;
/// Samples that are processed at once.
const BLOCK: usize = 4_096;
/// Position of the LFE in 5.1, and its highest frequency in hertz.
const LFE: usize = 3;
const LFE_HERTZ: f64 = 120.0;
/// The lowest level, in hundredths of a decibel.
pub(crate) const LOWEST: i16 = -12_000;

/// An excerpt of all channels.
#[derive(Clone, Debug)]
pub(crate) struct Excerpt {
    /// First sample, at the reduced rate.
    pub(crate) start: u64,
    /// Samples before `start` that are included.
    pub(crate) margin: usize,
    pub(crate) channels: Vec<Vec<f32>>,
}

/// A track of the source, reduced.
#[derive(Clone, Debug)]
pub struct SourceTrack {
    pub(crate) rate: u32,
    /// For each channel the level of each window in hundredths of dBFS.
    pub(crate) levels: Vec<Vec<i16>>,
    /// Highest sample of all channels in each window, in hundredths of dBFS.
    pub(crate) peaks: Vec<i16>,
    pub(crate) excerpts: Vec<Excerpt>,
}

/// A track of the rendition, reduced.
#[derive(Clone, Debug)]
pub struct RenditionTrack {
    pub(crate) levels: Vec<Vec<i16>>,
    pub(crate) excerpts: Vec<Excerpt>,
    /// Integrated loudness in LUFS and true peak in dBTP.
    pub(crate) integrated: Option<f64>,
    pub(crate) true_peak: Option<f64>,
}

/// Reduces a track piece by piece.
#[derive(Debug)]
pub struct Analyser {
    rate: u32,
    channels: Vec<Channel>,
    /// Samples so far.
    samples: u64,
    /// Samples of a window.
    window: u64,
    peak: f32,
    peaks: Vec<i16>,
    collector: Collector,
    meter: Option<Meter>,
    /// Samples of the current block of each channel.
    block: Vec<Vec<f32>>,
}

impl Analyser {
    /// For a source of `samples` samples of each of `channels` channels, mixed as the rendition.
    #[must_use]
    pub fn source(rate: u32, channels: usize, samples: u64) -> Self {
        let blocks = samples / REDUCTION / EXCERPT as u64;
        let section = blocks.div_ceil(MAX_EXCERPTS).max(1);
        let collector = Collector::Choosing(Choice {
            section,
            section_end: section,
            blocks: 0,
            current: vec![Vec::new(); channels],
            best: None,
            excerpts: Vec::new(),
        });
        Self::new(rate, channels, collector, None)
    }

    /// For the rendition of that source.
    #[must_use]
    pub fn rendition(source: &SourceTrack) -> Self {
        let channels = source.levels.len();
        let every = source.excerpts.len().div_ceil(WIDE_EXCERPTS).max(1);
        let excerpts = source.excerpts.iter().enumerate().map(|(n, excerpt)| {
            let wide = n.is_multiple_of(every);
            let margin = if wide { WIDE_MARGIN } else { MARGIN };
            Excerpt {
                start: excerpt.start,
                margin,
                channels: vec![Vec::new(); channels],
            }
        });
        let collector = Collector::Copying {
            position: 0,
            first: 0,
            excerpts: excerpts.collect(),
        };
        let meter = Meter::new(channels, source.rate);
        Self::new(source.rate, channels, collector, Some(meter))
    }

    fn new(rate: u32, channels: usize, collector: Collector, meter: Option<Meter>) -> Self {
        let window = u64::from(rate / WINDOWS).max(2);
        let channel = |n| Channel::new(window, rate, channels == 6 && n == LFE);
        Self {
            rate,
            channels: (0..channels).map(channel).collect(),
            samples: 0,
            window,
            peak: 0.0,
            peaks: Vec::new(),
            collector,
            meter,
            block: vec![Vec::new(); channels],
        }
    }

    /// Adds the next piece.
    pub fn add(&mut self, piece: &Piece) {
        let count = self.channels.len().max(1);
        match &piece.sound {
            Some(sound) => {
                for part in sound.chunks(BLOCK * count) {
                    for (n, block) in self.block.iter_mut().enumerate() {
                        block.clear();
                        block.extend(part.iter().skip(n).step_by(count));
                    }
                    self.add_block();
                }
            }
            None => {
                let mut rest = piece.length;
                while rest > 0 {
                    let length = rest.min(BLOCK as u64);
                    for block in &mut self.block {
                        block.clear();
                        block.resize(usize::try_from(length).unwrap_or(BLOCK), 0.0);
                    }
                    self.add_block();
                    rest -= length;
                }
            }
        }
    }

    fn add_block(&mut self) {
        self.add_peaks();
        if let Some(meter) = &mut self.meter {
            meter.add(&self.block);
        }
        for (channel, samples) in self.channels.iter_mut().zip(&self.block) {
            channel.process(samples);
        }
        self.collector.add(&mut self.channels);
    }

    fn add_peaks(&mut self) {
        let length = self.block.first().map_or(0, Vec::len);
        let mut from = 0;
        while from < length {
            let due = self.window - self.samples % self.window;
            let to = length.min(from + usize::try_from(due).unwrap_or(length));
            let part = self
                .block
                .iter()
                .flat_map(|b| b.get(from..to).unwrap_or_default());
            self.peak = part.fold(self.peak, |peak, sample| peak.max(sample.abs()));
            self.samples += (to - from) as u64;
            from = to;
            if self.samples.is_multiple_of(self.window) {
                let peak = f64::from(std::mem::take(&mut self.peak));
                self.peaks.push(decibels(peak * peak));
            }
        }
    }

    /// Completes the last window, for which the filters wait.
    fn flush(&mut self) {
        for channel in &mut self.channels {
            channel.process(&[0.0; HalfBand::DELAY]);
        }
    }

    /// The reduced source.
    #[must_use]
    pub fn finish_source(mut self) -> SourceTrack {
        self.flush();
        SourceTrack {
            rate: self.rate,
            levels: self.channels.into_iter().map(|c| c.levels).collect(),
            peaks: self.peaks,
            excerpts: self.collector.finish(),
        }
    }

    /// The reduced rendition.
    #[must_use]
    pub fn finish_rendition(mut self) -> RenditionTrack {
        self.flush();
        RenditionTrack {
            levels: self.channels.into_iter().map(|c| c.levels).collect(),
            excerpts: self.collector.finish(),
            integrated: self.meter.as_ref().and_then(Meter::integrated),
            true_peak: self.meter.as_ref().and_then(Meter::true_peak),
        }
    }
}

/// A power in hundredths of a decibel.
fn decibels(power: f64) -> i16 {
    let hundredths = 1_000.0 * power.log10();
    // The conversion saturates; silence is minus infinity.
    (hundredths.round() as i16).max(LOWEST)
}

/// One channel: its levels, and its samples at the reduced rate.
#[derive(Debug)]
struct Channel {
    halves: [HalfBand; 3],
    lfe: Option<[Section; 2]>,
    /// Samples at a half, a quarter and an eighth of the rate; the last ones wait for the collector.
    stages: [Vec<f32>; 3],
    /// Samples of a window at half the rate, those in the current one, and their sum of squares.
    window: u64,
    filled: u64,
    sum: f64,
    levels: Vec<i16>,
}

impl Channel {
    fn new(window: u64, rate: u32, lfe: bool) -> Self {
        let rate = f64::from(rate) / 2.0;
        // Butterworth of fourth order.
        let sections = [0.541_196_1, 1.306_563].map(|q| Section::low_pass(LFE_HERTZ, q, rate));
        Self {
            halves: [HalfBand::new(), HalfBand::new(), HalfBand::new()],
            lfe: lfe.then_some(sections),
            stages: [Vec::new(), Vec::new(), Vec::new()],
            window: (window / 2).max(1),
            filled: 0,
            sum: 0.0,
            levels: Vec::new(),
        }
    }

    fn process(&mut self, samples: &[f32]) {
        let [half, quarter, eighth] = &mut self.stages;
        half.clear();
        quarter.clear();
        let [first, second, third] = &mut self.halves;
        first.process(samples, half);
        if let Some([one, two]) = &mut self.lfe {
            for sample in half.iter_mut() {
                *sample = two.process(one.process(f64::from(*sample))) as f32;
            }
        }
        second.process(half, quarter);
        third.process(quarter, eighth);
        let mut rest = half.as_slice();
        while !rest.is_empty() {
            let due = usize::try_from(self.window - self.filled).unwrap_or(usize::MAX);
            let (part, after) = rest.split_at(due.min(rest.len()));
            self.sum += f64::from(part.iter().map(|s| s * s).sum::<f32>());
            self.filled += part.len() as u64;
            rest = after;
            if self.filled >= self.window {
                let power = std::mem::take(&mut self.sum) / self.window as f64;
                self.levels.push(decibels(power));
                self.filled = 0;
            }
        }
    }
}

/// Collects excerpts from the samples at the reduced rate.
#[derive(Debug)]
enum Collector {
    /// Chooses one in each section.
    Choosing(Choice),
    /// Copies those that were chosen in the source; none that ends before `position` precedes `first`.
    Copying {
        position: u64,
        first: usize,
        excerpts: Vec<Excerpt>,
    },
}

/// The choice of the block of each section in which one channel, in turn, is loudest.
#[derive(Debug)]
struct Choice {
    /// Blocks of a section, and the end of the current one in blocks.
    section: u64,
    section_end: u64,
    /// Complete blocks.
    blocks: u64,
    current: Vec<Vec<f32>>,
    /// The best block of the section so far, with its energy.
    best: Option<(f64, Excerpt)>,
    excerpts: Vec<Excerpt>,
}

impl Choice {
    fn add(&mut self, channels: &[Channel]) {
        let length = channels.first().map_or(0, |c| c.stages[2].len());
        let mut from = 0;
        while from < length {
            let filled = self.current.first().map_or(0, Vec::len);
            let to = length.min(from + EXCERPT.saturating_sub(filled));
            for (current, channel) in self.current.iter_mut().zip(channels) {
                current.extend_from_slice(channel.stages[2].get(from..to).unwrap_or_default());
            }
            from = to;
            if self.current.first().is_some_and(|c| c.len() >= EXCERPT) {
                self.end_block();
            }
        }
    }

    fn end_block(&mut self) {
        let count = self.current.len().max(1);
        let energy = |samples: &Vec<f32>| samples.iter().map(|s| f64::from(s * s)).sum::<f64>();
        let all: f64 = self.current.iter().map(energy).sum();
        // The first channel of each turn is preferred; the others decide if it is silent.
        let turn = self.current.get(self.excerpts.len() % count).map(energy);
        let score = turn.unwrap_or_default() + all * 1e-3;
        if self.best.as_ref().is_none_or(|(best, _)| score > *best) {
            let excerpt = Excerpt {
                start: self.blocks * EXCERPT as u64,
                margin: 0,
                channels: self.current.clone(),
            };
            self.best = Some((score, excerpt));
        }
        self.current.iter_mut().for_each(Vec::clear);
        self.blocks += 1;
        if self.blocks >= self.section_end {
            self.excerpts
                .extend(self.best.take().map(|(_, excerpt)| excerpt));
            self.section_end += self.section;
        }
    }
}

impl Collector {
    fn add(&mut self, channels: &mut [Channel]) {
        match self {
            Self::Choosing(choice) => choice.add(channels),
            Self::Copying {
                position,
                first,
                excerpts,
            } => {
                let length = channels.first().map_or(0, |c| c.stages[2].len());
                let end = *position + length as u64;
                let last = |e: &Excerpt| e.start + (EXCERPT + WIDE_MARGIN) as u64;
                while excerpts.get(*first).is_some_and(|e| last(e) <= *position) {
                    *first += 1;
                }
                for excerpt in excerpts.iter_mut().skip(*first) {
                    if excerpt.start > end + WIDE_MARGIN as u64 {
                        break;
                    }
                    excerpt.copy(*position, channels);
                }
                *position = end;
            }
        }
        channels.iter_mut().for_each(|c| c.stages[2].clear());
    }

    /// The excerpts; those of a copy are as long as their margins demand, with silence outside of the track.
    fn finish(self) -> Vec<Excerpt> {
        match self {
            Self::Choosing(choice) => choice.excerpts,
            Self::Copying { mut excerpts, .. } => {
                for excerpt in &mut excerpts {
                    let length = EXCERPT + 2 * excerpt.margin;
                    let channels = excerpt.channels.iter_mut();
                    channels.for_each(|c| c.resize(length, 0.0));
                }
                excerpts
            }
        }
    }
}

impl Excerpt {
    /// Appends what it needs of the samples that start at `position`.
    fn copy(&mut self, position: u64, channels: &[Channel]) {
        let margin = self.margin as u64;
        let (from, to) = (
            self.start.saturating_sub(margin),
            self.start + EXCERPT as u64 + margin,
        );
        // Silence before the start of the track.
        let before = usize::try_from(margin.saturating_sub(self.start)).unwrap_or(0);
        for (own, channel) in self.channels.iter_mut().zip(channels) {
            let samples = &channel.stages[2];
            let end = position + samples.len() as u64;
            let (first, last) = (from.max(position), to.min(end));
            if first < last {
                if own.is_empty() {
                    own.resize(before, 0.0);
                }
                let at = |n: u64| usize::try_from(n - position).unwrap_or(usize::MAX);
                own.extend_from_slice(samples.get(at(first)..at(last)).unwrap_or_default());
            }
        }
    }
}
