//! A bounded fuzz of what reads a stranger's bytes first: the manifest parser and the container sniffer. The samples, each
//! damaged in some hundred ways that are the same in every run; `FUZZ_SECONDS` goes on with other damage for that long.
//!
//! A file that once mattered is added to `tests/corpus` under a name that says why.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fastrand::Rng;
use reelsmith_core::manifest::{Severity, parse};
use reelsmith_core::sniff::Container;

/// Damaged copies of each file in the ordinary run.
const COPIES: u64 = 60;
/// The longest that one document may take, on a slow machine and without optimisation.
const LONGEST: Duration = Duration::from_secs(5);
/// Pieces that mean something to an XML parser or to the format.
const PIECES: [&str; 24] = [
    "<",
    ">",
    "</",
    "/>",
    "&",
    ";",
    "&#x",
    "&#0;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "?>",
    "<!DOCTYPE",
    "<!ENTITY",
    "xmlns:",
    "='",
    "\"",
    "\u{0}",
    "\u{202E}",
    "../",
    "%2e",
    "\u{FEFF}",
];

fn files(folders: &[&str]) -> Vec<(String, Vec<u8>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// One damage: a flipped bit, a byte at the edge of its range, a cut, a doubled or removed run, a splice, a piece.
fn damage(rng: &mut Rng, data: &mut Vec<u8>, other: &[u8]) {
    if data.is_empty() {
        return data.extend(other.iter().take(64));
    }
    let at = rng.usize(..data.len());
    let run = at..data.len().min(at + rng.usize(1..64));
    match rng.u8(..8) {
        0 => data[at] ^= 1 << rng.u8(..8),
        1 => data[at] = *rng.choice(&[0, 1, 0x7F, 0x80, 0xFF]).unwrap(),
        2 => data.truncate(at),
        3 => drop(data.drain(run)),
        4 => {
            let doubled = data[run].repeat(rng.usize(1..50));
            data.splice(at..at, doubled);
        }
        5 => {
            let from = rng.usize(..=other.len());
            let piece = &other[from..other.len().min(from + rng.usize(1..256))];
            data.splice(run, piece.iter().copied());
        }
        _ => {
            let piece = rng.choice(PIECES).unwrap();
            data.splice(at..at, piece.bytes());
        }
    }
}

/// Runs `check` over damaged copies: in the ordinary run the same ones every time, then others until the time is up.
fn fuzz(files: &[(String, Vec<u8>)], check: impl Fn(&str, &[u8])) {
    let seconds = std::env::var("FUZZ_SECONDS").ok();
    let extra = seconds.map_or(Duration::ZERO, |s| Duration::from_secs(s.parse().unwrap()));
    let began = Instant::now();
    for round in 0u64.. {
        for (index, (name, data)) in (0u64..).zip(files) {
            let mut rng = Rng::with_seed((round << 32) | index);
            for _ in 0..COPIES {
                let mut copy = data.clone();
                for _ in 0..rng.u8(0..6) {
                    let (_, other) = rng.choice(files).unwrap();
                    damage(&mut rng, &mut copy, other);
                }
                let one = Instant::now();
                check(name, &copy);
                assert!(one.elapsed() < LONGEST, "{name}: {:?}", one.elapsed());
            }
        }
        if began.elapsed() >= extra {
            return;
        }
    }
}

#[test]
fn manifests() {
    let folders = [
        "../../sample-data/manifests/good",
        "../../sample-data/manifests/bad",
        "tests/corpus",
    ];
    fuzz(&files(&folders), |name, data| {
        let parsed = parse(data);
        let errors = parsed.defects.iter().any(|d| d.severity == Severity::Error);
        assert_eq!(parsed.manifest.is_none(), errors, "{name}");
        for defect in &parsed.defects {
            let text = defect.to_string();
            assert!(
                !text.contains(char::is_control) && text.len() < 2_000,
                "{name}: {text:?}"
            );
        }
    });
}

/// First bytes of each container, and of what is dressed up as one.
#[test]
fn containers() {
    let mut sync = vec![0u8; 188 * 4];
    sync.iter_mut().step_by(188).for_each(|b| *b = 0x47);
    let heads: [&[u8]; 6] = [
        b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2",
        b"\x1A\x45\xDF\xA3\x9FB\x86\x81\x01",
        b"\x06\x0E\x2B\x34\x02\x05\x01\x01\x0D\x01\x02\x01\x01\x02\x04\0",
        &sync,
        b"\0\0\x01\xBA\x44\0\x04\0\x04",
        b"#EXTM3U\nfile:///etc/passwd\n",
    ];
    let files: Vec<_> = (0..)
        .zip(heads)
        .map(|(n, head): (usize, &[u8])| (n.to_string(), head.repeat(4)))
        .collect();
    fuzz(&files, |name, data| {
        // What has no sign of a container in it must not become one by damage elsewhere.
        if let Some(container) = Container::sniff(data) {
            assert!(
                !data.starts_with(b"#EXTM3U") || container == Container::Mxf,
                "{name}"
            );
        }
    });
}
