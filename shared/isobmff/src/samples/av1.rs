//! Samples of AV1 (AV1 Bitstream & Decoding Process, 5; AV1 Codec ISO Media File Format Binding, 2.4).

use super::nal::check_run;
use crate::bits::Bits;
use crate::sample::FirstPicture;
use crate::sample::{DefectKind, Defects, SampleFormat, SampleView};

const SEQUENCE: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const TILE_GROUP: u8 = 4;
const FRAME: u8 = 6;
/// Blocks of 32 bytes that may repeat: tiles may be padded.
const PADDED_RUN: usize = 32;
/// Most units of a sample.
const MAX_UNITS: usize = 4_096;

/// What a sequence header (5.5) states about all its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Av1Sequence {
    /// `seq_profile`.
    pub profile: u8,
    /// `seq_level_idx` of the first operating point.
    pub level: u8,
    /// Width in pixels of the largest frame.
    pub width: u32,
    /// Height in pixels of the largest frame.
    pub height: u32,
    /// Whether frame headers are those of still pictures, which have no type.
    reduced: bool,
}

impl Av1Sequence {
    /// The sequence header in the body of `av1C`.
    pub(crate) fn of_config(config: &[u8]) -> Option<Self> {
        let units = split(config.get(4..)?, &mut Defects::default());
        let found = units.iter().find(|u| u.kind == SEQUENCE)?;
        Self::read(found.payload)
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Bits::new(payload);
        let profile = r.bits(3)? as u8;
        r.bits(1)?;
        let reduced = r.flag()?;
        let level = if reduced {
            r.bits(5)?
        } else {
            first_operating_point(&mut r)?
        };
        let (width, height) = (r.bits(4)? + 1, r.bits(4)? + 1);
        Some(Self {
            profile,
            level: level as u8,
            width: r.bits(width)? + 1,
            height: r.bits(height)? + 1,
            reduced,
        })
    }
}

/// Reads the operating points; returns the level of the first.
fn first_operating_point(r: &mut Bits<'_>) -> Option<u32> {
    let mut delay_bits = None;
    if r.flag()? {
        r.skip(64)?;
        if r.flag()? {
            r.ue()?;
        }
        if r.flag()? {
            delay_bits = Some(r.bits(5)? + 1);
            r.skip(32 + 10)?;
        }
    }
    let display_delay = r.flag()?;
    let mut first = None;
    for _ in 0..=r.bits(5)? {
        r.bits(12)?;
        let level = r.bits(5)?;
        first = first.or(Some(level));
        r.bits(u32::from(level > 7))?;
        if let Some(bits) = delay_bits
            && r.flag()?
        {
            r.skip(2 * bits as usize + 1)?;
        }
        if display_delay && r.flag()? {
            r.bits(4)?;
        }
    }
    first
}

/// Looks into the samples of a segment.
#[derive(Clone, Debug)]
pub(super) struct Av1 {
    /// The sequence header of `av1C`.
    sequence: Option<Av1Sequence>,
}

/// An open bitstream unit.
struct Unit<'a> {
    kind: u8,
    payload: &'a [u8],
    at: usize,
}

impl Av1 {
    pub(super) fn new(format: &SampleFormat) -> Self {
        Self {
            sequence: Av1Sequence::of_config(&format.config),
        }
    }

    pub(super) fn sample(&self, sample: SampleView<'_>, defects: &mut Defects) -> FirstPicture {
        let units = split(sample.data, defects);
        let mut found = FirstPicture::default();
        let mut shown = 0;
        for unit in &units {
            found.nal_types.push(unit.kind);
            match unit.kind {
                SEQUENCE => {
                    let sequence = Av1Sequence::read(unit.payload);
                    let same = self.sequence.is_none() || sequence == self.sequence;
                    if sequence.is_none() || !same {
                        let expected = "the profile, level and size of the sequence header in av1C";
                        defects.add(
                            DefectKind::Parameters,
                            unit.at,
                            expected,
                            format!("{sequence:?}"),
                        );
                    }
                }
                FRAME_HEADER | FRAME => {
                    let Some((key, visible)) = self.frame_header(unit.payload) else {
                        defects.add(DefectKind::Picture, unit.at, "a frame header", "fewer bits");
                        continue;
                    };
                    found.idr = found.idr.or(Some(key));
                    shown += u32::from(visible);
                }
                _ => {}
            }
            if matches!(unit.kind, FRAME | TILE_GROUP) {
                check_run(unit.payload, unit.at, PADDED_RUN, defects);
            }
        }
        match found.idr {
            None if !sample.data.is_empty() => {
                defects.add(DefectKind::Unit, 0, "a frame in every sample", "none");
            }
            Some(false) if sample.sync => {
                defects.add(
                    DefectKind::Sync,
                    0,
                    "a sync sample that starts with a key frame",
                    "another frame",
                );
            }
            // Layers of one temporal unit are all shown.
            _ if shown == 0 => {
                defects.add(DefectKind::Unit, 0, "a shown frame in every sample", "none");
            }
            _ => {}
        }
        found
    }

    /// Whether a frame is a key frame, and whether it is shown (5.9.2).
    fn frame_header(&self, payload: &[u8]) -> Option<(bool, bool)> {
        if self.sequence.is_some_and(|s| s.reduced) {
            return Some((true, true));
        }
        let mut r = Bits::new(payload);
        if r.flag()? {
            return Some((false, true));
        }
        Some((r.bits(2)? == 0, r.flag()?))
    }
}

/// Splits bytes into units (5.3). Stops at the first that does not fit.
fn split<'a>(data: &'a [u8], defects: &mut Defects) -> Vec<Unit<'a>> {
    let mut units = Vec::new();
    let mut rest = data;
    while let Some((&header, tail)) = rest.split_first() {
        let at = data.len() - rest.len();
        let kind = header >> 3 & 15;
        if header & 0x81 != 0 || matches!(kind, 0 | 9..=14) || units.len() >= MAX_UNITS {
            let expected = "the header of an open bitstream unit";
            defects.add(DefectKind::Unit, at, expected, format!("{header:#04x}"));
            break;
        }
        let tail = tail.get(usize::from(header >> 2 & 1)..).unwrap_or_default();
        let (size, body) = match header & 2 {
            0 => (tail.len(), tail),
            _ => leb128(tail).unwrap_or((usize::MAX, tail)),
        };
        let Some((payload, next)) = body.split_at_checked(size) else {
            let expected = format!("a unit of at most {} bytes", body.len());
            defects.add(DefectKind::Unit, at, expected, "a longer one");
            break;
        };
        if kind == TEMPORAL_DELIMITER && size > 0 {
            defects.add(
                DefectKind::Unit,
                at,
                "an empty temporal delimiter",
                format!("{size} bytes"),
            );
        }
        units.push(Unit {
            kind,
            payload,
            at: data.len() - next.len() - payload.len(),
        });
        rest = next;
    }
    units
}

/// A number in groups of seven bits (4.10.5), and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in (0u32..8).zip(bytes) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let rest = bytes.get(index as usize + 1..)?;
            return Some((usize::try_from(value).ok()?, rest));
        }
    }
    None
}
