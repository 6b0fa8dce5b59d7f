//! A place to read HLS and DASH from: a folder, an address of a web server, or one document in either.

use std::path::Path;
use std::sync::Arc;

use reelsmith_contract::Objects;

use crate::error::Error;
use crate::folder::Folder;
use crate::http;

/// Reads at the same time from a folder or a bucket.
pub const READS: usize = 32;

/// A place with an object store.
pub struct Location {
    /// The name that the operator gave.
    pub name: String,
    /// The store, and the bucket or folder that contains the prefix.
    pub objects: Objects,
    /// Prefix, ending in `/` or empty.
    pub prefix: String,
    /// The document below the prefix, if the operator named one.
    pub document: Option<String>,
    /// The server; `None` for a folder.
    pub server: Option<String>,
    /// Reads at the same time.
    pub reads: usize,
}

impl Location {
    /// The location with a name: an address with `http://` or `https://`, else a path. `headers` are added to each request
    /// to a web server.
    ///
    /// # Errors
    /// The path does not exist, or the address is refused or leads to no document.
    pub async fn of(name: &str, headers: &[String]) -> Result<Self, Error> {
        if name.starts_with("http://") || name.starts_with("https://") {
            return http::location(name, headers).await;
        }
        folder(name)
    }

    /// An error of reading here.
    pub fn error(&self, action: &str, why: &dyn std::fmt::Display) -> Error {
        let (place, remedy) = match &self.server {
            None => (
                self.name.clone(),
                "check that the path exists and that you have permission to read it",
            ),
            Some(server) => (
                format!("{} ({server})", self.name),
                "check the address, your credentials and the network",
            ),
        };
        Error::new(format!("{action} {place}"), why.to_string(), remedy)
    }
}

/// Whether a name is that of a playlist or an MPD.
pub fn is_document(name: &str) -> bool {
    name.ends_with(".m3u8") || name.ends_with(".mpd")
}

/// A path's folder with `/`, and its last part.
pub fn split(path: &str) -> (&str, &str) {
    path.rfind('/')
        .map_or(("", path), |at| path.split_at(at + 1))
}

/// A folder is a prefix of its parent, so that its siblings can be read as in a bucket.
fn folder(name: &str) -> Result<Location, Error> {
    let path = std::fs::canonicalize(name).map_err(|e| Error::file(Path::new(name), e))?;
    let parts = path.parent().zip(path.file_name().and_then(|n| n.to_str()));
    let (root, prefix, document) = match parts {
        Some((parent, last)) if path.is_dir() => (parent, format!("{last}/"), None),
        Some((parent, last)) if is_document(last) => (parent, String::new(), Some(last.to_owned())),
        None if path.is_dir() => (path.as_path(), String::new(), None),
        _ => {
            return Err(Error::new(
                format!("read {name}"),
                "expected a folder, or a document that ends in .m3u8 or .mpd",
                "give the folder of the package",
            ));
        }
    };
    Ok(Location {
        name: name.to_owned(),
        objects: Objects::new(Arc::new(Folder::new(root)), ""),
        prefix,
        document,
        server: None,
        reads: READS,
    })
}
