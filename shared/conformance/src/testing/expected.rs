//! The expectation of the job that makes a valid output.

use reelsmith_core::audio_track::AudioRole;
use reelsmith_core::caption_comparison::CaptionComparison;
use reelsmith_core::comparison::{PictureComparison, PictureSamples};
use reelsmith_core::keys::{Generation, POSTER, THUMBNAILS, sheet_path};
use reelsmith_core::ladder::SoundTolerances;
use reelsmith_core::ladder::VideoCodec;
use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::plan::{AudioRendition, TextRendition};
use reelsmith_core::record::{ImageFile, ImagesRecord, RungOutput, SegmentRecord, WorkerRun};
use reelsmith_core::sound::{LevelDifference, SoundComparison, SoundMatch, SoundOffset};
use reelsmith_core::time::{FrameCount, FrameRange, FrameRate, Ticks, Timescale, UnixMillis};
use reelsmith_core::units::{Bytes, Resolution};

use super::shape::{RUNGS, Shape};
use super::{TEXT, ValidOutput, segment_bytes, sha256};
use crate::evidence::{
    AudioLevel, ChunkPictures, Dead, DeadRun, EncodeLevel, Evidence, Identity, Pictures,
    Provenance, ReportFacts, SoundEvidence,
};
use crate::expectation::{Expectation, ExpectedVideo};

impl ValidOutput {
    pub(super) fn expectation(&self, shape: &Shape) -> Expectation {
        let frame_rate = FrameRate::new(24, 1);
        let frames = shape.total_frames();
        let video = shape.rungs.iter().filter_map(|rung| {
            let codec = if rung.codec.starts_with("avc1") {
                VideoCodec::H264
            } else {
                VideoCodec::H265
            };
            let resolution = Resolution {
                width: rung.width,
                height: rung.height,
            };
            Some(ExpectedVideo {
                path: rung.folder.to_owned(),
                codec,
                resolution,
                frame_rate: frame_rate?,
                frames: FrameCount(frames.into()),
            })
        });
        let audio = shape
            .audio
            .iter()
            .map(|(folder, language, label)| AudioRendition {
                path: (*folder).to_owned(),
                track: 0,
                stream: 1,
                map: Vec::new(),
                language: (*language).to_owned(),
                label: (*label).to_owned(),
                default: *language == "ja",
                sample_rate: 48_000,
                samples: u64::from(frames) * 2_000,
                channels: 2,
                role: AudioRole::Main,
            });
        let text = TEXT
            .iter()
            .map(|(folder, language, label, forced)| TextRendition {
                path: (*folder).to_owned(),
                language: (*language).to_owned(),
                label: (*label).to_owned(),
                source: ObjectPin {
                    object: ObjectRef::new("in", "captions.vtt"),
                    version_id: None,
                    etag: String::new(),
                    size: 0,
                },
                stream: None,
                service: None,
                format: CaptionFormat::Vtt,
                default: false,
                forced: *forced,
                sdh: false,
            });
        let folders = shape.rungs.iter().map(|r| r.folder);
        let folders = folders.chain(shape.audio.iter().map(|a| a.0));
        let recorded = folders.map(|folder| self.recorded(folder));
        Expectation {
            video: video.collect(),
            audio: audio.collect(),
            text: text.collect(),
            left_out: Vec::new(),
            timescale: Timescale(24_000),
            duration: Ticks(i64::from(frames) * 1_000),
            dash: true,
            recorded: recorded.collect(),
            images: self.images(shape),
            evidence: evidence(shape),
        }
    }

    fn images(&self, shape: &Shape) -> Option<ImagesRecord> {
        let bytes = self.bytes();
        let files =
            [sheet_path(1), POSTER.to_owned(), THUMBNAILS.to_owned()].map(|path| ImageFile {
                size: Bytes(bytes.get(&path).map_or(0, |b| b.len() as u64)),
                path,
                sha256: String::new(),
            });
        let count = u32::try_from(shape.frames.len()).unwrap_or(0);
        Some(ImagesRecord {
            job_key: "ab".repeat(32).parse().ok()?,
            generation: Generation::FIRST,
            tile: Resolution {
                width: 160,
                height: 90,
            },
            columns: count,
            rows: 1,
            count,
            interval: Ticks(4),
            timescale: Timescale(1),
            files: files.to_vec(),
            run: WorkerRun {
                request_id: "request".to_owned(),
                worker: "worker".to_owned(),
                started: UnixMillis(0),
                ended: UnixMillis(1),
                cpu_ms: 1,
                bytes_read: Bytes(1),
                encoder_build: "ffmpeg 5.1".to_owned(),
            },
        })
    }

    fn recorded(&self, folder: &str) -> RungOutput {
        let segments = self
            .segments
            .iter()
            .filter(|(path, _)| path.starts_with(folder));
        let records = (1..)
            .zip(segments)
            .map(|(number, (path, fragments))| SegmentRecord {
                number,
                name: format!("seg_{number:05}.m4s"),
                size: Bytes(segment_bytes(fragments).len() as u64),
                sha256: sha256(path),
                start: Ticks(0),
                duration: Ticks(0),
                samples: 0,
                key_frames: Vec::new(),
            });
        RungOutput {
            rendition: folder.to_owned(),
            timescale: Timescale(1),
            init_sha256: sha256(&format!("{folder}/init.mp4")),
            segments: records.collect(),
        }
    }
}

/// A comparison of sound without a fault.
fn sound(folder: &str) -> SoundEvidence {
    let offset = SoundOffset {
        at: 8_192,
        channel: 0,
        samples: 1,
        correlation: 993,
    };
    SoundEvidence {
        rendition: folder.to_owned(),
        comparison: SoundComparison {
            sample_rate: 48_000,
            channels: 2,
            stream: 1,
            planned: 480_480,
            presented: 480_480,
            gain: 700,
            windows: 1_000,
            window: Some(LevelDifference {
                at: 96_000,
                channel: 1,
                expected: -2_040,
                found: -2_110,
                difference: -20,
            }),
            section: None,
            excerpts: 58,
            first_offset: Some(offset),
            last_offset: Some(offset),
            offset: Some(offset),
            least_alike: Some(SoundMatch {
                at: 8_192,
                channel: 1,
                correlation: 968,
                other: None,
            }),
            swapped: 0,
            most_swapped: None,
            integrated: Some(-1_636),
            true_peak: Some(-120),
        },
        tolerances: SoundTolerances::default(),
        encode: Some(EncodeLevel {
            integrated: Some(-1_640),
            ceiling: -100,
        }),
        source: "s3://in/mezzanines/film.mov".to_owned(),
        start_ms: 0,
    }
}

/// A comparison of captions without a fault.
fn captions(folder: &str) -> (String, CaptionComparison) {
    let comparison = CaptionComparison {
        reader: "ffmpeg's decoder of srt".to_owned(),
        expected: 3,
        found: 3,
        ..CaptionComparison::default()
    };
    (folder.to_owned(), comparison)
}

/// Two chunks of the first rung, compared without a difference.
fn pictures(frame_rate: FrameRate) -> Pictures {
    let chunk = |chunk: u32, start, end| ChunkPictures {
        rendition: RUNGS[0].folder.to_owned(),
        chunk,
        frames: FrameRange { start, end },
        comparison: PictureComparison {
            frames: end - start,
            samples: Some(PictureSamples {
                frames: (end - start).div_ceil(10),
                ..PictureSamples::default()
            }),
            ..PictureComparison::default()
        },
    };
    Pictures {
        source: "s3://in/it's.mxf".to_owned(),
        stream: 1,
        start_us: 3_600_000_000,
        frame_rate,
        expected_frames: 150,
        chunks: vec![chunk(0, 0, 96), chunk(1, 96, 150)],
    }
}

/// Evidence with which all rules pass.
fn evidence(shape: &Shape) -> Evidence {
    let job = Identity {
        job_key: Some("ab".repeat(32)),
        generation: Some(1),
        mezzanine: Some(format!("md5:{}", "cd".repeat(16))),
        profile: Some("ef".repeat(32)),
        encoder_build: Some("ffmpeg 5.1".to_owned()),
    };
    let run = |kind: &str, rendition: &str, start_ms, end_ms| DeadRun {
        kind: kind.to_owned(),
        rendition: rendition.to_owned(),
        start_ms,
        end_ms,
    };
    let levels = shape.audio.iter().map(|(folder, _, _)| AudioLevel {
        rendition: (*folder).to_owned(),
        integrated: Some(-1_640),
        target: -1_600,
    });
    Evidence {
        provenance: Some(Provenance {
            records: ["chunks/00000-0.json", "probe.json"]
                .map(|r| (r.to_owned(), job.clone()))
                .into(),
            job,
        }),
        source: Some(Resolution {
            width: 1_920,
            height: 1_080,
        }),
        levels: levels.take(1).collect(),
        pictures: FrameRate::new(24, 1).map(pictures),
        captions: TEXT.iter().map(|(folder, ..)| captions(folder)).collect(),
        sounds: shape
            .audio
            .iter()
            .map(|(folder, _, _)| sound(folder))
            .collect(),
        dead: Some(Dead {
            source: vec![run("black", "", 0, 2_000)],
            output: vec![run("black", RUNGS[0].folder, 40, 1_960)],
        }),
        warnings: Vec::new(),
        report: Some(ReportFacts {
            stored: Some("jobs/x/report.json".to_owned()),
            announced: vec![Some("jobs/x/report.json".to_owned())],
        }),
    }
}
