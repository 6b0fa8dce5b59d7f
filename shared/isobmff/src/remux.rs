//! An encoder's file taken apart, and written again as an init segment and fragments of a rendition.
//!
//! The encoder's own file differs from chunk to chunk in ways that have nothing to do with the pictures: whether a chunk
//! is long enough for its B-frames to delay it, whether any of its frames is disposable. What must be the same for a whole
//! rendition is decided here instead, so that one init segment serves all its chunks.

use std::ops::Range;

use bytes::Bytes;

use crate::reader::to_usize;
use crate::writer::{NOT_SYNC, RunEntry, SYNC, boxed, file_type, fragment, full_box, words};
use crate::{Fault, Init, Reader, boxes, fragments};

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
    /// Size in bytes.
    pub size: u32,
    offset: u64,
}

/// The language of a track, as its media header states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackLanguage<'a> {
    /// ISO 639-2/T code of `mdhd`, for example `jpn`.
    pub code: &'a str,
    /// BCP 47 tag of `elng`, if the code does not state the whole language.
    pub extended: Option<&'a str>,
}

/// A sample is shown earlier than its rendition's delay allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a delay of at most {expected} ticks, found {found}")]
pub struct DelayExceeded {
    /// Delay of the rendition in ticks.
    pub expected: u32,
    /// Delay that the sample needs in ticks.
    pub found: i64,
}

/// A fragmented file with one track, taken apart into its samples.
#[derive(Clone, Debug)]
pub struct EncodedTrack {
    file: Bytes,
    pub init: Init,
    /// The samples in decoding order. Their times may be changed before fragments are written.
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
                    composition: i64::from(s.cts).saturating_sub(media_start),
                    sync: s.sync,
                    size: s.size,
                    offset: s.offset,
                });
                time = time.saturating_add(u64::from(s.duration));
            }
        }
        Ok(Self {
            file,
            init,
            samples,
        })
    }

    /// The canonical init segment: `brands` for the file type, an edit list of `delay` ticks, the language, and nothing that
    /// varies between the chunks of a rendition.
    pub fn canonical_init(
        &self,
        brands: &[&[u8; 4]],
        delay: u32,
        language: Option<TrackLanguage<'_>>,
    ) -> Bytes {
        let mut out = file_type(b"ftyp", brands);
        if let Some(moov) = Reader::new(&self.file).child(b"moov") {
            out.extend(boxed(b"moov", &canonical(moov, delay, language, 4)));
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
        let mut entries = Vec::with_capacity(samples.len());
        let mut payload = Vec::new();
        for s in samples {
            let composition = u32::try_from(s.composition + i64::from(delay));
            entries.push(RunEntry {
                duration: s.duration,
                size: s.size,
                flags: if s.sync { SYNC } else { NOT_SYNC },
                composition: composition.map_err(|_| DelayExceeded {
                    expected: delay,
                    found: -s.composition,
                })?,
            });
            let start = to_usize(s.offset);
            // Inside of the file: `read` refuses others.
            let bytes = self.file.get(start..start.saturating_add(s.size as usize));
            payload.extend_from_slice(bytes.unwrap_or_default());
        }
        let time = samples.first().map_or(0, |s| s.time);
        Ok(fragment(
            sequence,
            self.init.track_id,
            time,
            &entries,
            &payload,
        ))
    }
}

/// A file of key pictures, one second apart. Each picture is given as the bytes from its fragment's start to the picture's
/// end.
///
/// # Errors
/// A [`Fault`] if `init` cannot be read, or nothing follows a picture's `moof` and the header of its `mdat`.
pub fn stills(init: &[u8], pictures: &[Bytes]) -> Result<Vec<u8>, Fault> {
    let head = Init::read(init)?;
    let second = head.timescale;
    let delay = u32::try_from(head.media_start()).unwrap_or(0);
    let mut out = init.to_vec();
    for (sequence, picture) in (1u32..).zip(pictures) {
        let moof = boxes(picture).find(|b| &b.kind == b"moof");
        let payload = moof.and_then(|b| picture.get(to_usize(b.end + 8)..));
        let payload = payload.filter(|p| !p.is_empty()).ok_or_else(|| {
            let found = format!("{} bytes without one", picture.len());
            Fault::new(0, "moof", "a key picture in its fragment", found)
        })?;
        let entry = RunEntry {
            duration: second,
            size: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            flags: SYNC,
            composition: delay,
        };
        let time = u64::from(sequence - 1) * u64::from(second);
        out.extend(fragment(sequence, head.track_id, time, &[entry], payload));
    }
    Ok(out)
}

/// Writes a timescale into the media header (ISO/IEC 14496-12, 8.4.2) of an init segment.
pub fn with_timescale(init: Bytes, timescale: u32) -> Bytes {
    let place = || {
        let trak = Reader::new(&init).need(b"moov")?.need(b"trak")?;
        let mut mdhd = trak.need(b"mdia")?.need(b"mdhd")?;
        mdhd.dated()?;
        Ok::<_, Fault>(to_usize(mdhd.offset()))
    };
    let mut bytes = init.to_vec();
    if let Ok(at) = place()
        && let Some(field) = bytes.get_mut(at..at + 4)
    {
        field.copy_from_slice(&timescale.to_be_bytes());
    }
    bytes.into()
}

/// The body of a box of boxes without what varies between chunks (`sdtp` exists only if a chunk has disposable frames) or
/// merely names the encoder (`udta`), and with an edit list of its own. It looks `levels` deep.
fn canonical(
    parent: Reader<'_>,
    delay: u32,
    language: Option<TrackLanguage<'_>>,
    levels: u32,
) -> Vec<u8> {
    let mut out = Vec::new();
    for (kind, child) in parent.children() {
        match &kind {
            b"udta" | b"sdtp" | b"free" | b"edts" => {}
            b"elng" if language.is_some() => {}
            b"mdhd" => out.extend(boxed(&kind, &media_header(child, language))),
            b"trak" | b"mdia" | b"minf" | b"stbl" if levels > 0 => {
                out.extend(boxed(&kind, &canonical(child, delay, language, levels - 1)));
            }
            _ => out.extend(boxed(&kind, child.rest())),
        }
        if &kind == b"tkhd" && delay > 0 {
            // One edit from `delay` to the end, which duration 0 stands for in a fragmented file.
            let elst = full_box(b"elst", 0, 0, &words(&[1, 0, delay, 0x0001_0000]));
            out.extend(boxed(b"edts", &elst));
        }
        if let (b"hdlr", Some(tag)) = (&kind, language.and_then(|l| l.extended)) {
            // ISO/IEC 14496-12, 8.4.6: the tag with a final zero.
            out.extend(full_box(b"elng", 0, 0, &[tag.as_bytes(), &[0]].concat()));
        }
    }
    out
}

/// The body of `mdhd` (ISO/IEC 14496-12, 8.4.2) with a language.
fn media_header(mdhd: Reader<'_>, language: Option<TrackLanguage<'_>>) -> Vec<u8> {
    let mut body = mdhd.rest().to_vec();
    let at = if body.first() == Some(&0) { 20 } else { 32 };
    if let (Some(language), Some(field)) = (language, body.get_mut(at..at + 2)) {
        // Three letters of five bits each.
        let letters = language.code.bytes().take(3);
        let code = letters.fold(0u16, |n, b| n << 5 | u16::from(b & 0x1f));
        field.copy_from_slice(&code.to_be_bytes());
    }
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::TrackDefaults;

    fn entries() -> impl Strategy<Value = Vec<(u32, u16, u32)>> {
        proptest::collection::vec((1u32..5_000, any::<u16>(), 0u32..9_000), 1..40)
    }

    proptest! {
        #[test]
        fn a_written_fragment_is_read_back(sequence in any::<u32>(), time in 0u64..u64::MAX / 2, raw in entries(), key in any::<bool>()) {
            let entries: Vec<RunEntry> = raw.iter().enumerate().map(|(i, (duration, size, composition))| RunEntry {
                duration: *duration,
                size: u32::from(*size),
                flags: if i == 0 && key { SYNC } else { NOT_SYNC },
                composition: *composition,
            }).collect();
            let payload = vec![0; entries.iter().map(|e| e.size as usize).sum()];
            let bytes = fragment(sequence, 7, time, &entries, &payload);
            let (read, faults) = fragments(&bytes, &TrackDefaults::default());
            prop_assert!(faults.is_empty(), "{:?}", faults);
            prop_assert_eq!(read.len(), 1);
            let f = &read[0];
            prop_assert_eq!((f.sequence, f.track_id, f.tfdt), (sequence, 7, time));
            prop_assert_eq!(f.stray_samples().count(), 0);
            let samples: Vec<RunEntry> = f.samples.iter().map(|s| RunEntry {
                duration: s.duration,
                size: s.size,
                flags: if s.sync { SYNC } else { NOT_SYNC },
                composition: s.cts as u32,
            }).collect();
            prop_assert_eq!(samples, entries);
        }
    }
}
