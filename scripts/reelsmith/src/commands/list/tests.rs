use super::*;
use crate::stack::fake::World;

fn request(status: Option<Status>, json: bool) -> Request {
    Request {
        status,
        limit: 20,
        json,
    }
}

async fn listed(world: &World, request: &Request) -> String {
    print(&list(&world.target, request).await.unwrap(), request)
}

#[tokio::test]
async fn the_newest_come_first_with_the_job_they_held() {
    insta::assert_snapshot!(listed(&World::usual(), &request(None, false)).await);
    insta::assert_snapshot!(listed(&World::usual(), &request(None, true)).await);
}

#[tokio::test]
async fn only_those_of_a_status_where_one_is_asked_for() {
    let of = request(Some(Status::Running), false);
    let text = listed(&World::usual(), &of).await;
    assert!(
        text.contains("feature-s01e02") && !text.contains("pilot"),
        "{text}"
    );
    let none = listed(&World::empty(), &of).await;
    insta::assert_snapshot!(none, @"no execution is running");
    insta::assert_snapshot!(listed(&World::empty(), &request(None, false)).await, @"no execution yet: `reelsmith submit MANIFEST` starts one");
}
