//! The documents that players open, whatever their names.
//!
//! The rules know them by the pipeline's names. So the store is looked at through [`Named`], which gives them these
//! names, and the report gets the real ones back.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use reelsmith_conformance::{MPD, MULTIVARIANT, Report};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ListedObject, ObjectMeta, ObjectStore, PortResult, Put, PutOptions};

use super::place::{Place, split};
use crate::error::Trouble;

/// How a gzipped file starts.
pub const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Greatest playlist that is looked into for variants.
const MAX_PLAYLIST: u64 = 4 << 20;
/// Playlists read at once.
const READS: usize = 16;

/// The documents of one output.
#[derive(Debug)]
pub struct Roots {
    /// Prefix of the output: the folder of its documents.
    pub prefix: String,
    /// What a reader should know of the choice.
    pub notes: Vec<String>,
    /// The pipeline's name of a document and its own, where it is there.
    names: BTreeMap<&'static str, Option<String>>,
}

impl Roots {
    /// Finds them.
    ///
    /// # Errors
    /// Where the place cannot be listed, holds neither HLS nor DASH, or several outputs.
    pub async fn find(place: &Place) -> Result<Self, Trouble> {
        let listed = place
            .objects
            .store()
            .list(place.objects.bucket(), &place.prefix)
            .await;
        let listed = listed.map_err(|e| place.trouble("list", &e.to_string()))?;
        let relative = listed
            .iter()
            .filter_map(|o| o.key.strip_prefix(&place.prefix));
        if let Some(document) = &place.document {
            return alone(place, document, relative.clone().any(|p| p == document));
        }
        let documents: Vec<&str> = relative
            .filter(|p| p.ends_with(".m3u8") || p.ends_with(".mpd"))
            .collect();
        if documents.is_empty() {
            let why = format!(
                "expected *.m3u8 or *.mpd, found {} files of other kinds",
                listed.len()
            );
            let remedy = "name the folder of an output";
            return Err(Trouble::new(
                format!("find HLS or DASH in {}", place.name),
                why,
                remedy,
            ));
        }
        let playlists: Vec<&str> = documents
            .iter()
            .copied()
            .filter(|p| p.ends_with(".m3u8"))
            .collect();
        let multivariant = match playlists.iter().find(|p| **p == MULTIVARIANT) {
            Some(_) => vec![MULTIVARIANT],
            None => multivariants(place, &playlists).await,
        };
        let mpds = documents
            .into_iter()
            .filter(|p| p.ends_with(".mpd"))
            .collect();
        let multivariant = one(place, "multivariant playlist", MULTIVARIANT, multivariant)?;
        let mpd = one(place, "MPD", MPD, mpds)?;
        Ok(Self::of(place, multivariant, mpd))
    }

    fn of(place: &Place, multivariant: Option<String>, mpd: Option<String>) -> Self {
        let first = multivariant
            .as_deref()
            .or(mpd.as_deref())
            .unwrap_or_default();
        let folder = split(first).0.to_owned();
        let (here, elsewhere) = match mpd {
            Some(mpd) if split(&mpd).0 != folder => (None, Some(mpd)),
            mpd => (mpd, None),
        };
        let notes = elsewhere.map(|mpd| {
            format!("{mpd} is in another folder and not looked at: validate it by itself")
        });
        let last = |path: String| split(&path).1.to_owned();
        Self {
            prefix: format!("{}{folder}", place.prefix),
            notes: notes.into_iter().collect(),
            names: BTreeMap::from([
                (MULTIVARIANT, multivariant.map(last)),
                (MPD, here.map(last)),
            ]),
        }
    }

    /// The multivariant playlist below the prefix, where it is there.
    pub fn multivariant(&self) -> Option<&str> {
        self.names.get(MULTIVARIANT)?.as_deref()
    }

    /// The MPD below the prefix, where it is there.
    pub fn mpd(&self) -> Option<&str> {
        self.names.get(MPD)?.as_deref()
    }

    /// The store of a place in which the documents have the pipeline's names.
    pub fn named(&self, place: &Place) -> Named {
        let key = |name: &str| format!("{}{name}", self.prefix);
        let names = self.names.iter();
        Named {
            store: place.objects.store().clone(),
            names: names
                .map(|(name, real)| (key(name), real.as_deref().map(key)))
                .collect(),
        }
    }

    /// Gives the documents their own names in a report.
    pub fn rename(&self, report: &mut Report) {
        let violations = report.violations.iter_mut().map(|v| &mut v.path);
        let paths = violations.chain(report.renditions.iter_mut().map(|r| &mut r.path));
        for path in paths {
            if let Some(Some(real)) = self.names.get(path.as_str()) {
                path.clone_from(real);
            }
        }
    }
}

/// A document that was named is looked at alone.
fn alone(place: &Place, document: &str, is_there: bool) -> Result<Roots, Trouble> {
    if !is_there {
        return Err(place.trouble("read", "no such object"));
    }
    let document = Some(document.to_owned());
    let is_mpd = document.as_deref().is_some_and(|d| d.ends_with(".mpd"));
    let (multivariant, mpd) = if is_mpd {
        (None, document)
    } else {
        (document, None)
    };
    Ok(Roots::of(place, multivariant, mpd))
}

/// The playlists that have variants.
async fn multivariants<'a>(place: &Place, playlists: &[&'a str]) -> Vec<&'a str> {
    let reads: Vec<_> = playlists
        .iter()
        .map(|path| has_variants(place, path))
        .collect();
    let found: Vec<bool> = futures::stream::iter(reads).buffered(READS).collect().await;
    playlists
        .iter()
        .zip(found)
        .filter_map(|(path, found)| found.then_some(*path))
        .collect()
}

/// Whether it is a multivariant playlist. One that cannot be read is none; the rules find it where it is referenced.
async fn has_variants(place: &Place, path: &str) -> bool {
    let object = place.objects.at(&format!("{}{path}", place.prefix));
    let Ok(bytes) = place.objects.store().get(&object, MAX_PLAYLIST).await else {
        return false;
    };
    let mut text = Vec::new();
    let read = if bytes.starts_with(&GZIP) {
        flate2::read::MultiGzDecoder::new(&bytes[..])
            .take(MAX_PLAYLIST)
            .read_to_end(&mut text)
    } else {
        (&bytes[..]).read_to_end(&mut text)
    };
    read.is_ok()
        && String::from_utf8_lossy(&text)
            .lines()
            .any(|l| l.starts_with("#EXT-X-STREAM-INF"))
}

/// The one with the pipeline's name, else the only one that is nearest to the top.
fn one(
    place: &Place,
    kind: &str,
    name: &str,
    mut found: Vec<&str>,
) -> Result<Option<String>, Trouble> {
    if found.contains(&name) {
        return Ok(Some(name.to_owned()));
    }
    let depth = |path: &&str| path.matches('/').count();
    let least = found.iter().map(depth).min();
    found.retain(|path| Some(depth(path)) == least);
    if found.len() > 1 {
        let listed: Vec<&str> = found.iter().copied().take(8).collect();
        let why = format!(
            "expected one {kind}, found {}: {}",
            found.len(),
            listed.join(", ")
        );
        let remedy = format!(
            "name the one: reelsmith validate {}/{}",
            place.name.trim_end_matches('/'),
            found[0]
        );
        return Err(Trouble::new(
            format!("choose what to validate in {}", place.name),
            why,
            remedy,
        ));
    }
    Ok(found.pop().map(str::to_owned))
}

/// A store in which some objects have other names.
pub struct Named {
    store: Arc<dyn ObjectStore>,
    /// Keys that are shown, with the real key behind each; `None` where the key is not shown.
    names: BTreeMap<String, Option<String>>,
}

impl Named {
    fn real(&self, object: &ObjectRef) -> ObjectRef {
        match self.names.get(&object.key) {
            Some(Some(key)) => ObjectRef::new(&object.bucket, key),
            _ => object.clone(),
        }
    }

    fn shown(&self, key: &str) -> Option<String> {
        let named = self
            .names
            .iter()
            .find(|(_, real)| real.as_deref() == Some(key));
        match named {
            Some((shown, _)) => Some(shown.clone()),
            None => (!self.names.contains_key(key)).then(|| key.to_owned()),
        }
    }
}

#[async_trait]
impl ObjectStore for Named {
    async fn head(&self, object: &ObjectRef) -> PortResult<ObjectMeta> {
        let mut meta = self.store.head(&self.real(object)).await?;
        meta.pin.object = object.clone();
        Ok(meta)
    }

    async fn get(&self, object: &ObjectRef, limit: u64) -> PortResult<Bytes> {
        self.store.get(&self.real(object), limit).await
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        let pin = ObjectPin {
            object: self.real(&pin.object),
            ..pin.clone()
        };
        self.store.get_range(&pin, start, end).await
    }

    async fn put(&self, object: &ObjectRef, body: Bytes, options: &PutOptions) -> PortResult<Put> {
        self.store.put(&self.real(object), body, options).await
    }

    async fn put_file(
        &self,
        object: &ObjectRef,
        file: &Path,
        options: &PutOptions,
    ) -> PortResult<Put> {
        self.store.put_file(&self.real(object), file, options).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ListedObject>> {
        let listed = self.store.list(bucket, prefix).await?.into_iter();
        let shown = listed.filter_map(|o| {
            Some(ListedObject {
                key: self.shown(&o.key)?,
                size: o.size,
            })
        });
        Ok(shown.collect())
    }

    async fn delete(&self, bucket: &str, keys: &[String]) -> PortResult<()> {
        self.store.delete(bucket, keys).await
    }
}
