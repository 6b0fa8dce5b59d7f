//! The normalised job: parse-manifest writes it, and every later function reads it.

use serde::{Deserialize, Serialize};

use crate::clip::Point;
use crate::digest::sha256_hex;
use crate::encoder::EncoderKind;
use crate::keys::{AssetId, JobKey};
use crate::ladder::{OutputOptions, Profile};
use crate::manifest::{AudioTrack, ClosedCaption, Defect, Manifest, SubtitleTrack};
use crate::object::ObjectPin;
use crate::tail::TailPolicy;

/// `jobs/{job_key}/job.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub job_key: JobKey,
    pub asset: AssetId,
    pub source: ObjectPin,
    pub manifest: Manifest,
    pub options: OutputOptions,
    /// The encoding profile with every setting.
    pub profile: Profile,
    /// Identity of the encoder build, for example `ffmpeg 5.1.9-0+deb12u1`.
    pub encoder_build: String,
    pub encoder: EncoderKind,
    /// Defects of the manifest that do not stop the job.
    pub warnings: Vec<Defect>,
}

/// Everything that decides the job key: the asset, because one job is published under one asset, and each value that
/// changes the encoded bytes.
#[derive(Serialize)]
struct Identity<'a> {
    schema: u32,
    asset: &'a AssetId,
    manifest_id: &'a str,
    mezzanine_md5: &'a str,
    mezzanine_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_track: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_point: Option<Point>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_point: Option<Point>,
    audio: &'a [AudioTrack],
    subtitles: &'a [SubtitleTrack],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    without_embedded_captions: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    closed_captions: &'a [ClosedCaption],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict_captions: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tail_policy: Option<TailPolicy>,
    options: &'a OutputOptions,
    encoder: EncoderKind,
    profile_hash: &'a str,
}

impl Job {
    /// The job of a manifest; computes the job key and the asset id.
    pub fn new(
        source: ObjectPin,
        manifest: Manifest,
        options: OutputOptions,
        profile: Profile,
        encoder: EncoderKind,
        encoder_build: String,
        warnings: Vec<Defect>,
    ) -> Self {
        let episode = &manifest.episode;
        let asset = AssetId::of_episode(
            &episode.series_id,
            episode.season_number,
            episode.episode_number,
        );
        let job_key = job_key(
            &asset,
            &manifest,
            &options,
            &profile,
            encoder,
            &encoder_build,
        );
        Self {
            job_key,
            asset,
            source,
            manifest,
            options,
            profile,
            encoder_build,
            encoder,
            warnings,
        }
    }
}

fn job_key(
    asset: &AssetId,
    manifest: &Manifest,
    options: &OutputOptions,
    profile: &Profile,
    encoder: EncoderKind,
    encoder_build: &str,
) -> JobKey {
    let identity = Identity {
        schema: 2,
        asset,
        manifest_id: &manifest.manifest_id,
        mezzanine_md5: &manifest.mezzanine.checksum_md5,
        mezzanine_size: manifest.mezzanine.file_size.0,
        video_track: manifest.mezzanine.video_track_index,
        in_point: manifest.mezzanine.in_point,
        out_point: manifest.mezzanine.out_point,
        audio: &manifest.audio_tracks,
        subtitles: &manifest.subtitle_tracks,
        without_embedded_captions: !manifest.settings.takes_embedded_captions(),
        closed_captions: &manifest.settings.closed_captions,
        strict_captions: manifest.settings.strict_captions(),
        tail_policy: manifest.settings.tail_policy,
        options,
        encoder,
        profile_hash: &profile.hash(encoder_build),
    };
    // Integers, strings, booleans and lists of them always serialise.
    let canonical = serde_json::to_vec(&identity).unwrap_or_default();
    #[expect(
        clippy::expect_used,
        reason = "SHA-256 in lower-case hexadecimal is a valid job key"
    )]
    sha256_hex(&canonical)
        .parse()
        .expect("64 hexadecimal digits")
}
