//! The cost of cutting in bits on real footage, and whether the buffer model holds across joins.
//!
//! `EXACTNESS_FOOTAGE` is the path of the footage, which scripts/measure-exactness downloads; without it nothing is measured.

use std::fmt::Write as _;
use std::path::Path;

use reelsmith_core::ladder::{OutputOptions, Profile, ResolvedRung};
use reelsmith_core::plan::VideoRendition;
use reelsmith_core::sniff::Container;
use reelsmith_core::time::{FrameCount, FrameRange};
use reelsmith_core::units::{BitsPerSecond, Resolution};
use reelsmith_media::{ChunkMedia, ProxyOptions};

use crate::film::{Film, Picture, ffmpeg, tools};
use crate::kinds::Kind;
use crate::table::document;

/// Frame rate of the footage, and frames of the looped film.
const RATE: u64 = 25;
const FRAMES: u64 = 1_000;
/// Seconds of a chunk; the last is the whole film.
const SECONDS: [u64; 6] = [2, 4, 6, CHUNK, 10, FRAMES / RATE];
/// Seconds of a chunk and of a GOP, as in the profile. Every GOP is a segment here, because segments cost no bits and chunks
/// of 6 s are not a whole number of the profile's segments.
const CHUNK: u64 = 8;
const GOP: u64 = 2;
/// Limit of the additional bits over an uncut encode of the same SSIM, at the profile's chunk length.
const MAX_EXTRA: f64 = 0.005;
/// CRF steps, and shares of a low bit rate cap, of the uncut encodes that show how many bits an SSIM needs.
const STEPS: [f64; 4] = [-1.0, 0.0, 1.0, 2.0];
const SHARES: [u64; 4] = [110, 100, 92, 84];

/// The smallest H.264 rung of the default profile, and the same rung with half its cap, each with neighbours of slightly more
/// and fewer bits.
fn rungs() -> [Vec<VideoRendition>; 2] {
    let profile = Profile::named("default").unwrap();
    let source = Resolution {
        width: 640,
        height: 360,
    };
    let options = OutputOptions {
        h265: false,
        dash: false,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let mut resolved = profile.resolve(source, "25".parse().unwrap(), &options);
    let rung = resolved.remove(0);
    let starved = ResolvedRung {
        max_bitrate: BitsPerSecond(rung.max_bitrate.0 / 2),
        buffer_bits: rung.buffer_bits / 2,
        ..rung.clone()
    };
    let named = |path: String, rung| VideoRendition { path, rung };
    let finer = STEPS.map(|step| {
        let crf = rung.crf + step;
        named(
            format!("video/profile-{crf}"),
            ResolvedRung {
                crf,
                ..rung.clone()
            },
        )
    });
    let fuller = SHARES.map(|share| {
        let max_bitrate = BitsPerSecond(starved.max_bitrate.0 * share / 100);
        let buffer_bits = starved.buffer_bits * share / 100;
        named(
            format!("video/starved-{share}"),
            ResolvedRung {
                max_bitrate,
                buffer_bits,
                ..starved.clone()
            },
        )
    });
    [finer.to_vec(), fuller.to_vec()]
}

/// The index of the rung among its neighbours.
const ITSELF: usize = 1;

/// Bits that an uncut encode of this SSIM needs, by interpolation: over a short range, log bits is nearly linear in SSIM.
fn bits_of(ssim: f64, curve: &[EncodeQuality]) -> f64 {
    let points: Vec<(f64, f64)> = curve
        .iter()
        .map(|m| (m.ssim, (m.bits as f64).ln()))
        .collect();
    let after = points.windows(2).find(|p| p[1].0 <= ssim);
    let (a, b) = after.map_or((points[points.len() - 2], points[points.len() - 1]), |p| {
        (p[0], p[1])
    });
    (a.1 + (ssim - a.0) / (b.0 - a.0) * (b.1 - a.1)).exp()
}

/// Encodes the film in chunks of `seconds`.
async fn encoded(film: &Film, rungs: &[VideoRendition], seconds: u64) -> Vec<ChunkMedia> {
    let frames = |seconds: u64| FrameCount(seconds * RATE);
    let cadence = (frames(GOP), frames(GOP));
    let mut chunks = Vec::new();
    for (index, start) in (0u32..).zip((0..FRAMES).step_by(frames(seconds).0 as usize)) {
        let end = (start + frames(seconds).0).min(FRAMES);
        let range = FrameRange { start, end };
        let block = ProxyOptions::default().block;
        let (media, _) = film
            .chunk(index, range, cadence, rungs.to_vec(), block)
            .await;
        chunks.push(media);
    }
    chunks
}

/// The properties of a joined encode.
struct EncodeQuality {
    bits: u64,
    ssim: f64,
    underflows: usize,
    /// Lowest level of the buffer, overall and at the first picture of a chunk, relative to its size.
    lowest: f64,
    at_joins: f64,
}

/// Sizes of all pictures in bits, in decoding order.
fn sizes(file: &Path) -> Vec<u64> {
    let output = std::process::Command::new(tools().ffprobe)
        .args([
            "-v",
            "error",
            "-show_entries",
            "packet=size",
            "-of",
            "csv=p=0",
        ])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers = text.lines().map(|l| l.trim_matches(',').parse::<u64>());
    numbers.map(|bytes| bytes.unwrap() * 8).collect()
}

/// The buffer model of ISO/IEC 14496-10, annex C, as a leaky bucket: it starts half full, as the encoder of each chunk assumes,
/// fills at the capped rate, and each picture is removed at its time. It continues across the joins.
fn bucket(sizes: &[u64], rung: &ResolvedRung, chunk: usize) -> (usize, f64, f64) {
    let size = rung.buffer_bits as f64;
    let income = rung.max_bitrate.0 as f64 / RATE as f64;
    let (mut fill, mut underflows, mut lowest, mut at_joins) = (size / 2.0, 0, size, size);
    for (n, bits) in sizes.iter().enumerate() {
        if n > 0 && n % chunk == 0 {
            at_joins = at_joins.min(fill);
        }
        fill -= *bits as f64;
        if fill < 0.0 {
            underflows += 1;
        }
        lowest = lowest.min(fill);
        fill = (fill.max(0.0) + income).min(size);
    }
    (underflows, lowest / size, at_joins / size)
}

/// Mean SSIM over all frames and planes, compared with the film.
fn ssim(film: &Film, file: &Path) -> f64 {
    let folder = file.parent().unwrap();
    let name = |f: &Path| f.file_name().unwrap().to_str().unwrap().to_owned();
    let line = format!(
        "-i {} -i {} -lavfi [0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]ssim=stats_file=- -f null -",
        name(file),
        name(&film.file)
    );
    let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let text = ffmpeg(Path::new("ffmpeg"), folder, &args);
    let all = text
        .split_ascii_whitespace()
        .filter_map(|w| w.strip_prefix("All:"));
    let all: Vec<f64> = all.map(|v| v.parse().unwrap()).collect();
    assert_eq!(all.len() as u64, FRAMES);
    all.iter().sum::<f64>() / all.len() as f64
}

fn measured(
    film: &Film,
    chunks: &[ChunkMedia],
    rung: (usize, &ResolvedRung),
    seconds: u64,
) -> EncodeQuality {
    let file = film.joined(chunks, rung.0);
    let sizes = sizes(&file);
    assert_eq!(sizes.len() as u64, FRAMES);
    let (underflows, lowest, at_joins) = bucket(&sizes, rung.1, (seconds * RATE) as usize);
    EncodeQuality {
        bits: sizes.iter().sum(),
        ssim: ssim(film, &file),
        underflows,
        lowest,
        at_joins,
    }
}

/// The footage, scaled down, looped, and encoded losslessly.
async fn film(footage: &str) -> Film {
    let step = format!(
        "-stream_loop -1 -i {footage} -map 0:v -vf scale=640:360:flags=bicubic,settb=1/25,setpts=N,format=yuv420p -r 25 \
         -frames:v {FRAMES} -c:v libx264 -preset ultrafast -qp 0 -g 25 film.mp4"
    );
    let steps: &'static [&'static str] = Box::leak(Box::new([&*step.leak()]));
    let kind = Kind {
        name: "footage",
        container: Container::Mov,
        file: "film.mp4",
        steps,
        interlaced: false,
    };
    Film::made(
        Box::leak(Box::new(kind)),
        Picture {
            source: "",
            times: 1,
        },
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn cutting_costs_little_on_real_footage_and_the_buffer_model_holds() {
    let Ok(footage) = std::env::var("EXACTNESS_FOOTAGE") else {
        return;
    };
    let film = film(&footage).await;
    assert_eq!(film.timeline.frames.0, FRAMES);
    let rungs = rungs();
    let all: Vec<VideoRendition> = rungs.concat();
    let whole = encoded(&film, &all, FRAMES / RATE).await;
    let mut curves: Vec<Vec<EncodeQuality>> = Vec::new();
    for (group, own) in rungs.iter().enumerate() {
        let places = (0..own.len()).map(|n| n + group * STEPS.len());
        let rated =
            places.map(|place| measured(&film, &whole, (place, &all[place].rung), FRAMES / RATE));
        curves.push(rated.collect());
    }
    let own: Vec<VideoRendition> = rungs.iter().map(|group| group[ITSELF].clone()).collect();
    let mut rows: Vec<Vec<EncodeQuality>> = own.iter().map(|_| Vec::new()).collect();
    for seconds in SECONDS {
        let chunks = encoded(&film, &own, seconds).await;
        for (place, rung) in own.iter().enumerate() {
            rows[place].push(measured(&film, &chunks, (place, &rung.rung), seconds));
        }
    }
    let mut text = String::from(
        "| cap kbit/s | chunk | kbit/s | bits vs. unsplit | SSIM | vs. unsplit | bits vs. unsplit at equal SSIM | \
         underflows | lowest buffer level | at a join |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for ((rung, measures), curve) in own.iter().zip(&rows).zip(&curves) {
        let whole = &curve[ITSELF];
        for (seconds, m) in SECONDS.iter().zip(measures) {
            let more = m.bits as f64 / whole.bits as f64 - 1.0;
            let _ = writeln!(
                text,
                "| {} | {seconds} s | {} | {:+.2} % | {:.5} | {:+.5} | {:+.2} % | {} | {:.0} % | {:.0} % |",
                rung.rung.max_bitrate.0 / 1_000,
                m.bits * RATE / FRAMES / 1_000,
                more * 100.0,
                m.ssim,
                m.ssim - whole.ssim,
                (m.bits as f64 / bits_of(m.ssim, curve) - 1.0) * 100.0,
                m.underflows,
                m.lowest * 100.0,
                m.at_joins * 100.0,
            );
        }
    }
    println!("{text}");
    document("cutting", &text);
    for (rung, measures) in own.iter().zip(&rows) {
        let underflows: Vec<usize> = measures.iter().map(|m| m.underflows).collect();
        assert!(
            underflows.iter().all(|n| *n == 0),
            "{}: {underflows:?}",
            rung.path
        );
    }
    let at = &rows[0][SECONDS.iter().position(|s| *s == CHUNK).unwrap()];
    let more = at.bits as f64 / bits_of(at.ssim, &curves[0]) - 1.0;
    assert!(
        more <= MAX_EXTRA,
        "{more:+.4} of the bits at chunks of {CHUNK} s"
    );
}
