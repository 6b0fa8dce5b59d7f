//! Chunk length and rung groups: chosen so that the last worker finishes early and little is paid beyond the encode.
//!
//! A worker takes one piece of work (one chunk at the rungs of one group) at a time, the costliest piece first. Small
//! pieces keep all workers busy to the end. Large pieces pay less often for the start of an invocation, for decoding up
//! to their first frame, and for decoding the same frames again for another group.
//!
//! The candidates are few: every chunk length up to the profile's limit, times the sensible ways to group the rungs. So
//! [`Workload::schedule`] models all of them, in processor seconds from `prices/work.yaml`, and chooses in this order:
//!
//! 1. no piece longer than four minutes, if possible;
//! 2. at most 15 % more work than the cheapest candidate;
//! 3. no piece longer than 1.5 times the median ([`MAX_TAIL`]), unless that delays the end by more than 15 %;
//! 4. the earliest end; among those within 5 % of it, the least work.
//!
//! A wrong figure makes a plan slower but never wrong, because chunk boundaries are segment boundaries in any case.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What has to be encoded, in frames and processor seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Frames of the title.
    pub frames: u64,
    /// Frames of a segment, at least 1.
    pub segment_frames: u64,
    /// Most segments of a chunk, at least 1.
    pub longest: u64,
    /// Seconds that each piece costs in addition to its frames.
    pub start_s: f64,
    pub decode_s: f64,
    /// Average number of frames to decode before the first frame of a chunk.
    pub lead_frames: f64,
    /// Seconds to encode one frame, for each rung.
    pub rungs: Vec<f64>,
}

/// The chosen chunk length and groups, and the model's result for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Segments of a chunk; the last chunk may have fewer.
    pub segments_per_chunk: u64,
    /// A partition of the rungs into groups, the costliest group first, with ascending indexes in each.
    pub groups: Vec<Vec<usize>>,
    /// Modelled seconds from the start of the first piece to the end of the last one.
    pub makespan_s: f64,
    /// Modelled seconds of all pieces together, which is what is paid.
    pub work_s: f64,
    /// Modelled seconds of the longest piece.
    pub longest_piece_s: f64,
    /// Duration of the longest piece divided by that of the median piece.
    pub tail: f64,
}

/// Longest acceptable piece, as a multiple of the median piece.
pub const MAX_TAIL: f64 = 1.5;

/// Longest planned piece in seconds, so that a slow machine still finishes within the function's time limit.
const MAX_PIECE_S: f64 = 240.0;

/// Schedules within this share of the earliest end count as equally fast; the cheapest of them is chosen.
const SLACK: f64 = 0.05;

/// Most work beyond the cheapest schedule, as a share of it.
const SURCHARGE: f64 = 0.15;

/// How much later a schedule without stragglers may end than the fastest one with them, as a share.
const EVENNESS: f64 = 0.15;

/// Pieces of equal work differ by chance, and one worker gets a slow piece last: this share of the longest piece is added
/// to the makespan of even pieces.
const LATENESS: f64 = 0.35;

/// If there are more pieces per worker than this, the makespan is estimated instead of counted.
const MAX_COUNTED: u64 = 8;

/// Ladders with more rungs are grouped by balance only, because the groupings by neighbours double with each rung.
const MAX_NEIGHBOURS: usize = 8;

impl Workload {
    /// Chooses chunk length and rung groups for a number of parallel workers.
    pub fn schedule(&self, workers: u32) -> Schedule {
        let groupings = self.groupings();
        let lengths = 1..=self.longest.max(1);
        let all = lengths.flat_map(|n| groupings.iter().map(move |g| (n, g)));
        let all: Vec<Pieces> = all.map(|(n, g)| self.pieces(g, n)).collect();
        let all = prefer(all, |p| p.longest() <= MAX_PIECE_S);
        let cheapest = least(&all, Pieces::work);
        let all = prefer(all, |p| p.work() <= cheapest * (1.0 + SURCHARGE));
        let all = all.into_iter().map(|p| p.schedule(workers)).collect();
        choose(all).unwrap_or_else(|| self.evaluate(&[], 1, workers))
    }

    /// Models one combination of groups and chunk length.
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

    /// The groupings worth comparing: balanced ones, and those that keep rungs of similar cost together.
    fn groupings(&self) -> Vec<Vec<Vec<usize>>> {
        let mut by_cost: Vec<usize> = (0..self.rungs.len()).collect();
        by_cost.sort_by(|a, b| self.rungs[*b].total_cmp(&self.rungs[*a]).then(a.cmp(b)));
        let balanced = (1..=by_cost.len()).map(|count| self.balanced(&by_cost, count));
        let all = balanced.chain(neighbours(&by_cost));
        all.map(|groups| self.in_order(groups)).collect()
    }

    /// Assigns the rungs, the costliest first, each to the group that costs least so far.
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

/// Every way to split a list of rungs, ordered by cost, into runs of neighbours.
fn neighbours(by_cost: &[usize]) -> Vec<Vec<Vec<usize>>> {
    if by_cost.is_empty() || by_cost.len() > MAX_NEIGHBOURS {
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

/// The pieces of one candidate: (seconds, how many pieces take that long), the longest first.
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

    /// Assigns the longest piece first, each to the worker that is free first. If every worker has many pieces, their ends
    /// differ by less than the last piece, and half of that is added instead of counting.
    fn makespan(&self, workers: u32) -> f64 {
        let workers = u64::from(workers.max(1));
        if self.count() <= workers {
            return self.longest();
        }
        if self.count() > workers.saturating_mul(MAX_COUNTED) {
            let last = self.sizes.last().map_or(0.0, |(seconds, _)| *seconds);
            let fair = self.work() / workers as f64;
            return if workers == 1 {
                fair
            } else {
                fair + last / 2.0
            };
        }
        // The bits of floats that are not negative sort as the floats do.
        let mut free: BinaryHeap<Reverse<u64>> = (0..workers).map(|_| Reverse(0)).collect();
        for (seconds, count) in &self.sizes {
            for _ in 0..*count {
                if let Some(Reverse(at)) = free.pop() {
                    free.push(Reverse((f64::from_bits(at) + seconds).to_bits()));
                }
            }
        }
        f64::from_bits(free.into_iter().map(|r| r.0).max().unwrap_or_default())
    }
}

/// Steps 3 and 4 of the module documentation.
fn choose(candidates: Vec<Schedule>) -> Option<Schedule> {
    let latest = least(&candidates, |c| c.makespan_s) * (1.0 + EVENNESS);
    let candidates = prefer(candidates, |c| c.tail <= MAX_TAIL && c.makespan_s <= latest);
    let latest = latest.min(least(&candidates, |c| c.makespan_s) * (1.0 + SLACK));
    let candidates = prefer(candidates, |c| c.makespan_s <= latest);
    candidates
        .into_iter()
        .min_by(|a, b| a.work_s.total_cmp(&b.work_s))
}

/// The candidates that meet a condition, or all of them if none does.
fn prefer<T>(all: Vec<T>, condition: impl Fn(&T) -> bool) -> Vec<T> {
    if all.iter().any(&condition) {
        all.into_iter().filter(condition).collect()
    } else {
        all
    }
}

fn least<T>(all: &[T], of: impl Fn(&T) -> f64) -> f64 {
    all.iter().map(of).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests;
