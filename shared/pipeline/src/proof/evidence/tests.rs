use std::sync::Arc;

use reelsmith_conformance::{Delivery, Expectation, Profiles, check};
use reelsmith_core::keys::Generation;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::manifest::parse;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::submission::Fence;
use reelsmith_testkit::fakes::MemoryStore;
use serde_json::{Value, json};

use super::*;

const BUILD: &str = "ffmpeg 5.1";

fn job() -> Job {
    let xml = include_bytes!("../../../../../sample-data/manifests/good/full.xml");
    let pin = ObjectPin {
        object: ObjectRef::new("in", "manifests/full.xml"),
        version_id: None,
        etag: "e".to_owned(),
        size: 1,
    };
    let options = OutputOptions {
        h265: false,
        dash: true,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let manifest = parse(xml).manifest.unwrap();
    let profile = Profile::named("default").unwrap();
    let (encoder, build) = (EncoderKind::Lambda, BUILD.to_owned());
    let job = Job::new(pin, manifest, options, profile, encoder, build, Vec::new());
    // As it is read from storage, because the key is computed from what was read.
    serde_json::from_slice(&serde_json::to_vec(&job).unwrap()).unwrap()
}

fn claim(job: &Job) -> Claim {
    let fence = json!({"generation": 1, "attempt": 1, "owner": "execution-1"});
    let fence: Fence = serde_json::from_value(fence).unwrap();
    Claim {
        job_key: job.job_key.clone(),
        asset: job.asset.clone(),
        fence,
    }
}

fn plan(job: &Job) -> Plan {
    let second = |ticks: i64| json!({"ticks": ticks, "timescale": 24_000});
    let chunk = json!({"index": 0, "frames": {"start": 0, "end": 240}, "first_segment": 1, "segments": 3,
        "cut": {"seek": null, "start": null, "end": null, "reads": []}});
    let rung = json!({"name": "720p", "codec": "h264", "resolution": {"width": 1280, "height": 720},
        "max_bitrate": 3_000_000, "buffer_bits": 4_500_000, "crf": 21.0, "level": 31,
        "settings": {"preset": "medium", "profile": "high", "pixel_format": "yuv420p", "threads": 1}});
    let plan = json!({
        "job_key": job.job_key, "generation": Generation::FIRST, "frame_rate": "24000/1001", "timescale": 24_000,
        "total_frames": 240, "mapping": "every", "video_start": second(0), "segment_frames": 96,
        "gop_frames": 48, "cutting": {"how": "seek"}, "index": "tables", "scan": "progressive", "chunks": [chunk], "groups": [[0]],
        "video": [{"path": "video/h264_720p", "rung": rung}],
        "audio": [{"path": "audio/en", "stream": 1, "language": "en", "label": "English", "default": true,
            "sample_rate": 48_000, "samples": 480_480, "channels": 2, "described": false}],
        "text": [],
    });
    serde_json::from_value(plan).unwrap()
}

fn mezzanine() -> Value {
    json!({"bucket": "in", "key": "mezzanines/rain.mov", "etag": "e", "size": 1_048_576})
}

fn checksums(md5: &str) -> Value {
    let digits = "0".repeat(16);
    json!({
        "mezzanine": mezzanine(),
        "checksums": {"md5": md5, "xxh64": digits, "xxh3_64": digits, "xxh3_128": digits, "sha256": digits},
    })
}

fn probe() -> Value {
    json!({
        "mezzanine": mezzanine(), "size": 1_048_576,
        "probe": {"container": "mov", "duration_us": 10_010_000, "audio": [], "streams": 2, "video": {
            "index": 0, "codec": "h264", "profile": null, "coded": {"width": 1280, "height": 720}, "sar": [1, 1],
            "rotation": 0, "pixel_format": "yuv420p", "bit_depth": 8, "base_frame_rate": null,
            "average_frame_rate": null, "time_base": [1, 24_000], "field_order": "progressive", "primaries": null,
            "transfer": null, "matrix": null, "range": null}},
        "captions": [],
    })
}

fn run(build: &str) -> Value {
    json!({"request_id": "r", "worker": "w", "started": 0, "ended": 1, "cpu_ms": 1, "bytes_read": 1,
        "encoder_build": build})
}

/// A job with all of its records; `change` may replace one before it is stored.
async fn rules(change: impl Fn(&str, &mut Value)) -> (Evidence, Vec<String>) {
    let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
    let (job, mut claimed) = (job(), claim(&job()));
    claimed.job_key = job.job_key.clone();
    let (plan, keys) = (plan(&job), claimed.keys());
    let output =
        json!({"rendition": "audio/en", "timescale": 48_000, "init_sha256": "", "segments": []});
    let of_job = json!({"job_key": job.job_key, "generation": 1});
    let mut chunk = of_job.clone();
    chunk["chunk"] = json!(0);
    chunk["group"] = json!(0);
    chunk["frames"] = json!({"start": 0, "end": 240});
    chunk["outputs"] = json!([]);
    chunk["run"] = run(BUILD);
    let mut track = of_job;
    track["output"] = output;
    track["loudness"] = json!({"source_lufs": -22.9, "source_peak_dbtp": -7.1, "gain_db": 7.4,
        "result_lufs": -16.0, "result_peak_dbtp": -1.2});
    track["run"] = run(BUILD);
    let stored = [
        (
            "checksums",
            JobKeys(&job.job_key).checksums(),
            checksums(&job.manifest.mezzanine.checksum_md5.to_lowercase()),
        ),
        ("probe", JobKeys(&job.job_key).probe(), probe()),
        ("chunk", keys.chunk_record(0, 0), chunk),
        ("track", keys.track_record("audio/en"), track),
    ];
    for (name, key, mut value) in stored {
        change(name, &mut value);
        outputs.write(&key, &value).await.unwrap();
    }
    let evidence = read(&outputs, &claimed, &plan, &job).await.unwrap();
    let expectation = Expectation {
        evidence: evidence.clone(),
        ..Expectation::from_plan(&plan, &[], true)
    };
    let report = check(
        &Delivery::default(),
        Some(&expectation),
        Profiles::REELSMITH,
    );
    let rules = report.violations.into_iter().map(|v| v.rule);
    let ours = rules.filter(|r| ["PIP-01", "SEG-16"].contains(&r.as_str()));
    (evidence, ours.collect())
}

#[tokio::test]
async fn the_records_of_a_job_are_its_provenance() {
    let (evidence, broken) = rules(|_, _| {}).await;
    assert_eq!(broken, [] as [&str; 0], "{:?}", evidence.provenance);
    let provenance = evidence.provenance.unwrap();
    assert_eq!(provenance.records.len(), 5);
    assert_eq!(provenance.job.encoder_build.as_deref(), Some(BUILD));
    let level = &evidence.levels[0];
    assert_eq!((level.integrated, level.target), (Some(-1_600), -1_600));
    assert_eq!(evidence.source.unwrap().to_string(), "1280x720");
    assert_eq!(evidence.warnings, []);
}

#[tokio::test]
async fn the_warnings_of_all_records_reach_the_report() {
    let warning = json!({"name": "CaptionCueDropped", "source": "captions/en.srt", "count": 1,
        "places": [{"line": 7}], "expected": "a time", "found": "none", "treatment": "left out"});
    let (evidence, _) = rules(|name, value| {
        if name == "chunk" || name == "track" {
            value["warnings"] = json!([warning]);
        }
    })
    .await;
    assert_eq!(evidence.warnings.len(), 1);
    assert_eq!(evidence.warnings[0].count, 2);
}

#[tokio::test]
async fn a_record_of_another_encode_is_reported() {
    for (record, field, other) in [
        ("chunk", "/job_key", json!("00".repeat(32))),
        ("chunk", "/generation", json!(2)),
        ("chunk", "/run/encoder_build", json!("ffmpeg 7.1")),
        ("track", "/run/encoder_build", json!("ffmpeg 7.1")),
        ("checksums", "/checksums/md5", json!("00".repeat(16))),
        ("checksums", "/mezzanine/etag", json!("another")),
    ] {
        let change = |name: &str, value: &mut Value| {
            if name == record {
                *value.pointer_mut(field).unwrap() = other.clone();
            }
        };
        let (_, broken) = rules(change).await;
        assert_eq!(broken, ["PIP-01"], "{record}{field}");
    }
    let louder = |name: &str, value: &mut Value| {
        if name == "track" {
            value["loudness"]["result_lufs"] = json!(-13.9);
        }
    };
    assert_eq!(rules(louder).await.1, ["SEG-16"]);
}

#[tokio::test]
async fn a_missing_record_is_an_error_of_storage() {
    let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
    let job = job();
    let found = read(&outputs, &claim(&job), &plan(&job), &job).await;
    assert_eq!(found.unwrap_err().name.as_str(), "StorageInconsistent");
}
