//! The API over HTTP.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::faults::Fault;
use crate::jobs::{Jobs, Refusal};

/// The version in every path.
const VERSION: &str = "/2017-08-29/";
/// Jobs on a page where the request does not say.
const PAGE: usize = 20;

/// Accepts connections for ever; all of them end when this future is dropped.
pub(crate) async fn accept(listener: TcpListener, jobs: Arc<Jobs>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((socket, _)) = accepted {
                    let jobs = Arc::clone(&jobs);
                    connections.spawn(async move {
                        let service = service_fn(|request| answer(Arc::clone(&jobs), request));
                        let builder = hyper::server::conn::http1::Builder::new();
                        // A client that hangs up is no trouble of ours; an answer that is lost ends here on purpose.
                        let _ = builder.serve_connection(TokioIo::new(socket), service).await;
                    });
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// An error instead of an answer closes the connection: the client never hears of it.
async fn answer(jobs: Arc<Jobs>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = parts.uri.path().to_owned();
    if path == "/faults" && parts.method == Method::POST {
        return Ok(respond(inject(&jobs, &body)));
    }
    if jobs.is_throttled() {
        let refusal = Refusal(429, "TooManyRequestsException", "slow down".to_owned());
        return Ok(respond(Err(refusal)));
    }
    let query = parts.uri.query().unwrap_or_default();
    let creates = parts.method == Method::POST && path == format!("{VERSION}jobs");
    let answer = route(&jobs, &parts.method, &path, query, &body);
    if creates && answer.is_ok() && jobs.loses_answer() {
        return Err(io::Error::other("the answer is lost"));
    }
    Ok(respond(answer))
}

type Answer = Result<(u16, Value), Refusal>;

fn route(jobs: &Arc<Jobs>, method: &Method, path: &str, query: &str, body: &[u8]) -> Answer {
    let resource = path.strip_prefix(VERSION).unwrap_or_default();
    let id = resource.strip_prefix("jobs/").unwrap_or_default();
    match (method.as_str(), resource) {
        ("POST", "jobs") => Ok((201, json!({"job": jobs.create(parsed(body)?)?}))),
        ("GET", "jobs" | "search") => Ok((200, list(jobs, query))),
        ("GET", _) if !id.is_empty() => Ok((200, json!({"job": jobs.show(id)?}))),
        ("DELETE", _) if !id.is_empty() => jobs.cancel(id).map(|()| (202, json!({}))),
        _ => {
            let message = format!("{method} {path} is not a call that this stand-in has");
            Err(Refusal(404, "NotFoundException", message))
        }
    }
}

fn parsed(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body)
        .map_err(|e| Refusal(400, "BadRequestException", format!("not JSON: {e}")))
}

fn inject(jobs: &Jobs, body: &[u8]) -> Answer {
    let fault: Fault = serde_json::from_slice(body)
        .map_err(|e| Refusal(400, "BadRequestException", format!("no fault: {e}")))?;
    jobs.inject(fault);
    Ok((200, json!({})))
}

fn list(jobs: &Jobs, query: &str) -> Value {
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.filter(|(n, _)| *n == name).map(|(_, v)| v).next()?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    let is = |job: &Value, field: &str| {
        let wanted = parameter(field);
        wanted.is_none_or(|wanted| job[field] == wanted.as_str())
    };
    let input = parameter("inputFile").unwrap_or_default();
    let mut found = jobs.matching(|job| {
        let file = job["settings"]["inputs"][0]["fileInput"].as_str();
        let reads = file.is_some_and(|file| file.contains(&input));
        is(job, "queue") && is(job, "status") && reads
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

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let builder = Response::builder().header("Content-Type", "application/json");
    let (builder, body) = match answer {
        Ok((status, body)) => (builder.status(status), body),
        Err(Refusal(status, code, message)) => (
            builder.status(status).header("x-amzn-ErrorType", code),
            json!({ "message": message }),
        ),
    };
    let built = builder.body(Full::from(body.to_string()));
    // Status and headers are constants, so this cannot fail.
    built.unwrap_or_default()
}
