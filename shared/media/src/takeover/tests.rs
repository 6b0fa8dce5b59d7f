use reelsmith_core::audio_track::AudioRole;
use std::path::Path;

use reelsmith_core::ladder::{CodecSettings, ResolvedRung, VideoCodec};
use reelsmith_core::time::FrameCount;
use reelsmith_core::units::{BitsPerSecond, Resolution};
use reelsmith_isobmff as isobmff;

use super::*;
use crate::testing::{ffmpeg, pictures, plan};

const RATE: &str = "24000/1001";

fn rendition() -> VideoRendition {
    let rung = ResolvedRung {
        name: "90p".into(),
        codec: VideoCodec::H264,
        resolution: Resolution {
            width: 160,
            height: 90,
        },
        max_bitrate: BitsPerSecond(300_000),
        buffer_bits: 450_000,
        crf: 23.0,
        level: 10,
        settings: CodecSettings {
            preset: "veryfast".into(),
            profile: "high".into(),
            pixel_format: "yuv420p".into(),
            threads: 1,
            deep: None,
        },
        range: reelsmith_core::ladder::VideoRange::Sdr,
    };
    VideoRendition {
        path: rung.path(),
        rung,
    }
}

/// The output of another encoder: an init segment and a segment for every two GOPs.
struct Foreign {
    folder: tempfile::TempDir,
    init: Bytes,
    segments: Vec<Bytes>,
}

impl Foreign {
    fn video(frames: u64, options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let line = format!(
            "-f lavfi -i testsrc2=size=160x90:rate={RATE} -frames:v {frames} -c:v libx264 -preset veryfast \
             -x264-params keyint=48:min-keyint=48:scenecut=0:open-gop=0 -movflags \
             +frag_keyframe+default_base_moof+delay_moov+skip_trailer {options} -f mp4 out.mp4"
        );
        ffmpeg(folder.path(), &line);
        Self::cut(folder, 2)
    }

    fn cut(folder: tempfile::TempDir, fragments: usize) -> Self {
        let file: Bytes = std::fs::read(folder.path().join("out.mp4")).unwrap().into();
        let moofs: Vec<usize> = isobmff::boxes(&file)
            .filter(|b| &b.kind == b"moof")
            .map(|b| b.start as usize)
            .collect();
        let starts: Vec<usize> = moofs.iter().step_by(fragments).copied().collect();
        let ends = starts.iter().skip(1).copied().chain([file.len()]);
        let segments = starts.iter().zip(ends).map(|(a, b)| file.slice(*a..b));
        Self {
            segments: segments.collect(),
            init: file.slice(..moofs[0]),
            folder,
        }
    }

    fn take_over(&self, frames: u64) -> Result<Vec<u8>, MediaError> {
        let (plan, rendition) = (plan(frames, RATE), rendition());
        let takeover = VideoTakeover::new(&plan, &rendition, self.init.clone(), &self.segments[0])?;
        let mut whole = takeover.init()?.to_vec();
        for (number, body) in (1..).zip(&self.segments) {
            whole.extend_from_slice(&takeover.segment(number, body)?.bytes);
        }
        Ok(whole)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

#[test]
fn pictures_are_unchanged_and_on_the_grid_for_any_timescale() {
    for options in [
        "-video_track_timescale 90000",
        "-video_track_timescale 24000",
        "-video_track_timescale 12800 -bf 0",
        "-video_track_timescale 90000 -output_ts_offset 10",
    ] {
        let foreign = Foreign::video(250, options);
        let whole = foreign.take_over(250).unwrap();
        std::fs::write(foreign.path().join("ours.mp4"), &whole).unwrap();
        let hashes = |name: &str| -> Vec<String> {
            let pictures = pictures(&foreign.path().join(name), 24_000);
            pictures.into_iter().map(|(_, hash)| hash).collect()
        };
        assert_eq!(hashes("ours.mp4"), hashes("out.mp4"), "{options}");
        let times = pictures(&foreign.path().join("ours.mp4"), 24_000);
        for (frame, (time, _)) in (0i64..).zip(times) {
            assert_eq!(time, frame * 1_001, "{options}");
        }
        let init = isobmff::Init::read(&whole).unwrap();
        assert_eq!(init.timescale, 24_000);
    }
}

#[test]
fn unplanned_output_is_refused() {
    let foreign = Foreign::video(250, "");
    let refusal = |frames| foreign.take_over(frames).unwrap_err().to_string();
    insta::assert_snapshot!(refusal(251), @"expected 59 frames of video/h264_90p, found 58");
    let other_rate = Foreign::video(250, "-vf setpts=PTS*1.01 -fps_mode passthrough");
    let refused = other_rate.take_over(250).unwrap_err();
    assert!(matches!(refused, MediaError::Timing { .. }), "{refused}");
    let other_groups = Foreign::video(192, "-x264-params keyint=96:min-keyint=96:scenecut=0");
    let refused = other_groups.take_over(192).unwrap_err();
    assert!(
        matches!(refused, MediaError::FrameCount { .. }),
        "{refused}"
    );
}

fn audio(line: &str) -> Bytes {
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=20 {line} -c:a aac -b:a 96k -frag_duration 1000000 \
         -movflags +default_base_moof+delay_moov+skip_trailer -f mp4 out.mp4"
    );
    ffmpeg(folder.path(), &line);
    std::fs::read(folder.path().join("out.mp4")).unwrap().into()
}

fn audio_rendition() -> AudioRendition {
    let plan = plan(250, RATE);
    let rate = plan.frame_rate;
    AudioRendition {
        path: "audio/en".into(),
        track: 0,
        stream: 1,
        map: Vec::new(),
        language: "en".into(),
        label: "English".into(),
        default: true,
        sample_rate: 48_000,
        samples: rate.samples_in(FrameCount(250), 48_000),
        channels: 2,
        role: AudioRole::Main,
    }
}

#[test]
fn audio_is_cut_on_the_grid_of_the_video() {
    let (plan, rendition) = (plan(250, RATE), audio_rendition());
    let (init, segments) = take_over_audio(&plan, &rendition, audio("")).unwrap();
    let priming = isobmff::Init::read(&init).unwrap().media_start();
    assert_eq!(priming, 1_024);
    assert_eq!(segments.len(), 3);
    let total: i64 = segments.iter().map(|s| s.duration.0).sum();
    assert_eq!(total, rendition.samples as i64 + priming);
    for segment in &segments[..2] {
        let end = plan.segment_frames_of(segment.number).end;
        let end = plan.frame_rate.samples_in(FrameCount(end), 48_000) as i64 + priming;
        let over = segment.start.0 + segment.duration.0 - end;
        assert!((0..1_024).contains(&over), "{over}");
    }
}

#[test]
fn audio_of_another_length_or_sample_rate_is_refused() {
    let (plan, rendition) = (plan(250, RATE), audio_rendition());
    let refusal = |file| {
        take_over_audio(&plan, &rendition, file)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(refusal(audio("-t 9")), @"expected 500500 samples of audio/en, found 432000");
    assert!(refusal(audio("-ar 44100")).contains("audio at 48000 Hz"));
}
