use reelsmith_conformance::{
    Coverage, Location, Outcome, RenditionSummary, RuleOutcome, SCHEMA, Severity, Verdict,
    Violation,
};
use reelsmith_core::comparison::{FrameValue, PictureComparison, PictureSamples, Scores};
use reelsmith_core::cost::{Architecture, CostModel, Source, Title, estimate};
use reelsmith_core::digest::Checksummer;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::probe::{AudioStream, Packet, PacketIndex, Probe, VideoStream};
use reelsmith_core::record::{Loudness, RungOutput, SegmentRecord, WorkerRun};
use reelsmith_core::sniff::Container;
use reelsmith_core::time::{FrameCount, FrameRange, Ticks, Timescale};
use reelsmith_core::units::{Bytes, Resolution};
use reelsmith_core::warning::{Place, Warning, WarningName};

use super::*;

const HOSTILE: &str =
    r#"</title><script>alert("1")</script><img src=x onerror=alert(2)> & "quoted""#;
const FRAMES: u64 = 480;

fn pin(key: &str) -> ObjectPin {
    ObjectPin {
        object: ObjectRef::new("in", key),
        version_id: Some("v1".into()),
        etag: "e".into(),
        size: 1_000,
    }
}

fn job(title: &str) -> Job {
    let xml = include_str!("../../../sample-data/manifests/good/episode-01.xml");
    let mut manifest = reelsmith_core::manifest::parse(xml.as_bytes())
        .manifest
        .unwrap();
    manifest.episode.episode_title = title.to_owned();
    manifest.episode.series_title = title.to_owned();
    manifest.manifest_id = title.to_owned();
    let options = OutputOptions {
        h265: false,
        dash: true,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let profile = Profile::named("draft").unwrap();
    let build = "ffmpeg 5.1".to_owned();
    let source = pin("manifests/a.xml");
    Job::new(
        source,
        manifest,
        options,
        profile,
        EncoderKind::Lambda,
        build,
        vec![],
    )
}

fn inspection() -> Inspection {
    let rate = "24".parse().ok();
    let video = VideoStream {
        index: 0,
        codec: "h264".into(),
        profile: None,
        coded: Resolution {
            width: 1280,
            height: 720,
        },
        crop: None,
        sar: (1, 1),
        rotation: 0,
        flipped: false,
        pixel_format: "yuv420p".into(),
        bit_depth: 8,
        base_frame_rate: rate,
        average_frame_rate: rate,
        time_base: (1, 24),
        field_order: "progressive".into(),
        primaries: None,
        transfer: None,
        matrix: None,
        range: None,
        captioned: false,
        mastering: None,
        light: None,
        duration_us: None,
        encrypted: false,
        field_pictures: false,
        dolby_vision: None,
    };
    let audio = AudioStream {
        index: 1,
        codec: "aac".into(),
        channels: 2,
        layout: None,
        sample_rate: 48_000,
        language: None,
        title: None,
        role: Default::default(),
    };
    Inspection {
        mezzanine: pin("mezzanines/a.mp4"),
        size: Bytes(1_000),
        probe: Probe {
            container: Container::Mov,
            duration_us: 20_000_000,
            video: Some(video),
            audio: vec![audio; 8],
            text: Vec::new(),
            streams: 9,
            start_timecode: None,
        },
        captions: vec![pin("captions/a.srt"); 8],
    }
}

fn plan(job: &Job) -> Plan {
    let packet = |n: u64| Packet {
        pts: n as i64,
        dts: Some(n as i64),
        key: n.is_multiple_of(48),
        bytes: None,
    };
    let index = PacketIndex {
        time_base: (1, 24),
        end: 0,
        packets: (0..FRAMES).map(packet).collect(),
        gradual: false,
        unordered: false,
        tables: None,
        fragments: Vec::new(),
        described: false,
        read: reelsmith_core::probe::IndexRead::Tables,
        scan: reelsmith_core::probe::Scan::Progressive,
        ..PacketIndex::default()
    };
    Plan::new(job, &inspection(), &index, Generation::FIRST, 4).unwrap()
}

fn run(worker: &str, started: i64, ended: i64) -> WorkerRun {
    WorkerRun {
        request_id: "r".into(),
        worker: worker.to_owned(),
        started: UnixMillis(started),
        ended: UnixMillis(ended),
        cpu_ms: 900,
        bytes_read: Bytes(500_000),
        encoder_build: "ffmpeg 5.1".into(),
    }
}

fn output(rendition: &str) -> RungOutput {
    let segment = |n: u32| SegmentRecord {
        number: n,
        name: format!("seg_{n:05}.m4s"),
        size: Bytes(200_000 + u64::from(n) * 40_000),
        sha256: String::new(),
        start: Ticks(i64::from(n - 1) * 4_000),
        duration: Ticks(4_000),
        samples: 96,
        key_frames: vec![],
    };
    RungOutput {
        rendition: rendition.to_owned(),
        timescale: Timescale(1_000),
        init_sha256: "ab".repeat(32),
        segments: (1..=5).map(segment).collect(),
    }
}

/// A job of several workers, one of which failed once.
struct Example {
    job: Job,
    inspection: Inspection,
    verification: Verification,
    plan: Plan,
    renditions: Vec<RenditionRecord>,
    chunks: Vec<ChunkRecord>,
    tracks: Vec<TrackRecord>,
    failures: Vec<FailureNote>,
    conformance: Option<Report>,
    failed: Option<Failed>,
    states: Vec<StateRun>,
    storyboard: Option<Storyboard>,
    estimate: Estimate,
}

/// A comparison whose scores fall from chunk to chunk.
fn comparison(chunk: u32, frames: FrameRange) -> PictureComparison {
    let score = |value| FrameValue {
        frame: frames.start,
        value: value - i64::from(chunk) * 50,
    };
    let ssim = Scores {
        lowest: score(9_400),
        low: 9_500,
        mean: score(9_800).value,
        worst_second: score(9_600),
    };
    PictureComparison {
        frames: frames.count().0,
        samples: Some(PictureSamples {
            frames: frames.count().0,
            ssim,
            ..PictureSamples::default()
        }),
        ..PictureComparison::default()
    }
}

fn violation() -> Violation {
    Violation {
        rule: "CMF-06".into(),
        severity: Severity::Warn,
        path: "video/h264_720p/playlist.m3u8".into(),
        location: Some(Location::Segment(1)),
        expected: "less".into(),
        found: HOSTILE.into(),
    }
}

fn summary(path: &str) -> RenditionSummary {
    RenditionSummary {
        path: format!("{path}/playlist.m3u8"),
        kind: path.split('/').next().unwrap().to_owned(),
        codec: "avc1.64001f".into(),
        resolution: "1280x720".into(),
        segments: 5,
        samples: FRAMES,
        duration: 20_000,
        timescale: 1_000,
        bytes: 1_600_000,
        peak: 800_000,
        average: 640_000,
        declared_peak: Some(930_000),
        declared_average: Some(770_000),
        outcome: Outcome::Passed,
    }
}

impl Example {
    fn new(title: &str) -> Self {
        let job = job(title);
        let plan = plan(&job);
        let record = |path: &str| RenditionRecord {
            output: output(path),
            progressive: None,
            sound: None,
        };
        let chunks = plan.chunks.iter().map(|c| ChunkRecord {
            job_key: job.job_key.clone(),
            generation: Generation::FIRST,
            chunk: c.index,
            group: 0,
            frames: c.frames,
            pictures: vec![comparison(c.index, c.frames)],
            outputs: vec![output("video/h264_720p")],
            warnings: vec![],
            run: run(
                ["w-a", "w-b"][c.index as usize % 2],
                1_000 + i64::from(c.index) * 700,
                2_600 + i64::from(c.index) * 700,
            ),
        });
        let chunks: Vec<ChunkRecord> = chunks.collect();
        let track = TrackRecord {
            job_key: job.job_key.clone(),
            generation: Generation::FIRST,
            output: output("audio/ja"),
            loudness: Some(Loudness {
                source_lufs: Some(-23.04),
                source_peak_dbtp: None,
                gain_db: 7.0,
                result_lufs: Some(-16.04),
                result_peak_dbtp: Some(-1.3),
            }),
            sound: None,
            captions: None,
            warnings: vec![],
            run: run("w-c", 1_100, 3_000),
        };
        let note = FailureNote {
            error: "EncoderFailed".into(),
            cause: format!("expected 48 frames; found {HOSTILE}"),
            item: "chunk 1, group 0".into(),
            record: "jobs/x/chunks/00001-0.json".into(),
            at: UnixMillis(1_650),
        };
        let source = Source {
            picture: Some(Resolution {
                width: 1280,
                height: 720,
            }),
            frame_rate: plan.frame_rate,
            frames: FrameCount(FRAMES),
            size: Bytes(1_000),
            sound: Bytes(1_000),
        };
        let title = Title::new(&job.profile, &job.options, source, 1, 0);
        Self {
            renditions: plan.video.iter().map(|v| record(&v.path)).collect(),
            failed: None,
            states: Vec::new(),
            storyboard: None,
            conformance: Some(Report {
                schema: SCHEMA,
                verdict: Verdict::Pass,
                mock: false,
                rules_checked: 100,
                profiles: vec![reelsmith_conformance::Profile::Reelsmith],
                rules: vec![RuleOutcome {
                    rule: "SEG-17".into(),
                    outcome: Outcome::NotJudged {
                        reason: "the quality of the decoded pictures is not known".into(),
                    },
                }],
                documents: Vec::new(),
                coverage: Coverage::default(),
                violations: vec![violation()],
                warnings: vec![
                    Warning::new(WarningName::CaptionCueDropped, HOSTILE)
                        .at(Place::Line(607))
                        .because("an end", HOSTILE, "the cue is left out"),
                ],
                renditions: plan.video.iter().map(|v| summary(&v.path)).collect(),
            }),
            estimate: estimate(
                &title,
                &CostModel::new(Architecture::Arm64, EncoderKind::Lambda),
            ),
            verification: Verification {
                mezzanine: inspection().mezzanine,
                checksums: Checksummer::default().finish(),
            },
            inspection: inspection(),
            tracks: vec![track],
            failures: vec![note],
            chunks,
            plan,
            job,
        }
    }

    fn html(&self) -> String {
        html(&Facts {
            job: &self.job,
            generation: Generation::FIRST,
            inspection: &self.inspection,
            verification: Some(&self.verification),
            plan: &self.plan,
            renditions: &self.renditions,
            chunks: &self.chunks,
            tracks: &self.tracks,
            failures: &self.failures,
            conformance: self.conformance.as_ref(),
            failed: self.failed.as_ref(),
            estimate: Some(&self.estimate),
            states: &self.states,
            pictures: &[],
            storyboard: self.storyboard.as_ref(),
            metrics: None,
            made: UnixMillis(0),
        })
    }
}

#[test]
fn the_page_shows_everything_and_is_equal_for_equal_facts() {
    let example = Example::new("One");
    let page = example.html();
    assert_eq!(page, example.html());
    for part in [
        "ladder",
        "rates",
        "quality",
        "encode",
        "loudness",
        "conformance",
        "cost",
        "provenance",
    ] {
        assert!(page.contains(&format!(r#"id="{part}""#)), "no {part}");
    }
    for fact in [
        "PASS",
        "930 kbit/s",
        "800 kbit/s",
        "-16.0 LUFS",
        "CMF-06",
        "w-a",
        "1970-01-01 00:00:00 UTC",
    ] {
        assert!(page.contains(fact), "no {fact}");
    }
    let plots = page.matches("<figure class=\"plot\"").count();
    assert_eq!(
        plots,
        example.plan.video.len() + 2,
        "one for each rung, the quality and the workers"
    );
    assert!(!page.contains("could not be drawn"));
}

#[test]
fn text_that_people_wrote_never_becomes_markup() {
    let page = Example::new(HOSTILE).html();
    assert!(!page.contains("<script"), "a script came through");
    assert!(!page.contains("<img"), "an image came through");
    assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)"));
    for elsewhere in ["http://", "https://", "url("] {
        let found = page
            .match_indices(elsewhere)
            .find(|(at, _)| !page[*at..].starts_with("http://www.w3.org/2000/svg"));
        assert!(found.is_none(), "the page needs {elsewhere}");
    }
}

#[test]
fn every_plot_is_xml_and_a_retry_is_marked() {
    let page = Example::new("One").html();
    let mut bad = 0;
    for svg in page.split("<svg width=").skip(1) {
        let svg = format!("<svg width={}</svg>", svg.split("</svg>").next().unwrap());
        let parsed = roxmltree::Document::parse(&svg).unwrap();
        let red = |n: roxmltree::Node<'_, '_>| n.attribute("stroke") == Some("#C02B3B");
        bad += parsed
            .descendants()
            .filter(|n| n.tag_name().name() != "polyline" && red(*n))
            .count();
    }
    assert!(
        bad >= 2,
        "the bar of the work unit and the moment of its failure"
    );
}

#[test]
fn a_job_without_records_has_a_page() {
    let mut example = Example::new("One");
    example.chunks.clear();
    example.tracks.clear();
    example.renditions.clear();
    example.conformance.as_mut().unwrap().renditions.clear();
    let page = example.html();
    assert!(!page.contains(r#"id="encode""#) && page.contains(r#"id="provenance""#));
}

fn storyboard(count: u32) -> Storyboard {
    let tile = Resolution {
        width: 160,
        height: 90,
    };
    Storyboard {
        record: ImagesRecord {
            job_key: job("One").job_key,
            generation: Generation::FIRST,
            tile,
            columns: 10,
            rows: 10,
            count,
            interval: Ticks(4_000),
            timescale: Timescale(1_000),
            files: vec![],
            run: run("w-d", 3_000, 3_200),
        },
        sheets: vec![bytes::Bytes::from_static(b"jpeg"); 2],
    }
}

#[test]
fn the_page_embeds_the_storyboard_and_every_picture_shows_its_part_of_a_sheet() {
    let mut example = Example::new("One");
    example.storyboard = Some(storyboard(112));
    let page = example.html();
    assert_eq!(page.matches("data:image/jpeg;base64,anBlZw==").count(), 2);
    // 112 pictures, of which every second is shown: that at place 12 of the second sheet is not shown, that at place 10 is.
    assert_eq!(page.matches("<use href=").count(), 56);
    assert!(page.contains(r#"viewBox="0 90 160 90""#), "the second row");
    let last = page.rfind(r##"<use href="#sheet1"/>"##).unwrap();
    assert!(page[..last].ends_with(r#"viewBox="0 90 160 90">"#));
    assert!(page.contains("0:04:00.0") || page.contains("4:00.0"));
    example.storyboard = Some(storyboard(300));
    assert!(example.html().contains("later sheets"));
}

#[test]
fn states_show_their_time_and_errors() {
    let mut example = Example::new("One");
    let state = |name: &str, from: i64, to: i64, errors: &[&str]| StateRun {
        name: name.to_owned(),
        depth: 0,
        entered: UnixMillis(from),
        left: UnixMillis(to),
        errors: errors.iter().map(|e| (*e).to_owned()).collect(),
    };
    example.states = vec![
        state("ParseManifest", 0, 500, &[]),
        state("Encode", 500, 2_000, &["EncoderStalled"]),
    ];
    let page = example.html();
    assert!(page.contains("2 states in 2.0 s, 1 errors."), "{page}");
    assert!(page.contains(r#"<span class="badge warn">EncoderStalled</span>"#));
    assert!(page.contains("75 %"));
}

#[test]
fn a_failed_job_shows_its_error() {
    let mut example = Example::new("One");
    example.conformance = None;
    example.failed = Some(Failed {
        error: "EncoderFailed".into(),
        cause: format!("expected frames; found {HOSTILE}"),
    });
    let page = example.html();
    assert!(page.contains("FAILED") && page.contains("<code>EncoderFailed</code>"));
    assert!(!page.contains(r#"id="ladder""#) && !page.contains(r##"href="#ladder""##));
    assert!(page.contains(r#"id="encode""#) && !page.contains("<script"));
}
