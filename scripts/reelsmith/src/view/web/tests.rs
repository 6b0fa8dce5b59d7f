use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use reelsmith_validate::folder::Folder;

/// Sends a request head; returns status line and headers in lower case, and the body.
async fn exchange(address: &str, head: &str) -> (String, String) {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("{head}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

struct RunningServer {
    address: String,
    _folder: tempfile::TempDir,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(media): State<Media>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    media.answer(&path, &headers).await
}

async fn running() -> RunningServer {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("out")).unwrap();
    std::fs::write(folder.path().join("out/a b.m3u8"), "#EXTM3U\n").unwrap();
    std::fs::write(folder.path().join("secret"), "no").unwrap();
    let media = Media::new(Arc::new(Folder::new(folder.path())), "", "out/");
    let server = Server::bind(0).await.unwrap();
    let address = server.url().trim_end_matches('/').replace("http://", "");
    let pages = Router::new()
        .route("/media/{*path}", get(answer))
        .fallback(page_of_path)
        .with_state(media);
    let task = tokio::spawn(server.serve(pages));
    RunningServer {
        address,
        _folder: folder,
        task,
    }
}

#[tokio::test]
async fn files_and_ranges_are_served_with_their_types() {
    let at = running().await;
    let get = async |path: &str, more: &str| {
        let head = format!("GET /{path} HTTP/1.1\r\nHost: {}{more}", at.address);
        exchange(&at.address, &head).await
    };
    let (head, body) = get("media/a%20b.m3u8", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("application/vnd.apple.mpegurl"), "{head}");
    assert_eq!(body, "#EXTM3U\n");
    let (head, body) = get("media/a%20b.m3u8", "\r\nRange: bytes=1-3").await;
    assert!(head.starts_with("http/1.1 206"), "{head}");
    assert!(head.contains("content-range: bytes 1-3/8"), "{head}");
    assert_eq!(body, "EXT");
    let (head, _) = get("media/a%20b.m3u8", "\r\nRange: bytes=9-").await;
    assert!(head.contains("content-range: bytes */8"), "{head}");
    let (head, _) = get("media/none.m3u8", "").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");
    let (head, _) = get("theme.js", "").await;
    assert!(
        head.contains("text/javascript") && head.contains("nosniff"),
        "{head}"
    );
}

#[tokio::test]
async fn paths_outside_and_requests_of_other_pages_are_refused() {
    let at = running().await;
    let status = async |head: &str| {
        let (head, _) = exchange(&at.address, head).await;
        head.split(' ').nth(1).unwrap().to_owned()
    };
    let host = format!("Host: {}", at.address);
    for path in [
        "media/../secret",
        "media/%2e%2e/secret",
        "media//secret",
        "media/",
    ] {
        let head = format!("GET /{path} HTTP/1.1\r\n{host}");
        assert_eq!(status(&head).await, "404", "{path}");
    }
    let rebound = "GET / HTTP/1.1\r\nHost: evil.example";
    assert_eq!(status(rebound).await, "421");
    let posted = format!("POST / HTTP/1.1\r\n{host}");
    assert_eq!(status(&posted).await, "405");
    let head = format!("HEAD /media/a%20b.m3u8 HTTP/1.1\r\n{host}");
    assert_eq!(status(&head).await, "200");
}
