//! How far an encode is, by the records that the workers write.

use reelsmith_aws::operate::{Cloud, MapRun};
use reelsmith_aws::provision::CloudError;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::plan::Plan;
use reelsmith_core::ports::{ObjectRef, ObjectStore};

use crate::trouble::Trouble;

/// Plans of six hours stay far below this.
const MAX_PLAN_BYTES: u64 = 64 * 1024 * 1024;

/// An encode that is going on.
pub struct Encode {
    keys: GenerationKeys,
    plan: Plan,
    began_ms: i64,
    shown: Option<Progress>,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
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
}

impl Encode {
    /// Reads the plan.
    pub async fn begin(
        cloud: &Cloud,
        bucket: &str,
        keys: GenerationKeys,
        began_ms: i64,
    ) -> Result<Option<Self>, Trouble> {
        let plan = ObjectRef::new(bucket, keys.plan());
        let body = cloud.sdk().s3().get(&plan, MAX_PLAN_BYTES).await;
        let body = body.map_err(|e| CloudError::new(format!("read {plan}"), e.to_string()))?;
        let plan = serde_json::from_slice(&body).ok();
        Ok(plan.map(|plan| Self {
            keys,
            plan,
            began_ms,
            shown: None,
        }))
    }

    /// Counts what is there; `None` where nothing has changed.
    pub async fn look(
        &mut self,
        cloud: &Cloud,
        bucket: &str,
        execution: &str,
    ) -> Result<Option<Progress>, Trouble> {
        let prefix = format!("{}chunks/", self.keys.work_prefix());
        let records = cloud.sdk().s3().list(bucket, &prefix).await;
        let records =
            records.map_err(|e| CloudError::new(format!("list {prefix}"), e.to_string()))?;
        let chunks: Vec<u32> = records.iter().filter_map(|r| chunk_of(&r.key)).collect();
        let runs = cloud.map_runs(execution).await?;
        let run = runs.iter().find(|r| r.label == "TranscodeChunks");
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let progress = self.progress(&chunks, run, now_ms);
        let same = self
            .shown
            .as_ref()
            .is_some_and(|s| s.done == progress.done && s.running == progress.running);
        if same {
            return Ok(None);
        }
        self.shown = Some(progress.clone());
        Ok(Some(progress))
    }

    fn progress(&self, chunks: &[u32], run: Option<&MapRun>, now_ms: i64) -> Progress {
        let frames_of = |index: &u32| {
            self.plan
                .chunks
                .get(*index as usize)
                .map_or(0, |c| c.frames.count().0)
        };
        let frames: u64 = chunks.iter().map(frames_of).sum();
        let groups = self.plan.groups.len().max(1) as u64;
        let rate = self.plan.frame_rate.as_f64().max(1e-6);
        let planned = self.plan.chunks.len() as u64 * groups;
        #[expect(clippy::cast_precision_loss, reason = "for showing only")]
        let seconds = |frames: u64, over: u64| frames as f64 / over as f64 / rate;
        #[expect(clippy::cast_precision_loss, reason = "for showing only")]
        let wall_seconds = (now_ms - self.began_ms).max(0) as f64 / 1000.0;
        Progress {
            done: chunks.len() as u64,
            total: run.map_or(planned, |r| r.total.max(planned)),
            running: run.map_or(0, |r| r.running),
            media_seconds: seconds(frames, groups),
            media_total: seconds(self.plan.total_frames.0, 1),
            wall_seconds,
        }
    }
}

/// `jobs/…/chunks/00012-0.json` → 12.
fn chunk_of(key: &str) -> Option<u32> {
    let name = key.rsplit('/').next()?.strip_suffix(".json")?;
    name.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_which_chunk_it_is_of() {
        assert_eq!(chunk_of("jobs/ab/chunks/00012-0.json"), Some(12));
        assert_eq!(chunk_of("jobs/ab/chunks/junk"), None);
    }

    #[test]
    fn speed_is_programme_per_wall_clock() {
        let progress = Progress {
            done: 1,
            total: 2,
            running: 1,
            media_seconds: 6.0,
            media_total: 8.0,
            wall_seconds: 4.0,
        };
        assert!((progress.speed() - 1.5).abs() < 1e-9);
        assert!(
            Progress {
                wall_seconds: 0.0,
                ..progress
            }
            .speed()
            .abs()
                < 1e-9
        );
    }
}
