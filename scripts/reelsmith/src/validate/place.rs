//! Where something is: a folder, a prefix of a bucket, or one document in either.

use std::path::Path;
use std::sync::Arc;

use reelsmith_aws::Sdk;
use reelsmith_contract::Objects;

use super::folder::Folder;
use crate::trouble::Trouble;

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
    folder: bool,
}

impl Place {
    /// The place of a name: `s3://bucket/prefix/`, else a path.
    ///
    /// # Errors
    /// Where it is no S3 address, or no folder or document that is there.
    pub async fn of(name: &str, sdk: &impl AsyncFn() -> Sdk) -> Result<Self, Trouble> {
        match name.strip_prefix("s3://") {
            Some(rest) => bucket(name, rest, &sdk().await),
            None => folder(name),
        }
    }

    /// Whether it is a folder of this machine: then nothing tells how its files are served.
    pub fn is_folder(&self) -> bool {
        self.folder
    }

    /// Trouble with this place.
    pub fn trouble(&self, doing: &str, why: &str) -> Trouble {
        let remedy = if self.folder {
            "check that the path exists and that you may read it"
        } else {
            "check the address, your AWS credentials and region; for the local stack give --endpoint as `reelsmith up` \
             prints it"
        };
        Trouble::new(format!("{doing} {}", self.name), why, remedy)
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

fn bucket(name: &str, rest: &str, sdk: &Sdk) -> Result<Place, Trouble> {
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
    Ok(Place {
        name: name.to_owned(),
        objects: Objects::new(Arc::new(sdk.s3()), bucket),
        prefix,
        document,
        folder: false,
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
        folder: true,
    })
}
