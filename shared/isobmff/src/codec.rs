//! Sample entries: codec configuration, the RFC 6381 codec string, and how samples are encrypted.

use std::fmt::Write as _;

use crate::colour::Colour;
use crate::{Av1Sequence, Fault, Handler, HevcSps, Init, Reader, Sps, fourcc};

/// `avcC` (ISO/IEC 14496-15, 5.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvcConfig {
    /// `AVCProfileIndication`.
    pub profile: u8,
    /// `profile_compatibility`.
    pub compatibility: u8,
    /// `AVCLevelIndication`, ten times the level.
    pub level: u8,
    /// Bytes of a NAL unit's length.
    pub length_size: u8,
    /// Sequence parameter sets, as NAL units.
    pub sps: Vec<Vec<u8>>,
    /// Picture parameter sets, as NAL units.
    pub pps: Vec<Vec<u8>>,
}

/// `hvcC` (ISO/IEC 14496-15, 8.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HevcConfig {
    /// `general_profile_space`.
    pub profile_space: u8,
    /// Whether the tier is High.
    pub high_tier: bool,
    /// `general_profile_idc`: 1 Main, 2 Main 10.
    pub profile: u8,
    /// `general_profile_compatibility_flags`.
    pub compatibility: u32,
    /// `general_constraint_indicator_flags`.
    pub constraints: [u8; 6],
    /// `general_level_idc`, thirty times the level.
    pub level: u8,
    /// Bits per luma sample.
    pub bit_depth: u8,
    /// Bytes of a NAL unit's length.
    pub length_size: u8,
    /// Parameter sets and other NAL units, in the order of their arrays.
    pub sets: Vec<Vec<u8>>,
}

/// How the samples of a track are encrypted: `schm` and `tenc` (ISO/IEC 23001-7, 8 and 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// `scheme_type`, for example `cbcs`.
    pub scheme: String,
    /// `default_crypt_byte_block`: how many blocks of 16 bytes are encrypted in each run.
    pub crypt: u8,
    /// `default_skip_byte_block`: how many blocks follow in the clear.
    pub skip: u8,
    /// Whether samples are encrypted unless stated otherwise (`default_isProtected`).
    pub protected: bool,
    /// `default_Per_Sample_IV_Size` in bytes; 0 if the vector is constant.
    pub iv_size: u8,
    /// `default_KID` as 32 lower-case hexadecimal digits.
    pub key_id: String,
    /// `default_constant_IV`; empty if samples have vectors of their own.
    pub constant_iv: Vec<u8>,
}

impl Protection {
    /// Reads `sinf`. `None` without `schm` or `tenc`: it does not state how samples are encrypted.
    fn read(sinf: &Reader<'_>) -> Result<Option<Self>, Fault> {
        let tenc = sinf.child(b"schi").and_then(|schi| schi.child(b"tenc"));
        let (Some(mut schm), Some(mut tenc)) = (sinf.child(b"schm"), tenc) else {
            return Ok(None);
        };
        schm.full()?;
        let scheme = fourcc(schm.fourcc()?);
        let (version, _) = tenc.full()?;
        tenc.u8()?;
        let pattern = tenc.u8()?;
        let (crypt, skip) = if version == 0 {
            (0, 0)
        } else {
            (pattern >> 4, pattern & 15)
        };
        let protected = tenc.u8()? != 0;
        let iv_size = tenc.u8()?;
        let key_id = tenc.take(16)?.iter().map(|b| format!("{b:02x}")).collect();
        let constant_iv = if protected && iv_size == 0 {
            let length = tenc.u8()?;
            tenc.take(usize::from(length))?.to_vec()
        } else {
            Vec::new()
        };
        Ok(Some(Self {
            scheme,
            crypt,
            skip,
            protected,
            iv_size,
            key_id,
            constant_iv,
        }))
    }
}

/// Reads the sample entry `kind` into `init`.
pub(crate) fn read_entry(init: &mut Init, kind: [u8; 4], mut r: Reader<'_>) -> Result<(), Fault> {
    init.entry = fourcc(kind);
    init.codec.clone_from(&init.entry);
    match init.handler {
        Handler::Video => {
            (init.width, init.height) = visual_entry(&mut r)?;
            picture_boxes(init, &r)?;
        }
        Handler::Audio => audio(init, &mut r)?,
        Handler::Text | Handler::Other(_) => return Ok(()),
    }
    if let Some(sinf) = r.child(b"sinf") {
        init.encrypted = true;
        init.protection = Protection::read(&sinf)?;
        let mut frma = sinf.need(b"frma")?;
        init.entry = fourcc(frma.fourcc()?);
        init.codec.clone_from(&init.entry);
    }
    configuration(init, r)
}

/// Width and height of a visual sample entry (ISO/IEC 14496-12, 12.1.3); leaves the reader at the boxes in it.
///
/// # Errors
/// A [`Fault`] if it ends early.
pub fn visual_entry(r: &mut Reader<'_>) -> Result<(u32, u32), Fault> {
    r.take(24)?;
    let size = (u32::from(r.u16()?), u32::from(r.u16()?));
    r.take(50)?;
    Ok(size)
}

fn picture_boxes(init: &mut Init, r: &Reader<'_>) -> Result<(), Fault> {
    if let Some(mut colr) = r.child(b"colr")
        && colr.fourcc()? == *b"nclx"
    {
        init.colour = Some(Colour {
            primaries: colr.u16()?,
            transfer: colr.u16()?,
            matrix: colr.u16()?,
            full_range: colr.u8()? & 0x80 != 0,
        });
    }
    if let Some(mut pasp) = r.child(b"pasp") {
        init.pixel_aspect = Some((pasp.u32()?, pasp.u32()?));
    }
    Ok(())
}

fn audio(init: &mut Init, r: &mut Reader<'_>) -> Result<(), Fault> {
    // QuickTime versions 1 and 2 have more fields before the boxes; CMAF has version 0 only.
    r.take(16)?;
    init.channels = u32::from(r.u16()?);
    r.take(6)?;
    init.sample_rate = r.u32()? >> 16;
    init.entry_audio = (init.channels, init.sample_rate);
    Ok(())
}

fn configuration(init: &mut Init, entry: Reader<'_>) -> Result<(), Fault> {
    for (kind, mut r) in entry.children() {
        if let b"avcC" | b"hvcC" | b"esds" | b"av1C" | b"vpcC" | b"dac3" | b"dec3" | b"dOps"
        | b"dfLa" = &kind
        {
            init.config = r.rest().to_vec();
        }
        match &kind {
            b"lhvC" => init.layered = true,
            b"btrt" => {
                r.u32()?;
                init.bit_rates = Some((r.u32()?, r.u32()?));
            }
            b"avcC" => {
                let avc = AvcConfig::read(&mut r)?;
                let (p, c, l) = (avc.profile, avc.compatibility, avc.level);
                init.codec = format!("{}.{p:02X}{c:02X}{l:02X}", init.entry).to_lowercase();
                (init.profile, init.level) = (Some(p), Some(l));
                init.sps = avc.sps.first().and_then(|nal| Sps::read(nal));
                init.avc = Some(avc);
            }
            b"hvcC" => {
                let hevc = HevcConfig::read(&mut r)?;
                init.hevc_sps = hevc.sets.iter().find_map(|nal| HevcSps::read(nal));
                init.codec = hevc_codec(&init.entry, &hevc);
                (init.profile, init.level) = (Some(hevc.profile), Some(hevc.level));
                init.hevc = Some(hevc);
            }
            b"av1C" => {
                init.av1 = Av1Sequence::of_config(&init.config);
                init.codec = av1_codec(&init.entry, &mut r)?;
            }
            b"vpcC" => init.codec = vp9_codec(&init.entry, &mut r)?,
            b"esds" => esds(init, &mut r)?,
            _ => {}
        }
    }
    Ok(())
}

impl AvcConfig {
    /// Reads the body of `avcC`.
    ///
    /// # Errors
    /// A [`Fault`] if it ends early, or has another version than 1.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Fault> {
        configuration_version(r)?;
        let (profile, compatibility, level) = (r.u8()?, r.u8()?, r.u8()?);
        let length_size = (r.u8()? & 3) + 1;
        let sps_count = r.u8()? & 0x1f;
        let sps = parameter_sets(r, sps_count)?;
        let pps_count = r.u8()?;
        Ok(Self {
            profile,
            compatibility,
            level,
            length_size,
            sps,
            pps: parameter_sets(r, pps_count)?,
        })
    }
}

fn configuration_version(r: &mut Reader<'_>) -> Result<(), Fault> {
    match r.u8()? {
        1 => Ok(()),
        version => Err(r.fault("configurationVersion 1", version.to_string())),
    }
}

fn parameter_sets(r: &mut Reader<'_>, count: u8) -> Result<Vec<Vec<u8>>, Fault> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let length = r.u16()?;
        sets.push(r.take(usize::from(length))?.to_vec());
    }
    Ok(sets)
}

impl HevcConfig {
    /// Reads the body of `hvcC`.
    ///
    /// # Errors
    /// A [`Fault`] if it ends early, or has another version than 1.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Fault> {
        configuration_version(r)?;
        let byte = r.u8()?;
        let compatibility = r.u32()?;
        let mut constraints = [0; 6];
        constraints.copy_from_slice(r.take(6)?);
        let level = r.u8()?;
        r.take(4)?;
        let bit_depth = (r.take(1)?[0] & 7) + 8;
        r.take(3)?;
        let length_size = (r.u8()? & 3) + 1;
        let mut sets = Vec::new();
        for _ in 0..r.u8()? {
            r.u8()?;
            let count = r.u16()?;
            for _ in 0..count {
                let length = r.u16()?;
                sets.push(r.take(usize::from(length))?.to_vec());
            }
        }
        Ok(Self {
            profile_space: byte >> 6,
            high_tier: byte & 0x20 != 0,
            profile: byte & 0x1f,
            compatibility,
            constraints,
            level,
            bit_depth,
            length_size,
            sets,
        })
    }
}

/// ISO/IEC 14496-15, annex E.3: profile, reversed compatibility flags, tier and level, constraints without trailing zeros.
pub(crate) fn hevc_codec(entry: &str, c: &HevcConfig) -> String {
    let space = ["", "A", "B", "C"][usize::from(c.profile_space & 3)];
    let tier = if c.high_tier { 'H' } else { 'L' };
    let mut text = format!(
        "{entry}.{space}{}.{:X}.{tier}{}",
        c.profile,
        c.compatibility.reverse_bits(),
        c.level
    );
    let last = c.constraints.iter().rposition(|b| *b != 0);
    for byte in &c.constraints[..last.map_or(0, |i| i + 1)] {
        let _ = write!(text, ".{byte:X}");
    }
    text
}

/// AV1 Codec ISO Media File Format Binding, 5: profile, level, tier and bit depth.
fn av1_codec(entry: &str, r: &mut Reader<'_>) -> Result<String, Fault> {
    r.u8()?;
    let (level, flags) = (r.u8()?, r.u8()?);
    let tier = if flags & 0x80 != 0 { 'H' } else { 'M' };
    let depth = match flags >> 5 & 3 {
        0 | 1 => 8,
        2 => 10,
        _ => 12,
    };
    let (profile, level) = (level >> 5, level & 31);
    Ok(format!("{entry}.{profile}.{level:02}{tier}.{depth:02}"))
}

/// VP Codec ISO Media File Format Binding: profile, level and bit depth.
fn vp9_codec(entry: &str, r: &mut Reader<'_>) -> Result<String, Fault> {
    r.full()?;
    let (profile, level, depth) = (r.u8()?, r.u8()?, r.u8()? >> 4);
    Ok(format!("{entry}.{profile:02}.{level:02}.{depth:02}"))
}

/// Walks the descriptors of `esds` (ISO/IEC 14496-1, 7.2.6) down to the AudioSpecificConfig.
fn esds(init: &mut Init, r: &mut Reader<'_>) -> Result<(), Fault> {
    r.full()?;
    descriptor(r, 3)?;
    r.u16()?;
    let flags = r.u8()?;
    if flags & 0x80 != 0 {
        r.u16()?;
    }
    if flags & 0x40 != 0 {
        let url = r.u8()?;
        r.take(usize::from(url))?;
    }
    if flags & 0x20 != 0 {
        r.u16()?;
    }
    descriptor(r, 4)?;
    let object_type = r.u8()?;
    r.take(12)?;
    init.codec = format!("{}.{object_type:X}", init.entry);
    if object_type == 0x40 {
        descriptor(r, 5)?;
        audio_config(init, r)?;
    }
    Ok(())
}

fn descriptor(r: &mut Reader<'_>, tag: u8) -> Result<(), Fault> {
    let found = r.u8()?;
    if found != tag {
        return Err(r.fault(format!("descriptor tag {tag}"), found.to_string()));
    }
    for _ in 0..4 {
        if r.u8()? & 0x80 == 0 {
            return Ok(());
        }
    }
    Err(r.fault("a descriptor length of at most 4 bytes", "more"))
}

const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) as far as object type, rate and channels.
fn audio_config(init: &mut Init, r: &mut Reader<'_>) -> Result<(), Fault> {
    let word = r.u16()?;
    let object = (word >> 11) as u8;
    if object == 31 {
        init.codec = format!("{}.40.{}", init.entry, 32 + ((word >> 5) & 0x3f));
        return Ok(());
    }
    init.codec = format!("{}.40.{object}", init.entry);
    init.profile = Some(object);
    if let Some(rate) = AAC_RATES.get(usize::from((word >> 7) & 15)) {
        init.sample_rate = *rate;
        init.channels = match (word >> 3) & 15 {
            0 => init.channels,
            7 => 8,
            n => u32::from(n),
        };
    }
    Ok(())
}
