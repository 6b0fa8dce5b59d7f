//! Answers of S3 that an emulator does not give.

use super::*;
use crate::testing::{Script, answer, refusal};

/// A store whose requests go to a script.
fn store(script: &Script) -> S3Store {
    let config = aws_sdk_s3::config::Builder::from(&script.config())
        .force_path_style(true)
        .build();
    S3Store::new(Client::from_conf(config))
}

fn object() -> ObjectRef {
    ObjectRef::new("bucket", "key")
}

fn pin(version_id: Option<&str>) -> ObjectPin {
    ObjectPin {
        object: object(),
        version_id: version_id.map(str::to_owned),
        etag: "e1".to_owned(),
        size: 10,
    }
}

async fn create(store: &S3Store) -> PortResult<Put> {
    let options = PutOptions {
        create_only: true,
        ..PutOptions::default()
    };
    store
        .put(&object(), Bytes::from_static(b"x"), &options)
        .await
}

const CONFLICT: &str = "409 Conflict";

#[tokio::test]
async fn a_conflicting_write_is_retried() {
    let conflict = || refusal(CONFLICT, "ConditionalRequestConflict");
    let taken = refusal("412 Precondition Failed", "PreconditionFailed");
    let lost = Script::serve(vec![conflict(), conflict(), taken]).await;
    assert_eq!(create(&store(&lost)).await, Ok(Put::Exists));
    assert!(
        lost.requests()
            .iter()
            .all(|h| h.contains("if-none-match: *"))
    );
    // The other writer failed, so the key is still free.
    let won = Script::serve(vec![conflict(), answer("200 OK", "", "")]).await;
    assert_eq!(create(&store(&won)).await, Ok(Put::Written));
    let forever = Script::serve((0..9).map(|_| conflict()).collect()).await;
    let error = create(&store(&forever)).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    assert_eq!(forever.requests().len(), 6);
}

#[tokio::test]
async fn a_failed_precondition_without_a_condition_is_an_error() {
    let taken = || refusal("412 Precondition Failed", "PreconditionFailed");
    let script = Script::serve(vec![taken(), refusal("503 Slow Down", "SlowDown")]).await;
    let store = store(&script);
    let options = PutOptions::default();
    let object = object();
    let put = || store.put(&object, Bytes::new(), &options);
    let error = put().await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Changed, "{error}");
    let error = put().await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
}

fn part(version: &str) -> String {
    let headers = format!("Content-Range: bytes 2-4/10\r\nx-amz-version-id: {version}\r\n");
    answer("206 Partial Content", &headers, "234")
}

#[tokio::test]
async fn a_range_is_requested_from_the_newest_version_first() {
    let script = Script::serve(vec![part("v1")]).await;
    let found = store(&script).get_range(&pin(Some("v1")), 2, 5).await;
    assert_eq!(found.as_deref(), Ok(&b"234"[..]));
    let request = script.requests().remove(0);
    assert!(!request.contains("versionId"), "{request}");
    assert!(request.contains("if-match: \"e1\""), "{request}");
    assert!(request.contains("range: bytes=2-4"), "{request}");
}

#[tokio::test]
async fn an_older_version_is_requested_by_its_id() {
    for first in [
        refusal("404 Not Found", "NoSuchKey"),
        refusal("412 Precondition Failed", "PreconditionFailed"),
        part("v2"),
    ] {
        let script = Script::serve(vec![first, part("v1")]).await;
        let found = store(&script).get_range(&pin(Some("v1")), 2, 5).await;
        assert_eq!(found.as_deref(), Ok(&b"234"[..]));
        let request = script.requests().remove(1);
        assert!(request.contains("versionId=v1"), "{request}");
        assert!(request.contains("if-match: \"e1\""), "{request}");
        assert!(request.contains("range: bytes=2-4"), "{request}");
    }
}

#[tokio::test]
async fn without_a_version_id_there_is_one_request() {
    for (status, code, kind) in [
        ("404 Not Found", "NoSuchKey", PortErrorKind::NotFound),
        (
            "412 Precondition Failed",
            "PreconditionFailed",
            PortErrorKind::Changed,
        ),
    ] {
        let script = Script::serve(vec![refusal(status, code), part("v1")]).await;
        let error = store(&script)
            .get_range(&pin(None), 2, 5)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(script.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_range_is_cut_from_an_answer_with_the_whole_object() {
    let whole = || answer("200 OK", "", "0123456789");
    let script = Script::serve(vec![whole(), whole(), whole()]).await;
    let store = store(&script);
    for (start, end, expected) in [(2, 5, "234"), (0, 99, "0123456789"), (9, 10, "9")] {
        let found = store.get_range(&pin(None), start, end).await.unwrap();
        assert_eq!(&found[..], expected.as_bytes());
    }
}

#[tokio::test]
async fn an_unsatisfiable_range_means_a_changed_object() {
    let refusal = refusal("416 Range Not Satisfiable", "InvalidRange");
    let script = Script::serve(vec![refusal]).await;
    let error = store(&script)
        .get_range(&pin(None), 2, 5)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Changed, "{error}");
}

#[tokio::test]
async fn the_limit_applies_to_an_answer_of_unknown_length() {
    let endless = || "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789".to_owned();
    let script = Script::serve(vec![endless(), endless()]).await;
    let store = store(&script);
    assert_eq!(store.get(&object(), 10).await.unwrap().len(), 10);
    let error = store.get(&object(), 9).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Invalid, "{error}");
}

#[tokio::test]
async fn a_denied_head_mentions_that_the_object_may_be_missing() {
    let script = Script::serve(vec![answer("403 Forbidden", "", "")]).await;
    let error = store(&script).head(&object()).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Denied);
    assert_eq!(
        error.detail(),
        "HeadObject s3://bucket/key: HTTP 403 (S3 also answers this for a missing object if s3:ListBucket is not granted)"
    );
}

#[tokio::test]
async fn the_version_id_null_is_ignored() {
    let headers = "ETag: \"e1\"\r\nx-amz-version-id: null\r\n";
    let script = Script::serve(vec![answer("200 OK", headers, "")]).await;
    let meta = store(&script).head(&object()).await.unwrap();
    assert_eq!((meta.pin.version_id, &*meta.pin.etag), (None, "e1"));
}

#[tokio::test]
async fn a_key_that_is_not_deleted_is_an_error() {
    let error = |key: &str, code: &str| {
        format!("<Error><Key>{key}</Key><Code>{code}</Code><Message>m</Message></Error>")
    };
    let body = |errors: &str| format!("<DeleteResult>{errors}</DeleteResult>");
    let harmless = body(&error("a", "NoSuchKey"));
    let denied = body(
        &(error("a", "NoSuchKey") + &error("b", "AccessDenied") + &error("c", "AccessDenied")),
    );
    let busy = body(&error("a", "InternalError"));
    let answers = [harmless, denied, busy].map(|b| answer("200 OK", "", &b));
    let script = Script::serve(answers.into()).await;
    let store = store(&script);
    let keys = ["a", "b", "c"].map(str::to_owned);
    store.delete("bucket", &keys).await.unwrap();
    let error = store.delete("bucket", &keys).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Denied);
    assert_eq!(
        error.detail(),
        "DeleteObjects s3://bucket/b: AccessDenied: m (1 more keys refused)"
    );
    let error = store.delete("bucket", &keys).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
}
