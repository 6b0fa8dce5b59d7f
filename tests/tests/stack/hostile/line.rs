//! Runs the functions in order in this process: real code, real ffmpeg, storage in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reelsmith_contract::payload::{
    Claim, ClaimInput, JobRef, ManifestObject, ParseManifestInput, RenditionInput,
    TranscodeChunkInput, ValidateInputInput,
};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::keys::Generation;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::plan::{Plan, RenditionItem};
use reelsmith_core::ports::{ObjectStore, PutOptions};
use reelsmith_core::submission::Fence;
use reelsmith_media::Tools;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::settings::{JobDefaults, Settings};
use reelsmith_pipeline::worker::EncoderPorts;
use reelsmith_testkit::fakes::{ManualClock, MemoryStore};
use reelsmith_tests::delivery::Delivery;

/// The step at which a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Manifest,
    Validation,
    Planning,
    /// `verify-mezzanine`, or the workers that run at the same time: `transcode-chunk` and `encode-audio`.
    Encoding,
    /// Not rejected.
    Done,
}

/// The result of a delivery.
#[derive(Debug)]
pub struct Outcome {
    pub stage: Stage,
    /// The error; `None` for [`Stage::Done`].
    pub failure: Option<Failure>,
    pub took: Duration,
}

/// The functions and their ports.
pub struct Line {
    /// Both buckets, `in` and `out`.
    pub store: Arc<MemoryStore>,
    outputs: Objects,
    parse: Arc<parse_manifest::Ports>,
    validate: Arc<validate_input::Ports>,
    plan: Arc<plan_chunks::Ports>,
    verify: Arc<verify_mezzanine::Ports>,
    encode: Arc<EncoderPorts>,
}

impl Line {
    /// Starts with empty buckets; the input bucket is versioned.
    pub fn new() -> Self {
        let memory = Arc::new(MemoryStore::with_buckets(["out"]));
        memory.add_bucket("in", true);
        let store: Arc<dyn ObjectStore> = memory.clone();
        let outputs = || Objects::new(Arc::clone(&store), "out");
        let tools = Tools::locate(&reelsmith_testkit::media_folder(), None, None).unwrap();
        let build = tools.build();
        let settings = Settings::of(&[
            (Setting::PROFILE, "draft"),
            (Setting::ENABLE_H265, "false"),
            (Setting::ENCODER_BUILD, &build),
        ]);
        Self {
            parse: Arc::new(parse_manifest::Ports {
                store: Arc::clone(&store),
                outputs: outputs(),
                defaults: JobDefaults::of(&settings).unwrap(),
            }),
            validate: Arc::new(validate_input::Ports {
                store: Arc::clone(&store),
                input_bucket: "in".to_owned(),
                outputs: outputs(),
                tools: tools.clone(),
            }),
            plan: Arc::new(plan_chunks::Ports {
                store: Arc::clone(&store),
                outputs: outputs(),
                tools: tools.clone(),
                workers: 2,
            }),
            verify: Arc::new(verify_mezzanine::Ports {
                store: Arc::clone(&store),
                outputs: outputs(),
                pass: std::time::Duration::from_secs(600),
            }),
            encode: Arc::new(EncoderPorts {
                store: Arc::clone(&store),
                outputs: outputs(),
                clock: Arc::new(ManualClock::default()),
                tools,
            }),
            outputs: outputs(),
            store: memory,
        }
    }

    async fn put(&self, key: &str, body: Bytes) {
        let object = ObjectRef::new("in", key);
        let put = self.store.put(&object, body, &PutOptions::default()).await;
        put.unwrap();
    }

    /// Uploads a delivery and runs the functions until one fails.
    pub async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let body = delivery.mezzanine.clone().unwrap_or_default();
        self.put(&delivery.mezzanine_key, body.into()).await;
        let manifest = delivery.manifest().into_bytes();
        self.run(&delivery.manifest_key(), manifest).await
    }

    /// Uploads a manifest and runs the functions until one fails.
    pub async fn run(&self, key: &str, manifest: Vec<u8>) -> Outcome {
        self.put(key, manifest.into()).await;
        let began = Instant::now();
        let mut stage = Stage::Manifest;
        let failure = Box::pin(self.stages(key, &mut stage)).await.err();
        let took = began.elapsed();
        Outcome {
            stage,
            failure,
            took,
        }
    }

    async fn stages(&self, key: &str, stage: &mut Stage) -> Result<(), Failure> {
        let job = self.parsed(key).await?;
        *stage = Stage::Validation;
        let claim = self.validated(job).await?;
        *stage = Stage::Planning;
        let plan = self.planned(&claim).await?;
        *stage = Stage::Encoding;
        let claimed = ClaimInput {
            claim: claim.clone(),
        };
        verify_mezzanine::handle(Arc::clone(&self.verify), claimed, invocation()).await?;
        Box::pin(self.encoded(&claim, &plan)).await?;
        *stage = Stage::Done;
        Ok(())
    }

    async fn parsed(&self, key: &str) -> Result<JobRef, Failure> {
        let source = ManifestObject {
            bucket: "in".to_owned(),
            key: key.to_owned(),
            version_id: None,
        };
        let input = ParseManifestInput { source };
        parse_manifest::handle(Arc::clone(&self.parse), input, invocation()).await
    }

    async fn validated(&self, job: JobRef) -> Result<Claim, Failure> {
        let claim = Claim {
            job_key: job.job_key.clone(),
            asset: job.asset.clone(),
            fence: Fence {
                generation: Generation::FIRST,
                attempt: 1,
                owner: "hostile".to_owned(),
            },
        };
        let input = ValidateInputInput { job, entered: None };
        validate_input::handle(Arc::clone(&self.validate), input, invocation()).await?;
        Ok(claim)
    }

    async fn planned(&self, claim: &Claim) -> Result<Plan, Failure> {
        let claimed = ClaimInput {
            claim: claim.clone(),
        };
        plan_chunks::handle(Arc::clone(&self.plan), claimed, invocation()).await?;
        self.outputs.read(&claim.keys().plan()).await
    }

    async fn encoded(&self, claim: &Claim, plan: &Plan) -> Result<(), Failure> {
        for item in plan.chunk_items() {
            let input = TranscodeChunkInput {
                claim: claim.clone(),
                item,
            };
            transcode_chunk::handle(Arc::clone(&self.encode), input, invocation()).await?;
        }
        for track in &plan.audio {
            let item = RenditionItem {
                rendition: track.path.clone(),
            };
            let claim = claim.clone();
            let input = RenditionInput { claim, item };
            encode_audio::handle(Arc::clone(&self.encode), input, invocation()).await?;
        }
        Ok(())
    }
}

fn invocation() -> Invocation {
    Invocation::of_test("hostile")
}
