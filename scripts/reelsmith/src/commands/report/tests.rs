use super::*;
use crate::job::resolve::JobArg;
use crate::testing::{FakeDeployment, NOW, key};

async fn reported(job: &str, json: bool) -> String {
    let deployment = FakeDeployment::usual();
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
        deployment.put(&record, &run(worker, began, ended).to_string());
    }
    let args = ReportArgs {
        selector: JobSelector {
            job: JobArg {
                name: Some(job.to_owned()),
            },
            json,
        },
        html: None,
    };
    let (report, _) = report(&deployment.connection, &args).await.unwrap();
    print(&report, json)
}

#[tokio::test]
async fn a_published_job_has_states_and_workers() {
    insta::assert_snapshot!(reported("pilot", false).await);
    insta::assert_snapshot!(reported("pilot", true).await);
}

#[tokio::test]
async fn a_job_without_records_has_only_states() {
    insta::assert_snapshot!(reported("short", false).await);
}
