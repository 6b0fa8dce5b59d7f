use super::*;
use crate::Project;

fn args(manifest: &str, set: &[&str]) -> EstimateArgs {
    EstimateArgs {
        manifest: Project::find()
            .unwrap()
            .path("sample-data/manifests")
            .join(manifest),
        mezzanine: None,
        settings: SettingArgs {
            set: set.iter().map(|s| s.parse().unwrap()).collect(),
        },
        architecture: InstructionSet::default(),
        json: false,
    }
}

#[tokio::test]
async fn an_estimate_shows_chunks_rungs_time_and_cost() {
    let estimated = estimate(&args("good/full.xml", &[])).await.unwrap();
    let text = print(&estimated, false);
    for part in [
        "mezzanine ",
        "chunks ",
        "time ",
        "cost ",
        "video/h264_1080p",
        "BILLED",
        "Prices of us-east-1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json: serde_json::Value = serde_json::from_str(&print(&estimated, true)).unwrap();
    assert!(json["cost"]["total"].as_f64().unwrap() > 0.0, "{json}");
    assert!(json["fleet"]["wall_s"].as_f64().unwrap() > 0.0, "{json}");
}

#[tokio::test]
async fn settings_change_the_estimate() {
    let of = async |set: &[&str]| estimate(&args("good/full.xml", set)).await.unwrap();
    let (usual, few) = (of(&[]).await, of(&["MAX_CONCURRENCY=2"]).await);
    let draft = of(&["PROFILE=draft"]).await;
    let wall = |e: &ManifestEstimate| e.fleet.as_ref().unwrap().wall_s;
    assert!(wall(&few) > wall(&usual), "{} {}", wall(&few), wall(&usual));
    assert!(draft.cost.total < usual.cost.total);
    // This manifest does not name an encoder.
    let converted = estimate(&args("good/episode-01.xml", &["ENCODER=mediaconvert"])).await;
    match converted {
        Ok(converted) => assert!(converted.fleet.is_none(), "{converted:?}"),
        Err(e) => panic!("{e}"),
    }
}

#[tokio::test]
async fn a_manifest_that_cannot_be_estimated_is_an_error() {
    let defective = estimate(&args("bad/missing-mezzanine.xml", &[]))
        .await
        .unwrap_err();
    assert_eq!(defective.code, ErrorCode::ManifestDefective);
    let minimal = estimate(&args("good/minimal.xml", &[])).await.unwrap_err();
    insta::assert_snapshot!(minimal, @r"
    ManifestDefective: could not estimate from the manifest
      why:   expected picture size, frame rate and duration, but not all of them are known
      to do: give the mezzanine with --mezzanine, or add ResolutionWidth, ResolutionHeight, FrameRate and DurationSeconds to the manifest
    ");
}
