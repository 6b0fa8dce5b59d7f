use super::*;
use crate::testing::FakeDeployment;

fn args(status: Option<ExecutionStatus>, json: bool) -> ListArgs {
    ListArgs {
        status,
        limit: 20,
        json,
    }
}

async fn listed(deployment: &FakeDeployment, args: &ListArgs) -> String {
    print(&list(&deployment.connection, args).await.unwrap(), args)
}

#[tokio::test]
async fn the_newest_executions_are_first_with_their_jobs() {
    insta::assert_snapshot!(listed(&FakeDeployment::usual(), &args(None, false)).await);
    insta::assert_snapshot!(listed(&FakeDeployment::usual(), &args(None, true)).await);
}

#[tokio::test]
async fn a_status_selects_executions() {
    let of = args(Some(ExecutionStatus::Running), false);
    let text = listed(&FakeDeployment::usual(), &of).await;
    assert!(
        text.contains("feature-s01e02") && !text.contains("pilot"),
        "{text}"
    );
    let none = listed(&FakeDeployment::empty(), &of).await;
    insta::assert_snapshot!(none, @"no execution has the status running");
    insta::assert_snapshot!(listed(&FakeDeployment::empty(), &args(None, false)).await, @"no executions yet; start one with `reelsmith submit MANIFEST`");
}
