use super::*;
use crate::Project;

fn request(manifest: &str, set: &[&str]) -> Request {
    Request {
        manifest: Project::find()
            .unwrap()
            .path("sample-data/manifests")
            .join(manifest),
        mezzanine: None,
        set: set.iter().map(|s| s.parse().unwrap()).collect(),
        architecture: Machine::default(),
        json: false,
    }
}

#[test]
fn a_manifest_tells_chunks_rungs_time_and_cost_before_anything_is_paid() {
    let estimated = estimate(&request("good/full.xml", &[])).unwrap();
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

#[test]
fn settings_change_the_answer_as_they_change_the_job() {
    let of = |set: &[&str]| estimate(&request("good/full.xml", set)).unwrap();
    let (usual, few, draft) = (of(&[]), of(&["MAX_CONCURRENCY=2"]), of(&["PROFILE=draft"]));
    let wall = |e: &Estimated| e.fleet.as_ref().unwrap().wall_s;
    assert!(wall(&few) > wall(&usual), "{} {}", wall(&few), wall(&usual));
    assert!(draft.cost.total < usual.cost.total);
    // That one names no encoder of its own.
    let converted = estimate(&request("good/episode-01.xml", &["ENCODER=mediaconvert"]));
    match converted {
        Ok(converted) => assert!(converted.fleet.is_none(), "{converted:?}"),
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn what_cannot_be_estimated_is_an_error_that_says_why() {
    let defective = estimate(&request("bad/missing-mezzanine.xml", &[])).unwrap_err();
    assert_eq!(defective.name, Name::ManifestDefective);
    let minimal = estimate(&request("good/minimal.xml", &[])).unwrap_err();
    insta::assert_snapshot!(minimal, @r"
    ManifestDefective: could not estimate by the manifest
      why:   expected picture, frame rate and duration, found not all of them
      to do: give the mezzanine with --mezzanine, or ResolutionWidth, ResolutionHeight, FrameRate and DurationSeconds in the manifest
    ");
    let workers = estimate(&request("good/full.xml", &["MAX_CONCURRENCY=none"])).unwrap_err();
    assert!(
        workers
            .why
            .contains("MAX_CONCURRENCY: expected a number above 0"),
        "{workers}"
    );
}
