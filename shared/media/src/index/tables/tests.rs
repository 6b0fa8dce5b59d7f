use super::*;
use crate::testing::{MemoryStore, made};

async fn tables(content: Vec<u8>) -> TablesRead {
    let store = MemoryStore::new(content);
    let pin = store.pin();
    read(store, &pin).await.unwrap()
}

#[tokio::test]
async fn tables_are_read_without_media() {
    let line = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=8 -c:v libx264 -preset ultrafast -qp 0 film.mp4";
    let (_folder, file) = made(line);
    let content = std::fs::read(file).unwrap();
    let size = content.len() as u64;
    assert!(size > 20 * BLOCK, "{size}");
    let found = tables(content.clone()).await;
    assert!(
        found.bytes_read <= 3 * BLOCK,
        "{} of {size}",
        found.bytes_read
    );
    let file = found.tables.unwrap();
    let run = &file.samples.tracks[0].runs[0];
    let sample = file.samples(0).true_span(run.start + 3).unwrap();
    // A sample starts with the length of its first NAL unit.
    let length = content[sample.start as usize..].first_chunk().unwrap();
    let unit = u32::from_be_bytes(*length);
    assert!(unit > 0 && sample.start + 4 + u64::from(unit) <= sample.end);
    let shrunk: u64 = file.known.values().map(|b| b.len() as u64).sum();
    assert!(shrunk < size / 10);
}

#[tokio::test]
async fn independent_fragments_are_detected() {
    let line = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=4 -c:v libx264 -preset ultrafast -g 25 -movflags";
    let fragments = async |content: Vec<u8>| {
        let size = content.len() as u64;
        tables(content).await.tables.unwrap().fragments(size)
    };
    for flags in [
        "+frag_keyframe+empty_moov",
        "+frag_keyframe+empty_moov+dash",
    ] {
        let (_folder, file) = made(&format!("{line} {flags} film.mp4"));
        let content = std::fs::read(file).unwrap();
        let found = fragments(content.clone()).await;
        assert_eq!(found.len(), 4, "{flags}");
        assert!(found.is_sorted_by(|a, b| a.end == b.start), "{flags}");
        assert_eq!(found[3].end, content.len() as u64);
        let first: Vec<&[u8]> = found
            .iter()
            .map(|f| &content[f.start as usize + 4..f.start as usize + 8])
            .collect();
        assert!(
            first
                .iter()
                .all(|kind| [b"moof", b"sidx"].contains(&(*kind).try_into().unwrap()))
        );
        let untimed = content.windows(4).rposition(|w| w == b"tfdt").unwrap();
        let mut content = content;
        content[untimed..untimed + 4].copy_from_slice(b"free");
        assert_eq!(fragments(content).await, []);
    }
    let (_folder, file) = made(&format!("{line} +faststart film.mp4"));
    assert_eq!(fragments(std::fs::read(file).unwrap()).await, []);
}

#[tokio::test]
async fn a_malformed_chain_of_boxes_has_no_tables() {
    let ftyp = b"\0\0\0\x10ftypisom\0\0\0\0".to_vec();
    for tail in [
        &b"\0\0\0\x07moov"[..],
        b"\0\0\xFF\xFFmoov",
        b"\0\0\0\x01moov\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        b"\0\0\0\x08mdat",
        b"\0\0\0",
        b"\0\0\0\x08moov\0\0\0\x08moov",
    ] {
        let file = [&ftyp[..], tail].concat();
        assert!(tables(file).await.tables.is_none(), "{tail:?}");
    }
}

/// Files whose tables are read, and segments of other writers.
fn corpus() -> reelsmith_testkit::fuzz::Files {
    let kept = ["src/index/tables/corpus", "../conformance/tests/corpus"];
    let mut files = reelsmith_testkit::fuzz::files(env!("CARGO_MANIFEST_DIR"), &kept);
    files.retain(|(name, _)| [".mp4", ".mov", ".m4s"].iter().any(|e| name.ends_with(e)));
    files
}

#[test]
fn fuzz_tables() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fuzz = reelsmith_testkit::fuzz::Fuzz {
        copies: 150,
        pieces: &[
            "moov", "trak", "stbl", "stsz", "stsc", "co64", "stco", "moof", "traf", "trun", "mdat",
            "free",
        ],
        longest: std::time::Duration::from_secs(30),
    };
    fuzz.run(&corpus(), |name, data, number| {
        let store = MemoryStore::new(data.to_vec());
        let pin = store.pin();
        let read = runtime.block_on(read(store, &pin));
        // Reading the tables costs no more than a few reads of the whole file.
        let most = 4 * (data.len() as u64 + BLOCK);
        let read = read.map_or(0, |found| {
            let Some(file) = found.tables else {
                return found.bytes_read;
            };
            for track in 0..file.samples.tracks.len() as u32 {
                for at in [0, 1, data.len() as u64, u64::MAX] {
                    let _ = file.samples(track).true_span(at);
                }
            }
            found.bytes_read
        });
        assert!(
            read <= most,
            "{name}, copy {number}: {read} of {}",
            data.len()
        );
    });
}
