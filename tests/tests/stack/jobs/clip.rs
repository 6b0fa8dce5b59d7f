//! Parts of a mezzanine: pictures, audio and captions between `InPoint` and `OutPoint`, compared with a plain decode.

use std::path::{Path, PathBuf};
use std::process::Command;

use reelsmith_tests::delivery::{Caption, Delivery};
use reelsmith_tests::world::World;

use super::keys_of;

/// The first frame of the part, its end, and frames per second.
const FIRST: usize = 63;
const END: usize = 237;
const RATE: usize = 25;

/// Twelve seconds at 25 frames per second from 10:00:00:00, where every frame and every millisecond of audio differs. The
/// audio has 44.1 kHz.
pub(crate) fn film(folder: &Path, extension: &str) -> PathBuf {
    let path = folder.join(format!("film.{extension}"));
    let line = "-v error -nostdin -y -f lavfi -i testsrc2=size=320x180:rate=25:duration=12 \
                -f lavfi -i aevalsrc=0.3*(random(0)*2-1)*lt(mod(t\\,1)\\,0.5):s=44100:d=12 \
                -c:v libx264 -preset veryfast -crf 12 -bf 3 -g 48 -pix_fmt yuv420p -c:a aac -b:a 192k -timecode 10:00:00:00";
    let mut command = Command::new("ffmpeg");
    let made = command
        .args(line.split_ascii_whitespace())
        .arg(&path)
        .output();
    let made = made.unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    path
}

fn decoded(source: &str, args: &str) -> Vec<u8> {
    let args = format!("-v error -nostdin -copyts -i {source} {args} -");
    let output = Command::new("ffmpeg")
        .args(args.split_ascii_whitespace())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args}: {stderr}");
    output.stdout
}

fn pictures(source: &str) -> Vec<Vec<u8>> {
    let (width, height) = (80, 44);
    let args = format!(
        "-map 0:v:0 -fps_mode passthrough -vf scale={width}:{height}:flags=area,format=gray -f rawvideo"
    );
    let bytes = decoded(source, &args);
    bytes.chunks(width * height).map(<[u8]>::to_vec).collect()
}

/// The samples of an audio track at 16 kHz.
fn samples(source: &str, filter: &str) -> Vec<f64> {
    // The priming of AAC is before zero, and a demuxer may not remove it.
    let args = format!(
        "-map 0:a:0 -af {filter}aresample=16000:async=1:first_pts=0,aformat=s16:channel_layouts=mono -f s16le"
    );
    let bytes = decoded(source, &args);
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|b| f64::from(i16::from_le_bytes([b[0], b[1]])))
        .collect()
}

/// Milliseconds by which `b` is later than `a`, from their correlation within 40 ms.
fn delay_ms(a: &[f64], b: &[f64]) -> f64 {
    let reach = 640;
    let score = |lag: i64| -> f64 {
        let at = |n: usize| b.get(usize::try_from(n as i64 + lag).unwrap_or(usize::MAX));
        (reach..a.len().min(b.len()) - reach)
            .map(|n| a[n] * at(n).unwrap_or(&0.0))
            .sum()
    };
    let reach = reach as i64;
    let best = (-reach..=reach).max_by(|x, y| score(*x).total_cmp(&score(*y)));
    best.unwrap() as f64 / 16.0
}

/// When the first picture is shown, in seconds.
fn video_start(source: &str) -> f64 {
    let args = "-v error -select_streams v:0 -show_entries stream=start_time -of default=nk=1:nw=1";
    let mut command = Command::new("ffprobe");
    let output = command.args(args.split(' ')).arg(source).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().unwrap().parse().unwrap()
}

/// Compares what is published with the frames `FIRST` to `END` of the film.
pub(crate) fn compare(film: &Path, hls: &str) {
    let film = film.to_str().unwrap();
    let (source, shown) = (pictures(film), pictures(hls));
    assert_eq!((source.len(), shown.len()), (12 * RATE, END - FIRST));
    for (n, picture) in shown.iter().enumerate() {
        let distance = |other: &[u8]| -> u64 {
            let pairs = picture.iter().zip(other);
            pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
        };
        let nearest = (0..source.len()).min_by_key(|m| distance(&source[*m]));
        assert_eq!(nearest, Some(n + FIRST), "frame {n} of the output");
    }
    let at = |frame: usize| video_start(film) + frame as f64 / RATE as f64;
    let (start, end) = (at(FIRST), at(END));
    let part = format!("atrim=start={start:.6}:end={end:.6},asetpts=PTS-{start:.6}/TB,");
    let expected = samples(film, &part);
    let delay = delay_ms(&expected, &samples(hls, ""));
    assert!(delay.abs() <= 1.0, "audio is {delay} ms late");
}

pub(crate) fn delivery(id: &str, film: &Path) -> Delivery {
    Delivery {
        languages: vec!["en"],
        points: "<InPoint>10:00:02:13</InPoint><OutPoint>9.48</OutPoint>".into(),
        ..Delivery::of(id, &std::fs::read(film).unwrap())
    }
}

const CAPTIONS: &str = "1\n00:00:01,000 --> 00:00:02,000\nBefore\n\n2\n00:00:02,000 --> 00:00:03,000\nAcross\n\n3\n00:00:03,000 --> 00:00:04,000\nWithin\n\n4\n00:00:10,000 --> 00:00:11,000\nAfter\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_mezzanine_has_exactly_its_frames_audio_and_captions() {
    let world = World::join("jobs").await;
    let folder = tempfile::tempdir().unwrap();
    for extension in ["mov", "ts"] {
        let film = film(folder.path(), extension);
        // A transport stream has no start timecode.
        let points = match extension {
            "ts" => "<InPoint>00:00:02:13</InPoint><OutPoint>00:00:09:12</OutPoint>",
            _ => "<InPoint>10:00:02:13</InPoint><OutPoint>9.48</OutPoint>",
        };
        let id = format!("clip-{extension}");
        let delivery = Delivery {
            points: points.into(),
            mezzanine_key: format!("mezzanines/clip.{extension}"),
            captions: vec![Caption {
                language: "en",
                key: format!("captions/{id}.srt"),
                body: CAPTIONS,
            }],
            ..delivery(&id, &film)
        };
        let output = world.succeeded(&world.deliver(&delivery).await).await;
        compare(
            &film,
            &world.url(output["outputs"]["hls"].as_str().unwrap()),
        );
        let keys = keys_of(&output);
        let captions = world.get(&keys.output("text/en/captions.vtt")).await;
        let captions = String::from_utf8_lossy(&captions).into_owned();
        let lines: Vec<&str> = captions.lines().filter(|l| !l.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "WEBVTT",
                "00:00:00.000 --> 00:00:00.480",
                "Across",
                "00:00:00.480 --> 00:00:01.480",
                "Within"
            ]
        );
    }
    let beyond = Delivery {
        points: "<OutPoint>10:00:12:01</OutPoint>".into(),
        ..delivery("clip-beyond", &film(folder.path(), "mov"))
    };
    let (error, cause) = world.failed(&world.deliver(&beyond).await).await;
    assert_eq!(error, "ClipInvalid", "{cause}");
}
