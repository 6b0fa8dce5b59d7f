use reelsmith_contract::payload::JobRef;
use reelsmith_core::digest::Checksummer;
use reelsmith_core::job::{EncoderKind, OutputOptions};
use reelsmith_core::ladder::Profile;
use reelsmith_core::manifest::{Manifest, parse};
use reelsmith_core::ports::PutOptions;
use reelsmith_testkit::fakes::MemoryStore;

use super::*;

const MANIFEST: &[u8] = include_bytes!("../../../sample-data/manifests/good/minimal.xml");

/// A job whose manifest describes `declared`, and a bucket that holds `delivered`.
async fn run(
    declared: &[u8],
    delivered: Option<&[u8]>,
    change: impl FnOnce(&mut Manifest),
) -> Failure {
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::with_buckets(["in", "out"]));
    let mut sum = Checksummer::default();
    sum.update(declared);
    let mut manifest = parse(MANIFEST).manifest.unwrap();
    manifest.mezzanine.file_size = Bytes(declared.len() as u64);
    manifest.mezzanine.checksum_md5 = sum.finish().md5;
    change(&mut manifest);
    if let Some(bytes) = delivered {
        let object = ObjectRef::new("in", &manifest.mezzanine.file_path);
        let body = bytes::Bytes::copy_from_slice(bytes);
        store
            .put(&object, body, &PutOptions::default())
            .await
            .unwrap();
    }
    let source = ObjectPin {
        object: ObjectRef::new("in", "m.xml"),
        version_id: None,
        etag: "e".into(),
        size: 1,
    };
    let options = OutputOptions {
        h265: false,
        dash: false,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let profile = Profile::named("draft").unwrap();
    let job = Job::new(
        source,
        manifest,
        options,
        profile,
        EncoderKind::Lambda,
        "b".into(),
        vec![],
    );
    let outputs = Objects::new(store.clone(), "out");
    outputs
        .write(&JobKeys(&job.job_key).job(), &job)
        .await
        .unwrap();
    let tools = Tools::locate(None, None).unwrap();
    let ports = Ports {
        store,
        input_bucket: "in".into(),
        outputs,
        tools,
    };
    let job = JobRef {
        job_key: job.job_key,
        asset: job.asset,
    };
    handle(
        Arc::new(ports),
        ValidateInputInput { job },
        Invocation::of_test("r"),
    )
    .await
    .unwrap_err()
}

#[tokio::test]
async fn presence_and_size_come_first() {
    assert_eq!(
        run(b"abc", None, |_| {}).await.name,
        ErrorName::MezzanineMissing
    );
    assert_eq!(
        run(b"abc", Some(b""), |_| {}).await.name,
        ErrorName::MezzanineEmpty
    );
    assert_eq!(
        run(b"abc", Some(b"abcd"), |_| {}).await.name,
        ErrorName::MezzanineSizeMismatch
    );
}

#[tokio::test]
async fn each_checksum_counts_and_the_found_one_is_told() {
    let failure = run(b"abc", Some(b"abd"), |_| {}).await;
    assert_eq!(failure.name, ErrorName::MezzanineChecksumMismatch);
    assert!(
        failure
            .expected
            .contains("900150983cd24fb0d6963f7d28e17f72"),
        "{failure}"
    );
    let wrong = |digits: usize| {
        move |m: &mut Manifest| m.mezzanine.checksum_xxhash = Some("0".repeat(digits))
    };
    for (digits, told) in [
        (16, "xxHash64 44bc2cf5ad770999 and XXH3-64 78af5f94892f3950"),
        (32, "XXH3-128 06b05ab6"),
    ] {
        let failure = run(b"abc", Some(b"abc"), wrong(digits)).await;
        assert_eq!(failure.name, ErrorName::MezzanineChecksumMismatch);
        assert!(failure.found.contains(told), "{failure}");
    }
    for right in [
        "44bc2cf5ad770999",
        "78af5f94892f3950",
        "06b05ab6733a618578af5f94892f3950",
    ] {
        let failure = run(b"abc", Some(b"abc"), |m| {
            m.mezzanine.checksum_xxhash = Some(right.into());
        })
        .await;
        assert_eq!(
            failure.name,
            ErrorName::ContainerUnsupported,
            "the checksums are right: {failure}"
        );
    }
}

#[tokio::test]
async fn blocks_are_hashed_in_order() {
    let bytes: Vec<u8> = (0..20_000_000u32).map(|n| (n % 251) as u8).collect();
    assert_eq!(
        run(&bytes, Some(&bytes), |_| {}).await.name,
        ErrorName::ContainerUnsupported
    );
}

#[tokio::test]
async fn a_container_by_its_first_bytes_alone_is_not_enough() {
    let failure = run(
        b"\0\0\0\x20ftypisomjunk",
        Some(b"\0\0\0\x20ftypisomjunk"),
        |_| {},
    )
    .await;
    assert_eq!(failure.name, ErrorName::MezzanineUnreadable);
}
