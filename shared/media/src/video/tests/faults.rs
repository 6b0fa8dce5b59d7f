//! Faults between the decoder and the proof, and whether the comparison finds them.

use reelsmith_core::comparison::PictureComparison;

use super::*;

/// What the comparison states about a fault.
#[derive(Clone, Copy, PartialEq)]
enum Finds {
    /// A frame does not show the source frame of its time, and the encoder did not receive what another decode gives.
    Both,
    /// Only the encoder's frames differ: the change is small, or the picture does not move.
    Samples,
}

/// Faults of the filters before the encoder: name, filter, and the comparisons that find it.
const FILTERS: [(&str, &str, Finds); 20] = [
    ("green", "lutyuv=y=100:u=60:v=60", Finds::Both),
    ("grey", "lutyuv=y=126:u=128:v=128", Finds::Both),
    ("black", "lutyuv=y=16:u=128:v=128", Finds::Both),
    ("white", "lutyuv=y=235:u=128:v=128", Finds::Both),
    ("without colour", "lutyuv=u=128:v=128", Finds::Both),
    ("chroma planes swapped", "shuffleplanes=0:2:1", Finds::Both),
    (
        "one frame late",
        "tpad=start=1:start_mode=clone,trim=end_frame=48",
        Finds::Both,
    ),
    (
        "one frame early",
        "trim=start_frame=1,tpad=stop=1:stop_mode=clone",
        Finds::Both,
    ),
    (
        "eight frames late",
        "tpad=start=8:start_mode=clone,trim=end_frame=48",
        Finds::Both,
    ),
    (
        "frozen",
        "loop=loop=47:size=1,trim=end_frame=48",
        Finds::Both,
    ),
    (
        "frames repeated",
        "shuffleframes=0 0 2 3 4 5 6 7",
        Finds::Both,
    ),
    ("frames exchanged", "shuffleframes=1 0 2 3", Finds::Both),
    (
        "wrong matrix",
        "scale=in_color_matrix=bt709:out_color_matrix=smpte170m",
        Finds::Samples,
    ),
    (
        "wrong range",
        "scale=in_range=tv:out_range=pc",
        Finds::Samples,
    ),
    ("cropped", "crop=256:144:0:0,scale=320:180", Finds::Both),
    (
        "wrong aspect",
        "scale=320:120,pad=320:180:0:30",
        Finds::Both,
    ),
    ("mirrored", "hflip", Finds::Both),
    ("upside down", "vflip", Finds::Both),
    (
        "another rung, enlarged",
        "scale=80:45,scale=320:180",
        Finds::Samples,
    ),
    ("lines of two fields mixed", "il=l=i:c=i", Finds::Samples),
];

/// Runs the command of a chunk with a filter before the encoder, and compares the result with the mezzanine.
async fn compared_with(task: &ChunkTask, filter: &str) -> PictureComparison {
    let command = task.command(&tools());
    let before = "[v0]split=2[e0]";
    // A filter that adds or drops frames moves their times.
    let start = task.chunk.frames.start;
    let faulty = format!("[v0]{filter},setpts=N+{start},split=2[e0]");
    let altered = |arg: &String| arg.replace(before, &faulty);
    let output = std::process::Command::new(&command.program)
        .args(command.args.iter().map(altered))
        .current_dir(&task.directory)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{filter}: {stderr}");
    let file = std::fs::read(task.directory.join(argv::output_name(0))).unwrap();
    let rung =
        rung_media(task, &task.rungs[0], file.into()).unwrap_or_else(|e| panic!("{filter}: {e}"));
    comparison_of(task, rung).await
}

async fn comparison_of(task: &ChunkTask, rung: RungMedia) -> PictureComparison {
    let compared = compare::compare(&tools(), task, &[rung], false, &Limits::default()).await;
    compared.unwrap().0.remove(0).comparison
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_before_the_encoder_are_found_in_every_chunk() {
    let line = format!("{LAVFI}:rate=24 -t 6 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let rungs = [rung(VideoCodec::H264, "veryfast", "main", 23.0)];
    let tasks = film.tasks(48, &rungs);
    let mut missed = Vec::new();
    // Each fault in one of the chunks, and the first faults in all of them.
    for (n, (name, filter, finds)) in FILTERS.into_iter().enumerate() {
        let chunks = if n < 2 { 0..3 } else { n % 3..n % 3 + 1 };
        for task in &tasks[chunks] {
            let found = compared_with(task, filter).await;
            let altered = found.samples.as_ref().is_some_and(|s| s.altered > 0);
            let unlike = found.unlike_count > 0;
            if !altered || (finds == Finds::Both && !unlike) {
                missed.push(format!("{name} in chunk {}: {found:?}", task.chunk.index));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_wrong_frames_in_the_middle_are_found() {
    let line = format!("{LAVFI}:rate=24 -t 4 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let rungs = [rung(VideoCodec::H264, "veryfast", "main", 23.0)];
    let task = film.tasks(96, &rungs).remove(0);
    let filter = "lutyuv=y=100:u=60:v=60:enable='between(n,60,62)'";
    let found = compared_with(&task, filter).await;
    assert_eq!(found.unlike_count, 3, "{found:?}");
    assert_eq!(found.unlike[0].frame, 60);
    let filter = "drawbox=x=40:y=40:w=40:h=30:color=green:t=fill:enable='between(n,60,62)'";
    let found = compared_with(&task, filter).await;
    assert_eq!(found.unlike_count, 3, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_is_compared_in_full_if_the_profile_says_so() {
    let line = format!("{LAVFI}:rate=24 -t 3 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let rungs = [rung(VideoCodec::H264, "veryfast", "main", 23.0)];
    let mut task = film.tasks(72, &rungs).remove(0);
    let samples = |found: PictureComparison| found.samples.unwrap();
    // A change between the sampled frames that is too small for the fingerprints.
    let small = "drawbox=x=40:y=40:w=2:h=2:color=green:t=fill:enable='eq(n,30)'";
    let found = samples(compared_with(&task, small).await);
    assert_eq!((found.frames, found.altered), (12, 0), "{found:?}");
    task.proof.sampled_percent = 100;
    let found = samples(compared_with(&task, small).await);
    assert_eq!((found.frames, found.altered), (72, 1), "{found:?}");
    assert_eq!(found.first_altered, Some(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_the_finished_segments_is_found() {
    let line = format!("{LAVFI}:rate=24 -t 2 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    let rungs = [rung(VideoCodec::H264, "veryfast", "main", 23.0)];
    let task = film.tasks(48, &rungs).remove(0);
    let media = transcode(&tools(), &task, &Limits::default())
        .await
        .unwrap();
    let mut damaged = media.rungs[0].clone();
    let mut bytes = damaged.segments[0].bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 400].fill(0xaa);
    damaged.segments[0].bytes = bytes.into();
    let found = comparison_of(&task, damaged).await;
    assert!(found.damaged || found.unlike_count > 0, "{found:?}");
}

/// Pictures that are difficult to tell apart, to encode, or both.
const LEGAL: [(&str, &str); 20] = [
    ("black", "color=black:size=320x180:rate=24"),
    ("white", "color=white:size=320x180:rate=24"),
    (
        "a still",
        "testsrc2=size=320x180:rate=24,loop=loop=96:size=1",
    ),
    ("bars", "smptehdbars=size=320x180:rate=24"),
    (
        "noise",
        "color=gray:size=320x180:rate=24,noise=alls=100:allf=t",
    ),
    (
        "grain",
        "testsrc2=size=320x180:rate=24,noise=alls=25:allf=t",
    ),
    (
        "grain in the dark",
        "color=0x101010:size=320x180:rate=24,noise=alls=12:allf=t",
    ),
    (
        "a fade from black",
        "testsrc2=size=320x180:rate=24,fade=in:0:48",
    ),
    (
        "a fade to white",
        "mandelbrot=size=320x180:rate=24,fade=out:0:40:color=white",
    ),
    (
        "flashes",
        "testsrc2=size=320x180:rate=24,negate=enable='lt(mod(n,6),1)'",
    ),
    (
        "a cut in every fifth frame",
        "testsrc2=size=320x180:rate=24,hue=h='90*floor(n/5)'",
    ),
    ("a fractal", "mandelbrot=size=320x180:rate=24"),
    (
        "cells",
        "life=size=320x180:rate=24:mold=10:ratio=0.3:death_color=#c83232:life_color=#00ff00",
    ),
    (
        "an automaton that scrolls",
        "cellauto=size=320x180:rate=24:rule=110",
    ),
    ("gradients", "gradients=size=320x180:rate=24:speed=0.05"),
    ("pure colours", "rgbtestsrc=size=320x180:rate=24"),
    (
        "a slow scroll",
        "testsrc=size=320x180:rate=24,scroll=h=0.002",
    ),
    (
        "a fast scroll",
        "testsrc2=size=320x180:rate=24,scroll=h=0.1:v=0.05",
    ),
    (
        "a freeze in motion",
        "testsrc2=size=320x180:rate=24,loop=loop=24:size=1:start=20",
    ),
    (
        "black, then pictures",
        "testsrc2=size=320x180:rate=24,lutyuv=y=16:u=128:v=128:enable='lt(n,30)'",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn legal_pictures_raise_no_alarm_even_at_low_rates() {
    let mut low = rung(VideoCodec::H264, "veryfast", "main", 38.0);
    low.rung.max_bitrate = BitsPerSecond(80_000);
    low.rung.buffer_bits = 160_000;
    low.rung.resolution = Resolution {
        width: 160,
        height: 90,
    };
    let rungs = [low, rung(VideoCodec::H265, "ultrafast", "main", 34.0)];
    for (name, source) in LEGAL {
        let line = format!("-f lavfi -i {source} -frames:v 72 {B_FRAMES} film.mp4");
        let film = Film::made(Container::Mov, &line).await;
        let chunks = film.encode(48, &rungs).await;
        assert_eq!(chunks.len(), 2, "{name}");
    }
}
