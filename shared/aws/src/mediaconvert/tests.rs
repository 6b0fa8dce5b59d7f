use reelsmith_testkit::orders::{Ordered, Source, options};
use serde_json::{Value, json};

use super::*;
use crate::testing::{Script, answer};

fn service(script: &Script) -> MediaConvert {
    MediaConvert::new(Client::new(&script.config()), "arn:role", "arn:queue")
}

fn job(id: &str, status: &str, created: i64) -> Value {
    let order = Ordered::usual().order().unwrap();
    json!({"id": id, "status": status, "createdAt": created, "role": "r",
        "settings": {"inputs": [{"fileInput": order.input.to_string()}]},
        "userMetadata": metadata(&order.tag)})
}

fn ok(body: &Value) -> String {
    answer(
        "200 OK",
        "Content-Type: application/json\r\n",
        &body.to_string(),
    )
}

fn refusal(status: &str, code: &str) -> String {
    let headers = format!("Content-Type: application/json\r\nx-amzn-ErrorType: {code}\r\n");
    answer(status, &headers, r#"{"message":"because"}"#)
}

/// The body of the request as JSON.
fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn the_request_of_the_sample_job() {
    let made = ok(&json!({"job": job("1-a", "SUBMITTED", 1_700_000_000)}));
    let script = Script::serve(vec![made]).await;
    let order = Ordered::usual().order().unwrap();
    let job = service(&script).create(&order).await.unwrap();
    assert_eq!((job.id.as_str(), job.tag), ("1-a", order.tag));
    assert_eq!(job.created, UnixMillis(1_700_000_000_000));
    let mut request = body(&script.requests()[0]);
    // Both are hashes of the whole job, settings included.
    for hash in ["/userMetadata/job_key", "/clientRequestToken"] {
        *request.pointer_mut(hash).unwrap() = json!("…");
    }
    let destination = "/settings/outputGroups/0/outputGroupSettings/cmafGroupSettings/destination";
    *request.pointer_mut(destination).unwrap() = json!("…");
    insta::assert_json_snapshot!(request);
}

#[tokio::test]
async fn a_title_without_audio_orders_no_audio() {
    let made = ok(&json!({"job": job("1-a", "SUBMITTED", 1)}));
    let script = Script::serve(vec![made]).await;
    let xml = include_bytes!("../../../../sample-data/manifests/good/no-audio.xml");
    let ordered = Ordered::of(xml, "default", options(true, true), &Source::default());
    let order = ordered.order().unwrap();
    service(&script).create(&order).await.unwrap();
    let settings = &body(&script.requests()[0])["settings"];
    let text = settings.to_string().to_lowercase();
    assert!(!text.contains("audio"), "{settings:#}");
    let outputs = &settings["outputGroups"][0]["outputs"];
    assert_eq!(outputs.as_array().unwrap().len(), order.video.len());
}

#[tokio::test]
async fn every_status_of_a_job_is_mapped() {
    let mut failed = job("f", "ERROR", 1);
    failed["errorCode"] = json!(1404);
    failed["errorMessage"] = json!("Unable to open input file");
    let mut running = job("r", "PROGRESSING", 1);
    running["jobPercentComplete"] = json!(42);
    let cases = [
        (job("w", "SUBMITTED", 1), EncodeState::Waiting),
        (running, EncodeState::Running { percent: 42 }),
        (job("d", "COMPLETE", 1), EncodeState::Done),
        (job("c", "CANCELED", 1), EncodeState::Cancelled),
        (job("n", "BREWING", 1), EncodeState::Running { percent: 0 }),
        (
            failed,
            EncodeState::Failed {
                code: 1404,
                message: "Unable to open input file".to_owned(),
            },
        ),
    ];
    for (job, expected) in cases {
        let script = Script::serve(vec![ok(&json!({ "job": job }))]).await;
        let found = service(&script).job("x").await.unwrap();
        assert_eq!(found.state, expected);
    }
}

#[tokio::test]
async fn a_search_reads_pages_until_jobs_are_too_old() {
    let mut stranger = job("s", "COMPLETE", 50);
    stranger["userMetadata"] = json!({});
    let first = json!({"jobs": [job("a", "SUBMITTED", 90), stranger], "nextToken": "n"});
    let second = json!({"jobs": [job("b", "ERROR", 40), job("c", "ERROR", 9)], "nextToken": "m"});
    let script = Script::serve(vec![ok(&first), ok(&second)]).await;
    let order = Ordered::usual().order().unwrap();
    let found = service(&script)
        .find(&order.input, &order.tag.job_key, UnixMillis(10_000))
        .await;
    let ids: Vec<_> = found.unwrap().into_iter().map(|j| j.id).collect();
    assert_eq!(ids, ["a", "b"]);
    let asked = script.requests();
    assert_eq!(asked.len(), 2);
    assert!(
        asked[0].starts_with("GET /2017-08-29/search?"),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains("inputFile=s3%3A%2F%2Fin%2F"),
        "{}",
        asked[0]
    );
    assert!(asked[1].contains("nextToken=n"), "{}", asked[1]);
}

#[tokio::test]
async fn errors_have_the_right_kind() {
    for (status, code, kind) in [
        (
            "429 Too Many",
            "TooManyRequestsException",
            PortErrorKind::Unavailable,
        ),
        (
            "402 Quota",
            "ServiceQuotaExceededException",
            PortErrorKind::Unavailable,
        ),
        (
            "500 Oops",
            "InternalServerErrorException",
            PortErrorKind::Unavailable,
        ),
        ("403 No", "ForbiddenException", PortErrorKind::Denied),
        ("404 None", "NotFoundException", PortErrorKind::NotFound),
        ("400 Bad", "BadRequestException", PortErrorKind::Invalid),
        ("409 Conflict", "ConflictException", PortErrorKind::Invalid),
    ] {
        let script = Script::serve(vec![refusal(status, code)]).await;
        let order = Ordered::usual().order().unwrap();
        let error = service(&script).create(&order).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.detail().contains("because"), "{error}");
    }
}

#[tokio::test]
async fn cancelling_an_ended_job_is_no_error() {
    let ended = ok(&json!({"job": job("d", "COMPLETE", 1)}));
    let conflict = refusal("409 Conflict", "ConflictException");
    let script = Script::serve(vec![conflict.clone(), ended]).await;
    service(&script).cancel("d").await.unwrap();
    let open = ok(&json!({"job": job("w", "SUBMITTED", 1)}));
    let script = Script::serve(vec![conflict, open]).await;
    assert!(service(&script).cancel("w").await.is_err());
}
