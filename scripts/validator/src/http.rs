//! A package behind a web server as a read-only object store.
//!
//! A web server lists nothing, so [`location`] first follows the references of the documents and asks for the headers of
//! every object. The result is the listing; segments are then read by range. At most [`CONNECTIONS`] requests run at the
//! same time.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reelsmith_conformance::{Delivery, MPD, MULTIVARIANT, Object};
use reelsmith_contract::Objects;
use reelsmith_core::keys::THUMBNAILS;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};
use tokio::sync::Semaphore;
use url::Url;

use crate::error::Error;
use crate::location::{Location, is_document, split};

/// Requests at the same time.
pub const CONNECTIONS: usize = 8;
/// Redirects that one request follows.
const MAX_REDIRECTS: u32 = 5;
/// Time for one response.
const PATIENCE: Duration = Duration::from_secs(60);
/// Largest answer to a request for a range: a server may send the whole object.
const MAX_ANSWER: u64 = 256 << 20;
/// Largest document, packed or unpacked.
const MAX_DOCUMENT: u64 = 32 << 20;
/// Most objects of a package.
const MAX_OBJECTS: usize = 200_000;
/// Documents name documents: a multivariant playlist names media playlists, which name segments.
const ROUNDS: u32 = 8;

/// The location of a playlist or an MPD.
///
/// # Errors
/// The address or a header is malformed, or the document cannot be read: no connection, an invalid certificate, or a status
/// other than 200.
pub async fn location(name: &str, headers: &[String]) -> Result<Location, Error> {
    let refuse = |why: String, remedy: &str| Error::new(format!("read {name}"), why, remedy);
    let address = Url::parse(name).map_err(|e| refuse(e.to_string(), "correct the address"))?;
    let headers = parsed(headers).map_err(|why| refuse(why, "give `--header \"Name: value\"`"))?;
    let mut store = HttpStore::new(address, headers).map_err(|e| {
        let remedy = "check the certificates of this machine";
        refuse(e.to_string(), remedy)
    })?;
    let document = store.open().await.map_err(|e| {
        let remedy = "check the address, --header and the network";
        refuse(e.to_string(), remedy).with_source(e)
    })?;
    if !is_document(&document) {
        let why = format!("expected an address that ends in .m3u8 or .mpd, found {document:?}");
        return Err(refuse(why, "give the address of a playlist or an MPD"));
    }
    let read = store.crawl(&document).await;
    read.map_err(|e| refuse(e.to_string(), "try again").with_source(e))?;
    let server = store.base.to_string();
    Ok(Location {
        name: name.to_owned(),
        objects: Objects::new(Arc::new(store), ""),
        prefix: String::new(),
        document: Some(document),
        server: Some(server),
        reads: CONNECTIONS,
    })
}

fn parsed(headers: &[String]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for text in headers {
        let wrong =
            || format!("expected a header with a name, a colon and a value, found {text:?}");
        let (name, value) = text.split_once(':').ok_or_else(wrong)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong())?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| wrong())?;
        map.append(name, value);
    }
    Ok(map)
}

/// The objects below the folder of a document. Keys are paths relative to this folder; bucket names are ignored.
struct HttpStore {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    headers: HeaderMap,
    /// The address of the document, with its query.
    entry: Url,
    /// The folder of the document, ending in `/`.
    base: Url,
    permits: Semaphore,
    /// What is known about each object, by key.
    known: Mutex<BTreeMap<String, ObjectMeta>>,
}

impl HttpStore {
    fn new(entry: Url, headers: HeaderMap) -> Result<Self, std::io::Error> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(CONNECTIONS)
            .build(connector);
        Ok(Self {
            client,
            headers,
            base: folder_of(&entry),
            entry,
            permits: Semaphore::new(CONNECTIONS),
            known: Mutex::default(),
        })
    }

    /// Follows redirects of the document, and returns its name.
    async fn open(&mut self) -> PortResult<String> {
        let (_, address) = self.request(&Method::GET, self.entry.clone(), None).await?;
        self.base = folder_of(&address);
        self.entry = address;
        let last = self.entry.path_segments().and_then(|mut s| s.next_back());
        Ok(decoded(last.unwrap_or_default()))
    }

    /// Asks for the headers of everything that the documents reference.
    async fn crawl(&self, document: &str) -> PortResult<()> {
        let entry = match document.ends_with(".mpd") {
            true => MPD,
            false => MULTIVARIANT,
        };
        let mut delivery = Delivery::new([object(entry)]);
        delivery.add_text(entry, &self.document(document).await?);
        let mut asked: std::collections::BTreeSet<String> =
            [MULTIVARIANT, MPD, THUMBNAILS].map(str::to_owned).into();
        for _ in 0..ROUNDS {
            let referenced = delivery.referenced();
            let new: Vec<String> = referenced
                .into_iter()
                .filter(|p| !asked.contains(p))
                .collect();
            if new.is_empty() {
                break;
            }
            asked.extend(new.iter().cloned());
            if asked.len() > MAX_OBJECTS {
                let detail = format!("more than {MAX_OBJECTS} objects are referenced");
                return Err(PortError::new(PortErrorKind::Invalid, detail));
            }
            let asking: Vec<_> = new.iter().map(|path| self.ask(path)).collect();
            let answers = futures::stream::iter(asking).buffered(CONNECTIONS);
            let answers: Vec<_> = answers.collect().await;
            for (path, answer) in new.iter().zip(answers) {
                let Some(text) = answer? else { continue };
                delivery.objects.insert(path.clone(), object(path));
                if let Some(text) = text {
                    delivery.add_text(path, &text);
                }
            }
        }
        Ok(())
    }

    /// Whether an object exists; if it is a document, its text.
    async fn ask(&self, path: &str) -> PortResult<Option<Option<Bytes>>> {
        let read = match is_document(path) {
            true => self.document(path).await.map(Some),
            false => self.meta(path).await.map(|_| None),
        };
        match read {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == PortErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The unpacked text of a document.
    async fn document(&self, path: &str) -> PortResult<Bytes> {
        let at = ObjectRef::new("", path);
        let bytes = self.get(&at, MAX_DOCUMENT).await?;
        if !bytes.starts_with(&crate::folder::GZIP) {
            return Ok(bytes);
        }
        let mut text = Vec::new();
        let mut unpacked = flate2::read::MultiGzDecoder::new(&bytes[..]).take(MAX_DOCUMENT);
        // A document that cannot be unpacked is reported when it is read again.
        let _ = unpacked.read_to_end(&mut text);
        Ok(text.into())
    }

    fn address(&self, key: &str) -> PortResult<Url> {
        let last = self.entry.path_segments().and_then(|mut s| s.next_back());
        if decoded(last.unwrap_or_default()) == key {
            return Ok(self.entry.clone());
        }
        let mut address = self.base.clone();
        let wrong = || PortError::new(PortErrorKind::Invalid, format!("{}{key}", self.base));
        let mut segments = address.path_segments_mut().map_err(|()| wrong())?;
        segments.pop_if_empty().extend(key.split('/'));
        drop(segments);
        Ok(address)
    }

    /// Sends a request, follows redirects, and returns a successful response with its address.
    async fn request(
        &self,
        method: &Method,
        mut address: Url,
        range: Option<(u64, u64)>,
    ) -> PortResult<(Response<hyper::body::Incoming>, Url)> {
        for _ in 0..=MAX_REDIRECTS {
            let mut request = Request::builder().method(method).uri(address.as_str());
            let same_host = address.host_str() == self.entry.host_str();
            if let Some(headers) = request.headers_mut() {
                // Credentials are not sent to another host.
                if same_host {
                    headers.extend(self.headers.clone());
                }
                if let Some((start, end)) = range {
                    let range = format!("bytes={start}-{}", end.saturating_sub(1));
                    headers.extend(HeaderValue::from_str(&range).map(|r| (header::RANGE, r)));
                } else if is_text(address.path()) {
                    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
                }
            }
            let request = request
                .body(Empty::new())
                .map_err(|e| invalid(&address, &e))?;
            let sent = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
            let response = sent
                .map_err(|_| unavailable(&address, "no response within a minute"))?
                .map_err(|e| unavailable(&address, &chain(&e)))?;
            let status = response.status();
            let target = response.headers().get(header::LOCATION);
            let target = target.and_then(|t| t.to_str().ok());
            match target.filter(|_| status.is_redirection()) {
                Some(target) => {
                    address = address.join(target).map_err(|e| invalid(&address, &e))?;
                }
                None if status.is_success() => return Ok((response, address)),
                None => return Err(refused(&address, status)),
            }
        }
        Err(invalid(&address, &"too many redirects"))
    }

    async fn body(
        &self,
        response: Response<hyper::body::Incoming>,
        address: &Url,
        limit: u64,
    ) -> PortResult<Bytes> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let body = Limited::new(response.into_body(), limit).collect();
        let read = tokio::time::timeout(PATIENCE, body).await;
        let read = read.map_err(|_| unavailable(address, "the body took more than a minute"))?;
        let read = read.map_err(|e| invalid(address, &e))?;
        Ok(read.to_bytes())
    }

    /// Size and headers of an object. Servers without HEAD are asked for the first byte.
    async fn meta(&self, key: &str) -> PortResult<ObjectMeta> {
        if let Some(known) = self.lock().get(key) {
            return Ok(known.clone());
        }
        let address = self.address(key)?;
        let permit = self.permits.acquire().await;
        let asked = self.request(&Method::HEAD, address.clone(), None).await;
        let length = |h: &HeaderMap| text(h, header::CONTENT_LENGTH)?.parse::<u64>().ok();
        let (headers, size) = match asked {
            Ok((response, _)) if length(response.headers()).is_some() => {
                let size = length(response.headers());
                (response.headers().clone(), size)
            }
            Err(e) if e.kind() == PortErrorKind::NotFound => return Err(e),
            _ => {
                let (response, _) = self
                    .request(&Method::GET, address.clone(), Some((0, 1)))
                    .await?;
                let headers = response.headers().clone();
                let total = text(&headers, header::CONTENT_RANGE);
                let total = total.and_then(|t| t.rsplit_once('/')?.1.parse().ok());
                let size = match total {
                    Some(size) => Some(size),
                    None => Some(self.body(response, &address, MAX_ANSWER).await?.len() as u64),
                };
                (headers, size)
            }
        };
        drop(permit);
        Ok(self.learn(key, &headers, size.unwrap_or(0)))
    }

    fn learn(&self, key: &str, headers: &HeaderMap, size: u64) -> ObjectMeta {
        let meta = ObjectMeta {
            pin: ObjectPin {
                object: ObjectRef::new("", key),
                version_id: None,
                etag: text(headers, header::ETAG).unwrap_or_default(),
                size,
            },
            content_type: text(headers, header::CONTENT_TYPE),
            cache_control: text(headers, header::CACHE_CONTROL),
            content_encoding: text(headers, header::CONTENT_ENCODING),
        };
        self.lock().insert(key.to_owned(), meta.clone());
        meta
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, ObjectMeta>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes absolute references to objects of the package relative, because rules judge paths below the package.
    fn relative(&self, key: &str, text: Bytes) -> Bytes {
        let base = self.base.as_str();
        match std::str::from_utf8(&text) {
            Ok(document) if document.contains(base) => {
                let up = "../".repeat(key.matches('/').count());
                let here = if up.is_empty() { "./" } else { &up };
                document.replace(base, here).into()
            }
            _ => text,
        }
    }
}

#[async_trait]
impl ObjectStore for HttpStore {
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta> {
        self.meta(&object.key).await
    }

    async fn get(&self, object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        let address = self.address(&object.key)?;
        let _permit = self.permits.acquire().await;
        let (response, address) = self.request(&Method::GET, address, None).await?;
        let headers = response.headers().clone();
        let bytes = self.body(response, &address, limit).await?;
        if is_document(&object.key) {
            let bytes = self.relative(&object.key, bytes);
            self.learn(&object.key, &headers, bytes.len() as u64);
            return Ok(bytes);
        }
        Ok(bytes)
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        let end = end.min(pin.size);
        if start >= end {
            return Ok(Bytes::new());
        }
        let address = self.address(&pin.object.key)?;
        let _permit = self.permits.acquire().await;
        let (response, address) = self
            .request(&Method::GET, address, Some((start, end)))
            .await?;
        let etag = text(response.headers(), header::ETAG).unwrap_or_default();
        if !etag.is_empty() && !pin.etag.is_empty() && etag != pin.etag {
            return Err(PortError::new(PortErrorKind::Changed, address.to_string()));
        }
        let whole = response.status() != StatusCode::PARTIAL_CONTENT;
        let bytes = self.body(response, &address, MAX_ANSWER).await?;
        let (start, end) = match whole {
            true => (start, end),
            false => (0, end - start),
        };
        let clip = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.slice(clip(start)..clip(end)))
    }

    async fn put(&self, _: &ObjectRef, _: Bytes, _: &PutOptions) -> PortResult<Put> {
        Err(read_only())
    }

    async fn put_file(&self, _: &ObjectRef, _: &Path, _: &PutOptions) -> PortResult<Put> {
        Err(read_only())
    }

    async fn list(&self, _: &str, prefix: &str) -> PortResult<Vec<ListedObject>> {
        let known = self.lock();
        let below = known.iter().filter(|(key, _)| key.starts_with(prefix));
        let listed = below.map(|(key, meta)| ListedObject {
            key: key.clone(),
            size: meta.pin.size,
        });
        Ok(listed.collect())
    }

    async fn delete(&self, _: &str, _: &[String]) -> PortResult<()> {
        Err(read_only())
    }
}

fn object(path: &str) -> Object {
    Object {
        path: path.to_owned(),
        size: 1,
        ..Object::default()
    }
}

fn folder_of(address: &Url) -> Url {
    let mut folder = address.clone();
    folder.set_query(None);
    folder.set_fragment(None);
    let path = split(address.path()).0.to_owned();
    folder.set_path(&path);
    folder
}

/// A segment of a path without percent-encoding.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|c| u8::from_str_radix(std::str::from_utf8(c).ok()?, 16).ok());
        rest = match code {
            Some(code) => {
                bytes.push(code);
                after.get(2..).unwrap_or_default()
            }
            None => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_text(path: &str) -> bool {
    is_document(path) || path.ends_with(".vtt")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The causes of an error in one line: the last one is that of TLS or of the system.
fn chain(error: &hyper_util::client::legacy::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

fn unavailable(address: &Url, why: &str) -> PortError {
    PortError::new(PortErrorKind::Unavailable, format!("{address}: {why}"))
}

fn invalid(address: &Url, why: &dyn std::fmt::Display) -> PortError {
    PortError::new(PortErrorKind::Invalid, format!("{address}: {why}"))
}

fn refused(address: &Url, status: StatusCode) -> PortError {
    let kind = match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => PortErrorKind::NotFound,
        StatusCode::UNAUTHORIZED => PortErrorKind::Unauthenticated,
        StatusCode::FORBIDDEN => PortErrorKind::Denied,
        s if s.is_server_error() => PortErrorKind::Unavailable,
        _ => PortErrorKind::Invalid,
    };
    PortError::new(kind, format!("{address}: {status}"))
}

fn read_only() -> PortError {
    PortError::new(PortErrorKind::Denied, "web servers are read-only")
}
