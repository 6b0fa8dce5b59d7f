//! When a sound is heard, compared with an independent decode of the source, for different rates, starts and containers,
//! for formats that change midway, and for lost packets.

use reelsmith_core::warning::WarningName;

use super::*;

/// Milliseconds of 48 samples.
const MS: i64 = 48;

/// The time of the first packet of a stream and its time base, from the reference ffmpeg.
fn first_time(folder: &std::path::Path, name: &str, stream: &str) -> (i64, u32) {
    let line = format!(
        "-copyts -i {name} -map 0:{stream}:0 -frames:{stream} 1 -fps_mode passthrough -enc_time_base -1 -f framecrc -"
    );
    let text = ffmpeg(folder, &line);
    let base = text.lines().find_map(|l| l.strip_prefix("#tb 0: "));
    let (num, den) = base.unwrap().split_once('/').unwrap();
    let row = text.lines().find(|l| !l.starts_with('#')).unwrap();
    let time: i64 = row.split(',').nth(2).unwrap().trim().parse().unwrap();
    (time * num.parse::<i64>().unwrap(), den.parse().unwrap())
}

/// Samples of 48 kHz.
fn samples((ticks, timescale): (i64, u32)) -> i64 {
    (i128::from(ticks) * 48_000 / i128::from(timescale)) as i64
}

/// The starts of bursts that are at least half a second apart.
fn bursts(mono: &[f32]) -> Vec<i64> {
    let loud = mono.iter().fold(0f32, |m, s| m.max(s.abs())) / 4.0;
    let mut starts: Vec<i64> = Vec::new();
    for (n, _) in (0i64..).zip(mono).filter(|(_, s)| s.abs() > loud) {
        if starts.last().is_none_or(|last| n > last + 24_000) {
            starts.push(n);
        }
    }
    starts
}

/// The starts of the bursts in a file as the reference ffmpeg decodes it, in samples from the first frame of its video.
fn heard(folder: &std::path::Path, name: &str) -> Vec<i64> {
    let line = format!(
        "-i {name} -map 0:a:0 -af aresample=48000,pan=mono|c0=c0 -f f32le -c:a pcm_f32le heard.raw"
    );
    ffmpeg(folder, &line);
    let mono = raw_samples(&folder.join("heard.raw"));
    let offset = samples(first_time(folder, name, "a")) - samples(first_time(folder, name, "v"));
    bursts(&mono).into_iter().map(|at| at + offset).collect()
}

/// A track of a file that is there already, with time zero at its first frame.
async fn existing(container: Container, folder: tempfile::TempDir, name: &str) -> Track {
    let proxy = serve(&folder.path().join(name)).await;
    let url = proxy.url();
    let probe = probe(&tools(), &url, container, None).await.unwrap();
    let mut task = task(container, first_time(folder.path(), name, "v"));
    task.directory = folder.path().join("work");
    std::fs::create_dir(&task.directory).unwrap();
    task.url = url;
    task.rendition.stream = probe.audio[0].index;
    task.source_channels = probe.audio[0].channels;
    // Without the limiter, which would raise what precedes a burst.
    task.settings.loudness_lufs = -40.0;
    Track {
        folder,
        proxy,
        task,
    }
}

/// A burst of 5 ms at the start of every second from the first one on, quieter in between.
fn beeps(rate: u32, seconds: u32) -> String {
    let (burst, first) = (rate / 200, rate - 1);
    format!(
        "aevalsrc=exprs=cos(2*PI*1000*n/{rate})*if(lt(mod(n\\,{rate})\\,{burst})*gt(n\\,{first})\\,0.8\\,0.002):s={rate}:d={seconds}"
    )
}

const PICTURES: &str = "-f lavfi -i testsrc2=size=64x64:rate=25:duration=";

/// Container, file, sample rate, codec, seconds by which the whole file is later, and other options.
const OFFSETS: [(Container, &str, u32, &str, &str, &str); 15] = {
    use Container::{Matroska, Mov, MpegPs, MpegTs, Mxf};
    [
        (MpegTs, "a.ts", 44_100, "mp2", "1.4", ""),
        (MpegTs, "b.ts", 32_000, "mp2", "3600", ""),
        (MpegTs, "c.ts", 96_000, "aac", "2", ""),
        (MpegTs, "d.ts", 8_000, "aac", "86000", ""),
        (MpegTs, "e.ts", 44_100, "ac3", "0", "-itsoffset 0.5"),
        (MpegPs, "a.mpg", 44_100, "mp2", "0.5", ""),
        (Matroska, "a.mkv", 8_000, "flac", "1.5", ""),
        (Matroska, "b.mkv", 192_000, "flac", "86400", ""),
        (Matroska, "c.mkv", 44_100, "libopus -ar 48000", "10", ""),
        (Mov, "a.mov", 22_050, "pcm_s16le", "2.5", ""),
        (Mov, "b.mov", 48_000, "pcm_s16le", "0", "-itsoffset -0.5"),
        (Mov, "a.mp4", 44_100, "aac", "1.3", ""),
        (Mov, "b.mp4", 11_025, "aac", "86400", "-itsoffset 0.3"),
        (Mov, "c.mp4", 96_000, "alac", "0", "-itsoffset 1.1"),
        (Mxf, "a.mxf", 48_000, "pcm_s24le", "0", ""),
    ]
};

#[tokio::test(flavor = "multi_thread")]
async fn sound_is_where_an_independent_decode_has_it() {
    for (container, name, rate, codec, start, delay) in OFFSETS {
        let video = match container {
            Container::MpegPs | Container::Mxf => "mpeg2video",
            _ => "libx264 -preset ultrafast",
        };
        let (folder, _) = made(&format!(
            "{PICTURES}5 {delay} -f lavfi -i {} -map 0:v -map 1:a -c:v {video} -pix_fmt yuv420p -c:a {codec} \
             -output_ts_offset {start} {name}",
            beeps(rate, 5)
        ));
        let expected = heard(folder.path(), name);
        let track = existing(container, folder, name).await;
        let media = track.encode().await;
        let found = bursts(&track.decoded(&media));
        let worst = expected
            .iter()
            .zip(&found)
            .map(|(e, f)| (f - e).abs())
            .max();
        println!("{name}: {rate} Hz from {start} s: {worst:?} samples at most");
        assert!(expected.len() > 2, "{name}: {expected:?}");
        assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
        assert!(worst.unwrap() <= MS, "{name}: {found:?}, not {expected:?}");
        assert_eq!(media.warnings, [], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_that_changes_midway_leaves_no_gap() {
    const SURROUND: &str = "pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0";
    // Rate, codec and mix of both halves.
    let cases = [
        [(48_000, "ac3", "anull"), (48_000, "ac3", SURROUND)],
        [(48_000, "ac3", SURROUND), (48_000, "ac3", "anull")],
        [(44_100, "mp2", "anull"), (48_000, "mp2", "anull")],
        [
            (32_000, "mp2", "anull"),
            (44_100, "mp2", "pan=stereo|c0=c0|c1=c0"),
        ],
        [
            (48_000, "aac", "anull"),
            (22_050, "aac", "pan=stereo|c0=c0|c1=c0"),
        ],
    ];
    for halves in cases {
        let folder = tempfile::tempdir().unwrap();
        let mut joined = Vec::new();
        let mut expected = Vec::new();
        for (n, (rate, codec, mix)) in (0i64..).zip(halves) {
            ffmpeg(
                folder.path(),
                &format!(
                    "{PICTURES}5 -f lavfi -i {} -af {mix} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a {codec} \
                     -muxdelay 0 -muxpreload 0 -output_ts_offset {} half.ts",
                    beeps(rate, 5),
                    n * 5
                ),
            );
            let found = heard(folder.path(), "half.ts").into_iter();
            expected.extend(found.map(|at| at + n * 240_000));
            joined.extend(std::fs::read(folder.path().join("half.ts")).unwrap());
        }
        std::fs::write(folder.path().join("film.ts"), joined).unwrap();
        let track = existing(Container::MpegTs, folder, "film.ts").await;
        let media = track.encode().await;
        let decoded = track.decoded(&media);
        let found = bursts(&decoded);
        let late: Vec<i64> = expected.iter().zip(&found).map(|(e, f)| f - e).collect();
        println!("{halves:?}: {late:?} samples");
        assert_eq!(found.len(), expected.len(), "{halves:?}: {found:?}");
        assert!(late.iter().all(|l| l.abs() <= MS), "{halves:?}: {late:?}");
        assert_eq!(presented(&media), track.task.rendition.samples);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_packets_do_not_move_the_sound_after_them() {
    // File, codec, and packets of about a second. The packet in the middle is lost, which is far from the bursts.
    for (container, name, codec, second) in [
        (Container::MpegTs, "film.ts", "aac", 47),
        (Container::MpegTs, "film.ts", "ac3", 31),
        (Container::Matroska, "film.mkv", "libopus", 50),
        (Container::Mov, "film.mp4", "aac", 47),
    ] {
        let (folder, _) = made(&format!(
            "{PICTURES}10 -f lavfi -i {} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a {codec} whole.mkv",
            beeps(48_000, 10)
        ));
        let drop = format!(
            "-copyts -i whole.mkv -c copy -bsf:a noise=drop=not(mod(n+{0}\\,{second})) {name}",
            second / 2
        );
        ffmpeg(folder.path(), &drop);
        let track = existing(container, folder, name).await;
        let media = track.encode().await;
        let found = bursts(&track.decoded(&media));
        let late = |at: &i64| (at + 24_000).rem_euclid(48_000) - 24_000;
        let worst = found.iter().map(|at| late(at).abs()).max().unwrap();
        println!("{name} {codec}: {worst} samples, {:?}", media.warnings);
        assert!(found.len() >= 7, "{name}: {found:?}");
        assert!(worst <= 20 * MS, "{name} {codec}: {found:?}");
        let [warning] = &media.warnings[..] else {
            panic!("{name} {codec}: {:?}", media.warnings);
        };
        assert_eq!(warning.name, WarningName::AudioDiscontinuous);
        assert!(warning.count >= 7, "{name} {codec}: {warning}");
    }
}
