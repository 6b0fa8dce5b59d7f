use super::*;
use crate::testing::{FakeDeployment, key, name};

async fn found(deployment: &FakeDeployment, wanted: Option<&str>) -> Result<String, ErrorCode> {
    let job = ResolvedJob::find(&deployment.connection, wanted)
        .await
        .map_err(|e| e.code)?;
    Ok(job.execution.unwrap().summary.name)
}

#[tokio::test]
async fn a_job_is_found_by_each_of_its_names() {
    let deployment = FakeDeployment::usual();
    let pilot = name("pilot", '1');
    let (arn, key) = (deployment.arn(&pilot), key('a'));
    for wanted in [
        pilot.as_str(),
        &arn,
        "pilot",
        "pil",
        key.as_str(),
        "aaaaaaaa",
        "pilot-s01e01",
    ] {
        assert_eq!(
            found(&deployment, Some(wanted)).await,
            Ok(pilot.clone()),
            "{wanted}"
        );
    }
    let job = ResolvedJob::find(&deployment.connection, Some("pilot"))
        .await
        .unwrap();
    assert_eq!(job.row.as_ref().unwrap().job_key, key);
    assert!(job.owns_row());
}

#[tokio::test]
async fn without_a_name_the_newest_execution_is_found() {
    assert_eq!(
        found(&FakeDeployment::usual(), None).await,
        Ok(name("short", '3'))
    );
    assert_eq!(
        found(&FakeDeployment::empty(), None).await,
        Err(ErrorCode::JobUnknown)
    );
}

#[tokio::test]
async fn a_manifest_name_selects_its_newest_execution_but_a_prefix_must_be_unique() {
    let deployment = FakeDeployment::usual();
    let again = name("pilot", '9');
    let running = reelsmith_aws::operate::ExecutionStatus::Running;
    let view = deployment.execution(&again, running, 1_000, None);
    deployment.add(view, &[], None);
    assert_eq!(found(&deployment, Some("pilot")).await, Ok(again));
    for (wanted, code) in [
        ("pilot-", ErrorCode::JobAmbiguous),
        ("aaaa", ErrorCode::JobUnknown),
        ("absent", ErrorCode::JobUnknown),
    ] {
        assert_eq!(found(&deployment, Some(wanted)).await, Err(code));
    }
}

#[test]
fn a_redrive_has_the_stem_of_the_original_execution() {
    let name = name("my-film", '1');
    assert_eq!(stem(&name), "my-film");
    assert_eq!(stem(&format!("{name}-r12")), "my-film");
    assert_eq!(without_redrive(&format!("{name}-r12")), name);
    assert_eq!(stem("odd"), "odd");
}
