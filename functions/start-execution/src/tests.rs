use bytes::Bytes;
use reelsmith_core::ports::PutOptions;
use reelsmith_testkit::fakes::{MemoryAdmissions, MemoryStore, MemoryWorkflow};

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

/// A deployment with a number of slots.
struct World {
    ports: Arc<Ports>,
    store: Arc<MemoryStore>,
    workflow: Arc<MemoryWorkflow>,
}

impl World {
    fn with_slots(slots: u32) -> Self {
        Self::of("in", slots)
    }

    fn of(bucket: &'static str, slots: u32) -> Self {
        let workflow = Arc::new(MemoryWorkflow::default());
        let store = Arc::new(MemoryStore::with_buckets([bucket]));
        let line = Arc::new(MemoryAdmissions::default());
        Self {
            ports: Arc::new(Ports {
                store: store.clone(),
                admission: Admission::new(line, workflow.clone(), slots),
                input_bucket: bucket.into(),
            }),
            store,
            workflow,
        }
    }

    async fn arrives(&self, key: &str, xml: &str) {
        let object = ObjectRef::new("in", key);
        let body = Bytes::copy_from_slice(xml.as_bytes());
        let put = self.store.put(&object, body, &PutOptions::default()).await;
        put.unwrap();
        self.hears(&event("in", key)).await;
    }

    async fn hears(&self, body: &str) {
        let mut batch = SqsEvent::default();
        batch.records = vec![message("m", body)];
        let response = handle(self.ports.clone(), batch, Invocation::of_test("r"));
        assert!(response.await.unwrap().batch_item_failures.is_empty());
    }

    fn started(&self) -> Vec<String> {
        let names = self.workflow.executions().into_iter().map(|(name, _)| name);
        names.collect()
    }
}

#[tokio::test]
async fn manifests_wait_for_a_slot_and_urgent_ones_go_first() {
    let world = World::with_slots(1);
    let xml = include_str!("../../../sample-data/manifests/good/minimal.xml");
    let urgent = xml.replace("</ManifestId>", "</ManifestId><Priority>9</Priority>");
    world.arrives("manifests/a.xml", xml).await;
    world.arrives("manifests/b.xml", "<poison").await;
    world.arrives("manifests/c.xml", &urgent).await;
    assert_eq!(world.started().len(), 1);
    for (ended, next) in [("a-", "c-"), ("c-", "b-")] {
        let running = world
            .started()
            .into_iter()
            .find(|n| n.starts_with(ended))
            .unwrap();
        world.workflow.end(&running);
        let notice =
            serde_json::json!({"kind": "success", "execution": format!("arn:x:{running}")});
        // The topic may deliver the message twice.
        world.hears(&notice.to_string()).await;
        world.hears(&notice.to_string()).await;
        let started = world.started();
        assert!(started.iter().any(|n| n.starts_with(next)), "{started:?}");
    }
    assert_eq!(world.started().len(), 3);
    world.hears(&event("in", "manifests/a.xml")).await;
    assert_eq!(
        world.started().len(),
        3,
        "an event delivered again takes no slot"
    );
}

async fn run(messages: Vec<SqsMessage>) -> (Vec<String>, Arc<MemoryWorkflow>) {
    let World {
        ports, workflow, ..
    } = World::with_slots(9);
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
async fn the_sample_event_starts_an_execution() {
    let sample = include_str!("../../../sample-data/events/start-execution.json");
    let world = World::of("reelsmith-input", 1);
    let batch: SqsEvent = serde_json::from_str(sample).unwrap();
    let response = handle(world.ports.clone(), batch, Invocation::of_test("r"));
    assert!(response.await.unwrap().batch_item_failures.is_empty());
    let started = world.started();
    assert!(started[0].starts_with("episode-01-"), "{started:?}");
}

#[tokio::test]
async fn an_invalid_message_fails_on_its_own() {
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
