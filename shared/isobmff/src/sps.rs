//! The sequence parameter set of AVC (ISO/IEC 14496-10, 7.3.2.1.1 and annex E).

use crate::bits::{Bits, unescape};
use crate::colour::Colour;

/// Facts of an AVC sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sps {
    /// `profile_idc`.
    pub profile: u8,
    /// The byte of constraint flags.
    pub compatibility: u8,
    /// `level_idc`, ten times the level.
    pub level: u8,
    /// Width in pixels after cropping.
    pub width: u32,
    /// Height in pixels after cropping.
    pub height: u32,
    /// What is cropped left, right, at the top and at the bottom, in the units of 7.4.2.1.1.
    pub cropping: [u32; 4],
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub chroma: u32,
    /// Bits per luma sample.
    pub bit_depth: u32,
    /// Whether every picture is a frame (`frame_mbs_only_flag`).
    pub progressive: bool,
    pub vui: Vui,
    pub(crate) slices: SliceSyntax,
}

/// What a sequence parameter set decides about the syntax of slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SliceSyntax {
    /// `seq_parameter_set_id`.
    pub(crate) id: u32,
    /// Bits of `frame_num`.
    pub(crate) frame_number_bits: u32,
    pub(crate) order: OrderSyntax,
    pub(crate) separate_planes: bool,
    /// `gaps_in_frame_num_value_allowed_flag`.
    pub(crate) gaps: bool,
    /// Macroblocks of a frame.
    pub(crate) macroblocks: u32,
}

/// How pictures state their output order (8.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OrderSyntax {
    /// Type 0, with the bits of `pic_order_cnt_lsb`.
    Lsb(u32),
    /// Type 1, and `delta_pic_order_always_zero_flag`.
    Cycle(bool),
    /// Type 2: output order is decoding order.
    #[default]
    Decoding,
}

/// Video usability information (annex E). A field is `None` if the set does not state it, or ends before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vui {
    /// Sample aspect ratio, if it is specified.
    pub sar: Option<(u32, u32)>,
    pub colour: Option<Colour>,
    pub timing: Option<FrameTiming>,
    /// `max_num_reorder_frames`: how many frames precede another in decoding order and follow it in output order.
    pub max_reorder_frames: Option<u32>,
}

/// FrameTiming information (E.2.1). A frame lasts `2 * units_in_tick / time_scale` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTiming {
    pub units_in_tick: u32,
    pub time_scale: u32,
    /// `fixed_frame_rate_flag`.
    pub fixed: bool,
}

impl Sps {
    /// Reads a NAL unit. `None` if it is no sequence parameter set, or ends before its colours.
    pub fn read(nal: &[u8]) -> Option<Self> {
        let (header, rest) = nal.split_first()?;
        if header & 0x1f != 7 {
            return None;
        }
        read(&mut Bits::new(&unescape(rest, rest.len())))
    }
}

fn read(r: &mut Bits<'_>) -> Option<Sps> {
    let (profile, compatibility, level) = (r.bits(8)? as u8, r.bits(8)? as u8, r.bits(8)? as u8);
    let id = r.ue_to(31)?;
    let (chroma, bit_depth, separate_planes) = if has_chroma_format(profile) {
        chroma_format(r)?
    } else {
        (1, 8, false)
    };
    let frame_number_bits = r.ue_to(12)? + 4;
    let order = picture_order(r)?;
    r.ue()?;
    let gaps = r.flag()?;
    let (mbs_wide, map_units) = (r.ue()?.checked_add(1)?, r.ue()?.checked_add(1)?);
    let progressive = r.flag()?;
    if !progressive {
        r.bits(1)?;
    }
    r.bits(1)?;
    let cropping = if r.flag()? {
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
    let slices = SliceSyntax {
        id,
        frame_number_bits,
        order,
        separate_planes,
        gaps,
        macroblocks: mbs_wide.checked_mul(map_units)?.checked_mul(fields)?,
    };
    let [left, right, top, bottom] = cropping;
    Some(Sps {
        profile,
        compatibility,
        level,
        width: side(mbs_wide, unit_x, left, right)?,
        height: side(map_units.checked_mul(fields)?, unit_y, top, bottom)?,
        cropping,
        chroma,
        bit_depth,
        progressive,
        vui: if r.flag()? { vui(r)? } else { Vui::default() },
        slices,
    })
}

fn has_chroma_format(profile: u8) -> bool {
    matches!(
        profile,
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    )
}

fn chroma_format(r: &mut Bits<'_>) -> Option<(u32, u32, bool)> {
    let chroma = r.ue_to(3)?;
    let separate_planes = chroma == 3 && r.flag()?;
    let bit_depth = r.ue()?.checked_add(8)?;
    r.ue()?;
    r.bits(1)?;
    if r.flag()? {
        for i in 0..if chroma == 3 { 12 } else { 8 } {
            if r.flag()? {
                scaling_list(r, if i < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some((chroma, bit_depth, separate_planes))
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

fn picture_order(r: &mut Bits<'_>) -> Option<OrderSyntax> {
    Some(match r.ue_to(2)? {
        0 => OrderSyntax::Lsb(r.ue_to(12)? + 4),
        1 => {
            let always_zero = r.flag()?;
            r.se()?;
            r.se()?;
            for _ in 0..r.ue_to(255)? {
                r.se()?;
            }
            OrderSyntax::Cycle(always_zero)
        }
        _ => OrderSyntax::Decoding,
    })
}

fn vui(r: &mut Bits<'_>) -> Option<Vui> {
    let mut vui = aspect_and_colour(r)?;
    // Size and colours are known by now; a set that ends early merely does not state the rest.
    let _ = timing_and_reordering(r, &mut vui);
    Some(vui)
}

/// The start of the video usability information, which AVC and HEVC share.
pub(crate) fn aspect_and_colour(r: &mut Bits<'_>) -> Option<Vui> {
    let mut vui = Vui {
        sar: if r.flag()? { aspect(r)? } else { None },
        ..Vui::default()
    };
    if r.flag()? {
        r.bits(1)?;
    }
    if r.flag()? {
        r.bits(3)?;
        let full_range = r.flag()?;
        if r.flag()? {
            vui.colour = Some(Colour {
                primaries: r.bits(8)? as u16,
                transfer: r.bits(8)? as u16,
                matrix: r.bits(8)? as u16,
                full_range,
            });
        }
    }
    Some(vui)
}

fn timing_and_reordering(r: &mut Bits<'_>, vui: &mut Vui) -> Option<()> {
    if r.flag()? {
        r.ue()?;
        r.ue()?;
    }
    if r.flag()? {
        vui.timing = Some(FrameTiming {
            units_in_tick: r.bits(32)?,
            time_scale: r.bits(32)?,
            fixed: r.flag()?,
        });
    }
    let (nal, vcl) = (reference_decoder(r)?, reference_decoder(r)?);
    if nal || vcl {
        r.bits(1)?;
    }
    r.bits(1)?;
    if r.flag()? {
        r.bits(1)?;
        for _ in 0..4 {
            r.ue()?;
        }
        vui.max_reorder_frames = Some(r.ue()?);
    }
    Some(())
}

/// Skips parameters of the hypothetical reference decoder (E.1.2); returns whether there are any.
fn reference_decoder(r: &mut Bits<'_>) -> Option<bool> {
    let present = r.flag()?;
    if present {
        let count = r.ue()?.min(31) + 1;
        r.bits(8)?;
        for _ in 0..count {
            r.ue()?;
            r.ue()?;
            r.bits(1)?;
        }
        r.bits(20)?;
    }
    Some(present)
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
