//! How long a chunk is and which rungs share a decode: chosen so that the last worker is done soon and little is paid
//! beyond the encoding itself.
//!
//! Every worker takes one piece of work (one chunk at the rungs of one group) at a time, the costliest first. Small pieces
//! keep all workers busy to the end; large pieces pay less often for starting, for decoding up to the first frame, and
//! for decoding the same frames for another group. The candidates are few, so all of them are weighed.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::cost::Work;
use crate::probe::VideoStream;

use super::{Timeline, VideoRendition};

/// What has to be encoded, in frames and processor seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Frames of the title.
    pub frames: u64,
    /// Frames of a segment, at least 1.
    pub segment_frames: u64,
    /// Most segments of a chunk, at least 1.
    pub longest: u64,
    /// Seconds each piece costs besides its frames.
    pub start_s: f64,
    /// Seconds to decode one frame.
    pub decode_s: f64,
    /// Frames that are decoded on average before the first one of a chunk.
    pub lead_frames: f64,
    /// Seconds to encode one frame, for each rung.
    pub rungs: Vec<f64>,
}

/// The choice, and what the model says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Segments of a chunk; the last may have fewer.
    pub segments_per_chunk: u64,
    /// Rung groups, the costliest first, indexes ascending; they partition the rungs.
    pub groups: Vec<Vec<usize>>,
    /// Modelled seconds from the first piece's start to the last one's end.
    pub makespan_s: f64,
    /// Modelled seconds of all pieces together: what is paid.
    pub work_s: f64,
    /// Modelled seconds of the longest piece.
    pub longest_piece_s: f64,
    /// The longest piece by the median piece.
    pub tail: f64,
}

/// A piece may last this many times as long as the median piece before another schedule is preferred.
pub const TAIL: f64 = 1.5;

/// No piece is planned to run longer than this, so that a slow machine still ends within the function's time limit.
const LONGEST_PIECE_S: f64 = 240.0;

/// Schedules within this share of the shortest makespan count as equally quick; the cheapest of them is taken.
const SLACK: f64 = 0.05;

impl Workload {
    /// The work of a title.
    pub(super) fn new(
        work: &Work,
        source: &VideoStream,
        timeline: &Timeline,
        segment_frames: u64,
        longest: u64,
        video: &[VideoRendition],
    ) -> Self {
        Self {
            frames: timeline.frames.0,
            segment_frames,
            longest,
            start_s: work.invocation_s,
            decode_s: work.decode_seconds(source.coded),
            lead_frames: timeline.mean_lead(),
            rungs: video.iter().map(|v| work.frame_seconds(&v.rung)).collect(),
        }
    }

    /// Picks chunk length and rung groups for a number of parallel workers.
    #[must_use]
    pub fn schedule(&self, workers: u32) -> Schedule {
        let groupings = self.groupings();
        let lengths = 1..=self.longest.max(1);
        let all = lengths.flat_map(|n| groupings.iter().map(move |g| (n, g)));
        let all: Vec<Pieces> = all.map(|(n, g)| self.pieces(g, n)).collect();
        let all = keep(all, |p| p.longest() <= LONGEST_PIECE_S);
        let cheapest = least(&all, Pieces::work);
        let all = keep(all, |p| p.work() <= cheapest * (1.0 + SURCHARGE));
        let all = all.into_iter().map(|p| p.schedule(workers)).collect();
        choose(all).unwrap_or_else(|| self.evaluate(&[], 1, workers))
    }

    /// What the model says of one choice.
    #[must_use]
    pub fn evaluate(&self, groups: &[Vec<usize>], segments: u64, workers: u32) -> Schedule {
        self.pieces(groups, segments).schedule(workers)
    }

    fn pieces(&self, groups: &[Vec<usize>], segments: u64) -> Pieces {
        let chunk = self.segment_frames.max(1) * segments.max(1);
        let (whole, rest) = (self.frames / chunk, self.frames % chunk);
        let cut = whole + u64::from(rest > 0) > 1;
        let lead = if cut { self.lead_frames } else { 0.0 };
        let mut sizes = Vec::new();
        for group in groups {
            let encode: f64 = group.iter().filter_map(|r| self.rungs.get(*r)).sum();
            let seconds = |frames: u64| {
                let frames = frames as f64;
                self.start_s + self.decode_s * (frames + lead) + encode * frames
            };
            sizes.push((seconds(chunk), whole));
            sizes.push((seconds(rest), u64::from(rest > 0)));
        }
        sizes.retain(|(_, count)| *count > 0);
        sizes.sort_by(|a, b| b.0.total_cmp(&a.0));
        Pieces {
            groups: groups.to_vec(),
            segments,
            sizes,
        }
    }

    /// The ways to group the rungs that are worth weighing: balanced ones, and those that keep rungs of like cost together.
    fn groupings(&self) -> Vec<Vec<Vec<usize>>> {
        let mut by_cost: Vec<usize> = (0..self.rungs.len()).collect();
        by_cost.sort_by(|a, b| self.rungs[*b].total_cmp(&self.rungs[*a]).then(a.cmp(b)));
        let balanced = (1..=by_cost.len()).map(|count| self.balanced(&by_cost, count));
        let all = balanced.chain(alike(&by_cost));
        all.map(|groups| self.in_order(groups)).collect()
    }

    /// The costliest rung first, each to the group that has least so far.
    fn balanced(&self, by_cost: &[usize], count: usize) -> Vec<Vec<usize>> {
        let mut groups: Vec<(f64, Vec<usize>)> = vec![(0.0, Vec::new()); count];
        for rung in by_cost {
            let least = groups.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((cost, group)) = least {
                *cost += self.rungs[*rung];
                group.push(*rung);
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    fn in_order(&self, mut groups: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        groups.iter_mut().for_each(|g| g.sort_unstable());
        let cost = |group: &[usize]| group.iter().map(|r| self.rungs[*r]).sum::<f64>();
        groups.sort_by(|a, b| cost(b).total_cmp(&cost(a)).then_with(|| a.cmp(b)));
        groups
    }
}

/// Ladders of more rungs are only grouped by balance: the neighbourly groupings double with each rung.
const MOST_ALIKE: usize = 8;

/// Every way to cut a list of rungs, ordered by cost, into runs of neighbours.
fn alike(by_cost: &[usize]) -> Vec<Vec<Vec<usize>>> {
    if by_cost.is_empty() || by_cost.len() > MOST_ALIKE {
        return Vec::new();
    }
    let cuts = 0u32..1 << (by_cost.len() - 1);
    cuts.map(|cuts| {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new()];
        for (i, rung) in by_cost.iter().enumerate() {
            if i > 0 && cuts >> (i - 1) & 1 == 1 {
                groups.push(Vec::new());
            }
            if let Some(group) = groups.last_mut() {
                group.push(*rung);
            }
        }
        groups
    })
    .collect()
}

/// The pieces of one choice: seconds and how many last as long, the longest first.
struct Pieces {
    groups: Vec<Vec<usize>>,
    segments: u64,
    sizes: Vec<(f64, u64)>,
}

impl Pieces {
    fn longest(&self) -> f64 {
        self.sizes.first().map_or(0.0, |(seconds, _)| *seconds)
    }

    fn count(&self) -> u64 {
        self.sizes.iter().map(|(_, count)| count).sum()
    }

    fn work(&self) -> f64 {
        self.sizes.iter().map(|(s, count)| s * *count as f64).sum()
    }

    fn median(&self) -> f64 {
        let half = self.count() / 2;
        let mut before = 0;
        let at_half = self.sizes.iter().find(|(_, count)| {
            before += count;
            before > half
        });
        at_half.map_or(0.0, |(seconds, _)| *seconds)
    }

    fn schedule(self, workers: u32) -> Schedule {
        let (longest_piece_s, median) = (self.longest(), self.median());
        Schedule {
            makespan_s: self.makespan(workers) + LATENESS * longest_piece_s,
            work_s: self.work(),
            longest_piece_s,
            tail: if median > 0.0 {
                longest_piece_s / median
            } else {
                1.0
            },
            segments_per_chunk: self.segments,
            groups: self.groups,
        }
    }

    /// Longest piece first, each to the worker that is free first. Where every worker has many pieces, their ends differ by
    /// less than the last piece, and half of it is taken instead of counting.
    fn makespan(&self, workers: u32) -> f64 {
        let workers = u64::from(workers.max(1));
        if self.count() <= workers {
            return self.longest();
        }
        if self.count() > workers.saturating_mul(MANY) {
            let last = self.sizes.last().map_or(0.0, |(seconds, _)| *seconds);
            let fair = self.work() / workers as f64;
            return if workers == 1 {
                fair
            } else {
                fair + last / 2.0
            };
        }
        let mut free: BinaryHeap<Reverse<Seconds>> =
            (0..workers).map(|_| Reverse(Seconds(0.0))).collect();
        for (seconds, count) in &self.sizes {
            for _ in 0..*count {
                if let Some(Reverse(Seconds(at))) = free.pop() {
                    free.push(Reverse(Seconds(at + seconds)));
                }
            }
        }
        free.into_iter().map(|r| r.0.0).fold(0.0, f64::max)
    }
}

/// Pieces of equal work differ by chance, and somebody gets a late one last: this share of the longest piece is expected on
/// top of what even pieces would take.
const LATENESS: f64 = 0.35;

/// From this many pieces per worker on the makespan is estimated.
const MANY: u64 = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Seconds(f64);

impl Eq for Seconds {}

impl PartialOrd for Seconds {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Seconds {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Most that may be paid beyond the cheapest schedule, as a share of it.
const SURCHARGE: f64 = 0.15;

/// How much later a schedule without stragglers may end than the quickest one with them.
const EVENNESS: f64 = 0.15;

/// Of schedules that cost about the same, those without stragglers where that delays little; of these the quickest, and of
/// those that are about as quick the cheapest.
fn choose(candidates: Vec<Schedule>) -> Option<Schedule> {
    let latest = least(&candidates, |c| c.makespan_s) * (1.0 + EVENNESS);
    let candidates = keep(candidates, |c| c.tail <= TAIL && c.makespan_s <= latest);
    let latest = latest.min(least(&candidates, |c| c.makespan_s) * (1.0 + SLACK));
    let candidates = keep(candidates, |c| c.makespan_s <= latest);
    candidates
        .into_iter()
        .min_by(|a, b| a.work_s.total_cmp(&b.work_s))
}

/// Those that fulfil a wish, or all where none does.
fn keep<T>(all: Vec<T>, wish: impl Fn(&T) -> bool) -> Vec<T> {
    if all.iter().any(&wish) {
        all.into_iter().filter(wish).collect()
    } else {
        all
    }
}

fn least<T>(all: &[T], of: impl Fn(&T) -> f64) -> f64 {
    all.iter().map(of).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests;
