//! The items of the Maps of a job, from the records of its workers.

use std::collections::BTreeMap;

use reelsmith_aws::operate::HistoryEvent;
use reelsmith_contract::Objects;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::plan::{ChunkItem, Plan};
use reelsmith_core::record::{FailureNote, WorkerRun};
use serde::{Deserialize, Serialize};

use crate::job::connection::Connection;
use crate::job::resolve::submission_of;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkItem {
    name: String,
    /// Key of its record.
    #[serde(skip)]
    record: String,
    /// Whether the record exists.
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<WorkerRun>,
    /// Error and cause of the last attempt, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

impl WorkItem {
    fn new(name: impl Into<String>, record: String) -> Self {
        Self {
            name: name.into(),
            record,
            done: false,
            run: None,
            failure: None,
        }
    }
}

/// Items by the label of their Map.
type ItemsByMap = BTreeMap<&'static str, Vec<WorkItem>>;

pub struct WorkItems {
    outputs: Objects,
    keys: GenerationKeys,
    items: ItemsByMap,
}

/// The field of a record that is needed here. The record of an assembly has no run.
#[derive(Deserialize)]
struct Record {
    run: Option<WorkerRun>,
}

impl WorkItems {
    /// The items of a job; `None` if it has no plan.
    pub async fn of(connection: &Connection, history: &[HistoryEvent]) -> Option<Self> {
        let keys = submission_of(history)?.claim.keys();
        let outputs = connection.outputs();
        let plan: Plan = outputs.find(&keys.plan()).await.ok()??;
        Some(Self {
            items: items(&plan, &keys),
            outputs,
            keys,
        })
    }

    /// The items now. What cannot be read is tried again at the next call.
    pub async fn update(&mut self, connection: &Connection) -> &ItemsByMap {
        let bucket = self.outputs.bucket();
        let listed = connection.list(bucket, self.keys.work_prefix()).await;
        let listed = listed.unwrap_or_default();
        let exists = |key: &str| listed.binary_search_by(|o| o.key.as_str().cmp(key)).is_ok();
        for item in self.items.values_mut().flatten() {
            // A record never changes, so it is read once.
            if item.done || !exists(&item.record) {
                continue;
            }
            if let Ok(Some(record)) = self.outputs.find::<Record>(&item.record).await {
                item.done = true;
                item.failure = None;
                item.run = record.run;
            }
        }
        let notes = connection.list(bucket, &self.keys.failures_prefix()).await;
        for note in notes.unwrap_or_default() {
            let Ok(Some(note)) = self.outputs.find::<FailureNote>(&note.key).await else {
                continue;
            };
            let mut items = self.items.values_mut().flatten();
            if let Some(item) = items.find(|i| i.record == note.record && !i.done) {
                item.failure = Some(format!("{}: {}", note.error, note.cause));
            }
        }
        &self.items
    }
}

fn items(plan: &Plan, keys: &GenerationKeys) -> ItemsByMap {
    let mut chunks = plan.chunk_items();
    chunks.sort_by_key(|i| (i.group, i.chunk));
    let chunk = |i: &ChunkItem| {
        let name = format!("chunk {}, group {}", i.chunk, i.group);
        WorkItem::new(name, keys.chunk_record(i.chunk, i.group))
    };
    let track = |path: &str| WorkItem::new(path, keys.track_record(path));
    let rendition = |path: &str| WorkItem::new(path, keys.rendition_record(path));
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
