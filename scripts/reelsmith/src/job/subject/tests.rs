use super::*;
use crate::stack::fake::{World, key, name};

async fn found(world: &World, what: Option<&str>) -> Result<String, Name> {
    let subject = Subject::find(&world.target, what)
        .await
        .map_err(|t| t.name)?;
    Ok(subject.execution.unwrap().summary.name)
}

#[tokio::test]
async fn a_job_is_found_by_whatever_tells_it() {
    let world = World::usual();
    let pilot = name("pilot", '1');
    let (arn, key) = (world.arn(&pilot), key('a'));
    for what in [
        pilot.as_str(),
        &arn,
        "pilot",
        "pil",
        key.as_str(),
        "aaaaaaaa",
        "pilot-s01e01",
    ] {
        assert_eq!(found(&world, Some(what)).await, Ok(pilot.clone()), "{what}");
    }
    let subject = Subject::find(&world.target, Some("pilot")).await.unwrap();
    assert_eq!(subject.row.as_ref().unwrap().job_key, key);
    assert!(subject.owns_row());
}

#[tokio::test]
async fn without_a_name_it_is_the_newest() {
    assert_eq!(found(&World::usual(), None).await, Ok(name("short", '3')));
    assert_eq!(found(&World::empty(), None).await, Err(Name::JobUnknown));
}

#[tokio::test]
async fn of_deliveries_of_one_manifest_it_is_the_newest_and_of_different_ones_none() {
    let world = World::usual();
    let again = name("pilot", '9');
    let view = world.execution(
        &again,
        reelsmith_aws::operate::ExecutionStatus::Running,
        1_000,
        None,
    );
    world.place(view, &[], None);
    assert_eq!(found(&world, Some("pilot")).await, Ok(again));
    assert_eq!(found(&world, Some("pilot-")).await, Err(Name::JobAmbiguous));
    assert_eq!(found(&world, Some("aaaa")).await, Err(Name::JobUnknown));
    assert_eq!(found(&world, Some("absent")).await, Err(Name::JobUnknown));
}

#[test]
fn a_redrive_has_the_stem_of_what_it_redrives() {
    let name = name("my-film", '1');
    assert_eq!(stem(&name), "my-film");
    assert_eq!(stem(&format!("{name}-r12")), "my-film");
    assert_eq!(without_redrive(&format!("{name}-r12")), name);
    assert_eq!(stem("odd"), "odd");
}
