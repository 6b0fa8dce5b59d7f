use std::time::Duration;

use reelsmith_contract::ErrorName;
use reelsmith_core::ladder::{CodecSettings, ProofLimits};
use reelsmith_core::plan::{Chunk, Timeline};
use reelsmith_core::time::{FrameRange, Ticks};
use reelsmith_core::units::{BitsPerSecond, Resolution};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::*;
use crate::testing::{MemoryStore, ffmpeg, made, pictures, serve, serve_store, tools};
use crate::{ProxyOptions, RangeProxy, add_movie_facts, probe, read_index};

mod faults;
mod pictures;

/// A mezzanine behind its proxy, probed and indexed.
struct Film {
    folder: tempfile::TempDir,
    file: PathBuf,
    proxy: RangeProxy,
    probe: Probe,
    timeline: Timeline,
    scan: Scan,
    described: bool,
}

impl Film {
    async fn made(container: Container, line: &str) -> Self {
        let (folder, _) = made(line);
        let name = line.rsplit(' ').next().unwrap();
        Self::of(container, folder, name).await
    }

    async fn of(container: Container, folder: tempfile::TempDir, name: &str) -> Self {
        let file = folder.path().join(name);
        let store = MemoryStore::new(std::fs::read(&file).unwrap());
        let pin = store.pin();
        let proxy = serve_store(store.clone()).await;
        let tools = tools();
        let probe = probe(&tools, &proxy.url(), container, None).await.unwrap();
        let probe = add_movie_facts(store.clone(), &pin, probe).await.unwrap();
        let index = read_index(&tools, store, &pin, &probe).await.unwrap().index;
        let timeline = Timeline::new(&index, probe.video.as_ref().unwrap(), 60).unwrap();
        Self {
            folder,
            file,
            proxy,
            probe,
            timeline,
            scan: index.scan,
            described: index.described,
        }
    }

    /// A task for each chunk of `chunk` frames, with segments of 48 frames and GOPs of 24.
    fn tasks(&self, chunk: u64, rungs: &[VideoRendition]) -> Vec<ChunkTask> {
        let total = self.timeline.frames.0;
        let starts = (0..total).step_by(chunk as usize);
        (0u32..)
            .zip(starts)
            .map(|(index, start)| {
                let frames = FrameRange {
                    start,
                    end: (start + chunk).min(total),
                };
                let directory = self.folder.path().join(format!("chunk{index}"));
                std::fs::create_dir_all(&directory).unwrap();
                self.task(index, frames, rungs, directory)
            })
            .collect()
    }

    fn task(
        &self,
        index: u32,
        frames: FrameRange,
        rungs: &[VideoRendition],
        directory: PathBuf,
    ) -> ChunkTask {
        ChunkTask {
            url: self.proxy.url(),
            container: self.probe.container,
            source: self.probe.video.clone().unwrap(),
            frame_rate: self.timeline.frame_rate,
            mapping: self.timeline.mapping,
            scan: self.scan,
            described: self.described,
            video_start: self.timeline.video_start(),
            segment_frames: FrameCount(48),
            gop_frames: FrameCount(24),
            chunk: Chunk {
                index,
                frames,
                first_segment: (frames.start / 48 + 1) as u32,
                segments: frames.count().0.div_ceil(48) as u32,
                cut: self.timeline.cut(frames),
            },
            rungs: rungs.to_vec(),
            mock: false,
            fills_gaps: false,
            reference_url: self.proxy.url(),
            reference_seek: None,
            proof: ProofLimits::default(),
            directory,
        }
    }

    async fn encode(&self, chunk: u64, rungs: &[VideoRendition]) -> Vec<ChunkMedia> {
        let mut chunks = Vec::new();
        for task in self.tasks(chunk, rungs) {
            let media = transcode(&tools(), &task, &Limits::default()).await;
            let media = self.proxy.check(media).unwrap();
            assert_shows_the_mezzanine(&task, &media);
            chunks.push(media);
        }
        chunks
    }

    /// Writes one rung of all chunks as a file.
    fn joined(&self, chunks: &[ChunkMedia], rung: usize) -> PathBuf {
        let mut bytes = chunks[0].rungs[rung].init.to_vec();
        for segment in chunks.iter().flat_map(|c| &c.rungs[rung].segments) {
            bytes.extend_from_slice(&segment.bytes);
        }
        let file = self.folder.path().join(format!("joined{rung}.mp4"));
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// Probes one rung of all chunks.
    async fn reprobed(&self, rung: usize) -> VideoStream {
        let proxy = serve(&self.folder.path().join(format!("joined{rung}.mp4"))).await;
        let probe = probe(&tools(), &proxy.url(), Container::Mov, None).await;
        probe.unwrap().video.unwrap()
    }

    /// Checks a rung: one init segment, segments that tile the timeline, pictures at regular times. Returns the pictures.
    fn assert_seamless(&self, chunks: &[ChunkMedia], rung: usize) -> Vec<(i64, String)> {
        let tick = self.timeline.frame_rate.ticks_per_frame().0;
        let mut next = (1, Ticks(0));
        for media in chunks.iter().map(|c| &c.rungs[rung]) {
            assert!(
                media.init == chunks[0].rungs[rung].init,
                "init segments differ"
            );
            for segment in &media.segments {
                assert_eq!((segment.number, segment.start), next);
                next = (
                    segment.number + 1,
                    Ticks(segment.start.0 + segment.duration.0),
                );
                assert_keys(segment, tick);
            }
        }
        let total = self.timeline.frames;
        assert_eq!(next.1, self.timeline.frame_rate.duration_of(total));
        let timescale = self.timeline.frame_rate.timescale();
        let shown = pictures(&self.joined(chunks, rung), timescale.0);
        assert_eq!(shown.len() as u64, total.0);
        for (n, (pts, _)) in (0i64..).zip(&shown) {
            assert_eq!(*pts, n * tick, "picture {n}");
        }
        shown
    }

    /// Checks that the pictures of a lossless encode equal those of the source.
    fn assert_lossless(&self, shown: &[(i64, String)]) {
        let source = pictures(&self.file, 1_000);
        assert_eq!(source.len(), shown.len());
        for (n, (a, b)) in source.iter().zip(shown).enumerate() {
            assert_eq!(a.1, b.1, "picture {n} is another one");
        }
    }
}

/// Checks that the bytes of each key frame start with a `moof` and end with the picture.
/// Every frame was compared, and none differs from the mezzanine.
fn assert_shows_the_mezzanine(task: &ChunkTask, media: &ChunkMedia) {
    assert_eq!(media.comparisons.len(), task.rungs.len());
    for (rung, compared) in task.rungs.iter().zip(&media.comparisons) {
        let found = &compared.comparison;
        let about = format!("{} {:?}: {found:?}", rung.path, task.chunk.frames);
        assert_eq!(found.frames, task.chunk.frames.count().0, "{about}");
        assert_eq!((found.unlike_count, found.dead.len()), (0, 0), "{about}");
        if media.damage.count() == 0 {
            let samples = found.samples.as_ref().expect(&about);
            assert!(samples.frames * 10 >= found.frames, "{about}");
            assert_eq!((samples.altered, found.damaged), (0, false), "{about}");
            assert!(compared.picture.is_some(), "{about}");
        }
    }
}

fn assert_keys(segment: &SegmentMedia, tick: i64) {
    let gops = u64::from(segment.samples).div_ceil(24);
    assert_eq!(segment.key_frames.len() as u64, gops);
    for (n, key) in (0i64..).zip(&segment.key_frames) {
        assert_eq!(key.time.0, segment.start.0 + n * 24 * tick);
        let start = key.range.offset as usize;
        let bytes = &segment.bytes[start..start + key.range.length as usize];
        assert_eq!(&bytes[4..8], b"moof");
    }
}

fn rung(codec: VideoCodec, preset: &str, profile: &str, crf: f64) -> VideoRendition {
    let rung = ResolvedRung {
        name: "180p".into(),
        codec,
        resolution: Resolution {
            width: 320,
            height: 180,
        },
        max_bitrate: BitsPerSecond(600_000),
        buffer_bits: 900_000,
        crf,
        level: 30,
        settings: CodecSettings {
            preset: preset.into(),
            profile: profile.into(),
            pixel_format: "yuv420p".into(),
            threads: 1,
            deep: None,
        },
        range: reelsmith_core::ladder::VideoRange::Sdr,
    };
    VideoRendition {
        path: format!("video/{}_{}_{preset}", codec.as_str(), rung.name),
        rung,
    }
}

/// A lossless rung with B-frames.
fn lossless() -> VideoRendition {
    rung(VideoCodec::H264, "superfast", "high444", 0.0)
}

const LAVFI: &str = "-f lavfi -i testsrc2=size=320x180:duration=10";
const B_FRAMES: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -pix_fmt yuv420p";

#[tokio::test(flavor = "multi_thread")]
async fn chunks_of_an_mp4_join_seamlessly_at_every_rung() {
    let film = Film::made(
        Container::Mov,
        &format!("{LAVFI}:rate=24 {B_FRAMES} film.mp4"),
    )
    .await;
    let mut small = rung(VideoCodec::H264, "veryfast", "main", 24.0);
    small.rung.resolution = Resolution {
        width: 160,
        height: 90,
    };
    let rungs = [
        lossless(),
        small,
        rung(VideoCodec::H264, "ultrafast", "high", 28.0),
    ];
    let chunks = film.encode(96, &rungs).await;
    assert_eq!(chunks.len(), 3);
    assert!(chunks.iter().all(|c| c.cpu_ms > 0));
    let shown = film.assert_seamless(&chunks, 0);
    film.assert_lossless(&shown);
    film.assert_seamless(&chunks, 1);
    film.assert_seamless(&chunks, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_chunk_of_one_or_two_frames_fits_the_same_init_segment() {
    for frames in [97, 98] {
        let line = format!("{LAVFI}:rate=24 -frames:v {frames} {B_FRAMES} film.mp4");
        let film = Film::made(Container::Mov, &line).await;
        let rungs = [lossless(), rung(VideoCodec::H264, "veryfast", "high", 23.0)];
        let chunks = film.encode(48, &rungs).await;
        let shown = film.assert_seamless(&chunks, 0);
        film.assert_lossless(&shown);
        film.assert_seamless(&chunks, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rounded_times_in_matroska_lose_no_frames() {
    let line = format!("{LAVFI}:rate=24000/1001 {B_FRAMES} film.mkv");
    let film = Film::made(Container::Matroska, &line).await;
    let chunks = film.encode(96, &[lossless()]).await;
    let shown = film.assert_seamless(&chunks, 0);
    film.assert_lossless(&shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transport_stream_loses_no_frames() {
    let line = format!("{LAVFI}:rate=30000/1001 {B_FRAMES} film.ts");
    let film = Film::made(Container::MpegTs, &line).await;
    assert_eq!(film.timeline.frame_rate.to_string(), "30000/1001");
    let chunks = film.encode(96, &[lossless()]).await;
    let shown = film.assert_seamless(&chunks, 0);
    film.assert_lossless(&shown);
}

/// Runs the command of a chunk with ffmpeg's and the encoders' code for these instruction sets; returns its files.
fn encoded_with(task: &ChunkTask, cpu_flags: &str, x264: &str, x265: &str) -> Vec<Vec<u8>> {
    let command = task.command(&tools());
    let asm = |arg: &String| match arg.as_str() {
        _ if !arg.contains("keyint=") => arg.clone(),
        _ if arg.contains("cpu-independent") => format!("{arg}:asm={x264}"),
        _ => format!("{arg}:asm={x265}"),
    };
    let output = std::process::Command::new(&command.program)
        .args(["-cpuflags", cpu_flags])
        .args(command.args.iter().map(asm))
        .current_dir(&task.directory)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    // The muxer warns of every last frame.
    let expected = |line: &str| line.is_empty() || line.contains("Estimating the duration");
    assert!(
        output.status.success() && stderr.lines().all(expected),
        "{stderr}"
    );
    let files = (0..task.rungs.len()).map(|i| task.directory.join(argv::output_name(i)));
    files.map(|f| std::fs::read(f).unwrap()).collect()
}

#[cfg(target_arch = "x86_64")]
#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_do_not_depend_on_the_instruction_set() {
    let line = format!("{LAVFI}:rate=24 -t 2 -vf noise=alls=20:allf=t {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let smaller = |mut rendition: VideoRendition| {
        rendition.rung.resolution = Resolution {
            width: 256,
            height: 144,
        };
        rendition
    };
    let mut deep = rung(VideoCodec::H265, "fast", "main10", 28.0);
    deep.rung.settings.pixel_format = "yuv420p10le".into();
    let eight_bits = [
        smaller(rung(VideoCodec::H264, "medium", "high", 24.0)),
        smaller(rung(VideoCodec::H265, "fast", "main", 28.0)),
    ];
    for rungs in [&eight_bits[..], &[smaller(deep)]] {
        let task = film.tasks(48, rungs).remove(0);
        let sse = "mmx+mmxext+sse+sse2+sse3+ssse3+sse4.1+sse4.2";
        let avx2 = "mmx+mmxext+sse+sse2+sse3+ssse3+sse4.1+sse4.2+avx+fma3+bmi1+bmi2+avx2";
        let old = encoded_with(&task, sse, "SSE2,SSSE3,SSE4.2", "sse4.2");
        let new = encoded_with(&task, avx2, "SSE2,SSSE3,SSE4.2,AVX,FMA3,BMI2,AVX2", "avx2");
        assert!(old == new, "{} rungs differ", rungs.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn av1_is_decoded_by_the_supplement() {
    let line = format!("{LAVFI}:rate=24 -t 4 -c:v libsvtav1 -preset 12 -g 24 film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let chunks = film.encode(48, &[lossless()]).await;
    assert_eq!(chunks.len(), 2);
    let shown = film.assert_seamless(&chunks, 0);
    film.assert_lossless(&shown);
}

/// Kinds of mezzanine for which some ways of cutting are known to fail.
const KINDS: [(Container, &str); 9] = [
    (
        Container::MpegTs,
        "-r 25 -c:v mpeg2video -bf 2 -g 12 -q:v 4 open_gop.ts",
    ),
    (
        Container::MpegTs,
        "-r 10 -c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=30:bframes=4 slow.ts",
    ),
    (
        Container::MpegTs,
        "-r 25 -c:v libx264 -preset veryfast -g 250 -mpegts_copyts 1 -output_ts_offset 37.5 late.ts",
    ),
    (
        Container::Mov,
        "-r 24000/1001 -c:v prores_ks -profile:v 0 intra.mov",
    ),
    (
        Container::Mov,
        "-r 25 -c:v libx264 -preset veryfast -x264-params open-gop=1:keyint=20:bframes=3 open_gop.mp4",
    ),
    (
        Container::Mov,
        "-r 25 -c:v libx264 -preset veryfast -g 20 -movflags frag_keyframe+empty_moov fragments.mp4",
    ),
    (
        Container::Mxf,
        "-r 25 -c:v mpeg2video -bf 2 -g 12 -q:v 4 long_gop.mxf",
    ),
    (
        Container::MpegPs,
        "-r 25 -c:v mpeg2video -bf 2 -g 12 -q:v 4 -f vob film.mpg",
    ),
    (
        Container::Matroska,
        "-r 60000/1001 -fps_mode cfr -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 40 film.mkv",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_kind_of_mezzanine_loses_frames() {
    for (container, how) in KINDS {
        let line = format!("-f lavfi -i testsrc2=size=96x64:duration=6 -pix_fmt yuv420p {how}");
        let line = line.replace("-pix_fmt yuv420p -r 24000", "-pix_fmt yuv422p10le -r 24000");
        let film = Film::made(container, &line).await;
        assert_eq!(film.timeline.mapping, FrameMapping::Every, "{how}");
        assert!(
            how.contains(&format!("-r {} ", film.timeline.frame_rate)),
            "{how}"
        );
        let mut rung = lossless();
        rung.rung.resolution = film.probe.video.as_ref().unwrap().display();
        let chunks = film.encode(48, &[rung]).await;
        assert!(chunks.len() >= 2, "{how}: {} chunks", chunks.len());
        let shown = film.assert_seamless(&chunks, 0);
        if film.probe.video.as_ref().unwrap().bit_depth == 8 {
            film.assert_lossless(&shown);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_frame_rate_gives_the_same_frames_in_one_chunk_or_many() {
    let line = format!(
        "{LAVFI}:rate=30 -vf select='mod(n\\,7)*mod(n\\,11)' -fps_mode vfr {B_FRAMES} film.mkv"
    );
    let film = Film::made(Container::Matroska, &line).await;
    assert_eq!(film.timeline.mapping, FrameMapping::Resampled);
    let whole = film.encode(48 * 100, &[lossless()]).await;
    let whole = film.assert_seamless(&whole, 0);
    let parts = film.encode(48, &[lossless()]).await;
    assert!(parts.len() > 3);
    let parts = film.assert_seamless(&parts, 0);
    assert!(whole == parts, "different frames were chosen");
}

#[tokio::test(flavor = "multi_thread")]
async fn hevc_chunks_join_and_a_repeated_encode_gives_equal_bytes() {
    let line = format!("{LAVFI}:rate=25 -frames:v 121 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let rungs = [rung(VideoCodec::H265, "ultrafast", "main", 28.0)];
    let chunks = film.encode(48, &rungs).await;
    film.assert_seamless(&chunks, 0);
    let init = reelsmith_isobmff::Init::read(&chunks[0].rungs[0].init).unwrap();
    assert_eq!(init.entry, "hvc1");
    let mut again = film.encode(48, &rungs).await;
    for (a, b) in again.iter_mut().zip(&chunks) {
        a.cpu_ms = b.cpu_ms;
    }
    assert!(again == chunks, "two encodes of the same frames differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_frames_are_detected_although_the_encoder_succeeds() {
    let line = format!("{LAVFI}:rate=24 -t 4 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let mut task = film.tasks(96, &[lossless()]).remove(0);
    task.chunk.cut.end = Some(Seconds {
        ticks: Ticks(2),
        timescale: Timescale(1),
    });
    let result = transcode(&tools(), &task, &Limits::default()).await;
    let Err(MediaError::FrameCount {
        expected: 96,
        found: 48,
        ..
    }) = result
    else {
        panic!("expected 48 of 96 frames to be noticed, found {result:?}");
    };
    task.chunk.cut.start = Some(Seconds {
        ticks: Ticks(100),
        timescale: Timescale(1),
    });
    task.chunk.cut.end = None;
    let result = transcode(&tools(), &task, &Limits::default()).await;
    assert!(
        matches!(result, Err(MediaError::FrameCount { found: 0, .. })),
        "{result:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mezzanine_replaced_during_an_encode_is_an_error_of_its_own() {
    let line = format!("{LAVFI}:rate=24 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let store = MemoryStore::new(std::fs::read(&film.file).unwrap());
    let proxy = RangeProxy::start(store.clone(), store.pin(), ProxyOptions::default()).await;
    let proxy = proxy.unwrap();
    store.replace(vec![0; 1_000]);
    let mut task = film.tasks(96, &[lossless()]).remove(1);
    task.url = proxy.url();
    let limits = Limits {
        wall: Duration::from_secs(60),
        ..Limits::default()
    };
    let result = proxy.check(transcode(&tools(), &task, &limits).await);
    assert_eq!(result.unwrap_err().name(), ErrorName::MezzanineChanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn mocked_chunks_join_and_read_nothing() {
    let film = Film::made(
        Container::Mov,
        &format!("{LAVFI}:rate=24000/1001 {B_FRAMES} film.mp4"),
    )
    .await;
    let rungs = [
        rung(VideoCodec::H264, "ultrafast", "high", 23.0),
        rung(VideoCodec::H265, "ultrafast", "main", 23.0),
    ];
    let mut chunks = Vec::new();
    for task in film.tasks(96, &rungs) {
        let mut task = task.mocked(true);
        task.url = "http://127.0.0.1:1/nothing-is-here".into();
        chunks.push(
            transcode(&tools(), &task, &Limits::default())
                .await
                .unwrap(),
        );
    }
    film.assert_seamless(&chunks, 0);
    film.assert_seamless(&chunks, 1);
}

#[tokio::test]
async fn the_command_line_matches_its_snapshot() {
    let line = format!("{LAVFI}:rate=24 -t 5 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let rungs = [
        rung(VideoCodec::H264, "medium", "high", 21.5),
        rung(VideoCodec::H265, "medium", "main", 23.0),
    ];
    let mut task = film.tasks(48, &rungs).remove(1);
    task.url = "http://127.0.0.1:4242/token/mezzanine".into();
    insta::assert_snapshot!("constant", transcode_argv(&task).join("\n"));
    task.mapping = FrameMapping::Resampled;
    task.chunk.cut.start = None;
    let argv = transcode_argv(&task).join("\n");
    let graph = argv.lines().find(|l| l.starts_with("[0:")).unwrap();
    let mut parts = graph.split(';');
    let frames = parts.find(|p| p.starts_with("[decoded]")).unwrap();
    insta::assert_snapshot!(frames, @"[decoded]settb=expr=1/384000,setpts=PTS-(0),fps=fps=24:round=near,tpad=stop_mode=clone:stop_duration=1.000000,trim=start_pts=48:end_pts=96,settb=expr=1/24,setpts=N+48,split=2[s0][s1]");
}

#[test]
fn times_are_written_in_microseconds_rounded_down() {
    for (ticks, scale, text) in [
        (1_001, 48_000, "0.020854"),
        (-1_001, 48_000, "-0.020855"),
        (7, 2, "3.500000"),
        (0, 1, "0.000000"),
    ] {
        let time = Seconds {
            ticks: Ticks(ticks),
            timescale: Timescale(scale),
        };
        assert_eq!(filters::decimal(time), text);
    }
}

/// Encodes with ffmpeg restricted to these processors, which child processes inherit from the thread.
async fn encode_on(film: &Film, rungs: &[VideoRendition], processors: &CpuSet) -> Vec<ChunkMedia> {
    sched_setaffinity(None, processors).unwrap();
    let mut chunks = film.encode(48, rungs).await;
    chunks.iter_mut().for_each(|c| c.cpu_ms = 0);
    chunks
}

/// The test runs on one thread, so its processors are those of the child processes.
#[tokio::test]
async fn the_number_of_processors_does_not_change_the_bytes() {
    let all = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|n| all.is_set(*n)).unwrap();
    let mut one = CpuSet::new();
    one.set(first);
    let line = format!("{LAVFI}:rate=25 -frames:v 97 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    for threads in [1, 2, 4] {
        let mut rungs = [
            rung(VideoCodec::H264, "veryfast", "main", 23.0),
            rung(VideoCodec::H265, "ultrafast", "main", 28.0),
        ];
        rungs
            .iter_mut()
            .for_each(|r| r.rung.settings.threads = threads);
        let alone = encode_on(&film, &rungs, &one).await;
        let many = encode_on(&film, &rungs, &all).await;
        let again = encode_on(&film, &rungs, &all).await;
        assert!(
            alone == many,
            "{threads} threads: one processor gives different bytes"
        );
        assert!(
            many == again,
            "{threads} threads: a repeated encode gives different bytes"
        );
    }
}

/// Overwrites bytes in the middle of a file, in `places` places.
fn damaged(file: &Path, places: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let (start, length) = (bytes.len() / 3, bytes.len() / 3);
    for place in 0..places {
        let at = start + place * length / places;
        for (n, byte) in bytes[at..at + 48].iter_mut().enumerate() {
            *byte = (n * 89 + place * 31 + 7) as u8;
        }
    }
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_pictures_are_counted_and_missing_ones_are_held() {
    const SOURCE: &str = "-f lavfi -i testsrc2=size=320x180:rate=25 -frames:v 120";
    // The number of damaged pictures differs by decoder; a picture of DNxHR with damaged slices is not shown at all.
    for (container, codec, missing) in [
        (
            Container::Mov,
            "-c:v libx264 -g 24 -pix_fmt yuv420p film.mp4",
            0,
        ),
        (Container::MpegTs, "-c:v mpeg2video -q:v 3 film.ts", 0),
        (
            Container::Mov,
            "-pix_fmt yuv422p -c:v dnxhd -profile:v dnxhr_sq film.mov",
            2,
        ),
    ] {
        let (folder, file) = made(&format!("{SOURCE} {codec}"));
        damaged(&file, 3);
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let film = Film::of(container, folder, &name).await;
        assert_eq!(film.timeline.frames, FrameCount(120), "{name}");
        let rungs = [lossless()];
        let chunks = film.encode(48, &rungs).await;
        let pictures = film.assert_seamless(&chunks, 0);
        assert_eq!(pictures.len(), 120, "{name}");
        let found: u64 = chunks.iter().map(|c| c.damage.missing).sum();
        assert_eq!(found, missing, "{name}");
        let all: u64 = chunks.iter().map(|c| c.damage.count()).sum();
        assert!((1..60).contains(&all), "{name}: {all}");
        for (n, chunk) in (0i64..).zip(&chunks) {
            let own = n * 1_920..(n + 1) * 1_920;
            assert!(
                chunk.damage.partial.iter().all(|at| own.contains(at)),
                "{name}: {:?}",
                chunk.damage
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_pictures_of_open_groups_are_not_reported_as_damaged() {
    let line = "-f lavfi -i testsrc2=size=320x180:rate=25 -frames:v 120 -pix_fmt yuv420p -c:v libx264 \
                -x264-params open-gop=1:keyint=20:bframes=3 film.ts";
    let film = Film::made(Container::MpegTs, line).await;
    for chunk in film.encode(48, &[lossless()]).await {
        assert_eq!(chunk.damage.count(), 0);
    }
}
