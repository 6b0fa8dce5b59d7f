//! Packages behind a small web server on a free port.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;

use super::*;
use crate::http::CONNECTIONS;

/// Stands for the address of the server in a document.
const ORIGIN: &str = "http://origin.invalid";

/// What the server does, and what it saw.
#[derive(Default)]
struct Site {
    files: BTreeMap<String, Vec<u8>>,
    /// The value of `X-Token` that each request needs.
    token: Option<&'static str>,
    /// Paths that redirect to others.
    moved: BTreeMap<String, String>,
    packs: bool,
    has_no_head: bool,
    ignores_ranges: bool,
    running: AtomicUsize,
    most: AtomicUsize,
    ranges: Mutex<Vec<String>>,
}

impl Site {
    fn of(good: &ValidOutput) -> Self {
        let files = good.bytes();
        let files = files
            .into_iter()
            .map(|(path, b)| (format!("/film/{path}"), b));
        Self {
            files: files.collect(),
            ..Self::default()
        }
    }

    /// Serves until the test ends, and returns the address.
    async fn serve(self) -> (Arc<Self>, String) {
        let site = Arc::new(self);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&site));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (site, address)
    }

    fn respond(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let empty = |status| {
            let response = Response::builder().status(status);
            response.body(Body::empty()).unwrap()
        };
        let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
        if self.token.is_some() && header("x-token") != self.token {
            return empty(StatusCode::FORBIDDEN);
        }
        if let Some(target) = self.moved.get(path) {
            let response = Response::builder().status(StatusCode::FOUND);
            let response = response.header(header::LOCATION, target);
            return response.body(Body::empty()).unwrap();
        }
        let Some(file) = self.files.get(path) else {
            return empty(StatusCode::NOT_FOUND);
        };
        let own = format!("http://{}", header("host").unwrap_or_default());
        let file = match std::str::from_utf8(file) {
            Ok(text) => &text.replace(ORIGIN, &own).into_bytes(),
            Err(_) => file,
        };
        if self.has_no_head && request.method() == Method::HEAD {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, media_type(path).parse().unwrap());
        let range = header("range").filter(|_| !self.ignores_ranges);
        if let Some((start, end)) = range.and_then(bounds) {
            self.ranges.lock().unwrap().push(path.to_owned());
            let end = (end + 1).min(file.len());
            let total = format!("bytes {start}-{}/{}", end - 1, file.len());
            headers.insert(header::CONTENT_RANGE, total.parse().unwrap());
            return respond(StatusCode::PARTIAL_CONTENT, headers, &file[start..end]);
        }
        let packed = self.packs && header("accept-encoding") == Some("gzip");
        if packed && (path.ends_with(".m3u8") || path.ends_with(".mpd")) {
            headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
            let level = flate2::Compression::fast();
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), level);
            packer.write_all(file).unwrap();
            return respond(StatusCode::OK, headers, &packer.finish().unwrap());
        }
        respond(StatusCode::OK, headers, file)
    }
}

fn respond(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Response {
    let mut response = Response::new(Body::from(body.to_vec()));
    *response.status_mut() = status;
    response.headers_mut().extend(headers);
    response
}

fn bounds(range: &str) -> Option<(usize, usize)> {
    let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some((start.parse().ok()?, end.parse().ok()?))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').unwrap_or_default().1 {
        "m3u8" => "application/vnd.apple.mpegurl",
        "mpd" => "application/dash+xml",
        "m4s" => "video/iso.segment",
        "vtt" => "text/vtt",
        "jpg" => "image/jpeg",
        _ => "video/mp4",
    }
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let running = site.running.fetch_add(1, Ordering::SeqCst) + 1;
    site.most.fetch_max(running, Ordering::SeqCst);
    tokio::task::yield_now().await;
    let response = site.respond(&request);
    site.running.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn at(address: &str, headers: &[String]) -> Result<Report, Error> {
    let location = Location::of(address, headers).await?;
    let options = Options {
        profiles: vec![Profile::Rfc, Profile::Apple, Profile::Cmaf],
        ..Options::default()
    };
    Ok(validate(&location, None, &options).await?.report)
}

fn rules(report: &Report) -> Vec<&str> {
    report.violations.iter().map(|v| &*v.rule).collect()
}

#[tokio::test]
async fn a_package_behind_a_server_is_read_by_range_with_bounded_connections() {
    let (site, address) = Site::of(&ValidOutput::new()).serve().await;
    let report = at(&format!("{address}/film/master.m3u8"), &[])
        .await
        .unwrap();
    // Nothing is wrong but that the server does not pack its documents.
    assert!(
        rules(&report).iter().all(|r| *r == "DLV-02"),
        "{}",
        report.summary()
    );
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.coverage.segments > 10, "{}", report.summary());
    assert!(site.most.load(Ordering::SeqCst) <= CONNECTIONS);
    let ranges = site.ranges.lock().unwrap();
    assert!(ranges.iter().any(|p| p.ends_with(".m4s")));
}

#[tokio::test]
async fn packed_documents_satisfy_the_rule_and_are_unpacked() {
    let site = Site {
        packs: true,
        ..Site::of(&ValidOutput::new())
    };
    let (_site, address) = site.serve().await;
    let report = at(&format!("{address}/film/master.m3u8"), &[])
        .await
        .unwrap();
    assert_eq!(report.violations, [], "{}", report.summary());
    let mpd = Location::of(&format!("{address}/film/manifest.mpd"), &[])
        .await
        .unwrap();
    let report = validate(&mpd, None, &Options::default())
        .await
        .unwrap()
        .report;
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.summary());
}

#[tokio::test]
async fn headers_are_sent_and_a_refusal_is_an_error() {
    let site = Site {
        token: Some("sesame"),
        ..Site::of(&ValidOutput::new())
    };
    let (_site, address) = site.serve().await;
    let address = format!("{address}/film/master.m3u8");
    let refused = at(&address, &[]).await.unwrap_err();
    assert!(refused.to_string().contains("403 Forbidden"), "{refused}");
    let report = at(&address, &["X-Token: sesame".to_owned()]).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.summary());
    let malformed = at(&address, &["X-Token".to_owned()]).await.unwrap_err();
    assert!(malformed.to_string().contains("a colon"), "{malformed}");
}

#[tokio::test]
async fn redirects_are_followed_a_bounded_number_of_times() {
    let mut site = Site::of(&ValidOutput::new());
    site.moved = BTreeMap::from([
        ("/short".to_owned(), "/film/master.m3u8".to_owned()),
        ("/round.m3u8".to_owned(), "/round.m3u8".to_owned()),
    ]);
    let (_site, address) = site.serve().await;
    let report = at(&format!("{address}/short"), &[]).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.summary());
    let error = at(&format!("{address}/round.m3u8"), &[]).await.unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
}

#[tokio::test]
async fn servers_without_head_or_ranges_are_read_too() {
    for ignores_ranges in [false, true] {
        let site = Site {
            has_no_head: true,
            ignores_ranges,
            ..Site::of(&ValidOutput::new())
        };
        let (_site, address) = site.serve().await;
        let report = at(&format!("{address}/film/master.m3u8"), &[])
            .await
            .unwrap();
        assert_eq!(report.verdict, Verdict::Pass, "{}", report.summary());
    }
}

#[tokio::test]
async fn a_missing_segment_and_a_wrong_content_type_are_findings() {
    let mut site = Site::of(&ValidOutput::new());
    site.files.remove("/film/video/h264_720p/seg_00002.m4s");
    let text = site.files.remove("/film/text/en/playlist.m3u8").unwrap();
    let text = String::from_utf8(text).unwrap();
    let text = text.replace("seg_00001.vtt", "seg_00001.vtt?token=1");
    site.files
        .insert("/film/text/en/playlist.m3u8".to_owned(), text.into());
    let (_site, address) = site.serve().await;
    let report = at(&format!("{address}/film/master.m3u8?session=7"), &[])
        .await
        .unwrap();
    assert!(rules(&report).contains(&"SEG-01"), "{}", report.summary());
    assert_eq!(report.verdict, Verdict::Fail);
}

#[tokio::test]
async fn absolute_addresses_are_read_if_they_are_of_the_package() {
    let path = "/film/video/h264_720p/playlist.m3u8";
    for (origin, is_read) in [(ORIGIN, true), ("http://other.invalid", false)] {
        let mut site = Site::of(&ValidOutput::new());
        let text = String::from_utf8(site.files.remove(path).unwrap()).unwrap();
        let absolute = format!("{origin}/film/video/h264_720p/seg_00001.m4s");
        let text = text.replace("seg_00001.m4s", &absolute);
        site.files.insert(path.to_owned(), text.into());
        let (site, address) = site.serve().await;
        let report = at(&format!("{address}/film/master.m3u8"), &[])
            .await
            .unwrap();
        // Elsewhere is no violation.
        assert!(!rules(&report).contains(&"SEG-01"), "{}", report.summary());
        let ranges = site.ranges.lock().unwrap();
        let read = ranges
            .iter()
            .any(|p| p == "/film/video/h264_720p/seg_00001.m4s");
        assert_eq!(read, is_read, "{origin}");
    }
}

#[tokio::test]
async fn no_connection_and_no_certificate_are_errors_with_their_cause() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = at(&format!("http://127.0.0.1:{port}/a.m3u8"), &[])
        .await
        .unwrap_err();
    assert!(
        error.to_string().to_lowercase().contains("refused"),
        "{error}"
    );
    let (_site, address) = Site::of(&ValidOutput::new()).serve().await;
    let secure = address.replace("http://", "https://");
    let error = at(&format!("{secure}/film/master.m3u8"), &[])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("to do"), "{error}");
    let folder = at(&format!("{address}/film/"), &[]).await.unwrap_err();
    assert!(folder.to_string().contains("404"), "{folder}");
}

#[tokio::test]
async fn media_of_a_server_are_decoded() {
    let muxer = "-f hls -hls_time 2 -hls_playlist_type vod -hls_flags single_file -hls_segment_type fmp4 \
                 -master_pl_name top.m3u8 -var_stream_map";
    let output = muxed_by_ffmpeg(
        muxer,
        &["v:0,agroup:a v:1,agroup:a a:0,agroup:a", "v%v.m3u8"],
    );
    let mut site = Site::default();
    for entry in std::fs::read_dir(output.0.path()).unwrap() {
        let entry = entry.unwrap();
        let path = format!("/film/{}", entry.file_name().to_str().unwrap());
        site.files
            .insert(path, std::fs::read(entry.path()).unwrap());
    }
    decoding::damage(site.files.get_mut("/film/v0.m4s").unwrap());
    let (_, address) = site.serve().await;
    let location = Location::of(&format!("{address}/film/top.m3u8"), &[]).await;
    let options = Options {
        decode: Some(crate::decode::ffmpeg_of_path()),
        ..Options::default()
    };
    let report = validate(&location.unwrap(), None, &options)
        .await
        .unwrap()
        .report;
    let found = report.violations.iter().filter(|v| v.rule == "SEG-18");
    let found: Vec<_> = found.map(|v| (&*v.path, v.location)).collect();
    let second = Some(reelsmith_conformance::Location::Segment(2));
    assert_eq!(found, [("v0.m3u8", second)], "{}", report.summary());
}
