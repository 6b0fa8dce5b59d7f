//! Starts one execution for each manifest that arrives.
//!
//! S3 tells SQS, SQS calls this function in batches. The execution's name is derived from bucket, key and version, so
//! an event that is delivered again starts nothing. A message that cannot be handled is reported back alone; after the
//! queue's limit of receives it goes to the dead-letter queue and never blocks the others.

use std::sync::Arc;

use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use reelsmith_contract::naming::execution_name;
use reelsmith_contract::payload::{ExecutionInput, ManifestObject};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::ports::{Started, Workflow};
use reelsmith_lambda::{House, Invocation};

/// What this function works with.
pub struct Ports {
    /// The state machine.
    pub workflow: Arc<dyn Workflow>,
    /// The only bucket whose events are believed.
    pub input_bucket: String,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub async fn build(house: &House) -> Result<Self, Failure> {
        Ok(Self {
            workflow: house.workflow()?,
            input_bucket: house.settings().text(Setting::INPUT_BUCKET)?.to_owned(),
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
    if is_test_event(body) {
        return Ok(());
    }
    let event: S3Event = serde_json::from_str(body).map_err(|e| poison(&e.to_string()))?;
    for record in &event.records {
        let manifest = manifest_of(record)?;
        if manifest.bucket != ports.input_bucket {
            return Err(poison(&format!("an event of bucket {}", manifest.bucket)));
        }
        start(ports, manifest).await?;
    }
    Ok(())
}

/// S3 sends this once when a notification is configured.
fn is_test_event(body: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(body).is_ok_and(|v| v["Event"] == "s3:TestEvent")
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

async fn start(ports: &Ports, manifest: ManifestObject) -> Result<(), Failure> {
    let name = execution_name(
        &manifest.bucket,
        &manifest.key,
        manifest.version_id.as_deref(),
    );
    let location = format!("s3://{}/{}", manifest.bucket, manifest.key);
    let input = serde_json::to_string(&ExecutionInput { source: manifest })
        .map_err(|e| Failure::internal(e.to_string(), "execution input"))?;
    let started = ports.workflow.start(&name, &input).await.map_err(|e| {
        Failure::new(
            ErrorName::WorkflowUnavailable,
            "Step Functions to start an execution",
            e.to_string(),
            &location,
            "nothing: the message is delivered again",
        )
    })?;
    match started {
        Started::New(arn) => tracing::info!(execution = %arn, manifest = %location, "started"),
        Started::Existing => {
            tracing::info!(execution = %name, manifest = %location, "known already");
        }
    }
    Ok(())
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
