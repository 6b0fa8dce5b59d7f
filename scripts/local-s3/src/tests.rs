//! What no adapter of reelsmith asks for, and what the emulator would have to answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::files::{Content, Folder};
use crate::index::{Condition, Expected, Headers, Index, Object, Part};

/// Bytes as an object.
fn object(folder: &Folder, text: &str) -> Object {
    Object {
        content: content(folder, text.as_bytes()),
        etag: text.to_owned(),
        crc64: None,
        headers: Headers::default(),
    }
}

fn content(folder: &Folder, bytes: &[u8]) -> Content {
    let file = folder.new_file();
    std::fs::write(&file.path, bytes).unwrap();
    Content::of_file(file, bytes.len() as u64)
}

async fn read(content: Content) -> Vec<u8> {
    use futures::TryStreamExt as _;
    let pieces: Vec<Bytes> = content.stream().try_collect().await.unwrap();
    pieces.concat()
}

fn part(folder: &Folder, bytes: &[u8]) -> Part {
    use md5::Digest as _;
    Part {
        content: content(folder, bytes),
        md5: md5::Md5::digest(bytes).into(),
        crc64: crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes),
        modified: jiff::Timestamp::now(),
    }
}

#[tokio::test]
async fn parts_are_joined_without_a_copy_and_checked_as_a_whole() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::create(root.path()).unwrap();
    let mut index = Index::default();
    index.create_bucket("b").unwrap();
    let id = index
        .start_upload("b", "k", Headers::default(), None)
        .unwrap();
    let (first, last) = (vec![7; 5 << 20], b"end".to_vec());
    let parts = &mut index.upload_mut("b", "k", &id).unwrap().parts;
    parts.insert(1, part(&folder, &first));
    parts.insert(2, part(&folder, &last));
    let whole = [first, last].concat();
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &whole);
    let mut complete = |size: usize, crc: u64, listed: &[(i32, Option<String>)]| {
        let expected = Expected {
            size: Some(size as u64),
            crc64: Some(crate::receive::crc64_text(crc)),
        };
        index.complete_upload(&id, ("b", "k"), listed, expected, &Condition::default())
    };
    let both = [(1, None), (2, None)];
    for (size, crc, listed, code) in [
        (whole.len(), crc ^ 1, &both[..], "BadDigest"),
        (whole.len() - 1, crc, &both[..], "InvalidRequest"),
        (
            whole.len(),
            crc,
            &[(2, None), (1, None)][..],
            "InvalidPartOrder",
        ),
        (
            whole.len(),
            crc,
            &[(1, Some("0".to_owned())), (2, None)][..],
            "InvalidPart",
        ),
        (whole.len(), crc, &[][..], "MalformedXML"),
    ] {
        let error = complete(size, crc, listed).err().unwrap();
        assert_eq!(error.code().as_str(), code);
    }
    let found = complete(whole.len(), crc, &both).unwrap();
    assert!(found.object.etag.ends_with("-2"), "{}", found.object.etag);
    assert_eq!(read(found.object.content.clone()).await, whole);
    let across = found.object.content.slice((5 << 20) - 2, (5 << 20) + 2);
    assert_eq!(read(across).await, b"\x07\x07en");
    drop((found, index));
    let left = std::fs::read_dir(root.path().join("objects")).unwrap();
    assert_eq!(left.count(), 0, "files go with their objects");
}

#[test]
fn a_listing_with_a_delimiter_shows_folders_once() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::create(root.path()).unwrap();
    let mut index = Index::default();
    index.create_bucket("b").unwrap();
    for key in ["a/1", "a/2", "b", "c/1", "d"] {
        let object = object(&folder, key);
        index.put("b", key, object, &Condition::default()).unwrap();
    }
    let mut after = String::new();
    let mut shown = Vec::new();
    loop {
        let page = index.list("b", "", &after, Some("/"), 2).unwrap();
        let keys = page.objects.into_iter().map(|(key, _)| key);
        shown.push(page.prefixes.into_iter().chain(keys).collect::<Vec<_>>());
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(shown, [vec!["a/", "b"], vec!["c/", "d"]]);
}

#[test]
fn only_a_plain_file_in_the_folder_is_taken_and_a_change_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::create(root.path()).unwrap();
    let incoming = root.path().join("incoming");
    let film = root.path().join("film.mov");
    std::fs::write(&film, b"frames").unwrap();
    std::os::unix::fs::symlink(&film, incoming.join("link")).unwrap();
    for name in ["", "..", "../film.mov", "link", "none", "/etc/passwd"] {
        assert!(folder.take(name).is_err(), "{name}");
    }
    std::fs::hard_link(&film, incoming.join("1-2")).unwrap();
    let (file, size) = folder.take("1-2").unwrap();
    let content = Content::of_file(file, size);
    assert!(content.is_unchanged());
    std::fs::write(&film, b"other frames").unwrap();
    assert!(!content.is_unchanged());
    drop(content);
    assert_eq!(
        std::fs::read(&film).unwrap(),
        b"other frames",
        "the owner keeps the file"
    );
}

/// What an emulator was asked: the target or the path of each request, with its body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// An emulator that accepts everything.
async fn emulator() -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let seen = Arc::clone(&seen);
            let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                let seen = Arc::clone(&seen);
                async move {
                    let target = request.headers().get("x-amz-target");
                    let what = target.map_or(request.uri().path(), |t| t.to_str().unwrap());
                    let what = what.to_owned();
                    let body = request.into_body().collect().await?.to_bytes();
                    let body = String::from_utf8_lossy(&body).into_owned();
                    seen.lock().unwrap().push((what, body));
                    Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from("passed on"))))
                }
            });
            let serving = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(client), answer);
            tokio::spawn(serving);
        }
    });
    (port, asked)
}

#[tokio::test]
async fn requests_that_are_not_for_s3_are_passed_on() {
    let root = tempfile::tempdir().unwrap();
    let (port, asked) = emulator().await;
    let options = crate::Options {
        emulator: port,
        folder: root.path().to_owned(),
        item_lists: "items/".to_owned(),
    };
    let server = crate::Server::start(0, options).await.unwrap();
    let address = server.endpoint().replace("http://", "");
    let ask = |head: &'static str| {
        let address = address.clone();
        async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
            let request = format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n");
            client.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            answer
        }
    };
    let health = ask("GET /_ministack/health HTTP/1.1").await;
    assert!(health.ends_with("passed on"), "{health}");
    let forged = "PUT /b HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00\r\nx-amz-date: 20260101T000000Z\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD";
    let refused = ask(forged).await;
    assert!(refused.starts_with("HTTP/1.1 4"), "{refused}");
    let asked: BTreeMap<_, _> = asked.lock().unwrap().iter().cloned().collect();
    assert_eq!(
        asked.into_keys().collect::<Vec<_>>(),
        ["/_ministack/health"]
    );
}
