//! The cap, from the estimate of a two-hour film.

use reelsmith_core::cost::Usd;
use reelsmith_core::probe::Inspection;

use super::*;
use reelsmith_core::keys::JobKeys;

/// Two hours of 1080p at 24 frames per second.
fn film() -> Inspection {
    let stream = serde_json::json!({
        "index": 0, "codec": "prores", "profile": null, "coded": {"width": 1920, "height": 1080}, "sar": [1, 1], "rotation": 0,
        "pixel_format": "yuv422p10le", "bit_depth": 10, "base_frame_rate": "24/1", "average_frame_rate": "24/1",
        "time_base": [1, 24], "field_order": "progressive", "primaries": null, "transfer": null, "matrix": null, "range": null
    });
    let inspection = serde_json::json!({
        "mezzanine": {"bucket": "in", "key": "mezzanines/film.mov", "version_id": "1", "etag": "e", "size": 1_000},
        "size": 1_000, "captions": [],
        "probe": {"container": "mov", "duration_us": 7_200_000_000_u64, "video": stream, "audio": [], "streams": 1}
    });
    serde_json::from_value(inspection).unwrap()
}

async fn capped(encoder: EncoderKind, cap: f64) -> World {
    let mut world = world(encoder, false).await;
    let keys = JobKeys(&world.job.job_key).probe();
    world.ports.outputs.write(&keys, &film()).await.unwrap();
    Arc::get_mut(&mut world.ports).unwrap().cap = Some(Usd(cap));
    world
}

#[tokio::test]
async fn a_job_above_the_cap_is_refused_before_it_is_committed() {
    let world = capped(EncoderKind::Lambda, 0.5).await;
    let failure = world.try_submit("a").await.unwrap_err();
    assert_eq!(failure.name, ErrorName::CostLimitExceeded);
    assert!(failure.expected.contains("$0.5000"), "{failure}");
    let row = world.submissions.row(&world.job.job_key).await.unwrap();
    assert_eq!(row.unwrap().state, State::Reserved, "fail-job releases it");
}

#[tokio::test]
async fn a_job_below_the_cap_is_committed() {
    let world = capped(EncoderKind::Lambda, 50.0).await;
    assert_eq!(world.submit("a").await.decision, Decision::Encode);
}

#[tokio::test]
async fn a_finished_job_is_a_duplicate_whatever_the_cap() {
    let mut world = capped(EncoderKind::Lambda, 50.0).await;
    let claim = world.submit("a").await.claim;
    world.complete(&claim).await;
    Arc::get_mut(&mut world.ports).unwrap().cap = Some(Usd(0.01));
    assert_eq!(
        world.submit("b").await.decision,
        Decision::DuplicateComplete
    );
}
