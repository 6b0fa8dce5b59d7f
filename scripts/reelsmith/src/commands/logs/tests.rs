use super::*;
use crate::stack::fake::{NOW, World, key};

fn request(job: &str) -> Request {
    Request {
        job: Some(job.to_owned()),
        functions: Vec::new(),
        grep: None,
        all: false,
        limit: 100,
        json: false,
    }
}

fn world() -> World {
    let world = World::usual();
    let line = |at: i64, message: &str| LogLine {
        at_ms: NOW + at,
        stream: "2026/01/01/[$LATEST]ab".into(),
        message: message.to_owned(),
    };
    let ours = |at: &str, level: &str, message: &str, job: char, more: &str| {
        format!(
            r#"{{"timestamp":"2025-12-31T23:59:{at}Z","level":"{level}","message":"{message}","target":"x","span":{{"job_key":"{}","name":"invocation"{more}}}}}"#,
            key(job)
        )
    };
    let mut logs = world.fake.logs.lock().unwrap();
    logs.insert(
        "/aws/lambda/reelsmith-transcode-chunk".into(),
        vec![
            line(-50_000, "START RequestId: 1 Version: $LATEST"),
            line(
                -50_000,
                &ours("10.250", "INFO", "encoded", 'a', r#","chunk":3,"group":0"#),
            ),
            line(-50_000, &ours("11", "INFO", "encoded", 'b', "")),
        ],
    );
    logs.insert(
        "/aws/lambda/reelsmith-parse-manifest".into(),
        vec![line(-99_000, r#"{"timestamp":"2025-12-31T23:58:21Z","level":"WARN","message":"odd manifest","manifest":"s3://reelsmith-input/manifests/pilot.xml"}"#)],
    );
    drop(logs);
    world
}

#[tokio::test]
async fn the_lines_of_one_job_are_told_from_those_of_others() {
    let request = request("pilot");
    let lines = logs(&world().target, &request).await.unwrap();
    insta::assert_snapshot!(print(&lines, &request), @r"
         1.0 s  WARN  parse-manifest     odd manifest  manifest=s3://reelsmith-input/manifests/pilot.xml
        50.2 s  INFO  transcode-chunk    encoded  chunk=3  group=0
    ");
}

#[tokio::test]
async fn all_lines_functions_texts_and_json() {
    let world = world();
    let read = async |change: &dyn Fn(&mut Request)| {
        let mut request = request("pilot");
        change(&mut request);
        let lines = logs(&world.target, &request).await.unwrap();
        print(&lines, &request)
    };
    assert_eq!(read(&|r| r.all = true).await.lines().count(), 4);
    assert_eq!(
        read(&|r| r.functions = vec!["parse-manifest".into()])
            .await
            .lines()
            .count(),
        1
    );
    assert_eq!(
        read(&|r| r.grep = Some("chunk\":3".into()))
            .await
            .lines()
            .count(),
        1
    );
    insta::assert_snapshot!(
        read(&|r| {
            r.json = true;
            r.functions = vec!["transcode-chunk".into()];
        })
        .await
    );
    assert!(
        read(&|r| r.grep = Some("absent".into()))
            .await
            .starts_with("no line")
    );
}

#[tokio::test]
async fn a_function_that_is_not_there_is_named_with_those_that_are() {
    let request = Request {
        functions: vec!["transcode".into()],
        ..request("pilot")
    };
    let trouble = logs(&world().target, &request).await.unwrap_err();
    assert!(trouble.why.contains("transcode-chunk, "), "{trouble}");
}
