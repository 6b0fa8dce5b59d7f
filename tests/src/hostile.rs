//! Hostile deliveries: one list of mezzanines and one of manifests, the same in every run.
//!
//! Each submodule generates files for one kind of attack in docs/security.md. They are generated rather than committed,
//! because a bomb in a repository would harm tools that only read the repository.

pub mod bombs;
pub mod boxes;
pub mod broken;
pub mod disguised;
pub mod manifests;
pub mod pictures;

use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How an intact file was damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// Not damaged: the file is hostile as generated.
    #[default]
    None,
    /// Truncated.
    Cut,
    /// With flipped bits.
    Flipped,
}

/// One hostile mezzanine.
#[derive(Clone, Debug)]
pub struct Case {
    /// A description for people.
    pub name: String,
    /// Extension of its key, which determines what a reader that trusts names takes it for.
    pub extension: &'static str,
    pub bytes: Vec<u8>,
    /// How the file at index `of` in [`broken::whole`] was damaged.
    pub damage: Damage,
    /// Index into [`broken::whole`]; 0 if the file was not damaged.
    pub of: usize,
}

impl Case {
    /// A case without damage.
    #[must_use]
    pub fn new(name: impl Into<String>, extension: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            extension,
            bytes,
            damage: Damage::None,
            of: 0,
        }
    }
}

/// What a successful attack would reach: a file with a unique word in it, and ports that nothing should connect to.
pub struct Bait {
    pub canary: PathBuf,
    /// The word in it, which occurs nowhere else.
    pub word: String,
    /// Port of the sentinels, TCP and UDP, on 127.0.0.1.
    pub port: u16,
    knocks: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

impl Bait {
    /// Writes the canary file and opens the sentinel ports.
    ///
    /// # Panics
    /// If no port or folder is available.
    #[must_use]
    pub fn lay() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let canary = folder.path().join("canary.ts");
        let word = format!("CANARY-{:016x}", fastrand::u64(..));
        std::fs::write(&canary, format!("{word}\n").repeat(64)).expect("a canary");
        let knocks = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        watch(listener, port, &knocks);
        Self {
            canary,
            word,
            port,
            knocks,
            _folder: folder,
        }
    }

    /// Connections and datagrams that the sentinels received.
    #[must_use]
    pub fn knocks(&self) -> usize {
        self.knocks.load(Ordering::SeqCst)
    }

    /// Whether the canary's word occurs in `bytes`.
    #[must_use]
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let word = self.word.as_bytes();
        bytes.windows(word.len()).any(|w| w == word)
    }

    #[must_use]
    pub fn path(&self) -> &str {
        self.canary.to_str().expect("a path in UTF-8")
    }
}

/// Starts the sentinel threads, which end with the process.
fn watch(listener: TcpListener, port: u16, knocks: &Arc<AtomicUsize>) {
    let counter = Arc::clone(knocks);
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            // Reads a little before closing, so that the client does not see a closed port at once.
            let mut socket = socket;
            let _ = socket.set_read_timeout(Some(Duration::from_millis(50)));
            let _ = socket.read(&mut [0; 256]);
        }
    });
    let counter = Arc::clone(knocks);
    if let Ok(socket) = UdpSocket::bind(("127.0.0.1", port)) {
        std::thread::spawn(move || {
            while socket.recv(&mut [0; 256]).is_ok() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
}

/// Every special case, and `each` truncations and `each` bit flips of every container.
#[must_use]
pub fn mezzanines(bait: &Bait, each: usize) -> Vec<Case> {
    let mut cases = disguised::all(bait);
    cases.extend(bombs::all(bait));
    cases.extend(broken::all(each));
    cases
}

/// Writes cases into a folder, for inspection with other tools.
///
/// # Panics
/// If the folder cannot be written.
pub fn keep(cases: &[Case], folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    for case in cases {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = case.name.chars().map(plain).collect();
        let path = folder.join(format!("{name}.{}", case.extension));
        std::fs::write(path, &case.bytes).expect("a file");
    }
}
