//! The requests for all sample manifests and combinations of options, which `scripts/check-mediaconvert` validates against the
//! service's API model.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use mediaconvert_standin::{Options, StandIn};
use reelsmith_aws::Sdk;
use reelsmith_core::ports::EncodeService as _;
use reelsmith_core::units::Resolution;
use reelsmith_testkit::fakes::{ManualClock, MemoryStore};
use reelsmith_testkit::orders::{Ordered, Source, options};
use serde_json::Value;

/// Mezzanines of every kind that affects a request.
fn sources() -> Vec<Source> {
    let of = |width, height, rate: &str, frames, field_order: &str| Source {
        size: Resolution { width, height },
        rate: rate.to_owned(),
        frames,
        field_order: field_order.to_owned(),
    };
    vec![
        of(1920, 1080, "24000/1001", 250, "progressive"),
        of(1920, 1080, "25", 25 * 700, "tt"),
        of(1080, 1920, "30000/1001", 300, "progressive"),
        of(640, 360, "50", 300, "progressive"),
        of(720, 576, "25", 300, "bb"),
        of(320, 240, "120", 600, "progressive"),
    ]
}

fn ordered() -> Vec<(String, Ordered)> {
    let folder = reelsmith::Project::find()
        .unwrap()
        .path("sample-data/manifests/good");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        // An order with a channel map is refused.
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace(
            "<ChannelMap>3:0 4:0</ChannelMap>",
            "<TrackIndex>3</TrackIndex>",
        );
        let lines = text.lines().filter(|line| !line.contains("ChannelMap>"));
        let xml = lines.collect::<Vec<_>>().join("\n").into_bytes();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        for (s, source) in sources().iter().enumerate() {
            for profile in ["default", "draft", "preview"] {
                for (h265, dash) in [(false, false), (false, true), (true, false), (true, true)] {
                    let ordered = Ordered::of(&xml, profile, options(h265, dash), source);
                    all.push((format!("{name}-{s}-{profile}-{h265}-{dash}"), ordered));
                }
            }
        }
    }
    all
}

async fn requests() -> Vec<(String, Value)> {
    let options = Options {
        clock: Arc::new(ManualClock::default()),
        store: Arc::new(MemoryStore::with_buckets(["out"])),
        endpoint: "http://127.0.0.1:9".to_owned(),
        tools: None,
    };
    let standin = StandIn::start(0, options).await.unwrap();
    let service = Sdk::emulator(&standin.endpoint()).await.encodes(
        "arn:aws:iam::123456789012:role/reelsmith-mediaconvert",
        "arn:aws:mediaconvert:eu-west-1:123456789012:queues/reelsmith",
    );
    let ordered = ordered();
    for (number, (_, ordered)) in (1..).zip(&ordered) {
        let mut order = ordered.order().unwrap();
        // Jobs with the same key share their token. Here each needs its own.
        order.tag.number = number;
        service.create(&order).await.unwrap();
    }
    let names = ordered.into_iter().map(|(name, _)| name);
    let requests = standin.jobs().into_iter().map(|job| job.request);
    names.zip(requests).collect()
}

/// The parts that all requests share, and the parts that options change.
#[tokio::test]
async fn options_decide_what_is_asked() {
    let requests = requests().await;
    assert!(requests.len() > 300);
    let outputs = |request: &Value| request["settings"]["outputGroups"][0]["outputs"].clone();
    for (name, request) in &requests {
        let group = &request["settings"]["outputGroups"][0]["outputGroupSettings"];
        let dash = group["cmafGroupSettings"]["writeDashManifest"] == "ENABLED";
        assert_eq!(dash, name.ends_with("-true"), "{name}");
        let outputs = outputs(request);
        let text = outputs.to_string();
        let h265 = name.contains("-true-") && !name.contains("-preview-");
        let large = !name.contains("-3-") && !name.contains("-4-") && !name.contains("-5-");
        if !h265 || large {
            assert_eq!(text.contains("H_265"), h265, "{name}");
        }
        let outputs = outputs.as_array().unwrap();
        let both = |o: &&Value| {
            o.get("videoDescription").is_some() == o.get("audioDescriptions").is_some()
        };
        assert_eq!(
            outputs.iter().find(both),
            None,
            "{name}: one track per output"
        );
        let modifiers: BTreeSet<_> = outputs.iter().map(|o| o["nameModifier"].as_str()).collect();
        assert_eq!(modifiers.len(), outputs.len(), "{name}");
        let long = name.contains("-1-");
        let mode = &request["accelerationSettings"]["mode"];
        assert_eq!(mode == "PREFERRED", long, "{name}");
        assert_eq!(
            text.contains("deinterlacer"),
            long || name.contains("-4-"),
            "{name}"
        );
    }
}

#[tokio::test]
#[ignore = "writes files for scripts/check-mediaconvert"]
async fn write_every_request() {
    let folder = PathBuf::from(std::env::var("REELSMITH_REQUESTS").unwrap());
    for (name, request) in requests().await {
        std::fs::write(folder.join(format!("{name}.json")), request.to_string()).unwrap();
    }
}
