//! Writing the XML of a manifest.

use std::path::Path;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use reelsmith_core::audio_track::AudioRole;
use reelsmith_core::digest::Checksums;
use reelsmith_core::manifest::{cleaned, is_key};
use reelsmith_core::probe::Probe;
use reelsmith_core::slug::slug;
use reelsmith_core::time::FrameRate;

use super::tracks::{AudioSource, AudioTrack, ChosenTracks};

/// What a manifest states and the file does not contain.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Titles {
    /// ManifestId. Default: the name of the file.
    #[arg(long, value_name = "ID")]
    pub manifest_id: Option<String>,
    /// Identifier of the series. Default: the name of the file.
    #[arg(long, value_name = "ID")]
    pub series_id: Option<String>,
    /// Title of the series.
    #[arg(long, value_name = "TITLE")]
    pub series_title: Option<String>,
    /// Number of the season.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub season: u32,
    /// Number of the episode.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub episode: u32,
    /// Title of the episode.
    #[arg(long, value_name = "TITLE")]
    pub title: Option<String>,
    /// Position of the programme among the video streams of the file, from 0. Default: the main one.
    #[arg(long, value_name = "NUMBER")]
    pub video_track: Option<u32>,
}

/// What only a plan knows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Programme {
    /// Duration of the pictures.
    pub millis: u64,
    /// The frame rate, if it is constant.
    pub frame_rate: Option<FrameRate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    fields: Vec<(&'static str, Vec<(&'static str, String)>)>,
    manifest_id: String,
    tracks: Vec<AudioTrack>,
}

impl Draft {
    /// The manifest of a file of `size` bytes.
    pub fn new(
        file: &Path,
        titles: &Titles,
        probe: &Probe,
        programme: Option<Programme>,
        checksums: &Checksums,
        size: u64,
    ) -> Self {
        let id = id(&stem(file));
        let given = |value: &Option<String>| value.clone().unwrap_or_else(|| id.clone());
        let readable = cleaned(&stem(file), 200, "").unwrap_or_else(|| id.clone());
        let title = |value: &Option<String>| value.clone().unwrap_or_else(|| readable.clone());
        let mut episode = vec![
            ("SeriesId", given(&titles.series_id)),
            ("SeriesTitle", title(&titles.series_title)),
            ("SeasonNumber", titles.season.to_string()),
            ("EpisodeNumber", titles.episode.to_string()),
            ("EpisodeTitle", title(&titles.title)),
        ];
        episode.extend(duration(programme));
        let mut mezzanine = mezzanine(file, probe, programme, checksums, size);
        let track = titles.video_track.map(|index| index.to_string());
        mezzanine.extend(track.map(|index| ("VideoTrackIndex", index)));
        Self {
            fields: vec![("Episode", episode), ("Mezzanine", mezzanine)],
            manifest_id: given(&titles.manifest_id),
            tracks: ChosenTracks::of(probe).tracks,
        }
    }

    pub fn to_xml(&self) -> String {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        // Writing to memory does not fail.
        let _ = self.write(&mut writer);
        let mut xml = String::from_utf8_lossy(&writer.into_inner()).into_owned();
        xml.push('\n');
        xml
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let root = writer.create_element("AnimeTranscodeManifest");
        root.with_attribute(("version", "1.0"))
            .write_inner_content(|w| {
                text(w, "ManifestId", &self.manifest_id)?;
                for (name, fields) in &self.fields {
                    w.create_element(*name).write_inner_content(|w| {
                        fields
                            .iter()
                            .try_for_each(|(name, value)| text(w, name, value))
                    })?;
                }
                if self.tracks.is_empty() {
                    return Ok(());
                }
                w.create_element("AudioTracks").write_inner_content(|w| {
                    let tracks = self.tracks.iter().enumerate();
                    tracks
                        .into_iter()
                        .try_for_each(|(n, t)| track(w, t, n == 0))
                })?;
                Ok(())
            })?;
        Ok(())
    }
}

fn track(writer: &mut Writer<Vec<u8>>, track: &AudioTrack, default: bool) -> std::io::Result<()> {
    writer
        .create_element("AudioTrack")
        .write_inner_content(|w| {
            text(w, "Language", &track.language)?;
            text(w, "Label", &track.label)?;
            text(w, "IsDefault", if default { "true" } else { "false" })?;
            if track.role != AudioRole::Main {
                text(w, "Role", track.role.into())?;
            }
            match &track.source {
                AudioSource::Stream { index, channels } => {
                    text(w, "Channels", &channels.to_string())?;
                    text(w, "TrackIndex", &index.to_string())
                }
                AudioSource::Channels { map, surround } => {
                    text(w, "ChannelMap", map)?;
                    let mut surround = surround.iter();
                    surround.try_for_each(|map| text(w, "SurroundChannelMap", map))
                }
            }
        })?;
    Ok(())
}

fn text(writer: &mut Writer<Vec<u8>>, name: &str, value: &str) -> std::io::Result<()> {
    writer
        .create_element(name)
        .write_text_content(BytesText::new(value))?;
    Ok(())
}

fn mezzanine(
    file: &Path,
    probe: &Probe,
    programme: Option<Programme>,
    checksums: &Checksums,
    size: u64,
) -> Vec<(&'static str, String)> {
    let video = probe.video.as_ref();
    let mut fields = vec![
        ("FilePath", key(file)),
        ("ChecksumMD5", checksums.md5.clone()),
        ("ChecksumXXHash", checksums.xxh64.clone()),
        ("FileSizeBytes", size.to_string()),
    ];
    fields.extend(duration(programme));
    fields.extend(video.map(|v| ("VideoCodec", v.codec.clone())));
    fields.extend(probe.audio.first().map(|a| ("AudioCodec", a.codec.clone())));
    if let Some(video) = video {
        fields.extend([
            ("ResolutionWidth", video.coded.width.to_string()),
            ("ResolutionHeight", video.coded.height.to_string()),
        ]);
    }
    let rate = programme.and_then(|p| p.frame_rate);
    let rate = rate.filter(|_| video.is_some());
    fields.extend(rate.map(|rate| ("FrameRate", rate.to_string())));
    let bits = programme.and_then(|p| size.saturating_mul(8).checked_div(p.millis));
    let bits = bits.filter(|kbps| *kbps > 0);
    fields.extend(bits.map(|kbps| ("BitrateKbps", kbps.to_string())));
    fields.extend(video.map(|v| ("BitDepth", v.bit_depth.to_string())));
    fields
}

/// `1440.500`.
fn duration(programme: Option<Programme>) -> Option<(&'static str, String)> {
    let millis = programme?.millis;
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    Some(("DurationSeconds", text))
}

fn stem(file: &Path) -> String {
    file.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// A name as an identifier. Different names give different identifiers, also without Latin letters.
fn id(name: &str) -> String {
    slug(name, "mezzanine", 100, |c| "._".contains(c))
}

/// The key for a file: its own name if a manifest can state that.
fn key(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let key = format!("mezzanines/{name}");
    if is_key(&key) && !name.contains(char::REPLACEMENT_CHARACTER) {
        return key;
    }
    let extension = file.extension().map(|e| id(&e.to_string_lossy()));
    let extension = extension.map_or(String::new(), |extension| format!(".{extension}"));
    format!("mezzanines/{}{extension}", id(&name))
}

#[cfg(test)]
mod tests {
    use reelsmith_core::manifest::parse;

    use serde_json::{Value, json};

    use super::*;

    fn stream(language: Option<&str>, title: Option<&str>) -> Value {
        json!({"index": 1, "codec": "aac", "channels": 2, "sample_rate": 48_000, "language": language, "title": title})
    }

    fn draft(file: &str, titles: &Titles) -> String {
        let tagged = ["jpn", "eng", "eng"].map(|tag| stream(Some(tag), None));
        let audio = [&tagged[..], &[stream(None, Some("A \"B\""))]].concat();
        draft_of(file, titles, &audio)
    }

    fn draft_of(file: &str, titles: &Titles, audio: &[Value]) -> String {
        let probe = json!({"container": "mov", "duration_us": 8_000_000, "audio": audio, "streams": 1, "video": {
            "index": 0, "codec": "h264", "profile": null, "coded": {"width": 1920, "height": 1080}, "sar": [1, 1], "rotation": 0,
            "pixel_format": "yuv420p", "bit_depth": 8, "base_frame_rate": "24", "average_frame_rate": "24",
            "time_base": [1, 24], "field_order": "progressive", "primaries": null, "transfer": null, "matrix": null,
            "range": null}});
        let probe: Probe = serde_json::from_value(probe).unwrap();
        let programme = Programme {
            millis: 8_000,
            frame_rate: FrameRate::new(24_000, 1_001),
        };
        let mut sum = reelsmith_core::digest::Checksummer::default();
        sum.update(b"abc");
        let (file, sums) = (Path::new(file), sum.finish());
        Draft::new(file, titles, &probe, Some(programme), &sums, 24_000_000).to_xml()
    }

    #[test]
    fn a_draft_is_a_valid_manifest() {
        let titles = Titles {
            series_title: Some("Tom & <Jerry>".into()),
            ..Titles::default()
        };
        let xml = draft("films/My film (final).mp4", &titles);
        insta::assert_snapshot!(xml);
        let parsed = parse(xml.as_bytes());
        assert_eq!(parsed.defects, []);
        let manifest = parsed.manifest.unwrap();
        assert_eq!(manifest.episode.series_title, "Tom & <Jerry>");
        assert_eq!(
            manifest.mezzanine.file_path,
            "mezzanines/My film (final).mp4"
        );
        let languages: Vec<_> = manifest
            .audio_tracks
            .iter()
            .map(|t| t.language.as_str())
            .collect();
        assert_eq!(languages, ["ja", "en", "en", "und"]);
    }

    #[test]
    fn a_file_without_audio_gives_a_manifest_without_tracks() {
        let xml = draft_of("timelapse.mp4", &Titles::default(), &[]);
        assert!(!xml.contains("Audio"), "{xml}");
        let parsed = parse(xml.as_bytes());
        assert_eq!(parsed.defects, []);
        assert_eq!(parsed.manifest.unwrap().audio_tracks, []);
    }

    #[test]
    fn every_file_name_gives_a_valid_manifest_with_its_own_id() {
        let names = [
            "進撃.mp4",
            "呪術.mp4",
            "...",
            "-rf.mp4",
            "a b.mkv",
            "[G] A #1 🎬.mp4",
            "a\\b.mov",
            " x.mov ",
            "tab\t.mov",
            "a+b%2F.mov",
        ];
        let mut ids = std::collections::BTreeSet::new();
        for file in names {
            let parsed = parse(draft(file, &Titles::default()).as_bytes());
            assert_eq!(parsed.defects, [], "{file}");
            ids.insert(parsed.manifest.unwrap().manifest_id);
        }
        assert_eq!(ids.len(), names.len(), "{ids:?}");
    }
}
