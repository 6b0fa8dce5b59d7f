//! The movie box: where samples are, and every sample made one byte long (ISO/IEC 14496-12, 8.5 to 8.8).

use std::ops::Range;

use super::{Run, Track, child, children, one_byte, word};

/// Samples of a track; more are cut off by [`super::Read`] in that the file is read whole by the demuxer's own limits.
const MOST_SAMPLES: usize = 8_000_000;

/// Takes down where the samples of each track are, and makes them one byte long.
pub(super) fn shrink(moov: &mut [u8]) -> Vec<Track> {
    let mut tracks = Vec::new();
    let mut defaults = Vec::new();
    for (_, movie) in children(moov, 0..moov.len()) {
        for (kind, content) in children(moov, movie) {
            match &kind {
                b"trak" => tracks.push(track(moov, content)),
                b"mvex" => defaults.extend(extends(moov, content)),
                _ => {}
            }
        }
    }
    for track in &mut tracks {
        let default = defaults.iter().find(|(id, _)| *id == track.id);
        track.default_size = default.map_or(0, |(_, size)| *size);
    }
    tracks
}

/// Track and default sample size of each `trex`.
fn extends(moov: &mut [u8], mvex: Range<usize>) -> Vec<(u32, u32)> {
    let boxes = children(moov, mvex).into_iter();
    boxes
        .filter(|(kind, _)| kind == b"trex")
        .filter_map(|(_, c)| Some((word(moov, c.start + 4)?, one_byte(moov, c.start + 16)?)))
        .collect()
}

fn track(moov: &mut [u8], trak: Range<usize>) -> Track {
    let mut id = 0;
    let mut runs = Vec::new();
    for (kind, content) in children(moov, trak) {
        match &kind {
            b"tkhd" => id = track_id(moov, content.start).unwrap_or(0),
            b"mdia" => {
                let minf = child(moov, content, b"minf");
                let stbl = minf.and_then(|m| child(moov, m, b"stbl"));
                runs = stbl.map_or(Vec::new(), |s| samples(moov, s));
            }
            _ => {}
        }
    }
    Track {
        id,
        default_size: 0,
        runs,
    }
}

fn track_id(moov: &[u8], tkhd: usize) -> Option<u32> {
    let dates = if *moov.get(tkhd)? == 1 { 16 } else { 8 };
    word(moov, tkhd + 4 + dates)
}

/// One run for each chunk of a sample table.
fn samples(moov: &mut [u8], stbl: Range<usize>) -> Vec<Run> {
    let Some(sizes) = child(moov, stbl.clone(), b"stsz").map(|c| sizes(moov, c)) else {
        return Vec::new();
    };
    let offsets = offsets(moov, stbl.clone());
    let per_chunk = child(moov, stbl, b"stsc").map_or(Vec::new(), |c| chunk_sizes(moov, c));
    let mut left = sizes.as_slice();
    let mut runs = Vec::new();
    for (number, at) in (1u32..).zip(offsets) {
        let entry = per_chunk.partition_point(|(first, _)| *first <= number);
        let count = entry.checked_sub(1).and_then(|e| per_chunk.get(e));
        let count = count
            .map_or(0, |(_, count)| *count as usize)
            .min(left.len());
        let (here, rest) = left.split_at(count);
        runs.push(Run::new(at, here.iter().copied()));
        left = rest;
    }
    runs
}

fn sizes(moov: &mut [u8], stsz: Range<usize>) -> Vec<u32> {
    let common = one_byte(moov, stsz.start + 4).unwrap_or(0);
    let count = word(moov, stsz.start + 8).unwrap_or(0) as usize;
    let count = count.min(MOST_SAMPLES);
    if common > 0 {
        return vec![common; count];
    }
    let entries = (stsz.start + 12..stsz.end).step_by(4).take(count);
    entries.map_while(|at| one_byte(moov, at)).collect()
}

fn offsets(moov: &[u8], stbl: Range<usize>) -> Vec<u64> {
    let short = child(moov, stbl.clone(), b"stco");
    let short = short.map(|c| (c.start + 8..c.end).step_by(4));
    if let Some(entries) = short {
        return entries
            .map_while(|at| word(moov, at).map(u64::from))
            .collect();
    }
    let long = child(moov, stbl, b"co64").map(|c| (c.start + 8..c.end).step_by(8));
    let pair = |at| Some(u64::from(word(moov, at)?) << 32 | u64::from(word(moov, at + 4)?));
    long.map_or(Vec::new(), |entries| entries.map_while(pair).collect())
}

/// First chunk, from 1, and samples of a chunk from there on.
fn chunk_sizes(moov: &[u8], stsc: Range<usize>) -> Vec<(u32, u32)> {
    let entries = (stsc.start + 8..stsc.end).step_by(12);
    entries
        .map_while(|at| Some((word(moov, at)?, word(moov, at + 4)?)))
        .collect()
}
