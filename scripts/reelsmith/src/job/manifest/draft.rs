//! Writing the XML of a manifest.

use std::path::Path;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use reelsmith_core::audio_track::AudioRole;
use reelsmith_core::digest::Checksums;
use reelsmith_core::language;
use reelsmith_core::time::FrameRate;

use super::facts::{AudioFacts, Facts};

/// The identity of a title, which its file does not contain.
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
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct AudioTrack {
    /// BCP 47 tag.
    language: String,
    /// The name that players show, unique.
    label: String,
    role: AudioRole,
    source: AudioSource,
}

/// What an audio track is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum AudioSource {
    /// A stream with this number of channels.
    Stream { index: usize, channels: u32 },
    /// A guess from the number of channels: `ChannelMap` and `SurroundChannelMap`.
    Channels {
        map: String,
        surround: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    fields: Vec<(&'static str, Vec<(&'static str, String)>)>,
    manifest_id: String,
    tracks: Vec<AudioTrack>,
}

impl Draft {
    pub fn new(
        file: &Path,
        titles: &Titles,
        facts: &Facts,
        checksums: &Checksums,
        size: u64,
    ) -> Self {
        let stem = safe(&file.file_stem().unwrap_or_default().to_string_lossy());
        let given = |value: &Option<String>| value.clone().unwrap_or_else(|| stem.clone());
        let title = |value: &Option<String>| value.clone().unwrap_or_else(|| readable(file));
        let mut episode = vec![
            ("SeriesId", given(&titles.series_id)),
            ("SeriesTitle", title(&titles.series_title)),
            ("SeasonNumber", titles.season.to_string()),
            ("EpisodeNumber", titles.episode.to_string()),
            ("EpisodeTitle", title(&titles.title)),
        ];
        episode.extend(facts.duration.clone().map(|d| ("DurationSeconds", d)));
        Self {
            fields: vec![
                ("Episode", episode),
                ("Mezzanine", mezzanine(file, facts, checksums, size)),
            ],
            manifest_id: given(&titles.manifest_id),
            tracks: tracks(facts),
        }
    }

    /// What was guessed and must be checked, as a sentence.
    pub fn guess(&self) -> Option<String> {
        let source = self.tracks.first().map(|track| &track.source);
        let AudioSource::Channels { map, surround } = source? else {
            return None;
        };
        let mix = if map.split(' ').count() > 2 {
            "5.1"
        } else {
            "stereo"
        };
        let surround = surround.iter().map(|map| format!(", and 5.1 of {map}"));
        let surround: String = surround.collect();
        Some(format!(
            "guessed from the number of channels: {mix} of {map}{surround} (TRACK:CHANNEL); correct ChannelMap if this is wrong"
        ))
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
                    self.tracks
                        .iter()
                        .enumerate()
                        .try_for_each(|(i, t)| t.write(w, i))
                })?;
                Ok(())
            })?;
        Ok(())
    }
}

impl AudioTrack {
    fn write(&self, writer: &mut Writer<Vec<u8>>, index: usize) -> std::io::Result<()> {
        writer
            .create_element("AudioTrack")
            .write_inner_content(|w| {
                text(w, "Language", &self.language)?;
                text(w, "Label", &self.label)?;
                text(w, "IsDefault", if index == 0 { "true" } else { "false" })?;
                if self.role != AudioRole::Main {
                    text(w, "Role", self.role.into())?;
                }
                match &self.source {
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
}

fn text(writer: &mut Writer<Vec<u8>>, name: &str, value: &str) -> std::io::Result<()> {
    writer
        .create_element(name)
        .write_text_content(BytesText::new(value))?;
    Ok(())
}

fn mezzanine(
    file: &Path,
    facts: &Facts,
    checksums: &Checksums,
    size: u64,
) -> Vec<(&'static str, String)> {
    let name = file_name(file);
    let video = &facts.video;
    let mut fields = vec![
        ("FilePath", format!("mezzanines/{name}")),
        ("ChecksumMD5", checksums.md5.clone()),
        ("ChecksumXXHash", checksums.xxh64.clone()),
        ("FileSizeBytes", size.to_string()),
    ];
    fields.extend(facts.duration.clone().map(|d| ("DurationSeconds", d)));
    fields.push(("VideoCodec", video.codec.clone()));
    fields.extend(facts.audio.first().map(|a| ("AudioCodec", a.codec.clone())));
    fields.extend([
        ("ResolutionWidth", video.width.to_string()),
        ("ResolutionHeight", video.height.to_string()),
    ]);
    fields.extend(frame_rate(&video.frame_rate).map(|rate| ("FrameRate", rate)));
    fields.extend(facts.bitrate_kbps.map(|k| ("BitrateKbps", k.to_string())));
    fields.push(("BitDepth", video.bit_depth.to_string()));
    fields
}

/// `24/1` → `24`; other fractions are unchanged. None for a rate that a manifest cannot state: Matroska without frame
/// durations gives 1,000.
fn frame_rate(fraction: &str) -> Option<String> {
    let rate: FrameRate = fraction.parse().ok()?;
    let possible = (1.0..=300.0).contains(&rate.as_f64());
    possible.then(|| fraction.strip_suffix("/1").unwrap_or(fraction).to_owned())
}

fn tracks(facts: &Facts) -> Vec<AudioTrack> {
    let mut tracks: Vec<AudioTrack> = Vec::new();
    let separate = separate_channels(&facts.audio);
    let shown = match separate {
        Some(_) => facts.audio.get(..1).unwrap_or_default(),
        None => &facts.audio,
    };
    for (index, audio) in shown.iter().enumerate() {
        let tag = audio
            .language
            .as_deref()
            .map_or_else(|| "und".to_owned(), language::tag);
        let label = audio.title.clone().unwrap_or_else(|| language::name(&tag));
        let label: String = label.chars().filter(|c| !c.is_control()).take(56).collect();
        let label = unique(&label, |l| tracks.iter().any(|k| k.label == l));
        tracks.push(AudioTrack {
            language: tag,
            label,
            role: audio.role,
            source: separate.clone().unwrap_or(AudioSource::Stream {
                index,
                channels: audio.channels,
            }),
        });
    }
    tracks
}

/// The usual mix of separate channels: two are stereo, six are 5.1, and eight are 5.1 and then stereo. Separate are mono streams
/// of one language, and the channels of an only stream without a layout.
fn separate_channels(audio: &[AudioFacts]) -> Option<AudioSource> {
    let channels: Vec<String> = match audio {
        [only] if !only.placed && only.channels > 2 => {
            (0..only.channels).map(|n| format!("0:{n}")).collect()
        }
        [first, ..]
            if audio
                .iter()
                .all(|a| a.channels == 1 && a.language == first.language) =>
        {
            (0..audio.len()).map(|n| format!("{n}:0")).collect()
        }
        _ => return None,
    };
    let (map, surround) = match channels.len() {
        2 | 6 => (channels.join(" "), None),
        8 => (channels[6..].join(" "), Some(channels[..6].join(" "))),
        _ => return None,
    };
    Some(AudioSource::Channels { map, surround })
}

/// Appends a number to a text that is taken: the labels of tracks must be unique.
fn unique(text: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(text) {
        return text.to_owned();
    }
    let numbered = (2..).map(|n: u32| format!("{text} {n}"));
    numbered.into_iter().find(|t| !taken(t)).unwrap_or_default()
}

/// The file's name without its extension, as a title.
fn readable(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let shown: String = stem.chars().filter(|c| !c.is_control()).take(200).collect();
    shown.trim().to_owned()
}

/// The file's name with only the characters that a manifest and a key can contain.
fn file_name(file: &Path) -> String {
    let stem = safe(&file.file_stem().unwrap_or_default().to_string_lossy());
    match file.extension() {
        Some(extension) => format!("{stem}.{}", safe(&extension.to_string_lossy())),
        None => stem,
    }
}

/// A name of letters, digits and `._-`.
fn safe(name: &str) -> String {
    let mut safe = String::new();
    for c in name.chars().take(100) {
        match c {
            c if c.is_ascii_alphanumeric() || "._".contains(c) => safe.push(c),
            _ if safe.ends_with('-') => {}
            _ => safe.push('-'),
        }
    }
    let trimmed = safe.trim_matches(|c| c == '-' || c == '.');
    if trimmed.is_empty() {
        "mezzanine".to_owned()
    } else {
        trimmed.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use reelsmith_core::manifest::parse;

    use super::super::facts::VideoFacts;
    use super::*;

    fn audio(language: Option<&str>) -> AudioFacts {
        AudioFacts {
            codec: "aac".into(),
            channels: 2,
            placed: true,
            role: AudioRole::Main,
            language: language.map(Into::into),
            title: None,
        }
    }

    fn draft(file: &str, titles: &Titles) -> String {
        draft_of(
            file,
            titles,
            vec![
                audio(Some("jpn")),
                audio(Some("eng")),
                audio(Some("eng")),
                audio(None),
            ],
        )
    }

    fn draft_of(file: &str, titles: &Titles, audio: Vec<AudioFacts>) -> String {
        let facts = Facts {
            duration: Some("8.000000".into()),
            bitrate_kbps: Some(24_000),
            video: VideoFacts {
                codec: "h264".into(),
                width: 1920,
                height: 1080,
                frame_rate: "24/1".into(),
                bit_depth: 8,
            },
            audio,
        };
        let mut sum = reelsmith_core::digest::Checksummer::default();
        sum.update(b"abc");
        Draft::new(Path::new(file), titles, &facts, &sum.finish(), 3).to_xml()
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
        assert_eq!(manifest.mezzanine.file_path, "mezzanines/My-film-final.mp4");
        let languages: Vec<_> = manifest
            .audio_tracks
            .iter()
            .map(|t| t.language.as_str())
            .collect();
        assert_eq!(languages, ["ja", "en", "en", "und"]);
    }

    #[test]
    fn a_file_without_audio_gives_a_manifest_without_tracks() {
        let xml = draft_of("timelapse.mp4", &Titles::default(), vec![]);
        assert!(!xml.contains("Audio"), "{xml}");
        let parsed = parse(xml.as_bytes());
        assert_eq!(parsed.defects, []);
        assert_eq!(parsed.manifest.unwrap().audio_tracks, []);
    }

    #[test]
    fn separate_channels_become_the_usual_mixes() {
        let streams = |count: usize, channels, placed| {
            let stream = AudioFacts {
                channels,
                placed,
                ..audio(None)
            };
            let xml = draft_of("film.mov", &Titles::default(), vec![stream; count]);
            let manifest = parse(xml.as_bytes()).manifest.unwrap();
            let maps = manifest.audio_tracks.iter().map(|t| {
                let maps = [&t.channel_map, &t.surround_map].into_iter().flatten();
                maps.map(ToString::to_string).collect::<Vec<_>>().join(", ")
            });
            maps.collect::<Vec<_>>()
        };
        assert_eq!(streams(2, 1, true), ["0:0 1:0"]);
        assert_eq!(streams(6, 1, true), ["0:0 1:0 2:0 3:0 4:0 5:0"]);
        assert_eq!(streams(8, 1, true), ["6:0 7:0, 0:0 1:0 2:0 3:0 4:0 5:0"]);
        assert_eq!(streams(1, 8, false), ["0:6 0:7, 0:0 0:1 0:2 0:3 0:4 0:5"]);
        assert_eq!(streams(1, 8, true), [""]);
        assert_eq!(streams(3, 1, true), ["", "", ""]);
    }

    #[test]
    fn every_file_name_gives_a_valid_manifest() {
        for file in ["進撃.mp4", "...", "-rf.mp4", "a b.mkv"] {
            let parsed = parse(draft(file, &Titles::default()).as_bytes());
            assert_eq!(parsed.defects, [], "{file}");
        }
    }
}
