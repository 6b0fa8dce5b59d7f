//! A simulation of titles on a fleet of workers, for `reelsmith simulate`.
//!
//! The question is how long a title takes on a number of workers, before anyone pays for the fleet. The answer cannot be
//! computed directly, because workers start at a limited rate, pieces of work differ in length, and some are slow or
//! fail. So the model follows every piece of work through a discrete-event simulation:
//!
//! 1. all titles are dropped at time zero, and each passes the states up to its plan;
//! 2. a planned title puts its pieces (one chunk at the rungs of one group) into a queue;
//! 3. a piece starts as soon as a worker is free. The start waits for the Map's dispatch rate, and for a new execution
//!    environment and its cold start if no idle one exists. Both rates are token buckets;
//! 4. a piece takes its modelled time, times a random factor; a few pieces are stragglers, and a few fail and are retried;
//! 5. after its last piece a title takes a fixed time for assembly, packaging, validation and publication.
//!
//! The work of a piece comes from [`crate::cost::WorkFigures`] (measured), limits and latencies from [`Platform`]
//! (`platform.yaml`, each figure published by AWS or assumed). Equal seeds give equal results on every machine.
//!
//! Example: `reelsmith simulate --duration 2h --workers 10,100,1000` shows how the time of a film falls with the number of
//! workers, and which stage limits it.

mod platform;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use serde::Serialize;

use crate::cost::{CostModel, Title, Usd, estimate};

pub use platform::{Figure, FigureBasis, Platform};

/// Objects that a function reads in parallel.
const PARALLEL_READS: f64 = 32.0;

/// Type of the Map's child executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChildType {
    /// Run exactly once, for up to a year. The state machine uses this type.
    Standard,
    /// Run at least once, for up to five minutes; start faster.
    Express,
}

/// The workers and the platform that run the titles.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Most concurrent workers: the smaller of the Map's concurrency and the account's.
    pub workers: u32,
    pub children: ChildType,
    pub platform: Platform,
    pub deployment: CostModel,
}

/// How long each stage of a title took, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Stages {
    /// From the drop to the reserved job: event, manifest, probe of the mezzanine.
    pub admit: f64,
    /// Reading the index.
    pub plan: f64,
    /// The Maps of video and audio, in parallel with the mezzanine's checksums.
    pub encode: f64,
    /// Assembly and measurement of the renditions in parallel, then playlists.
    pub package: f64,
    pub prove: f64,
    pub publish: f64,
}

impl Stages {
    /// From the drop to the notification.
    pub fn total(&self) -> f64 {
        self.admit + self.plan + self.encode + self.package + self.prove + self.publish
    }
}

/// The result of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimulationResult {
    /// Number of titles, all dropped at time zero.
    pub titles: usize,
    /// Seconds until the last title was published.
    pub wall_s: f64,
    /// Seconds until half of them were published.
    pub median_s: f64,
    /// The stages of the last title.
    pub stages: Stages,
    pub pieces: u64,
    /// Most workers that were busy at the same time.
    pub peak: u32,
    /// Execution environments that were created.
    pub environments: u64,
    /// Pieces that failed and were repeated.
    pub retries: u64,
    /// Busy seconds of all workers together.
    pub worker_s: f64,
    pub cost: Usd,
    /// Cost of a minute of programme.
    pub cost_minute: Usd,
}

/// Simulates titles that are dropped at the same moment, until the last one is published.
pub fn simulate(titles: &[Title], fleet: &Fleet, seed: u64) -> SimulationResult {
    let mut run = Simulation::new(titles, fleet, seed);
    run.drop_all();
    while let Some(Reverse((now, _, event))) = run.events.pop() {
        let now = f64::from_bits(now);
        match event {
            Event::Planned(title) => run.planned(title, now),
            Event::Ended(piece) => run.ended(piece, now),
            Event::Failed(piece) => run.failed(piece),
        }
        run.start_waiting(now);
    }
    run.result()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Planned(usize),
    Ended(WorkUnit),
    Failed(WorkUnit),
}

/// A chunk at the rungs of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct WorkUnit {
    title: usize,
    group: usize,
    retried: bool,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    stages: Stages,
    encode_from: f64,
    left: u64,
    writes_until: f64,
}

struct Simulation<'a> {
    titles: &'a [Title],
    fleet: &'a Fleet,
    random: Random,
    /// Time, sequence number and event. The bits of times, which are not negative, sort as the times do.
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    waiting: VecDeque<WorkUnit>,
    progress: Vec<Progress>,
    children: TokenBucket,
    creation: TokenBucket,
    busy: u32,
    idle: u64,
    peak: u32,
    environments: u64,
    pieces: u64,
    retries: u64,
    worker_s: f64,
}

impl<'a> Simulation<'a> {
    fn new(titles: &'a [Title], fleet: &'a Fleet, seed: u64) -> Self {
        let p = &fleet.platform;
        let (burst, rate) = match fleet.children {
            ChildType::Standard => (&p.standard_burst, &p.standard_per_second),
            ChildType::Express => (&p.express_burst, &p.express_per_second),
        };
        Self {
            titles,
            fleet,
            random: Random::new(seed),
            events: BinaryHeap::new(),
            sequence: 0,
            waiting: VecDeque::new(),
            progress: vec![Progress::default(); titles.len()],
            children: TokenBucket::new(burst.value, rate.value),
            creation: TokenBucket::new(p.environments_burst.value, p.environments_per_second.value),
            busy: 0,
            idle: 0,
            peak: 0,
            environments: 0,
            pieces: 0,
            retries: 0,
            worker_s: 0.0,
        }
    }

    fn at(&mut self, time: f64, event: Event) {
        self.sequence += 1;
        self.events
            .push(Reverse((time.to_bits(), self.sequence, event)));
    }

    /// One invocation: in an idle deployment every function starts cold.
    fn call(&self) -> f64 {
        self.fleet.platform.state_s.value + self.fleet.platform.cold_start_s.value
    }

    fn read_seconds(&self, bytes: f64) -> f64 {
        bytes / self.fleet.deployment.work.bytes_per_second
    }

    fn drop_all(&mut self) {
        for i in 0..self.titles.len() {
            let p = &self.fleet.platform;
            let admit = p.event_s.value + 4.0 * self.call() + p.probe_s.value;
            let plan = self.call() + p.index_s.value;
            self.progress[i].stages = Stages {
                admit,
                plan,
                ..Stages::default()
            };
            self.at(admit + plan, Event::Planned(i));
        }
    }

    fn planned(&mut self, index: usize, now: f64) {
        let title = &self.titles[index];
        let progress = &mut self.progress[index];
        progress.encode_from = now;
        progress.left = title.chunks * title.groups.len() as u64;
        self.pieces += progress.left;
        for group in 0..title.groups.len() {
            let piece = WorkUnit {
                title: index,
                group,
                retried: false,
            };
            let chunks = usize::try_from(title.chunks).unwrap_or(usize::MAX);
            self.waiting.extend(std::iter::repeat_n(piece, chunks));
        }
    }

    /// Starts waiting pieces while workers are free.
    fn start_waiting(&mut self, now: f64) {
        let most = self.max_workers();
        while self.busy < most {
            let Some(piece) = self.waiting.pop_front() else {
                return;
            };
            self.busy += 1;
            self.peak = self.peak.max(self.busy);
            self.start(piece, now);
        }
    }

    fn max_workers(&self) -> u32 {
        let per_map = self.fleet.platform.map_concurrency.value as u32;
        self.fleet
            .workers
            .min(per_map.saturating_mul(u32::try_from(self.titles.len()).unwrap_or(u32::MAX)))
    }

    fn start(&mut self, piece: WorkUnit, now: f64) {
        let p = &self.fleet.platform;
        let begun = self.progress[piece.title].encode_from + p.map_start_s.value;
        let child = self.children.take(now.max(begun)) + p.state_s.value;
        let ready = if self.idle > 0 {
            self.idle -= 1;
            child
        } else {
            self.environments += 1;
            self.creation.take(child) + p.cold_start_s.value
        };
        let seconds = self.seconds(piece);
        let fails = !piece.retried && self.random.unit() < p.failure_share.value;
        let (share, event) = if fails {
            (0.5, Event::Failed(piece))
        } else {
            (1.0, Event::Ended(piece))
        };
        self.worker_s += seconds * share;
        self.at(ready + seconds * share, event);
    }

    /// The duration of a piece: the modelled work times a random factor.
    fn seconds(&mut self, piece: WorkUnit) -> f64 {
        let title = &self.titles[piece.title];
        let work = &self.fleet.deployment.work;
        let rungs: Vec<_> = title.groups[piece.group]
            .iter()
            .filter_map(|r| title.rungs.get(*r))
            .collect();
        let frames = title.frames.0 as f64 / title.chunks.max(1) as f64;
        let lead_in = work.lead_in_frames(title.frame_rate);
        let even = work.group_seconds(&rungs, title.source, frames, lead_in);
        let p = &self.fleet.platform;
        let straggles = self.random.unit() < p.straggler_share.value;
        let factor = if straggles {
            p.straggler_factor.value
        } else {
            1.0
        };
        even * self.random.log_normal(p.spread.value) * factor
    }

    fn failed(&mut self, piece: WorkUnit) {
        self.busy -= 1;
        self.idle += 1;
        self.retries += 1;
        self.waiting.push_front(WorkUnit {
            retried: true,
            ..piece
        });
    }

    fn ended(&mut self, piece: WorkUnit, now: f64) {
        self.busy -= 1;
        self.idle += 1;
        let title = &self.titles[piece.title];
        let segments = title.segments() as f64 / title.chunks.max(1) as f64;
        let puts = segments * title.groups[piece.group].len() as f64 + 1.0;
        let rate = self.fleet.platform.puts_per_second.value;
        let progress = &mut self.progress[piece.title];
        progress.writes_until = progress.writes_until.max(now) + puts / rate;
        progress.left -= 1;
        if progress.left == 0 {
            let written = progress.writes_until;
            self.finish(piece.title, written);
        }
    }

    /// The stages after the Maps have a fixed duration, because they do not wait for other titles.
    fn finish(&mut self, index: usize, video_done: f64) {
        let title = &self.titles[index];
        let (p, work) = (&self.fleet.platform, &self.fleet.deployment.work);
        let from = self.progress[index].encode_from;
        let audio = match title.audio {
            0 => 0.0,
            _ => {
                p.map_start_s.value + self.call() + work.audio_seconds(title.seconds(), title.sound)
            }
        };
        let renditions = title.renditions() as f64;
        let records = title.chunks as f64 * p.object_s.value / PARALLEL_READS;
        let objects = renditions * (title.segments() as f64 + 1.0);
        let largest = title
            .rungs
            .iter()
            .map(|r| work.bytes_of(r, title.seconds()));
        let measured = self.read_seconds(largest.fold(0.0, f64::max));
        let package = p.map_start_s.value + 2.0 * self.call() + 2.0 * records + measured;
        let prove = objects * p.object_s.value / PARALLEL_READS + self.call();
        let publish = 3.0 * self.call();
        let verified = self.call() + self.read_seconds(title.mezzanine.0 as f64);
        let stages = &mut self.progress[index].stages;
        stages.encode = (video_done - from).max(audio).max(verified);
        stages.package = package;
        stages.prove = prove;
        stages.publish = publish;
    }

    fn result(self) -> SimulationResult {
        let deployment = &self.fleet.deployment;
        let estimates = self.titles.iter().map(|t| estimate(t, deployment));
        let (mut minutes, mut planned_s, mut cost) = (0.0, 0.0, 0.0);
        for e in estimates {
            minutes += e.minutes;
            planned_s += e.worker_seconds;
            cost += e.total.0;
        }
        let gb = f64::from(deployment.work.size("transcode_chunk").memory_mb) / 1024.0;
        let beyond = gb * (self.worker_s - planned_s);
        let cost = cost
            + deployment
                .prices
                .of(deployment.architecture.memory(), beyond)
                .0;
        let mut ends: Vec<&Stages> = self.progress.iter().map(|p| &p.stages).collect();
        ends.sort_by(|a, b| a.total().total_cmp(&b.total()));
        let end = |i: usize| ends.get(i).map_or(0.0, |s| s.total());
        SimulationResult {
            titles: self.titles.len(),
            wall_s: end(self.titles.len().saturating_sub(1)),
            median_s: end(self.titles.len() / 2),
            stages: ends.last().map_or_else(Stages::default, |s| **s),
            pieces: self.pieces,
            peak: self.peak,
            environments: self.environments,
            retries: self.retries,
            worker_s: self.worker_s,
            cost: Usd(cost),
            cost_minute: Usd(if minutes > 0.0 { cost / minutes } else { 0.0 }),
        }
    }
}

/// A token bucket in simulated seconds: a burst, then a rate, which is how AWS states its limits.
#[derive(Clone, Debug)]
struct TokenBucket {
    size: f64,
    per_second: f64,
    tokens: f64,
    at: f64,
}

impl TokenBucket {
    fn new(size: f64, per_second: f64) -> Self {
        Self {
            size,
            per_second,
            tokens: size,
            at: 0.0,
        }
    }

    /// Takes a token at the earliest time from `now` on, and returns that time. Calls must come in the order of time.
    fn take(&mut self, now: f64) -> f64 {
        let now = now.max(self.at);
        self.tokens = (self.tokens + (now - self.at) * self.per_second).min(self.size);
        let wait = ((1.0 - self.tokens) / self.per_second).max(0.0);
        self.at = now + wait;
        self.tokens += wait * self.per_second - 1.0;
        self.at
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014), so that a simulation is the same on every machine and in every release.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Log-normal with a mean of one; `spread` is the standard deviation of the logarithm (Box-Muller transform).
    fn log_normal(&mut self, spread: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        (spread * normal - spread * spread / 2.0).exp()
    }
}

#[cfg(test)]
mod tests;
