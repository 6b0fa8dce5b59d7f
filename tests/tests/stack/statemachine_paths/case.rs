//! A case: the answer of each function, and the expected result.

use std::collections::BTreeMap;
use std::path::Path;

use reelsmith_contract::payload::{
    CheckJobOutput, Claim, CleanupOutput, Decision, FailJobOutput, JobRef, NotifyOutput,
    PackageOutput, PlanOutput, Progress, PublishJobOutput, StartEncodeOutput, SubmitJobOutput,
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
    /// File name without extension, which is also the asset of its job.
    #[serde(skip)]
    pub name: String,
    /// What the case demonstrates.
    pub description: String,
    /// The answers of functions in order; the last one repeats. A function without answers answers as in a successful job.
    #[serde(default)]
    pub answers: BTreeMap<String, Vec<Answer>>,
    /// The expected result.
    pub expect: Expectation,
}

/// The answer of a function.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The successful answer with these fields changed; null removes a field.
    Return(Value),
    /// Fails with this error name.
    Throw(String),
    /// Ends the process with this exit code.
    Crash(u8),
}

/// The expected result of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The states of the outer state machine in order.
    pub states: Vec<String>,
    /// Fields of the output, if the execution succeeds.
    #[serde(default)]
    pub output: BTreeMap<String, Value>,
    /// Fields that must be absent from the output.
    #[serde(default)]
    pub absent: Vec<String>,
    /// The error of the execution, if it fails.
    #[serde(default)]
    pub error: Option<String>,
    /// The error that fail-job receives.
    #[serde(default)]
    pub reported: Option<String>,
    /// Expected calls by function, if it is not one for each of its states.
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

    /// Writes the input of the stubs: `FUNCTION.json` for each function.
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

    /// The answer of a function in a successful job, made with the types of the contract.
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
                state: Progress::Done,
                percent: 100,
                checksums: "checksums.json".into(),
            }),
            "start-encode" => serde_json::to_value(StartEncodeOutput {
                encode_id: "1-a".into(),
            }),
            "check-job" => serde_json::to_value(CheckJobOutput {
                state: Progress::Done,
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

/// The number of items in each list in the bucket of the cases.
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
