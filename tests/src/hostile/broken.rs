//! Real files of every container, truncated and with flipped bits, with a fixed seed.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Case, Damage};

/// A container and its streams.
struct Kind {
    name: &'static str,
    extension: &'static str,
    args: &'static str,
}

const KINDS: [Kind; 7] = [
    Kind {
        name: "MP4",
        extension: "mp4",
        args: "-c:v libx264 -preset ultrafast -bf 2 -c:a aac -movflags +faststart",
    },
    Kind {
        name: "fragmented MP4",
        extension: "mp4",
        args: "-c:v libx264 -preset ultrafast -c:a aac -movflags +frag_keyframe+empty_moov",
    },
    Kind {
        name: "QuickTime",
        extension: "mov",
        args: "-c:v prores_ks -profile:v 0 -pix_fmt yuv422p10le -c:a pcm_s16le",
    },
    Kind {
        name: "Matroska",
        extension: "mkv",
        args: "-c:v libx264 -preset ultrafast -c:a flac",
    },
    Kind {
        name: "MXF",
        extension: "mxf",
        args: "-c:v mpeg2video -b:v 2M -c:a pcm_s16le",
    },
    Kind {
        name: "a transport stream",
        extension: "ts",
        args: "-c:v libx264 -preset ultrafast -c:a aac",
    },
    Kind {
        name: "a programme stream",
        extension: "mpg",
        args: "-c:v mpeg2video -b:v 2M -c:a mp2 -f vob",
    },
];

/// The intact files: one second of 320×180 at 25 frames per second, with a tone.
#[must_use]
pub fn whole() -> &'static [Case] {
    static WHOLE: OnceLock<Vec<Case>> = OnceLock::new();
    WHOLE.get_or_init(|| KINDS.iter().map(made).collect())
}

fn made(kind: &Kind) -> Case {
    let name = format!("hostile-{}", kind.name.replace(' ', "-"));
    let sources = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=25:duration=1",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=48000:duration=1",
        "-shortest",
    ];
    let args: Vec<&str> = sources.into_iter().chain(kind.args.split(' ')).collect();
    let path: PathBuf = crate::media::ffmpeg(&format!("{name}.{}", kind.extension), &args);
    let bytes = std::fs::read(path).expect("a file that was just made");
    Case::new(kind.name, kind.extension, bytes)
}

/// `each` truncations and `each` bit flips of every container.
#[must_use]
pub fn all(each: usize) -> Vec<Case> {
    let mut random = fastrand::Rng::with_seed(0x5EED);
    let mut cases = Vec::new();
    for (of, file) in whole().iter().enumerate() {
        for _ in 0..each {
            let cut = truncated(file, &mut random);
            let flipped = flipped(file, &mut random);
            for (damage, case) in [(Damage::Cut, cut), (Damage::Flipped, flipped)] {
                cases.push(Case { damage, of, ..case });
            }
        }
    }
    cases
}

/// A random truncation. Half of them are in the first part, which holds the headers.
fn truncated(file: &Case, random: &mut fastrand::Rng) -> Case {
    let length = file.bytes.len();
    let most = if random.bool() { length / 20 } else { length };
    let kept = random.usize(1..most);
    let name = format!("{} cut off after {kept} of {length} bytes", file.name);
    Case::new(name, file.extension, file.bytes[..kept].to_vec())
}

/// Flips 1 to 16 bits. In half of the files all of them are near the start or the end, which hold the structure.
fn flipped(file: &Case, random: &mut fastrand::Rng) -> Case {
    let mut bytes = file.bytes.clone();
    let length = bytes.len();
    let edge = length.min(2_048);
    let place = random.u8(0..4);
    let mut first = length;
    for _ in 0..random.usize(1..=16) {
        let at = match place {
            0 => random.usize(0..edge),
            1 => length - 1 - random.usize(0..edge),
            _ => random.usize(0..length),
        };
        bytes[at] ^= 1 << random.u8(0..8);
        first = first.min(at);
    }
    let name = format!(
        "{} with bits flipped from byte {first}, number {}",
        file.name,
        random.u16(..)
    );
    Case::new(name, file.extension, bytes)
}
