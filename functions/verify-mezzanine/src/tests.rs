use bytes::Bytes;
use reelsmith_contract::ErrorName;
use reelsmith_contract::payload::Claim;
use reelsmith_core::digest::Checksummer;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::PutOptions;
use reelsmith_testkit::fakes::MemoryStore;
use reelsmith_testkit::orders::Ordered;

use super::*;

/// A job that was validated, and its mezzanine.
struct Bench {
    store: Arc<MemoryStore>,
    outputs: Objects,
    ordered: Ordered,
}

impl Bench {
    /// The manifest describes `sent`; the bucket contains `arrived`.
    async fn of(sent: &[u8], arrived: &[u8]) -> Self {
        let store = Arc::new(MemoryStore::with_buckets(["in", "out"]));
        let outputs = Objects::new(store.clone() as Arc<dyn ObjectStore>, "out");
        let mut ordered = Ordered::usual();
        let mut sum = Checksummer::default();
        sum.update(sent);
        let declared = &mut ordered.job.manifest.mezzanine;
        declared.checksum_md5 = sum.finish().md5;
        declared.checksum_xxhash = None;
        let mut bench = Self {
            store,
            outputs,
            ordered,
        };
        bench.arrives(arrived).await;
        bench
    }

    /// Uploads the mezzanine and validates it again.
    async fn arrives(&mut self, bytes: &[u8]) {
        let object = self.ordered.inspection.mezzanine.object.clone();
        self.put(&object, bytes).await;
        self.ordered.inspection.mezzanine = self.store.head(&object).await.unwrap().pin;
        let keys = JobKeys(&self.ordered.job.job_key);
        let (job, probe) = (&self.ordered.job, &self.ordered.inspection);
        self.outputs.write(&keys.job(), job).await.unwrap();
        self.outputs.write(&keys.probe(), probe).await.unwrap();
    }

    async fn put(&self, object: &ObjectRef, bytes: &[u8]) {
        let body = Bytes::copy_from_slice(bytes);
        let put = self.store.put(object, body, &PutOptions::default()).await;
        put.unwrap();
    }

    async fn verify(&self) -> Result<(), Failure> {
        let done = self.verify_for(Duration::from_secs(600)).await?;
        assert_eq!((done.state, done.percent), (Progress::Done, 100));
        Ok(())
    }

    /// One invocation that reads for this time.
    async fn verify_for(&self, pass: Duration) -> Result<VerifyMezzanineOutput, Failure> {
        let ports = Ports {
            store: self.store.clone(),
            outputs: self.outputs.clone(),
            pass,
        };
        let job = &self.ordered.job;
        let claim = Claim {
            job_key: job.job_key.clone(),
            asset: job.asset.clone(),
            fence: self.ordered.fence.clone(),
        };
        let input = ClaimInput { claim };
        handle(Arc::new(ports), input, Invocation::of_test("r")).await
    }

    async fn written(&self) -> Option<Verification> {
        let keys = JobKeys(&self.ordered.job.job_key);
        self.outputs.find(&keys.checksums()).await.unwrap()
    }
}

#[tokio::test]
async fn all_blocks_are_hashed_in_order() {
    let mut bytes: Vec<u8> = (0..20_000_000u32).map(|n| (n % 251) as u8).collect();
    let bench = Bench::of(&bytes, &bytes).await;
    bench.verify().await.unwrap();
    let written = bench.written().await.unwrap();
    assert_eq!(written.mezzanine, bench.ordered.inspection.mezzanine);
    assert_eq!(
        written.checksums.md5,
        bench.ordered.job.manifest.mezzanine.checksum_md5
    );
    let sent = bytes.clone();
    bytes[19_999_999] ^= 1;
    let bench = Bench::of(&sent, &bytes).await;
    let failure = bench.verify().await.unwrap_err();
    assert_eq!(failure.name, ErrorName::MezzanineChecksumMismatch);
    assert_eq!(bench.written().await, None);
}

/// Three blocks of 8 MiB at most, so three invocations that have no time.
const THREE_BLOCKS: usize = 20_000_000;

#[tokio::test]
async fn a_pass_continues_in_the_next_invocation() {
    let bytes: Vec<u8> = (0..THREE_BLOCKS).map(|n| (n % 249) as u8).collect();
    let mut bench = Bench::of(&bytes, &bytes).await;
    let mut whole = Checksummer::default();
    whole.update(&bytes);
    let expected = whole.finish();
    bench.ordered.job.manifest.mezzanine.checksum_xxhash = Some(expected.xxh3_128.clone());
    bench.arrives(&bytes).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = bench.verify_for(Duration::ZERO).await.unwrap();
        answers.push((answer.state, answer.percent));
    }
    use Progress::{Done, Running};
    assert_eq!(answers, [(Running, 41), (Running, 83), (Done, 100)]);
    assert_eq!(bench.written().await.unwrap().checksums, expected);
}

#[tokio::test]
async fn damage_before_a_cut_is_found_and_a_state_of_another_version_is_ignored() {
    let sent: Vec<u8> = (0..THREE_BLOCKS).map(|n| (n % 249) as u8).collect();
    let mut damaged = sent.clone();
    damaged[0] ^= 1;
    let mut bench = Bench::of(&sent, &damaged).await;
    for _ in 0..2 {
        let answer = bench.verify_for(Duration::ZERO).await.unwrap();
        assert_eq!(answer.state, Progress::Running);
    }
    let failure = bench.verify_for(Duration::ZERO).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::MezzanineChecksumMismatch);
    bench.arrives(&sent).await;
    bench.verify().await.unwrap();
}

#[tokio::test]
async fn each_checksum_is_compared_and_a_difference_is_reported() {
    let mut bench = Bench::of(b"abc", b"abc").await;
    for (stated, told) in [
        (
            "0".repeat(16),
            Some("xxHash64 44bc2cf5ad770999 and XXH3-64 78af5f94892f3950"),
        ),
        ("0".repeat(32), Some("XXH3-128 06b05ab6")),
        ("44bc2cf5ad770999".to_owned(), None),
        ("78af5f94892f3950".to_owned(), None),
        ("06b05ab6733a618578af5f94892f3950".to_owned(), None),
    ] {
        bench.ordered.job.manifest.mezzanine.checksum_xxhash = Some(stated.clone());
        bench.arrives(b"abc").await;
        let failure = bench.verify().await.err();
        assert_eq!(failure.is_some(), told.is_some(), "{stated}");
        let (Some(failure), Some(told)) = (failure, told) else {
            continue;
        };
        assert_eq!(failure.name, ErrorName::MezzanineChecksumMismatch);
        assert!(failure.found.contains(told), "{failure}");
    }
}

#[tokio::test]
async fn a_hashed_version_is_not_read_again_and_another_version_is() {
    let mut bench = Bench::of(b"abc", b"abc").await;
    bench.verify().await.unwrap();
    let object = bench.ordered.inspection.mezzanine.object.clone();
    bench
        .store
        .delete(&object.bucket, std::slice::from_ref(&object.key))
        .await
        .unwrap();
    bench.verify().await.unwrap();
    bench.arrives(b"abd").await;
    let failure = bench.verify().await.unwrap_err();
    assert_eq!(failure.name, ErrorName::MezzanineChecksumMismatch);
}

#[tokio::test]
async fn only_the_validated_version_is_hashed() {
    let bench = Bench::of(b"abc", b"abc").await;
    let object = bench.ordered.inspection.mezzanine.object.clone();
    bench.put(&object, b"abcd").await;
    let failure = bench.verify().await.unwrap_err();
    assert_eq!(failure.name, ErrorName::MezzanineChanged);
}
