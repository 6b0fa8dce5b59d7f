use std::sync::atomic::Ordering;

use proptest::prelude::*;
use reelsmith_contract::ErrorName;
use reelsmith_core::ports::{PortError, PortErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::testing::MemoryStore;

const SIZE: usize = 300_000;

fn content() -> Vec<u8> {
    (0..SIZE).map(|i| (i * 31 % 251) as u8).collect()
}

async fn proxy(store: &Arc<MemoryStore>, budget: Option<u64>) -> RangeProxy {
    let options = ProxyOptions {
        budget,
        block: 65_536,
        read_ahead: 1,
        ..ProxyOptions::default()
    };
    let pin = store.pin();
    RangeProxy::start(store.clone(), pin, options)
        .await
        .unwrap()
}

/// Sends one request on its own connection; returns the status line with the headers, and the body received.
async fn request(proxy: &RangeProxy, line: &str, headers: &str) -> (String, Vec<u8>) {
    let mut socket = TcpStream::connect(proxy.address).await.unwrap();
    let text = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let cut = answer
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..cut]).into_owned();
    (head, answer.get(cut + 4..).unwrap_or_default().to_vec())
}

async fn get(proxy: &RangeProxy, range: &str) -> (String, Vec<u8>) {
    request(
        proxy,
        &format!("GET {}", proxy.path),
        &format!("Range: {range}\r\n"),
    )
    .await
}

#[tokio::test]
async fn ranges_are_served_exactly_and_blocks_are_read_once() {
    let store = MemoryStore::new(content());
    let proxy = proxy(&store, None).await;
    for (range, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=65530-65545", 65_530, 65_546),
        ("bytes=131072-", 131_072, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        ("bytes=299999-999999", 299_999, SIZE),
    ] {
        let (head, body) = get(&proxy, range).await;
        assert!(head.starts_with("HTTP/1.1 206"), "{range}: {head}");
        assert!(
            body == content()[start..end],
            "{range}: {} bytes",
            body.len()
        );
    }
    assert_eq!(proxy.bytes_read(), SIZE as u64);
}

#[tokio::test]
async fn a_head_request_reads_nothing_and_a_get_returns_the_whole_object() {
    let store = MemoryStore::new(content());
    let proxy = proxy(&store, None).await;
    let (head, body) = request(&proxy, &format!("HEAD {}", proxy.path), "").await;
    assert!(
        head.contains("content-length: 300000") && body.is_empty(),
        "{head}"
    );
    assert_eq!(proxy.bytes_read(), 0);
    let (head, body) = request(&proxy, &format!("GET {}", proxy.path), "").await;
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("connection: close"),
        "{head}"
    );
    assert!(body == content());
}

#[tokio::test]
async fn other_paths_methods_and_ranges_are_refused() {
    let store = MemoryStore::new(content());
    let proxy = proxy(&store, None).await;
    let (head, _) = request(&proxy, "GET /", "").await;
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    let token = proxy.path.split('/').nth(1).unwrap();
    assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()));
    for path in [
        format!("/{token}"),
        format!("/{token}/"),
        format!("/{token}/mezzanine/"),
        format!("/{token}/other"),
        format!("/{token}/../{token}/mezzanine"),
        format!("/{}/mezzanine", "0".repeat(32)),
        format!("/{}/mezzanine", &token[..31]),
        "//etc/passwd".to_owned(),
    ] {
        let (head, body) = request(&proxy, &format!("GET {path}"), "").await;
        assert!(head.starts_with("HTTP/1.1 404"), "{path}: {head}");
        assert!(body.is_empty(), "{path}");
    }
    for method in ["PUT", "POST", "DELETE", "PATCH", "OPTIONS"] {
        let (head, _) = request(&proxy, &format!("{method} {}", proxy.path), "").await;
        assert!(head.starts_with("HTTP/1.1 405"), "{method}: {head}");
    }
    let (head, _) = get(&proxy, "bytes=300000-").await;
    assert!(head.starts_with("HTTP/1.1 416"), "{head}");
}

#[tokio::test]
async fn temporary_store_errors_are_retried_without_the_reader_noticing() {
    let store = MemoryStore::new(content());
    store.failures.store(2, Ordering::SeqCst);
    let proxy = proxy(&store, None).await;
    let (_, body) = get(&proxy, "bytes=0-99").await;
    assert!(body == content()[..100]);
    assert!(proxy.check(Ok(())).is_ok());
    assert!(proxy.blocks.requests() > 2);
}

#[tokio::test]
async fn a_failed_read_fails_its_task_until_the_same_block_is_read() {
    let store = MemoryStore::new(content());
    store.failures.store(5, Ordering::SeqCst);
    let options = ProxyOptions {
        read_ahead: 0,
        ..ProxyOptions::default()
    };
    let proxy = RangeProxy::start(store.clone(), store.pin(), options)
        .await
        .unwrap();
    let (_, body) = get(&proxy, "bytes=0-99").await;
    assert!(body.is_empty());
    assert!(matches!(proxy.check(Ok(())), Err(MediaError::Source(_))));
    let (_, body) = get(&proxy, "bytes=0-99").await;
    assert!(body == content()[..100]);
    assert!(proxy.check(Ok(())).is_ok());
}

#[tokio::test]
async fn a_replaced_object_is_the_error_of_the_task() {
    let store = MemoryStore::new(content());
    let proxy = proxy(&store, None).await;
    store.replace(vec![1; SIZE]);
    let (_, body) = get(&proxy, "bytes=0-99").await;
    assert!(body.is_empty());
    let result = proxy.check(Ok(()));
    assert_eq!(result.unwrap_err().name(), ErrorName::MezzanineChanged);
}

#[tokio::test]
async fn an_exhausted_budget_ends_reading_and_is_the_error_of_the_task() {
    let store = MemoryStore::new(content());
    let proxy = proxy(&store, Some(150_000)).await;
    let (_, body) = get(&proxy, "bytes=0-").await;
    assert!(body.len() <= 131_072, "{}", body.len());
    assert!(proxy.bytes_read() <= 150_000);
    let failed = MediaError::Source(PortError::new(PortErrorKind::Invalid, "decoder"));
    let result = proxy.check::<()>(Err(failed));
    assert!(
        matches!(result, Err(MediaError::ReadBudget { budget: 150_000 })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_dropped_proxy_closes_its_port_and_connections() {
    let store = MemoryStore::new(content());
    let proxy = proxy(&store, None).await;
    let address = proxy.address;
    let mut open = TcpStream::connect(address).await.unwrap();
    drop(proxy);
    let mut rest = Vec::new();
    let _ = open.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn every_proxy_has_another_address() {
    assert_ne!(token().unwrap(), token().unwrap());
}

proptest! {
    #[test]
    fn a_range_is_never_outside_the_object(header in "(bytes=)?[0-9]{0,21}-?[0-9]{0,21}(,1-2)?", size in 0u64..1_000) {
        if let RequestedRange::Part(start, end) = parse_range(&header, size) {
            prop_assert!(start <= end && end <= size, "{header} of {size}: [{start}, {end})");
        }
    }
}

/// The blocks requested from the store when everything is read once.
async fn requested_blocks(size: u64, reads: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let store = MemoryStore::new(vec![1; size as usize]);
    let options = ProxyOptions {
        block: 100_000,
        read_ahead: 0,
        reads: reads
            .iter()
            .map(|(start, end)| ByteSpan {
                start: *start,
                end: *end,
            })
            .collect(),
        ..ProxyOptions::default()
    };
    let blocks = Blocks::new(Source::Store(store.clone()), store.pin(), options);
    let (mut at, mut spans) = (0, Vec::new());
    while at < size {
        let read = blocks.read(at).await.unwrap();
        assert!(!read.is_empty());
        spans.push((at, at + read.len() as u64));
        at += read.len() as u64;
    }
    assert_eq!(blocks.bytes_read(), size, "every byte is read once");
    spans
}

#[tokio::test]
async fn blocks_do_not_cross_the_bounds_of_reads() {
    let found = requested_blocks(500_000, &[(120_000, 330_000)]).await;
    let expected = [
        (0, 65_536),
        (65_536, 120_000),
        (120_000, 220_000),
        (220_000, 320_000),
        (320_000, 330_000),
        (330_000, 393_216),
        (393_216, 458_752),
        (458_752, 500_000),
    ];
    assert_eq!(found, expected);
    let overlapping = [(50_000, 90_000), (0, 60_000), (400_000, 9_000_000)];
    let found = requested_blocks(450_000, &overlapping).await;
    assert_eq!(found[0], (0, 90_000));
    assert_eq!(found.last(), Some(&(400_000, 450_000)));
}

#[tokio::test]
async fn hidden_spans_are_served_as_free_boxes_and_never_read() {
    let store = MemoryStore::new(content());
    let span = |start, end| ByteSpan { start, end };
    let options = ProxyOptions {
        block: 10_000,
        reads: vec![span(90_000, 150_000)],
        // The last span is too short for a box.
        hidden: vec![
            span(1_000, 100_000),
            span(200_000, 290_000),
            span(295_000, 295_010),
        ],
        ..ProxyOptions::default()
    };
    let proxy = RangeProxy::start(store.clone(), store.pin(), options)
        .await
        .unwrap();
    let (_, body) = get(&proxy, "bytes=0-").await;
    let own = [0..1_000, 100_000..200_000, 290_000..SIZE];
    for own in own.clone() {
        assert!(body[own.clone()] == content()[own]);
    }
    for hidden in [1_000..100_000, 200_000..290_000] {
        let size = hidden.len() as u64;
        let shown = &body[hidden];
        assert_eq!(&shown[..8], b"\0\0\0\x01free");
        assert_eq!(shown[8..16], size.to_be_bytes());
        assert!(shown[16..].iter().all(|b| *b == 0));
    }
    let read: usize = own.into_iter().map(|own| own.len()).sum();
    assert_eq!(proxy.bytes_read(), read as u64);
    let (_, header) = get(&proxy, "bytes=200004-200015").await;
    assert_eq!(header[..4], *b"free");
    assert_eq!(header[4..], 90_000u64.to_be_bytes());
}

#[tokio::test]
async fn reading_ahead_can_skip_gaps() {
    let store = MemoryStore::new(content());
    let span = |start| ByteSpan {
        start,
        end: start + 10,
    };
    let options = ProxyOptions {
        read_ahead: 2,
        reads: vec![span(0), span(100_000), span(200_000), span(290_000)],
        skip_gaps: true,
        ..ProxyOptions::default()
    };
    let blocks = Blocks::new(Source::Store(store.clone()), store.pin(), options);
    assert_eq!(blocks.read(4).await.unwrap().len(), 6);
    while blocks.requests() < 3 {
        tokio::task::yield_now().await;
    }
    blocks.read(100_000).await.unwrap();
    blocks.read(290_005).await.unwrap();
    // Each of the four spans was requested once, and nothing between them.
    assert_eq!((blocks.bytes_read(), blocks.requests()), (40, 4));
}
