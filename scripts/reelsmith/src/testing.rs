//! A deployment in memory for tests, with a published, a running and a failed job.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use reelsmith_aws::operate::{
    Downloaded, ExecutionStatus, ExecutionSummary, ExecutionView, HistoryEvent, HistoryKind,
    LogLine, LogQuery, MapRun, Redriven, RowsOf, Tally, name_again,
};
use reelsmith_aws::provision::CloudError;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation, JobKey};
use reelsmith_core::submission::{Outputs, RecordedFailure, Row, State};
use reelsmith_core::time::UnixMillis;
use reelsmith_testkit::fakes::{ManualClock, MemoryEncodes, MemoryStore, MemorySubmissions};

use crate::Project;
use crate::job::connection::{Connection, Endpoint};
use crate::job::operations::{CallResult, Operations};
use crate::stack::deploy::Deployment;

/// The fixed time of the clock, in milliseconds since the epoch.
pub const NOW: i64 = 1_767_225_600_000;

/// The operator's calls, answered from memory.
#[derive(Default)]
pub struct FakeOperations {
    pub executions: Mutex<Vec<ExecutionView>>,
    pub histories: Mutex<BTreeMap<String, Vec<HistoryEvent>>>,
    pub maps: Mutex<BTreeMap<String, Vec<MapRun>>>,
    pub logs: Mutex<BTreeMap<String, Vec<LogLine>>>,
    pub calls: Mutex<Vec<String>>,
    pub submissions: Arc<MemorySubmissions>,
}

impl FakeOperations {
    fn call(&self, text: String) {
        self.calls.lock().unwrap().push(text);
    }
}

#[async_trait]
impl Operations for FakeOperations {
    async fn executions(&self, _machine: &str, limit: usize) -> CallResult<Vec<ExecutionSummary>> {
        let all = self.executions.lock().unwrap();
        let mut all: Vec<_> = all.iter().map(|v| v.summary.clone()).collect();
        all.sort_by_key(|e| std::cmp::Reverse(e.started_ms));
        all.truncate(limit);
        Ok(all)
    }

    async fn execution(&self, arn: &str) -> CallResult<Option<ExecutionView>> {
        let all = self.executions.lock().unwrap();
        Ok(all.iter().find(|v| v.summary.arn == arn).cloned())
    }

    async fn history(&self, arn: &str, after: i64) -> CallResult<Vec<HistoryEvent>> {
        let all = self.histories.lock().unwrap();
        let events = all.get(arn).cloned().unwrap_or_default();
        Ok(events.into_iter().filter(|e| e.id > after).collect())
    }

    async fn tally(&self, arn: &str) -> CallResult<Tally> {
        let all = self.histories.lock().unwrap();
        Ok(Tally {
            events: all.get(arn).map_or(0, Vec::len) as u64,
            resumed_ms: Vec::new(),
        })
    }

    async fn definition(&self, machine: &str) -> CallResult<String> {
        Err(CloudError::new(
            format!("describe state machine {machine}"),
            "StateMachineDoesNotExist",
        ))
    }

    async fn map_runs(&self, arn: &str) -> CallResult<Vec<MapRun>> {
        Ok(self
            .maps
            .lock()
            .unwrap()
            .get(arn)
            .cloned()
            .unwrap_or_default())
    }

    async fn start_again(&self, view: &ExecutionView) -> CallResult<String> {
        let (machine, name) = view.summary.arn.rsplit_once(':').unwrap();
        for n in 1.. {
            let name = name_again(name, n);
            let arn = format!("{machine}:{name}");
            if self.execution(&arn).await?.is_none() {
                self.call(format!("start {name} {}", view.input));
                return Ok(arn);
            }
        }
        unreachable!()
    }

    async fn redrive(&self, arn: &str) -> CallResult<Redriven> {
        self.call(format!("redrive {}", arn.rsplit(':').next().unwrap()));
        let arn = format!("{arn}-r1");
        let resumed = false;
        Ok(Redriven { arn, resumed })
    }

    async fn stop(&self, arn: &str, cause: &str) -> CallResult<()> {
        self.call(format!("stop {} {cause}", arn.rsplit(':').next().unwrap()));
        let mut all = self.executions.lock().unwrap();
        let view = all.iter_mut().find(|v| v.summary.arn == arn);
        let view = view.ok_or_else(|| CloudError::new("stop", "ExecutionDoesNotExist"))?;
        view.summary.status = ExecutionStatus::Aborted;
        view.summary.stopped_ms = Some(NOW);
        Ok(())
    }

    async fn rows(&self, _table: &str, of: &RowsOf, limit: usize) -> CallResult<Vec<Row>> {
        let mut rows = self.submissions.rows();
        rows.retain(|r| match of {
            RowsOf::State(state) => r.state == *state,
            RowsOf::Asset(asset) => r.asset == *asset,
        });
        rows.sort_by_key(|r| std::cmp::Reverse(r.updated));
        rows.truncate(limit);
        Ok(rows)
    }

    async fn log_lines(&self, query: &LogQuery) -> CallResult<Vec<LogLine>> {
        let logs = self.logs.lock().unwrap();
        let lines = logs.get(&query.group).cloned().unwrap_or_default();
        let text = query.containing.as_deref().unwrap_or_default();
        let fits = |l: &LogLine| l.message.contains(text) && l.at_ms >= query.from_ms;
        Ok(lines.into_iter().filter(fits).take(query.limit).collect())
    }

    async fn queue_depth(&self, _queue: &str) -> CallResult<Option<(u64, u64)>> {
        Ok(Some((0, 0)))
    }

    async fn upload(&self, bucket: &str, key: &str, _file: &Path) -> CallResult<Option<String>> {
        self.call(format!("upload s3://{bucket}/{key}"));
        Ok(Some("v1".into()))
    }

    async fn place(&self, bucket: &str, key: &str, _name: &str) -> CallResult<Option<String>> {
        self.call(format!("place s3://{bucket}/{key}"));
        Ok(Some("v1".into()))
    }

    async fn has_bytes_of(&self, _bucket: &str, _key: &str, _file: &Path) -> CallResult<bool> {
        Ok(false)
    }

    async fn download(&self, bucket: &str, key: &str, _file: &Path) -> CallResult<Downloaded> {
        Err(CloudError::new(
            format!("download s3://{bucket}/{key}"),
            "NoSuchKey",
        ))
    }
}

/// A history from `(milliseconds, "+State" | "-State" | "!Error")`.
pub fn history(events: &[(i64, &str)]) -> Vec<HistoryEvent> {
    let event = |(id, (at_ms, what)): (i64, &(i64, &str))| {
        let name = what[1..].to_owned();
        let kind = match &what[..1] {
            "+" => HistoryKind::Entered { state: name },
            "-" => HistoryKind::Exited {
                state: name,
                output: "{}".into(),
            },
            _ => HistoryKind::TaskFailed {
                error: name,
                cause:
                    r#"{"errorType": "E", "errorMessage": "expected a; found b; at c; to do: d"}"#
                        .into(),
            },
        };
        HistoryEvent {
            id,
            at_ms: *at_ms,
            kind,
        }
    };
    (1..).zip(events).map(event).collect()
}

/// The deployment, its connection and its stores.
pub struct FakeDeployment {
    pub operations: Arc<FakeOperations>,
    pub store: Arc<MemoryStore>,
    pub encodes: Arc<MemoryEncodes>,
    pub connection: Connection,
}

impl FakeDeployment {
    /// A deployment without jobs.
    pub fn empty() -> Self {
        let operations = Arc::new(FakeOperations::default());
        let project = Project::find().unwrap();
        let names = Deployment::of(&project, "reelsmith", "us-east-1").unwrap();
        let store = Arc::new(MemoryStore::with_buckets([
            names.input_bucket.as_str(),
            names.output_bucket.as_str(),
        ]));
        let clock = Arc::new(ManualClock::at(UnixMillis(NOW)));
        let encodes = Arc::new(MemoryEncodes::new(Arc::clone(&clock) as _));
        let connection = Connection {
            endpoint: Endpoint::Local("http://127.0.0.1:4566".into()),
            stack: "reelsmith".into(),
            operations: Arc::clone(&operations) as Arc<dyn Operations>,
            store: Arc::clone(&store) as _,
            submissions: Arc::clone(&operations.submissions) as _,
            encodes: Arc::clone(&encodes) as _,
            clock,
            incoming: None,
            names,
        };
        Self {
            operations,
            store,
            encodes,
            connection,
        }
    }

    /// A deployment with the three jobs.
    pub fn usual() -> Self {
        let deployment = Self::empty();
        deployment.published();
        deployment.running();
        deployment.failed();
        deployment
    }

    /// ARN of an execution.
    pub fn arn(&self, name: &str) -> String {
        reelsmith_aws::operate::execution_arn(&self.connection.names.state_machine_arn, name)
    }

    /// An execution; times are milliseconds before [`NOW`].
    pub fn execution(
        &self,
        name: &str,
        status: ExecutionStatus,
        began: i64,
        ended: Option<i64>,
    ) -> ExecutionView {
        let stem = crate::job::resolve::stem(name);
        ExecutionView {
            summary: ExecutionSummary {
                arn: self.arn(name),
                name: name.to_owned(),
                status,
                started_ms: NOW - began,
                stopped_ms: ended.map(|e| NOW - e),
            },
            input: format!(
                r#"{{"source":{{"bucket":"reelsmith-input","key":"manifests/{stem}.xml"}}}}"#
            ),
            output: None,
            error: None,
            cause: None,
        }
    }

    /// Adds an execution with its history.
    pub fn add(&self, view: ExecutionView, events: &[(i64, &str)], job: Option<&Row>) {
        let began = view.summary.started_ms;
        let mut events = history(events);
        for event in &mut events {
            event.at_ms += began;
            if let (HistoryKind::Exited { output, .. }, Some(row)) = (&mut event.kind, job) {
                *output = format!(
                    r#"{{"job":{{"job_key":"{}","asset":"{}"}}}}"#,
                    row.job_key, row.asset
                );
            }
        }
        let mut histories = self.operations.histories.lock().unwrap();
        histories.insert(view.summary.arn.clone(), events);
        self.operations.executions.lock().unwrap().push(view);
    }

    /// A row; `updated` is in milliseconds before [`NOW`].
    pub fn row(&self, digit: char, asset: &str, state: State, owner: &str, updated: i64) -> Row {
        Row {
            job_key: key(digit),
            asset: asset.parse::<AssetId>().unwrap(),
            manifest_id: "m-1".into(),
            state,
            generation: Generation::FIRST,
            attempt: 1,
            owner: self.arn(owner),
            lease_until: UnixMillis(NOW + 3_600_000),
            encoder: EncoderKind::Lambda,
            intended: None,
            encoder_ref: None,
            outputs: None,
            failures: Vec::new(),
            created: UnixMillis(NOW - updated - 1_000),
            updated: UnixMillis(NOW - updated),
        }
    }

    fn published(&self) {
        let name = name("pilot", '1');
        let mut row = self.row('a', "pilot-s01e01", State::Complete, &name, 60_000);
        let prefix = format!("outputs/pilot-s01e01/{}/", row.job_key);
        let outputs = Outputs {
            mock: false,
            bucket: self.connection.names.output_bucket.clone(),
            hls: format!("{prefix}master.m3u8"),
            dash: Some(format!("{prefix}manifest.mpd")),
            report: format!("jobs/{}/report.json", row.job_key),
            prefix,
        };
        for file in [
            "master.m3u8",
            "manifest.mpd",
            "video/h264_720p/seg_00001.m4s",
        ] {
            self.put(&format!("{}{file}", outputs.prefix), &"x".repeat(1_000));
        }
        let mut view = self.execution(&name, ExecutionStatus::Succeeded, 100_000, Some(60_000));
        view.output = Some(
            serde_json::json!({"decision": "ENCODE", "job_key": row.job_key, "asset": row.asset, "outputs": outputs})
                .to_string(),
        );
        row.outputs = Some(outputs);
        let events = [
            (10, "+ParseManifest"),
            (300, "-ParseManifest"),
            (300, "+ValidateInput"),
            (400, "!MezzanineMissing"),
            (2_400, "-ValidateInput"),
            (2_400, "+Encode"),
            (2_410, "+TranscodeChunks"),
            (30_000, "-TranscodeChunks"),
            (30_010, "-Encode"),
            (30_010, "+NotifySuccess"),
            (40_000, "-NotifySuccess"),
        ];
        let maps = vec![MapRun {
            label: "TranscodeChunks".into(),
            total: 12,
            succeeded: 12,
            failed: 0,
            running: 0,
        }];
        self.operations
            .maps
            .lock()
            .unwrap()
            .insert(view.summary.arn.clone(), maps);
        self.add(view, &events, Some(&row));
        self.operations.submissions.place(row);
    }

    fn running(&self) {
        let name = name("feature", '2');
        let row = self.row('b', "feature-s01e02", State::Submitted, &name, 20_000);
        let view = self.execution(&name, ExecutionStatus::Running, 30_000, None);
        let events = [
            (10, "+ParseManifest"),
            (400, "-ParseManifest"),
            (400, "+PlanChunks"),
        ];
        self.add(view, &events, Some(&row));
        self.operations.submissions.place(row);
    }

    fn failed(&self) {
        let name = name("short", '3');
        let mut row = self.row('c', "short-s01e03", State::Failed, &name, 5_000);
        let cause = "expected MD5 00; found 11; at s3://reelsmith-input/mezzanines/a.mp4; to do: deliver it again";
        row.failures.push(RecordedFailure {
            error: "MezzanineChecksumMismatch".into(),
            cause: cause.into(),
            at: UnixMillis(NOW - 5_000),
            attempt: 1,
            generation: Generation::FIRST,
            owner: row.owner.clone(),
        });
        let mut view = self.execution(&name, ExecutionStatus::Failed, 10_000, Some(5_000));
        view.error = Some("MezzanineChecksumMismatch".into());
        view.cause = Some(cause.into());
        let events = [
            (10, "+ParseManifest"),
            (400, "-ParseManifest"),
            (400, "+ValidateInput"),
            (4_000, "!MezzanineChecksumMismatch"),
            (4_100, "-ValidateInput"),
            (4_100, "+FailJob"),
            (4_900, "-FailJob"),
        ];
        self.add(view, &events, Some(&row));
        self.operations.submissions.place(row);
    }

    /// Writes an object to the output bucket.
    pub fn put(&self, key: &str, body: &str) {
        use reelsmith_core::object::ObjectRef;
        use reelsmith_core::ports::{ObjectStore, PutOptions};
        let object = ObjectRef::new(&self.connection.names.output_bucket, key);
        let body = bytes::Bytes::from(body.to_owned());
        let put = async { self.store.put(&object, body, &PutOptions::default()).await };
        futures::executor::block_on(put).unwrap();
    }
}

/// A job key that repeats one digit.
pub fn key(digit: char) -> JobKey {
    digit.to_string().repeat(64).parse().unwrap()
}

/// The name of an execution: the name of a manifest, and one digit 32 times.
pub fn name(stem: &str, digit: char) -> String {
    format!("{stem}-{}", digit.to_string().repeat(32))
}
