//! Where something is: a folder, a prefix of a bucket, or one document in either.

use std::path::Path;
use std::sync::Arc;

use reelsmith_aws::Sdk;
use reelsmith_contract::Objects;
use reelsmith_core::ports::ObjectStore;

use super::folder::Folder;
use crate::error::Trouble;
use crate::job::target::Where;

/// Something to read.
pub struct Place {
    /// As the operator named it.
    pub name: String,
    /// The bucket, or the folder that holds the prefix.
    pub objects: Objects,
    /// Prefix, ending in `/` or empty.
    pub prefix: String,
    /// The one document that was named, below the prefix.
    pub document: Option<String>,
    /// Which S3, as people call it; absent for a folder.
    s3: Option<String>,
}

/// Where S3 is asked for: at one endpoint, or where a deployment would be looked for.
#[derive(Clone, Copy, Debug)]
pub struct Storage<'a> {
    /// An endpoint that was named.
    pub endpoint: Option<&'a str>,
    /// The deployment that was named.
    pub at: &'a Where,
}

impl Storage<'_> {
    async fn find(self) -> Result<(Arc<dyn ObjectStore>, String), Trouble> {
        if let Some(endpoint) = self.endpoint {
            let sdk = Sdk::emulator(endpoint).await;
            return Ok((Arc::new(sdk.s3()), format!("endpoint {endpoint}")));
        }
        let (store, place) = self.at.storage().await?;
        Ok((store, place.to_string()))
    }
}

impl Place {
    /// The place of a name: `s3://bucket/prefix/`, else a path.
    ///
    /// # Errors
    /// Where it is no S3 address, or no folder or document that is there; those of [`Where::storage`].
    pub async fn of(name: &str, storage: Storage<'_>) -> Result<Self, Trouble> {
        match name.strip_prefix("s3://") {
            Some(rest) => bucket(name, rest, storage).await,
            None => folder(name),
        }
    }

    /// Whether it is a folder of this machine: then nothing tells how its files are served.
    pub fn is_folder(&self) -> bool {
        self.s3.is_none()
    }

    /// Which S3 is read; absent for a folder.
    pub fn s3(&self) -> Option<&str> {
        self.s3.as_deref()
    }

    /// Trouble with this place.
    pub fn trouble(&self, doing: &str, why: &str) -> Trouble {
        let Some(s3) = &self.s3 else {
            let remedy = "check that the path exists and that you may read it";
            return Trouble::new(format!("{doing} {}", self.name), why, remedy);
        };
        let remedy = "check the address, your AWS credentials and region; --environment says whether the local stack or AWS \
                      is meant";
        Trouble::new(format!("{doing} {} ({s3})", self.name), why, remedy)
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

async fn bucket(name: &str, rest: &str, storage: Storage<'_>) -> Result<Place, Trouble> {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        let why = format!("expected s3://bucket/prefix/, found {name}");
        return Err(Trouble::new(format!("read {name}"), why, "name a bucket"));
    }
    let (folder, last) = split(key);
    let document = is_document(last).then(|| last.to_owned());
    let prefix = match (&document, last) {
        (Some(_), _) | (None, "") => folder.to_owned(),
        _ => format!("{key}/"),
    };
    let (store, s3) = storage.find().await?;
    Ok(Place {
        name: name.to_owned(),
        objects: Objects::new(store, bucket),
        prefix,
        document,
        s3: Some(s3),
    })
}

/// A folder is named by its parent and its own name, so that what lies beside it can be found as in a bucket.
fn folder(name: &str) -> Result<Place, Trouble> {
    let path =
        std::fs::canonicalize(name).map_err(|e| Trouble::file("read", Path::new(name), &e))?;
    let parts = path.parent().zip(path.file_name().and_then(|n| n.to_str()));
    let (root, prefix, document) = match parts {
        Some((parent, last)) if path.is_dir() => (parent, format!("{last}/"), None),
        Some((parent, last)) if is_document(last) => (parent, String::new(), Some(last.to_owned())),
        None if path.is_dir() => (path.as_path(), String::new(), None),
        _ => {
            let why = "expected a folder, or a document that ends in .m3u8 or .mpd";
            return Err(Trouble::new(
                format!("read {name}"),
                why,
                "name the folder of the output",
            ));
        }
    };
    Ok(Place {
        name: name.to_owned(),
        objects: Objects::new(Arc::new(Folder::new(root)), ""),
        prefix,
        document,
        s3: None,
    })
}
