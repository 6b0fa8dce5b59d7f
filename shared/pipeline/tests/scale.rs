//! What reading an output costs: requests, bytes, memory. The large case is run by hand and its figures are in
//! `docs/conformance.md`: `cargo test --release -p reelsmith-pipeline --test scale -- --ignored --nocapture`.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends if something is not as it must be"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use reelsmith_conformance::testing::{ValidOutput, segment_bytes};
use reelsmith_conformance::{Profile, Profiles, Report, check};
use reelsmith_contract::Objects;
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};
use reelsmith_pipeline::proof::gather::{KnownMeasurements, ReadBudget, RealNames, gather};

const PREFIX: &str = "outputs/show/key/";

/// An output whose segments are made when they are read, so that what the check holds is all that is held.
struct Generated {
    good: ValidOutput,
    sizes: BTreeMap<String, u64>,
    /// A path whose reads fail, and how.
    failing: Option<(&'static str, PortErrorKind)>,
    requests: AtomicU64,
    bytes: AtomicU64,
    /// Requests under way, and the most there were.
    now: AtomicU64,
    most: AtomicU64,
}

impl Generated {
    fn new(good: ValidOutput) -> Self {
        let texts = good.texts.iter().map(|(p, t)| (p.clone(), t.len() as u64));
        let inits = good
            .inits
            .iter()
            .map(|(p, i)| (p.clone(), i.bytes().len() as u64));
        let segments = good.segments.iter();
        let segments = segments.map(|(p, s)| (p.clone(), segment_bytes(s).len() as u64));
        let raw = good.raw.iter().map(|(p, b)| (p.clone(), b.len() as u64));
        let sizes = texts.chain(inits).chain(segments).chain(raw).collect();
        Self {
            good,
            sizes,
            failing: None,
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            now: AtomicU64::new(0),
            most: AtomicU64::new(0),
        }
    }

    fn body(&self, path: &str) -> Option<Bytes> {
        if let Some(text) = self.good.texts.get(path) {
            return Some(text.clone().into());
        }
        if let Some(init) = self.good.inits.get(path) {
            return Some(init.bytes().into());
        }
        if let Some(raw) = self.good.raw.get(path) {
            return Some(raw.clone().into());
        }
        self.good
            .segments
            .get(path)
            .map(|s| segment_bytes(s).into())
    }

    /// Answers one request; others may be under way meanwhile.
    async fn answer(&self, key: &str, range: Option<(u64, u64)>) -> PortResult<Bytes> {
        self.requests.fetch_add(1, SeqCst);
        let now = self.now.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
        tokio::task::yield_now().await;
        let path = key.strip_prefix(PREFIX).unwrap();
        let body = self.body(path);
        let failing = self.failing.filter(|(p, _)| *p == path);
        self.now.fetch_sub(1, SeqCst);
        if let Some((_, kind)) = failing {
            return Err(PortError::new(kind, "the store says no"));
        }
        let body = body.ok_or_else(|| PortError::new(PortErrorKind::NotFound, key))?;
        let (start, end) = range.unwrap_or((0, body.len() as u64));
        let body = body.slice(start as usize..end.min(body.len() as u64) as usize);
        self.bytes.fetch_add(body.len() as u64, SeqCst);
        Ok(body)
    }
}

#[async_trait]
impl ObjectStore for Generated {
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta> {
        self.requests.fetch_add(1, SeqCst);
        let path = object.key.strip_prefix(PREFIX).unwrap();
        let known = &self.good.objects[path];
        Ok(ObjectMeta {
            pin: ObjectPin {
                object: object.clone(),
                version_id: None,
                etag: String::new(),
                size: self.sizes[path],
            },
            content_type: known.content_type.clone(),
            cache_control: known.cache_control.clone(),
            content_encoding: None,
        })
    }

    async fn get(&self, object: &ObjectRef, _limit: u64) -> PortResult<Bytes> {
        self.answer(&object.key, None).await
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        self.answer(&pin.object.key, Some((start, end))).await
    }

    async fn put(&self, _: &ObjectRef, _: Bytes, _: &PutOptions) -> PortResult<Put> {
        Err(PortError::new(PortErrorKind::Denied, "read only"))
    }

    async fn put_file(
        &self,
        _: &ObjectRef,
        _: &std::path::Path,
        _: &PutOptions,
    ) -> PortResult<Put> {
        Err(PortError::new(PortErrorKind::Denied, "read only"))
    }

    async fn list(&self, _: &str, _: &str) -> PortResult<Vec<ListedObject>> {
        let listed = self.sizes.iter().map(|(path, size)| ListedObject {
            key: format!("{PREFIX}{path}"),
            size: *size,
        });
        Ok(listed.collect())
    }

    async fn delete(&self, _: &str, _: &[String]) -> PortResult<()> {
        Err(PortError::new(PortErrorKind::Denied, "read only"))
    }
}

/// The delivery with the checksums that workers would have recorded.
fn recorded(mut good: ValidOutput) -> ValidOutput {
    let expected = good.expected.as_mut().unwrap();
    for recorded in &mut expected.recorded {
        let folder = &recorded.rendition;
        recorded.init_sha256 = sha256_hex(&good.inits[&format!("{folder}/init.mp4")].bytes());
        for segment in &mut recorded.segments {
            let spec = &good.segments[&format!("{folder}/{}", segment.name)];
            segment.sha256 = sha256_hex(&segment_bytes(spec));
        }
    }
    good
}

struct Cost {
    report: Report,
    store: Arc<Generated>,
}

async fn validate(good: ValidOutput, budget: ReadBudget) -> Cost {
    let expected = good.expected.clone();
    let store = Arc::new(Generated::new(good));
    let outputs = Objects::new(Arc::clone(&store) as Arc<dyn ObjectStore>, "out");
    let (known, names) = (KnownMeasurements::default(), RealNames::default());
    let delivery = gather(&outputs, PREFIX, budget, known, &names)
        .await
        .unwrap();
    let report = check(&delivery, expected.as_ref(), Profiles::REELSMITH);
    Cost { report, store }
}

/// Rules that this store cannot keep: it compresses nothing.
fn broken(report: &Report) -> Vec<&str> {
    let rules = report.violations.iter().map(|v| v.rule.as_str());
    rules.filter(|r| *r != "DLV-02").collect()
}

#[tokio::test]
async fn every_segment_is_measured_and_hashed_with_two_requests_and_bounded_parallelism() {
    let budget = ReadBudget {
        reads: 8,
        ..ReadBudget::default()
    };
    let cost = validate(recorded(ValidOutput::long(20, 1)), budget).await;
    assert_eq!(
        broken(&cost.report),
        [] as [&str; 0],
        "{}",
        cost.report.summary()
    );
    let coverage = cost.report.coverage;
    assert_eq!(
        (coverage.segments, coverage.recorded, coverage.compared),
        (160, 160, 160)
    );
    // One HEAD for each object and one GET for each but pictures, whose size is enough, and nothing twice.
    let objects = cost.store.sizes.len() as u64;
    let pictures = cost.store.good.raw.len() as u64;
    assert_eq!(cost.store.requests.load(SeqCst), 2 * objects - pictures);
    let unread: usize = cost.store.good.raw.values().map(Vec::len).sum();
    assert_eq!(
        cost.store.bytes.load(SeqCst) + unread as u64,
        coverage.bytes
    );
    assert!(cost.store.most.load(SeqCst) <= 8);
}

#[tokio::test]
async fn beyond_the_budget_segments_are_hashed_in_even_samples_and_all_are_measured() {
    let good = recorded(ValidOutput::long(20, 10));
    let total: u64 = good
        .segments
        .values()
        .map(|s| segment_bytes(s).len() as u64)
        .sum();
    let budget = ReadBudget {
        hashed: total / 4 + 1,
        ..ReadBudget::default()
    };
    let mut damaged = good.clone();
    let cost = validate(good, budget).await;
    assert_eq!(
        broken(&cost.report),
        [] as [&str; 0],
        "{}",
        cost.report.summary()
    );
    let coverage = cost.report.coverage;
    assert_eq!((coverage.segments, coverage.compared), (160, 40));
    let read = cost.store.bytes.load(SeqCst);
    // Every sample is looked into, so every byte is read about once.
    assert!(read < total * 11 / 10, "{read} of {total} bytes were read");
    // What is not hashed is still opened: a frame that is missing in any segment is found.
    damaged.segment("video/h264_1080p/seg_00007.m4s", |s| {
        s[1].samples.pop();
    });
    let cost = validate(damaged, budget).await;
    assert!(broken(&cost.report).contains(&"SEG-07"));
}

#[tokio::test]
async fn a_replaced_segment_is_found_by_its_checksum_alone() {
    let mut good = recorded(ValidOutput::long(3, 1));
    let path = "video/h264_720p/seg_00002.m4s";
    // The same sizes and times, another picture.
    good.segment(path, |s| s[0].samples[5].nal = Some(2));
    let cost = validate(good, ReadBudget::default()).await;
    let found = cost.report.violations.iter().filter(|v| v.path == path);
    let rules: Vec<&str> = found.map(|v| v.rule.as_str()).collect();
    assert_eq!(rules, ["SEG-02"], "{}", cost.report.summary());
}

#[tokio::test]
async fn a_store_that_fails_is_an_error_and_an_object_that_changed_is_a_finding() {
    for path in [
        "video/h264_720p/seg_00002.m4s",
        "audio/en/playlist.m3u8",
        "audio/en/init.mp4",
    ] {
        let mut store = Generated::new(ValidOutput::long(3, 1));
        store.failing = Some((path, PortErrorKind::Unavailable));
        let outputs = Objects::new(Arc::new(store), "out");
        let failure = gather(
            &outputs,
            PREFIX,
            ReadBudget::default(),
            KnownMeasurements::default(),
            &RealNames::default(),
        )
        .await
        .unwrap_err();
        assert!(
            failure.to_string().contains("the store says no"),
            "{failure}"
        );
        let mut store = Generated::new(ValidOutput::long(3, 1));
        store.failing = Some((path, PortErrorKind::Changed));
        let outputs = Objects::new(Arc::new(store), "out");
        let delivery = gather(
            &outputs,
            PREFIX,
            ReadBudget::default(),
            KnownMeasurements::default(),
            &RealNames::default(),
        )
        .await
        .unwrap();
        let report = check(&delivery, None, Profile::Rfc.into());
        let of_path = report.violations.iter().filter(|v| v.path == path);
        let rules: Vec<&str> = of_path.map(|v| v.rule.as_str()).collect();
        assert_eq!(rules, ["PIP-02"], "{}", report.summary());
    }
}

/// A line of `/proc/self/status` in kilobytes.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let found = status.lines().find_map(|l| l.strip_prefix(line)).unwrap();
    let digits = found.trim_start_matches(':').trim().trim_end_matches(" kB");
    digits.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "some gigabytes; figures for the documentation"]
async fn a_film_of_two_hours() {
    let good = recorded(ValidOutput::long(1_800, 8));
    let total: u64 = good
        .segments
        .values()
        .map(|s| segment_bytes(s).len() as u64)
        .sum();
    for (name, hashed) in [
        ("every checksum", u64::MAX),
        ("every fourth", total / 4 + 1),
        ("none", 1),
    ] {
        let mut copy = good.clone();
        if hashed == 1 {
            // The first of all is always hashed; the rest is measured by ranges.
            let recorded = &mut copy.expected.as_mut().unwrap().recorded;
            let audio = recorded
                .iter_mut()
                .find(|r| r.rendition.starts_with("audio/"));
            audio.unwrap().segments.clear();
        }
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let (before, start) = (memory("VmRSS"), Instant::now());
        let budget = ReadBudget {
            hashed,
            ..ReadBudget::default()
        };
        let cost = validate(copy, budget).await;
        let (took, most) = (start.elapsed(), memory("VmHWM") - before);
        let store = &cost.store;
        eprintln!(
            "{name}: {} objects, {} MB, {} requests, {} MB read, at most {} at once, {took:.1?}, {} MB above the start; {} rules broken",
            store.sizes.len(),
            total >> 20,
            store.requests.load(SeqCst),
            store.bytes.load(SeqCst) >> 20,
            store.most.load(SeqCst),
            most >> 10,
            broken(&cost.report).len(),
        );
    }
}
