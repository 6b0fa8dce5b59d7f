//! Deliveries from people who mean harm: one list of mezzanines, one of manifests, the same on every run.
//!
//! Each part makes files for one kind of attack of docs/security.md. They are made, not kept: what lies in a repository as
//! a bomb goes off in other people's tools.

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

/// What was done to a whole file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// Nothing: it was made as it is.
    #[default]
    None,
    /// It ends early.
    Cut,
    /// Some of its bits are others.
    Flipped,
}

/// One hostile mezzanine.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is, for people.
    pub name: String,
    /// Extension of its key: what a reader that goes by names would take it for.
    pub extension: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What was done to [`broken::whole`]'s file of this place.
    pub damage: Damage,
    /// That place; 0 where nothing was done.
    pub of: usize,
}

impl Case {
    /// A case.
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

/// What an attack would reach if it came through: a file with a word in it, and ports where nobody should knock.
pub struct Bait {
    /// Path of the canary file.
    pub canary: PathBuf,
    /// The word in it, which occurs nowhere else.
    pub word: String,
    /// Port of the sentinels, TCP and UDP, on 127.0.0.1.
    pub port: u16,
    knocks: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

impl Bait {
    /// Lays the bait out.
    ///
    /// # Panics
    /// Where no port or folder can be had.
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

    /// Connections and datagrams that the sentinels saw.
    #[must_use]
    pub fn knocks(&self) -> usize {
        self.knocks.load(Ordering::SeqCst)
    }

    /// Whether the canary's word is in some bytes.
    #[must_use]
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let word = self.word.as_bytes();
        bytes.windows(word.len()).any(|w| w == word)
    }

    /// Path of the canary as text.
    #[must_use]
    pub fn path(&self) -> &str {
        self.canary.to_str().expect("a path in UTF-8")
    }
}

/// The threads end with the process.
fn watch(listener: TcpListener, port: u16, knocks: &Arc<AtomicUsize>) {
    let counter = Arc::clone(knocks);
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            // Read a little, so that whoever connected is not told at once that nobody is there.
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

/// Every special case, and `each` truncations and as many bit flips of every container.
#[must_use]
pub fn mezzanines(bait: &Bait, each: usize) -> Vec<Case> {
    let mut cases = disguised::all(bait);
    cases.extend(bombs::all(bait));
    cases.extend(broken::all(each));
    cases
}

/// Writes cases into a folder for a look with other tools.
///
/// # Panics
/// Where the folder cannot be written.
pub fn keep(cases: &[Case], folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    for case in cases {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = case.name.chars().map(plain).collect();
        let path = folder.join(format!("{name}.{}", case.extension));
        std::fs::write(path, &case.bytes).expect("a file");
    }
}
