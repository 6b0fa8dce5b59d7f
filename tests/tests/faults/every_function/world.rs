//! All persistent state in memory, with the real encoder, and copies of it, so that each point starts from the same state.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use bytes::Bytes;
use reelsmith_contract::payload::{
    Claim, ClaimInput, Execution, JobRef, ManifestObject, NotifyInput, ParseManifestInput,
    RenditionInput, SubmitJobInput, SubmitJobOutput, TranscodeChunkInput, ValidateInputInput,
};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::plan::{Plan, RenditionItem};
use reelsmith_core::ports::{ObjectStore, PutOptions, SubmissionStore as _};
use reelsmith_core::submission::{Row, Step, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;
use reelsmith_media::Tools;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::admission::Admission;
use reelsmith_pipeline::settings::{JobDefaults, Settings};
use reelsmith_pipeline::submission::Submissions;
use reelsmith_pipeline::worker::EncoderPorts;
use reelsmith_testkit::fakes::{
    ManualClock, MemoryAdmissions, MemoryAnnouncer, MemoryEncodes, MemoryStore, MemorySubmissions,
    MemoryWorkflow,
};
use reelsmith_testkit::faults::{Faults, Faulty};
use reelsmith_tests::delivery::{Caption, Delivery};
use serde::Serialize;
use serde_json::Value;

use crate::every_function::line::Station;

const IN: &str = "in";
pub const OUT: &str = "out";
pub const LEASE_SECONDS: u32 = 7_200;
const NOW: UnixMillis = UnixMillis(1_767_225_600_000);

/// The persistent state of one job, and its progress.
pub struct World {
    pub store: Arc<MemoryStore>,
    pub submissions: Arc<MemorySubmissions>,
    pub announcer: Arc<MemoryAnnouncer>,
    pub workflow: Arc<MemoryWorkflow>,
    pub encodes: Arc<MemoryEncodes>,
    pub encoder: EncoderKind,
    pub clock: Arc<ManualClock>,
    key: String,
    tools: Tools,
    passed: Vec<Station>,
    job: Option<JobRef>,
    claim: Option<Claim>,
}

impl World {
    /// A delivery of one second of video with audio and captions, for an encoder.
    pub async fn fresh(encoder: EncoderKind) -> Self {
        let mezzanine = std::fs::read(reelsmith_tests::media::short()).unwrap();
        let mut delivery = Delivery::of("every", &mezzanine);
        delivery.languages = vec!["ja"];
        delivery.captions = vec![Caption {
            language: "en",
            key: "captions/every.srt".into(),
            body: "1\n00:00:00,100 --> 00:00:00,500\nLine\n",
        }];
        let name = format!("{encoder:?}").to_lowercase();
        delivery.settings = format!("<Encoder>{name}</Encoder><EnableH265>false</EnableH265>");
        let clock = Arc::new(ManualClock::at(NOW));
        let world = Self {
            encoder,
            encodes: Arc::new(MemoryEncodes::new(clock.clone())),
            store: Arc::new(MemoryStore::with_buckets([IN, OUT])),
            submissions: Arc::default(),
            announcer: Arc::default(),
            workflow: Arc::default(),
            clock,
            key: delivery.manifest_key(),
            tools: Tools::locate(&reelsmith_testkit::media_folder(), None, None).unwrap(),
            passed: Vec::new(),
            job: None,
            claim: None,
        };
        world
            .upload(&delivery.mezzanine_key, mezzanine.into())
            .await;
        world
            .upload(
                "captions/every.srt",
                Bytes::from_static(delivery.captions[0].body.as_bytes()),
            )
            .await;
        world.upload(&world.key, delivery.manifest().into()).await;
        world
    }

    async fn upload(&self, key: &str, body: Bytes) {
        let (object, options) = (ObjectRef::new(IN, key), PutOptions::default());
        self.store.put(&object, body, &options).await.unwrap();
    }

    /// An independent copy.
    pub async fn twin(&self) -> Self {
        let store = MemoryStore::with_buckets([IN, OUT]);
        for bucket in [IN, OUT] {
            for key in self.store.keys(bucket) {
                let (body, mut options) = self.store.object(bucket, &key).unwrap();
                options.create_only = false;
                options.replace = None;
                store
                    .put(&ObjectRef::new(bucket, &key), body, &options)
                    .await
                    .unwrap();
            }
        }
        let submissions = MemorySubmissions::default();
        for row in self.submissions.rows() {
            submissions.place(row);
        }
        for (entry, sent) in self.submissions.outbox() {
            submissions.enqueue(&entry).await.unwrap();
            if let Some(sent) = sent {
                submissions.mark_sent(&entry, sent).await.unwrap();
            }
        }
        Self {
            encoder: self.encoder,
            encodes: Arc::new(self.encodes.twin()),
            store: Arc::new(store),
            submissions: Arc::new(submissions),
            announcer: Arc::default(),
            workflow: Arc::clone(&self.workflow),
            clock: Arc::new(ManualClock::at(NOW)),
            key: self.key.clone(),
            tools: self.tools.clone(),
            passed: self.passed.clone(),
            job: self.job.clone(),
            claim: self.claim.clone(),
        }
    }

    /// The next call of the job; `None` after the last.
    pub async fn next_station(&mut self) -> Option<Station> {
        let mut line = vec![
            Station::StartExecution,
            Station::ParseManifest,
            Station::ValidateInput,
            Station::SubmitJob,
            Station::PlanChunks,
            Station::VerifyMezzanine,
        ];
        if self.encoder == EncoderKind::MediaConvert {
            line.extend([Station::StartEncode, Station::CheckJob]);
        } else if let (Some(claim), true) =
            (&self.claim, self.passed.contains(&Station::PlanChunks))
        {
            let plan: Plan = self
                .objects(&Faults::none())
                .read(&claim.keys().plan())
                .await
                .unwrap();
            line.extend(plan.chunk_items().into_iter().map(Station::TranscodeChunk));
            line.extend(
                plan.audio
                    .iter()
                    .map(|a| Station::EncodeAudio(a.path.clone())),
            );
            line.extend(
                plan.text
                    .iter()
                    .map(|t| Station::ConvertCaptions(t.path.clone())),
            );
            line.extend(
                plan.renditions()
                    .map(|r| Station::AssembleRendition(r.to_owned())),
            );
            line.extend([
                Station::MakeImages,
                Station::PackageOutputs,
                Station::FailJob,
                Station::ValidateOutput,
                Station::PublishJob,
                Station::CleanupJob,
                Station::Notify,
                Station::ReapJobs,
            ]);
        }
        let next = line.into_iter().find(|s| !self.passed.contains(s));
        if next == Some(Station::ReapJobs) {
            self.stop_a_third().await;
        }
        if next == Some(Station::CheckJob) {
            self.encoded();
        }
        next
    }

    /// Adds another title, whose execution was stopped while it held its job.
    async fn stop_a_third(&self) {
        let row = self.submissions.rows().remove(0);
        let transition = Transition {
            job_key: "ee".repeat(32).parse().unwrap(),
            step: Step::Reserve {
                asset: row.asset,
                manifest_id: "third".into(),
                encoder: row.encoder,
                owner: "arn:third".into(),
                lease_seconds: LEASE_SECONDS,
                force: false,
            },
            notice: None,
        };
        let reserved = self
            .submissions
            .apply(&transition, UnixMillis(NOW.0 - 120_000))
            .await;
        assert!(matches!(
            reserved,
            Ok(TransitionOutcome::Applied(Row { .. }))
        ));
        self.workflow.end("arn:third");
        self.workflow.end("third");
    }

    /// Continues the job with the output of a station.
    pub fn took(&mut self, station: &Station, output: Value) {
        match station {
            Station::ParseManifest => self.job = serde_json::from_value(output).unwrap(),
            Station::SubmitJob => {
                let output: SubmitJobOutput = serde_json::from_value(output).unwrap();
                self.claim = Some(output.claim);
            }
            _ => {}
        }
        self.passed.push(station.clone());
    }

    pub fn faulty(&self, faults: &Arc<Faults>) -> Arc<dyn ObjectStore> {
        Arc::new(Faulty::new(self.store.clone(), faults.clone()))
    }

    pub fn objects(&self, faults: &Arc<Faults>) -> Objects {
        Objects::new(self.faulty(faults), OUT)
    }

    pub fn table(&self, faults: &Arc<Faults>) -> Submissions {
        let table = Arc::new(Faulty::new(self.submissions.clone(), faults.clone()));
        Submissions::new(table, self.clock.clone())
    }

    fn machine(&self, faults: &Arc<Faults>) -> Arc<Faulty<MemoryWorkflow>> {
        Arc::new(Faulty::new(self.workflow.clone(), faults.clone()))
    }

    fn topic(&self, faults: &Arc<Faults>) -> Arc<Faulty<MemoryAnnouncer>> {
        Arc::new(Faulty::new(self.announcer.clone(), faults.clone()))
    }

    fn encoder(&self, faults: &Arc<Faults>) -> Arc<EncoderPorts> {
        Arc::new(EncoderPorts {
            store: self.faulty(faults),
            outputs: self.objects(faults),
            clock: self.clock.clone(),
            tools: self.tools.clone(),
        })
    }

    pub fn source(&self) -> ManifestObject {
        ManifestObject {
            bucket: IN.into(),
            key: self.key.clone(),
            version_id: None,
        }
    }

    fn of_rendition(&self, rendition: &str) -> RenditionInput {
        RenditionInput {
            claim: self.claim.clone().unwrap(),
            item: RenditionItem {
                rendition: rendition.to_owned(),
            },
        }
    }

    pub fn claimed(&self) -> ClaimInput {
        ClaimInput {
            claim: self.claim.clone().unwrap(),
        }
    }

    /// Calls the function of a station and returns its output as JSON.
    pub async fn call(&self, station: &Station, f: &Arc<Faults>) -> Result<Value, Failure> {
        // The future holds that of the largest function.
        Box::pin(self.handle(station, f)).await
    }

    async fn handle(&self, station: &Station, f: &Arc<Faults>) -> Result<Value, Failure> {
        let outputs = self.objects(f);
        let r = Invocation::of_test("r");
        match station {
            Station::StartExecution => self.start(f).await,
            Station::ParseManifest => {
                let settings = [
                    (Setting::PROFILE, "draft"),
                    (Setting::ENCODER_BUILD, &self.tools.build()),
                ];
                let defaults = JobDefaults::of(&Settings::of(&settings))?;
                let store = self.faulty(f);
                let ports = parse_manifest::Ports {
                    store,
                    outputs,
                    defaults,
                };
                let input = ParseManifestInput {
                    source: self.source(),
                };
                json(parse_manifest::handle(Arc::new(ports), input, r).await)
            }
            Station::ValidateInput => {
                let ports = validate_input::Ports {
                    store: self.faulty(f),
                    input_bucket: IN.into(),
                    outputs,
                    tools: self.tools.clone(),
                };
                let input = ValidateInputInput {
                    job: self.job.clone().unwrap(),
                    entered: None,
                };
                json(validate_input::handle(Arc::new(ports), input, r).await)
            }
            Station::SubmitJob => {
                let ports = submit_job::Ports {
                    outputs,
                    submissions: self.table(f),
                    workflow: self.machine(f),
                    lease_seconds: LEASE_SECONDS,
                    force: false,
                    cap: None,
                    mediaconvert: true,
                };
                let input = SubmitJobInput {
                    job: self.job.clone().unwrap(),
                    execution: execution("first"),
                };
                json(submit_job::handle(Arc::new(ports), input, r).await)
            }
            Station::PlanChunks => {
                let ports = plan_chunks::Ports {
                    store: self.faulty(f),
                    outputs,
                    tools: self.tools.clone(),
                    workers: 2,
                };
                json(plan_chunks::handle(Arc::new(ports), self.claimed(), r).await)
            }
            Station::VerifyMezzanine => {
                let ports = verify_mezzanine::Ports {
                    store: self.faulty(f),
                    outputs,
                    pass: std::time::Duration::from_secs(600),
                };
                json(verify_mezzanine::handle(Arc::new(ports), self.claimed(), r).await)
            }
            Station::TranscodeChunk(item) => {
                let (claim, item) = (self.claim.clone().unwrap(), *item);
                let input = TranscodeChunkInput { claim, item };
                json(transcode_chunk::handle(self.encoder(f), input, r).await)
            }
            Station::EncodeAudio(rendition) => {
                let input = self.of_rendition(rendition);
                json(encode_audio::handle(self.encoder(f), input, r).await)
            }
            Station::ConvertCaptions(rendition) => {
                let input = self.of_rendition(rendition);
                json(convert_captions::handle(self.encoder(f), input, r).await)
            }
            Station::AssembleRendition(rendition) => {
                let input = self.of_rendition(rendition);
                json(assemble_rendition::handle(self.encoder(f), input, r).await)
            }
            Station::MakeImages => {
                json(make_images::handle(self.encoder(f), self.claimed(), r).await)
            }
            Station::StartEncode => json(self.start_encode(f).await),
            Station::CheckJob => json(self.check_job(f).await),
            Station::PackageOutputs => {
                let ports = Arc::new(package_outputs::Ports { outputs });
                json(package_outputs::handle(ports, self.claimed(), r).await)
            }
            Station::ValidateOutput => {
                let ports = validate_output::Ports {
                    outputs,
                    submissions: self.table(f),
                    lease_seconds: LEASE_SECONDS,
                };
                json(validate_output::handle(Arc::new(ports), self.claimed(), r).await)
            }
            Station::FailJob => {
                let submissions = self.table(f);
                let ports = fail_job::Ports {
                    outputs,
                    submissions,
                    encodes: None,
                };
                let input = self.failed_before_it_had_a_job();
                json(fail_job::handle(Arc::new(ports), input, r).await)
            }
            Station::PublishJob => {
                let submissions = self.table(f);
                let ports = publish_job::Ports {
                    outputs,
                    submissions,
                };
                json(publish_job::handle(Arc::new(ports), self.claimed(), r).await)
            }
            Station::CleanupJob => {
                let ports = Arc::new(cleanup_job::Ports { outputs });
                json(cleanup_job::handle(ports, self.claimed(), r).await)
            }
            Station::Notify => {
                let (submissions, announcer) = (self.table(f), self.topic(f));
                let ports = notify::Ports {
                    submissions,
                    announcer,
                };
                let outbox = self.job.clone().unwrap().job_key.to_string();
                json(notify::handle(Arc::new(ports), NotifyInput { outbox }, r).await)
            }
            Station::ReapJobs => {
                let line = Arc::new(Faulty::new(
                    Arc::new(MemoryAdmissions::default()),
                    f.clone(),
                ));
                let ports = reap_jobs::Ports {
                    outputs,
                    submissions: self.table(f),
                    announcer: self.topic(f),
                    workflow: self.machine(f),
                    encodes: None,
                    admission: Admission::new(line, self.machine(f), 1),
                    abandoned_after: 60,
                };
                json(reap_jobs::handle(Arc::new(ports), Value::Null, r).await)
            }
        }
    }

    /// Rebuilds the waiting line for each call, because the queue delivers the event again.
    async fn start(&self, f: &Arc<Faults>) -> Result<Value, Failure> {
        let line = Arc::new(Faulty::new(
            Arc::new(MemoryAdmissions::default()),
            f.clone(),
        ));
        let ports = start_execution::Ports {
            store: self.faulty(f),
            admission: Admission::new(line, self.machine(f), 1),
            input_bucket: IN.into(),
        };
        let body = serde_json::json!({"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "p"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {},
            "s3": {"s3SchemaVersion": "1.0", "configurationId": "c",
                "bucket": {"name": IN, "ownerIdentity": {"principalId": "p"}, "arn": "a"},
                "object": {"key": self.key, "size": 1, "eTag": "e", "sequencer": "0"}}
        }]});
        let mut message = SqsMessage::default();
        message.message_id = Some("m".into());
        message.body = Some(body.to_string());
        let mut batch = SqsEvent::default();
        batch.records = vec![message];
        let response =
            start_execution::handle(Arc::new(ports), batch, Invocation::of_test("r")).await?;
        if response.batch_item_failures.is_empty() {
            return Ok(Value::Null);
        }
        // The queue delivers the message again. In this test that counts as the retry of an unavailable service.
        let unavailable = reelsmith_core::ports::PortError::new(
            reelsmith_core::ports::PortErrorKind::Unavailable,
            "left in the queue",
        );
        Err(Failure::table(&unavailable))
    }
}

pub fn execution(name: &str) -> Execution {
    Execution {
        id: format!("arn:{name}"),
        name: name.to_owned(),
    }
}

fn json<T: Serialize>(output: Result<T, Failure>) -> Result<Value, Failure> {
    Ok(serde_json::to_value(output?).unwrap())
}
