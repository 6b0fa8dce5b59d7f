//! The AWS adapters pass the port suites on a local stack, also behind a network that loses
//! responses.

mod proxy;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::Arc;

use bytes::Bytes;
use proxy::{Fault, Proxy};
use reelsmith::Project;
use reelsmith::stack::resources::Resources;
use reelsmith::stack::{PLACE, Stack, link};
use reelsmith_aws::provision::{Cloud, QueueSpec, WorkflowSpec};
use reelsmith_aws::{DynamoSubmissions, Sdk};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::AssetId;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{
    Announcer, Message, ObjectStore, PortErrorKind, Put, PutOptions, SubmissionStore, Workflow,
};
use reelsmith_core::submission::{
    NoticeKind, OutboxEntry, State, Step, Transition, TransitionOutcome,
};
use reelsmith_core::time::UnixMillis;
use reelsmith_testkit::suites;

const TABLE: &str = "ports-submissions";
const NOW: UnixMillis = UnixMillis(1_767_225_600_000);
/// Attempts of the SDK for one request.
const SDK_TRIES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_is_an_object_store() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    cloud.provision_bucket("ports-plain", false).await.unwrap();
    cloud
        .provision_bucket("ports-versioned", true)
        .await
        .unwrap();
    let store = Arc::new(cloud.sdk().s3());
    suites::object_store(store, "ports-plain", "ports-versioned").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dynamodb_is_a_submission_store() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    suites::submissions(Arc::new(submissions(&cloud, cloud.sdk()).await)).await;
    suites::admissions(Arc::new(submissions(&cloud, cloud.sdk()).await)).await;
    let nowhere = cloud.sdk().submissions("no-such-table");
    let error = nowhere.pending("x").await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::NotFound, "{error}");
    assert!(error.detail().contains("no-such-table"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_functions_is_a_workflow() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    let wait = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":600,"End":true}}}"#;
    let spec = WorkflowSpec {
        name: "ports-workflow".to_owned(),
        definition: wait.to_owned(),
        role: "arn:aws:iam::000000000000:role/ports".to_owned(),
    };
    let (arn, _) = cloud.provision_workflow(&spec).await.unwrap();
    suites::workflow(Arc::new(cloud.sdk().workflow(&arn))).await;
    let executions = cloud.executions(&arn, 100).await.unwrap();
    let mut names: Vec<_> = executions.into_iter().map(|e| e.name).collect();
    names.sort();
    assert_eq!(names, ["once", "race"]);
    let nowhere = cloud.sdk().workflow(format!("{arn}-none"));
    let error = nowhere.start("x", "{}").await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::NotFound, "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sns_is_an_announcer() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    let topic = cloud.provision_topic("ports-topic").await.unwrap();
    let queue = QueueSpec {
        name: "ports-queue".to_owned(),
        visibility_timeout_s: 30,
        retention_s: 3_600,
        dead_letter: None,
    };
    let queue_arn = cloud.provision_queue(&queue).await.unwrap();
    cloud
        .provision_subscription(&topic, &queue_arn)
        .await
        .unwrap();
    let announced = suites::announcer(&cloud.sdk().announcer(&topic)).await;
    let bodies: Vec<_> = announced.iter().map(|m| m.body.clone()).collect();
    assert_eq!(received(&cloud, "ports-queue", bodies.len()).await, bodies);
    let nowhere = cloud.sdk().announcer(format!("{topic}-none"));
    let error = nowhere.announce(&announced[0]).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::NotFound, "{error}");
}

/// The bodies of the next `count` messages of a queue.
async fn received(cloud: &Cloud, queue: &str, count: usize) -> Vec<String> {
    let url = cloud.queue_url(queue).await.unwrap().unwrap();
    let mut bodies = Vec::new();
    while bodies.len() < count {
        let taken = cloud.take_messages(&url, 10).await.unwrap();
        assert!(!taken.is_empty(), "only {bodies:?} arrived");
        bodies.extend(taken.into_iter().map(|m| m.body));
    }
    bodies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_response_is_lost_is_recognised_as_our_own() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    for (notice, target) in [(false, "PutItem"), (true, "TransactWriteItems")] {
        // With one loss the SDK repeats the request and finds its own write. With repeated losses the adapter must check.
        for lost in [1, SDK_TRIES] {
            let lossy = Proxy::before(stack.port(), target, Fault::LoseAnswer, lost).await;
            let sdk = Sdk::emulator(&lossy.endpoint()).await;
            let store = submissions(&cloud, &sdk).await;
            let reserve = reserve(&format!("{target} {lost}"), notice);
            let outcome = store.apply(&reserve, NOW).await.unwrap();
            let TransitionOutcome::Applied(row) = &outcome else {
                panic!("{target} lost {lost} times: {outcome:?}");
            };
            assert_eq!(lossy.hits(), lost, "{target}");
            assert_eq!((row.state, row.attempt), (State::Reserved, 1));
            let stored = store.row(&reserve.job_key).await.unwrap();
            assert_eq!(stored.as_ref(), Some(row), "{target}");
            let pending = store.pending(reserve.job_key.as_str()).await.unwrap();
            assert_eq!(pending.len(), usize::from(notice), "{target}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_body_is_read_again_and_never_passed_on_short() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    cloud.provision_bucket("ports-broken", false).await.unwrap();
    let direct = cloud.sdk().s3();
    let object = ObjectRef::new("ports-broken", "body");
    let body = Bytes::from(vec![7; 200_000]);
    let options = PutOptions::default();
    direct.put(&object, body.clone(), &options).await.unwrap();
    let pin = direct.head(&object).await.unwrap().pin;
    let cut = Fault::CutBody(100_000);
    let once = Proxy::before(stack.port(), "GET /ports-broken/body", cut, 1).await;
    let store = Sdk::emulator(&once.endpoint()).await.s3();
    assert_eq!(store.get(&object, 200_000).await.unwrap(), body);
    assert_eq!(once.hits(), 1);
    let always = Proxy::before(stack.port(), "GET /ports-broken/body", cut, usize::MAX).await;
    let store = Sdk::emulator(&always.endpoint()).await.s3();
    for error in [
        store.get(&object, 200_000).await.unwrap_err(),
        store.get_range(&pin, 10, 150_010).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
        assert!(error.detail().contains("s3://ports-broken/body"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_whose_answer_is_lost_finds_its_own_object() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    cloud.provision_bucket("ports-lossy", false).await.unwrap();
    let lossy = Proxy::before(stack.port(), "PUT /ports-lossy/", Fault::LoseAnswer, 1).await;
    let store = Sdk::emulator(&lossy.endpoint()).await.s3();
    let object = ObjectRef::new("ports-lossy", "record.json");
    let options = PutOptions {
        content_type: "application/json".to_owned(),
        create_only: true,
        ..PutOptions::default()
    };
    let put = store
        .put(&object, Bytes::from_static(b"{}"), &options)
        .await;
    assert_eq!(put, Ok(Put::Exists));
    assert_eq!(&store.get(&object, 2).await.unwrap()[..], b"{}");
}

/// The files of the local S3, by name.
fn object_files(stack: &Stack) -> BTreeSet<OsString> {
    let folder = stack.folder().join("objects/objects");
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_upload_continues_and_its_bytes_are_verified() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    cloud.provision_bucket("ports-parts", true).await.unwrap();
    let file = stack.folder().join("film.mov");
    let bytes: Vec<u8> = (0..90_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(&file, &bytes).unwrap();
    let broken = Proxy::before(stack.port(), "partNumber=5", Fault::LoseRequest, usize::MAX).await;
    let through = Cloud::new(&Sdk::emulator(&broken.endpoint()).await);
    let error = through
        .upload("ports-parts", "film.mov", &file)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    let sent = object_files(&stack);
    assert!((1..=5).contains(&sent.len()), "{sent:?}");
    assert!(
        !cloud
            .has_bytes_of("ports-parts", "film.mov", &file)
            .await
            .unwrap()
    );
    let version = cloud
        .upload("ports-parts", "film.mov", &file)
        .await
        .unwrap();
    let kept = object_files(&stack);
    assert_eq!(kept.len(), 6);
    assert!(
        kept.is_superset(&sent),
        "no part is sent twice: {sent:?} {kept:?}"
    );
    let object = ObjectRef::new("ports-parts", "film.mov");
    let pin = cloud.sdk().s3().head(&object).await.unwrap().pin;
    assert_eq!((pin.version_id, pin.size), (version, 90_000_000));
    assert!(
        cloud
            .has_bytes_of("ports-parts", "film.mov", &file)
            .await
            .unwrap()
    );
    std::fs::write(&file, &bytes[..89_999_999]).unwrap();
    assert!(
        !cloud
            .has_bytes_of("ports-parts", "film.mov", &file)
            .await
            .unwrap()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_the_same_disk_becomes_an_object_without_a_copy() {
    let stack = Stack::ephemeral().await.unwrap();
    let cloud = stack.cloud().await;
    cloud.provision_bucket("ports-placed", true).await.unwrap();
    let incoming = stack.folder().join("objects/incoming");
    let file = stack.folder().join("film.mov");
    std::fs::write(&file, vec![7; 1_000_000]).unwrap();
    let object = ObjectRef::new("ports-placed", "film.mov");
    let target = (object.bucket.as_str(), object.key.as_str());
    let place = |name: String| cloud.place(target, (PLACE, name));
    for wrong in ["", "../film.mov", "none"] {
        let error = place(wrong.to_owned()).await.unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Invalid, "{error}");
    }
    let name = link(&file, &incoming).unwrap();
    let version = place(name.clone()).await.unwrap();
    assert!(place(name).await.is_err(), "a link is taken once");
    let store = cloud.sdk().s3();
    let pin = store.head(&object).await.unwrap().pin;
    assert_eq!((&pin.version_id, pin.size), (&version, 1_000_000));
    let range = store.get_range(&pin, 999_990, 1_000_000).await.unwrap();
    assert_eq!(&range[..], [7; 10]);
    std::fs::write(&file, b"another film").unwrap();
    match store.get_range(&pin, 0, 10).await {
        // A file system that clones files keeps the old bytes.
        Ok(bytes) => assert_eq!(&bytes[..], [7; 10]),
        Err(error) => assert_eq!(error.kind(), PortErrorKind::Changed, "{error}"),
    }
    store
        .delete("ports-placed", &["film.mov".to_owned()])
        .await
        .unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"another film");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_gone_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sdk = Sdk::emulator(&endpoint).await;
    let object = ObjectRef::new("b", "k");
    let (s3, table) = (sdk.s3(), sdk.submissions("t"));
    let (workflow, announcer) = (sdk.workflow("arn:x"), sdk.announcer("arn:y"));
    let message = Message {
        id: "i".to_owned(),
        subject: "s".to_owned(),
        kind: "k".to_owned(),
        body: "b".to_owned(),
    };
    let (a, b, c, d) = tokio::join!(
        s3.head(&object),
        table.pending("x"),
        workflow.start("n", "{}"),
        announcer.announce(&message),
    );
    for error in [
        a.unwrap_err(),
        b.unwrap_err(),
        c.unwrap_err(),
        d.unwrap_err(),
    ] {
        assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    }
}

/// The deployed table with its indexes, accessed through `sdk`.
async fn submissions(cloud: &Cloud, sdk: &Sdk) -> DynamoSubmissions {
    let project = Project::find().unwrap();
    let mut spec = Resources::read(&project).unwrap().submission_table;
    spec.name = TABLE.to_owned();
    cloud.provision_table(&spec).await.unwrap();
    sdk.submissions(TABLE)
}

fn reserve(name: &str, with_notice: bool) -> Transition {
    let job_key: reelsmith_core::keys::JobKey = sha256_hex(name.as_bytes()).parse().unwrap();
    Transition {
        notice: with_notice.then(|| OutboxEntry {
            outbox: job_key.to_string(),
            id: "started".to_owned(),
            kind: NoticeKind::Success,
            subject: "started".to_owned(),
            body: "{}".to_owned(),
            created: NOW,
        }),
        step: Step::Reserve {
            asset: AssetId::of_episode("show", 1, 1),
            manifest_id: "m-1".to_owned(),
            encoder: EncoderKind::Lambda,
            owner: "run-1".to_owned(),
            lease_seconds: 60,
            force: false,
        },
        job_key,
    }
}
