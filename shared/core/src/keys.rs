//! Identities of jobs and titles, and the keys of everything a job writes.
//!
//! No other module makes S3 keys. The layout, all in the output bucket:
//!
//! ```text
//! jobs/{job_key}/…             what is kept: job, probe, plan, records, report
//! jobs/working/{job_key}/…     what a job needs only while it runs; a lifecycle rule expires it
//! outputs/{asset}/{job_key}/…  the deliverables
//! outputs/{asset}/current.json the pointer to the published job
//! ```
//!
//! Later generations of a job key have `{job_key}-g2`, `-g3` and so on in place of `{job_key}`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::slug::slug;

/// Identity of one encode: SHA-256 of everything that decides the bytes of the output, as 64 lower-case hexadecimal
/// digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobKey(String);

/// A text that is not a job key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a job key of 64 lower-case hexadecimal digits, found {0:?}")]
pub struct BadJobKey(pub String);

/// Identity of a title as viewers know it, the same for every re-encode: 1 to 120 lower-case letters, digits and hyphens,
/// for example `attack-on-titan-s01e01`. Series ids that differ only in case, spaces or punctuation give the same asset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AssetId(String);

/// A text that is not an asset id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an asset id of lower-case letters, digits and hyphens, found {0:?}")]
pub struct BadAssetId(pub String);

macro_rules! text_identity {
    ($name:ident, $error:ident) => {
        impl $name {
            /// The identity as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if Self::is_valid(&text) {
                    Ok(Self(text))
                } else {
                    Err($error(text))
                }
            }
        }

        impl From<$name> for String {
            fn from(identity: $name) -> Self {
                identity.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_identity!(JobKey, BadJobKey);
text_identity!(AssetId, BadAssetId);

impl JobKey {
    fn is_valid(text: &str) -> bool {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        text.len() == 64 && text.bytes().all(hex)
    }

    /// The first 12 digits, for people and for names of limited length.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl AssetId {
    /// The asset of an episode: the series id made safe for a path, then season and episode.
    pub fn of_episode(series_id: &str, season: u32, episode: u32) -> Self {
        let slug = slug(&series_id.to_lowercase(), "series", 90, |_| false);
        Self(format!("{slug}-s{season:02}e{episode:02}"))
    }

    fn is_valid(text: &str) -> bool {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=120).contains(&text.len()) && text.bytes().all(fits)
    }
}

/// Counts the deliberate re-encodes of one job key, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The generation of a job that was never forced.
    pub const FIRST: Self = Self(1);
}

/// Keys of what is written about a job before its generation is known.
#[derive(Clone, Debug)]
pub struct JobKeys<'a>(pub &'a JobKey);

impl JobKeys<'_> {
    /// The normalised job: [`crate::job::Job`].
    pub fn job(&self) -> String {
        format!("jobs/{}/job.json", self.0)
    }

    /// The facts of the mezzanine: [`crate::probe::Inspection`].
    pub fn probe(&self) -> String {
        format!("jobs/{}/probe.json", self.0)
    }

    /// The mezzanine's checksums: [`crate::probe::Verification`].
    pub fn checksums(&self) -> String {
        format!("jobs/{}/checksums.json", self.0)
    }
}

/// Keys of everything that one generation of a job writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationKeys {
    work: String,
    working: String,
    outputs: String,
    asset: AssetId,
}

impl GenerationKeys {
    /// The keys of a generation. The first has the plain job key in its prefixes; later ones add `-g2`, `-g3`, …
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

    /// Prefix of what is kept (plan, records, report), ending in `/`.
    pub fn work_prefix(&self) -> &str {
        &self.work
    }

    /// Prefix of what the job needs only until it ends, ending in `/`: item lists, measurements, notes of failed attempts,
    /// and the output of an encoding service before it is taken over.
    pub fn working_prefix(&self) -> &str {
        &self.working
    }

    /// Prefix of the deliverables, ending in `/`.
    pub fn output_prefix(&self) -> &str {
        &self.outputs
    }

    /// The plan: [`crate::plan::Plan`].
    pub fn plan(&self) -> String {
        format!("{}plan.json", self.work)
    }

    /// The item list of a Distributed Map: `video`, `audio`, `text` or `renditions`.
    pub fn items(&self, list: &str) -> String {
        format!("{}items/{list}.json", self.working)
    }

    /// The record of one chunk and rung group: [`crate::record::ChunkRecord`].
    pub fn chunk_record(&self, chunk: u32, group: u32) -> String {
        format!("{}chunks/{chunk:05}-{group}.json", self.work)
    }

    /// The record of one audio rendition or caption track: [`crate::record::TrackRecord`].
    pub fn track_record(&self, rendition: &str) -> String {
        format!("{}tracks/{}.json", self.work, file_name(rendition))
    }

    /// The record of thumbnails and poster: [`crate::record::ImagesRecord`].
    pub fn images_record(&self) -> String {
        format!("{}images.json", self.work)
    }

    /// The proven list of segments of one rendition: [`crate::record::RenditionRecord`].
    pub fn rendition_record(&self, rendition: &str) -> String {
        format!("{}{}", self.work, rendition_record_path(rendition))
    }

    /// The measurements of the segments of one rendition.
    pub fn measurements(&self, rendition: &str) -> String {
        format!("{}measured/{}.json", self.working, file_name(rendition))
    }

    /// The worst compared picture of a chunk of a rendition, beside the mezzanine's.
    pub fn picture(&self, rendition: &str, chunk: u32) -> String {
        format!(
            "{}pictures/{rendition}/{chunk:05}.jpg",
            self.working_prefix()
        )
    }

    /// The state of the checksums of the mezzanine between two invocations: [`crate::probe::PartialVerification`].
    pub fn partial_checksums(&self) -> String {
        format!("{}checksums-so-far.json", self.working)
    }

    /// Prefix of the notes that failed workers leave for fail-job.
    pub fn failures_prefix(&self) -> String {
        format!("{}failures/", self.working)
    }

    /// The note of a failed worker: [`crate::record::FailureNote`].
    pub fn failure(&self, item: &str) -> String {
        format!("{}failures/{item}.json", self.working)
    }

    /// The notes of failed workers, kept after the notes themselves are removed: a list of
    /// [`crate::record::FailureNote`].
    pub fn retries(&self) -> String {
        format!("{}retries.json", self.work)
    }

    /// The job of an encoding service: [`crate::record::EncodeRecord`].
    pub fn encode_record(&self) -> String {
        format!("{}encode.json", self.work)
    }

    /// An output of an encoding service. Each order has its own prefix, so that an order that was cancelled cannot write
    /// between the files of the next one.
    pub fn encode_output(&self, order: u32, path: &str) -> String {
        format!("{}encode/o{order}/{path}", self.working)
    }

    /// The conformance report: `reelsmith_conformance::Report`.
    pub fn report(&self) -> String {
        format!("{}report.json", self.work)
    }

    /// A deliverable by its path below the output prefix, for example `master.m3u8`.
    pub fn output(&self, path: &str) -> String {
        format!("{}{path}", self.outputs)
    }

    /// The pointer to the published job of the asset: [`crate::record::Current`].
    pub fn current(&self) -> String {
        format!("outputs/{}/current.json", self.asset)
    }
}

/// Path of [`GenerationKeys::rendition_record`] below the prefix of what is kept.
pub fn rendition_record_path(rendition: &str) -> String {
    format!("renditions/{}.json", file_name(rendition))
}

/// A rendition's folder as a file name.
fn file_name(rendition: &str) -> String {
    rendition.replace('/', "_")
}

/// Prefix of everything that a job needs only while it runs. The lifecycle rule of the output bucket expires it.
pub const WORKING: &str = "jobs/working/";

// Paths below the output prefix.

/// The HLS multivariant playlist.
pub const MULTIVARIANT: &str = "master.m3u8";
/// The DASH MPD.
pub const MPD: &str = "manifest.mpd";
/// The report page for people. If the output is invalid, it is below the working prefix instead.
pub const REPORT_PAGE: &str = "report.html";
/// The folder of thumbnails and poster.
pub const IMAGES: &str = "images";
/// The WebVTT track whose cues name the thumbnail for their time.
pub const THUMBNAILS: &str = "images/thumbnails.vtt";
/// The poster.
pub const POSTER: &str = "images/poster.jpg";

/// A sheet of thumbnails. Numbers start at 1.
pub fn sheet_path(number: u32) -> String {
    format!("{IMAGES}/sheet_{number:05}.jpg")
}

// Names below the folder of a rendition.

/// The init segment.
pub const INIT: &str = "init.mp4";
/// The media playlist.
pub const MEDIA_PLAYLIST: &str = "playlist.m3u8";
/// The I-frame playlist of a video rendition.
pub const IFRAME_PLAYLIST: &str = "iframes.m3u8";
/// The whole caption file of a text rendition, which DASH references.
pub const TEXT_SIDECAR: &str = "captions.vtt";

/// A CMAF segment. Numbers start at 1.
pub fn segment_name(number: u32) -> String {
    format!("seg_{number:05}.m4s")
}

/// A WebVTT segment. Numbers start at 1.
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
    fn later_generations_share_no_prefix_with_the_first() {
        let asset = AssetId::of_episode("Attack on Titan", 1, 1);
        let first = GenerationKeys::new(&asset, &key(), Generation::FIRST);
        let second = GenerationKeys::new(&asset, &key(), Generation(2));
        assert!(!second.output_prefix().starts_with(first.output_prefix()));
        assert!(!second.work_prefix().starts_with(first.work_prefix()));
        assert_eq!(first.current(), second.current());
    }

    #[test]
    fn an_asset_id_is_safe_in_a_path_for_any_series_id() {
        for (series, expected) in [
            ("Attack on Titan", "attack-on-titan-s01e02"),
            ("../../etc", "etc-s01e02"),
            ("進撃の巨人", "series-2de30bcb-s01e02"),
            ("a--b__c", "a-b-c-s01e02"),
        ] {
            let asset = AssetId::of_episode(series, 1, 2);
            assert_eq!(asset.as_str(), expected);
            assert_eq!(asset.as_str().parse(), Ok(asset.clone()));
        }
    }

    #[test]
    fn different_series_are_different_assets() {
        let series = [
            "進撃の巨人",
            "呪術廻戦",
            "進撃の巨人 2",
            "Äpfel",
            "pfel",
            "C",
            "C++",
            "C#",
            "K-On!",
            "K-On!!",
            "🎬",
            "Тест",
        ];
        let assets: std::collections::BTreeSet<_> =
            series.map(|s| AssetId::of_episode(s, 1, 1)).into();
        assert_eq!(assets.len(), series.len(), "{assets:?}");
        let (composed, decomposed) = ("ガンダム", "カ\u{3099}ンタ\u{3099}ム");
        assert_ne!(composed, decomposed);
        assert_eq!(
            AssetId::of_episode(composed, 1, 1),
            AssetId::of_episode(decomposed, 1, 1)
        );
        let longest = AssetId::of_episode(&"a+".repeat(45), 9_999, 99_999);
        assert_eq!(longest.as_str().parse(), Ok(longest.clone()));
    }

    #[test]
    fn a_job_key_is_64_lower_case_hexadecimal_digits() {
        assert!("AB".repeat(32).parse::<JobKey>().is_err());
        assert!("ab".repeat(31).parse::<JobKey>().is_err());
        assert_eq!(key().short(), "abababababab");
    }
}
