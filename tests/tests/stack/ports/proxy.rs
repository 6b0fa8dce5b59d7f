//! A proxy that loses responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The fault of a response.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The request takes effect, but its response is lost.
    LoseAnswer,
    /// The request never arrives.
    LoseRequest,
    /// The connection breaks after this many bytes of the body.
    CutBody(usize),
}

/// Forwards requests to a local stack and damages the selected responses.
pub struct Proxy {
    port: u16,
    hits: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

/// Which responses to damage, and how often.
struct Plan {
    upstream: u16,
    wanted: &'static str,
    fault: Fault,
    times: usize,
    hits: Arc<AtomicUsize>,
}

impl Proxy {
    /// Forwards to `upstream` and damages the first `times` responses to requests whose head contains `wanted`.
    pub async fn before(upstream: u16, wanted: &'static str, fault: Fault, times: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hits = Arc::new(AtomicUsize::new(0));
        let plan = Arc::new(Plan {
            upstream,
            wanted,
            fault,
            times,
            hits: Arc::clone(&hits),
        });
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let plan = Arc::clone(&plan);
                // A client may close the connection at any time.
                tokio::spawn(async move { plan.pass(client).await.ok() });
            }
        });
        Self {
            port,
            hits,
            serving,
        }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The number of damaged responses.
    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Plan {
    /// Forwards one request and its response. A connection carries one request, so the response ends with it.
    async fn pass(&self, mut client: TcpStream) -> std::io::Result<()> {
        let (head, body) = read_request(&mut client).await?;
        let lost = matches!(self.fault, Fault::LoseRequest) && head.contains(self.wanted);
        if lost && self.hit() {
            return client.shutdown().await;
        }
        let mut upstream = TcpStream::connect(("127.0.0.1", self.upstream)).await?;
        let line_end = head.find("\r\n").unwrap_or(head.len());
        let (line, rest) = head.split_at(line_end);
        let head_sent = format!("{line}\r\nConnection: close{rest}");
        upstream.write_all(head_sent.as_bytes()).await?;
        upstream.write_all(&body).await?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer).await?;
        if head.contains(self.wanted) && self.hit() {
            let keep = match self.fault {
                Fault::LoseAnswer | Fault::LoseRequest => 0,
                Fault::CutBody(bytes) => head_length(&answer).unwrap_or(0) + bytes,
            };
            answer.truncate(keep);
        }
        client.write_all(&answer).await?;
        client.shutdown().await
    }

    fn hit(&self) -> bool {
        let count = |hits| (hits < self.times).then_some(hits + 1);
        self.hits
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, count)
            .is_ok()
    }
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .map(|at| at + 4)
}

async fn read_request(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(length) = head_length(&bytes) {
            break length;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut body = bytes.split_off(head);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    while body.len() < length {
        if client.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((head, body))
}
