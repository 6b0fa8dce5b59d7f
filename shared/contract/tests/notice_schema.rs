//! The committed schema of the messages on the topic, compared with the notices that the code writes.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends if something is not as it must be"
)]

use boon::{Compiler, SchemaIndex, Schemas};
use reelsmith_contract::notice::{Event, JobDuplicate, JobFailed, JobPublished, Notice};
use reelsmith_contract::payload::Decision;
use reelsmith_core::keys::{AssetId, Generation, JobKey};
use reelsmith_core::submission::Outputs;
use reelsmith_core::time::UnixMillis;
use serde_json::{Value, json};

struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn committed() -> Self {
        let text = include_str!("../../../sample-data/schemas/notice.schema.json");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let location = "notice.schema.json";
        let schema = serde_json::from_str(text).unwrap();
        compiler.add_resource(location, schema).unwrap();
        let index = compiler.compile(location, &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn refusal(&self, body: &Value) -> Option<String> {
        let result = self.schemas.validate(body, self.index);
        result.err().map(|e| format!("{e:#}"))
    }
}

fn job_key() -> JobKey {
    "ab".repeat(32).parse().unwrap()
}

fn asset() -> AssetId {
    AssetId::of_episode("show", 1, 1)
}

fn outputs(mock: bool) -> Outputs {
    Outputs {
        bucket: "out".into(),
        prefix: "outputs/show/".into(),
        hls: "outputs/show/master.m3u8".into(),
        dash: mock.then(|| "outputs/show/manifest.mpd".into()),
        report: "jobs/show/report.json".into(),
        mock,
    }
}

fn published(mock: bool) -> Event {
    Event::Success(JobPublished {
        job_key: job_key(),
        asset: asset(),
        manifest_id: "m-1".into(),
        title: "Pilot".into(),
        series: "Show".into(),
        generation: Generation(2),
        attempt: 1,
        execution: "arn:execution:vod:e".into(),
        outputs: outputs(mock),
        summary: "pass".into(),
    })
}

fn failed() -> JobFailed {
    JobFailed {
        error: "MezzanineEmpty".into(),
        cause: "expected bytes; found 0 bytes".into(),
        execution: "arn:execution:vod:e".into(),
        ..JobFailed::default()
    }
}

fn duplicate(decision: Decision) -> Event {
    Event::Duplicate(JobDuplicate {
        decision,
        job_key: job_key(),
        asset: asset(),
        manifest_id: "m-1".into(),
        execution: "arn:execution:vod:e".into(),
        held_by: "arn:execution:vod:other".into(),
        generation: Generation(1),
        outputs: (decision == Decision::DuplicateComplete).then(|| outputs(false)),
    })
}

fn every_notice() -> Vec<Notice> {
    let known = JobFailed {
        manifest: Some("s3://in/manifests/e.xml".into()),
        manifest_id: Some("m-1".into()),
        job_key: Some(job_key()),
        asset: Some(asset()),
        ..failed()
    };
    let events = [
        published(false),
        published(true),
        Event::Failure(failed()),
        Event::Failure(known),
        duplicate(Decision::DuplicateRunning),
        duplicate(Decision::DuplicateComplete),
    ];
    events.map(Notice::new).to_vec()
}

#[test]
fn every_kind_of_notice_matches_the_committed_schema() {
    let schema = Schema::committed();
    for notice in every_notice() {
        let body: Value = serde_json::from_str(&notice.body()).unwrap();
        assert_eq!(schema.refusal(&body), None, "{body}");
        assert_eq!(body["kind"], notice.kind().as_str());
        assert_eq!(serde_json::from_value::<Notice>(body).unwrap(), notice);
    }
}

#[test]
fn the_schema_refuses_other_bodies() {
    let schema = Schema::committed();
    for (field, wrong) in [
        ("version", json!(2)),
        ("kind", json!("cancelled")),
        ("kind", json!("failure")),
        ("job_key", json!("ab")),
        ("generation", json!(0)),
        ("outputs", Value::Null),
        ("note", json!("an unknown field")),
    ] {
        let mut body = serde_json::to_value(Notice::new(published(false))).unwrap();
        body[field] = wrong;
        assert!(schema.refusal(&body).is_some(), "{body}");
    }
}

#[test]
fn a_body_without_a_version_is_read_as_version_1() {
    let mut body = serde_json::to_value(Notice::new(published(false))).unwrap();
    body.as_object_mut().unwrap().remove("version");
    let notice: Notice = serde_json::from_value(body).unwrap();
    assert_eq!(notice, Notice::new(published(false)));
}

#[test]
fn the_id_of_an_entry_depends_on_the_event_alone() {
    let ids = every_notice().into_iter().map(|notice| {
        let entry = notice.entry("outbox", UnixMillis(7));
        assert_eq!(entry.kind, notice.kind());
        entry.id
    });
    let expected = [
        "success#g2",
        "success#g2",
        "failure",
        "failure",
        "duplicate#e",
        "duplicate#e",
    ];
    assert_eq!(ids.collect::<Vec<_>>(), expected);
}
