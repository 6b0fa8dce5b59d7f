//! Checksums that lie beside a package: `SHA256SUMS`, `*.sha256` and similar files, as `sha256sum` writes them.

use std::collections::BTreeMap;

use reelsmith_conformance::Delivery;
use sha2::{Digest as _, Sha256};

use crate::documents::EntryDocuments;
use crate::error::Error;
use crate::location::{Location, split};

/// Largest list of checksums.
const MAX_LIST: u64 = 32 << 20;
/// Bytes that are read and hashed at once.
const BLOCK: u64 = 8 << 20;

/// The stated SHA-256 of each object in lower-case hexadecimal, by key.
pub type Stated = BTreeMap<String, String>;

/// Reads every list of checksums below a prefix.
///
/// # Errors
/// The location cannot be listed, or a list cannot be read.
pub async fn read(location: &Location, prefix: &str) -> Result<Stated, Error> {
    let failed = |e| location.error("read the checksums of", &e).with_source(e);
    let listed = location.objects.list(prefix).await;
    let listed = listed.map_err(|e| location.error("list", &e).with_source(e))?;
    let mut stated = Stated::new();
    for object in listed.iter().filter(|o| is_list(&o.key)) {
        let store = location.objects.store();
        let at = location.objects.at(&object.key);
        let bytes = store.get(&at, MAX_LIST).await.map_err(failed)?;
        let (folder, _) = split(&object.key);
        for (sum, name) in String::from_utf8_lossy(&bytes).lines().filter_map(entry) {
            // A list of one object may state no name: it is that of the object.
            let name = match name {
                "" => object
                    .key
                    .strip_suffix(".sha256")
                    .unwrap_or_default()
                    .to_owned(),
                name => format!("{folder}{}", name.trim_start_matches("./")),
            };
            stated.insert(name, sum);
        }
    }
    Ok(stated)
}

fn is_list(key: &str) -> bool {
    let name = split(key).1.to_ascii_lowercase();
    name.ends_with(".sha256") || matches!(&*name, "sha256sums" | "sha256sums.txt" | "sha256sum.txt")
}

/// The checksum and the name of a line such as `<64 digits>  video/seg_1.m4s`.
fn entry(line: &str) -> Option<(String, &str)> {
    let (sum, name) = line
        .trim_end()
        .split_once(' ')
        .unwrap_or((line.trim_end(), ""));
    let is_sum = sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
    is_sum.then(|| {
        (
            sum.to_ascii_lowercase(),
            name.trim_start_matches([' ', '*']),
        )
    })
}

/// Hashes the objects whose checksums are stated, and adds both to the delivery.
///
/// # Errors
/// An object cannot be read.
pub async fn compare(
    location: &Location,
    documents: &EntryDocuments,
    stated: &Stated,
    delivery: &mut Delivery,
) -> Result<(), Error> {
    for (key, expected) in stated {
        let Some(real) = key.strip_prefix(&documents.prefix) else {
            continue;
        };
        let path = documents.canonical(real).to_owned();
        if !delivery.objects.contains_key(&path) {
            continue;
        }
        let found = hash(location, key).await?;
        if let Some(object) = delivery.objects.get_mut(&path) {
            object.sha256 = Some(found);
            delivery.checksums.insert(path, expected.clone());
        }
    }
    Ok(())
}

async fn hash(location: &Location, key: &str) -> Result<String, Error> {
    let failed = |e| location.error("read", &e).with_source(e);
    let store = location.objects.store();
    let head = store
        .head(&location.objects.at(key))
        .await
        .map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut at = 0;
    while at < head.pin.size {
        let end = at.saturating_add(BLOCK).min(head.pin.size);
        let bytes = store.get_range(&head.pin, at, end).await.map_err(failed)?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(&bytes);
        at = at.saturating_add(bytes.len() as u64);
    }
    Ok(hex::encode(hasher.finalize()))
}
