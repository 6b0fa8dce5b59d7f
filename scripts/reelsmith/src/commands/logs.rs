//! `reelsmith logs`: the log lines of the functions about a job.

use clap::Args;
use futures::stream::{self, StreamExt, TryStreamExt};
use reelsmith_aws::operate::{LogLine, LogQuery};
use reelsmith_contract::payload::ExecutionInput;
use reelsmith_contract::step::STEPS;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::{Connection, DeploymentArgs};
use crate::job::resolve::{JobArg, job_of};
use crate::view::text::{self, say};

/// Log groups that are read at the same time.
const PARALLEL: usize = 4;
/// Milliseconds after the end of an execution in which its lines can still arrive.
const LATE_MS: i64 = 60_000;
/// Milliseconds before the start of an execution in which its manifest can have arrived.
const EARLY_MS: i64 = 60_000;
/// How the lines begin that Lambda itself writes around each invocation.
const PLATFORM: [&str; 5] = ["START ", "END ", "REPORT ", "INIT_START ", "EXTENSION "];

#[derive(Args, Clone, Debug)]
pub struct LogsArgs {
    #[command(flatten)]
    pub job: JobArg,
    /// Print only the lines of this function, for example transcode-chunk. Can be repeated.
    #[arg(long = "function", value_name = "NAME")]
    pub functions: Vec<String>,
    /// Print only lines that contain this text.
    #[arg(long, value_name = "TEXT")]
    pub grep: Option<String>,
    /// Print every line from the time of the execution, including those of other jobs and of Lambda itself.
    #[arg(long)]
    pub all: bool,
    /// Most lines of each function.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
    /// Print one JSON object per line, with all fields.
    #[arg(long)]
    pub json: bool,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Time, RFC 3339.
    pub at: String,
    /// Seconds after the start of the execution.
    pub after: f64,
    pub function: String,
    /// Log stream: one for each execution environment.
    pub stream: String,
    /// The level, if the function wrote the line.
    pub level: Option<String>,
    pub message: String,
    /// The other fields of the line.
    pub fields: Map<String, Value>,
    /// Time in milliseconds since the epoch.
    #[serde(skip)]
    at_ms: i64,
}

pub async fn run(deployment: &DeploymentArgs, args: &LogsArgs) -> CommandResult {
    let lines = logs(&deployment.connect_noted().await?, args).await?;
    say(&print(&lines, args));
    Ok(Exit::Done)
}

/// The lines, in order of time.
///
/// # Errors
/// `JobUnknown`, `JobAmbiguous`, an unknown function, or those of the calls.
pub async fn logs(connection: &Connection, args: &LogsArgs) -> Result<Vec<Line>, CliError> {
    let functions = functions(args)?;
    let job = args.job.resolve(connection).await?;
    let execution = job.execution()?;
    let began = execution.summary.started_ms;
    let window = (
        began - EARLY_MS,
        execution.summary.stopped_ms.map(|end| end + LATE_MS),
    );
    let key = job_of(execution, &job.history).map(|key| key.to_string());
    let input: Option<ExecutionInput> = serde_json::from_str(&execution.input).ok();
    let texts = SearchTexts {
        job: key,
        manifest: input.map(|i| i.source.key),
        execution: execution.summary.name.clone(),
    };
    let queries = functions
        .into_iter()
        .flat_map(|f| queries(connection, args, &texts, f, window));
    let read = stream::iter(queries.collect::<Vec<_>>()).map(async |(function, query)| {
        let lines = connection.operations.log_lines(&query).await?;
        Ok::<_, CliError>(
            lines
                .into_iter()
                .map(move |l| line(function, l, began))
                .collect::<Vec<_>>(),
        )
    });
    let read: Vec<Vec<Line>> = read.buffered(PARALLEL).try_collect().await?;
    let mut lines: Vec<Line> = read.into_iter().flatten().collect();
    lines.retain(|l| args.all || !PLATFORM.iter().any(|p| l.message.starts_with(p)));
    if let Some(text) = &args.grep {
        lines.retain(|l| {
            l.message.contains(text) || Value::Object(l.fields.clone()).to_string().contains(text)
        });
    }
    lines.sort_by_key(|l| l.at_ms);
    // A line that contains two of the texts was found twice.
    lines.dedup();
    Ok(lines)
}

/// The texts that identify the lines of a job.
struct SearchTexts {
    job: Option<String>,
    manifest: Option<String>,
    execution: String,
}

fn functions(args: &LogsArgs) -> Result<Vec<&'static str>, CliError> {
    let all = STEPS.iter().map(|s| s.function);
    if args.functions.is_empty() {
        return Ok(all.collect());
    }
    let known = |name: &String| {
        all.clone().find(|f| f == name).ok_or_else(|| {
            let names: Vec<_> = all.clone().collect();
            let why = format!("expected one of {}, found {name:?}", names.join(", "));
            CliError::new("read the logs", why, "give one of these functions")
        })
    };
    args.functions.iter().map(known).collect()
}

fn queries<'a>(
    connection: &Connection,
    args: &LogsArgs,
    texts: &SearchTexts,
    function: &'a str,
    (from_ms, until_ms): (i64, Option<i64>),
) -> Vec<(&'a str, LogQuery)> {
    let query = |containing: Option<&String>| LogQuery {
        group: connection.names.log_group(function),
        from_ms,
        until_ms,
        containing: containing.cloned(),
        limit: args.limit,
    };
    if args.all {
        return vec![(function, query(None))];
    }
    // Before the manifest is parsed there is no job key, and notify only knows the name of the execution.
    let also = match function {
        "start-execution" | "parse-manifest" => texts.manifest.as_ref(),
        "notify" | "fail-job" => Some(&texts.execution),
        _ => None,
    };
    let wanted = texts.job.iter().chain(also);
    wanted.map(|text| (function, query(Some(text)))).collect()
}

/// Reads the fields of a line. The functions write JSON; Lambda and panics do not.
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
    // The time in the line is more exact than that of CloudWatch and MiniStack, which is the time of arrival.
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
        at_ms,
    }
}

pub fn print(lines: &[Line], args: &LogsArgs) -> String {
    if args.json {
        return text::json_lines(lines);
    }
    if lines.is_empty() {
        return "no lines yet; --all also prints the lines of other jobs".to_owned();
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
