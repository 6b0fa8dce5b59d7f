//! Names of jobs and of everything a job writes: the one place where S3 keys are made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Identity of one encode: SHA-256 over everything that decides the output's bytes, 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobKey(String);

/// A text that is not a job key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a job key of 64 lower-case hexadecimal digits, found {0:?}")]
pub struct BadJobKey(pub String);

impl JobKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, for people and for names of limited length.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl FromStr for JobKey {
    type Err = BadJobKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadJobKey(text.to_owned()))
        }
    }
}

impl TryFrom<String> for JobKey {
    type Error = BadJobKey;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<JobKey> for String {
    fn from(key: JobKey) -> Self {
        key.0
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identity of a title as viewers know it, stable over re-encodes: lower-case letters, digits and single hyphens,
/// 1 to 120 characters, for example `attack-on-titan-s01e01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AssetId(String);

/// A text that is not an asset id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an asset id of lower-case letters, digits and hyphens, found {0:?}")]
pub struct BadAssetId(pub String);

impl AssetId {
    /// The asset of an episode: the series id made safe for a path, then season and episode.
    #[must_use]
    pub fn of_episode(series_id: &str, season: u32, episode: u32) -> Self {
        let mut slug = String::new();
        for c in series_id.chars().take(90) {
            if c.is_ascii_alphanumeric() {
                slug.push(c.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        let slug = slug.trim_end_matches('-');
        let slug = if slug.is_empty() { "series" } else { slug };
        Self(format!("{slug}-s{season:02}e{episode:02}"))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AssetId {
    type Err = BadAssetId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=120).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadAssetId(text.to_owned()))
        }
    }
}

impl TryFrom<String> for AssetId {
    type Error = BadAssetId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AssetId> for String {
    fn from(id: AssetId) -> Self {
        id.0
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Counts the deliberate re-encodes of one job key, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The first generation.
    pub const FIRST: Self = Self(1);
}

/// Keys below which the parse and the probe of a job are kept, before any generation is known.
#[derive(Clone, Debug)]
pub struct JobKeys<'a>(pub &'a JobKey);

impl JobKeys<'_> {
    /// The normalised job: [`crate::job::Job`].
    #[must_use]
    pub fn job(&self) -> String {
        format!("jobs/{}/job.json", self.0)
    }

    /// The facts of the mezzanine: [`crate::probe::Inspection`].
    #[must_use]
    pub fn probe(&self) -> String {
        format!("jobs/{}/probe.json", self.0)
    }

    /// The mezzanine's checksums: [`crate::probe::Verification`].
    #[must_use]
    pub fn checksums(&self) -> String {
        format!("jobs/{}/checksums.json", self.0)
    }
}

/// Keys of everything one generation of a job writes. All in the output bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationKeys {
    work: String,
    working: String,
    outputs: String,
    asset: AssetId,
}

impl GenerationKeys {
    /// Keys of a generation. The first has the plain job key as its prefix; later ones add `-g2`, `-g3`, …
    #[must_use]
    pub fn new(asset: &AssetId, job_key: &JobKey, generation: Generation) -> Self {
        let name = if generation.0 <= 1 {
            job_key.to_string()
        } else {
            format!("{job_key}-g{}", generation.0)
        };
        Self {
            work: format!("jobs/{name}/"),
            working: format!("{WORKING}{name}/"),
            outputs: format!("outputs/{asset}/{name}/"),
            asset: asset.clone(),
        }
    }

    /// Prefix of plan, records and report, ending in `/`: what stays.
    #[must_use]
    pub fn work_prefix(&self) -> &str {
        &self.work
    }

    /// Prefix of what the job needs only until it ends, ending in `/`: item lists, measurements, notes of failed tries, and what
    /// an encoding service wrote before it was taken over.
    #[must_use]
    pub fn working_prefix(&self) -> &str {
        &self.working
    }

    /// Prefix of the deliverables, ending in `/`.
    #[must_use]
    pub fn output_prefix(&self) -> &str {
        &self.outputs
    }

    /// The plan: [`crate::plan::Plan`].
    #[must_use]
    pub fn plan(&self) -> String {
        format!("{}plan.json", self.work)
    }

    /// The list a Distributed Map reads: `video`, `audio`, `text` or `renditions`.
    #[must_use]
    pub fn items(&self, list: &str) -> String {
        format!("{}items/{list}.json", self.working)
    }

    /// The record of one chunk and rung group: [`crate::record::ChunkRecord`].
    #[must_use]
    pub fn chunk_record(&self, chunk: u32, group: u32) -> String {
        format!("{}chunks/{chunk:05}-{group}.json", self.work)
    }

    /// The record of one audio rendition or caption track: [`crate::record::TrackRecord`].
    #[must_use]
    pub fn track_record(&self, rendition: &str) -> String {
        format!("{}tracks/{}.json", self.work, rendition.replace('/', "_"))
    }

    /// The record of thumbnails and poster: [`crate::record::ImagesRecord`].
    #[must_use]
    pub fn images_record(&self) -> String {
        format!("{}images.json", self.work)
    }

    /// The proven list of segments of one rendition: [`crate::record::RenditionRecord`].
    #[must_use]
    pub fn rendition_record(&self, rendition: &str) -> String {
        format!(
            "{}renditions/{}.json",
            self.work,
            rendition.replace('/', "_")
        )
    }

    /// What measuring the segments of one rendition found.
    #[must_use]
    pub fn measurements(&self, rendition: &str) -> String {
        let name = rendition.replace('/', "_");
        format!("{}measured/{name}.json", self.working)
    }

    /// Prefix of the notes that failed workers leave for `fail-job`.
    #[must_use]
    pub fn failures_prefix(&self) -> String {
        format!("{}failures/", self.working)
    }

    /// The note a failed worker leaves: [`crate::record::FailureNote`].
    #[must_use]
    pub fn failure(&self, item: &str) -> String {
        format!("{}failures/{item}.json", self.working)
    }

    /// What the notes of failed workers said, kept once they are removed: a list of [`crate::record::FailureNote`].
    #[must_use]
    pub fn retries(&self) -> String {
        format!("{}retries.json", self.work)
    }

    /// What an encoding service did: [`crate::record::EncodeRecord`].
    #[must_use]
    pub fn encode_record(&self) -> String {
        format!("{}encode.json", self.work)
    }

    /// What an encoding service writes for an attempt, by its path: each attempt has a prefix of its own, so that a job
    /// that was given up cannot write between the files of its successor.
    #[must_use]
    pub fn encode_output(&self, attempt: u32, path: &str) -> String {
        format!("{}encode/a{attempt}/{path}", self.working)
    }

    /// The conformance report: `reelsmith_conformance::Report`.
    #[must_use]
    pub fn report(&self) -> String {
        format!("{}report.json", self.work)
    }

    /// A deliverable by its path below the output prefix, for example `master.m3u8`.
    #[must_use]
    pub fn output(&self, path: &str) -> String {
        format!("{}{path}", self.outputs)
    }

    /// The stable pointer to what is published for the asset: [`crate::record::Current`].
    #[must_use]
    pub fn current(&self) -> String {
        format!("outputs/{}/current.json", self.asset)
    }
}

/// What every working prefix begins with: the lifecycle rule of the output bucket expires it.
pub const WORKING: &str = "jobs/working/";
/// Name of the multivariant playlist below the output prefix.
pub const MULTIVARIANT: &str = "master.m3u8";
/// Name of the MPD below the output prefix.
pub const MPD: &str = "manifest.mpd";
/// Name of the page for people, below the output prefix; below the working prefix where the output is bad.
pub const REPORT_PAGE: &str = "report.html";
/// Name of the init segment below a rendition's folder.
pub const INIT: &str = "init.mp4";
/// Name of the media playlist below a rendition's folder.
pub const MEDIA_PLAYLIST: &str = "playlist.m3u8";
/// Name of the I-frame playlist below a video rendition's folder.
pub const IFRAME_PLAYLIST: &str = "iframes.m3u8";

/// Folder of thumbnails and poster below the output prefix.
pub const IMAGES: &str = "images";
/// WebVTT of which each cue names the thumbnail that is shown at its time, below the output prefix.
pub const THUMBNAILS: &str = "images/thumbnails.vtt";
/// The poster, below the output prefix.
pub const POSTER: &str = "images/poster.jpg";

/// Path of a sheet of thumbnails below the output prefix. Numbers start at 1.
#[must_use]
pub fn sheet_path(number: u32) -> String {
    format!("{IMAGES}/sheet_{number:05}.jpg")
}

/// Name of a caption rendition's whole file, which DASH references.
pub const TEXT_SIDECAR: &str = "captions.vtt";

/// Name of a CMAF segment below its rendition's folder. Numbers start at 1.
#[must_use]
pub fn segment_name(number: u32) -> String {
    format!("seg_{number:05}.m4s")
}

/// Name of a WebVTT segment below its rendition's folder. Numbers start at 1.
#[must_use]
pub fn text_segment_name(number: u32) -> String {
    format!("seg_{number:05}.vtt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> JobKey {
        "ab".repeat(32).parse().unwrap()
    }

    #[test]
    fn later_generations_never_share_a_prefix_with_the_first() {
        let asset = AssetId::of_episode("Attack on Titan", 1, 1);
        let first = GenerationKeys::new(&asset, &key(), Generation::FIRST);
        let second = GenerationKeys::new(&asset, &key(), Generation(2));
        assert!(!second.output_prefix().starts_with(first.output_prefix()));
        assert!(!second.work_prefix().starts_with(first.work_prefix()));
        assert_eq!(first.current(), second.current());
    }

    #[test]
    fn an_asset_is_safe_in_a_path_whatever_the_series_is_called() {
        for (series, expected) in [
            ("Attack on Titan", "attack-on-titan-s01e02"),
            ("../../etc", "etc-s01e02"),
            ("進撃の巨人", "series-s01e02"),
            ("a--b__c", "a-b-c-s01e02"),
        ] {
            let asset = AssetId::of_episode(series, 1, 2);
            assert_eq!(asset.as_str(), expected);
            assert_eq!(asset.as_str().parse(), Ok(asset.clone()));
        }
    }

    #[test]
    fn a_job_key_is_64_lower_case_hexadecimal_digits() {
        assert!("AB".repeat(32).parse::<JobKey>().is_err());
        assert!("ab".repeat(31).parse::<JobKey>().is_err());
        assert_eq!(key().short(), "abababababab");
    }
}
