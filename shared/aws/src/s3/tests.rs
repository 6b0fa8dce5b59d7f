//! Against a server that says what S3 says when it matters, and an emulator never does.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Answers each request with the next of the given answers and remembers the heads of the requests.
struct Script {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Script {
    async fn serve(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            for answer in answers {
                let (mut client, _) = listener.accept().await.unwrap();
                let head = read_request(&mut client).await;
                seen.lock().unwrap().push(head);
                client.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { port, heads }
    }

    /// A store that asks once, so that every answer counts.
    fn store(&self) -> S3Store {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(format!("http://127.0.0.1:{}", self.port))
            .force_path_style(true)
            .build();
        S3Store::new(Client::from_conf(config))
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn read_request(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let end = loop {
        assert!(client.read_buf(&mut bytes).await.unwrap() > 0);
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |n| n.parse().unwrap());
    while bytes.len() < end + length {
        assert!(client.read_buf(&mut bytes).await.unwrap() > 0);
    }
    head
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

fn refusal(status: &str, code: &str) -> String {
    let body = format!("<Error><Code>{code}</Code><Message>because</Message></Error>");
    answer(status, "Content-Type: application/xml\r\n", &body)
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
async fn a_conflict_of_creators_is_settled_by_asking_again() {
    let conflict = || refusal(CONFLICT, "ConditionalRequestConflict");
    let taken = refusal("412 Precondition Failed", "PreconditionFailed");
    let lost = Script::serve(vec![conflict(), conflict(), taken]).await;
    assert_eq!(create(&lost.store()).await, Ok(Put::Exists));
    assert!(lost.heads().iter().all(|h| h.contains("if-none-match: *")));
    // The other writer failed after all: what looked taken was not.
    let won = Script::serve(vec![conflict(), answer("200 OK", "", "")]).await;
    assert_eq!(create(&won.store()).await, Ok(Put::Written));
    let forever = Script::serve((0..9).map(|_| conflict()).collect()).await;
    let error = create(&forever.store()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable, "{error}");
    assert_eq!(forever.heads().len(), 6);
}

#[tokio::test]
async fn only_the_condition_makes_a_write_find_its_key_taken() {
    let taken = || refusal("412 Precondition Failed", "PreconditionFailed");
    let script = Script::serve(vec![taken(), refusal("503 Slow Down", "SlowDown")]).await;
    let store = script.store();
    let options = PutOptions::default();
    let object = object();
    let put = || store.put(&object, Bytes::new(), &options);
    let error = put().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Changed, "{error}");
    let error = put().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn a_range_is_asked_of_the_newest_version_first() {
    let part = answer(
        "206 Partial Content",
        "Content-Range: bytes 2-4/10\r\n",
        "234",
    );
    let gone = refusal("404 Not Found", "NoSuchKey");
    let changed = refusal("412 Precondition Failed", "PreconditionFailed");
    for (first, kind) in [
        (gone, PortErrorKind::NotFound),
        (changed, PortErrorKind::Changed),
    ] {
        let script = Script::serve(vec![first.clone(), part.clone(), first]).await;
        let store = script.store();
        let found = store.get_range(&pin(Some("v1")), 2, 5).await.unwrap();
        assert_eq!(&found[..], b"234");
        let heads = script.heads();
        assert!(!heads[0].contains("versionId"), "{}", heads[0]);
        assert!(heads[1].contains("versionId=v1"), "{}", heads[1]);
        for head in heads {
            assert!(head.contains("if-match: \"e1\""), "{head}");
            assert!(head.contains("range: bytes=2-4"), "{head}");
        }
        let error = store.get_range(&pin(None), 2, 5).await.unwrap_err();
        assert_eq!(
            error.kind, kind,
            "without a version id nothing else is asked"
        );
    }
}

#[tokio::test]
async fn a_range_answered_with_the_whole_object_is_cut_out_of_it() {
    let whole = || answer("200 OK", "", "0123456789");
    let script = Script::serve(vec![whole(), whole(), whole()]).await;
    let store = script.store();
    for (start, end, expected) in [(2, 5, "234"), (0, 99, "0123456789"), (9, 10, "9")] {
        let found = store.get_range(&pin(None), start, end).await.unwrap();
        assert_eq!(&found[..], expected.as_bytes());
    }
}

#[tokio::test]
async fn a_range_that_cannot_be_satisfied_is_not_of_the_pinned_object() {
    let refusal = refusal("416 Range Not Satisfiable", "InvalidRange");
    let script = Script::serve(vec![refusal]).await;
    let error = script
        .store()
        .get_range(&pin(None), 2, 5)
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Changed, "{error}");
}

#[tokio::test]
async fn an_answer_of_unknown_length_is_held_to_the_limit() {
    let endless = || "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789".to_owned();
    let script = Script::serve(vec![endless(), endless()]).await;
    let store = script.store();
    assert_eq!(store.get(&object(), 10).await.unwrap().len(), 10);
    let error = store.get(&object(), 9).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid, "{error}");
}

#[tokio::test]
async fn a_denied_head_says_that_the_object_may_be_missing() {
    let script = Script::serve(vec![answer("403 Forbidden", "", "")]).await;
    let error = script.store().head(&object()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Denied);
    assert_eq!(
        error.detail,
        "HeadObject s3://bucket/key: HTTP 403 (S3 answers so for a missing object too where s3:ListBucket is not granted)"
    );
}

#[tokio::test]
async fn a_version_id_of_null_is_no_version_id() {
    let headers = "ETag: \"e1\"\r\nx-amz-version-id: null\r\n";
    let script = Script::serve(vec![answer("200 OK", headers, "")]).await;
    let meta = script.store().head(&object()).await.unwrap();
    assert_eq!((meta.pin.version_id, &*meta.pin.etag), (None, "e1"));
}

#[tokio::test]
async fn a_key_that_could_not_be_deleted_is_an_error_although_the_answer_is_200() {
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
    let store = Script::serve(answers.into()).await.store();
    let keys = ["a", "b", "c"].map(str::to_owned);
    store.delete("bucket", &keys).await.unwrap();
    let error = store.delete("bucket", &keys).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Denied);
    assert_eq!(
        error.detail,
        "DeleteObjects s3://bucket/b: AccessDenied: m (1 more keys refused)"
    );
    let error = store.delete("bucket", &keys).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
}
