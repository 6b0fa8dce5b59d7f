//! A bounded fuzz test of the code that reads untrusted bytes first: the manifest parser and the container detection, with
//! the samples and `tests/corpus` as seeds.

use std::time::Duration;

use reelsmith_core::manifest::{Severity, parse};
use reelsmith_core::sniff::Container;
use reelsmith_testkit::fuzz::{Files, Fuzz, files};

/// Tokens with a meaning for an XML parser or for the format.
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

const FUZZ: Fuzz<'_> = Fuzz {
    copies: 60,
    pieces: &PIECES,
    longest: Duration::from_secs(30),
};

#[test]
fn fuzz_manifests() {
    let folders = [
        "../../sample-data/manifests/good",
        "../../sample-data/manifests/bad",
        "tests/corpus",
    ];
    FUZZ.run(
        &files(env!("CARGO_MANIFEST_DIR"), &folders),
        |name, data, _| {
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
        },
    );
}

/// The first bytes of each container, and of a file that pretends to be one.
#[test]
fn fuzz_containers() {
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
    let files: Files = (0..)
        .zip(heads)
        .map(|(n, head): (usize, &[u8])| (n.to_string(), head.repeat(4)))
        .collect();
    FUZZ.run(&files, |name, data, _| {
        // Damage must not turn a text file into a container.
        if let Some(container) = Container::sniff(data) {
            assert!(
                !data.starts_with(b"#EXTM3U") || container == Container::Mxf,
                "{name}"
            );
        }
    });
}
