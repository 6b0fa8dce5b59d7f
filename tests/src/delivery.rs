//! A delivery: a manifest for a mezzanine, valid or deliberately wrong.

use reelsmith_core::digest::{Checksummer, Checksums};

/// A caption file of a delivery.
#[derive(Clone, Debug)]
pub struct Caption {
    pub language: &'static str,
    /// Key in the input bucket.
    pub key: String,
    pub body: &'static str,
}

/// The values of a manifest, each of which a test can change.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// `ManifestId`, and the base of all keys.
    pub id: String,
    /// `SeriesId`.
    pub series: String,
    /// Content of the mezzanine; `None` if it is not uploaded.
    pub mezzanine: Option<Vec<u8>>,
    pub mezzanine_key: String,
    /// `ChecksumMD5`.
    pub md5: String,
    /// `ChecksumXXHash`.
    pub xxhash: String,
    /// `FileSizeBytes`.
    pub size: u64,
    /// Additional elements of `Mezzanine`.
    pub points: String,
    /// Audio languages, the default first.
    pub languages: Vec<&'static str>,
    /// More audio tracks, as XML.
    pub tracks: String,
    pub captions: Vec<Caption>,
    /// Additional elements of `TranscodeSettings`.
    pub settings: String,
}

impl Delivery {
    /// A valid delivery of a mezzanine.
    #[must_use]
    pub fn of(id: &str, mezzanine: &[u8]) -> Self {
        let Checksums { md5, xxh64, .. } = checksums(mezzanine);
        Self {
            id: id.to_owned(),
            series: id.to_owned(),
            mezzanine_key: format!("mezzanines/{id}.mp4"),
            md5,
            xxhash: xxh64,
            size: mezzanine.len() as u64,
            mezzanine: Some(mezzanine.to_vec()),
            languages: crate::media::LANGUAGES.to_vec(),
            tracks: String::new(),
            captions: Vec::new(),
            points: String::new(),
            settings: String::new(),
        }
    }

    /// Key of the manifest.
    #[must_use]
    pub fn manifest_key(&self) -> String {
        format!("manifests/{}.xml", self.id)
    }

    /// The manifest as XML.
    #[must_use]
    pub fn manifest(&self) -> String {
        let audio: String = (0..)
            .zip(&self.languages)
            .map(|(n, language)| {
                format!("<AudioTrack><Language>{language}</Language><IsDefault>{}</IsDefault></AudioTrack>", n == 0)
            })
            .collect();
        let captions: String = self.captions.iter().map(caption).collect();
        let captions = if captions.is_empty() {
            captions
        } else {
            format!("<SubtitleTracks>{captions}</SubtitleTracks>")
        };
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<AnimeTranscodeManifest version="1.0">
  <ManifestId>{id}</ManifestId>
  <Episode>
    <SeriesId>{series}</SeriesId><SeriesTitle>Series {id}</SeriesTitle>
    <SeasonNumber>1</SeasonNumber><EpisodeNumber>1</EpisodeNumber><EpisodeTitle>One</EpisodeTitle>
  </Episode>
  <Mezzanine>
    <FilePath>{key}</FilePath><ChecksumMD5>{md5}</ChecksumMD5><ChecksumXXHash>{xxhash}</ChecksumXXHash>
    <FileSizeBytes>{size}</FileSizeBytes>{points}
  </Mezzanine>
  <AudioTracks>{audio}{tracks}</AudioTracks>
  {captions}
  <TranscodeSettings>{settings}</TranscodeSettings>
</AnimeTranscodeManifest>
"#,
            id = self.id,
            series = self.series,
            key = escaped(&self.mezzanine_key),
            md5 = self.md5,
            xxhash = self.xxhash,
            size = self.size,
            tracks = self.tracks,
            points = self.points,
            settings = self.settings,
        )
    }
}

fn caption(caption: &Caption) -> String {
    format!(
        "<SubtitleTrack><Language>{}</Language><FilePath>{}</FilePath></SubtitleTrack>",
        caption.language,
        escaped(&caption.key)
    )
}

/// A text for an element of XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn checksums(bytes: &[u8]) -> Checksums {
    let mut sum = Checksummer::default();
    sum.update(bytes);
    sum.finish()
}
