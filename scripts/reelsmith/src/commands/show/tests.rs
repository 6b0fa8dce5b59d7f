use super::*;
use crate::stack::fake::World;

async fn shown(job: Option<&str>, json: bool) -> String {
    let request = About {
        job: job.map(str::to_owned),
        json,
    };
    print(&show(&World::usual().target, &request).await.unwrap(), json)
}

#[tokio::test]
async fn a_job_that_is_published() {
    insta::assert_snapshot!(shown(Some("pilot"), false).await);
    insta::assert_snapshot!(shown(Some("pilot"), true).await);
}

#[tokio::test]
async fn a_job_that_failed_tells_why_and_what_to_do() {
    insta::assert_snapshot!(shown(Some("short"), false).await);
}

#[tokio::test]
async fn a_job_that_runs_tells_who_holds_it() {
    insta::assert_snapshot!(shown(Some("feature"), false).await);
}
