//! Jobs with MediaConvert through the whole state machine, with a stand-in for the service that writes real output. Whatever
//! fails, one MediaConvert job is created, and its output is validated and published like that of reelsmith's encoder.

mod requests;

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mediaconvert_standin::{Fault, Options, StandIn};
use reelsmith::commands::cancel::{CancelArgs, cancel};
use reelsmith::job::connection::{Connection, Endpoint};
use reelsmith::job::resolve::JobArg;
use reelsmith_aws::{Sdk, SystemClock};
use reelsmith_core::ports::SubmissionStore as _;
use reelsmith_core::record::Current;
use reelsmith_media::Tools;
use reelsmith_tests::delivery::{Caption, Delivery};
use reelsmith_tests::media;
use reelsmith_tests::world::{DEPLOYMENT, World};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::jobs::clip;

/// Time limit until an execution has placed its order.
const PATIENCE: Duration = Duration::from_secs(240);
const LOOK: Duration = Duration::from_millis(200);
const CAPTIONS: &str = "1\n00:00:01,000 --> 00:00:03,500\nFirst line\n";
/// AAC frames of ten seconds at 48 kHz with the priming frame.
const AUDIO_FRAMES: u64 = 470;

/// The stack, and the stand-in that its functions call.
struct Stage {
    world: World,
    standin: StandIn,
}

/// One test runs at a time, because a fault affects the next job, whichever it is.
static TURN: Mutex<()> = Mutex::const_new(());

impl Stage {
    /// Starts a stand-in for this test at the port that the stack of the suite calls.
    async fn set() -> Self {
        static PORT: std::sync::OnceLock<u16> = std::sync::OnceLock::new();
        let port = *PORT.get_or_init(|| {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
            listener.local_addr().unwrap().port()
        });
        let url = format!("http://127.0.0.1:{port}");
        let world =
            World::join_with("mediaconvert", &[("AWS_ENDPOINT_URL_MEDIACONVERT", &url)]).await;
        let options = Options {
            clock: Arc::new(SystemClock),
            store: Arc::new(Sdk::emulator(&world.endpoint).await.s3()),
            endpoint: world.endpoint.clone(),
            tools: Some(Tools::locate(&reelsmith_testkit::media_folder(), None, None).unwrap()),
        };
        let standin = StandIn::start(port, options).await.unwrap();
        Self { world, standin }
    }

    /// Delivers a film for MediaConvert, again if its manifest was delivered before.
    async fn deliver(&self, id: &str) -> (Delivery, String) {
        let film = std::fs::read(media::standard()).unwrap();
        let delivery = Delivery {
            settings: "<Encoder>mediaconvert</Encoder>".to_owned(),
            captions: vec![Caption {
                language: "en",
                key: format!("captions/{id}.srt"),
                body: CAPTIONS,
            }],
            ..Delivery::of(id, &film)
        };
        let execution = self.world.deliver(&delivery).await;
        (delivery, execution)
    }

    async fn again(&self, delivery: &Delivery) -> String {
        let manifest = delivery.manifest();
        self.world
            .drop_manifest(&delivery.manifest_key(), &manifest)
            .await
    }

    /// Waits until the row of an execution has an order id.
    async fn ordered(&self, execution: &str) {
        let table = &self.world.deployment.submission_table;
        let table = self.world.cloud.sdk().submissions(table);
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(job) = self.standin.jobs().last() {
                let job_key = job.request["userMetadata"]["job_key"].as_str().unwrap();
                let row = table.row(&job_key.parse().unwrap()).await.unwrap().unwrap();
                if row.owner == execution && row.encoder_ref.is_some() {
                    return;
                }
            }
            assert!(Instant::now() < end, "{execution} orders nothing");
            tokio::time::sleep(LOOK).await;
        }
    }

    fn states(&self) -> Vec<&'static str> {
        let jobs = self.standin.jobs();
        jobs.iter().map(|job| job.status.name()).collect()
    }

    /// Everything that a player would decode of the published output.
    fn plays(&self, output: &Value) {
        let url = |key: &str| self.world.url(output["outputs"][key].as_str().unwrap());
        for manifest in [url("hls"), url("dash")] {
            assert_eq!(frames(&manifest, "v:0"), media::FRAMES, "{manifest}");
            for track in ["a:0", "a:1"] {
                assert_eq!(frames(&manifest, track), AUDIO_FRAMES, "{manifest} {track}");
            }
        }
    }
}

fn frames(url: &str, stream: &str) -> u64 {
    let entries = ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"];
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", stream])
        .args(entries)
        .arg(url)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.is_empty(), "{url} {stream}: {stderr}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches(',')
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mediaconvert_job_is_created_once_validated_and_published() {
    let _turn = TURN.lock().await;
    let stage = Stage::set().await;
    let (delivery, execution) = stage.deliver("mc-whole").await;
    let output = stage.world.succeeded(&execution).await;
    assert_eq!(stage.states(), ["COMPLETE"]);
    stage.plays(&output);
    let prefix = output["outputs"]["prefix"].as_str().unwrap();
    let keys = stage.world.keys(prefix).await;
    for name in ["init.mp4", "seg_00001.m4s", "playlist.m3u8"] {
        assert!(
            keys.iter()
                .any(|k| k.contains("/video/h264_") && k.ends_with(name)),
            "{name}"
        );
    }
    assert!(keys.iter().any(|k| k.contains("/text/en/")), "captions");
    let current = format!("outputs/{}/current.json", output["asset"].as_str().unwrap());
    let current: Current = stage.world.outputs().read(&current).await.unwrap();
    assert_eq!(current.job_key.as_str(), output["job_key"]);
    let message = stage.world.notification(&execution).await;
    assert_eq!(message["kind"], "success");
    let left = stage
        .world
        .keys(&format!("jobs/working/{}", current.job_key))
        .await;
    assert_eq!(left, Vec::<String>::new(), "MediaConvert's own files");

    let twin = stage.again(&delivery).await;
    let duplicate = stage.world.succeeded(&twin).await;
    assert_eq!(duplicate["decision"], "DUPLICATE_COMPLETE");
    assert_eq!(stage.states(), ["COMPLETE"], "a duplicate orders nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_title_without_audio_is_encoded_by_mediaconvert() {
    let _turn = TURN.lock().await;
    let stage = Stage::set().await;
    let delivery = Delivery {
        languages: vec![],
        settings: "<Encoder>mediaconvert</Encoder>".to_owned(),
        ..Delivery::of("mc-no-audio", &std::fs::read(media::silent()).unwrap())
    };
    let execution = stage.world.deliver(&delivery).await;
    let output = stage.world.succeeded(&execution).await;
    assert_eq!(stage.states(), ["COMPLETE"]);
    for kind in ["hls", "dash"] {
        let url = stage.world.url(output["outputs"][kind].as_str().unwrap());
        assert_eq!(frames(&url, "v:0"), media::SILENT_FRAMES, "{url}");
    }
    let keys = stage
        .world
        .keys(output["outputs"]["prefix"].as_str().unwrap())
        .await;
    assert!(keys.iter().all(|k| !k.contains("/audio/")), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_mezzanine_is_encoded_by_mediaconvert() {
    let _turn = TURN.lock().await;
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().unwrap();
    let film = clip::film(folder.path(), "mov");
    let delivery = Delivery {
        settings: "<Encoder>mediaconvert</Encoder>".to_owned(),
        ..clip::delivery("mc-clip", &film)
    };
    let execution = stage.world.deliver(&delivery).await;
    let output = stage.world.succeeded(&execution).await;
    let hls = output["outputs"]["hls"].as_str().unwrap();
    clip::compare(&film, &stage.world.url(hls));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mediaconvert_job_whose_response_was_lost_is_adopted_even_if_its_token_expired() {
    let _turn = TURN.lock().await;
    let stage = Stage::set().await;
    for (jobs, then_pass_seconds) in [(1, 61), (2, 0)] {
        stage
            .standin
            .inject(Fault::LoseAnswer { then_pass_seconds });
        let (_, execution) = stage.deliver(&format!("mc-lost-{then_pass_seconds}")).await;
        let output = stage.world.succeeded(&execution).await;
        assert_eq!(stage.states(), vec!["COMPLETE"; jobs], "one job each");
        stage.plays(&output);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_execution_adopts_the_mediaconvert_job_of_a_stopped_one() {
    let _turn = TURN.lock().await;
    let stage = Stage::set().await;
    let (delivery, execution) = stage.deliver("mc-stopped").await;
    stage.ordered(&execution).await;
    stage
        .world
        .cloud
        .stop_execution(&execution, "a test")
        .await
        .unwrap();
    let second = stage.again(&delivery).await;
    let output = stage.world.succeeded(&second).await;
    assert_eq!(output["decision"], "ENCODE");
    assert_eq!(stage.states(), ["COMPLETE"], "one job created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mediaconvert_job_of_a_cancelled_or_stopped_execution_is_cancelled() {
    let _turn = TURN.lock().await;
    let stage = Stage::set().await;
    stage.standin.inject(Fault::HoldJob);
    let (delivery, execution) = stage.deliver("mc-cancelled").await;
    stage.ordered(&execution).await;
    let world = &stage.world;
    let endpoint = Endpoint::Local(world.endpoint.clone());
    let names = world.deployment.clone();
    let mut connection = Connection::new(&world.cloud, endpoint, DEPLOYMENT, names);
    let service = Sdk::emulator(&stage.standin.endpoint()).await;
    connection.encodes = Arc::new(service.encodes("", ""));
    let args = CancelArgs {
        job: JobArg {
            name: Some("mc-cancelled".to_owned()),
        },
        reason: "a test".to_owned(),
    };
    let done = cancel(&connection, &args).await.unwrap().join("\n");
    assert!(done.contains("cancelled MediaConvert job"), "{done}");
    assert_eq!(stage.states(), ["CANCELED"]);

    stage.standin.inject(Fault::HoldJob);
    let second = stage.again(&delivery).await;
    stage.ordered(&second).await;
    world.cloud.stop_execution(&second, "a test").await.unwrap();
    let reaper = format!("{DEPLOYMENT}-reap-jobs");
    world.cloud.invoke(&reaper, "{}").await.unwrap();
    assert_eq!(stage.states(), ["CANCELED", "CANCELED"]);

    let third = stage.again(&delivery).await;
    world.succeeded(&third).await;
    assert_eq!(stage.states(), ["CANCELED", "CANCELED", "COMPLETE"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_request_is_retried() {
    let _turn = TURN.lock().await;
    let stage = Stage::set().await;
    for _ in 0..3 {
        stage.standin.inject(Fault::Throttle);
    }
    let (_, execution) = stage.deliver("mc-throttled").await;
    stage.world.succeeded(&execution).await;
    assert_eq!(stage.states(), ["COMPLETE"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_mediaconvert_job_reports_the_services_error_and_can_be_retried() {
    let _turn = TURN.lock().await;
    let stage = Stage::set().await;
    stage.standin.inject(Fault::FailJob {
        code: 1404,
        message: "Unable to open input file".to_owned(),
    });
    let (delivery, execution) = stage.deliver("mc-fails").await;
    let (error, cause) = stage.world.failed(&execution).await;
    assert_eq!(error, "MediaConvertJobFailed");
    assert!(
        cause.contains("error 1404: Unable to open input file"),
        "{cause}"
    );
    let message = stage.world.notification(&execution).await;
    assert_eq!(message["kind"], "failure");
    let second = stage.again(&delivery).await;
    stage.world.succeeded(&second).await;
    assert_eq!(stage.states(), ["ERROR", "COMPLETE"]);
}
