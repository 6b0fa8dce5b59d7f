//! The documents that players open: the multivariant playlist and the MPD, whatever their names.
//!
//! The rules know the two by the names that the pipeline gives them. `gather` reads them under these names, and
//! [`EntryDocuments::restore_names`] puts the real names into the report.

use std::io::Read as _;

use futures::StreamExt as _;
use reelsmith_conformance::{MPD, MULTIVARIANT, Report};
use reelsmith_pipeline::proof::gather::RealNames;

use crate::error::Error;
use crate::folder::GZIP;
use crate::location::{Location, split};

/// Largest playlist that is searched for variants.
const MAX_PLAYLIST: u64 = 4 << 20;
/// Playlists that are read at the same time.
const READS: usize = 16;

/// The entry documents of one package.
#[derive(Debug)]
pub struct EntryDocuments {
    /// Prefix of the package: the folder of its documents.
    pub prefix: String,
    /// The names of the documents below the prefix.
    pub names: RealNames,
    /// Paths of further multivariant playlists and MPDs, below the prefix of the location.
    others: Vec<String>,
}

impl EntryDocuments {
    /// Finds the documents at a location.
    pub async fn find(location: &Location) -> Result<Self, Error> {
        let (store, bucket) = (location.objects.store(), location.objects.bucket());
        let listed = store.list(bucket, &location.prefix).await;
        let listed = listed.map_err(|e| location.error("list", &e).with_source(e))?;
        let paths = listed
            .iter()
            .filter_map(|o| o.key.strip_prefix(&location.prefix));
        if let Some(document) = &location.document {
            if !paths.clone().any(|p| p == document) {
                return Err(location.error("read", &"no such object"));
            }
            return Ok(Self::alone(location, document));
        }
        let ending =
            |ending: &str| -> Vec<&str> { paths.clone().filter(|p| p.ends_with(ending)).collect() };
        let (playlists, mpds) = (ending(".m3u8"), ending(".mpd"));
        if playlists.is_empty() && mpds.is_empty() {
            return Err(Error::new(
                format!("find HLS or DASH in {}", location.name),
                format!(
                    "expected *.m3u8 or *.mpd, found {} files of other kinds",
                    listed.len()
                ),
                "give the folder of a package",
            ));
        }
        let multivariants = multivariants(location, &playlists).await;
        // Media playlists without a multivariant playlist are packages of their own.
        let multivariants = match multivariants.is_empty() && mpds.is_empty() {
            true => playlists,
            false => multivariants,
        };
        let multivariant = choose(MULTIVARIANT, &multivariants);
        let mpd = choose(MPD, &mpds);
        let mut documents = Self::of(location, multivariant, mpd);
        let chosen = documents.names.values().flatten();
        let chosen: Vec<String> = chosen.map(|n| format!("{}{n}", documents.prefix)).collect();
        let all = multivariants.iter().chain(&mpds);
        let others = all.filter(|p| !chosen.contains(&format!("{}{p}", location.prefix)));
        documents.others = others.map(|p| (*p).to_owned()).collect();
        Ok(documents)
    }

    /// One document without the others.
    fn alone(location: &Location, document: &str) -> Self {
        let name = Some(document.to_owned());
        match document.ends_with(".mpd") {
            true => Self::of(location, None, name),
            false => Self::of(location, name, None),
        }
    }

    /// Further documents, each alone, with their paths below the location.
    pub fn others(&self, location: &Location) -> Vec<(String, Self)> {
        let others = self.others.iter();
        others
            .map(|path| (path.clone(), Self::alone(location, path)))
            .collect()
    }

    fn of(location: &Location, multivariant: Option<String>, mpd: Option<String>) -> Self {
        let first = multivariant.as_deref().or(mpd.as_deref());
        let folder = split(first.unwrap_or_default()).0.to_owned();
        // An MPD in another folder is a further document.
        let here = mpd.filter(|mpd| split(mpd).0 == folder);
        let last = |path: String| split(&path).1.to_owned();
        Self {
            prefix: format!("{}{folder}", location.prefix),
            names: RealNames::from([
                (MULTIVARIANT, multivariant.map(last)),
                (MPD, here.map(last)),
            ]),
            others: Vec::new(),
        }
    }

    /// The multivariant playlist below the prefix.
    pub fn multivariant(&self) -> Option<&str> {
        self.names.get(MULTIVARIANT)?.as_deref()
    }

    /// The MPD below the prefix.
    pub fn mpd(&self) -> Option<&str> {
        self.names.get(MPD)?.as_deref()
    }

    /// The name that the rules have for a path below the prefix.
    pub fn canonical<'p>(&'p self, path: &'p str) -> &'p str {
        let mut names = self.names.iter();
        let found = names.find(|(_, real)| real.as_deref() == Some(path));
        found.map_or(path, |(name, _)| name)
    }

    /// Puts the real names of the documents into a report.
    pub fn restore_names(&self, report: &mut Report) {
        let violations = report.violations.iter_mut().map(|v| &mut v.path);
        let paths = violations.chain(report.renditions.iter_mut().map(|r| &mut r.path));
        for path in paths {
            if let Some(Some(real)) = self.names.get(path.as_str()) {
                path.clone_from(real);
            }
        }
    }
}

/// The playlists that list variants.
async fn multivariants<'a>(location: &Location, playlists: &[&'a str]) -> Vec<&'a str> {
    let reads: Vec<_> = playlists
        .iter()
        .map(|path| has_variants(location, path))
        .collect();
    let found: Vec<bool> = futures::stream::iter(reads).buffered(READS).collect().await;
    let found = playlists.iter().zip(found);
    found.filter_map(|(p, found)| found.then_some(*p)).collect()
}

/// Whether a playlist lists variants. One that cannot be read does not count; the rules report it where it is used.
async fn has_variants(location: &Location, path: &str) -> bool {
    let object = location.objects.at(&format!("{}{path}", location.prefix));
    let Ok(bytes) = location.objects.store().get(&object, MAX_PLAYLIST).await else {
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

/// The document with the pipeline's name, else the first of those that are nearest to the top.
fn choose(name: &str, found: &[&str]) -> Option<String> {
    let depth = |path: &&&str| path.matches('/').count();
    let named = found.iter().find(|p| **p == name);
    let first = named.or_else(|| found.iter().min_by_key(depth));
    first.map(|p| (*p).to_owned())
}
