//! Delivers one event twice, and a hundred times at once: one execution, one encode, one message.
//!
//! The ordinary run delivers 25 times; `DELIVERIES=100`, which `scripts/test --full` sets, delivers 100 times.
//! `UPDATE_DOCS=1` writes the figures into docs/faults.md.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reelsmith_contract::naming::execution_name;
use reelsmith_core::ports::SubmissionStore as _;
use reelsmith_core::submission::{Row, State};
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::figures;
use reelsmith_tests::media;
use reelsmith_tests::world::World;
use serde_json::{Value, json};

/// Time limit until the queue is empty.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(100);

fn deliveries() -> usize {
    let asked = std::env::var("DELIVERIES").ok();
    asked.map_or(25, |n| n.parse().unwrap())
}

fn event(bucket: &str, key: &str, version: Option<&str>) -> String {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "p"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "manifests",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "p"}, "arn": "a"},
            "object": {"key": key, "size": 1, "eTag": "e", "versionId": version, "sequencer": "0"}}
    }]})
    .to_string()
}

fn small(id: &str) -> Delivery {
    let mut delivery = Delivery::of(id, &std::fs::read(media::small()).unwrap());
    delivery.languages = vec!["ja"];
    delivery.settings = "<EnableH265>false</EnableH265>".into();
    delivery
}

async fn row_of(world: &World, output: &Value) -> Row {
    let table = &world.deployment.submission_table;
    let key = output["job_key"].as_str().unwrap().parse().unwrap();
    let row = world.cloud.sdk().submissions(table).row(&key).await;
    row.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_of_one_event_at_the_same_time_encode_once() {
    let began = Instant::now();
    let deliveries = deliveries();
    let world = World::join("deliveries").await;
    let delivery = small("hundred");
    world
        .put(&delivery.mezzanine_key, delivery.mezzanine.clone().unwrap())
        .await;
    // The event of the object itself is the last of them.
    let execution = world
        .drop_manifest(&delivery.manifest_key(), &delivery.manifest())
        .await;
    let version = world.version(&delivery.manifest_key()).await;
    let (bucket, key) = (&world.deployment.input_bucket, delivery.manifest_key());
    let body = event(bucket, &key, version.as_deref());
    let url = world
        .cloud
        .queue_url(&world.deployment.manifest_queue)
        .await
        .unwrap()
        .unwrap();
    let sends = (1..deliveries).map(|_| world.cloud.send_message(&url, &body));
    for sent in futures::future::join_all(sends).await {
        sent.unwrap();
    }
    let output = world.succeeded(&execution).await;
    assert_eq!(output["decision"], "ENCODE");
    // All messages are processed: the queue and the dead-letter queue are empty.
    let drained = async |queue: &str| {
        let url = world.cloud.queue_url(queue).await.unwrap().unwrap();
        world.cloud.queue_depth(&url).await.unwrap() == (0, 0)
    };
    let end = Instant::now() + PATIENCE;
    while !drained(&world.deployment.manifest_queue).await {
        assert!(Instant::now() < end, "messages are left in the queue");
        tokio::time::sleep(LOOK).await;
    }
    assert!(drained(&world.deployment.dead_letter_queue).await);
    let name = execution_name(bucket, &key, version.as_deref());
    let executions = world
        .cloud
        .executions(&world.deployment.state_machine_arn, 10_000)
        .await
        .unwrap();
    let ours = executions.iter().filter(|e| e.name.starts_with("hundred-"));
    assert_eq!(
        ours.map(|e| e.name.as_str()).collect::<Vec<_>>(),
        [name.as_str()]
    );
    let row = row_of(&world, &output).await;
    assert_eq!(
        (row.state, row.generation.0, row.attempt),
        (State::Complete, 1, 1)
    );
    assert_eq!(world.notification(&execution).await["kind"], "success");
    assert_eq!(world.notifications(&execution).await.len(), 1);
    let log = world.all_logs().await;
    // The same line may be in the stack's log and in the function's. The timestamp makes it one.
    let lines: BTreeSet<&str> = log
        .lines()
        .filter_map(|line| line.get(line.find('{')?..))
        .collect();
    let of_ours = lines.iter().filter(|line| line.contains(&name));
    let (cheap, starts) = of_ours.fold((0, 0), |(cheap, starts), line| {
        let knows = line.contains("already started") || line.contains("in line");
        let started = line.contains("\"started\"");
        (cheap + usize::from(knows), starts + usize::from(started))
    });
    let told = format!(
        "{deliveries} deliveries of one event at the same time: 1 execution, 1 row (COMPLETE, generation 1, attempt 1), \
         1 message; start-execution started {starts} and answered {cheap} times that it was started already or waits in line; {:.0} s",
        began.elapsed().as_secs_f32()
    );
    println!("{told}");
    assert_eq!(starts, 1);
    assert!(cheap + 1 >= deliveries, "{cheap}");
    if deliveries == 100 {
        figures::write("deliveries", &format!("    {told}\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_executions_that_race_on_one_job_encode_it_once() {
    let world = World::join("deliveries").await;
    let delivery = small("race");
    world
        .put(&delivery.mezzanine_key, delivery.mezzanine.clone().unwrap())
        .await;
    let key = delivery.manifest_key().replace(".xml", ".manifest");
    world.put(&key, delivery.manifest()).await;
    let input =
        json!({"source": {"bucket": world.deployment.input_bucket, "key": key}}).to_string();
    let machine = &world.deployment.state_machine_arn;
    let (a, b) = tokio::join!(
        world.cloud.start_execution(machine, "race-a", &input),
        world.cloud.start_execution(machine, "race-b", &input),
    );
    let (a, b) = (
        world.succeeded(&a.unwrap()).await,
        world.succeeded(&b.unwrap()).await,
    );
    let mut decisions: Vec<&str> = [&a, &b]
        .map(|o: &Value| o["decision"].as_str().unwrap())
        .to_vec();
    decisions.sort_unstable();
    assert_eq!(a["job_key"], b["job_key"]);
    let row = row_of(&world, &a).await;
    assert_eq!(
        (row.state, row.generation.0, row.attempt),
        (State::Complete, 1, 1)
    );
    assert_eq!(decisions[1], "ENCODE");
    assert!(decisions[0].starts_with("DUPLICATE"), "{decisions:?}");
}
