//! Complete jobs on the local stack, from an object in S3 to a message on the topic.

mod audio_only;
mod channels;
pub(crate) mod clip;
mod names;
mod no_audio;
mod progressive;

use std::process::Command;

use reelsmith_conformance::{Report, Severity};
use reelsmith_core::keys::{Generation, GenerationKeys};
use reelsmith_core::ladder::{VideoCodec, VideoRange};
use reelsmith_core::record::{ChunkRecord, Current};
use reelsmith_tests::delivery::{Caption, Delivery};
use reelsmith_tests::media;
use reelsmith_tests::world::World;
use serde_json::Value;

const CAPTIONS: &str = "1\n00:00:01,000 --> 00:00:03,500\nFirst line\n\n2\n00:00:05,000 --> 00:00:06,000\n<i>Second</i> & last\n";

/// AAC frames of ten seconds at 48 kHz with the priming frame: ceil(480,000 / 1,024) + 1.
const AUDIO_FRAMES: u64 = 470;

fn standard() -> Vec<u8> {
    std::fs::read(media::standard()).unwrap()
}

/// The decoded frames of each video and each audio stream at a URL. Reads one stream at a time, like a player, because
/// ffmpeg's DASH demuxer drops the ends of streams that it reads together.
fn decoded(url: &str) -> (Vec<u64>, Vec<u64>) {
    let all = |kind: &str| {
        (0..)
            .map_while(|n| frames(url, &format!("{kind}:{n}")))
            .collect()
    };
    (all("v"), all("a"))
}

fn frames(url: &str, stream: &str) -> Option<u64> {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_frames",
            "-of",
            "json",
            "-show_entries",
            "stream=nb_read_frames",
        ])
        .args(["-select_streams", stream, url])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.is_empty(),
        "{url} {stream}: {stderr}"
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    found["streams"][0]["nb_read_frames"].as_str()?.parse().ok()
}

async fn chunk_records(world: &World, keys: &GenerationKeys) -> Vec<ChunkRecord> {
    let mut records = Vec::new();
    for key in world.keys(&format!("{}chunks/", keys.work_prefix())).await {
        records.push(world.outputs().read(&key).await.unwrap());
    }
    records
}

fn keys_of(output: &Value) -> GenerationKeys {
    let asset = output["asset"].as_str().unwrap().parse().unwrap();
    let job_key = output["job_key"].as_str().unwrap().parse().unwrap();
    GenerationKeys::new(&asset, &job_key, Generation::FIRST)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_becomes_verified_hls_and_dash_and_a_second_delivery_encodes_nothing() {
    let world = World::join("jobs").await;
    let mut delivery = Delivery::of("whole-job", &std::fs::read(media::captioned()).unwrap());
    delivery.captions = vec![Caption {
        language: "en",
        key: "captions/whole-job.srt".into(),
        body: CAPTIONS,
    }];
    let execution = world.deliver(&delivery).await;
    let output = world.succeeded(&execution).await;
    let keys = keys_of(&output);

    let hls = output["outputs"]["hls"].as_str().unwrap();
    let (video, audio) = decoded(&world.url(hls));
    assert_eq!(video, [media::FRAMES; 2], "every frame of both rungs");
    assert_eq!(audio, [AUDIO_FRAMES; 2], "both languages whole");
    let dash = output["outputs"]["dash"].as_str().unwrap();
    assert_eq!(decoded(&world.url(dash)), (video, audio));

    captions_of_file_and_mezzanine(&world, &keys).await;

    let records = chunk_records(&world, &keys).await;
    assert!(records.len() >= 2);
    let workers: std::collections::BTreeSet<_> = records.iter().map(|r| &r.run.worker).collect();
    // The Map started them at once: an environment runs one chunk at a time, and a second one starts only if it is busy.
    assert!(
        workers.len() >= 2,
        "chunks ran in parallel, in as many environments as configured"
    );

    let current: Current = world.outputs().read(&keys.current()).await.unwrap();
    assert_eq!(current.outputs.hls, hls);
    let message = world.notification(&execution).await;
    assert_eq!(message["kind"], "success");
    assert_eq!(message["outputs"]["hls"], hls);

    let before = world.keys(keys.output_prefix()).await;
    let again = world.deliver(&delivery).await;
    assert_ne!(
        again, execution,
        "a new version of the manifest is a new execution"
    );
    let duplicate = world.succeeded(&again).await;
    assert_eq!(duplicate["decision"], "DUPLICATE_COMPLETE");
    assert_eq!(duplicate["outputs"], output["outputs"]);
    assert_eq!(world.notification(&again).await["kind"], "duplicate");
    assert_eq!(world.keys(keys.output_prefix()).await, before);
    assert_eq!(
        chunk_records(&world, &keys).await,
        records,
        "nothing was encoded again"
    );
    assert_eq!(
        world.notifications(&execution).await.len(),
        1,
        "one success message"
    );
}

/// The English captions come from the manifest, the Japanese ones from the mezzanine; the report names the stream without a
/// language.
async fn captions_of_file_and_mezzanine(world: &World, keys: &GenerationKeys) {
    let whole = async |language: &str| {
        let key = keys.output(&format!("text/{language}/captions.vtt"));
        String::from_utf8(world.get(&key).await.to_vec()).unwrap()
    };
    assert!(whole("en").await.contains("First line"));
    assert_eq!(
        whole("ja").await,
        "WEBVTT\n\n00:00:02.000 --> 00:00:04.250\n一行目\n\n00:00:07.000 --> 00:00:09.000\nA &amp; <i>B</i>\n"
    );
    let report: Report = world.outputs().read(&keys.report()).await.unwrap();
    let warnings = report.violations.iter().filter(|v| v.rule == "SUB-03");
    let found: Vec<_> = warnings
        .map(|v| (v.severity, v.expected.as_str()))
        .collect();
    assert_eq!(
        found,
        [(
            Severity::Warn,
            "the captions of the mezzanine's stream 5, mov_text, language not stated"
        )]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_manifest_fails_with_every_defect_and_a_message() {
    let world = World::join("jobs").await;
    let xml = include_str!("../../../sample-data/manifests/bad/many-defects.xml");
    let execution = world.drop_manifest("manifests/many-defects.xml", xml).await;
    let (error, cause) = world.failed(&execution).await;
    assert_eq!(error, "ManifestInvalid");
    let parsed = reelsmith_core::manifest::parse(xml.as_bytes());
    assert!(parsed.defects.len() >= 8);
    for defect in parsed.defects {
        if defect.severity == reelsmith_core::manifest::Severity::Error {
            assert!(
                cause.contains(&defect.to_string()),
                "{defect} is not in {cause}"
            );
        }
    }
    let message = world.notification(&execution).await;
    assert_eq!(
        (message["kind"].as_str(), message["error"].as_str()),
        (Some("failure"), Some("ManifestInvalid"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_bad_delivery_fails_with_its_own_error() {
    let world = World::join("jobs").await;
    let good = Delivery::of("bad", &standard());
    let file = |path: &std::path::Path| std::fs::read(path).unwrap();
    let named = |id: &str, delivery: Delivery| Delivery {
        id: id.to_owned(),
        mezzanine_key: format!("mezzanines/{id}.mp4"),
        ..delivery
    };
    let cases = [
        (
            "MezzanineChecksumMismatch",
            named(
                "wrong-md5",
                Delivery {
                    md5: "0".repeat(32),
                    ..good.clone()
                },
            ),
        ),
        (
            "MezzanineChecksumMismatch",
            named(
                "wrong-xxhash",
                Delivery {
                    xxhash: "0".repeat(16),
                    ..good.clone()
                },
            ),
        ),
        (
            "MezzanineSizeMismatch",
            named(
                "wrong-size",
                Delivery {
                    size: good.size + 1,
                    ..good.clone()
                },
            ),
        ),
        (
            "MezzanineMissing",
            named(
                "missing",
                Delivery {
                    mezzanine: None,
                    ..good.clone()
                },
            ),
        ),
        (
            "MezzanineEmpty",
            named(
                "empty",
                Delivery {
                    mezzanine: Some(vec![]),
                    ..good.clone()
                },
            ),
        ),
        (
            "VideoStreamMissing",
            Delivery {
                languages: vec![],
                ..Delivery::of("audio-not-listed", &file(media::audio_only()))
            },
        ),
        (
            "ContainerUnsupported",
            Delivery::of("text", b"just a text file renamed to .mp4\n"),
        ),
        (
            "MezzanineTruncated",
            Delivery::of("cut-off", &standard()[..5_000]),
        ),
        (
            "AudioTrackMissing",
            named(
                "no-such-track",
                Delivery {
                    languages: vec!["ja", "en", "de"],
                    ..good.clone()
                },
            ),
        ),
        (
            "AudioTrackMissing",
            Delivery {
                languages: vec!["ja"],
                ..Delivery::of("audio-of-a-silent-file", &file(media::silent()))
            },
        ),
        (
            "AudioLayoutUnsupported",
            Delivery {
                languages: vec!["ja"],
                ..Delivery::of("sixteen-channels", &file(media::separate_channels()[1]))
            },
        ),
        (
            "PictureUnsupported",
            Delivery {
                languages: vec!["ja"],
                ..Delivery::of("ictcp", &file(media::hdr_by_another_matrix()))
            },
        ),
    ];
    let mut started = Vec::new();
    for (expected, delivery) in cases {
        let execution = world.deliver(&delivery).await;
        started.push((expected, delivery.id, execution));
    }
    for (expected, id, execution) in started {
        let (error, cause) = world.failed(&execution).await;
        assert_eq!(error, expected, "{id}: {cause}");
        for part in ["expected ", "; found ", "; at ", "; to do: "] {
            assert!(cause.contains(part), "{id}: {cause}");
        }
        assert_eq!(
            world.notification(&execution).await["error"],
            expected,
            "{id}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_waits_for_a_mezzanine_that_arrives_after_its_manifest() {
    let world = World::join("jobs").await;
    let delivery = Delivery::of("late", &standard());
    let execution = world
        .drop_manifest(&delivery.manifest_key(), &delivery.manifest())
        .await;
    let tried = |events: Vec<reelsmith_aws::operate::HistoryEvent>| {
        let missing = |e: &reelsmith_aws::operate::HistoryEvent| matches!(&e.kind, reelsmith_aws::operate::HistoryKind::TaskFailed { error, cause } if error == "MezzanineMissing" && cause.contains("waits 26 minutes for it, until 20"));
        events.iter().any(missing)
    };
    while !world.cloud.history(&execution, 0).await.is_ok_and(tried) {
        tokio::task::yield_now().await;
    }
    world.put(&delivery.mezzanine_key, standard()).await;
    assert_eq!(world.succeeded(&execution).await["decision"], "ENCODE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_can_be_delivered_again_at_once() {
    let world = World::join("jobs").await;
    let good = Delivery::of("second-try", &standard());
    let wrong = Delivery {
        mezzanine: Some(b"another file".to_vec()),
        ..good.clone()
    };
    let (error, _) = world.failed(&world.deliver(&wrong).await).await;
    assert_eq!(error, "MezzanineSizeMismatch");
    assert_eq!(
        world.succeeded(&world.deliver(&good).await).await["decision"],
        "ENCODE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn interlaced_video_is_delivered_as_frames() {
    let world = World::join("jobs").await;
    let delivery = Delivery {
        languages: vec!["ja"],
        ..Delivery::of("interlaced", &std::fs::read(media::interlaced()).unwrap())
    };
    let output = world.succeeded(&world.deliver(&delivery).await).await;
    let hls = world.url(output["outputs"]["hls"].as_str().unwrap());
    let (video, _) = decoded(&hls);
    assert!(
        !video.is_empty() && video.iter().all(|n| *n == 100),
        "{video:?}"
    );
    let plan: reelsmith_core::plan::Plan = world
        .outputs()
        .read(&keys_of(&output).plan())
        .await
        .unwrap();
    assert_eq!(plan.scan, reelsmith_core::probe::Scan::TopFirst);
    // 720 × 576 with 64:45 pixels are 1024 × 576 square pixels.
    let shapes: Vec<_> = plan.video.iter().map(|v| v.rung.resolution).collect();
    assert!(
        shapes.iter().all(|r| r.width * 9 / 16 == r.height),
        "{shapes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hdr10_is_delivered_with_sdr_and_signalled() {
    let world = World::join("jobs").await;
    let delivery = Delivery {
        languages: vec!["ja"],
        settings: "<EnableH265>true</EnableH265>".into(),
        ..Delivery::of("hdr10", &std::fs::read(media::hdr10()).unwrap())
    };
    let output = world.succeeded(&world.deliver(&delivery).await).await;
    // Rule HLS-M20 in the job's own validation has compared VIDEO-RANGE with every init segment.
    let keys = keys_of(&output);
    let plan: reelsmith_core::plan::Plan = world.outputs().read(&keys.plan()).await.unwrap();
    for video in &plan.video {
        let expected = match video.rung.codec {
            VideoCodec::H264 => ("yuv420p", VideoRange::Sdr),
            VideoCodec::H265 => ("yuv420p10le", VideoRange::Pq),
        };
        let format = video.rung.settings.pixel_format.as_str();
        assert_eq!((format, video.rung.range), expected, "{}", video.path);
    }
    assert!(plan.video.iter().any(|v| v.rung.range == VideoRange::Pq));
    let (video, _) = decoded(&world.url(output["outputs"]["hls"].as_str().unwrap()));
    assert!(
        video.len() >= 2 && video.iter().all(|n| *n == 96),
        "{video:?}"
    );
    let (video, _) = decoded(&world.url(output["outputs"]["dash"].as_str().unwrap()));
    assert!(video.iter().all(|n| *n == 96), "{video:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_uploads_of_one_manifest_encode_once() {
    let world = World::join("jobs").await;
    let delivery = Delivery::of("flooded", &standard());
    let mut executions = vec![world.deliver(&delivery).await];
    for _ in 0..9 {
        executions.push(
            world
                .drop_manifest(&delivery.manifest_key(), &delivery.manifest())
                .await,
        );
    }
    let mut decisions = Vec::new();
    for execution in &executions {
        let output = world.succeeded(execution).await;
        decisions.push(output["decision"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        decisions.iter().filter(|d| *d == "ENCODE").count(),
        1,
        "{decisions:?}"
    );
}
