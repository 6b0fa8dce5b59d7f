//! The proxy: forwards one request for each connection, and applies the rules to it.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::origin::{Worker, encoders_of};
use super::rule::{Effect, Rule, Service};

/// A request that the proxy received.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Folder name of the calling function; empty if the caller is not a function of the deployment.
    pub function: String,
    pub service: Service,
    /// The first line of the request.
    pub line: String,
    /// The operation, if a header names it: `x-amz-target` after its last point.
    pub target: String,
    /// The body, unless it is the content of an object.
    pub body: Vec<u8>,
    /// The SDK's invocation id, which is the same for retries of a call.
    pub invocation: String,
    /// The effect that a rule had on the request.
    pub effect: Option<Effect>,
}

#[derive(Default)]
struct State {
    rules: Vec<(Rule, usize)>,
    seen: Vec<Seen>,
}

struct Shared {
    port: u16,
    upstream: AtomicU16,
    deployment: String,
    state: Mutex<State>,
}

/// A proxy between the functions of a deployment and a local stack.
pub struct ChaosProxy {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl ChaosProxy {
    /// Listens on a free port; rejects requests until [`ChaosProxy::lead_to`] sets the target.
    pub async fn start(deployment: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let shared = Arc::new(Shared {
            port: listener.local_addr().expect("an address").port(),
            upstream: AtomicU16::new(0),
            deployment: deployment.to_owned(),
            state: Mutex::default(),
        });
        let serving = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let shared = Arc::clone(&shared);
                    // A client may close the connection at any time.
                    tokio::spawn(async move { shared.pass(client).await.ok() });
                }
            }
        });
        Self { shared, serving }
    }

    /// The URL that the functions call.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.shared.port)
    }

    /// Running encoder processes of the functions behind this proxy.
    #[must_use]
    pub fn encoders(&self) -> Vec<i32> {
        encoders_of(&self.shared.deployment, self.shared.port)
    }

    /// Forwards requests to a stack from now on.
    pub fn lead_to(&self, port: u16) {
        self.shared.upstream.store(port, Ordering::SeqCst);
    }

    /// Clears the recorded requests and sets the rules.
    pub fn arm(&self, rules: &[Rule]) {
        let mut state = self.shared.state();
        state.rules = rules.iter().map(|rule| (*rule, 0)).collect();
        state.seen.clear();
    }

    /// The requests since the last [`ChaosProxy::arm`].
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// How many requests since then were affected by a rule.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.shared
            .state()
            .seen
            .iter()
            .filter(|s| s.effect.is_some())
            .count()
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self, mut client: TcpStream) -> std::io::Result<()> {
        let peer = client.peer_addr()?.port();
        let request = Request::read(&mut client).await?;
        let worker = {
            let (own, deployment) = (self.port, self.deployment.clone());
            tokio::task::spawn_blocking(move || Worker::behind(peer, own, &deployment)).await?
        };
        match (self.judge(&request, worker.as_ref()), worker) {
            (Some(Effect::Answer(status, code)), _) => {
                client.write_all(&error(status, code, &request)).await?;
            }
            (Some(Effect::KillBefore), Some(worker)) => worker.kill(),
            (Some(Effect::Freeze), Some(worker)) => {
                worker.freeze();
                client.write_all(&self.forward(&request).await?).await?;
            }
            (Some(Effect::KillAfter), Some(worker)) => {
                self.forward(&request).await?;
                worker.kill();
            }
            (Some(Effect::LoseAnswer), _) => drop(self.forward(&request).await?),
            (Some(Effect::CutBody), _) => {
                let answer = self.forward(&request).await?;
                let head = head_length(&answer).unwrap_or(0);
                client
                    .write_all(&answer[..head + (answer.len() - head) / 2])
                    .await?;
            }
            _ => client.write_all(&self.forward(&request).await?).await?,
        }
        client.shutdown().await
    }

    /// The effect on this request; records and counts it.
    fn judge(&self, request: &Request, worker: Option<&Worker>) -> Option<Effect> {
        let function = worker.map(|w| w.function.clone()).unwrap_or_default();
        let mut state = self.state();
        let mut effect = None;
        for (rule, met) in &mut state.rules {
            let fits = rule.function == function && rule.service.is_none_or(|s| request.is_of(s));
            if fits {
                *met += 1;
                if (rule.nth..rule.nth + rule.times).contains(met) && effect.is_none() {
                    effect = Some(rule.effect);
                }
            }
        }
        state.seen.push(Seen {
            function,
            service: request.service,
            line: request.line.clone(),
            target: request.target.clone(),
            body: match request.service {
                Service::Write => Vec::new(),
                _ => request.body.clone(),
            },
            invocation: request.invocation.clone(),
            effect,
        });
        effect
    }

    async fn forward(&self, request: &Request) -> std::io::Result<Vec<u8>> {
        let port = self.upstream.load(Ordering::SeqCst);
        let mut upstream = TcpStream::connect(("127.0.0.1", port)).await?;
        let rest = &request.head[request.line.len()..];
        let head = format!("{}\r\nConnection: close{rest}", request.line);
        upstream.write_all(head.as_bytes()).await?;
        upstream.write_all(&request.body).await?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

struct Request {
    head: String,
    line: String,
    target: String,
    invocation: String,
    service: Service,
    pinned: bool,
    body: Vec<u8>,
}

impl Request {
    fn is_of(&self, service: Service) -> bool {
        self.service == service || (service == Service::Pinned && self.pinned)
    }

    async fn read(client: &mut TcpStream) -> std::io::Result<Self> {
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
        let field = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            let mut found = lines.filter(|(n, _)| n.eq_ignore_ascii_case(name));
            found
                .next()
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let length: usize = field("content-length").parse().unwrap_or(0);
        let (target, invocation) = (field("x-amz-target"), field("amz-sdk-invocation-id"));
        if field("expect").eq_ignore_ascii_case("100-continue") && body.is_empty() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        while body.len() < length {
            if client.read_buf(&mut body).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let line = head.lines().next().unwrap_or_default().to_owned();
        Ok(Self {
            service: Service::of(&line, &target, &body),
            pinned: !field("if-match").is_empty()
                && !field("range").is_empty()
                && !line.contains("versionId="),
            head: without_expect(&head),
            target: target.rsplit('.').next().unwrap_or_default().to_owned(),
            line,
            invocation,
            body,
        })
    }
}

/// Skips `100 Continue`, because the client has already received it.
fn without_expect(head: &str) -> String {
    let kept = head
        .split("\r\n")
        .filter(|l| !l.to_ascii_lowercase().starts_with("expect:"));
    kept.collect::<Vec<_>>().join("\r\n")
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// An error in the format of the requested service.
fn error(status: u16, code: &str, request: &Request) -> Vec<u8> {
    let json = matches!(
        request.service,
        Service::TableRead | Service::TableWrite | Service::Workflow
    );
    let (kind, body) = if json {
        // A transaction reports a conflict among its reasons, a single write in the error itself.
        let conflicts =
            code == "TransactionConflictException" && request.target == "TransactWriteItems";
        let (code, reasons) = if conflicts {
            let reasons =
                r#","CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"None"}]"#;
            ("TransactionCanceledException", reasons)
        } else {
            (code, "")
        };
        let body = format!(r#"{{"__type":"com.amazonaws#{code}","message":"injected"{reasons}}}"#);
        ("application/x-amz-json-1.0", body)
    } else if request.service == Service::Topic {
        let body = format!(
            "<ErrorResponse><Error><Type>Receiver</Type><Code>{code}</Code><Message>injected</Message></Error></ErrorResponse>"
        );
        ("text/xml", body)
    } else {
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>injected</Message></Error>"
        );
        ("application/xml", body)
    };
    let body = if request.line.starts_with("HEAD ") {
        String::new()
    } else {
        body
    };
    format!(
        "HTTP/1.1 {status} Injected\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
