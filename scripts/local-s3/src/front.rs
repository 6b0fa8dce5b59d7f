//! The address of the stack: which requests are for S3, and which for the emulator.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, s3_error};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Options;
use crate::emulator::Emulator;
use crate::index::Index;
use crate::service::{Objects, locked};

/// The secret key of every access key of the local stack.
const SECRET: &str = "test";

/// A running server, which ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Server {
    /// Listens on a port of 127.0.0.1, or on a free one if it is 0.
    ///
    /// # Errors
    /// Those of the port and of the folder.
    pub async fn start(port: u16, options: Options) -> std::io::Result<Self> {
        let emulator = Emulator::new(options.emulator);
        let objects = Objects::new(&options.folder, options.item_lists, emulator.clone())?;
        let index = objects.shared_index();
        let mut service = S3ServiceBuilder::new(objects);
        service.set_auth(OneSecret);
        service.set_access(PublicReads);
        let front = Arc::new(Front {
            s3: service.build(),
            index,
            emulator,
        });
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((client, _)) => drop(tokio::spawn(Arc::clone(&front).serve(client))),
                    // Too many open files: some will be closed.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                }
            }
        });
        Ok(Self { address, serving })
    }

    /// The URL of the server.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the end of the server.
    pub async fn ended(mut self) {
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Front {
    s3: S3Service,
    index: Arc<Mutex<Index>>,
    emulator: Emulator,
}

impl Front {
    async fn serve(self: Arc<Self>, client: TcpStream) {
        // Without this, an answer in two writes waits for an acknowledgement.
        let _ = client.set_nodelay(true);
        let answer = service_fn(|request| {
            let front = Arc::clone(&self);
            async move { Ok::<_, Infallible>(front.answer(request).await) }
        });
        // A client may close the connection at any time.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(client), answer)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if !is_signed_for_s3(&request) && !self.names_a_bucket(&request) {
            return self.emulator.forward(request).await;
        }
        match self.s3.call(request.map(Body::from)).await {
            Ok(answer) => answer,
            Err(error) => {
                let mut response = Response::new(Body::from(format!("{error:?}")));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }

    /// Whether a request without a signature in its header names one of our buckets. Media programs and browsers read so.
    fn names_a_bucket(&self, request: &Request<Incoming>) -> bool {
        let path = request.uri().path().trim_start_matches('/');
        let bucket = path.split('/').next().unwrap_or_default();
        let unsigned = !request.headers().contains_key(AUTHORIZATION);
        unsigned && locked(&self.index).buckets.contains_key(bucket)
    }
}

/// Whether a request is signed for S3, in its header or in its query.
fn is_signed_for_s3(request: &Request<Incoming>) -> bool {
    let header = request.headers().get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let query = request.uri().query().unwrap_or_default();
    header.is_some_and(|value| value.contains("/s3/aws4_request"))
        || query.contains("%2Fs3%2Faws4_request")
        || query.contains("/s3/aws4_request")
}

/// Objects may be read without a signature, as in the emulator. Pages of other sites cannot read the answers, because no
/// header allows it.
struct PublicReads;

#[async_trait::async_trait]
impl S3Access for PublicReads {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> s3s::S3Result<()> {
        let reads = matches!(context.s3_op().name(), "GetObject" | "HeadObject");
        match context.credentials() {
            None if !reads => Err(s3_error!(AccessDenied, "the request is not signed")),
            _ => Ok(()),
        }
    }
}

/// Any access key, with the secret key of the local stack.
struct OneSecret;

#[async_trait::async_trait]
impl S3Auth for OneSecret {
    async fn get_secret_key(&self, _access_key: &str) -> s3s::S3Result<SecretKey> {
        Ok(SecretKey::from(SECRET))
    }
}
