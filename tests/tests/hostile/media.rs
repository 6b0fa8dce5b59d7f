//! Every hostile mezzanine through the functions, up to the encoder where it gets that far.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use nix::sys::resource::{UsageWho, getrusage};
use reelsmith_contract::ErrorName;
use reelsmith_core::ports::{ObjectRef, ObjectStore};
use reelsmith_media::Layers;
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::hostile::{self, Bait, Case, broken};

use crate::line::{Line, Outcome, Stage};
use crate::{full, soon};

/// Cases at once: no more than a small machine has processors.
const AT_ONCE: usize = 2;
/// Greatest resident size of any child, in KiB. Half of what is allowed as address space for probing.
const MOST_MEMORY: i64 = 1 << 20;

/// Errors that say what is wrong with a delivery, or with the encoding of it.
const NAMES: [ErrorName; 15] = [
    ErrorName::ContainerUnsupported,
    ErrorName::MezzanineUnreadable,
    ErrorName::VideoStreamMissing,
    ErrorName::CodecUnsupported,
    ErrorName::ResolutionUnsupported,
    ErrorName::DurationUnsupported,
    ErrorName::FrameRateUnsupported,
    ErrorName::StreamLimitExceeded,
    ErrorName::PictureUnsupported,
    ErrorName::AudioTrackMissing,
    ErrorName::ManifestMismatch,
    ErrorName::PlanImpossible,
    ErrorName::EncoderFailed,
    ErrorName::EncoderStalled,
    ErrorName::FrameCountMismatch,
];

fn delivery(number: usize, case: &Case) -> Delivery {
    let id = format!("hostile-{number}");
    Delivery {
        mezzanine_key: format!("mezzanines/{id}.{}", case.extension),
        languages: vec!["ja"],
        ..Delivery::of(&id, &case.bytes)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_mezzanine_is_refused_or_fails_by_name_and_nothing_leaks() {
    let log = Log::start();
    let layers = Layers::active();
    let bait = Bait::lay();
    let line = Line::new();
    let each = if full() { 40 } else { 3 };
    let special = hostile::mezzanines(&bait, 0).len();
    let cases = hostile::mezzanines(&bait, each);
    if let Some(folder) = std::env::var_os("HOSTILE_KEEP") {
        hostile::keep(&cases, folder.as_ref());
    }
    let before = children_kib();
    let mut tally = Tally::default();
    let mut outcomes = futures::stream::iter(cases.iter().enumerate())
        .map(|(number, case)| {
            let line = &line;
            async move { (number, line.deliver(&delivery(number, case)).await) }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((number, outcome)) = outcomes.next().await {
        judge(&cases[number], number < special, &outcome, &bait);
        tally.count(&cases[number], outcome);
    }
    drop(outcomes);
    let memory = children_kib();
    assert!(memory < MOST_MEMORY, "a child took {memory} KiB");
    assert_eq!(bait.knocks(), 0, "somebody was called");
    assert!(!bait.is_in(log.text().as_bytes()), "the canary is in a log");
    nothing_leaked(&line, &bait).await;
    let good = &broken::whole()[0];
    let next = line.deliver(&delivery(cases.len(), good)).await;
    assert_eq!(next.stage, Stage::Done, "the next job: {next:?}");
    println!(
        "hostile mezzanines: {special} special, {} cut off or flipped; {layers:?}; children took {memory} KiB at most ({before} before)",
        cases.len() - special
    );
    println!("{tally}");
}

fn judge(case: &Case, special: bool, outcome: &Outcome, bait: &Bait) {
    let name = &case.name;
    assert!(outcome.took < soon(), "{name}: {outcome:?}");
    match &outcome.failure {
        Some(failure) => {
            assert!(NAMES.contains(&failure.name), "{name}: {outcome:?}");
            assert!(!bait.is_in(failure.to_string().as_bytes()), "{name}");
        }
        // A flipped bit in a picture is a flipped bit in a picture: the file's checksum is what tells it.
        None => assert!(!special, "{name} went through"),
    }
}

async fn nothing_leaked(line: &Line, bait: &Bait) {
    for key in line.store.keys("out") {
        let object = ObjectRef::new("out", &key);
        let body = line.store.get(&object, u64::MAX).await.unwrap();
        assert!(!bait.is_in(&body), "the canary is in {key}");
    }
}

/// The bait itself: a sentinel that nobody could reach, or a canary that nobody would find, would prove nothing.
#[test]
fn the_sentinel_hears_a_knock_and_the_canary_is_found() {
    let bait = Bait::lay();
    drop(std::net::TcpStream::connect(("127.0.0.1", bait.port)).unwrap());
    let began = std::time::Instant::now();
    while bait.knocks() == 0 && began.elapsed() < Duration::from_secs(10) {
        std::thread::yield_now();
    }
    assert_eq!(bait.knocks(), 1);
    assert!(bait.is_in(&std::fs::read(&bait.canary).unwrap()));
    assert!(!bait.is_in(b"CANARY-"));
}

/// The greatest resident size of any child that has ended, in KiB.
fn children_kib() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss()
}

/// What became of how many, for the record.
#[derive(Default)]
struct Tally {
    ends: BTreeMap<(Stage, String), usize>,
    slowest: (Duration, String),
}

impl Tally {
    fn count(&mut self, case: &Case, outcome: Outcome) {
        let name = outcome.failure.map(|f| f.name.to_string());
        let end = (outcome.stage, name.unwrap_or_default());
        *self.ends.entry(end).or_default() += 1;
        let slow = (outcome.took, case.name.clone());
        self.slowest = self.slowest.clone().max(slow);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for ((stage, name), count) in &self.ends {
            writeln!(f, "{count:5} {stage:?} {name}")?;
        }
        write!(f, "slowest: {:?}, {}", self.slowest.0, self.slowest.1)
    }
}

/// Everything that the functions log in this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter("debug")
            .with_writer(move || writer.clone());
        let _ = subscriber.try_init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
