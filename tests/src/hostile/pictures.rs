//! Pictures larger than any memory, in files of a few kilobytes.

use std::io::Write as _;

use super::Case;
use super::boxes::{Tables, movie_with, words};

/// Pictures of 65,535 by 65,535 pixels, according to the container, the codec, or both.
#[must_use]
pub fn all() -> Vec<Case> {
    let with = |codec: &[u8; 4], size, media: &[u8]| {
        let length = u32::try_from(media.len()).unwrap_or(0);
        let tables = Tables {
            codec: *codec,
            size,
            stts: words(&[1, 1, 24]),
            stsc: words(&[1, 1, 1, 1]),
            stsz: words(&[0, 1, length]),
            stco: words(&[1, 40]),
            ..Tables::default()
        };
        movie_with(&tables, media)
    };
    let (huge, small) = ((65_535, 65_535), (320, 180));
    vec![
        Case::new(
            "a PNG of 65,535 squared",
            "mov",
            with(b"png ", huge, &png(65_535)),
        ),
        Case::new(
            "a PNG larger than it says",
            "mov",
            with(b"png ", small, &png(65_535)),
        ),
        Case::new(
            "a PNG of 2^31 squared",
            "mov",
            with(b"png ", small, &png(0x7FFF_FFFF)),
        ),
        Case::new(
            "a JPEG of 65,535 squared",
            "mov",
            with(b"jpeg", huge, &jpeg(65_535)),
        ),
        Case::new(
            "a JPEG larger than it says",
            "mov",
            with(b"jpeg", small, &jpeg(65_535)),
        ),
        Case::new(
            "ProRes of 65,535 squared",
            "mov",
            with(b"apcn", huge, &[0; 64]),
        ),
        Case::new(
            "raw pictures of 65,535 squared",
            "mov",
            with(b"raw ", huge, &[0; 64]),
        ),
        Case::new(
            "pictures of no size",
            "mov",
            with(b"jpeg", (0, 0), &[0; 64]),
        ),
        Case::new(
            "an animation of 65,535 squared",
            "mov",
            with(b"rle ", huge, &[0; 64]),
        ),
        Case::new(
            "FFV1 of 65,535 squared",
            "mov",
            with(b"FFV1", huge, &[0; 64]),
        ),
    ]
}

/// A PNG with zeros for the whole picture.
fn png(side: u32) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let mut summed = kind.to_vec();
        summed.extend(content);
        let mut sum = flate2::Crc::new();
        sum.update(&summed);
        let length = u32::try_from(content.len()).unwrap_or(0);
        [words(&[length]), summed, words(&[sum.sum()])].concat()
    };
    let header = [words(&[side, side]), vec![8, 6, 0, 0, 0]].concat();
    let zeros = deflated(&vec![0; 4 << 20]);
    [
        b"\x89PNG\r\n\x1A\n".to_vec(),
        chunk(b"IHDR", &header),
        chunk(b"IDAT", &zeros),
        chunk(b"IEND", &[]),
    ]
    .concat()
}

/// zlib-compressed bytes.
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A JPEG header with this size, and an empty scan.
fn jpeg(side: u16) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8];
    bytes.extend(side.to_be_bytes());
    bytes.extend(side.to_be_bytes());
    bytes.extend([3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
    bytes.extend([0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    bytes.extend([0; 512]);
    bytes.extend([0xFF, 0xD9]);
    bytes
}
