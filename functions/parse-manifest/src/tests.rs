use reelsmith_contract::payload::ManifestObject;
use reelsmith_contract::setting::Setting;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::ports::PutOptions;
use reelsmith_pipeline::Settings;
use reelsmith_testkit::fakes::MemoryStore;

use super::*;

const GOOD: &str = include_str!("../../../sample-data/manifests/good/minimal.xml");
const BAD: &str = include_str!("../../../sample-data/manifests/bad/many-defects.xml");

async fn run(
    xml: Option<&str>,
    settings: &[(Setting, &str)],
) -> (Result<JobRef, Failure>, Objects) {
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::with_buckets(["in", "out"]));
    if let Some(xml) = xml {
        let body = bytes::Bytes::copy_from_slice(xml.as_bytes());
        store
            .put(
                &ObjectRef::new("in", "manifests/a.xml"),
                body,
                &PutOptions::default(),
            )
            .await
            .unwrap();
    }
    let outputs = Objects::new(store.clone(), "out");
    let mut all = vec![(Setting::ENCODER_BUILD, "ffmpeg test")];
    all.extend_from_slice(settings);
    let defaults = JobDefaults::of(&Settings::of(&all)).unwrap();
    let ports = Arc::new(Ports {
        store,
        outputs: outputs.clone(),
        defaults,
    });
    let source = ManifestObject {
        bucket: "in".into(),
        key: "manifests/a.xml".into(),
        version_id: None,
    };
    (
        handle(
            ports,
            ParseManifestInput { source },
            Invocation::of_test("r"),
        )
        .await,
        outputs,
    )
}

#[tokio::test]
async fn a_good_manifest_becomes_a_job_under_its_key() {
    let (job_ref, outputs) = run(Some(GOOD), &[]).await;
    let job_ref = job_ref.unwrap();
    let job: Job = outputs
        .read(&JobKeys(&job_ref.job_key).job())
        .await
        .unwrap();
    assert_eq!(
        (&job.job_key, &job.asset),
        (&job_ref.job_key, &job_ref.asset)
    );
    assert!(job.options.h265 && job.options.dash);
    let (again, _) = run(Some(GOOD), &[]).await;
    assert_eq!(
        again.unwrap(),
        job_ref,
        "the key is a function of the manifest and the settings"
    );
    let (other, _) = run(Some(GOOD), &[(Setting::ENABLE_H265, "false")]).await;
    assert_ne!(other.unwrap().job_key, job_ref.job_key);
}

#[tokio::test]
async fn a_mock_job_has_its_own_key_our_encoder_and_the_fastest_preset() {
    let (real, _) = run(Some(GOOD), &[(Setting::PROFILE, "draft")]).await;
    let settings = [
        (Setting::PROFILE, "draft"),
        (Setting::MOCK_MODE, "true"),
        (Setting::ENCODER, "mediaconvert"),
    ];
    let (mock, outputs) = run(Some(GOOD), &settings).await;
    let mock = mock.unwrap();
    // The draft profile already has the fastest presets, so only the mode differs.
    assert_ne!(mock.job_key, real.unwrap().job_key);
    let job: Job = outputs.read(&JobKeys(&mock.job_key).job()).await.unwrap();
    assert!(job.options.mock);
    assert_eq!(job.encoder, EncoderKind::Lambda);
    let presets = job.profile.codecs.values().map(|c| c.preset.as_str());
    assert!(presets.into_iter().all(|p| p == "ultrafast"));
}

#[tokio::test]
async fn a_bad_manifest_lists_every_defect_with_line_and_column() {
    let (result, _) = run(Some(BAD), &[]).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.name, ErrorName::ManifestInvalid);
    let defects = parse(BAD.as_bytes()).defects;
    let errors: Vec<_> = defects
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .collect();
    assert!(errors.len() >= 8);
    for error in errors {
        assert!(
            failure
                .found
                .contains(&format!("{}:{}: error", error.line, error.column)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_missing_or_empty_manifest_is_a_named_error() {
    assert_eq!(
        run(None, &[]).await.0.unwrap_err().name,
        ErrorName::ManifestMissing
    );
    assert_eq!(
        run(Some(""), &[]).await.0.unwrap_err().name,
        ErrorName::ManifestInvalid
    );
}

#[tokio::test]
async fn the_share_of_compared_pictures_is_in_the_job_and_not_in_its_key() {
    let job_of = async |settings: &[(Setting, &str)]| {
        let (job_ref, outputs) = run(Some(GOOD), settings).await;
        let key = job_ref.unwrap().job_key;
        let job: Job = outputs.read(&JobKeys(&key).job()).await.unwrap();
        (key, job.profile.proof.sampled_percent)
    };
    let (key, percent) = job_of(&[]).await;
    assert_eq!(percent, 10);
    assert_eq!(
        job_of(&[(Setting::QUALITY_SAMPLING, "all")]).await,
        (key, 100)
    );
}

#[test]
fn invalid_settings_are_named_errors() {
    for (setting, value) in [
        (Setting::PROFILE, "nope"),
        (Setting::ENCODER, "x"),
        (Setting::QUALITY_SAMPLING, "5"),
        (Setting::ENABLE_DASH, "1"),
    ] {
        let settings = Settings::of(&[(Setting::ENCODER_BUILD, "b"), (setting, value)]);
        let error = JobDefaults::of(&settings).err().unwrap();
        assert_eq!(error.name, ErrorName::ConfigurationInvalid);
        assert!(error.expected.starts_with(setting.name()), "{error}");
    }
}
