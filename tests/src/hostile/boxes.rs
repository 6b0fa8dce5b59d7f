//! A minimal writer of ISO BMFF (ISO/IEC 14496-12) for files that no muxer writes.

pub use reelsmith_isobmff::{boxed, words};

/// A box with version 0 and flags.
#[must_use]
pub fn full(kind: &[u8; 4], flags: u32, content: &[u8]) -> Vec<u8> {
    reelsmith_isobmff::full_box(kind, 0, flags, content)
}

/// The `ftyp` of a plain MP4.
#[must_use]
pub fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", b"isom\0\0\x02\0isomiso2avc1mp41")
}

/// The sample tables of a track. A case can replace each of them.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Content of `stts` after version and flags.
    pub stts: Vec<u8>,
    /// Content of `stsc`.
    pub stsc: Vec<u8>,
    /// Content of `stsz`.
    pub stsz: Vec<u8>,
    /// Content of `stco`.
    pub stco: Vec<u8>,
    /// Additional boxes of `stbl`.
    pub more: Vec<u8>,
    /// Content of `dref`.
    pub dref: Vec<u8>,
    /// Width and height of the sample entry.
    pub size: (u16, u16),
    /// Four-character code of the sample entry.
    pub codec: [u8; 4],
    /// Duration in ticks of 1/24 s, in all headers.
    pub duration: u32,
    /// Content of `edts`; `None` if the box is missing.
    pub edts: Vec<u8>,
}

impl Default for Tables {
    /// One second: 24 samples of 16 bytes in one chunk.
    fn default() -> Self {
        Self {
            stts: words(&[1, 24, 1]),
            stsc: words(&[1, 1, 24, 1]),
            stsz: words(&[16, 24]),
            stco: words(&[1, 48]),
            more: Vec::new(),
            dref: [words(&[1]), full(b"url ", 1, &[])].concat(),
            size: (320, 180),
            codec: *b"jpeg",
            duration: 24,
            edts: Vec::new(),
        }
    }
}

/// A file with one video track with these tables, and 384 meaningless bytes of media.
#[must_use]
pub fn movie(tables: &Tables) -> Vec<u8> {
    movie_with(tables, &[0xA5; 384])
}

/// A file with one video track and the given media, which begins at byte 40.
#[must_use]
pub fn movie_with(tables: &Tables, media: &[u8]) -> Vec<u8> {
    let mut bytes = ftyp();
    bytes.extend(boxed(b"mdat", media));
    let mvhd = movie_header(tables.duration);
    bytes.extend(boxed(b"moov", &[mvhd, track(tables)].concat()));
    bytes
}

/// An `mvhd` with 24 ticks per second.
#[must_use]
pub fn movie_header(duration: u32) -> Vec<u8> {
    let head = words(&[0, 0, 24, duration, 0x1_0000, 0x0100_0000, 0, 0]);
    full(
        b"mvhd",
        0,
        &[head, matrix(), vec![0; 24], words(&[2])].concat(),
    )
}

fn matrix() -> Vec<u8> {
    words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000])
}

/// A `trak` with these tables.
#[must_use]
pub fn track(tables: &Tables) -> Vec<u8> {
    let (width, height) = (u32::from(tables.size.0), u32::from(tables.size.1));
    let header = words(&[0, 0, 1, 0, tables.duration, 0, 0, 0, 0]);
    let size = words(&[width << 16, height << 16]);
    let tkhd = full(b"tkhd", 3, &[header, matrix(), size].concat());
    let mdhd = full(
        b"mdhd",
        0,
        &words(&[0, 0, 24, tables.duration, 0x55C4_0000]),
    );
    let hdlr = full(b"hdlr", 0, b"\0\0\0\0vide\0\0\0\0\0\0\0\0\0\0\0\0v\0");
    let vmhd = full(b"vmhd", 1, &[0; 8]);
    let dinf = boxed(b"dinf", &full(b"dref", 0, &tables.dref));
    let stbl = boxed(b"stbl", &sample_tables(tables));
    let minf = boxed(b"minf", &[vmhd, dinf, stbl].concat());
    let mdia = boxed(b"mdia", &[mdhd, hdlr, minf].concat());
    boxed(b"trak", &[tkhd, tables.edts.clone(), mdia].concat())
}

fn sample_tables(tables: &Tables) -> Vec<u8> {
    let (width, height) = tables.size;
    let mut entry = vec![0, 0, 0, 0, 0, 0, 0, 1];
    entry.extend([0; 16]);
    entry.extend(width.to_be_bytes());
    entry.extend(height.to_be_bytes());
    entry.extend(words(&[0x48_0000, 0x48_0000, 0]));
    entry.extend([0, 1]);
    entry.extend([0; 32]);
    entry.extend([0, 24, 0xFF, 0xFF]);
    let stsd = full(
        b"stsd",
        0,
        &[words(&[1]), boxed(&tables.codec, &entry)].concat(),
    );
    [
        stsd,
        full(b"stts", 0, &tables.stts),
        full(b"stsc", 0, &tables.stsc),
        full(b"stsz", 0, &tables.stsz),
        full(b"stco", 0, &tables.stco),
        tables.more.clone(),
    ]
    .concat()
}
