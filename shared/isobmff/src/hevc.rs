//! The parameter sets of HEVC (ISO/IEC 23008-2, 7.3.2 and annex E).

use crate::bits::{Bits, unescape};
use crate::sps::{Vui, aspect_and_colour};

/// Bytes of the header of a NAL unit.
const HEADER: usize = 2;

/// Facts of an HEVC sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HevcSps {
    /// `general_profile_idc`.
    pub profile: u8,
    /// Whether the tier is High.
    pub high_tier: bool,
    /// `general_level_idc`, thirty times the level.
    pub level: u8,
    /// Width in pixels after cropping.
    pub width: u32,
    /// Height in pixels after cropping.
    pub height: u32,
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub chroma: u32,
    /// Bits per luma sample.
    pub bit_depth: u32,
    /// Sample aspect ratio and colours.
    pub vui: Vui,
    pub(crate) id: u32,
    pub(crate) separate_planes: bool,
    /// Bits of `slice_pic_order_cnt_lsb`.
    pub(crate) order_bits: u32,
    /// Coding tree blocks of a picture.
    pub(crate) blocks: u32,
}

impl HevcSps {
    /// Reads a NAL unit. `None` if it is no sequence parameter set, or cannot be read.
    pub fn read(nal: &[u8]) -> Option<Self> {
        if nal.first()? >> 1 & 0x3f != 33 {
            return None;
        }
        let rbsp = unescape(nal.get(HEADER..)?, nal.len());
        read(&mut Bits::new(&rbsp))
    }
}

fn read(r: &mut Bits<'_>) -> Option<HevcSps> {
    r.bits(4)?;
    let sub_layers = r.bits(3)?;
    r.bits(1)?;
    r.bits(2)?;
    let high_tier = r.flag()?;
    let profile = r.bits(5)? as u8;
    r.skip(32 + 48)?;
    let level = r.bits(8)? as u8;
    sub_layer_levels(r, sub_layers)?;
    let id = r.ue_to(15)?;
    let chroma = r.ue_to(3)?;
    let separate_planes = chroma == 3 && r.flag()?;
    let (coded_width, coded_height) = (r.ue()?, r.ue()?);
    let cropping = if r.flag()? {
        [r.ue()?, r.ue()?, r.ue()?, r.ue()?]
    } else {
        [0; 4]
    };
    let (unit_x, unit_y) = match chroma {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let side = |coded: u32, unit: u32, a: u32, b: u32| {
        coded.checked_sub(a.checked_add(b)?.checked_mul(unit)?)
    };
    let [left, right, top, bottom] = cropping;
    let bit_depth = r.ue_to(8)? + 8;
    r.ue_to(8)?;
    let order_bits = r.ue_to(12)? + 4;
    let all_layers = r.flag()?;
    for _ in if all_layers { 0 } else { sub_layers }..=sub_layers {
        r.ue()?;
        r.ue()?;
        r.ue()?;
    }
    let block_bits = r.ue_to(3)?.checked_add(3)?.checked_add(r.ue_to(3)?)?;
    let block = 1u32.checked_shl(block_bits)?;
    let mut sps = HevcSps {
        profile,
        high_tier,
        level,
        width: side(coded_width, unit_x, left, right)?,
        height: side(coded_height, unit_y, top, bottom)?,
        chroma,
        bit_depth,
        vui: Vui::default(),
        id,
        separate_planes,
        order_bits,
        blocks: coded_width
            .div_ceil(block)
            .checked_mul(coded_height.div_ceil(block))?,
    };
    sps.vui = usability(r, order_bits)?;
    Some(sps)
}

/// Skips the profiles and levels of sub-layers in `profile_tier_level` (7.3.3).
fn sub_layer_levels(r: &mut Bits<'_>, sub_layers: u32) -> Option<()> {
    let mut present = Vec::new();
    for _ in 0..sub_layers {
        present.push((r.flag()?, r.flag()?));
    }
    if sub_layers > 0 {
        r.skip(2 * (8 - sub_layers as usize))?;
    }
    for (profile, level) in present {
        r.skip(if profile { 88 } else { 0 })?;
        r.skip(if level { 8 } else { 0 })?;
    }
    Some(())
}

/// The tools between the size of blocks and the video usability information, and its start.
fn usability(r: &mut Bits<'_>, order_bits: u32) -> Option<Vui> {
    for _ in 0..4 {
        r.ue()?;
    }
    if r.flag()? && r.flag()? {
        scaling_lists(r)?;
    }
    r.bits(2)?;
    if r.flag()? {
        r.bits(8)?;
        r.ue()?;
        r.ue()?;
        r.bits(1)?;
    }
    let mut counts = Vec::new();
    let sets = r.ue_to(64)?;
    for index in 0..sets {
        let count = reference_set(r, index > 0, &counts)?;
        counts.push(count);
    }
    if r.flag()? {
        for _ in 0..r.ue_to(32)? {
            r.bits(order_bits + 1)?;
        }
    }
    r.bits(2)?;
    if r.flag()? {
        aspect_and_colour(r)
    } else {
        Some(Vui::default())
    }
}

fn scaling_lists(r: &mut Bits<'_>) -> Option<()> {
    for size in 0..4u32 {
        for _ in 0..if size == 3 { 2 } else { 6 } {
            if !r.flag()? {
                r.ue()?;
                continue;
            }
            if size > 1 {
                r.se()?;
            }
            for _ in 0..(1u32 << (4 + 2 * size)).min(64) {
                r.se()?;
            }
        }
    }
    Some(())
}

/// `st_ref_pic_set` of a sequence parameter set (7.3.7); returns `NumDeltaPocs`.
fn reference_set(r: &mut Bits<'_>, may_predict: bool, counts: &[u32]) -> Option<u32> {
    if may_predict && r.flag()? {
        r.bits(1)?;
        r.ue()?;
        let mut count = 0;
        for _ in 0..=*counts.last()? {
            let kept = r.flag()? || r.flag()?;
            count += u32::from(kept);
        }
        return Some(count);
    }
    let (negative, positive) = (r.ue_to(16)?, r.ue_to(16)?);
    for _ in 0..negative + positive {
        r.ue()?;
        r.bits(1)?;
    }
    Some(negative + positive)
}

/// The part of a picture parameter set that slice headers need (7.3.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HevcPps {
    pub(crate) id: u32,
    pub(crate) sps: u32,
    /// `dependent_slice_segments_enabled_flag`.
    pub(crate) dependent_slices: bool,
    /// `output_flag_present_flag`.
    pub(crate) output_flag: bool,
    /// `num_extra_slice_header_bits`.
    pub(crate) extra_bits: u32,
}

impl HevcPps {
    pub(crate) fn read(nal: &[u8]) -> Option<Self> {
        let rbsp = unescape(nal.get(HEADER..)?, 64);
        let mut r = Bits::new(&rbsp);
        Some(Self {
            id: r.ue_to(63)?,
            sps: r.ue_to(15)?,
            dependent_slices: r.flag()?,
            output_flag: r.flag()?,
            extra_bits: r.bits(3)?,
        })
    }
}
