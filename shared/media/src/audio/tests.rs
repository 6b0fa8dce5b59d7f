mod comparison;
mod programmes;
mod sync;
mod timing;

use reelsmith_core::audio_track::AudioRole;
use reelsmith_core::time::Ticks;
use reelsmith_core::units::BitsPerSecond;

use super::*;
use crate::testing::{ffmpeg, made, serve, tools};
use crate::{RangeProxy, probe};

pub(super) struct Track {
    folder: tempfile::TempDir,
    proxy: RangeProxy,
    pub(super) task: AudioTask,
}

/// The task for a track of 250 frames at 24000/1001 whose first frame is shown at `start` seconds. The caller sets the address
/// and the stream.
pub(crate) fn task(container: Container, start: (i64, u32)) -> AudioTask {
    let frame_rate: FrameRate = "24000/1001".parse().unwrap();
    AudioTask {
        url: String::new(),
        container,
        rendition: AudioRendition {
            path: "audio/en".into(),
            track: 0,
            stream: 0,
            map: Vec::new(),
            language: "en".into(),
            label: "English".into(),
            default: true,
            sample_rate: 48_000,
            samples: frame_rate.samples_in(FrameCount(250), 48_000),
            channels: 2,
            role: AudioRole::Main,
        },
        source_channels: 2,
        settings: AudioSettings {
            bitrate: BitsPerSecond(128_000),
            surround_bitrate: Some(BitsPerSecond(384_000)),
            sample_rate: 48_000,
            loudness_lufs: -16.0,
            true_peak_dbtp: -1.0,
        },
        video_start: Seconds {
            ticks: Ticks(start.0),
            timescale: Timescale(start.1),
        },
        frame_rate,
        segment_frames: FrameCount(48),
        total_frames: FrameCount(250),
        least_jump_ms: continuity::COARSE_MS,
        mock: false,
        directory: PathBuf::new(),
    }
}

/// The same for a file that ffmpeg makes from `line`.
pub(super) async fn track(container: Container, line: &str, start: (i64, u32)) -> Track {
    let (folder, file) = made(line);
    let proxy = serve(&file).await;
    let probe = probe(&tools(), &proxy.url(), container, None)
        .await
        .unwrap();
    let mut task = task(container, start);
    task.directory = folder.path().join("work");
    std::fs::create_dir(&task.directory).unwrap();
    task.url = proxy.url();
    task.rendition.stream = probe.audio[0].index;
    task.source_channels = probe.audio[0].channels;
    Track {
        folder,
        proxy,
        task,
    }
}

impl Track {
    /// Encodes the track, and compares it with its source.
    async fn encode(&self) -> AudioMedia {
        let media = encode_audio(&tools(), &self.task, &Limits::default()).await;
        let media = self.proxy.check(media).unwrap();
        if !self.task.mock {
            let found = self.compared(&media).await;
            let summary = comparison::summary(&found);
            assert!(comparison::faults(&found).is_empty(), "{summary}");
        }
        media
    }

    fn joined(&self, media: &AudioMedia) -> String {
        let mut bytes = media.init.to_vec();
        for segment in &media.segments {
            bytes.extend_from_slice(&segment.bytes);
        }
        std::fs::write(self.folder.path().join("joined.mp4"), bytes).unwrap();
        "joined.mp4".to_owned()
    }

    /// The left channel without priming. ffmpeg removes the priming of a fragmented file only if it ignores edit lists, and
    /// always plays the last access unit completely.
    fn decoded(&self, media: &AudioMedia) -> Vec<f32> {
        let name = self.joined(media);
        let line = format!(
            "-advanced_editlist 0 -i {name} -af pan=mono|c0=c0 -f f32le -c:a pcm_f32le out.raw"
        );
        ffmpeg(self.folder.path(), &line);
        raw_samples(&self.folder.path().join("out.raw"))
    }

    fn meter(&self, name: &str) -> LoudnessMeasurement {
        let output = std::process::Command::new(tools().ffmpeg)
            .args(["-hide_banner", "-nostats", "-i", name])
            .args([
                "-af",
                "ebur128=peak=true:framelog=verbose",
                "-f",
                "null",
                "-",
            ])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        LoudnessMeasurement::read(&String::from_utf8_lossy(&output.stderr)).unwrap()
    }
}

/// The samples of a file of little-endian floating-point numbers.
fn raw_samples(file: &std::path::Path) -> Vec<f32> {
    let raw = std::fs::read(file).unwrap();
    let sample = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
    raw.chunks_exact(4).map(sample).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mocked_track_has_every_sample_and_reads_nothing() {
    let line = "-f lavfi -i testsrc2=size=320x180:rate=24:duration=1 -f lavfi -i sine=duration=1 -c:a aac film.mp4";
    let mut track = track(Container::Mov, line, (0, 1)).await;
    track.task = track.task.mocked(true);
    track.task.url = "http://127.0.0.1:1/nothing-is-here".into();
    let media = track.encode().await;
    assert_eq!(presented(&media), track.task.rendition.samples);
    assert_eq!(media.loudness.source_lufs, None, "it is silent");
}

/// The number of samples presented: all durations minus what the edit list removes.
fn presented(media: &AudioMedia) -> u64 {
    let init = reelsmith_isobmff::Init::read(&media.init).unwrap();
    assert_eq!((init.timescale, init.codec.as_str()), (48_000, "mp4a.40.2"));
    assert_eq!(init.language, "eng");
    let mut total = 0;
    for segment in &media.segments {
        let (fragments, faults) = reelsmith_isobmff::fragments(&segment.bytes, &init.defaults);
        assert!(faults.is_empty(), "{faults:?}");
        total += fragments.iter().map(|f| f.duration()).sum::<u64>();
    }
    total - init.media_start() as u64
}

const TOGETHER: &str = "-f lavfi -i testsrc2=size=64x64:rate=24000/1001:duration=10.5 -f lavfi -i";
const CODECS: &str =
    "-map 0:v -map 1:a -c:v libx264 -preset ultrafast -bf 0 -pix_fmt yuv420p -c:a pcm_s16le";

#[tokio::test(flavor = "multi_thread")]
async fn a_track_lasts_exactly_as_long_as_the_video() {
    // The source is longer in one case and shorter in the other.
    for duration in ["12", "7.3"] {
        let line = format!("{TOGETHER} sine=frequency=440:duration={duration} {CODECS} film.mov");
        let track = track(Container::Mov, &line, (0, 1)).await;
        let media = track.encode().await;
        let samples = track.task.rendition.samples;
        assert_eq!(presented(&media), samples, "{duration}");
        let decoded = track.decoded(&media).len() as u64;
        assert_eq!(decoded, (samples + 1_024).next_multiple_of(1_024) - 1_024);
        let total: i64 = media.segments.iter().map(|s| s.duration.0).sum();
        assert_eq!(total as u64, samples + 1_024);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_segments_tile_and_end_with_the_video_segments() {
    let line = format!("{TOGETHER} sine=duration=11 {CODECS} film.mkv");
    let track = track(Container::Matroska, &line, (0, 1)).await;
    let media = track.encode().await;
    assert_eq!(media.segments.len(), 6);
    let mut next = (1, Ticks(0));
    for segment in &media.segments {
        assert_eq!((segment.number, segment.start), next);
        next = (
            segment.number + 1,
            Ticks(segment.start.0 + segment.duration.0),
        );
        let video = track
            .task
            .frame_rate
            .samples_in(FrameCount(u64::from(segment.number) * 48), 48_000);
        let late = next.1.0 - 1_024 - video as i64;
        assert!(
            (0..1_024).contains(&late) || segment.number == 6,
            "{late} samples late"
        );
        assert!(segment.key_frames.is_empty());
    }
    let again = track.encode().await;
    assert!(again.segments == media.segments && again.init == media.init);
}

/// A click of 100 samples at three seconds.
const CLICK: &str =
    "aevalsrc=exprs=if(between(n\\,144000\\,144099)\\,0.9\\,0.02*sin(n/20)):s=48000:d=11";

fn first_click(samples: &[f32]) -> usize {
    let loudest = samples.iter().fold(0f32, |m, s| m.max(s.abs()));
    samples
        .iter()
        .position(|s| s.abs() > loudest / 2.0)
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn gain_limiter_and_priming_do_not_move_the_sound() {
    for (start, limited) in [((0, 1), true), ((1, 2), true), ((1, 2), false)] {
        let line = format!("{TOGETHER} {CLICK} {CODECS} film.mov");
        let mut track = track(Container::Mov, &line, start).await;
        if !limited {
            track.task.settings.loudness_lufs = -40.0;
        }
        let media = track.encode().await;
        let found = first_click(&track.decoded(&media)) as i64;
        let expected = 144_000 - 48_000 * start.0 / i64::from(start.1);
        assert!(
            (found - expected).abs() <= 2,
            "start {start:?}: click at {found}, expected {expected}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_not_amplified() {
    let line = format!("{TOGETHER} anullsrc=r=44100:cl=mono -t 10 {CODECS} film.mov");
    let track = track(Container::Mov, &line, (0, 1)).await;
    let media = track.encode().await;
    let expected = Loudness {
        source_lufs: None,
        source_peak_dbtp: None,
        gain_db: 0.0,
        result_lufs: None,
        result_peak_dbtp: None,
    };
    assert_eq!(media.loudness, expected);
    let decoded = track.decoded(&media);
    assert_eq!(presented(&media), track.task.rendition.samples);
    assert!(decoded.iter().all(|s| s.abs() < 1e-4));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_lines_match_their_snapshots() {
    let line = format!("{TOGETHER} sine=duration=1 {CODECS} film.ts").replace("pcm_s16le", "mp2");
    let mut track = track(Container::MpegTs, &line, (126_000, 90_000)).await;
    track.task.url = "http://127.0.0.1:4242/token/mezzanine".into();
    insta::assert_snapshot!("measure", measure_argv(&track.task).join("\n"));
    let correction = Correction {
        gain_db: -3.25,
        limit_db: Some(-2.0),
    };
    insta::assert_snapshot!("encode", encode_argv(&track.task, correction).join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_progressive_file_has_every_sample_in_sync() {
    let line = format!("{TOGETHER} {CLICK} {CODECS} film.mov");
    let track = track(Container::Mov, &line, (0, 1)).await;
    let media = track.encode().await;
    let folder = track.folder.path();
    let mut audio = vec![folder.join("init.mp4")];
    std::fs::write(&audio[0], &media.init).unwrap();
    for segment in &media.segments {
        let path = folder.join(format!("{}.m4s", segment.number));
        std::fs::write(&path, &segment.bytes).unwrap();
        audio.push(path);
    }
    let out = folder.join("progressive.mp4");
    let joined = crate::progressive::JoinTask {
        video: &audio,
        audio: Some(&audio),
        out: &out,
        limit: std::time::Duration::from_secs(60),
    };
    crate::progressive::join(&tools(), joined).await.unwrap();
    let bytes = std::fs::read(&out).unwrap();
    let order: Vec<[u8; 4]> = reelsmith_isobmff::boxes(&bytes).map(|b| b.kind).collect();
    let at = |kind: &[u8; 4]| order.iter().position(|k| k == kind);
    assert!(at(b"moov") < at(b"mdat"), "{order:?}");
    for n in 0..2 {
        let line = format!(
            "-i progressive.mp4 -map 0:{n} -af pan=mono|c0=c0 -f f32le -c:a pcm_f32le out.raw"
        );
        ffmpeg(folder, &line);
        let samples = raw_samples(&folder.join("out.raw"));
        let click = first_click(&samples) as i64;
        assert!((click - 144_000).abs() <= 2, "track {n}: click at {click}");
    }
    for wrong in [[0, 1, 1], [0, 1, 3]] {
        let files = wrong.map(|n| audio[n].clone());
        let again = crate::progressive::JoinTask {
            video: &files,
            ..joined
        };
        let result = crate::progressive::join(&tools(), again).await;
        assert!(
            matches!(result, Err(MediaError::Timing { .. })),
            "{result:?}"
        );
    }
}
