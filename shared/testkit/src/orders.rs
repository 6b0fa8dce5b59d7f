//! Sample orders for MediaConvert: a job with its probe and its plan, as the functions derive them from a manifest.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made must fail the test"
)]

use reelsmith_core::digest::sha256_hex;
use reelsmith_core::encode::{EncodeOrder, OrderError};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::Generation;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::manifest::parse;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::{Inspection, Packet, PacketIndex};
use reelsmith_core::submission::Fence;
use reelsmith_core::time::FrameRate;
use reelsmith_core::units::Resolution;
use serde_json::json;

/// The inputs of an order.
pub struct Ordered {
    pub job: Job,
    pub inspection: Inspection,
    pub plan: Plan,
    pub fence: Fence,
}

/// The properties of a mezzanine.
#[derive(Clone, Debug)]
pub struct Source {
    pub size: Resolution,
    /// For example `24000/1001`.
    pub rate: String,
    pub frames: u64,
    /// The field order, as `progressive` or `tt`.
    pub field_order: String,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            size: Resolution {
                width: 1920,
                height: 1080,
            },
            rate: "24000/1001".to_owned(),
            frames: 250,
            field_order: "progressive".to_owned(),
        }
    }
}

impl Ordered {
    /// The job of a manifest, for MediaConvert.
    #[must_use]
    pub fn of(xml: &[u8], profile: &str, options: OutputOptions, source: &Source) -> Self {
        let mut manifest = parse(xml).manifest.unwrap();
        // The sources of orders are shorter than the episodes of the samples.
        (manifest.mezzanine.in_point, manifest.mezzanine.out_point) = (None, None);
        let pin = ObjectPin {
            object: ObjectRef::new("in", "manifests/a.xml"),
            version_id: None,
            etag: sha256_hex(xml),
            size: xml.len() as u64,
        };
        let job = Job::new(
            pin,
            manifest,
            options,
            Profile::named(profile).unwrap(),
            EncoderKind::MediaConvert,
            "mediaconvert".into(),
            vec![],
        );
        let inspection = inspection(&job, source);
        let index = index(source);
        let plan = Plan::new(&job, &inspection, &index, Generation::FIRST, 4).unwrap();
        let fence = Fence {
            generation: Generation::FIRST,
            attempt: 1,
            owner: "arn:execution".into(),
        };
        Self {
            job,
            inspection,
            plan,
            fence,
        }
    }

    /// An episode of ten seconds with one audio track.
    #[must_use]
    pub fn usual() -> Self {
        let xml = include_bytes!("../../../sample-data/manifests/good/minimal.xml");
        Self::of(xml, "default", options(true, true), &Source::default())
    }

    /// The first order.
    ///
    /// # Errors
    /// As [`EncodeOrder::new`].
    pub fn order(&self) -> Result<EncodeOrder, OrderError> {
        let Self {
            job,
            inspection,
            plan,
            fence,
        } = self;
        EncodeOrder::new(job, inspection, plan, fence.generation, 1, "out")
    }
}

/// Output options.
#[must_use]
pub fn options(h265: bool, dash: bool) -> OutputOptions {
    OutputOptions {
        h265,
        dash,
        progressive: false,
        max_bitrate: None,
        mock: false,
    }
}

fn inspection(job: &Job, source: &Source) -> Inspection {
    let tracks = job.manifest.audio_tracks.iter();
    let streams = tracks.map(|t| t.track_index + 1).max().unwrap_or(0);
    let audio: Vec<_> = (1..=streams)
        .map(|index| json!({"index": index, "codec": "pcm_s24le", "channels": 2, "sample_rate": 48_000, "language": null}))
        .collect();
    let captions: Vec<_> = job
        .manifest
        .subtitle_tracks
        .iter()
        .map(|t| json!({"bucket": "in", "key": t.file_path, "etag": "e", "size": 100}))
        .collect();
    let rate: FrameRate = source.rate.parse().unwrap();
    let micros = source.frames * 1_000_000 * u64::from(rate.den()) / u64::from(rate.num());
    let inspection = json!({
        "mezzanine": {"bucket": "in", "key": job.manifest.mezzanine.file_path, "version_id": "v1", "etag": "e",
            "size": job.manifest.mezzanine.file_size},
        "size": job.manifest.mezzanine.file_size,
        "probe": {"container": "mov", "duration_us": micros, "audio": audio, "streams": streams + 1, "video": {
            "index": 0, "codec": "h264", "profile": null, "coded": source.size, "sar": [1, 1], "rotation": 0,
            "pixel_format": "yuv420p", "bit_depth": 8, "base_frame_rate": source.rate,
            "average_frame_rate": source.rate, "time_base": [1, rate.num()], "field_order": source.field_order,
            "primaries": null, "transfer": null, "matrix": null, "range": null}},
        "captions": captions,
    });
    serde_json::from_value(inspection).unwrap()
}

fn index(source: &Source) -> PacketIndex {
    let rate: FrameRate = source.rate.parse().unwrap();
    let at = |n: u64| i64::try_from(n * u64::from(rate.den())).unwrap();
    let packet = |n| Packet {
        pts: at(n),
        dts: Some(at(n)),
        key: n % 24 == 0,
        bytes: None,
    };
    PacketIndex {
        time_base: (1, rate.num()),
        end: 0,
        packets: (0..source.frames).map(packet).collect(),
        gradual: false,
        unordered: false,
        tables: None,
        fragments: Vec::new(),
        described: false,
        read: reelsmith_core::probe::IndexRead::Tables,
        scan: reelsmith_core::probe::Scan::Progressive,
        ..PacketIndex::default()
    }
}
