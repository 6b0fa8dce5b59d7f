//! What the functions said: CloudWatch Logs.

use crate::provision::{Cloud, CloudResult, Doing};

/// Which lines of a log group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Log group.
    pub group: String,
    /// Not before this, in milliseconds since the epoch.
    pub from_ms: i64,
    /// Not after this, in milliseconds since the epoch.
    pub until_ms: Option<i64>,
    /// Only lines that hold this text.
    pub containing: Option<String>,
    /// At most so many lines, the oldest first.
    pub limit: usize,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Stream, which is one execution environment.
    pub stream: String,
    /// The line.
    pub message: String,
}

impl Cloud {
    /// Lines of a log group, oldest first; none where the group is not there, since it is made by the first line.
    pub async fn log_lines(&self, query: &LogQuery) -> CloudResult<Vec<LogLine>> {
        let action = format!("read the log {}", query.group);
        let mut request = self
            .logs
            .filter_log_events()
            .log_group_name(&query.group)
            .start_time(query.from_ms)
            .set_end_time(query.until_ms);
        if let Some(text) = &query.containing {
            // A quoted filter pattern is a plain substring.
            request = request.filter_pattern(format!("\"{}\"", text.replace('"', "")));
        }
        let mut pages = request.into_paginator().send();
        let mut lines = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page.doing(action.as_str()) {
                Ok(page) => page,
                Err(e) if e.is_not_found() => break,
                Err(e) => return Err(e),
            };
            lines.extend(page.events().iter().map(|e| LogLine {
                at_ms: e.timestamp().unwrap_or(0),
                stream: e.log_stream_name().unwrap_or_default().to_owned(),
                message: e.message().unwrap_or_default().trim_end().to_owned(),
            }));
            if lines.len() >= query.limit {
                break;
            }
        }
        lines.sort_by_key(|l| l.at_ms);
        lines.truncate(query.limit);
        Ok(lines)
    }
}
