use super::*;
use crate::stack::fake::{NOW, World, key};

async fn reported(job: &str, json: bool) -> String {
    let world = World::usual();
    let run = |worker: &str, began: i64, ended: i64| {
        serde_json::json!({"run": {"request_id": "r", "worker": worker, "started": NOW + began, "ended": NOW + ended,
            "cpu_ms": 1_500, "bytes_read": 2_000_000, "encoder_build": "ffmpeg 5"}})
    };
    let runs = [
        ("a", -97_000, -90_000),
        ("b", -97_000, -80_000),
        ("a", -120_000, -110_000),
    ];
    for (n, (worker, began, ended)) in runs.into_iter().enumerate() {
        let record = format!("jobs/{}/chunks/{n:05}-0.json", key('a'));
        world.object(&record, &run(worker, began, ended).to_string());
    }
    let request = Request {
        about: About {
            job: Some(job.to_owned()),
            json,
        },
        html: None,
    };
    let (report, _) = report(&world.target, &request).await.unwrap();
    print(&report, json)
}

#[tokio::test]
async fn where_the_time_went_and_how_the_workers_did() {
    insta::assert_snapshot!(reported("pilot", false).await);
    insta::assert_snapshot!(reported("pilot", true).await);
}

#[tokio::test]
async fn a_job_without_records_has_its_states_only() {
    insta::assert_snapshot!(reported("short", false).await);
}
