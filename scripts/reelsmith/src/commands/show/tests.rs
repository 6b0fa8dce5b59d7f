use super::*;
use crate::job::resolve::JobArg;
use crate::testing::FakeDeployment;

async fn shown(job: Option<&str>, json: bool) -> String {
    let selector = JobSelector {
        job: JobArg {
            name: job.map(str::to_owned),
        },
        json,
    };
    print(
        &show(&FakeDeployment::usual().connection, &selector)
            .await
            .unwrap(),
        json,
    )
}

#[tokio::test]
async fn a_published_job() {
    insta::assert_snapshot!(shown(Some("pilot"), false).await);
    insta::assert_snapshot!(shown(Some("pilot"), true).await);
}

#[tokio::test]
async fn a_failed_job_shows_the_reason_and_the_remedy() {
    insta::assert_snapshot!(shown(Some("short"), false).await);
}

#[tokio::test]
async fn a_running_job_shows_the_execution_that_holds_it() {
    insta::assert_snapshot!(shown(Some("feature"), false).await);
}
