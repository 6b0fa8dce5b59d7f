//! The expected output, computed independently of the code under test from a plain decode of the whole file.

use std::path::Path;

use reelsmith_core::probe::Scan;

use crate::film::{Film, ffmpeg, tools};

/// A decoded picture: its time in the requested units, and the MD5 of its samples.
pub type Shown = (i64, String);

/// Units of source times, a multiple of nearly every frame rate and container clock of the kinds.
const FINE: i128 = 9_000_000;

/// The pictures of a file in presentation order: decoded by the reference ffmpeg, then filtered by the one under test,
/// because versions of the filters differ in rounding.
pub fn pictures(file: &Path, filters: &str, timescale: i128) -> Vec<Shown> {
    let name = file.file_name().unwrap().to_str().unwrap();
    let folder = file.parent().unwrap();
    let decoded = format!("{name}.decoded.nut");
    let clock = format!("-fps_mode passthrough -enc_time_base 1/{timescale}");
    let decode = format!("-copyts -i {name} -map 0:v:0 {clock} -c:v rawvideo -f nut {decoded}");
    run(Path::new("ffmpeg"), folder, &decode);
    let filter = format!("-copyts -i {decoded} -vf {filters} {clock} -f framehash -hash md5 -");
    let text = run(&tools().ffmpeg, folder, &filter);
    std::fs::remove_file(folder.join(decoded)).unwrap();
    let rows = text.lines().filter(|l| !l.starts_with('#'));
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        (fields[2].parse().unwrap(), fields[5].to_owned())
    };
    rows.map(row).collect()
}

fn run(program: &Path, folder: &Path, line: &str) -> String {
    let args: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
    ffmpeg(program, folder, &args)
}

/// The hashes of the output's frames, in order.
pub fn expected(film: &Film) -> Vec<String> {
    let size = film.decoded_size();
    let format = film.format();
    // If frames are counted, their times in the file must not matter.
    let mut filters = match film.resampled() {
        true => String::new(),
        false => "settb=1/1000,setpts=N,".to_owned(),
    };
    assert_eq!(
        film.indexed.index.scan != Scan::Progressive,
        film.kind.interlaced,
        "{}",
        film.kind.name
    );
    // The decoded file states neither fields nor the range.
    let parity = match film.indexed.index.scan {
        Scan::Progressive => None,
        Scan::TopFirst => Some("tff"),
        Scan::BottomFirst => Some("bff"),
    };
    if let Some(parity) = parity {
        let fields = format!("bwdif=mode=send_frame:parity={parity}:deint=all,");
        filters.insert_str(0, &fields);
    }
    if film.probe.video.as_ref().unwrap().range.as_deref() == Some("pc") {
        filters.insert_str(0, "setparams=range=pc,");
    }
    filters.push_str(&format!(
        "scale={}:{}:flags=bicubic+accurate_rnd:out_range=tv,format={format}",
        size.width, size.height
    ));
    let source = pictures(&film.file, &filters, FINE);
    if !film.resampled() {
        let mut hashes: Vec<String> = source.into_iter().map(|(_, hash)| hash).collect();
        // The reference shows grey pictures before the first key frame of H.265, which newer decoders do not show.
        if film.indexed.index.begins_midway {
            let grey = hashes.len().saturating_sub(film.timeline.frames.0 as usize);
            hashes.drain(..grey);
        }
        let held = (film.timeline.frames.0 as usize).max(hashes.len());
        let last = hashes.last().cloned().unwrap_or_default();
        hashes.resize(held, last);
        return hashes;
    }
    nearest(film, &source)
}

/// Rounds each source frame to the nearest position on the grid; each position shows the last frame at or before it.
fn nearest(film: &Film, source: &[Shown]) -> Vec<String> {
    let rate = film.timeline.frame_rate;
    let (num, den) = (i128::from(rate.num()), i128::from(rate.den()));
    let first = i128::from(source[0].0);
    let place = |time: i64| {
        let scaled = (i128::from(time) - first) * num * 2 + FINE * den;
        scaled.div_euclid(FINE * den * 2)
    };
    let total = i128::from(film.timeline.frames.0);
    (0..total)
        .map(|n| {
            let shown = source.iter().rev().find(|(time, _)| place(*time) <= n);
            shown.unwrap().1.clone()
        })
        .collect()
}
