//! Writing fragmented MP4 (ISO/IEC 14496-12, ISO/IEC 23000-19): the init segment made canonical, fragments anew.
//!
//! The encoder's own file differs from chunk to chunk in ways that have nothing to do with the pictures (whether a chunk
//! is long enough for its B-frames to delay it, whether any frame of it happens to be disposable). What is the same
//! for a whole rendition is decided here instead, so that one init segment serves all its chunks.

use std::ops::Range;

use bytes::Bytes;

use crate::{BoxAt, Fault, Init, boxes, fragments};

/// One sample of an [`EncodedTrack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedSample {
    /// Decoding time in ticks.
    pub time: u64,
    /// Duration in ticks.
    pub duration: u32,
    /// Presentation less decoding time in ticks, edit list applied.
    pub composition: i64,
    /// Whether decoding can start here.
    pub sync: bool,
    offset: u64,
    size: u32,
}

impl EncodedSample {
    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::from(self.size)
    }
}

/// A sample is shown earlier, relative to its decoding time, than the delay of its rendition allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected frames delayed by at most {delay} ticks, found {found}")]
pub struct DelayExceeded {
    /// Delay of the rendition in ticks.
    pub delay: u32,
    /// Delay that the sample needs in ticks.
    pub found: i64,
}

/// A fragmented file with one track, taken apart into its samples.
#[derive(Clone, Debug)]
pub struct EncodedTrack {
    file: Bytes,
    /// The init segment as it was read.
    pub init: Init,
    /// The samples in decoding order. Times may be changed before fragments are written.
    pub samples: Vec<EncodedSample>,
}

impl EncodedTrack {
    /// Reads a file whose `moov` is complete and whose samples are all in fragments.
    ///
    /// # Errors
    /// The first box that cannot be read, or the first sample outside of its `mdat`.
    pub fn read(file: Bytes) -> Result<Self, Fault> {
        let init = Init::read(&file)?;
        let (fragments, faults) = fragments(&file, &init.defaults);
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        if let Some(stray) = fragments.iter().find_map(|f| f.stray_samples().next()) {
            let found = format!("one at byte {}", stray.offset);
            let expected = "every sample inside its mdat";
            return Err(Fault::new(stray.offset, "moof/traf/trun", expected, found));
        }
        let media_start = init.media_start();
        let mut samples = Vec::new();
        for fragment in &fragments {
            let mut time = fragment.tfdt;
            for s in &fragment.samples {
                samples.push(EncodedSample {
                    time,
                    duration: s.duration,
                    composition: i64::from(s.cts) - media_start,
                    sync: s.sync,
                    offset: s.offset,
                    size: s.size,
                });
                time += u64::from(s.duration);
            }
        }
        Ok(Self {
            file,
            init,
            samples,
        })
    }

    /// The canonical init segment: `brands` for the file type, `delay` ticks of edit list, nothing that varies between
    /// chunks of a rendition.
    #[must_use]
    pub fn canonical_init(&self, brands: &[&[u8; 4]], delay: u32) -> Bytes {
        let mut out = file_type(*b"ftyp", brands);
        if let Some(moov) = boxes(&self.file).find(|b| &b.kind == b"moov") {
            canonical_box(&self.file, moov, delay, &mut out);
        }
        out.into()
    }

    /// One fragment of the samples `range`, decoding `delay` ticks before the edit list's start.
    ///
    /// # Errors
    /// [`DelayExceeded`] if a sample is shown more than `delay` ticks before it is decoded.
    pub fn fragment(
        &self,
        sequence: u32,
        range: Range<usize>,
        delay: u32,
    ) -> Result<Vec<u8>, DelayExceeded> {
        let samples = &self.samples[range];
        let mut rows = Vec::with_capacity(samples.len());
        let mut payload = Vec::new();
        for s in samples {
            let composition = u32::try_from(s.composition + i64::from(delay));
            rows.push(Row {
                duration: s.duration,
                size: s.size,
                flags: if s.sync { SYNC } else { NOT_SYNC },
                composition: composition.map_err(|_| DelayExceeded {
                    delay,
                    found: -s.composition,
                })?,
            });
            payload.extend_from_slice(self.bytes_of(s));
        }
        let time = samples.first().map_or(0, |s| s.time);
        let mut out = moof(sequence, self.init.track_id, time, &rows);
        put_box(&mut out, *b"mdat", |out| out.extend_from_slice(&payload));
        Ok(out)
    }

    /// Bytes of a sample. They lie inside the file: [`EncodedTrack::read`] refuses others.
    fn bytes_of(&self, sample: &EncodedSample) -> &[u8] {
        let start = usize::try_from(sample.offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(sample.size as usize);
        self.file.get(start..end).unwrap_or_default()
    }
}

/// A file of key pictures, a second from one to the next. Each picture is given as the bytes from its fragment's start to
/// the picture's end.
///
/// # Errors
/// A [`Fault`] if `init` cannot be read, or a picture holds nothing after its `moof` and the header of its `mdat`.
pub fn stills(init: &[u8], pictures: &[Bytes]) -> Result<Vec<u8>, Fault> {
    let head = Init::read(init)?;
    let second = head.timescale;
    let delay = u32::try_from(head.media_start()).unwrap_or(0);
    let mut out = init.to_vec();
    for (sequence, picture) in (1u32..).zip(pictures) {
        let moof_end = boxes(picture).find(|b| &b.kind == b"moof");
        let start = moof_end.and_then(|b| usize::try_from(b.end + 8).ok());
        let payload = start.and_then(|s| picture.get(s..));
        let payload = payload.filter(|p| !p.is_empty()).ok_or_else(|| {
            let found = format!("{} bytes without one", picture.len());
            Fault::new(0, "moof", "a key picture in its fragment", found)
        })?;
        let row = Row {
            duration: second,
            size: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            flags: SYNC,
            composition: delay,
        };
        let time = u64::from(sequence - 1) * u64::from(second);
        out.extend(moof(sequence, head.track_id, time, &[row]));
        put_box(&mut out, *b"mdat", |out| out.extend_from_slice(payload));
    }
    Ok(out)
}

/// Writes a timescale into the media header (ISO/IEC 14496-12, 8.4.2) of an init segment.
#[must_use]
pub fn with_timescale(init: Bytes, timescale: u32) -> Bytes {
    let mut bytes = init.to_vec();
    if let Some(at) = timescale_at(&bytes)
        && let Some(field) = bytes.get_mut(at..at + 4)
    {
        field.copy_from_slice(&timescale.to_be_bytes());
    }
    bytes.into()
}

fn timescale_at(bytes: &[u8]) -> Option<usize> {
    let (mut from, mut to) = (0, bytes.len());
    for kind in [b"moov", b"trak", b"mdia", b"mdhd"] {
        let found = boxes(bytes.get(from..to)?).find(|b| &b.kind == kind)?;
        let at = |offset: u64| usize::try_from(offset).ok();
        (from, to) = (from + at(found.body())?, from + at(found.end)?);
    }
    // Creation and modification time are twice as long in version 1.
    let times = if *bytes.get(from)? == 1 { 16 } else { 8 };
    Some(from + 4 + times)
}

/// `sample_depends_on` 2 (none), a sync sample (ISO/IEC 14496-12, 8.8.3.1).
const SYNC: u32 = 0x0200_0000;
/// `sample_depends_on` 1, not a sync sample.
const NOT_SYNC: u32 = 0x0101_0000;

/// One row of a `trun`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    duration: u32,
    size: u32,
    flags: u32,
    composition: u32,
}

/// A `moof` whose data directly follows it in an `mdat` with a header of eight bytes.
///
/// Durations and flags that are equal throughout stand in `tfhd` once; only the first sample's flags may differ.
fn moof(sequence: u32, track: u32, time: u64, rows: &[Row]) -> Vec<u8> {
    let duration = rows.first().map_or(0, |r| r.duration);
    let flags = rows.last().map_or(0, |r| r.flags);
    let even = rows.iter().all(|r| r.duration == duration);
    let delayed = rows.iter().any(|r| r.composition != 0);
    let first = rows.first().is_some_and(|r| r.flags != flags);
    let trun_flags = 0x201
        | if first { 0x4 } else { 0 }
        | if even { 0 } else { 0x100 }
        | if delayed { 0x800 } else { 0 };
    let mut out = Vec::new();
    let mut offset_at = 0;
    put_box(&mut out, *b"moof", |out| {
        put_full(out, *b"mfhd", 0, 0, &[sequence]);
        put_box(out, *b"traf", |out| {
            // default-base-is-moof, default duration, default flags.
            put_full(out, *b"tfhd", 0, 0x02_0028, &[track, duration, flags]);
            let (high, low) = ((time >> 32) as u32, time as u32);
            put_full(out, *b"tfdt", 1, 0, &[high, low]);
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let mut words = vec![count, 0];
            words.extend(rows.first().filter(|_| first).map(|r| r.flags));
            for row in rows {
                words.extend((!even).then_some(row.duration));
                words.push(row.size);
                words.extend(delayed.then_some(row.composition));
            }
            offset_at = out.len() + 16;
            put_full(out, *b"trun", 0, trun_flags, &words);
        });
    });
    let offset = u32::try_from(out.len() + 8).unwrap_or(u32::MAX);
    out[offset_at..offset_at + 4].copy_from_slice(&offset.to_be_bytes());
    out
}

/// `ftyp` or `styp`: the first brand is the major one.
#[must_use]
pub fn file_type(kind: [u8; 4], brands: &[&[u8; 4]]) -> Vec<u8> {
    let mut out = Vec::new();
    put_box(&mut out, kind, |out| {
        out.extend_from_slice(brands.first().copied().unwrap_or(b"iso6"));
        out.extend_from_slice(&[0; 4]);
        for brand in brands {
            out.extend_from_slice(*brand);
        }
    });
    out
}

/// Boxes that hold boxes, on the way to those that are changed.
const CONTAINERS: [&[u8; 4]; 6] = [b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"];

/// Copies a box without what varies (`sdtp` is there only where a chunk has disposable frames) or merely names the
/// encoder (`udta`), and with an edit list of its own.
fn canonical_box(data: &[u8], b: BoxAt, delay: u32, out: &mut Vec<u8>) {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    let body = data.get(at(b.body())..at(b.end)).unwrap_or_default();
    match &b.kind {
        b"udta" | b"sdtp" | b"free" | b"edts" => {}
        kind if CONTAINERS.contains(&kind) => put_box(out, b.kind, |out| {
            for child in boxes(body) {
                canonical_box(body, child, delay, out);
                if &child.kind == b"tkhd" {
                    edit_list(out, delay);
                }
            }
        }),
        _ => put_box(out, b.kind, |out| out.extend_from_slice(body)),
    }
}

/// One edit from `delay` to the end (duration 0 in a fragmented file), where there is a delay.
fn edit_list(out: &mut Vec<u8>, delay: u32) {
    if delay > 0 {
        put_box(out, *b"edts", |out| {
            put_full(out, *b"elst", 0, 0, &[1, 0, delay, 0x0001_0000]);
        });
    }
}

fn put_box(out: &mut Vec<u8>, kind: [u8; 4], body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&kind);
    body(out);
    let size = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

fn put_full(out: &mut Vec<u8>, kind: [u8; 4], version: u8, flags: u32, words: &[u32]) {
    put_box(out, kind, |out| {
        out.extend_from_slice(&(u32::from(version) << 24 | flags).to_be_bytes());
        for word in words {
            out.extend_from_slice(&word.to_be_bytes());
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::TrackDefaults;
    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = Vec<(u32, u16, u32)>> {
        proptest::collection::vec((1u32..5_000, any::<u16>(), 0u32..9_000), 1..40)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(sequence in any::<u32>(), time in 0u64..u64::MAX / 2, raw in rows(), key in any::<bool>()) {
            let rows: Vec<Row> = raw.iter().enumerate().map(|(i, (duration, size, composition))| Row {
                duration: *duration,
                size: u32::from(*size),
                flags: if i == 0 && key { SYNC } else { NOT_SYNC },
                composition: *composition,
            }).collect();
            let mut bytes = moof(sequence, 7, time, &rows);
            let payload: usize = rows.iter().map(|r| r.size as usize).sum();
            put_box(&mut bytes, *b"mdat", |out| out.resize(out.len() + payload, 0));
            let (read, faults) = fragments(&bytes, &TrackDefaults::default());
            prop_assert!(faults.is_empty(), "{:?}", faults);
            prop_assert_eq!(read.len(), 1);
            let f = &read[0];
            prop_assert_eq!((f.sequence, f.track_id, f.tfdt), (sequence, 7, time));
            prop_assert_eq!(f.stray_samples().count(), 0);
            let samples: Vec<Row> = f.samples.iter().map(|s| Row {
                duration: s.duration,
                size: s.size,
                flags: if s.sync { SYNC } else { NOT_SYNC },
                composition: s.cts as u32,
            }).collect();
            prop_assert_eq!(samples, rows);
        }
    }
}
