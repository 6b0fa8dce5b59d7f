//! How far an encode is, by the records that the workers write.

use std::collections::BTreeSet;

use reelsmith_aws::operate::MapRun;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::ladder::{ResolvedRung, VideoCodec};
use reelsmith_core::plan::{ChunkItem, Plan};
use serde::Serialize;

use crate::error::Trouble;
use crate::job::fetch::unlisted;
use crate::job::target::Target;
use crate::view::text;

/// An encode that is going on.
pub struct Encode {
    keys: GenerationKeys,
    plan: Plan,
    began_ms: i64,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// Chunks and rung groups that are encoded.
    pub done: u64,
    /// Chunks and rung groups in all.
    pub total: u64,
    /// Workers at it now.
    pub running: u64,
    /// Seconds of the programme that are encoded at every rung, on average over the groups.
    pub media_seconds: f64,
    /// Seconds of the whole programme.
    pub media_total: f64,
    /// Seconds since the plan was made.
    pub wall_seconds: f64,
    /// Share of the work that is done, from 0 to 1: pixels, those of H.265 counted threefold.
    pub share: f64,
    /// Each video rendition.
    pub rungs: Vec<Rung>,
    /// Every chunk of each rung group.
    pub grid: Vec<Vec<Cell>>,
}

/// How far a rendition is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// Its folder, for example `video/h264_720p`.
    pub rendition: String,
    /// Chunks that are encoded.
    pub done: u64,
    /// Chunks in all.
    pub total: u64,
}

/// One chunk at the rungs of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// Nobody is at it.
    Waiting,
    /// A worker is at it. The Map tells how many are, not which: these are the next ones in its order.
    Running,
    /// A worker failed at it; it is tried again.
    Failed,
    /// It is encoded.
    Done,
}

impl Progress {
    /// How many seconds of programme are encoded in a second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        if self.wall_seconds > 0.0 {
            self.media_seconds / self.wall_seconds
        } else {
            0.0
        }
    }

    /// Seconds until all is encoded, if it goes on as it went; unknown before the first chunk is done.
    #[must_use]
    pub fn seconds_left(&self) -> Option<f64> {
        let went = self.share > 0.0 && self.wall_seconds > 0.0;
        went.then(|| self.wall_seconds * (1.0 - self.share).max(0.0) / self.share)
    }

    /// Whether more than the clock has moved.
    #[must_use]
    pub fn differs(&self, other: &Self) -> bool {
        self.done != other.done || self.running != other.running || self.grid != other.grid
    }

    /// The same with nobody at work.
    #[must_use]
    pub fn stopped(&self) -> Self {
        let mut stopped = self.clone();
        stopped.running = 0;
        for cell in stopped.grid.iter_mut().flatten() {
            if *cell == Cell::Running {
                *cell = Cell::Waiting;
            }
        }
        stopped
    }

    /// As a line.
    #[must_use]
    pub fn describe(&self) -> String {
        let goes_on = self.done < self.total && self.running > 0;
        let left = self.seconds_left().filter(|_| goes_on);
        let left = left.map(|s| format!(", about {} left", text::duration(s)));
        format!(
            "chunks {} of {}, {} at once, {:.1} s of {:.1} s, {:.2} × real time{}",
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
    /// Reads the plan; `None` where it is not one of this version.
    pub async fn begin(
        target: &Target,
        keys: GenerationKeys,
        began_ms: i64,
    ) -> Result<Option<Self>, Trouble> {
        let plan = target.outputs().find::<Plan>(&keys.plan()).await.ok();
        Ok(plan.flatten().map(|plan| Self {
            keys,
            plan,
            began_ms,
        }))
    }

    /// Counts what is there.
    pub async fn look(
        &self,
        target: &Target,
        run: Option<&MapRun>,
        now_ms: i64,
    ) -> Result<Progress, Trouble> {
        let work = self.keys.work_prefix();
        let done = items(target, &format!("{work}chunks/")).await?;
        let noted = items(target, &self.keys.failures_prefix()).await?;
        Ok(self.progress(&done, &noted, run, now_ms))
    }

    fn progress(
        &self,
        done: &BTreeSet<(u32, u32)>,
        noted: &BTreeSet<(u32, u32)>,
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
        #[expect(clippy::cast_precision_loss, reason = "for showing only")]
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
            grid: self.grid(&items, done, noted, running),
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

    fn rungs(&self, done: &BTreeSet<(u32, u32)>) -> Vec<Rung> {
        let groups = (0u32..).zip(&self.plan.groups);
        let rungs = groups.flat_map(|(group, rungs)| rungs.iter().map(move |r| (*r, group)));
        let mut rungs: Vec<(usize, u32)> = rungs.collect();
        rungs.sort_unstable();
        let rung = |(rung, group): (usize, u32)| {
            Some(Rung {
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
        noted: &BTreeSet<(u32, u32)>,
        running: u64,
    ) -> Vec<Vec<Cell>> {
        let mut grid = vec![vec![Cell::Waiting; self.plan.chunks.len()]; self.plan.groups.len()];
        let mut at_it = running;
        for item in items {
            let key = (item.chunk, item.group);
            let cell = if done.contains(&key) {
                Cell::Done
            } else if noted.contains(&key) {
                Cell::Failed
            } else if at_it > 0 {
                at_it -= 1;
                Cell::Running
            } else {
                Cell::Waiting
            };
            let place = grid.get_mut(item.group as usize);
            if let Some(place) = place.and_then(|row| row.get_mut(item.chunk as usize)) {
                *place = cell;
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

/// Chunk and group of every object below a prefix whose name tells one.
async fn items(target: &Target, prefix: &str) -> Result<BTreeSet<(u32, u32)>, Trouble> {
    let listed = target.store.list(&target.names.output_bucket, prefix).await;
    let listed = listed.map_err(|e| unlisted(prefix, e))?;
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
    fn a_record_says_which_chunk_and_group_it_is_of() {
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
    fn speed_is_programme_per_wall_clock_and_what_is_left_goes_as_it_went() {
        let progress = progress();
        assert!((progress.speed() - 1.5).abs() < 1e-9);
        assert!((progress.seconds_left().unwrap() - 12.0).abs() < 1e-9);
        insta::assert_snapshot!(progress.describe(), @"chunks 1 of 2, 1 at once, 6.0 s of 8.0 s, 1.50 × real time, about 12.0 s left");
    }

    #[test]
    fn nothing_is_foretold_before_anything_is_done() {
        let begun = Progress {
            wall_seconds: 0.0,
            share: 0.0,
            ..progress()
        };
        assert!(begun.speed().abs() < 1e-9);
        assert_eq!(begun.seconds_left(), None);
    }
}
