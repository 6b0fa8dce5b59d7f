use super::*;
use crate::testing::{FakeDeployment, NOW, key};

fn args(job: &str) -> LogsArgs {
    LogsArgs {
        job: JobArg {
            name: Some(job.to_owned()),
        },
        functions: Vec::new(),
        grep: None,
        all: false,
        limit: 100,
        json: false,
    }
}

fn deployment() -> FakeDeployment {
    let deployment = FakeDeployment::usual();
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
    let mut logs = deployment.operations.logs.lock().unwrap();
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
    deployment
}

#[tokio::test]
async fn only_the_lines_of_the_job_are_printed() {
    let args = args("pilot");
    let lines = logs(&deployment().connection, &args).await.unwrap();
    insta::assert_snapshot!(print(&lines, &args), @r"
         1.0 s  WARN  parse-manifest     odd manifest  manifest=s3://reelsmith-input/manifests/pilot.xml
        50.2 s  INFO  transcode-chunk    encoded  chunk=3  group=0
    ");
}

#[tokio::test]
async fn options_select_lines_and_format() {
    let deployment = deployment();
    let read = async |change: &dyn Fn(&mut LogsArgs)| {
        let mut args = args("pilot");
        change(&mut args);
        let lines = logs(&deployment.connection, &args).await.unwrap();
        print(&lines, &args)
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
            .starts_with("no lines")
    );
}

#[tokio::test]
async fn an_unknown_function_is_refused_and_the_known_ones_are_listed() {
    let args = LogsArgs {
        functions: vec!["transcode".into()],
        ..args("pilot")
    };
    let error = logs(&deployment().connection, &args).await.unwrap_err();
    assert!(error.why.contains("transcode-chunk, "), "{error}");
}
