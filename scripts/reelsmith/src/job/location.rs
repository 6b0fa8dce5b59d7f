//! Places to read HLS and DASH from: what the validator reads, and prefixes of buckets.

use std::sync::Arc;

use reelsmith_aws::Sdk;
use reelsmith_contract::Objects;
use reelsmith_core::ports::ObjectStore;
use reelsmith_validate::Location;
use reelsmith_validate::location::{READS, is_document, split};

use crate::error::CliError;
use crate::job::connection::DeploymentArgs;

/// How to reach S3 (at a given endpoint, or at that of the deployment), and the headers of requests to a web server.
#[derive(Clone, Copy, Debug)]
pub struct S3Source<'a> {
    pub endpoint: Option<&'a str>,
    pub deployment: &'a DeploymentArgs,
    pub headers: &'a [String],
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

    /// The location with a name: `s3://bucket/prefix/`, an address of a web server, else a path.
    pub async fn location(self, name: &str) -> Result<Location, CliError> {
        match name.strip_prefix("s3://") {
            Some(rest) => bucket(name, rest, self).await,
            None => Ok(Location::of(name, self.headers).await?),
        }
    }
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
        server: Some(s3),
        reads: READS,
    })
}
