//! Starts one execution for each manifest that arrives, as soon as the deployment has a slot for it.
//!
//! Reads a batch of SQS messages: events of S3 about manifests, and messages of the topic about executions that have ended.
//! Writes tickets and slots to the submission table and starts executions. The name of an execution follows from bucket, key
//! and version, so an event that is delivered again starts nothing. Returns the messages that could not be handled; they alone
//! are delivered again, and go to the dead-letter queue after the queue's limit of receives. It returns no error of its own.

use std::sync::Arc;

use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use reelsmith_contract::naming::execution_name;
use reelsmith_contract::notice::reported_execution;
use reelsmith_contract::payload::{ExecutionInput, ManifestObject};
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::admission::{DEFAULT_PRIORITY, Ticket};
use reelsmith_core::manifest::{MAX_BYTES, parse};
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{ObjectStore, PortErrorKind};
use reelsmith_core::time::UnixMillis;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::admission::Admission;
use serde_json::Value;

pub struct Ports {
    /// Object storage, for the priority in the manifest.
    pub store: Arc<dyn ObjectStore>,
    pub admission: Admission,
    /// The only bucket whose events are accepted.
    pub input_bucket: String,
}

/// Handles a batch. The response names the messages that must be delivered again.
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
    let value: Value = serde_json::from_str(body).map_err(|e| invalid_message(&e.to_string()))?;
    // S3 sends this event once, when a notification is configured.
    if value["Event"] == "s3:TestEvent" {
        return Ok(());
    }
    if let Some(execution) = reported_execution(&value) {
        ports.admission.finished(execution).await?;
        return ports.admission.start_waiting().await.map(drop);
    }
    let event: S3Event =
        serde_json::from_value(value).map_err(|e| invalid_message(&e.to_string()))?;
    for record in &event.records {
        let manifest = manifest_of(record)?;
        if manifest.bucket != ports.input_bucket {
            return Err(invalid_message(&format!(
                "an event of bucket {}",
                manifest.bucket
            )));
        }
        let arrived = UnixMillis(record.event_time.timestamp_millis());
        let ticket = ticket(ports, manifest, arrived).await?;
        ports.admission.join(&ticket).await?;
    }
    ports.admission.start_waiting().await.map(drop)
}

fn manifest_of(record: &S3EventRecord) -> Result<ManifestObject, Failure> {
    let (bucket, object) = (&record.s3.bucket, &record.s3.object);
    let bucket = bucket
        .name
        .clone()
        .ok_or_else(|| invalid_message("no bucket name"))?;
    let key = object
        .key
        .as_deref()
        .ok_or_else(|| invalid_message("no object key"))?;
    Ok(ManifestObject {
        bucket,
        key: decoded(key)?,
        version_id: object
            .version_id
            .clone()
            .filter(|v| !v.is_empty() && v != "null"),
    })
}

/// S3 encodes keys in events as a form does: a space as `+`, other unusual characters as `%XX` of their UTF-8.
fn decoded(key: &str) -> Result<String, Failure> {
    let spaced = key.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|e| invalid_message(&format!("a key that is not UTF-8: {e}")))
}

/// The arrival is the time of the event, so that an event that is delivered again gets the same place in line.
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

/// The priority in the manifest. A manifest that is missing, too long or malformed gets the default priority, and its execution
/// reports the defect.
async fn priority(ports: &Ports, manifest: &ManifestObject) -> Result<u8, Failure> {
    let object = ObjectRef::new(&manifest.bucket, &manifest.key);
    let xml = match ports.store.get(&object, MAX_BYTES as u64).await {
        Ok(xml) => xml,
        Err(e) if e.kind() == PortErrorKind::Unavailable => {
            return Err(Failure::storage(&e, &object));
        }
        Err(_) => return Ok(DEFAULT_PRIORITY),
    };
    let parsed = parse(&xml).manifest;
    Ok(parsed.map_or(DEFAULT_PRIORITY, |manifest| manifest.priority))
}

fn invalid_message(found: &str) -> Failure {
    Failure::new(
        ErrorName::PayloadInvalid,
        "an S3 event of the input bucket",
        found,
        "SQS message",
        "look at the message in the dead-letter queue; only the notifications of the input bucket may write to the queue",
    )
}

#[cfg(test)]
mod tests;
