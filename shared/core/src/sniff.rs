//! Detects the container from the first bytes of a file. A file of any other kind never reaches a decoder.

use serde::{Deserialize, Serialize};

/// A container that may be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// ISO base media or `QuickTime`.
    Mov,
    /// Matroska or `WebM`.
    Matroska,
    /// MXF (SMPTE ST 377-1).
    Mxf,
    /// MPEG-2 transport stream.
    MpegTs,
    /// MPEG programme stream.
    MpegPs,
}

impl Container {
    /// The name of ffmpeg's demuxer, forced with `-f`.
    pub fn demuxer(self) -> &'static str {
        match self {
            Self::Mov => "mov",
            Self::Matroska => "matroska",
            Self::Mxf => "mxf",
            Self::MpegTs => "mpegts",
            Self::MpegPs => "mpeg",
        }
    }

    /// The least size of the complete file in bytes, according to its first bytes: the end of the segment of Matroska, or the
    /// start of the footer partition of MXF. `None` if they do not state it, as in files that were written live.
    pub fn stated_end(self, head: &[u8]) -> Option<u64> {
        match self {
            Self::Matroska => matroska_end(head),
            Self::Mxf => mxf_footer(head),
            Self::Mov | Self::MpegTs | Self::MpegPs => None,
        }
    }

    /// Detects the container from the first bytes of a file. A few hundred bytes are enough; 4,096 are best.
    pub fn sniff(head: &[u8]) -> Option<Self> {
        if is_mov(head) {
            Some(Self::Mov)
        } else if head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
            Some(Self::Matroska)
        } else if is_mxf(head) {
            Some(Self::Mxf)
        } else if is_ts(head) {
            Some(Self::MpegTs)
        } else if head.starts_with(&[0, 0, 1, 0xBA]) {
            Some(Self::MpegPs)
        } else {
            None
        }
    }
}

/// ISO/IEC 14496-12, 4.2: the first box has a known type and a plausible size.
fn is_mov(head: &[u8]) -> bool {
    let Some(([s0, s1, s2, s3], rest)) = head.split_first_chunk::<4>() else {
        return false;
    };
    let size = u32::from_be_bytes([*s0, *s1, *s2, *s3]);
    let kind = rest.get(..4).unwrap_or_default();
    let known: [&[u8]; 7] = [
        b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp",
    ];
    known.contains(&kind) && (size >= 8 || size <= 1)
}

/// SMPTE ST 377-1, 6.5: the key of the header partition pack, after a run-in of at most 64 KiB.
fn is_mxf(head: &[u8]) -> bool {
    const KEY: [u8; 11] = [
        0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02,
    ];
    head.windows(KEY.len()).take(65_536).any(|w| w == KEY)
}

/// RFC 8794, 4 and 6: the position after an element identifier, and after the size that follows it; and that size, `None` if
/// it is unknown.
fn element(bytes: &[u8], id: &[u8], at: usize) -> Option<(u64, Option<u64>)> {
    let size = bytes.get(at..)?.strip_prefix(id)?;
    let first = *size.first()?;
    let length = usize::try_from(first.leading_zeros()).ok()? + 1;
    let digits = size.get(..length.min(9))?;
    let value = digits.iter().skip(1).fold(
        u64::from(first) & ((1u64 << (8u32.saturating_sub(u32::try_from(length).ok()?))) - 1),
        |value, byte| value << 8 | u64::from(*byte),
    );
    let unknown = value == (1u64 << (7 * length).min(63)) - 1;
    let body = u64::try_from(at + id.len() + length).ok()?;
    Some((body, (!unknown).then_some(value)))
}

/// RFC 9559, 5.1: the end of the segment, after the EBML header.
fn matroska_end(head: &[u8]) -> Option<u64> {
    let (body, size) = element(head, &[0x1A, 0x45, 0xDF, 0xA3], 0)?;
    let segment = usize::try_from(body.checked_add(size?)?).ok()?;
    let (body, size) = element(head, &[0x18, 0x53, 0x80, 0x67], segment)?;
    body.checked_add(size?)
}

/// SMPTE ST 377-1, 7.1: `FooterPartition` of a header partition pack at the start of the file; 0 if it is not known.
fn mxf_footer(head: &[u8]) -> Option<u64> {
    // Key, length, two versions, the size of the KLV alignment grid, and the positions of this and the previous partition.
    let long = usize::from(head.get(16)?.checked_sub(0x80).unwrap_or(0));
    let at = 17 + long + 2 + 2 + 4 + 8 + 8;
    let footer = u64::from_be_bytes(*head.get(at..)?.first_chunk()?);
    (is_mxf(head.get(..16)?) && footer > 0).then_some(footer)
}

/// ISO/IEC 13818-1, 2.4.3: a sync byte every 188 bytes, or every 192 after a four-byte time code (M2TS).
fn is_ts(head: &[u8]) -> bool {
    let synced = |start: usize, step: usize| {
        let mut positions = (start..head.len()).step_by(step).take(8);
        head.len() > start + step && positions.all(|at| head[at] == 0x47)
    };
    synced(0, 188) || synced(4, 192)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn containers_are_detected_by_their_bytes() {
        let mut ts = vec![0u8; 188 * 8];
        ts.iter_mut().step_by(188).for_each(|b| *b = 0x47);
        let mxf = [
            0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02, 0x01,
        ];
        for (head, expected) in [
            (&b"\0\0\0\x20ftypisom\0\0\0\0"[..], Some(Container::Mov)),
            (&b"\x1A\x45\xDF\xA3\x01"[..], Some(Container::Matroska)),
            (&mxf[..], Some(Container::Mxf)),
            (&ts[..], Some(Container::MpegTs)),
            (&b"\0\0\x01\xBA\x44"[..], Some(Container::MpegPs)),
            (&b"#EXTM3U\n#EXT-X-VERSION:3\n"[..], None),
            (&b"ffconcat version 1.0\n"[..], None),
            (&b"just text renamed to .mp4"[..], None),
            (&b""[..], None),
        ] {
            assert_eq!(Container::sniff(head), expected, "{head:02x?}");
        }
    }

    #[test]
    fn the_end_of_matroska_is_that_of_its_segment() {
        let file = |size: &[u8]| {
            [
                &[0x1A, 0x45, 0xDF, 0xA3, 0x82, 1, 2, 0x18, 0x53, 0x80, 0x67][..],
                size,
            ]
            .concat()
        };
        let end = |size: &[u8]| Container::Matroska.stated_end(&file(size));
        assert_eq!(end(&[0x83]), Some(12 + 3));
        assert_eq!(end(&[0x40, 0x05]), Some(13 + 5));
        assert_eq!(end(&[0x01, 0, 0, 0, 0, 0x10, 0, 0]), Some(19 + 0x10_0000));
        assert_eq!(
            end(&[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            None,
            "unknown"
        );
        assert_eq!(end(&[]), None);
    }

    proptest! {
        #[test]
        fn sniffing_never_panics(head in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Container::sniff(&head);
            for start in [&[][..], &[0x1A, 0x45, 0xDF, 0xA3]] {
                let head = [start, &head].concat();
                let _ = (Container::Matroska.stated_end(&head), Container::Mxf.stated_end(&head));
            }
        }
    }
}
