//! The persistent state of a world, for comparison.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use crate::every_function::world::{OUT, World};

/// Everything that persists and everything that subscribers received.
#[derive(Debug, PartialEq)]
pub struct End {
    rows: String,
    outbox: String,
    executions: usize,
    encodes: String,
    objects: BTreeMap<String, Bytes>,
    messages: BTreeMap<String, String>,
}

impl World {
    /// The current persistent state.
    pub fn end(&self) -> End {
        let bytes = |key: String| {
            let (body, _) = self.store.object(OUT, &key).unwrap();
            let body = without_the_run(&key, body);
            (key, body)
        };
        // cleanup-job removes failure notes, and a note is obsolete once its record exists.
        let kept = self
            .store
            .keys(OUT)
            .into_iter()
            .filter(|k| !k.contains("/failures/"));
        let messages = self.announcer.messages();
        End {
            rows: format!("{:#?}", self.submissions.rows()),
            outbox: format!("{:#?}", self.submissions.outbox()),
            executions: self.workflow.executions().len(),
            encodes: format!("{:?}", self.encodes.jobs()),
            objects: kept.map(bytes).collect(),
            messages: messages
                .into_iter()
                .map(|m| (m.id.clone(), format!("{m:?}")))
                .collect(),
        }
    }
}

/// How a worker ran differs between runs, but its output must not.
fn without_the_run(key: &str, body: Bytes) -> Bytes {
    if !key.ends_with(".json") {
        return body;
    }
    let mut value: Value = serde_json::from_slice(&body).unwrap();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("run");
    }
    Bytes::from(value.to_string())
}
