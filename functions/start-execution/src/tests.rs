use reelsmith_testkit::fakes::MemoryWorkflow;

use super::*;

fn message(id: &str, body: &str) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(id.to_owned());
    message.body = Some(body.to_owned());
    message
}

fn event(bucket: &str, key: &str) -> String {
    serde_json::json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "p"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "c",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "p"}, "arn": "a"},
            "object": {"key": key, "size": 1, "eTag": "e", "versionId": "v1", "sequencer": "0"}}
    }]})
    .to_string()
}

async fn run(messages: Vec<SqsMessage>) -> (Vec<String>, Arc<MemoryWorkflow>) {
    let workflow = Arc::new(MemoryWorkflow::default());
    let ports = Arc::new(Ports {
        workflow: workflow.clone(),
        input_bucket: "in".into(),
    });
    let mut batch = SqsEvent::default();
    batch.records = messages;
    let response = handle(ports, batch, Invocation::of_test("r"))
        .await
        .unwrap();
    let failed = response
        .batch_item_failures
        .into_iter()
        .map(|f| f.item_identifier)
        .collect();
    (failed, workflow)
}

#[tokio::test]
async fn an_event_delivered_twice_starts_one_execution_with_the_decoded_key() {
    let body = event("in", "manifests/my+show%26co.xml");
    let (failed, workflow) = run(vec![message("1", &body), message("2", &body)]).await;
    assert!(failed.is_empty());
    let started = workflow.executions();
    assert_eq!(started.len(), 1);
    let input: ExecutionInput = serde_json::from_str(&started[0].1).unwrap();
    assert_eq!(input.source.key, "manifests/my show&co.xml");
    assert_eq!(input.source.version_id.as_deref(), Some("v1"));
}

#[tokio::test]
async fn a_poison_message_fails_alone() {
    let messages = vec![
        message("bad", "not json"),
        message("forged", &event("someone-elses", "manifests/a.xml")),
        message("test", r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#),
        message("good", &event("in", "manifests/a.xml")),
    ];
    let (failed, workflow) = run(messages).await;
    assert_eq!(failed, ["bad", "forged"]);
    assert_eq!(workflow.executions().len(), 1);
}
