//! The progress of an encode, from the records of its workers.

use std::collections::BTreeSet;

use reelsmith_aws::operate::MapRun;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::ladder::{ResolvedRung, VideoCodec};
use reelsmith_core::plan::{ChunkItem, Plan};
use serde::Serialize;

use crate::error::CliError;
use crate::job::connection::Connection;
use crate::view::text;

pub struct Encode {
    keys: GenerationKeys,
    plan: Plan,
    /// End of planning, in milliseconds since the epoch.
    began_ms: i64,
}

/// How far an encode is. An item is one chunk of one rung group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// Encoded items.
    pub done: u64,
    /// All items.
    pub total: u64,
    /// Items that workers are encoding now.
    pub running: u64,
    /// Seconds of the programme that are encoded, on average over the rung groups.
    pub media_seconds: f64,
    /// Duration of the programme in seconds.
    pub media_total: f64,
    /// Seconds since the plan was made.
    pub wall_seconds: f64,
    /// Share of the work that is done, from 0 to 1. The work is the number of pixels, and pixels of H.265 count three times.
    pub share: f64,
    pub rungs: Vec<RungProgress>,
    /// The state of every chunk, by rung group.
    pub grid: Vec<Vec<ChunkState>>,
}

/// How far a rendition is, in chunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RungProgress {
    /// Its folder, for example `video/h264_720p`.
    pub rendition: String,
    pub done: u64,
    pub total: u64,
}

/// The state of one chunk of one rung group. A symbol that represents several chunks shows the least of their states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChunkState {
    /// A worker failed; the chunk is tried again.
    Failed,
    /// Probably being encoded. The Map reports how many of its items are running, but not which; these are the next ones
    /// in its order.
    Running,
    Waiting,
    Done,
}

impl Progress {
    /// Encoded seconds of programme per second.
    pub fn speed(&self) -> f64 {
        if self.wall_seconds > 0.0 {
            self.media_seconds / self.wall_seconds
        } else {
            0.0
        }
    }

    /// Seconds until everything is encoded, at the speed so far; `None` before the first chunk is done.
    pub fn seconds_left(&self) -> Option<f64> {
        let known = self.share > 0.0 && self.wall_seconds > 0.0;
        known.then(|| self.wall_seconds * (1.0 - self.share).max(0.0) / self.share)
    }

    /// Whether anything but the time has changed.
    pub fn differs(&self, other: &Self) -> bool {
        self.done != other.done || self.running != other.running || self.grid != other.grid
    }

    /// The same progress without running items.
    pub fn stopped(&self) -> Self {
        let mut stopped = self.clone();
        stopped.running = 0;
        for cell in stopped.grid.iter_mut().flatten() {
            if *cell == ChunkState::Running {
                *cell = ChunkState::Waiting;
            }
        }
        stopped
    }

    pub fn describe(&self) -> String {
        let continues = self.done < self.total && self.running > 0;
        let left = self.seconds_left().filter(|_| continues);
        let left = left.map(|s| format!(", about {} left", text::duration(s)));
        format!(
            "{} of {} chunks, {} running, {:.1} s of {:.1} s, {:.2} × real time{}",
            self.done,
            self.total,
            self.running,
            self.media_seconds,
            self.media_total,
            self.speed(),
            left.unwrap_or_default()
        )
    }
}

impl Encode {
    /// Reads the plan; `None` if this version cannot read it.
    pub async fn begin(
        connection: &Connection,
        keys: GenerationKeys,
        began_ms: i64,
    ) -> Option<Self> {
        let plan = connection.outputs().find(&keys.plan()).await.ok()??;
        Some(Self {
            keys,
            plan,
            began_ms,
        })
    }

    pub async fn look(
        &self,
        connection: &Connection,
        run: Option<&MapRun>,
        now_ms: i64,
    ) -> Result<Progress, CliError> {
        let work = self.keys.work_prefix();
        let done = items(connection, &format!("{work}chunks/")).await?;
        let failed = items(connection, &self.keys.failures_prefix()).await?;
        Ok(self.progress(&done, &failed, run, now_ms))
    }

    fn progress(
        &self,
        done: &BTreeSet<(u32, u32)>,
        failed: &BTreeSet<(u32, u32)>,
        run: Option<&MapRun>,
        now_ms: i64,
    ) -> Progress {
        let plan = &self.plan;
        let is_done = |i: &&ChunkItem| done.contains(&(i.chunk, i.group));
        let items = plan.chunk_items();
        let groups = plan.groups.len().max(1) as u64;
        let rate = plan.frame_rate.as_f64().max(1e-6);
        let frames: u64 = items.iter().filter(is_done).map(|i| self.frames(i)).sum();
        let (all, made) = (
            items.iter().map(|i| self.work(i)).sum::<u64>(),
            items
                .iter()
                .filter(is_done)
                .map(|i| self.work(i))
                .sum::<u64>(),
        );
        let running = run.map_or(0, |r| r.running);
        let (seconds, share) = (
            |frames: u64, over: u64| frames as f64 / over as f64 / rate,
            made as f64 / all.max(1) as f64,
        );
        Progress {
            done: items.iter().filter(is_done).count() as u64,
            total: items.len() as u64,
            running,
            media_seconds: seconds(frames, groups),
            media_total: seconds(plan.total_frames.0, 1),
            wall_seconds: text::seconds(now_ms - self.began_ms),
            share,
            rungs: self.rungs(done),
            grid: self.grid(&items, done, failed, running),
        }
    }

    fn frames(&self, item: &ChunkItem) -> u64 {
        let chunk = self.plan.chunks.get(item.chunk as usize);
        chunk.map_or(0, |c| c.frames.count().0)
    }

    fn work(&self, item: &ChunkItem) -> u64 {
        let rungs = self.plan.groups.get(item.group as usize);
        let rungs = rungs
            .into_iter()
            .flatten()
            .filter_map(|r| self.plan.video.get(*r));
        let pixels: u64 = rungs.map(|v| weight(&v.rung)).sum();
        pixels * self.frames(item)
    }

    fn rungs(&self, done: &BTreeSet<(u32, u32)>) -> Vec<RungProgress> {
        let groups = (0u32..).zip(&self.plan.groups);
        let rungs = groups.flat_map(|(group, rungs)| rungs.iter().map(move |r| (*r, group)));
        let mut rungs: Vec<(usize, u32)> = rungs.collect();
        rungs.sort_unstable();
        let rung = |(rung, group): (usize, u32)| {
            Some(RungProgress {
                rendition: self.plan.video.get(rung)?.path.clone(),
                done: done.iter().filter(|(_, g)| *g == group).count() as u64,
                total: self.plan.chunks.len() as u64,
            })
        };
        rungs.into_iter().filter_map(rung).collect()
    }

    fn grid(
        &self,
        items: &[ChunkItem],
        done: &BTreeSet<(u32, u32)>,
        failed: &BTreeSet<(u32, u32)>,
        running: u64,
    ) -> Vec<Vec<ChunkState>> {
        let mut grid =
            vec![vec![ChunkState::Waiting; self.plan.chunks.len()]; self.plan.groups.len()];
        let mut still_running = running;
        for item in items {
            let key = (item.chunk, item.group);
            let cell = if done.contains(&key) {
                ChunkState::Done
            } else if failed.contains(&key) {
                ChunkState::Failed
            } else if still_running > 0 {
                still_running -= 1;
                ChunkState::Running
            } else {
                ChunkState::Waiting
            };
            let row = grid.get_mut(item.group as usize);
            if let Some(slot) = row.and_then(|row| row.get_mut(item.chunk as usize)) {
                *slot = cell;
            }
        }
        grid
    }
}

/// Relative cost of a frame.
fn weight(rung: &ResolvedRung) -> u64 {
    let pixels = u64::from(rung.resolution.width) * u64::from(rung.resolution.height);
    match rung.codec {
        VideoCodec::H264 => pixels,
        VideoCodec::H265 => pixels * 3,
    }
}

/// Chunk and group of every object below a prefix whose name contains them.
async fn items(connection: &Connection, prefix: &str) -> Result<BTreeSet<(u32, u32)>, CliError> {
    let listed = connection
        .list(&connection.names.output_bucket, prefix)
        .await?;
    Ok(listed.iter().filter_map(|o| item_of(&o.key)).collect())
}

/// `jobs/…/chunks/00012-0.json` → (12, 0).
fn item_of(key: &str) -> Option<(u32, u32)> {
    let name = key.rsplit('/').next()?.strip_suffix(".json")?;
    let (chunk, group) = name.split_once('-')?;
    Some((chunk.parse().ok()?, group.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_record_contains_chunk_and_group() {
        assert_eq!(item_of("jobs/ab/chunks/00012-1.json"), Some((12, 1)));
        assert_eq!(item_of("jobs/ab/chunks/junk"), None);
        assert_eq!(item_of("jobs/ab/failures/audio_ja.json"), None);
    }

    fn progress() -> Progress {
        Progress {
            done: 1,
            total: 2,
            running: 1,
            media_seconds: 6.0,
            media_total: 8.0,
            wall_seconds: 4.0,
            share: 0.25,
            rungs: Vec::new(),
            grid: Vec::new(),
        }
    }

    #[test]
    fn the_time_left_follows_from_the_speed_so_far() {
        let progress = progress();
        assert!((progress.speed() - 1.5).abs() < 1e-9);
        assert!((progress.seconds_left().unwrap() - 12.0).abs() < 1e-9);
        insta::assert_snapshot!(progress.describe(), @"1 of 2 chunks, 1 running, 6.0 s of 8.0 s, 1.50 × real time, about 12.0 s left");
    }

    #[test]
    fn there_is_no_estimate_before_the_first_chunk_is_done() {
        let begun = Progress {
            wall_seconds: 0.0,
            share: 0.0,
            ..progress()
        };
        assert!(begun.speed().abs() < 1e-9);
        assert_eq!(begun.seconds_left(), None);
    }
}
