//! Titles on a fleet of workers, event by event.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use serde::Serialize;

use super::bucket::Bucket;
use super::platform::Platform;
use super::random::Random;
use crate::cost::{Deployment, Title, Usd, estimate};

/// Type of the Map's child executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Children {
    /// Exactly once, up to a year each: what the state machine uses.
    Standard,
    /// At least once, up to five minutes each; start faster.
    Express,
}

/// What runs the titles.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Most workers at once: the smaller of the Map's concurrency and the account's.
    pub workers: u32,
    /// Type of the Map's children.
    pub children: Children,
    /// The platform's limits.
    pub platform: Platform,
    /// Prices and measured work.
    pub deployment: Deployment,
}

/// Where a title's time went, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Stages {
    /// From the drop to the reserved job: event, manifest, mezzanine probed.
    pub admit: f64,
    /// Reading the index.
    pub plan: f64,
    /// The Maps: video beside audio, and beside the mezzanine's checksums.
    pub encode: f64,
    /// Proving that the records tile, measuring each rendition beside the others, writing playlists.
    pub package: f64,
    /// Looking at every object, and judging all of them.
    pub prove: f64,
    /// Publishing and announcing.
    pub publish: f64,
}

impl Stages {
    /// From drop to announcement.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.admit + self.plan + self.encode + self.package + self.prove + self.publish
    }
}

/// What a simulation found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Titles that were dropped at time zero.
    pub titles: usize,
    /// Seconds until the last one was announced.
    pub wall_s: f64,
    /// Seconds until half of them were.
    pub median_s: f64,
    /// Where the time of the last one went.
    pub stages: Stages,
    /// Pieces of video work.
    pub pieces: u64,
    /// Most workers at one time.
    pub peak: u32,
    /// Execution environments that were created.
    pub environments: u64,
    /// Pieces that were done twice.
    pub retries: u64,
    /// Seconds that all workers were busy.
    pub worker_s: f64,
    /// What all of it costs.
    pub cost: Usd,
    /// The same for a minute of programme.
    pub cost_minute: Usd,
}

/// Drops titles at one moment and follows them to the end.
#[must_use]
pub fn simulate(titles: &[Title], fleet: &Fleet, seed: u64) -> Outcome {
    let mut run = Run::new(titles, fleet, seed);
    run.drop_all();
    while let Some(Reverse((Moment(now), _, event))) = run.events.pop() {
        match event {
            Event::Planned(title) => run.planned(title, now),
            Event::Ended(piece) => run.ended(piece, now),
            Event::Failed(piece) => run.failed(piece, now),
        }
        run.start_what_fits(now);
    }
    run.outcome()
}

#[derive(Clone, Copy, Debug)]
struct Moment(f64);

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Planned(usize),
    Ended(Piece),
    Failed(Piece),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    title: usize,
    group: usize,
    retried: bool,
}

/// A title on its way.
#[derive(Clone, Debug, Default)]
struct Progress {
    stages: Stages,
    encode_from: f64,
    left: u64,
    writes_until: f64,
}

struct Run<'a> {
    titles: &'a [Title],
    fleet: &'a Fleet,
    random: Random,
    events: BinaryHeap<Reverse<(Moment, u64, Event)>>,
    sequence: u64,
    waiting: VecDeque<Piece>,
    progress: Vec<Progress>,
    children: Bucket,
    creation: Bucket,
    busy: u32,
    idle: u64,
    peak: u32,
    environments: u64,
    pieces: u64,
    retries: u64,
    worker_s: f64,
}

impl<'a> Run<'a> {
    fn new(titles: &'a [Title], fleet: &'a Fleet, seed: u64) -> Self {
        let p = &fleet.platform;
        let (burst, rate) = match fleet.children {
            Children::Standard => (&p.standard_burst, &p.standard_per_second),
            Children::Express => (&p.express_burst, &p.express_per_second),
        };
        Self {
            titles,
            fleet,
            random: Random::new(seed),
            events: BinaryHeap::new(),
            sequence: 0,
            waiting: VecDeque::new(),
            progress: vec![Progress::default(); titles.len()],
            children: Bucket::new(burst.value, rate.value),
            creation: Bucket::new(p.environments_burst.value, p.environments_per_second.value),
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
            .push(Reverse((Moment(time), self.sequence, event)));
    }

    /// Every function of a quiet deployment starts cold, one after the other.
    fn call(&self) -> f64 {
        self.fleet.platform.state_s.value + self.fleet.platform.cold_start_s.value
    }

    fn pass(&self, bytes: f64) -> f64 {
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
            let piece = Piece {
                title: index,
                group,
                retried: false,
            };
            let chunks = usize::try_from(title.chunks).unwrap_or(usize::MAX);
            self.waiting.extend(std::iter::repeat_n(piece, chunks));
        }
    }

    /// Children start as long as workers are free, at the rate the platform allows.
    fn start_what_fits(&mut self, now: f64) {
        let most = self.most();
        while self.busy < most {
            let Some(piece) = self.waiting.pop_front() else {
                return;
            };
            self.busy += 1;
            self.peak = self.peak.max(self.busy);
            self.start(piece, now);
        }
    }

    fn most(&self) -> u32 {
        let per_map = self.fleet.platform.map_concurrency.value as u32;
        self.fleet
            .workers
            .min(per_map.saturating_mul(u32::try_from(self.titles.len()).unwrap_or(u32::MAX)))
    }

    fn start(&mut self, piece: Piece, now: f64) {
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

    /// A piece by the measured figures, with what chance adds.
    fn seconds(&mut self, piece: Piece) -> f64 {
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

    fn failed(&mut self, piece: Piece, _now: f64) {
        self.busy -= 1;
        self.idle += 1;
        self.retries += 1;
        self.waiting.push_front(Piece {
            retried: true,
            ..piece
        });
    }

    fn ended(&mut self, piece: Piece, now: f64) {
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

    /// What follows the Maps has one duration: nothing of it waits for other titles.
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
        let renditions = (title.rungs.len() as u64 + title.audio + title.text) as f64;
        let records = title.chunks as f64 * p.object_s.value / READS;
        let objects = renditions * (title.segments() as f64 + 1.0);
        let largest = title
            .rungs
            .iter()
            .map(|r| work.bytes_of(r, title.seconds()));
        let measured = self.pass(largest.fold(0.0, f64::max));
        let package = p.map_start_s.value + 2.0 * self.call() + 2.0 * records + measured;
        let prove = objects * p.object_s.value / READS + self.call();
        let publish = 3.0 * self.call();
        let verified = self.call() + self.pass(title.mezzanine.0 as f64);
        let stages = &mut self.progress[index].stages;
        stages.encode = (video_done - from).max(audio).max(verified);
        stages.package = package;
        stages.prove = prove;
        stages.publish = publish;
    }

    fn outcome(self) -> Outcome {
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
        Outcome {
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

/// Objects that a function reads at once.
const READS: f64 = 32.0;
