//! Every hostile mezzanine through the functions, up to and including the encoder.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use nix::sys::resource::{UsageWho, getrusage};
use reelsmith_contract::ErrorName;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::ObjectStore;
use reelsmith_media::Layers;
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::hostile::{self, Bait, Case, Damage, broken};

use crate::hostile::line::{Line, Outcome, Stage};
use crate::hostile::tally::{Tally, document};
use crate::hostile::{full, soon};

/// Truncations, and bit flips, of each kind in the full run: 560 files of seven kinds.
const EACH: usize = 40;
/// Truncations, and bit flips, of each kind in the ordinary run.
const PART: usize = 10;
/// Concurrent cases: no more than a small machine has processors.
const AT_ONCE: usize = 2;
/// Limit for the resident size of a child, in KiB: half of the address space that is allowed for probing.
const MOST_MEMORY: i64 = 1 << 20;

/// Errors that are correct for a hostile delivery.
const NAMES: [ErrorName; 20] = [
    ErrorName::ContainerUnsupported,
    ErrorName::MezzanineUnreadable,
    ErrorName::MezzanineTruncated,
    ErrorName::MezzanineDamaged,
    ErrorName::MezzanineEncrypted,
    ErrorName::VideoStreamMissing,
    ErrorName::VideoStreamAmbiguous,
    ErrorName::CodecUnsupported,
    ErrorName::ResolutionUnsupported,
    ErrorName::DurationUnsupported,
    ErrorName::FrameRateUnsupported,
    ErrorName::StreamLimitExceeded,
    ErrorName::PictureUnsupported,
    ErrorName::AudioTrackMissing,
    ErrorName::AudioLayoutUnsupported,
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
async fn every_hostile_mezzanine_fails_with_a_named_error_and_nothing_leaks() {
    let log = Log::start();
    let layers = Layers::active();
    let bait = Bait::lay();
    let line = Line::new();
    let each = if full() { EACH } else { PART };
    let cases = hostile::mezzanines(&bait, each);
    if let Some(folder) = std::env::var_os("HOSTILE_KEEP") {
        hostile::keep(&cases, folder.as_ref());
    }
    let mut tally = Tally::default();
    let mut outcomes = futures::stream::iter(cases.iter().enumerate())
        .map(|(number, case)| {
            let line = &line;
            async move { (case, line.deliver(&delivery(number, case)).await) }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((case, outcome)) = outcomes.next().await {
        let wrong = wrong(case, &outcome, &bait);
        tally.count(case, &outcome, wrong);
    }
    drop(outcomes);
    let memory = children_kib();
    println!("{}", tally.table());
    tally.assert_right();
    assert!(memory < MOST_MEMORY, "a child took {memory} KiB");
    assert_eq!(bait.knocks(), 0, "somebody was called");
    assert!(!bait.is_in(log.text().as_bytes()), "the canary is in a log");
    nothing_leaked(&line, &bait).await;
    let good = &broken::whole()[0];
    let next = line.deliver(&delivery(cases.len(), good)).await;
    assert_eq!(next.stage, Stage::Done, "the next job: {next:?}");
    let figures = figures(&tally, layers, memory);
    println!("{figures}");
    document(
        "hostile mezzanines",
        &format!("{}\n{figures}", tally.table()),
    );
}

fn figures(tally: &Tally, layers: Layers, memory: i64) -> String {
    let [special, cut, flipped] = [Damage::None, Damage::Cut, Damage::Flipped].map(|d| tally.of(d));
    format!(
        "| measurement | value |\n|---|---|\n\
         | mezzanines | {special} special, {cut} truncated, {flipped} with flipped bits |\n\
         | layers of confinement | {} |\n\
         | slowest case that ended with an error | {:.1} s |\n\
         | largest child process | {} MiB resident |\n\
         | connections and datagrams seen by the sentinels | 0 |\n\
         | canary occurrences in outputs, errors and logs | 0 |\n\
         | the next job | succeeded |\n",
        layer_names(layers),
        tally.slowest().as_secs_f64(),
        memory / 1_024,
    )
}

fn layer_names(layers: Layers) -> String {
    let all = [
        (layers.calls, "system calls"),
        (layers.files, "files"),
        (layers.ports, "ports"),
        (layers.signals, "signals"),
    ];
    let active = all.into_iter().filter(|(active, _)| *active);
    active.map(|(_, name)| name).collect::<Vec<_>>().join(", ")
}

/// Why the result of a case is wrong; `None` if it is right.
fn wrong(case: &Case, outcome: &Outcome, bait: &Bait) -> Option<String> {
    if outcome.took >= soon() {
        return Some(format!("expected an end within {:?}", soon()));
    }
    match &outcome.failure {
        Some(failure) if !NAMES.contains(&failure.name) => Some("not such a name".to_owned()),
        Some(failure) if bait.is_in(failure.to_string().as_bytes()) => {
            Some("the canary".to_owned())
        }
        Some(_) => None,
        // A flipped bit in a picture does not stop a decoder. The checksum of the file detects it.
        None => (case.damage == Damage::None).then(|| "it went through".to_owned()),
    }
}

/// The manifest has the checksums of the intact file, so that a damaged one is rejected at the latest by its checksum.
#[tokio::test(flavor = "multi_thread")]
async fn every_damaged_mezzanine_is_rejected_by_the_checksum_of_the_intact_one() {
    let line = Line::new();
    let cases = broken::all(EACH);
    for (number, case) in cases.iter().enumerate() {
        let whole = delivery(number, &broken::whole()[case.of]);
        let damaged = Delivery {
            mezzanine: Some(case.bytes.clone()),
            ..whole
        };
        let outcome = line.deliver(&damaged).await;
        let expected = match case.damage {
            Damage::Flipped => ErrorName::MezzanineChecksumMismatch,
            _ => ErrorName::MezzanineSizeMismatch,
        };
        let found = outcome.failure.as_ref().map(|f| f.name);
        assert_eq!(found, Some(expected), "{}: {outcome:?}", case.name);
    }
    let text = format!(
        "{} of {} are refused by size or checksum if the manifest was made for the whole file.\n",
        cases.len(),
        cases.len()
    );
    document("hostile checksums", &text);
}

async fn nothing_leaked(line: &Line, bait: &Bait) {
    for key in line.store.keys("out") {
        let object = ObjectRef::new("out", &key);
        let body = line.store.get(&object, u64::MAX).await.unwrap();
        assert!(!bait.is_in(&body), "the canary is in {key}");
    }
}

/// Tests the bait: a sentinel that cannot be reached, or a canary that cannot be found, would prove nothing.
#[test]
fn the_sentinel_notices_a_connection_and_the_canary_is_found() {
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

/// The largest resident size of any child that has ended, in KiB.
fn children_kib() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss()
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
