//! The permissions that IAM would check for a request: actions, and the resource names that grants of a `function.yaml` use.

use percent_encoding::percent_decode_str;
use reelsmith::stack::deploy::Deployment;
use reelsmith::stack::resources::Grant;
use reelsmith_tests::chaos::Seen;
use serde_json::Value;

/// One permission check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub action: String,
    pub resource: &'static str,
    /// Key of an object; empty for other resources.
    pub path: String,
}

impl Asked {
    fn of(action: impl Into<String>, resource: &'static str, path: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource,
            path: path.into(),
        }
    }

    /// Whether a grant allows the request.
    pub fn is_granted_by(&self, grant: &Grant) -> bool {
        grant.actions.contains(&self.action)
            && grant.resource == self.resource
            && covers(grant.path.as_deref().unwrap_or_default(), &self.path)
    }
}

/// Whether a pattern with `*` matches a path, as in IAM.
pub fn covers(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| covers(after, &rest[at..]))
        }),
    }
}

/// The permissions that IAM would check for a recorded request.
///
/// # Panics
/// If the request is of an unknown kind.
pub fn asked(deployment: &Deployment, seen: &Seen) -> Vec<Asked> {
    let mut words = seen.line.split(' ');
    let (method, url) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let path = percent_decode_str(path).decode_utf8_lossy();
    if let Some(job) = path.strip_prefix("/2017-08-29/") {
        return of_mediaconvert(method, job);
    }
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    match seen.target.as_str() {
        "" => {}
        "StartExecution" => return vec![Asked::of("states:StartExecution", "state_machine", "")],
        "DescribeExecution" => {
            return vec![Asked::of("states:DescribeExecution", "executions", "")];
        }
        operation => return of_table(operation, &body),
    }
    let form = String::from_utf8_lossy(&seen.body);
    if path == "/" && form.contains("Action=Publish") {
        return vec![Asked::of("sns:Publish", "notification_topic", "")];
    }
    let whole = path.trim_start_matches('/');
    let (bucket, key) = whole.split_once('/').unwrap_or((whole, ""));
    let bucket = match bucket {
        b if b == deployment.input_bucket => "input_bucket",
        b if b == deployment.output_bucket => "output_bucket",
        _ => panic!("{method} {url}: which resource is that?"),
    };
    of_bucket(method, bucket, key, query, &form)
}

/// Service Authorization Reference, "Amazon S3".
fn of_bucket(method: &str, bucket: &'static str, key: &str, query: &str, body: &str) -> Vec<Asked> {
    match (method, key) {
        ("GET", "") if query.contains("list-type=2") => {
            vec![Asked::of("s3:ListBucket", bucket, "")]
        }
        ("POST", "") if query.starts_with("delete") => keys_of(body)
            .map(|key| Asked::of("s3:DeleteObject", bucket, key))
            .collect(),
        ("GET" | "HEAD", _) if !key.is_empty() => {
            let action = if query.contains("versionId=") {
                "s3:GetObjectVersion"
            } else {
                "s3:GetObject"
            };
            // S3 reports a missing object as such only to callers that may list the bucket.
            vec![
                Asked::of(action, bucket, key),
                Asked::of("s3:ListBucket", bucket, ""),
            ]
        }
        ("PUT", _) if !key.is_empty() && (query.is_empty() || query == "x-id=PutObject") => {
            vec![Asked::of("s3:PutObject", bucket, key)]
        }
        _ => panic!("{method} {bucket}/{key}?{query}: which action is that?"),
    }
}

/// The keys of a DeleteObjects request.
fn keys_of(xml: &str) -> impl Iterator<Item = &str> {
    let after = xml.split("<Key>").skip(1);
    after.filter_map(|rest| rest.split_once("</Key>").map(|(key, _)| key))
}

/// Service Authorization Reference, "Amazon DynamoDB": every item of a transaction is checked.
fn of_table(operation: &str, body: &Value) -> Vec<Asked> {
    let resource = match body.get("IndexName") {
        Some(_) => "submission_indexes",
        None => "submission_table",
    };
    if operation != "TransactWriteItems" {
        return vec![Asked::of(format!("dynamodb:{operation}"), resource, "")];
    }
    let items = body["TransactItems"].as_array().into_iter().flatten();
    let kinds = items
        .filter_map(Value::as_object)
        .flat_map(|item| item.keys());
    kinds
        .map(|kind| Asked::of(format!("dynamodb:{kind}Item"), resource, ""))
        .collect()
}

/// Service Authorization Reference, "AWS Elemental MediaConvert".
fn of_mediaconvert(method: &str, path: &str) -> Vec<Asked> {
    let action = |name: &str, resource| Asked::of(format!("mediaconvert:{name}"), resource, "");
    match (method, path) {
        ("POST", "jobs") => vec![
            action("CreateJob", "mediaconvert_queue"),
            // The request passes a role to the service.
            Asked::of("iam:PassRole", "mediaconvert_role", ""),
        ],
        ("GET", "search") => vec![action("SearchJobs", "mediaconvert_queue")],
        ("GET", _) => vec![action("GetJob", "mediaconvert_jobs")],
        ("DELETE", _) => vec![action("CancelJob", "mediaconvert_jobs")],
        _ => panic!("MediaConvert {method} {path}: which action is that?"),
    }
}
