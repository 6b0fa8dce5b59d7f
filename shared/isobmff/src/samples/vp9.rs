//! Samples of VP9 (VP9 Bitstream & Decoding Process, 6.2 and annex B).

use super::nal::check_run;
use crate::bits::Bits;
use crate::sample::FirstPicture;
use crate::sample::{DefectKind, Defects, SampleView};

/// Blocks of 32 bytes that may repeat.
const CODED_RUN: usize = 32;

/// Looks into a sample.
pub(super) fn sample(sample: SampleView<'_>, defects: &mut Defects) -> FirstPicture {
    let mut found = FirstPicture::default();
    for (at, frame) in frames(sample.data, defects) {
        match header(frame) {
            Some(key) => found.idr = found.idr.or(Some(key)),
            None => defects.add(DefectKind::Picture, at, "a frame header", "other bits"),
        }
        check_run(frame, at, CODED_RUN, defects);
    }
    match found.idr {
        Some(false) if sample.sync => {
            defects.add(
                DefectKind::Sync,
                0,
                "a sync sample that starts with a key frame",
                "another frame",
            );
        }
        Some(true) if sample.leads && !sample.sync => {
            defects.add(
                DefectKind::Sync,
                0,
                "a key frame flagged as sync sample",
                "a non-sync sample",
            );
        }
        _ => {}
    }
    found
}

/// The frames of a superframe, or the one frame of a sample.
fn frames<'a>(data: &'a [u8], defects: &mut Defects) -> Vec<(usize, &'a [u8])> {
    let Some(&last) = data.last() else {
        defects.add(
            DefectKind::Unit,
            0,
            "a frame in every sample",
            "an empty sample",
        );
        return Vec::new();
    };
    let (size, count) = (usize::from(last >> 3 & 3) + 1, usize::from(last & 7) + 1);
    let index = data
        .len()
        .checked_sub(2 + size * count)
        .filter(|_| last >> 5 == 6);
    let Some(index) = index.filter(|i| data.get(*i) == Some(&last)) else {
        return vec![(0, data)];
    };
    let sizes = data.get(index + 1..data.len() - 1).unwrap_or_default();
    let (mut at, mut frames) = (0, Vec::new());
    for bytes in sizes.chunks_exact(size) {
        let length = bytes.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b));
        match data.get(at..index).and_then(|d| d.get(..length)) {
            Some(frame) => frames.push((at, frame)),
            None => {
                defects.add(
                    DefectKind::Unit,
                    index,
                    "frames that fill the superframe",
                    length.to_string(),
                );
                return frames;
            }
        }
        at += length;
    }
    if at != index {
        defects.add(
            DefectKind::Unit,
            index,
            format!("frames of {index} bytes"),
            at.to_string(),
        );
    }
    frames
}

/// Whether a frame is a key frame; `None` if its header is not legal.
fn header(frame: &[u8]) -> Option<bool> {
    let mut r = Bits::new(frame);
    let marker = r.bits(2)? == 2;
    let (low, high) = (r.bits(1)?, r.bits(1)?);
    if high << 1 | low == 3 && r.flag()? || !marker {
        return None;
    }
    if r.flag()? {
        return Some(false);
    }
    let key = !r.flag()?;
    r.bits(2)?;
    let legal = !key || r.bits(24)? == 0x49_8342;
    legal.then_some(key)
}
