//! Requests to the emulator: those of clients, passed on unchanged, and our own.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use s3s::Body;
use serde_json::json;

use crate::events::Message;

/// A request that the emulator did not accept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EmulatorError {
    #[error("the emulator does not answer: {0}")]
    Silent(#[from] hyper_util::client::legacy::Error),
    #[error("the emulator refused {what}: {status}")]
    Refused { what: String, status: StatusCode },
    #[error("cannot ask the emulator for {what}: {source}")]
    Request {
        what: String,
        source: hyper::http::Error,
    },
}

/// What is encoded in the path of a request.
const PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'/');

/// The emulator on its own port.
#[derive(Clone)]
pub(crate) struct Emulator {
    port: u16,
    client: Client<HttpConnector, Body>,
}

impl Emulator {
    pub(crate) fn new(port: u16) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        // The emulator closes idle connections, which a request could meet.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector);
        Self { port, client }
    }

    /// Passes a request on. If the emulator does not answer, the client gets a 502, which an SDK retries.
    pub(crate) async fn forward(&self, request: Request<hyper::body::Incoming>) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        head.headers.remove(CONNECTION);
        let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
        let answer = match self.at(path) {
            Ok(uri) => {
                head.uri = uri;
                let request = Request::from_parts(head, Body::from(body));
                self.client
                    .request(request)
                    .await
                    .map_err(|e| e.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match answer {
            Ok(answer) => answer.map(Body::from),
            Err(why) => {
                let mut response = Response::new(Body::from(why));
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response
            }
        }
    }

    /// Creates a bucket; one that exists is no error.
    pub(crate) async fn create_bucket(&self, bucket: &str) -> Result<(), EmulatorError> {
        match self.put_object(bucket, "", Bytes::new()).await {
            Err(EmulatorError::Refused { status, .. }) if status == StatusCode::CONFLICT => Ok(()),
            other => other,
        }
    }

    /// Writes an object, or with an empty key creates a bucket.
    pub(crate) async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        bytes: Bytes,
    ) -> Result<(), EmulatorError> {
        let what = format!("the write of s3://{bucket}/{key}");
        let key = percent_encoding::utf8_percent_encode(key, PATH);
        let request = Request::put(format!("http://127.0.0.1:{}/{bucket}/{key}", self.port))
            .header(AUTHORIZATION, signed_for("s3"))
            .body(Body::from(bytes));
        self.send(what, request).await
    }

    /// Sends a message to a queue.
    pub(crate) async fn send_message(&self, message: &Message) -> Result<(), EmulatorError> {
        let what = format!("a message to {}", message.queue);
        let mut parts = message.queue.rsplit(':');
        let (name, account) = (parts.next(), parts.next());
        let queue = format!(
            "http://127.0.0.1:{}/{}/{}",
            self.port,
            account.unwrap_or_default(),
            name.unwrap_or_default()
        );
        let body = json!({"QueueUrl": queue, "MessageBody": message.body.to_string()});
        let request = Request::post(format!("http://127.0.0.1:{}/", self.port))
            .header(CONTENT_TYPE, "application/x-amz-json-1.0")
            .header("x-amz-target", "AmazonSQS.SendMessage")
            .header(AUTHORIZATION, signed_for("sqs"))
            .body(Body::from(body.to_string()));
        self.send(what, request).await
    }

    fn at(&self, path: &str) -> Result<Uri, hyper::http::Error> {
        Uri::builder()
            .scheme("http")
            .authority(format!("127.0.0.1:{}", self.port))
            .path_and_query(path)
            .build()
    }

    async fn send(
        &self,
        what: String,
        request: Result<Request<Body>, hyper::http::Error>,
    ) -> Result<(), EmulatorError> {
        let request = match request {
            Ok(request) => request,
            Err(source) => return Err(EmulatorError::Request { what, source }),
        };
        let answer = self.client.request(request).await?;
        let status = answer.status();
        // The connection ends with the body.
        let _ = answer.into_body().collect().await;
        match status.is_success() {
            true => Ok(()),
            false => Err(EmulatorError::Refused { what, status }),
        }
    }
}

/// The emulator takes the service and the region from this header, and does not check signatures.
fn signed_for(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}
