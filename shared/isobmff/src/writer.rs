//! Writing boxes (ISO/IEC 14496-12) and fragments (ISO/IEC 23000-19).

/// A box.
pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&size.to_be_bytes()[..], kind, body].concat()
}

/// A box with version and flags.
pub fn full_box(kind: &[u8; 4], version: u8, flags: u32, body: &[u8]) -> Vec<u8> {
    let word = (u32::from(version) << 24) | flags;
    boxed(kind, &[&word.to_be_bytes()[..], body].concat())
}

/// Numbers of 32 bits, big-endian.
pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// `ftyp` or `styp`: the first brand is the major one.
pub fn file_type(kind: &[u8; 4], brands: &[&[u8; 4]]) -> Vec<u8> {
    let major = brands.first().copied().unwrap_or(b"iso6");
    let mut body = [*major, [0; 4]].concat();
    body.extend(brands.iter().copied().flatten());
    boxed(kind, &body)
}

/// `sample_depends_on` 2 (none), a sync sample (ISO/IEC 14496-12, 8.8.3.1).
pub(crate) const SYNC: u32 = 0x0200_0000;
/// `sample_depends_on` 1, not a sync sample.
pub(crate) const NOT_SYNC: u32 = 0x0101_0000;

/// One sample in a `trun`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunEntry {
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
    pub(crate) composition: u32,
}

/// A `moof` and its `mdat`, which directly follows.
///
/// A duration and flags that all samples share are written once, in `tfhd`. Only the first sample's flags may differ.
pub(crate) fn fragment(
    sequence: u32,
    track: u32,
    time: u64,
    entries: &[RunEntry],
    payload: &[u8],
) -> Vec<u8> {
    let duration = entries.first().map_or(0, |e| e.duration);
    let flags = entries.last().map_or(0, |e| e.flags);
    let even = entries.iter().all(|e| e.duration == duration);
    let delayed = entries.iter().any(|e| e.composition != 0);
    let first = entries.first().map(|e| e.flags).filter(|f| *f != flags);
    let trun_flags = 0x201
        | if first.is_some() { 0x4 } else { 0 }
        | if even { 0 } else { 0x100 }
        | if delayed { 0x800 } else { 0 };
    let moof = |data_offset: u32| {
        let mut trun = vec![
            u32::try_from(entries.len()).unwrap_or(u32::MAX),
            data_offset,
        ];
        trun.extend(first);
        for entry in entries {
            trun.extend((!even).then_some(entry.duration));
            trun.push(entry.size);
            trun.extend(delayed.then_some(entry.composition));
        }
        let traf = [
            // default-base-is-moof, default duration, default flags.
            full_box(b"tfhd", 0, 0x02_0028, &words(&[track, duration, flags])),
            full_box(b"tfdt", 1, 0, &time.to_be_bytes()),
            full_box(b"trun", 0, trun_flags, &words(&trun)),
        ];
        let mfhd = full_box(b"mfhd", 0, 0, &words(&[sequence]));
        boxed(b"moof", &[mfhd, boxed(b"traf", &traf.concat())].concat())
    };
    let data_offset = moof(0).len() + 8;
    let mut out = moof(u32::try_from(data_offset).unwrap_or(u32::MAX));
    out.extend(boxed(b"mdat", payload));
    out
}
