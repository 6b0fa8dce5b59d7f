//! What the command line does with the other services: objects, queues, logs, rows of the submission table, and functions.

use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::types::ChecksumMode;
use aws_sdk_sqs::types::QueueAttributeName;
use reelsmith_core::keys::AssetId;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::PutOptions;
use reelsmith_core::submission::{Row, State};
use tokio::io::AsyncWriteExt;

use crate::S3Store;
use crate::cloud::{Cloud, CloudError, CloudResult, Doing, if_found};
use crate::dynamodb::item::Stored;
use crate::s3::crc64_of_file;

/// An object that was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// The size of the file in bytes.
    pub size: u64,
    /// The `Content-Encoding` of the object. The file is still encoded.
    pub content_encoding: Option<String>,
}

/// A message that was received from a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    pub id: String,
    pub body: String,
}

/// Which lines of a log group to read. Times are in milliseconds since the epoch and inclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    pub group: String,
    pub from_ms: i64,
    pub until_ms: Option<i64>,
    /// Only lines that contain this text.
    pub containing: Option<String>,
    /// At most this many lines, the oldest first.
    pub limit: usize,
}

/// One line of a log. `at_ms` is in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub at_ms: i64,
    /// The log stream, which is one execution environment of the function.
    pub stream: String,
    pub message: String,
}

/// Which rows of the submission table to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsOf {
    State(State),
    Asset(AssetId),
}

impl RowsOf {
    /// The index, the name of its partition key, and the value.
    fn index(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::State(state) => ("by-status", "gsi_status", state.as_str()),
            Self::Asset(asset) => ("by-asset", "asset", asset.as_str()),
        }
    }
}

impl Cloud {
    /// Uploads a file and returns the version id, if the bucket is versioned. An upload that was interrupted continues.
    pub async fn upload(
        &self,
        bucket: &str,
        key: &str,
        file: &Path,
    ) -> CloudResult<Option<String>> {
        let object = ObjectRef::new(bucket, key);
        let store = S3Store::new(self.s3.clone());
        let options = PutOptions::default();
        let uploaded = store.write_file(&object, file, &options, true).await;
        let uploaded = uploaded.doing(format!("upload {} to {object}", file.display()))?;
        Ok(uploaded.version_id)
    }

    /// Makes an object of the file that a header names, without sending it: see the crate `local-s3`. Returns the version
    /// id, if the bucket is versioned.
    pub async fn place(
        &self,
        (bucket, key): (&str, &str),
        (header, name): (&'static str, String),
    ) -> CloudResult<Option<String>> {
        let put = self
            .s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .customize()
            .mutate_request(move |request| {
                request.headers_mut().insert(header, name.clone());
            })
            .send()
            .await
            .doing(format!("place s3://{bucket}/{key}"))?;
        Ok(put.version_id)
    }

    /// Whether the newest version of an object has the bytes of a file. S3 is asked for a checksum of the whole object;
    /// without one the answer is no.
    pub async fn has_bytes_of(&self, bucket: &str, key: &str, file: &Path) -> CloudResult<bool> {
        let action = format!("compare {} with s3://{bucket}/{key}", file.display());
        let request = self.s3.head_object().bucket(bucket).key(key);
        let request = request.checksum_mode(ChecksumMode::Enabled).send().await;
        let Some(found) = if_found(request.doing(action.as_str()))? else {
            return Ok(false);
        };
        let size = tokio::fs::metadata(file)
            .await
            .doing(action.as_str())?
            .len();
        let stored = found.content_length.and_then(|n| u64::try_from(n).ok());
        let (Some(stated), true) = (found.checksum_crc64_nvme, stored == Some(size)) else {
            return Ok(false);
        };
        let file = file.to_owned();
        let hashed = tokio::task::spawn_blocking(move || crc64_of_file(&file)).await;
        let hashed = hashed.map_err(|e| CloudError::new(action.as_str(), e.to_string()))?;
        Ok(hashed.doing(action)? == stated)
    }

    /// Downloads an object to a file, without holding it in memory.
    pub async fn download(&self, bucket: &str, key: &str, file: &Path) -> CloudResult<Downloaded> {
        let action = format!("download s3://{bucket}/{key} to {}", file.display());
        let object = self.s3.get_object().bucket(bucket).key(key).send().await;
        let object = object.doing(action.as_str())?;
        let content_encoding = object.content_encoding;
        let mut body = object.body;
        let created = tokio::fs::File::create(file).await;
        let mut out = tokio::io::BufWriter::new(created.doing(action.as_str())?);
        let mut size = 0;
        while let Some(bytes) = body.next().await {
            let bytes = bytes.doing(action.as_str())?;
            size += bytes.len() as u64;
            out.write_all(&bytes).await.doing(action.as_str())?;
        }
        out.flush().await.doing(action)?;
        Ok(Downloaded {
            size,
            content_encoding,
        })
    }

    /// The URL of the queue with that name; `None` if there is none.
    pub async fn queue_url(&self, name: &str) -> CloudResult<Option<String>> {
        let found = self.sqs.get_queue_url().queue_name(name).send().await;
        let found = if_found(found.doing(format!("look for queue {name}")))?;
        Ok(found.and_then(|found| found.queue_url))
    }

    /// Receives and deletes up to ten messages of a queue. It waits up to `wait_s` seconds (at most 20) for the first.
    pub async fn take_messages(&self, url: &str, wait_s: i32) -> CloudResult<Vec<ReceivedMessage>> {
        let action = format!("receive from {url}");
        let received = self
            .sqs
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .wait_time_seconds(wait_s)
            .send()
            .await
            .doing(action.as_str())?;
        let mut messages = Vec::new();
        for message in received.messages.unwrap_or_default() {
            let handle = message.receipt_handle.unwrap_or_default();
            self.sqs
                .delete_message()
                .queue_url(url)
                .receipt_handle(handle)
                .send()
                .await
                .doing(action.as_str())?;
            messages.push(ReceivedMessage {
                id: message.message_id.unwrap_or_default(),
                body: message.body.unwrap_or_default(),
            });
        }
        Ok(messages)
    }

    /// Sends a message to a queue.
    pub async fn send_message(&self, url: &str, body: &str) -> CloudResult<()> {
        self.sqs
            .send_message()
            .queue_url(url)
            .message_body(body)
            .send()
            .await
            .doing(format!("send to {url}"))
            .map(drop)
    }

    /// The number of messages that wait in a queue, and of those that were received and not yet deleted.
    pub async fn queue_depth(&self, url: &str) -> CloudResult<(u64, u64)> {
        let (waiting, hidden) = (
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        );
        let found = self
            .sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(waiting.clone())
            .attribute_names(hidden.clone())
            .send()
            .await
            .doing(format!("read the depth of {url}"))?;
        let count = |name: &QueueAttributeName| {
            let text = found.attributes().and_then(|a| a.get(name));
            text.and_then(|t| t.parse().ok()).unwrap_or(0)
        };
        Ok((count(&waiting), count(&hidden)))
    }

    /// Lines of a log group, oldest first. If the group does not exist, the function has not logged yet and the list is empty.
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
            let Some(page) = if_found(page.doing(action.as_str()))? else {
                break;
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

    /// At most `limit` rows of the submission table, newest first. The indexes may lag behind the table.
    pub async fn rows(&self, table: &str, of: &RowsOf, limit: usize) -> CloudResult<Vec<Row>> {
        let (index, attribute, value) = of.index();
        let action = format!("list the jobs of {attribute} {value} in {table}");
        let mut pages = self
            .dynamodb
            .query()
            .table_name(table)
            .index_name(index)
            .key_condition_expression("#a = :v")
            .expression_attribute_names("#a", attribute)
            .expression_attribute_values(":v", AttributeValue::S(value.to_owned()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .into_paginator()
            .send();
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.doing(action.as_str())?.items.unwrap_or_default() {
                let stored = Stored::from_item(table, item);
                let stored = stored.map_err(|e| CloudError::port(action.as_str(), e))?;
                rows.push(stored.row);
            }
            if rows.len() >= limit {
                break;
            }
        }
        rows.truncate(limit);
        Ok(rows)
    }

    /// Invokes a function and returns its answer as JSON.
    ///
    /// # Errors
    /// If the call fails, or the function does; then the detail is the error of the function.
    pub async fn invoke(&self, function: &str, payload: &str) -> CloudResult<String> {
        let action = format!("invoke {function}");
        let request = self.lambda.invoke().function_name(function);
        let answer = request.payload(Blob::new(payload)).send().await;
        let answer = answer.doing(action.as_str())?;
        let body = answer.payload.map(Blob::into_inner).unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        match answer.function_error {
            Some(_) => Err(CloudError::new(action, body)),
            None => Ok(body),
        }
    }
}
