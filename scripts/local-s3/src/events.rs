//! Notifications of a bucket: which changes are announced to which queue, and the messages.

use s3s::dto::{NotificationConfiguration, QueueConfiguration};
use s3s::{S3Result, s3_error};
use serde_json::{Value, json};

use crate::index::Found;

/// A message for a queue.
pub(crate) struct Message {
    /// ARN of the queue.
    pub(crate) queue: String,
    pub(crate) body: Value,
}

/// Refuses configurations that would be ignored.
pub(crate) fn check(configuration: &NotificationConfiguration) -> S3Result<()> {
    let others = configuration.event_bridge_configuration.is_some()
        || configuration.topic_configurations.is_some()
        || configuration.lambda_function_configurations.is_some();
    if others {
        return Err(s3_error!(
            NotImplemented,
            "the local S3 sends notifications to queues only"
        ));
    }
    Ok(())
}

/// The message that S3 sends to each queue of a new configuration.
pub(crate) fn test_messages(
    bucket: &str,
    configuration: &NotificationConfiguration,
) -> Vec<Message> {
    let body = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": jiff::Timestamp::now().to_string(),
        "Bucket": bucket,
    });
    queues(configuration)
        .map(|queue| Message {
            queue: queue.queue_arn.clone(),
            body: body.clone(),
        })
        .collect()
}

/// The messages about a new object. `event` is for example `ObjectCreated:Put`.
pub(crate) fn messages(
    (bucket, key): (&str, &str),
    event: &str,
    found: &Found,
    configuration: &NotificationConfiguration,
) -> Vec<Message> {
    queues(configuration)
        .filter(|queue| wants(queue, event, key))
        .map(|queue| Message {
            queue: queue.queue_arn.clone(),
            body: record((bucket, key), event, found, queue),
        })
        .collect()
}

fn queues(configuration: &NotificationConfiguration) -> impl Iterator<Item = &QueueConfiguration> {
    configuration.queue_configurations.iter().flatten()
}

fn wants(queue: &QueueConfiguration, event: &str, key: &str) -> bool {
    let of_kind = queue.events.iter().any(|wanted| {
        let wanted = wanted.as_ref().trim_start_matches("s3:");
        match wanted.strip_suffix('*') {
            Some(prefix) => event.starts_with(prefix),
            None => event == wanted,
        }
    });
    let filter = queue.filter.as_ref().and_then(|filter| filter.key.as_ref());
    let rules = filter.and_then(|key| key.filter_rules.as_deref());
    of_kind
        && rules.unwrap_or_default().iter().all(|rule| {
            let value = rule.value.as_deref().unwrap_or_default();
            let name = rule.name.as_ref().map(|name| name.as_str());
            match name.unwrap_or_default().to_ascii_lowercase().as_str() {
                "prefix" => key.starts_with(value),
                _ => key.ends_with(value),
            }
        })
}

fn record(
    (bucket, key): (&str, &str),
    event: &str,
    found: &Found,
    queue: &QueueConfiguration,
) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": found.modified.to_string(),
        "eventName": event,
        "userIdentity": {"principalId": "local"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": queue.id,
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "local"},
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": {
                "key": encoded(key),
                "size": found.object.content.size(),
                "eTag": found.object.etag,
                "versionId": found.version_id,
                "sequencer": format!("{:016X}", found.modified.as_nanosecond()),
            },
        },
    }]})
}

/// What S3 does not encode in the keys of events: they are encoded as in a form, but with slashes.
const FORM: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b' ');

fn encoded(key: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(key, FORM).to_string();
    encoded.replace(' ', "+")
}
