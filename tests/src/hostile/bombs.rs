//! Small files that request large resources: dimensions, streams, samples, durations, nesting, compression.

use super::boxes::{Tables, boxed, ftyp, full, movie, movie_header, track, words};
use super::{Bait, Case, pictures};

/// Every bomb.
#[must_use]
pub fn all(bait: &Bait) -> Vec<Case> {
    let mut cases = tables();
    cases.extend(pictures::all());
    cases.extend(streams());
    cases.extend(structures());
    cases.extend(other_containers());
    cases.push(titled(bait));
    cases
}

/// Sample tables with counts far beyond the file (ISO/IEC 14496-12, 8.6 and 8.7).
fn tables() -> Vec<Case> {
    let usual = Tables::default;
    let most = u32::MAX;
    let million = 1_000_000u32;
    let edit = |count: u32, entries: &[u32]| {
        let content = [words(&[count]), words(entries)].concat();
        boxed(b"edts", &full(b"elst", 0, &content))
    };
    let cases = [
        (
            "samples of one size, 2^32 of them",
            Tables {
                stsz: words(&[16, most]),
                ..usual()
            },
        ),
        (
            "samples of one byte, 10^9 of them",
            Tables {
                stsz: words(&[1, 1_000_000_000]),
                stts: words(&[1, 1_000_000_000, 1]),
                stsc: words(&[1, 1, 1_000_000_000, 1]),
                duration: 1_000_000_000,
                ..usual()
            },
        ),
        (
            "samples of no size, 10^9 of them",
            Tables {
                stsz: words(&[0, 1_000_000_000]),
                ..usual()
            },
        ),
        (
            "a size table of 2^32 entries",
            Tables {
                stsz: words(&[0, most, 1, 2, 3]),
                ..usual()
            },
        ),
        (
            "a time table of 2^32 entries",
            Tables {
                stts: words(&[most, 1, 1]),
                ..usual()
            },
        ),
        (
            "one time entry of 2^32 samples",
            Tables {
                stts: words(&[1, most, 1]),
                ..usual()
            },
        ),
        (
            "time entries of the greatest length",
            Tables {
                stts: words(&[2, 12, most, 12, most]),
                ..usual()
            },
        ),
        (
            "a chunk table of 2^32 entries",
            Tables {
                stco: words(&[most, 48]),
                ..usual()
            },
        ),
        (
            "a million chunks of nothing",
            Tables {
                stco: [words(&[million]), words(&vec![48; million as usize])].concat(),
                ..usual()
            },
        ),
        (
            "a million samples in a table",
            Tables {
                stsz: [words(&[0, million]), words(&vec![1; million as usize])].concat(),
                stts: words(&[1, million, 1]),
                stsc: words(&[1, 1, million, 1]),
                duration: million,
                ..usual()
            },
        ),
        (
            "a million times in a table",
            Tables {
                stts: [words(&[million]), words(&[1, 1].repeat(million as usize))].concat(),
                ..usual()
            },
        ),
        (
            "chunks of 2^32 samples",
            Tables {
                stsc: words(&[1, 1, most, 1]),
                ..usual()
            },
        ),
        (
            "a sample-to-chunk table of 2^32 entries",
            Tables {
                stsc: words(&[most, 1, 24, 1]),
                ..usual()
            },
        ),
        (
            "chunks out of order",
            Tables {
                stsc: words(&[3, 9, 1, 1, 3, 1, 1, 1, 24, 1]),
                ..usual()
            },
        ),
        (
            "composition offsets of 2^32 entries",
            Tables {
                more: full(b"ctts", 0, &words(&[most, 1, 1])),
                ..usual()
            },
        ),
        (
            "the greatest composition offsets",
            Tables {
                more: full(b"ctts", 0, &words(&[1, 24, 0x7FFF_FFFF])),
                ..usual()
            },
        ),
        (
            "key frames of 2^32 entries",
            Tables {
                more: full(b"stss", 0, &words(&[most, 1])),
                ..usual()
            },
        ),
        (
            "sample groups of 2^32 entries",
            Tables {
                more: full(
                    b"sbgp",
                    0,
                    &[b"roll".to_vec(), words(&[most, 1, 1])].concat(),
                ),
                ..usual()
            },
        ),
        (
            "the longest duration",
            Tables {
                duration: most - 1,
                stts: words(&[1, 24, 178_000_000]),
                ..usual()
            },
        ),
        (
            "an edit list of 2^32 entries",
            Tables {
                edts: edit(most, &[24, 0, 0x1_0000]),
                ..usual()
            },
        ),
        (
            "a hundred thousand edits",
            Tables {
                edts: edit(100_000, &[1, 0, 0x1_0000].repeat(100_000)),
                ..usual()
            },
        ),
        (
            "edits to the greatest time",
            Tables {
                edts: edit(1, &[most, 0x7FFF_FFFF, 0x1_0000]),
                ..usual()
            },
        ),
        (
            "media before the file begins",
            Tables {
                stco: words(&[1, 0xFFFF_FFF0]),
                ..usual()
            },
        ),
    ];
    let case = |(name, tables): (&str, Tables)| Case::new(name, "mp4", movie(&tables));
    cases.map(case).to_vec()
}

/// More streams than any delivery has.
fn streams() -> Vec<Case> {
    let one = track(&Tables::default());
    let tracks = |count: usize| {
        let moov = [movie_header(24), one.repeat(count)].concat();
        [ftyp(), boxed(b"mdat", &[0; 384]), boxed(b"moov", &moov)].concat()
    };
    let empty = [movie_header(24), boxed(b"trak", &[]).repeat(1_000_000)].concat();
    vec![
        Case::new("65 tracks", "mp4", tracks(65)),
        Case::new("1,000 tracks", "mp4", tracks(1_000)),
        Case::new("20,000 tracks", "mp4", tracks(20_000)),
        Case::new(
            "a million empty tracks",
            "mp4",
            [ftyp(), boxed(b"moov", &empty)].concat(),
        ),
        Case::new("20,000 Matroska tracks", "mkv", matroska_tracks(20_000)),
        Case::new(
            "a programme map of 8,000 streams",
            "ts",
            transport_streams(),
        ),
    ]
}

/// Nested boxes, boxes without an end, compressed boxes.
fn structures() -> Vec<Case> {
    let nested =
        |kind: &[u8; 4], depth: usize| (0..depth).fold(Vec::new(), |inner, _| boxed(kind, &inner));
    let headed = |rest: Vec<u8>| [ftyp(), rest].concat();
    let endless = |kind: &[u8; 4]| {
        let mut bytes = words(&[1]);
        bytes.extend(kind);
        bytes.extend(u64::MAX.to_be_bytes());
        bytes
    };
    // QuickTime's compressed header: 64 MiB of zeros, and a header nested twice.
    let compressed = |content: &[u8], said: u32| {
        let packed = pictures::deflated(content);
        let length = u32::try_from(content.len()).unwrap_or(0).max(said);
        let dcom = boxed(b"dcom", b"zlib");
        let cmvd = boxed(b"cmvd", &[words(&[length]), packed].concat());
        boxed(b"moov", &boxed(b"cmov", &[dcom, cmvd].concat()))
    };
    let twice = compressed(&compressed(&vec![0; 1 << 20], 0), 0);
    let brand = boxed(b"ftyp", &b"isom".repeat(500_000));
    let fragments = full(b"trun", 0xF01, &words(&[u32::MAX, 0]));
    let fragment = boxed(
        b"moof",
        &boxed(
            b"traf",
            &[full(b"tfhd", 0, &words(&[1])), fragments].concat(),
        ),
    );
    let fragmented = [movie(&Tables::default()), fragment].concat();
    let index = full(
        b"sidx",
        0,
        &[
            words(&[1, 24, 0, 0]),
            vec![0, 0, 0xFF, 0xFF],
            words(&[0x8000_0001; 3]),
        ]
        .concat(),
    );
    vec![
        Case::new(
            "moov inside moov, 5,000 deep",
            "mp4",
            headed(nested(b"moov", 5_000)),
        ),
        Case::new(
            "meta inside meta, 5,000 deep",
            "mp4",
            headed(nested(b"meta", 5_000)),
        ),
        Case::new(
            "udta inside udta, 5,000 deep",
            "mp4",
            headed(nested(b"udta", 5_000)),
        ),
        Case::new(
            "trak inside trak, 5,000 deep",
            "mp4",
            headed(nested(b"trak", 5_000)),
        ),
        Case::new("a header without end", "mp4", headed(endless(b"moov"))),
        Case::new("media without end", "mp4", headed(endless(b"mdat"))),
        Case::new("boxes of no size", "mp4", headed(vec![0; 1 << 20])),
        Case::new(
            "a million free boxes",
            "mp4",
            headed(boxed(b"free", &[]).repeat(1_000_000)),
        ),
        Case::new(
            "a compressed header of 64 MiB",
            "mov",
            headed(compressed(&vec![0; 64 << 20], 0)),
        ),
        Case::new(
            "a compressed header that says 4 GiB",
            "mov",
            headed(compressed(&[0; 64], u32::MAX)),
        ),
        Case::new("a compressed header inside another", "mov", headed(twice)),
        Case::new("half a million brands", "mp4", brand),
        Case::new("a fragment of 2^32 samples", "mp4", fragmented),
        Case::new(
            "an index that points to itself",
            "mp4",
            headed([index, nested(b"moof", 64)].concat()),
        ),
    ]
}

fn other_containers() -> Vec<Case> {
    let ebml = [0x1A, 0x45, 0xDF, 0xA3, 0x80];
    let segment = [
        0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ];
    let matroska = |rest: Vec<u8>| [&ebml[..], &segment, &rest].concat();
    let tags: Vec<u8> = [0x12, 0x54, 0xC3, 0x67, 0x88].repeat(100_000);
    let seek: Vec<u8> = [0x11, 0x4D, 0x9B, 0x74, 0x80].repeat(200_000);
    let chapters: Vec<u8> =
        [0x10, 0x43, 0xA7, 0x70, 0x01, 0, 0, 0, 0, 0, 0xFF, 0xFF].repeat(20_000);
    let mut partition = vec![
        0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02, 0x01,
    ];
    partition.extend([0x01, 0x02, 0x04, 0x00]);
    let long: Vec<u8> = [&partition[..], &[0x88], &[0x7F; 8], &[0xFF; 4_096]].concat();
    let again: Vec<u8> = [&partition[..], &[0x83, 0, 0, 0]].concat().repeat(50_000);
    let mut null = vec![0x47, 0x1F, 0xFF, 0x10];
    null.resize(188, 0xFF);
    let mut scrambled = vec![0x47, 0x41, 0x00, 0xD0];
    scrambled.resize(188, 0xAA);
    let pack = [0, 0, 1, 0xBA, 0x44, 0, 4, 0, 4, 1, 0, 0, 3, 0xF8];
    let map = [&pack[..], &[0, 0, 1, 0xBC, 0xFF, 0xFF], &[0xE0; 65_535]].concat();
    vec![
        Case::new("Matroska without end", "mkv", matroska(vec![0; 1 << 20])),
        Case::new(
            "Matroska of unknown size, nested",
            "mkv",
            [&ebml[..], &[0x18, 0x53, 0x80, 0x67, 0xFF].repeat(100_000)].concat(),
        ),
        Case::new(
            "an EBML header of 2^56 bytes",
            "mkv",
            [
                &ebml[..4],
                &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE],
                &[0; 4_096],
            ]
            .concat(),
        ),
        Case::new("100,000 Matroska tags", "mkv", matroska(tags)),
        Case::new("200,000 Matroska seek heads", "mkv", matroska(seek)),
        Case::new("20,000 Matroska chapter lists", "mkv", matroska(chapters)),
        Case::new("an MXF partition of 2^63 bytes", "mxf", long),
        Case::new("50,000 MXF partitions", "mxf", again),
        Case::new("a transport stream of nothing", "ts", null.repeat(60_000)),
        Case::new(
            "a scrambled transport stream",
            "ts",
            scrambled.repeat(20_000),
        ),
        Case::new(
            "a programme stream of pack headers",
            "mpg",
            pack.repeat(300_000),
        ),
        Case::new("a programme stream map of 64 KiB", "mpg", map.repeat(8)),
        Case::new("the first byte alone", "mp4", vec![0x1A]),
        Case::new("zeros", "mp4", vec![0; 1 << 20]),
        Case::new(
            "noise",
            "mov",
            (0..1u32 << 18)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect(),
        ),
    ]
}

fn matroska_tracks(count: usize) -> Vec<u8> {
    // A TrackEntry with TrackNumber, TrackType video and CodecID.
    let entry = [
        0xAE, 0x8D, 0xD7, 0x81, 1, 0x83, 0x81, 1, 0x86, 0x85, b'V', b'_', b'V', b'P', b'8',
    ];
    let entries = entry.repeat(count);
    let mut bytes = vec![0x1A, 0x45, 0xDF, 0xA3, 0x80];
    bytes.extend([
        0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ]);
    bytes.extend([0x16, 0x54, 0xAE, 0x6B, 0x08]);
    let length = u64::try_from(entries.len()).unwrap_or(0).to_be_bytes();
    bytes.pop();
    bytes.push(0x01);
    bytes.extend(&length[1..]);
    bytes.extend(entries);
    bytes
}

/// Packets with 8,000 packet identifiers, each of which a demuxer may take for a stream.
fn transport_streams() -> Vec<u8> {
    let packet = |pid: u16| {
        let mut bytes = vec![0x47, 0x40 | (pid >> 8) as u8, pid as u8, 0x10];
        bytes.extend([0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
        bytes.resize(188, 0);
        bytes
    };
    (0x100..0x1F00u16)
        .cycle()
        .take(16_000)
        .flat_map(packet)
        .collect()
}

/// A title that is markup, a log line or a format string if it is not escaped.
fn titled(bait: &Bait) -> Case {
    let text = format!(
        "</script><img src=x onerror=alert(1)>\r\n{{\"level\":\"ERROR\"}} %n%s ${{jndi:ldap://127.0.0.1:{}}}",
        bait.port
    );
    let name = boxed(
        b"\xA9nam",
        &[&[0, 0x80, 0, 0][..], text.as_bytes()].concat(),
    );
    let moov = [
        movie_header(24),
        track(&Tables::default()),
        boxed(b"udta", &name),
    ]
    .concat();
    let bytes = [ftyp(), boxed(b"mdat", &[0; 384]), boxed(b"moov", &moov)].concat();
    Case::new("a title that is markup", "mov", bytes)
}
