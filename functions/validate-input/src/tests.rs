use reelsmith_contract::payload::JobRef;
use reelsmith_core::digest::Checksummer;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::manifest::{Manifest, parse};
use reelsmith_core::ports::PutOptions;
use reelsmith_core::units::Bytes;
use reelsmith_testkit::fakes::MemoryStore;

use super::*;

const MANIFEST: &[u8] = include_bytes!("../../../sample-data/manifests/good/minimal.xml");

/// A job whose manifest describes `declared`, and a bucket that contains `delivered`.
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
    let tools = Tools::locate(&reelsmith_testkit::media_folder(), None, None).unwrap();
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
        ValidateInputInput { job, entered: None },
        Invocation::of_test("r"),
    )
    .await
    .unwrap_err()
}

#[tokio::test]
async fn existence_and_size_are_checked_first() {
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
async fn a_refused_file_is_hashed_to_explain_the_refusal() {
    let failure = run(b"abc", Some(b"abd"), |_| {}).await;
    assert_eq!(failure.name, ErrorName::MezzanineChecksumMismatch);
    let failure = run(b"abc", Some(b"abc"), |_| {}).await;
    assert_eq!(failure.name, ErrorName::ContainerUnsupported);
}

#[tokio::test]
async fn a_file_with_only_the_first_bytes_of_a_container_is_unreadable() {
    let failure = run(
        b"\0\0\0\x20ftypisomjunk",
        Some(b"\0\0\0\x20ftypisomjunk"),
        |_| {},
    )
    .await;
    assert_eq!(failure.name, ErrorName::MezzanineUnreadable);
}
