//! Access units of audio: AAC, AC-3, E-AC-3, Opus and FLAC.

use crate::bits::Bits;
use crate::sample::{DefectKind, Defects, SampleFormat, SampleView};

/// Bits of an AAC access unit for each channel (ISO/IEC 14496-3, 4.5.3.1).
const AAC_BITS: usize = 6_144;

/// Looks into the samples of a segment.
#[derive(Clone, Debug)]
pub(super) enum Audio {
    /// AAC-LC and HE-AAC, with the number of channels.
    Aac(u32),
    Ac3,
    Eac3,
    /// Opus at a timescale.
    Opus,
    Flac,
}

impl Audio {
    pub(super) fn new(format: &SampleFormat) -> Option<Self> {
        match &*format.entry {
            "mp4a" => {
                matches!(format.profile, Some(2 | 5 | 29)).then_some(Self::Aac(format.channels))
            }
            "ac-3" => Some(Self::Ac3),
            "ec-3" => Some(Self::Eac3),
            "Opus" => Some(Self::Opus),
            "fLaC" => Some(Self::Flac),
            _ => None,
        }
    }

    pub(super) fn sample(&self, sample: SampleView<'_>, defects: &mut Defects) {
        let wrong = match self {
            Self::Aac(channels) => aac(sample.data, *channels),
            Self::Ac3 => ac3_frames(sample.data, false),
            Self::Eac3 => ac3_frames(sample.data, true),
            Self::Opus => opus(sample.data),
            Self::Flac => flac(sample.data),
        };
        if let Err((at, expected)) = wrong {
            defects.add(DefectKind::Audio, at, expected, "other bytes");
        }
    }
}

type Checked = Result<(), (usize, &'static str)>;

/// A `raw_data_block` (ISO/IEC 14496-3, 4.4.2.1): a legal first element, and the end of the block in the last byte.
pub(crate) fn aac(data: &[u8], channels: u32) -> Checked {
    let most = AAC_BITS / 8 * (channels.max(1) as usize + 1);
    if data.is_empty() || data.len() > most {
        return Err((0, "an access unit of at most 6144 bits for each channel"));
    }
    let mut r = Bits::new(data);
    first_element(&mut r, channels).ok_or((0, "a legal first element of a raw_data_block"))?;
    // ID_END, then at most seven bits of alignment, which need not be 0. Encoders of constant bit rate append zeros.
    let end = data.iter().rposition(|b| *b != 0).unwrap_or(0);
    let before = end.checked_sub(1).and_then(|i| data.get(i));
    let tail = data.get(end).copied().map_or(0, u32::from);
    let tail = before.copied().map_or(0, u32::from) << 8 | tail;
    let ended = (0..=7).any(|alignment| tail >> alignment & 7 == 7);
    ended
        .then_some(())
        .ok_or((end, "ID_END at the end of a raw_data_block"))
}

/// Reads the first element as far as its individual channel stream states its windows.
fn first_element(r: &mut Bits<'_>, channels: u32) -> Option<()> {
    let kind = r.bits(3)?;
    match kind {
        // Single channel, coupling, LFE: the header of one channel follows.
        0 | 3 => {
            r.bits(4)?;
            let legal = kind == 3 || channels != 2;
            r.bits(8)?;
            windows(r).filter(|()| legal)
        }
        1 => {
            r.bits(4)?;
            let common = r.flag()?;
            if common {
                windows(r)?;
                return (r.bits(2)? != 3).then_some(());
            }
            r.bits(8)?;
            windows(r).filter(|()| channels != 1)
        }
        // Coupling channels, data, program configuration and fill elements.
        2 | 4..=6 => Some(()),
        // Nothing but the end.
        _ => None,
    }
}

/// `ics_info` (4.4.2.1): the reserved bit is 0, and the bands are as many as windows have.
fn windows(r: &mut Bits<'_>) -> Option<()> {
    if r.flag()? {
        return None;
    }
    let short = r.bits(2)? == 2;
    r.bits(1)?;
    let bands = r.bits(if short { 4 } else { 6 })?;
    // AAC-LC has no prediction. Tables 4.110 to 4.128: at most 51 bands of long windows and 15 of short ones.
    let predicted = if short { r.bits(7)? > 127 } else { r.flag()? };
    (!predicted && bands <= if short { 15 } else { 51 }).then_some(())
}

/// Sizes of AC-3 frames in words of 16 bits at 48 kHz (ETSI TS 102 366, table 4.13).
const AC3_WORDS: [usize; 19] = [
    64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1_024, 1_152,
    1_280,
];

/// Frames of AC-3 or E-AC-3 that fill a sample (ETSI TS 102 366, 4.4 and E.1).
pub(crate) fn ac3_frames(data: &[u8], enhanced: bool) -> Checked {
    let mut at = 0;
    if data.is_empty() {
        return Err((0, "a syncframe"));
    }
    while at < data.len() {
        let rest = data.get(at..).unwrap_or_default();
        let size = ac3_size(rest, enhanced).ok_or((at, "the header of a syncframe"))?;
        let frame = rest.get(..size).ok_or((at, "a whole syncframe"))?;
        if crc16(frame.get(2..).unwrap_or_default()) != 0 {
            return Err((at, "a syncframe with the right crc2"));
        }
        at += size;
    }
    Ok(())
}

/// Bytes of the syncframe at the start of `data`.
pub(crate) fn ac3_size(data: &[u8], enhanced: bool) -> Option<usize> {
    let [0x0b, 0x77, a, b, c, d, ..] = data else {
        return None;
    };
    // bsid: up to 8 is AC-3, from 11 to 16 is E-AC-3.
    match d >> 3 {
        11..=16 if enhanced => Some((usize::from(a & 7) << 8 | usize::from(*b)) * 2 + 2),
        0..=10 => {
            let (rate, code) = (c >> 6, usize::from(c & 0x3f));
            let words = *AC3_WORDS.get(code / 2)?;
            match rate {
                0 => Some(words * 2),
                // Not a whole number of words: padded every second frame or less often.
                1 => Some((words * 480 / 441 + code % 2) * 2),
                2 => Some(words * 3),
                _ => None,
            }
        }
        _ => None,
    }
}

/// CRC with the polynomial x¹⁶ + x¹⁵ + x² + 1; 0 over data with their checksum.
pub(super) fn crc16(data: &[u8]) -> u16 {
    data.iter().fold(0, |crc, byte| {
        let index = usize::from((crc >> 8) as u8 ^ byte);
        crc << 8 ^ CRC16.get(index).copied().unwrap_or(0)
    })
}

const CRC16: [u16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 {
                crc << 1 ^ 0x8005
            } else {
                crc << 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

/// An Opus packet (RFC 6716, 3.2 and 3.4).
fn opus(data: &[u8]) -> Checked {
    let legal = || {
        let (&toc, mut rest) = data.split_first()?;
        match toc & 3 {
            0 => (rest.len() <= 1_275).then_some(()),
            1 => (rest.len().is_multiple_of(2) && rest.len() <= 2 * 1_275).then_some(()),
            2 => {
                let first = opus_length(&mut rest)?;
                (first <= rest.len() && rest.len() - first <= 1_275).then_some(())
            }
            _ => opus_frames(toc, rest),
        }
    };
    legal().ok_or((0, "an Opus packet whose frames fill it"))
}

/// A packet with a count of frames.
fn opus_frames(toc: u8, mut rest: &[u8]) -> Option<()> {
    let (&flags, tail) = rest.split_first()?;
    rest = tail;
    let count = usize::from(flags & 0x3f);
    // Durations of a frame in units of 2.5 ms; a packet has at most 120 ms.
    let units = match toc >> 3 {
        config @ 0..=11 => [4, 8, 16, 24][usize::from(config & 3)],
        config @ 12..=15 => [4, 8][usize::from(config & 1)],
        config => [1, 2, 4, 8][usize::from(config & 3)],
    };
    if count == 0 || count * units > 48 {
        return None;
    }
    let mut padding = 0;
    if flags & 0x40 != 0 {
        loop {
            let (&byte, tail) = rest.split_first()?;
            rest = tail;
            padding += if byte == 255 { 254 } else { usize::from(byte) };
            if byte != 255 {
                break;
            }
        }
    }
    let length = rest.len().checked_sub(padding)?;
    rest = rest.get(..length)?;
    if flags & 0x80 == 0 {
        return (rest.len().is_multiple_of(count) && rest.len() / count <= 1_275).then_some(());
    }
    let mut sum = 0;
    for _ in 1..count {
        sum += opus_length(&mut rest)?;
    }
    (sum <= rest.len() && rest.len() - sum <= 1_275).then_some(())
}

/// The length of a frame in one or two bytes (RFC 6716, 3.2.1).
fn opus_length(rest: &mut &[u8]) -> Option<usize> {
    let (&first, tail) = rest.split_first()?;
    *rest = tail;
    if first < 252 {
        return Some(usize::from(first));
    }
    let (&second, tail) = rest.split_first()?;
    *rest = tail;
    Some(usize::from(second) * 4 + usize::from(first))
}

/// A FLAC frame (RFC 9639, 9): its sync code and the checksum over it.
fn flac(data: &[u8]) -> Checked {
    if !matches!(data, [0xff, 0xf8 | 0xf9, ..]) {
        return Err((0, "the sync code of a FLAC frame"));
    }
    match crc16(data) {
        0 => Ok(()),
        _ => Err((0, "a FLAC frame with the right CRC-16")),
    }
}
