//! One case: what each function answers, and what must come of it.

use std::collections::BTreeMap;
use std::path::Path;

use reelsmith_contract::payload::{
    CheckJobOutput, Claim, CleanupOutput, Decision, FailJobOutput, JobProgress, JobRef,
    NotifyOutput, PackageOutput, PlanOutput, PublishJobOutput, StartEncodeOutput, SubmitJobOutput,
    ValidateInputOutput, ValidateOutputOutput, VerifyMezzanineOutput, WorkerOutput,
};
use reelsmith_contract::step::STEPS;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{Generation, JobKey};
use reelsmith_core::submission::{Fence, Outputs};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// `statemachine/cases/{name}.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// File name without extension; also the asset of its job.
    #[serde(skip)]
    pub name: String,
    /// What it shows.
    pub description: String,
    /// The answers of functions, in order, the last for ever. A function that is not here answers as in a good job.
    #[serde(default)]
    pub answers: BTreeMap<String, Vec<Answer>>,
    /// What must come of it.
    pub expect: Expectation,
}

/// What a function does when it is called.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Returns its good answer with these fields changed; null removes one.
    Return(Value),
    /// Fails with this error name.
    Throw(String),
    /// Ends its process with this exit code.
    Crash(u8),
}

/// What must come of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The states of the whole machine, in order, from the first to the last.
    pub states: Vec<String>,
    /// Fields of the output, where it succeeds.
    #[serde(default)]
    pub output: BTreeMap<String, Value>,
    /// Fields that the output must not have.
    #[serde(default)]
    pub absent: Vec<String>,
    /// The error it ends with, where it fails.
    #[serde(default)]
    pub error: Option<String>,
    /// The error that fail-job was told about.
    #[serde(default)]
    pub reported: Option<String>,
    /// How often functions were called, where it is not once for each of their states.
    #[serde(default)]
    pub calls: BTreeMap<String, usize>,
}

impl Case {
    /// Every committed case, by name.
    pub fn all(folder: &Path) -> Vec<Self> {
        let mut cases: Vec<_> = std::fs::read_dir(folder)
            .expect("the folder of the cases")
            .map(|entry| Self::read(&entry.expect("a case").path()))
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a readable case");
        let mut case: Self =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        case.name = path
            .file_stem()
            .and_then(|s| s.to_str())
            .expect("a name")
            .to_owned();
        for function in case.answers.keys().chain(case.expect.calls.keys()) {
            assert!(
                STEPS.iter().any(|s| s.function == function),
                "{}: {function}?",
                case.name
            );
        }
        case
    }

    /// Writes what the stubs read: `FUNCTION.json` for each function.
    pub fn write_script(&self, folder: &Path) {
        std::fs::create_dir_all(folder).expect("a folder for the case");
        for step in STEPS.iter().filter(|s| !s.states.is_empty()) {
            let good = self.good_answer(step.function);
            let plain = [Answer::Return(Value::Object(serde_json::Map::new()))];
            let answers = self
                .answers
                .get(step.function)
                .map_or(&plain[..], Vec::as_slice);
            let script: Vec<_> = answers.iter().map(|a| a.over(&good)).collect();
            let path = folder.join(format!("{}.json", step.function));
            std::fs::write(path, serde_json::to_vec(&script).expect("JSON"))
                .expect("a written script");
        }
    }

    fn job(&self) -> JobRef {
        let job_key: JobKey = hex::encode(Sha256::digest(&self.name))
            .parse()
            .expect("a job key");
        JobRef {
            job_key,
            asset: self.name.parse().expect("a name that is an asset id"),
        }
    }

    fn claim(&self) -> Claim {
        let JobRef { job_key, asset } = self.job();
        let fence = Fence {
            generation: Generation::FIRST,
            attempt: 1,
            owner: "the execution".to_owned(),
        };
        Claim {
            job_key,
            asset,
            fence,
        }
    }

    /// The answer of a function in a good job, made from the contract's own types.
    fn good_answer(&self, function: &str) -> Value {
        let outbox = self.name.clone();
        let made = match function {
            "parse-manifest" => serde_json::to_value(self.job()),
            "validate-input" => serde_json::to_value(ValidateInputOutput {
                probe: "probe.json".into(),
            }),
            "submit-job" => serde_json::to_value(SubmitJobOutput {
                decision: Decision::Encode,
                encoder: EncoderKind::Lambda,
                claim: self.claim(),
                outputs: None,
                outbox,
            }),
            "plan-chunks" => serde_json::to_value(plan()),
            "verify-mezzanine" => serde_json::to_value(VerifyMezzanineOutput {
                checksums: "checksums.json".into(),
            }),
            "start-encode" => serde_json::to_value(StartEncodeOutput {
                encode_id: "1-a".into(),
            }),
            "check-job" => serde_json::to_value(CheckJobOutput {
                state: JobProgress::Done,
                percent: 100,
                wait_seconds: 0,
            }),
            "package-outputs" => serde_json::to_value(PackageOutput {
                hls: "master.m3u8".into(),
                dash: None,
            }),
            "validate-output" => serde_json::to_value(ValidateOutputOutput {
                report: "report.json".into(),
                rules: 90,
                warnings: 1,
            }),
            "publish-job" => serde_json::to_value(PublishJobOutput {
                outputs: outputs(),
                outbox,
            }),
            "cleanup-job" => serde_json::to_value(CleanupOutput { deleted: 9 }),
            "fail-job" => serde_json::to_value(FailJobOutput {
                error: "WorkerFailed".into(),
                cause: "as fail-job recorded it".into(),
                outbox,
            }),
            "notify" => serde_json::to_value(NotifyOutput { sent: 1 }),
            _ => serde_json::to_value(WorkerOutput {
                record: "record.json".into(),
                encoded: true,
            }),
        };
        made.expect("a payload")
    }
}

/// How many items each list has in the bucket of the cases.
pub const ITEMS: [(&str, usize); 4] = [("video", 3), ("audio", 2), ("text", 1), ("renditions", 4)];

fn plan() -> PlanOutput {
    let key = |list: &str| format!("items/{list}.json");
    PlanOutput {
        video_items: key("video"),
        audio_items: key("audio"),
        text_items: key("text"),
        rendition_items: key("renditions"),
        video_count: 3,
        audio_count: 2,
        text_count: 1,
    }
}

fn outputs() -> Outputs {
    let own = |text: &str| text.to_owned();
    Outputs {
        bucket: own("b"),
        prefix: own("p/"),
        hls: own("p/master.m3u8"),
        dash: None,
        report: own("report.json"),
        mock: false,
    }
}

impl Answer {
    fn over(&self, good: &Value) -> Self {
        let Self::Return(Value::Object(changes)) = self else {
            return self.clone();
        };
        let mut answer = good.clone();
        let fields = answer.as_object_mut().expect("an object");
        for (name, value) in changes {
            fields.insert(name.clone(), value.clone());
        }
        fields.retain(|_, value| !value.is_null());
        Self::Return(answer)
    }
}
