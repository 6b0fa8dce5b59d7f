//! The documents that players open: the multivariant playlist and the MPD, whatever their names.
//!
//! The rules know the two by the names that the pipeline gives them. `gather` reads them under these names, and
//! [`EntryDocuments::restore_names`] puts the real names into the report.

use std::io::Read as _;

use futures::StreamExt as _;
use reelsmith_conformance::{MPD, MULTIVARIANT, Report};
use reelsmith_pipeline::proof::gather::RealNames;

use crate::error::CliError;
use crate::job::folder::GZIP;
use crate::job::location::{Location, split};

/// Largest playlist that is searched for variants.
const MAX_PLAYLIST: u64 = 4 << 20;
/// Playlists that are read at the same time.
const READS: usize = 16;

/// The entry documents of one output.
#[derive(Debug)]
pub struct EntryDocuments {
    /// Prefix of the output: the folder of its documents.
    pub prefix: String,
    /// Remarks for the reader about the choice.
    pub notes: Vec<String>,
    /// The names of the documents below the prefix.
    pub names: RealNames,
}

impl EntryDocuments {
    /// Finds the documents at a location.
    pub async fn find(location: &Location) -> Result<Self, CliError> {
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
            let document = Some(document.clone());
            let is_mpd = document.as_ref().is_some_and(|d| d.ends_with(".mpd"));
            return Ok(match is_mpd {
                true => Self::of(location, None, document),
                false => Self::of(location, document, None),
            });
        }
        let ending =
            |ending: &str| -> Vec<&str> { paths.clone().filter(|p| p.ends_with(ending)).collect() };
        let (playlists, mpds) = (ending(".m3u8"), ending(".mpd"));
        if playlists.is_empty() && mpds.is_empty() {
            return Err(CliError::new(
                format!("find HLS or DASH in {}", location.name),
                format!(
                    "expected *.m3u8 or *.mpd, found {} files of other kinds",
                    listed.len()
                ),
                "give the folder of an output",
            ));
        }
        let multivariants = match playlists.contains(&MULTIVARIANT) {
            true => vec![MULTIVARIANT],
            false => multivariants(location, &playlists).await,
        };
        let multivariant = choose(
            location,
            "multivariant playlist",
            MULTIVARIANT,
            multivariants,
        )?;
        let mpd = choose(location, "MPD", MPD, mpds)?;
        Ok(Self::of(location, multivariant, mpd))
    }

    fn of(location: &Location, multivariant: Option<String>, mpd: Option<String>) -> Self {
        let first = multivariant.as_deref().or(mpd.as_deref());
        let folder = split(first.unwrap_or_default()).0.to_owned();
        let (here, elsewhere) = match mpd {
            Some(mpd) if split(&mpd).0 != folder => (None, Some(mpd)),
            mpd => (mpd, None),
        };
        let note =
            |mpd| format!("{mpd} is in another folder and was not checked; validate it separately");
        let last = |path: String| split(&path).1.to_owned();
        Self {
            prefix: format!("{}{folder}", location.prefix),
            notes: elsewhere.map(note).into_iter().collect(),
            names: RealNames::from([
                (MULTIVARIANT, multivariant.map(last)),
                (MPD, here.map(last)),
            ]),
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

/// The document with the pipeline's name, else the only one that is nearest to the top.
fn choose(
    location: &Location,
    kind: &str,
    name: &str,
    mut found: Vec<&str>,
) -> Result<Option<String>, CliError> {
    if found.contains(&name) {
        return Ok(Some(name.to_owned()));
    }
    let depth = |path: &&str| path.matches('/').count();
    let least = found.iter().map(depth).min();
    found.retain(|path| Some(depth(path)) == least);
    if found.len() > 1 {
        let listed: Vec<&str> = found.iter().copied().take(8).collect();
        return Err(CliError::new(
            format!("choose what to validate in {}", location.name),
            format!(
                "expected one {kind}, found {}: {}",
                found.len(),
                listed.join(", ")
            ),
            format!(
                "give one of them: reelsmith validate {}/{}",
                location.name.trim_end_matches('/'),
                found[0]
            ),
        ));
    }
    Ok(found.pop().map(str::to_owned))
}
