//! A fragment's box: where its samples are, and every sample made one byte long (ISO/IEC 14496-12, 8.8).

use std::ops::Range;

use super::{Run, Track, children, one_byte, word};

/// Samples of a run without entries: a minute and more of any frame rate.
const MOST_ALIKE: usize = 100_000;

/// Takes down where the samples of a fragment are, and makes them one byte long.
pub(super) fn shrink(moof: &mut [u8], at: u64, tracks: &mut [Track]) {
    let mut end = at;
    for (_, content) in children(moof, 0..moof.len()) {
        for (kind, traf) in children(moof, content) {
            if &kind == b"traf" {
                end = track_fragment(moof, at, end, traf, tracks).unwrap_or(end);
            }
        }
    }
}

/// Gives where the fragment's data end.
fn track_fragment(
    moof: &mut [u8],
    at: u64,
    previous: u64,
    traf: Range<usize>,
    tracks: &mut [Track],
) -> Option<u64> {
    let boxes = children(moof, traf);
    let (_, tfhd) = boxes.iter().find(|(kind, _)| kind == b"tfhd")?;
    let header = header(moof, tfhd.start)?;
    let track = tracks.iter_mut().find(|t| t.id == header.track)?;
    let base = match header.base {
        Some(base) => base,
        None if header.from_moof => at,
        None => previous,
    };
    let default = header.default_size.unwrap_or(track.default_size);
    let mut end = base;
    for (_, trun) in boxes.iter().filter(|(kind, _)| kind == b"trun") {
        let run = run(moof, trun.clone(), base, end, default)?;
        end = run.at.saturating_add(run.ends.last().copied().unwrap_or(0));
        track.runs.push(run);
    }
    Some(end)
}

struct Header {
    track: u32,
    base: Option<u64>,
    from_moof: bool,
    default_size: Option<u32>,
}

fn header(moof: &mut [u8], tfhd: usize) -> Option<Header> {
    let flags = word(moof, tfhd)?;
    let track = word(moof, tfhd + 4)?;
    let mut at = tfhd + 8;
    let mut base = None;
    if flags & 0x1 != 0 {
        base = Some(u64::from(word(moof, at)?) << 32 | u64::from(word(moof, at + 4)?));
        at += 8;
    }
    at += if flags & 0x2 != 0 { 4 } else { 0 };
    at += if flags & 0x8 != 0 { 4 } else { 0 };
    let default_size = (flags & 0x10 != 0).then(|| one_byte(moof, at)).flatten();
    Some(Header {
        track,
        base,
        from_moof: flags & 0x02_0000 != 0,
        default_size,
    })
}

fn run(moof: &mut [u8], trun: Range<usize>, base: u64, follows: u64, default: u32) -> Option<Run> {
    let flags = word(moof, trun.start)?;
    let count = word(moof, trun.start + 4)? as usize;
    let mut at = trun.start + 8;
    let mut start = follows;
    if flags & 0x1 != 0 {
        let offset = word(moof, at)? as i32;
        start = base.saturating_add_signed(i64::from(offset));
        at += 4;
    }
    at += if flags & 0x4 != 0 { 4 } else { 0 };
    let fields = |mask: u32| (flags & mask).count_ones() as usize * 4;
    let stride = fields(0xF00);
    if flags & 0x200 == 0 {
        // Where entries have no fields at all, only the count says how many there are.
        let room = trun.end.saturating_sub(at).checked_div(stride);
        let fits = count.min(room.unwrap_or(MOST_ALIKE));
        return Some(Run::new(start, std::iter::repeat_n(default, fits)));
    }
    let first = at + fields(0x100);
    let entries = (first..trun.end).step_by(stride).take(count);
    let sizes: Vec<u32> = entries.map_while(|at| one_byte(moof, at)).collect();
    Some(Run::new(start, sizes.into_iter()))
}
