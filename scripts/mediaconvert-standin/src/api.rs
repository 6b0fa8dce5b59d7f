//! The REST-JSON API over HTTP.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::jobs::{Fault, Job, Jobs};

/// The version in every path.
const VERSION: &str = "/2017-08-29/";
/// Jobs on a page if the request does not say how many.
const PAGE: usize = 20;

pub(crate) type Answer<T> = Result<T, Refusal>;

pub(crate) fn router(jobs: Arc<Jobs>) -> Router {
    Router::new()
        .route("/faults", post(inject))
        .fallback(answer)
        .with_state(jobs)
}

/// Why a call is refused: status and error code of the API, and a message.
pub(crate) struct Refusal(pub(crate) u16, pub(crate) &'static str, pub(crate) String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let response = json_response(self.0, &json!({ "message": self.2 }));
        ([("x-amzn-ErrorType", self.1)], response).into_response()
    }
}

fn json_response(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let content_type = [("Content-Type", "application/json")];
    (status, content_type, body.to_string()).into_response()
}

async fn inject(State(jobs): State<Arc<Jobs>>, body: Bytes) -> Answer<Response> {
    jobs.inject(parsed::<Fault>(&body)?);
    Ok(json_response(200, &json!({})))
}

async fn answer(
    State(jobs): State<Arc<Jobs>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Answer<Response> {
    if jobs.take_fault(|f| *f == Fault::Throttle).is_some() {
        let message = "slow down".to_owned();
        return Err(Refusal(429, "TooManyRequestsException", message));
    }
    let (status, answer) = route(&jobs, &method, &uri, &body)?;
    if status == 201 && jobs.loses_answer() {
        // A body that fails closes the connection before anything is sent.
        let lost = futures::stream::iter([Err::<Bytes, _>(io::Error::other("the answer is lost"))]);
        return Ok(Body::from_stream(lost).into_response());
    }
    Ok(json_response(status, &answer))
}

fn route(jobs: &Arc<Jobs>, method: &Method, uri: &Uri, body: &[u8]) -> Answer<(u16, Value)> {
    let resource = uri.path().strip_prefix(VERSION).unwrap_or_default();
    let id = resource.strip_prefix("jobs/").unwrap_or_default();
    match (method.as_str(), resource) {
        ("POST", "jobs") => Ok((201, json!({"job": jobs.create(parsed(body)?)?}))),
        ("GET", "jobs" | "search") => Ok((200, list(jobs, uri.query().unwrap_or_default()))),
        ("GET", _) if !id.is_empty() => Ok((200, json!({"job": jobs.show(id)?}))),
        ("DELETE", _) if !id.is_empty() => jobs.cancel(id).map(|()| (202, json!({}))),
        _ => {
            let message = format!("{method} {} is not supported here", uri.path());
            Err(Refusal(404, "NotFoundException", message))
        }
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Answer<T> {
    serde_json::from_slice(body)
        .map_err(|e| Refusal(400, "BadRequestException", format!("cannot be read: {e}")))
}

fn list(jobs: &Jobs, query: &str) -> Value {
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(n, _)| *n == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    let has = |job: &Value, field: &str| {
        let wanted = parameter(field);
        wanted.is_none_or(|wanted| job[field] == wanted.as_str())
    };
    let input = parameter("inputFile").unwrap_or_default();
    let mut found: Vec<Value> = jobs.all().iter().map(Job::shown).collect();
    found.retain(|job| {
        let file = job["settings"]["inputs"][0]["fileInput"].as_str();
        let reads = file.is_some_and(|file| file.contains(&input));
        has(job, "queue") && has(job, "status") && reads
    });
    if parameter("order").as_deref() != Some("ASCENDING") {
        found.reverse();
    }
    let number = |name: &str| parameter(name).and_then(|n| n.parse::<usize>().ok());
    let from = number("nextToken").unwrap_or(0).min(found.len());
    let end = (from + number("maxResults").unwrap_or(PAGE)).min(found.len());
    let mut answer = json!({"jobs": &found[from..end]});
    if end < found.len() {
        answer["nextToken"] = json!(end.to_string());
    }
    answer
}
