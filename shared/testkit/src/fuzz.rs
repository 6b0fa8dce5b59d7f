//! Bounded fuzzing: each file of a corpus is damaged in the same ways in every run. `FUZZ_SECONDS` continues with other damage
//! for that long.
//!
//! An input that makes a target panic is written into the temporary folder. Add it to the corpus under a name that says why.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads its options from the environment and starts programs"
)]
#![expect(
    clippy::expect_used,
    reason = "a fuzz without its corpus must not pass"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;

/// Names and contents.
pub type Files = Vec<(String, Vec<u8>)>;

/// Every file of some folders, in order.
///
/// # Panics
/// If a folder cannot be read or contains no file.
#[must_use]
pub fn files(root: &str, folders: &[&str]) -> Files {
    let folders = folders.iter().map(|f| Path::new(root).join(f));
    let mut files: Files = folders
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder of the corpus"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .map(|path| (name(&path), std::fs::read(&path).expect("a file")))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "an empty corpus");
    files
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// How a target is fuzzed.
#[derive(Clone, Copy, Debug)]
pub struct Fuzz<'a> {
    /// The number of damaged copies of each file in a normal run.
    pub copies: u64,
    /// Byte strings that are special to the parser.
    pub pieces: &'a [&'a str],
    /// The longest time that one copy may take, on a busy machine and without optimisation.
    pub longest: Duration,
}

impl Fuzz<'_> {
    /// Calls `check` with every file unchanged, and then with damaged copies and their numbers.
    ///
    /// # Panics
    /// If `check` panics or takes too long.
    pub fn run(&self, files: &Files, mut check: impl FnMut(&str, &[u8], u64)) {
        assert!(!files.is_empty(), "an empty corpus");
        let seconds = std::env::var("FUZZ_SECONDS").ok();
        let seconds = seconds.map_or(0, |s| s.parse().expect("FUZZ_SECONDS as a number"));
        let (began, extra) = (Instant::now(), Duration::from_secs(seconds));
        for round in 0u64.. {
            for (index, (name, data)) in (0u64..).zip(files) {
                let mut rng = Rng::with_seed((round << 32) | index);
                for number in 0..self.copies {
                    let mut copy = data.clone();
                    // The first copy of the first round is the file itself.
                    let damages = if round + number == 0 { 0 } else { rng.u8(1..6) };
                    for _ in 0..damages {
                        let (_, other) = &files[rng.usize(..files.len())];
                        self.damage(&mut rng, &mut copy, other);
                    }
                    self.one(name, &copy, number, &mut check);
                }
                if round > 0 && began.elapsed() >= extra {
                    return;
                }
            }
            if began.elapsed() >= extra {
                return;
            }
        }
    }

    fn one(&self, name: &str, data: &[u8], number: u64, check: &mut impl FnMut(&str, &[u8], u64)) {
        let kept = Kept { name, data };
        let began = Instant::now();
        check(name, data, number);
        let took = began.elapsed();
        assert!(took < self.longest, "{name} took {took:?}");
        drop(kept);
    }

    /// Damages the data once: a flipped bit, a byte at the edge of its range, a run of ones, a cut, a doubled or removed run,
    /// a splice with another file, or a special byte string.
    fn damage(&self, rng: &mut Rng, data: &mut Vec<u8>, other: &[u8]) {
        if data.is_empty() {
            return data.extend(other.iter().take(64));
        }
        let at = rng.usize(..data.len());
        let run = at..data.len().min(at + rng.usize(1..64));
        match rng.u8(..10) {
            0 | 1 => data[at] ^= 1 << rng.u8(..8),
            2 => data[at] = [0, 1, 0x7F, 0x80, 0xFF][rng.usize(..5)],
            3 => data[run].fill(0xFF),
            4 => data.truncate(at),
            5 => drop(data.drain(run)),
            6 => {
                let doubled = data[run].repeat(rng.usize(1..50));
                drop(data.splice(at..at, doubled));
            }
            7 | 8 if !self.pieces.is_empty() => {
                let piece = self.pieces[rng.usize(..self.pieces.len())];
                drop(data.splice(at..at, piece.bytes()));
            }
            _ => {
                let from = rng.usize(..=other.len());
                let piece = &other[from..other.len().min(from + rng.usize(1..256))];
                drop(data.splice(run, piece.iter().copied()));
            }
        }
    }
}

/// Writes the bytes to a file if it is dropped by a panic.
struct Kept<'a> {
    name: &'a str,
    data: &'a [u8],
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let path: PathBuf = std::env::temp_dir().join(format!("reelsmith-fuzz-{}", self.name));
            let written = std::fs::write(&path, self.data);
            eprintln!("the bytes that did it: {} ({written:?})", path.display());
        }
    }
}
