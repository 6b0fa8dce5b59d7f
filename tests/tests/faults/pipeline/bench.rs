//! Runs deliveries one after another on a stack behind the proxy, and compares each with a run without faults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use reelsmith_aws::operate::{ExecutionStatus, ExecutionView};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::ports::{AdmissionStore as _, SubmissionStore as _};
use reelsmith_core::submission::{Row, State};
use reelsmith_tests::chaos::{ChaosProxy, Effect, Rule, SmallDisk};
use reelsmith_tests::delivery::{Caption, Delivery};
use reelsmith_tests::world::{DEPLOYMENT, Setup, World};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::pipeline::table::Trouble;

/// Chunks encoded at once, which is also how many a fault can lose.
const IN_FLIGHT: usize = 2;
const LOOK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(300);
/// Timeout of every function in rows that make one hang: enough for an encode on a busy machine.
const LIMIT_S: i32 = 60;
const CAPTION: &str = "1\n00:00:01,000 --> 00:00:03,500\nLine\n";

/// The result of a run: paths with checksums, and how often each chunk was encoded.
#[derive(Clone, Debug, Default, PartialEq)]
struct Left {
    outputs: BTreeMap<String, String>,
    work: BTreeSet<String>,
}

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The action of the operator.
    pub answer: &'static str,
    /// Final state of the row.
    pub state: &'static str,
    /// The differences from the run without faults.
    pub differences: Vec<String>,
    /// Chunks encoded again.
    pub encoded_again: usize,
    /// Chunks encoded although they already had a record.
    pub doubled: usize,
    /// Faults that took effect.
    pub hits: usize,
}

impl Outcome {
    pub fn is_bad(&self) -> bool {
        self.state != "COMPLETE" || !self.differences.is_empty() || self.doubled > 0
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} hits, {} encoded again, {} doubled, {}",
            self.state, self.hits, self.encoded_again, self.doubled, self.answer
        )?;
        self.differences
            .iter()
            .try_for_each(|d| write!(f, "\n    {d}"))
    }
}

pub struct Bench {
    proxy: ChaosProxy,
    world: World,
    disk: Option<SmallDisk>,
    mezzanine: Vec<u8>,
    clean: Left,
    runs: usize,
}

impl Bench {
    /// Uses a short timeout if a function is to hang, and a small file system for temporary files if a row needs one and
    /// this process may mount it.
    pub async fn start(with_disk: bool, with_limit: bool) -> Self {
        let proxy = ChaosProxy::start(DEPLOYMENT).await;
        let disk = if with_disk { SmallDisk::mount() } else { None };
        let setup = Setup {
            environment: &[("AWS_ENDPOINT_URL", &proxy.endpoint())],
            limit_s: with_limit.then_some(LIMIT_S),
            temporary: disk.as_ref().and_then(|disk| disk.path().to_str()),
            ..Setup::default()
        };
        let world = World::alone(&setup).await;
        proxy.lead_to(world.port);
        let mut bench = Self {
            proxy,
            world,
            disk,
            mezzanine: std::fs::read(reelsmith_tests::media::small()).unwrap(),
            clean: Left::default(),
            runs: 0,
        };
        let (execution, delivery) = bench.deliver(&[]).await;
        let row = bench.settled(&execution, &delivery).await;
        assert_eq!(
            row.as_ref().map(|r| r.state),
            Some(State::Complete),
            "the run without faults"
        );
        bench.clean = bench.left(&row.unwrap()).await;
        assert!(bench.clean.outputs.len() > 8, "{:?}", bench.clean.outputs);
        bench
    }

    /// Whether this machine can run a row.
    pub fn can(&self, trouble: &Trouble) -> bool {
        !matches!(trouble, Trouble::FullDisk(_)) || self.disk.is_some()
    }

    async fn deliver(&mut self, rules: &[Rule]) -> (String, Delivery) {
        self.runs += 1;
        let mut delivery = Delivery::of(&format!("fault-{}", self.runs), &self.mezzanine);
        delivery.languages = vec!["ja"];
        delivery.settings = "<EnableH265>false</EnableH265>".into();
        delivery.captions = vec![Caption {
            language: "en",
            key: format!("captions/{}.srt", delivery.id),
            body: CAPTION,
        }];
        self.proxy.arm(rules);
        (self.world.deliver(&delivery).await, delivery)
    }

    /// Runs one delivery with its fault, and the operator's response.
    pub async fn run(&mut self, name: &str, trouble: &Trouble) -> Outcome {
        let rules = match trouble {
            Trouble::Requests(rules) => rules.clone(),
            _ => Vec::new(),
        };
        if let (Trouble::FullDisk(function), Some(disk)) = (trouble, &self.disk)
            && before(function).is_none()
        {
            disk.fill();
        }
        let (execution, delivery) = self.deliver(&rules).await;
        let mut hits = self.afflict(trouble, &execution).await;
        if let Some(disk) = &self.disk {
            disk.free();
        }
        let view = self.ended(&execution, name).await;
        hits += self.proxy.hits();
        let denied = |rule: &Rule| rule.effect == Effect::Answer(403, "AccessDenied");
        let unclean = (rules.iter()).any(|rule| rule.function == "cleanup-job" && denied(rule));
        let (last, answer) = self.answer(&view, &delivery, unclean).await;
        let row = self.settled(&last, &delivery).await;
        let encodes = self.encodes();
        let mut differences = explained(trouble, &view);
        if let Some(row) = row.as_ref().filter(|r| r.state == State::Complete) {
            let left = self.left(row).await;
            differences.extend(compare("outputs", &self.clean.outputs, &left.outputs));
            let (mine, theirs): (BTreeMap<_, _>, BTreeMap<_, _>) =
                (keyed(&self.clean.work), keyed(&left.work));
            differences.extend(compare("jobs", &mine, &theirs));
            differences.extend(self.said(row).await);
            if matches!(trouble, Trouble::Stall) {
                differences.extend(self.stalled(row).await);
            }
        }
        let chunks = self
            .clean
            .work
            .iter()
            .filter(|k| k.starts_with("chunks/"))
            .count();
        let encoded_again = encodes.saturating_sub(chunks);
        if encoded_again > IN_FLIGHT * rules.len().max(1) {
            differences.push(format!("{encoded_again} chunks were encoded again"));
        }
        Outcome {
            answer,
            state: row.map_or("no row", |row| row.state.as_str()),
            differences,
            encoded_again,
            doubled: self.doubled(),
            hits,
        }
    }

    /// Causes the faults that are not requests, and returns how many took effect.
    async fn afflict(&self, trouble: &Trouble, execution: &str) -> usize {
        let end = Instant::now() + PATIENCE;
        let (mut killed, mut filled) = (0, false);
        let asked = |function: &str| self.proxy.seen().iter().any(|s| s.function == function);
        while Instant::now() < end {
            match trouble {
                Trouble::Requests(_) => return 0,
                Trouble::Encoder(function) => {
                    let encoder = asked(function)
                        .then(|| self.proxy.encoders().pop())
                        .flatten();
                    if let Some(pid) = encoder {
                        return usize::from(send(pid, Signal::KILL));
                    }
                }
                Trouble::Stall => {
                    if let Some(pid) = self.chunk_encoders().pop() {
                        return usize::from(send(pid, Signal::STOP));
                    }
                }
                Trouble::EveryEncoder => {
                    killed += (self.chunk_encoders().into_iter())
                        .filter(|pid| send(*pid, Signal::KILL))
                        .count();
                    let view = self.world.cloud.execution(execution).await.unwrap();
                    if view.is_some_and(|v| v.summary.status != ExecutionStatus::Running) {
                        return killed;
                    }
                }
                Trouble::FullDisk(function) => {
                    if let Some(disk) = &self.disk
                        && !filled
                        && before(function).is_some_and(asked)
                    {
                        disk.fill();
                        filled = true;
                    }
                    let gave_up = self.proxy.seen().into_iter().any(|s| {
                        s.function == *function
                            && s.line.starts_with("PUT ")
                            && s.line.contains("/failures/")
                    });
                    if gave_up {
                        return 1;
                    }
                }
                Trouble::Stop(function) => {
                    if asked(function) {
                        let stopped = self.world.cloud.stop_execution(execution, "a test").await;
                        return usize::from(stopped.is_ok());
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        0
    }

    /// Encoder processes that encode video of a chunk.
    fn chunk_encoders(&self) -> Vec<i32> {
        let mut all = self.proxy.encoders();
        all.retain(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|arg| arg == b"libx264")
        });
        all
    }

    /// An attempt that the function's stall detection ended leaves a note; one that hit the function's timeout does not.
    async fn stalled(&self, row: &Row) -> Option<String> {
        let keys = GenerationKeys::new(&row.asset, &row.job_key, row.generation);
        let retries = self.world.get(&keys.retries()).await;
        let retries = String::from_utf8_lossy(&retries).into_owned();
        (!retries.contains("EncoderStalled")).then(|| format!("no stall was noted: {retries}"))
    }

    async fn ended(&self, execution: &str, name: &str) -> ExecutionView {
        let end = Instant::now() + PATIENCE;
        loop {
            let view = self.world.cloud.execution(execution).await.unwrap();
            match view {
                Some(view) if view.summary.status != ExecutionStatus::Running => return view,
                _ => assert!(
                    Instant::now() < end,
                    "{name}: {execution} has not ended: {view:?}"
                ),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The operator's response to an execution that has ended, also to one that published but could not clean up.
    async fn answer(
        &self,
        view: &ExecutionView,
        delivery: &Delivery,
        unclean: bool,
    ) -> (String, &'static str) {
        let arn = view.summary.arn.clone();
        match view.summary.status {
            ExecutionStatus::Succeeded if !unclean => (arn, "nothing"),
            ExecutionStatus::Aborted | ExecutionStatus::TimedOut => {
                let redriven = self.world.cloud.redrive(&arn).await.unwrap();
                (redriven.arn, "redriven")
            }
            _ => {
                let key = delivery.manifest_key();
                let again = self.world.drop_manifest(&key, &delivery.manifest()).await;
                (again, "delivered again")
            }
        }
    }

    /// The row after the execution has ended.
    async fn settled(&self, execution: &str, delivery: &Delivery) -> Option<Row> {
        let view = self.ended(execution, &delivery.id).await;
        let table = self
            .world
            .cloud
            .sdk()
            .submissions(&self.world.deployment.submission_table);
        let text = view.output.as_deref().unwrap_or("{}");
        let output: Value = serde_json::from_str(text).unwrap();
        let Some(key) = output["job_key"].as_str() else {
            println!("{}: {:?} {:?}", delivery.id, view.error, view.cause);
            return None;
        };
        table.row(&key.parse().unwrap()).await.unwrap()
    }

    /// How often a chunk was encoded: each attempt ends with one call that writes its record.
    fn encodes(&self) -> usize {
        let calls: BTreeSet<String> = self
            .proxy
            .seen()
            .into_iter()
            .filter(|s| {
                s.function == "transcode-chunk"
                    && s.line.starts_with("PUT ")
                    && s.line.contains("/chunks/")
            })
            .map(|s| s.invocation)
            .collect();
        calls.len()
    }

    /// How often a call that wrote a record began after the record already existed.
    fn doubled(&self) -> usize {
        let mut written: BTreeMap<String, String> = BTreeMap::new();
        let mut doubled = 0;
        for seen in self.proxy.seen() {
            let record = seen.line.starts_with("PUT ") && seen.line.contains("/chunks/");
            if seen.function != "transcode-chunk" || !record {
                continue;
            }
            let undone = matches!(seen.effect, Some(Effect::Answer(..) | Effect::KillBefore));
            match written.get(&seen.line) {
                Some(by) if *by != seen.invocation => doubled += 1,
                None if !undone => {
                    written.insert(seen.line, seen.invocation);
                }
                _ => {}
            }
        }
        doubled
    }

    async fn left(&self, row: &Row) -> Left {
        let keys = GenerationKeys::new(&row.asset, &row.job_key, row.generation);
        let mut left = Left::default();
        for key in self.world.keys(keys.output_prefix()).await {
            let body = self.world.get(&key).await;
            let path = key[keys.output_prefix().len()..].to_owned();
            // The page shows when each worker ran. Everything else in an output depends only on the delivery.
            let told = if path.ends_with("report.html") {
                String::new()
            } else {
                sha256_hex(&body)
            };
            left.outputs.insert(path, told);
        }
        for prefix in [keys.work_prefix(), keys.working_prefix()] {
            for key in self.world.keys(prefix).await {
                left.work.insert(key[prefix.len()..].to_owned());
            }
        }
        left
    }

    /// Checks for one success message under one id, an empty outbox and no occupied slot.
    async fn said(&self, row: &Row) -> Vec<String> {
        let table = self
            .world
            .cloud
            .sdk()
            .submissions(&self.world.deployment.submission_table);
        let mut wrong = Vec::new();
        let messages = self.world.notifications(&row.owner).await;
        let successes = messages.iter().filter(|m| m["kind"] == "success");
        let told: BTreeSet<String> = successes.map(|m| m["generation"].to_string()).collect();
        let pending = table.pending(row.job_key.as_str()).await.unwrap();
        // A redrive or a second delivery may find the job complete and send the remaining messages.
        if !pending.is_empty() {
            wrong.push(format!("{} messages are not sent", pending.len()));
        }
        if told.len() > 1 {
            wrong.push(format!("success was said of {told:?}"));
        }
        let end = Instant::now() + Duration::from_secs(10);
        while !table.holding().await.unwrap().is_empty() {
            if Instant::now() > end {
                // The reaper frees the slot of a stopped execution.
                self.reap().await;
                if !table.holding().await.unwrap().is_empty() {
                    wrong.push("a slot is still held".to_owned());
                }
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        wrong
    }

    async fn reap(&self) {
        let function = format!("{DEPLOYMENT}-reap-jobs");
        let reaped = self.world.cloud.invoke(&function, "{}").await;
        reaped.unwrap();
    }
}

/// The function whose first request fills the file system. Functions before it need the space.
fn before(function: &str) -> Option<&'static str> {
    (function == "make-images").then_some("assemble-rendition")
}

fn send(pid: i32, signal: Signal) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// What is missing in the reason of a chunk that failed in every attempt: its number, the encoder's exit, and the command
/// that reproduces the failure.
fn explained(trouble: &Trouble, view: &ExecutionView) -> Vec<String> {
    if !matches!(trouble, Trouble::EveryEncoder) {
        return Vec::new();
    }
    let (error, cause) = (view.error.as_deref(), view.cause.as_deref());
    let cause = cause.unwrap_or_default();
    let command = "reproduce with: aws s3 cp s3://";
    let parts = ["chunk ", "SIGKILL", command, " && ffmpeg ", "libx264"];
    let missing = parts.into_iter().filter(|part| !cause.contains(part));
    let mut wrong: Vec<String> = missing
        .map(|part| format!("the reason does not tell {part:?}: {cause}"))
        .collect();
    if error != Some("EncoderFailed") {
        wrong.push(format!("the error is {error:?}"));
    }
    wrong
}

fn keyed(paths: &BTreeSet<String>) -> BTreeMap<String, String> {
    paths.iter().map(|p| (p.clone(), String::new())).collect()
}

fn compare(
    what: &str,
    clean: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut differences = Vec::new();
    for path in clean.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let told = match (clean.get(path), found.get(path)) {
            (Some(a), Some(b)) if a == b => continue,
            (Some(_), Some(_)) => "has other bytes",
            (Some(_), None) => "is missing",
            (None, _) => "is left over",
        };
        differences.push(format!("{what}/{path} {told}"));
    }
    differences
}
