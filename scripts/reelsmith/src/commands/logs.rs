//! `reelsmith logs`: what the functions said about a job.

use clap::Args;
use futures::stream::{self, StreamExt, TryStreamExt};
use reelsmith_aws::operate::{LogLine, LogQuery};
use reelsmith_contract::payload::ExecutionInput;
use reelsmith_contract::step::STEPS;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Trouble;
use crate::job::subject::{Subject, job_of};
use crate::job::target::Target;
use crate::view::text;

/// Groups that are read at the same time.
const PARALLEL: usize = 4;
/// How long after an execution's end its lines may still arrive, in milliseconds.
const LATE_MS: i64 = 60_000;
/// How long before an execution's start its manifest may have arrived, in milliseconds.
const EARLY_MS: i64 = 60_000;
/// Lines that Lambda itself writes around each invocation.
const PLATFORM: [&str; 5] = ["START ", "END ", "REPORT ", "INIT_START ", "EXTENSION "];

/// What is to be read.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// An execution, a job key, a title, or the beginning of one; the newest execution where not given.
    pub job: Option<String>,
    /// Only lines of this function, as transcode-chunk. May be given again.
    #[arg(long = "function", value_name = "NAME")]
    pub functions: Vec<String>,
    /// Only lines that hold this text.
    #[arg(long, value_name = "TEXT")]
    pub grep: Option<String>,
    /// Every line of the functions in the time of the execution, also those of other jobs and of Lambda itself.
    #[arg(long)]
    pub all: bool,
    /// At most so many lines of each function.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
    /// One JSON object per line, with all fields.
    #[arg(long)]
    pub json: bool,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// When, RFC 3339.
    pub at: String,
    /// Seconds after the execution's start.
    pub after: f64,
    /// Function.
    pub function: String,
    /// Log stream: one execution environment.
    pub stream: String,
    /// Level, where the line is one of ours.
    pub level: Option<String>,
    /// What it says.
    pub message: String,
    /// Its other fields.
    pub fields: Map<String, Value>,
    #[serde(skip)]
    order: i64,
}

/// Reads.
///
/// # Errors
/// `JobUnknown`, an unknown function, or those of the calls.
pub async fn logs(target: &Target, request: &Request) -> Result<Vec<Line>, Trouble> {
    let functions = functions(request)?;
    let subject = Subject::find(target, request.job.as_deref()).await?;
    let execution = subject.execution()?;
    let began = execution.summary.started_ms;
    let window = (
        began - EARLY_MS,
        execution.summary.stopped_ms.map(|end| end + LATE_MS),
    );
    let job = job_of(execution, &subject.history).map(|key| key.to_string());
    let input: Option<ExecutionInput> = serde_json::from_str(&execution.input).ok();
    let texts = Texts {
        job,
        manifest: input.map(|i| i.source.key),
        execution: execution.summary.name.clone(),
    };
    let queries = functions
        .into_iter()
        .flat_map(|f| queries(target, request, &texts, f, window));
    let read = stream::iter(queries.collect::<Vec<_>>()).map(async |(function, query)| {
        let lines = target.operations.log_lines(&query).await?;
        Ok::<_, Trouble>(
            lines
                .into_iter()
                .map(move |l| line(function, l, began))
                .collect::<Vec<_>>(),
        )
    });
    let read: Vec<Vec<Line>> = read.buffered(PARALLEL).try_collect().await?;
    let mut lines: Vec<Line> = read.into_iter().flatten().collect();
    lines.retain(|l| request.all || !PLATFORM.iter().any(|p| l.message.starts_with(p)));
    if let Some(text) = &request.grep {
        lines.retain(|l| {
            l.message.contains(text) || Value::Object(l.fields.clone()).to_string().contains(text)
        });
    }
    lines.sort_by_key(|l| l.order);
    // A line that holds both the job and the manifest was found twice.
    lines.dedup();
    Ok(lines)
}

/// Texts by which lines of one job are told from those of others.
struct Texts {
    job: Option<String>,
    manifest: Option<String>,
    execution: String,
}

fn functions(request: &Request) -> Result<Vec<&'static str>, Trouble> {
    let all = STEPS.iter().map(|s| s.function);
    if request.functions.is_empty() {
        return Ok(all.collect());
    }
    let known = |name: &String| {
        all.clone().find(|f| f == name).ok_or_else(|| {
            let names: Vec<_> = all.clone().collect();
            let why = format!("expected one of {}, found {name:?}", names.join(", "));
            Trouble::new("read the logs", why, "name a function of the pipeline")
        })
    };
    request.functions.iter().map(known).collect()
}

fn queries<'a>(
    target: &Target,
    request: &Request,
    texts: &Texts,
    function: &'a str,
    (from_ms, until_ms): (i64, Option<i64>),
) -> Vec<(&'a str, LogQuery)> {
    let query = |containing: Option<&String>| LogQuery {
        group: target.names.log_group(function),
        from_ms,
        until_ms,
        containing: containing.cloned(),
        limit: request.limit,
    };
    if request.all {
        return vec![(function, query(None))];
    }
    // Before the manifest is parsed there is no job key, and notify knows the execution's name only.
    let also = match function {
        "start-execution" | "parse-manifest" => texts.manifest.as_ref(),
        "notify" | "fail-job" => Some(&texts.execution),
        _ => None,
    };
    let wanted = texts.job.iter().chain(also);
    wanted.map(|text| (function, query(Some(text)))).collect()
}

/// Takes a line apart: our functions write JSON, the platform and panics do not.
fn line(function: &str, line: LogLine, began: i64) -> Line {
    let mut fields = match serde_json::from_str::<Value>(&line.message) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut take = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (level, message, at) = (take("level"), take("message"), take("timestamp"));
    take("target");
    if let Some(Value::Object(span)) = fields.remove("span") {
        fields.extend(span);
    }
    fields.remove("name");
    // CloudWatch and MiniStack stamp a line when it arrives; the line itself says when it was written.
    let written = at.and_then(|t| t.parse::<jiff::Timestamp>().ok());
    let at_ms = written.map_or(line.at_ms, jiff::Timestamp::as_millisecond);
    Line {
        at: text::instant(at_ms),
        after: text::seconds(at_ms - began),
        function: function.to_owned(),
        stream: line.stream,
        level,
        message: message.unwrap_or(line.message),
        fields,
        order: at_ms,
    }
}

/// As text, or as JSON lines.
#[must_use]
pub fn print(lines: &[Line], request: &Request) -> String {
    if request.json {
        return text::json_lines(lines);
    }
    if lines.is_empty() {
        return "no line: they may be on their way still; --all shows those of other jobs too"
            .to_owned();
    }
    let row = |l: &Line| {
        let level = l.level.as_deref().unwrap_or("");
        let head = format!("{:>8.1} s  {:<5} {:<18}", l.after, level, l.function);
        let fields = l
            .fields
            .iter()
            .filter(|(k, _)| !matches!(k.as_str(), "job_key" | "request_id"));
        let fields: String = fields.map(|(k, v)| format!("  {k}={}", plain(v))).collect();
        format!("{head} {}{fields}", l.message)
    };
    lines.iter().map(row).collect::<Vec<_>>().join("\n")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
