//! The message that the topic carries about a job, and the schema that subscribers can rely on.
//!
//! Every message body is one [`Notice`]: JSON with `version`, `kind` and the fields of that kind. All fields of a kind are
//! always present; a field is `null` if the sender does not know its value. sample-data/schemas/notice.schema.json describes
//! the body, and a test compares the two.
//!
//! A message is written to the outbox in the same transaction as the change that it reports, and sent afterwards. It can be
//! sent more than once, under the same message id.
//!
//! ```
//! use reelsmith_contract::notice::{Event, JobFailed, Notice};
//!
//! let notice = Notice::new(Event::Failure(JobFailed {
//!     error: "MezzanineEmpty".to_owned(),
//!     cause: "expected bytes; found 0 bytes; …".to_owned(),
//!     execution: "arn:aws:states:…:execution:vod:episode-01-6a03".to_owned(),
//!     ..JobFailed::default()
//! }));
//! assert_eq!(notice.subject(), "reelsmith failed: MezzanineEmpty");
//! assert!(notice.body().contains(r#""kind":"failure""#));
//! ```

use reelsmith_core::keys::{AssetId, Generation, JobKey};
use reelsmith_core::submission::{NoticeKind, OutboxEntry, Outputs, Row};
use reelsmith_core::time::UnixMillis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::payload::Decision;

/// The version of the message body that this build writes.
pub const VERSION: u32 = 1;

/// The body of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Bodies of builds before this field existed have the same fields otherwise.
    #[serde(default = "version")]
    version: u32,
    #[serde(flatten)]
    pub event: Event,
}

fn version() -> u32 {
    VERSION
}

/// What a message reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    Success(JobPublished),
    Failure(JobFailed),
    Duplicate(JobDuplicate),
}

/// A generation of a job was published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobPublished {
    pub job_key: JobKey,
    pub asset: AssetId,
    pub manifest_id: String,
    /// Title of the episode.
    pub title: String,
    /// Title of the series.
    pub series: String,
    pub generation: Generation,
    pub attempt: u32,
    /// ARN of the execution that published.
    pub execution: String,
    pub outputs: Outputs,
    /// The verdict of the conformance report in one sentence.
    pub summary: String,
}

/// An execution failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobFailed {
    /// The error name.
    pub error: String,
    /// What was expected, what was found, where, and what to do.
    pub cause: String,
    /// ARN of the execution.
    pub execution: String,
    /// `s3://BUCKET/KEY` of the manifest.
    #[serde(default)]
    pub manifest: Option<String>,
    #[serde(default)]
    pub manifest_id: Option<String>,
    /// `None` if the manifest was not parsed.
    #[serde(default)]
    pub job_key: Option<JobKey>,
    #[serde(default)]
    pub asset: Option<AssetId>,
}

impl JobFailed {
    /// The failure of the execution that holds the job of a row.
    pub fn of_holder(row: &Row, error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            cause: cause.into(),
            execution: row.owner.clone(),
            manifest: None,
            manifest_id: Some(row.manifest_id.clone()),
            job_key: Some(row.job_key.clone()),
            asset: Some(row.asset.clone()),
        }
    }
}

/// An execution ended because another execution holds the job or has completed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobDuplicate {
    pub decision: Decision,
    pub job_key: JobKey,
    pub asset: AssetId,
    pub manifest_id: String,
    /// ARN of the execution that ended.
    pub execution: String,
    /// ARN of the execution that holds or completed the job.
    pub held_by: String,
    pub generation: Generation,
    /// `None` while the other execution is running.
    pub outputs: Option<Outputs>,
}

impl Notice {
    /// A notice of the version that this build writes.
    pub fn new(event: Event) -> Self {
        Self {
            version: VERSION,
            event,
        }
    }

    /// The kind, which is also a message attribute for filter policies.
    pub fn kind(&self) -> NoticeKind {
        match &self.event {
            Event::Success(_) => NoticeKind::Success,
            Event::Failure(_) => NoticeKind::Failure,
            Event::Duplicate(_) => NoticeKind::Duplicate,
        }
    }

    /// The subject line of an email.
    pub fn subject(&self) -> String {
        match &self.event {
            Event::Success(published) => format!("reelsmith published: {}", published.asset),
            Event::Failure(failed) => format!("reelsmith failed: {}", failed.error),
            Event::Duplicate(duplicate) => format!("reelsmith duplicate: {}", duplicate.asset),
        }
    }

    /// The body as JSON.
    pub fn body(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// The entry of an outbox. Its id depends on the event alone, so a retry writes the same entry again.
    pub fn entry(&self, outbox: impl Into<String>, created: UnixMillis) -> OutboxEntry {
        let id = match &self.event {
            Event::Success(published) => format!("success#g{}", published.generation.0),
            // An execution fails once.
            Event::Failure(_) => "failure".to_owned(),
            Event::Duplicate(duplicate) => {
                format!("duplicate#{}", execution_name(&duplicate.execution))
            }
        };
        OutboxEntry {
            outbox: outbox.into(),
            id,
            kind: self.kind(),
            subject: self.subject(),
            body: self.body(),
            created,
        }
    }
}

/// The ARN of the execution that a message body reports, whatever the version of the body. `None` if it is not a notice.
pub fn reported_execution(body: &Value) -> Option<&str> {
    body["kind"].as_str()?;
    body["execution"].as_str()
}

/// The outbox of an execution, for messages that belong to no job. `execution` is an ARN or a name.
pub fn execution_outbox(execution: &str) -> String {
    format!("execution#{}", execution_name(execution))
}

/// The name in the ARN of an execution.
pub fn execution_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}
