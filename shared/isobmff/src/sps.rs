//! The sequence parameter set of AVC (ISO/IEC 14496-10, 7.3.2.1.1), as far as the end of the colour description.

use serde::{Deserialize, Serialize};

use super::Colour;

/// Facts of an AVC sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sps {
    /// `profile_idc`.
    pub profile: u8,
    /// The constraint flags byte.
    pub compatibility: u8,
    /// `level_idc`, ten times the level.
    pub level: u8,
    /// Width after cropping.
    pub width: u32,
    /// Height after cropping.
    pub height: u32,
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub chroma: u32,
    /// Bits per luma sample.
    pub bit_depth: u32,
    /// Whether every picture is a frame (`frame_mbs_only_flag`).
    pub progressive: bool,
    /// Sample aspect ratio; `None` where unspecified.
    pub sar: Option<(u32, u32)>,
    /// Colour description; `None` where there is none.
    pub colour: Option<Colour>,
}

impl Sps {
    /// Reads a sequence parameter set NAL unit; `None` where it is none, or ends early.
    #[must_use]
    pub fn read(nal: &[u8]) -> Option<Self> {
        if nal.first()? & 0x1f != 7 {
            return None;
        }
        let rbsp = unescape(nal.get(1..)?);
        let mut r = Bits::new(&rbsp);
        read(&mut r).map(|(sps, _)| sps)
    }

    /// Whether a sequence parameter set NAL unit states how many frames may be reordered (`bitstream_restriction_flag`,
    /// annex E); not so where it is none, or ends early.
    #[must_use]
    pub fn states_reordering(nal: &[u8]) -> bool {
        let stated = || {
            if nal.first()? & 0x1f != 7 {
                return None;
            }
            let rbsp = unescape(nal.get(1..)?);
            let mut r = Bits::new(&rbsp);
            match read(&mut r)? {
                (_, true) => restriction(&mut r),
                (_, false) => Some(false),
            }
        };
        stated().unwrap_or(false)
    }
}

/// Gives the facts, and whether there is usability information, which then has been read as far as the colours.
fn read(r: &mut Bits<'_>) -> Option<(Sps, bool)> {
    let (profile, compatibility, level) = (r.bits(8)? as u8, r.bits(8)? as u8, r.bits(8)? as u8);
    r.ue()?;
    let (chroma, bit_depth) = if has_chroma_format(profile) {
        chroma_format(r)?
    } else {
        (1, 8)
    };
    picture_order(r)?;
    r.ue()?;
    r.bits(1)?;
    let (mbs_wide, map_units) = (r.ue()?.checked_add(1)?, r.ue()?.checked_add(1)?);
    let progressive = r.bits(1)? == 1;
    if !progressive {
        r.bits(1)?;
    }
    r.bits(1)?;
    let crop = if r.bits(1)? == 1 {
        [r.ue()?, r.ue()?, r.ue()?, r.ue()?]
    } else {
        [0; 4]
    };
    let fields = if progressive { 1 } else { 2 };
    let (unit_x, unit_y) = match chroma {
        1 => (2, 2 * fields),
        2 => (2, fields),
        _ => (1, fields),
    };
    let side = |units: u32, unit: u32, a: u32, b: u32| {
        let cut = a.checked_add(b)?.checked_mul(unit)?;
        units.checked_mul(16)?.checked_sub(cut)
    };
    let usability = r.bits(1)? == 1;
    let (sar, colour) = if usability { vui(r)? } else { (None, None) };
    let sps = Sps {
        profile,
        compatibility,
        level,
        width: side(mbs_wide, unit_x, crop[0], crop[1])?,
        height: side(map_units.checked_mul(fields)?, unit_y, crop[2], crop[3])?,
        chroma,
        bit_depth,
        progressive,
        sar,
        colour,
    };
    Some((sps, usability))
}

fn has_chroma_format(profile: u8) -> bool {
    matches!(
        profile,
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    )
}

fn chroma_format(r: &mut Bits<'_>) -> Option<(u32, u32)> {
    let chroma = r.ue()?;
    if chroma == 3 {
        r.bits(1)?;
    }
    let bit_depth = r.ue()?.checked_add(8)?;
    r.ue()?;
    r.bits(1)?;
    if r.bits(1)? == 1 {
        for i in 0..if chroma == 3 { 12 } else { 8 } {
            if r.bits(1)? == 1 {
                scaling_list(r, if i < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some((chroma, bit_depth))
}

fn scaling_list(r: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + r.se()? + 256).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

fn picture_order(r: &mut Bits<'_>) -> Option<()> {
    r.ue()?;
    match r.ue()? {
        0 => {
            r.ue()?;
        }
        1 => {
            r.bits(1)?;
            r.se()?;
            r.se()?;
            for _ in 0..r.ue()?.min(255) {
                r.se()?;
            }
        }
        _ => {}
    }
    Some(())
}

type Vui = (Option<(u32, u32)>, Option<Colour>);

fn vui(r: &mut Bits<'_>) -> Option<Vui> {
    let sar = if r.bits(1)? == 1 { aspect(r)? } else { None };
    if r.bits(1)? == 1 {
        r.bits(1)?;
    }
    let mut colour = None;
    if r.bits(1)? == 1 {
        r.bits(3)?;
        let full_range = r.bits(1)? == 1;
        if r.bits(1)? == 1 {
            colour = Some(Colour {
                primaries: r.bits(8)? as u16,
                transfer: r.bits(8)? as u16,
                matrix: r.bits(8)? as u16,
                full_range,
            });
        }
    }
    Some((sar, colour))
}

/// What follows the colours (E.1.1), as far as `bitstream_restriction_flag`.
fn restriction(r: &mut Bits<'_>) -> Option<bool> {
    if r.bits(1)? == 1 {
        r.ue()?;
        r.ue()?;
    }
    if r.bits(1)? == 1 {
        r.bits(65)?;
    }
    let (nal, vcl) = (buffers(r)?, buffers(r)?);
    if nal || vcl {
        r.bits(1)?;
    }
    r.bits(1)?;
    Some(r.bits(1)? == 1)
}

/// Skips parameters of the hypothetical reference decoder (E.1.2), where there are any.
fn buffers(r: &mut Bits<'_>) -> Option<bool> {
    let there = r.bits(1)? == 1;
    if there {
        let count = r.ue()?.min(31) + 1;
        r.bits(8)?;
        for _ in 0..count {
            r.ue()?;
            r.ue()?;
            r.bits(1)?;
        }
        r.bits(20)?;
    }
    Some(there)
}

/// Table E-1 of ISO/IEC 14496-10.
const ASPECTS: [(u32, u32); 17] = [
    (0, 0),
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

fn aspect(r: &mut Bits<'_>) -> Option<Option<(u32, u32)>> {
    let pair = match r.bits(8)? {
        255 => (r.bits(16)?, r.bits(16)?),
        n => ASPECTS.get(n as usize).copied().unwrap_or((0, 0)),
    };
    Some(Some(pair).filter(|(w, h)| *w > 0 && *h > 0))
}

/// Removes emulation prevention bytes.
fn unescape(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut zeros = 0;
    for &byte in data {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

struct Bits<'a> {
    data: &'a [u8],
    pos: usize,
}

impl<'a> Bits<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self { data, pos: 0 }
    }

    fn bits(&mut self, n: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..n {
            let byte = *self.data.get(self.pos / 8)?;
            value = (value << 1) | u32::from((byte >> (7 - self.pos % 8)) & 1);
            self.pos += 1;
        }
        Some(value)
    }

    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bits(1)? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some(((1u32 << zeros) - 1) + self.bits(zeros)?)
    }

    fn se(&mut self) -> Option<i64> {
        let k = i64::from(self.ue()?);
        Some(if k % 2 == 0 { -(k / 2) } else { k / 2 + 1 })
    }
}
