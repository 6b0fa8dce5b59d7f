//! Synchronisation of sound and picture over a whole film: white frames and tones that begin together.

use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::plan::{Chunk, ChunkItem, Timeline, VideoRendition};
use reelsmith_core::time::FrameRange;

use super::*;
use crate::testing::{MemoryStore, serve_store};
use crate::{ChunkTask, read_index, transcode};

/// Frames between flashes, and their duration in samples: 2,002 per frame at 24000/1001.
const PERIOD: u64 = 96;
const SAMPLES: u64 = PERIOD * 2_002;

/// A film with a flash of one frame and a tone of 20 ms at the start of each period.
fn film(seconds: u32) -> String {
    format!(
        "-f lavfi -i color=black:s=64x36:r=24000/1001:d={seconds},drawbox=c=white:t=fill:enable=lt(mod(n\\,{PERIOD})\\,1) \
         -f lavfi -i aevalsrc=exprs=0.5*sin(PI*2*1000*t)*lt(mod(n\\,{SAMPLES})\\,960):s=48000:d={seconds} \
         -c:v libx264 -preset ultrafast -g 48 -bf 2 -pix_fmt yuv420p -c:a pcm_s16le film.mov"
    )
}

/// Offset of the sound in microseconds at every flash, positive if the sound is late; also the numbers of frames and samples.
async fn offsets(seconds: u32) -> (Vec<i64>, u64, u64) {
    let (folder, file) = made(&film(seconds));
    let store = MemoryStore::new(std::fs::read(&file).unwrap());
    let pin = store.pin();
    let proxy = serve_store(store.clone()).await;
    let probe = probe(&tools(), &proxy.url(), Container::Mov, None)
        .await
        .unwrap();
    let index = read_index(&tools(), store, &pin, &probe).await.unwrap();
    let timeline = Timeline::new(&index.index, probe.video.as_ref().unwrap(), 60).unwrap();
    let mut plan = crate::testing::plan(timeline.frames.0, "24000/1001");
    plan.video_start = timeline.video_start();
    plan.mapping = timeline.mapping;
    let options = OutputOptions {
        h265: false,
        dash: false,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let profile = Profile::named("draft").unwrap();
    let rungs = profile.resolve(
        probe.video.as_ref().unwrap().display(),
        plan.frame_rate,
        &options,
    );
    plan.video = rungs
        .into_iter()
        .map(|rung| VideoRendition {
            path: rung.path(),
            rung,
        })
        .collect();
    plan.groups = vec![vec![0]];
    // Chunks of four segments, with a join every sixteen seconds.
    let (segment, total) = (plan.segment_frames.0, timeline.frames.0);
    plan.chunks = (0u32..)
        .zip((0..total).step_by((segment * 4) as usize))
        .map(|(index, start)| {
            let frames = FrameRange {
                start,
                end: (start + segment * 4).min(total),
            };
            Chunk {
                index,
                frames,
                first_segment: index * 4 + 1,
                segments: frames.count().0.div_ceil(segment) as u32,
                cut: timeline.cut(frames),
            }
        })
        .collect();
    let samples = plan.frame_rate.samples_in(timeline.frames, 48_000);
    plan.audio = vec![AudioRendition {
        path: "audio/en".into(),
        track: 0,
        stream: probe.audio[0].index,
        map: Vec::new(),
        language: "en".into(),
        label: "English".into(),
        default: true,
        sample_rate: 48_000,
        samples,
        channels: 2,
        role: AudioRole::Main,
    }];
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let (mut video, mut init) = (Vec::new(), None);
    for chunk in 0..plan.chunks.len() as u32 {
        let item = ChunkItem { chunk, group: 0 };
        let task = ChunkTask::new(proxy.url(), &probe, &plan, item, &work).unwrap();
        let media = transcode(&tools(), &task, &Limits::default())
            .await
            .unwrap();
        let rung = media.rungs.into_iter().next().unwrap();
        init.get_or_insert(rung.init);
        video.extend(rung.segments);
    }
    let audio = &profile.audio;
    let task = AudioTask::new(proxy.url(), &probe, &plan, "audio/en", audio, &work).unwrap();
    let sound = encode_audio(&tools(), &task, &Limits::default())
        .await
        .unwrap();
    assert_eq!(presented(&sound), samples);
    let join = |name: &str, init: &[u8], segments: &[SegmentMedia]| {
        let parts = segments.iter().map(|s| &s.bytes[..]);
        let bytes: Vec<&[u8]> = std::iter::once(init).chain(parts).collect();
        std::fs::write(folder.path().join(name), bytes.concat()).unwrap();
    };
    join("video.mp4", &init.unwrap(), &video);
    join("audio.mp4", &sound.init, &sound.segments);
    let found = (flashes(folder.path()), tones(folder.path()));
    let pairs = found.0.iter().zip(&found.1);
    let offsets = pairs.map(|(frame, sample)| {
        let picture = i128::from(*frame) * 1_001 * 1_000_000 / 24_000;
        let sound = i128::from(*sample) * 1_000_000 / 48_000;
        (sound - picture) as i64
    });
    assert_eq!(found.0.len(), found.1.len());
    (offsets.collect(), timeline.frames.0, samples)
}

/// Numbers of the white frames.
fn flashes(folder: &std::path::Path) -> Vec<u64> {
    ffmpeg(
        folder,
        "-i video.mp4 -fps_mode passthrough -vf scale=1:1:flags=area,format=gray -f rawvideo grey.raw",
    );
    let grey = std::fs::read(folder.join("grey.raw")).unwrap();
    let white = (0u64..).zip(grey).filter(|(_, level)| *level > 128);
    white.map(|(n, _)| n).collect()
}

/// The first loud sample of each tone.
fn tones(folder: &std::path::Path) -> Vec<u64> {
    ffmpeg(
        folder,
        "-advanced_editlist 0 -i audio.mp4 -af pan=mono|c0=c0 -f s16le -c:a pcm_s16le mono.raw",
    );
    let raw = std::fs::read(folder.join("mono.raw")).unwrap();
    let samples: Vec<i32> = raw
        .chunks_exact(2)
        .map(|b| i32::from(i16::from_le_bytes([b[0], b[1]])).abs())
        .collect();
    let loud = samples.iter().max().copied().unwrap_or(0) / 4;
    let mut starts: Vec<u64> = Vec::new();
    for (n, _) in (0u64..).zip(&samples).filter(|(_, s)| **s > loud) {
        if starts.last().is_none_or(|last| n > last + SAMPLES / 2) {
            starts.push(n);
        }
    }
    starts
}

/// Half a millisecond: the tone is loud after a quarter of its period, and AAC smears its start.
const HALF_A_MILLISECOND: i64 = 500;

fn assert_in_sync(offsets: &[i64], frames: u64, samples: u64) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let worst = offsets.iter().map(|o| o.abs()).max().unwrap();
    println!(
        "{frames} frames, {samples} samples, {} flashes: sound late by {first} µs at the first, {last} µs at the last, {worst} µs at most",
        offsets.len()
    );
    assert!(worst <= HALF_A_MILLISECOND, "{offsets:?}");
    assert!((last - first).abs() <= 100, "drift: {first} to {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_and_picture_stay_in_sync() {
    let (offsets, frames, samples) = offsets(24).await;
    assert_eq!(offsets.len(), 6);
    assert_in_sync(&offsets, frames, samples);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "half an hour of film: some minutes of work; see docs/audio.md"]
async fn sound_and_picture_stay_in_sync_for_half_an_hour() {
    let (offsets, frames, samples) = offsets(1_800).await;
    assert!(offsets.len() > 440);
    assert_in_sync(&offsets, frames, samples);
}
