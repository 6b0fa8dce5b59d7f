//! The items of the Maps of one job, by the records that their workers write.

use std::collections::BTreeMap;

use reelsmith_aws::operate::{HistoryEvent, HistoryKind};
use reelsmith_contract::Objects;
use reelsmith_contract::payload::SubmitJobOutput;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::plan::Plan;
use reelsmith_core::record::{FailureNote, WorkerRun};
use serde::{Deserialize, Serialize};

use crate::job::target::Target;

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What people call it.
    name: String,
    /// Key of the record that proves it done.
    #[serde(skip)]
    record: String,
    /// Whether its record is there.
    done: bool,
    /// How it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<WorkerRun>,
    /// Why it was given up, where the last try was.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// All items of a job, by the label of their Map.
pub struct Work {
    outputs: Objects,
    keys: GenerationKeys,
    items: BTreeMap<&'static str, Vec<Item>>,
}

#[derive(Deserialize)]
struct StateData {
    submission: SubmitJobOutput,
}

/// The part of a record that matters here; that of an assembly has none.
#[derive(Deserialize)]
struct Record {
    run: Option<WorkerRun>,
}

impl Work {
    /// The items of a job that has a plan.
    pub async fn begin(target: &Target, history: &[HistoryEvent]) -> Option<Self> {
        let data = history.iter().find_map(|event| match &event.kind {
            HistoryKind::Exited { output, .. } => serde_json::from_str::<StateData>(output).ok(),
            _ => None,
        })?;
        let (outputs, keys) = (target.outputs(), data.submission.claim.keys());
        let plan: Plan = outputs.find(&keys.plan()).await.ok()??;
        let items = items(&plan, &keys);
        Some(Self {
            outputs,
            keys,
            items,
        })
    }

    /// How they stand now. What cannot be read now is looked for the next time.
    pub async fn look(&mut self, target: &Target) -> BTreeMap<&'static str, Vec<Item>> {
        let (bucket, prefix) = (self.outputs.bucket(), self.keys.work_prefix());
        let listed = target.store.list(bucket, prefix).await.unwrap_or_default();
        let there = |key: &str| listed.binary_search_by(|o| o.key.as_str().cmp(key)).is_ok();
        for item in self.items.values_mut().flatten() {
            // A record never changes, so it is read once.
            if item.done || !there(&item.record) {
                continue;
            }
            if let Ok(Some(record)) = self.outputs.find::<Record>(&item.record).await {
                item.done = true;
                item.failure = None;
                item.run = record.run;
            }
        }
        let notes = self.keys.failures_prefix();
        let notes = target.store.list(bucket, &notes).await.unwrap_or_default();
        for note in &notes {
            let Ok(Some(note)) = self.outputs.find::<FailureNote>(&note.key).await else {
                continue;
            };
            let mut items = self.items.values_mut().flatten();
            if let Some(item) = items.find(|i| i.record == note.record && !i.done) {
                item.failure = Some(format!("{}: {}", note.error, note.cause));
            }
        }
        self.items.clone()
    }
}

fn items(plan: &Plan, keys: &GenerationKeys) -> BTreeMap<&'static str, Vec<Item>> {
    let item = |name: String, record: String| Item {
        name,
        record,
        done: false,
        run: None,
        failure: None,
    };
    let mut chunks = plan.chunk_items();
    chunks.sort_by_key(|i| (i.group, i.chunk));
    let chunk = |i: &reelsmith_core::plan::ChunkItem| {
        let name = format!("chunk {}, group {}", i.chunk, i.group);
        item(name, keys.chunk_record(i.chunk, i.group))
    };
    let track = |path: &String| item(path.clone(), keys.track_record(path));
    let rendition = |path: &str| item(path.to_owned(), keys.rendition_record(path));
    BTreeMap::from([
        ("TranscodeChunks", chunks.iter().map(chunk).collect()),
        (
            "EncodeAudioTracks",
            plan.audio.iter().map(|a| track(&a.path)).collect(),
        ),
        (
            "ConvertCaptionTracks",
            plan.text.iter().map(|t| track(&t.path)).collect(),
        ),
        (
            "AssembleRenditions",
            plan.renditions().map(rendition).collect(),
        ),
    ])
}
