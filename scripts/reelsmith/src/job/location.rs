//! A place to read HLS and DASH from: a folder, a prefix of a bucket, or one document in either.

use std::path::Path;
use std::sync::Arc;

use reelsmith_aws::Sdk;
use reelsmith_contract::Objects;
use reelsmith_core::ports::ObjectStore;

use crate::error::{CliError, ResultExt};
use crate::job::connection::DeploymentArgs;
use crate::job::folder::Folder;

/// A folder or a prefix of a bucket.
pub struct Location {
    /// The name that the operator gave.
    pub name: String,
    /// The bucket, or the folder that contains the prefix.
    pub objects: Objects,
    /// Prefix, ending in `/` or empty.
    pub prefix: String,
    /// The document below the prefix, if the operator named one.
    pub document: Option<String>,
    /// Description of the S3 endpoint; `None` for a folder.
    pub s3: Option<String>,
}

/// Where S3 is: at a given endpoint, or where the deployment is.
#[derive(Clone, Copy, Debug)]
pub struct S3Source<'a> {
    pub endpoint: Option<&'a str>,
    pub deployment: &'a DeploymentArgs,
}

impl S3Source<'_> {
    async fn connect(self) -> Result<(Arc<dyn ObjectStore>, String), CliError> {
        if let Some(endpoint) = self.endpoint {
            let sdk = Sdk::emulator(endpoint).await;
            return Ok((Arc::new(sdk.s3()), format!("endpoint {endpoint}")));
        }
        let (store, endpoint) = self.deployment.storage().await?;
        Ok((store, endpoint.to_string()))
    }
}

impl Location {
    /// The location with a name: `s3://bucket/prefix/`, else a path.
    pub async fn of(name: &str, source: S3Source<'_>) -> Result<Self, CliError> {
        match name.strip_prefix("s3://") {
            Some(rest) => bucket(name, rest, source).await,
            None => folder(name),
        }
    }

    /// An error of reading here.
    pub fn error(&self, action: &str, why: &dyn std::fmt::Display) -> CliError {
        let (place, remedy) = match &self.s3 {
            None => (
                self.name.clone(),
                "check that the path exists and that you have permission to read it",
            ),
            Some(s3) => (
                format!("{} ({s3})", self.name),
                "check the address, your AWS credentials and the region; --environment selects the local stack or AWS",
            ),
        };
        CliError::new(format!("{action} {place}"), why.to_string(), remedy)
    }
}

fn is_document(name: &str) -> bool {
    name.ends_with(".m3u8") || name.ends_with(".mpd")
}

/// A path's folder with `/`, and its last part.
pub fn split(path: &str) -> (&str, &str) {
    path.rfind('/')
        .map_or(("", path), |at| path.split_at(at + 1))
}

async fn bucket(name: &str, rest: &str, source: S3Source<'_>) -> Result<Location, CliError> {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        let why = format!("expected s3://bucket/prefix/, found {name}");
        return Err(CliError::new(format!("read {name}"), why, "name a bucket"));
    }
    let (folder, last) = split(key);
    let document = is_document(last).then(|| last.to_owned());
    let prefix = match (&document, last) {
        (Some(_), _) | (None, "") => folder.to_owned(),
        _ => format!("{key}/"),
    };
    let (store, s3) = source.connect().await?;
    Ok(Location {
        name: name.to_owned(),
        objects: Objects::new(store, bucket),
        prefix,
        document,
        s3: Some(s3),
    })
}

/// A folder is a prefix of its parent, so that its siblings can be read as in a bucket.
fn folder(name: &str) -> Result<Location, CliError> {
    let path = std::fs::canonicalize(name).on_file("read", Path::new(name))?;
    let parts = path.parent().zip(path.file_name().and_then(|n| n.to_str()));
    let (root, prefix, document) = match parts {
        Some((parent, last)) if path.is_dir() => (parent, format!("{last}/"), None),
        Some((parent, last)) if is_document(last) => (parent, String::new(), Some(last.to_owned())),
        None if path.is_dir() => (path.as_path(), String::new(), None),
        _ => {
            return Err(CliError::new(
                format!("read {name}"),
                "expected a folder, or a document that ends in .m3u8 or .mpd",
                "give the folder of the output",
            ));
        }
    };
    Ok(Location {
        name: name.to_owned(),
        objects: Objects::new(Arc::new(Folder::new(root)), ""),
        prefix,
        document,
        s3: None,
    })
}
