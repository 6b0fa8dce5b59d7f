//! Starts one execution for each manifest that arrives, as soon as the deployment has a slot for it.
//!
//! S3 tells SQS of a manifest, the topic tells SQS of an execution that ends; SQS calls this function in batches. The
//! execution's name is derived from bucket, key and version, so an event that is delivered again starts nothing. A
//! manifest joins the line, and whoever is first in line gets a slot. A message that cannot be handled is reported back
//! alone; after the queue's limit of receives it goes to the dead-letter queue and never blocks the others.

use std::sync::Arc;

use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use reelsmith_contract::naming::execution_name;
use reelsmith_contract::payload::{ExecutionInput, ManifestObject};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::admission::{DEFAULT_PRIORITY, Ticket};
use reelsmith_core::manifest::parse;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{ObjectStore, PortErrorKind};
use reelsmith_core::time::UnixMillis;
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::admission::Admission;
use serde_json::Value;

/// What this function works with.
pub struct Ports {
    /// Object storage, for the manifest's priority.
    pub store: Arc<dyn ObjectStore>,
    /// The line and the slots.
    pub admission: Admission,
    /// The only bucket whose events are believed.
    pub input_bucket: String,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            store: clients.store(),
            admission: clients.admission()?,
            input_bucket: clients.settings().text(Setting::INPUT_BUCKET)?.to_owned(),
        })
    }
}

/// Handles a batch; the response names the messages that must be delivered again.
///
/// # Errors
/// None of its own: each message fails alone.
pub async fn handle(
    ports: Arc<Ports>,
    batch: SqsEvent,
    _invocation: Invocation,
) -> Result<SqsBatchResponse, Failure> {
    let mut response = SqsBatchResponse::default();
    for message in &batch.records {
        let id = message.message_id.clone().unwrap_or_default();
        if let Err(failure) = handle_message(&ports, message).await {
            tracing::warn!(message_id = %id, error = %failure.name, cause = %failure, "message left in the queue");
            let mut failed = BatchItemFailure::default();
            failed.item_identifier = id;
            response.batch_item_failures.push(failed);
        }
    }
    Ok(response)
}

async fn handle_message(ports: &Ports, message: &SqsMessage) -> Result<(), Failure> {
    let body = message.body.as_deref().unwrap_or_default();
    let value: Value = serde_json::from_str(body).map_err(|e| poison(&e.to_string()))?;
    // S3 sends this once when a notification is configured.
    if value["Event"] == "s3:TestEvent" {
        return Ok(());
    }
    if let (Some(execution), true) = (value["execution"].as_str(), value["kind"].is_string()) {
        ports.admission.finished(execution).await?;
        return ports.admission.serve().await.map(drop);
    }
    let event: S3Event = serde_json::from_value(value).map_err(|e| poison(&e.to_string()))?;
    for record in &event.records {
        let manifest = manifest_of(record)?;
        if manifest.bucket != ports.input_bucket {
            return Err(poison(&format!("an event of bucket {}", manifest.bucket)));
        }
        let arrived = UnixMillis(record.event_time.timestamp_millis());
        ports
            .admission
            .join(&ticket(ports, manifest, arrived).await?)
            .await?;
    }
    ports.admission.serve().await.map(drop)
}

fn manifest_of(record: &S3EventRecord) -> Result<ManifestObject, Failure> {
    let (bucket, object) = (&record.s3.bucket, &record.s3.object);
    let bucket = bucket
        .name
        .clone()
        .ok_or_else(|| poison("no bucket name"))?;
    let key = object
        .key
        .as_deref()
        .ok_or_else(|| poison("no object key"))?;
    Ok(ManifestObject {
        bucket,
        key: decoded(key)?,
        version_id: object
            .version_id
            .clone()
            .filter(|v| !v.is_empty() && v != "null"),
    })
}

/// S3 writes keys into events as a form does: a space as `+`, everything else unusual as `%XX` of its UTF-8.
fn decoded(key: &str) -> Result<String, Failure> {
    let spaced = key.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|e| poison(&format!("a key that is not UTF-8: {e}")))
}

/// The arrival is the event's own time, so that an event that is delivered again has the same place in line.
async fn ticket(
    ports: &Ports,
    manifest: ManifestObject,
    arrived: UnixMillis,
) -> Result<Ticket, Failure> {
    let name = execution_name(
        &manifest.bucket,
        &manifest.key,
        manifest.version_id.as_deref(),
    );
    let priority = priority(ports, &manifest).await?;
    let input = serde_json::to_string(&ExecutionInput { source: manifest })
        .map_err(|e| Failure::internal(e.to_string(), "execution input"))?;
    Ok(Ticket {
        execution: name,
        input,
        priority,
        arrived,
    })
}

/// Greatest manifest that is read; the parser's own cap is the same.
const MAX_MANIFEST: u64 = 1 << 20;

/// The manifest's priority. One that is gone, too long or malformed has the usual one: its execution says what is wrong.
async fn priority(ports: &Ports, manifest: &ManifestObject) -> Result<u8, Failure> {
    let object = ObjectRef::new(&manifest.bucket, &manifest.key);
    let xml = match ports.store.get(&object, MAX_MANIFEST).await {
        Ok(xml) => xml,
        Err(e) if e.kind() == PortErrorKind::Unavailable => {
            return Err(Failure::storage(&e, &object));
        }
        Err(_) => return Ok(DEFAULT_PRIORITY),
    };
    let parsed = parse(&xml).manifest;
    Ok(parsed.map_or(DEFAULT_PRIORITY, |manifest| manifest.priority))
}

fn poison(found: &str) -> Failure {
    Failure::new(
        ErrorName::PayloadInvalid,
        "an S3 event of the input bucket",
        found,
        "SQS message",
        "look at it in the dead-letter queue; only the input bucket's notification may write to the queue",
    )
}

#[cfg(test)]
mod tests;
