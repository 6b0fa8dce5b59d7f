//! The audio and caption renditions of a plan.
//!
//! Audio renditions follow the manifest's audio tracks. Caption renditions come from three sources: the manifest's
//! caption files, the subtitle streams of the mezzanine, and closed captions inside its pictures or in a track (CEA-608, CEA-708). A stream or
//! caption that was wanted but cannot be used becomes a [`LeftOut`], which the report shows as a warning.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::audio_track::{AudioRole, ChannelMap};
use crate::caption_service::CaptionService;
use crate::job::Job;
use crate::language;
use crate::manifest::{AudioTrack, CaptionFormat, ClosedCaption, SubtitleTrack};
use crate::object::ObjectPin;
use crate::probe::{AudioStream, Inspection, TextStream};
use crate::time::{FrameCount, FrameRate};
use crate::warning::{Warning, WarningName};

/// Channels of a 5.1 mix. A source track with at least as many channels also gets a surround rendition.
const SURROUND: u32 = 6;
/// Channels of the mix that every device plays.
const STEREO: u32 = 2;

/// An audio rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioRendition {
    /// Folder below the output prefix, for example `audio/ja`.
    pub path: String,
    /// Position of its track among the manifest's audio tracks, from 0.
    #[serde(default)]
    pub track: u32,
    /// Index among all streams of the mezzanine; with `map`, that of its first channel.
    pub stream: u32,
    /// The channels that it is made of, in the order of their layout; empty if it is the whole stream.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub map: Vec<MappedChannel>,
    pub language: String,
    pub label: String,
    /// Whether a player selects it by default.
    pub default: bool,
    /// Samples per second.
    pub sample_rate: u32,
    /// Samples of the whole programme without priming: exactly the duration of the video.
    pub samples: u64,
    /// 2, or 6 for the surround mix of the same track.
    pub channels: u32,
    #[serde(default)]
    pub role: AudioRole,
}

/// A channel of a stream of the mezzanine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedChannel {
    /// Index among all streams of the mezzanine.
    pub stream: u32,
    /// From 0.
    pub channel: u32,
}

impl AudioRendition {
    /// Whether this is the surround mix of a track that also has a stereo rendition.
    pub fn is_surround(&self) -> bool {
        self.channels > STEREO
    }

    /// Whether both are mixes of the same track.
    pub fn same_track(&self, other: &Self) -> bool {
        self.track == other.track
    }

    /// The streams that it is made of, each once.
    pub fn streams(&self) -> Vec<u32> {
        let mut streams: Vec<u32> = self.map.iter().map(|c| c.stream).collect();
        streams.push(self.stream);
        streams.sort_unstable();
        streams.dedup();
        streams
    }
}

/// A caption rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRendition {
    /// Folder below the output prefix, for example `text/en`.
    pub path: String,
    /// The caption file, or the mezzanine if it contains the captions.
    pub source: ObjectPin,
    /// Index among all streams of the mezzanine; absent for a caption file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The service, if the stream contains closed captions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<CaptionService>,
    /// Format of the file, or the format that ffmpeg extracts the stream to.
    pub format: CaptionFormat,
    pub language: String,
    pub label: String,
    /// Whether a player shows it by default.
    pub default: bool,
    /// Whether it is shown even if captions are off.
    pub forced: bool,
    /// Whether it is for the deaf and hard of hearing.
    pub sdh: bool,
}

/// A subtitle stream of the mezzanine that was wanted but is not published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Index among all streams of the mezzanine.
    pub stream: u32,
    /// ffmpeg's codec name.
    pub codec: String,
    /// Language tag as in the file.
    pub language: Option<String>,
    /// The reason, as the end of the sentence "left out: …".
    pub reason: String,
}

/// The audio renditions: every track of the manifest that has a stream as stereo, then the surround mixes.
pub(super) fn audio(
    job: &Job,
    inspection: &Inspection,
    rate: FrameRate,
    frames: FrameCount,
) -> Vec<AudioRendition> {
    let settings = &job.profile.audio;
    let streams = &inspection.probe.audio;
    let paths = audio_paths(&job.manifest.audio_tracks);
    let mut stereo = Vec::new();
    let mut surround = Vec::new();
    for ((index, track), path) in (0u32..).zip(&job.manifest.audio_tracks).zip(paths) {
        let Some(stream) = streams.get(track.track_index as usize) else {
            continue;
        };
        let rendition = |channels, path: String, map: Option<&ChannelMap>| AudioRendition {
            path,
            track: index,
            stream: stream.index,
            map: map.map_or_else(Vec::new, |map| mapped(map, streams)),
            language: track.language.clone(),
            label: track.label.clone(),
            default: track.default,
            sample_rate: settings.sample_rate,
            samples: rate.samples_in(frames, settings.sample_rate),
            channels,
            role: track.role,
        };
        let map = track.channel_map.as_ref();
        let mix = track.surround_map.as_ref().or(map);
        let channels = mix.map_or(stream.channels as usize, |map| map.channels().len());
        if settings.surround_bitrate.is_some() && channels >= SURROUND as usize {
            surround.push(rendition(SURROUND, format!("{path}_surround"), mix));
        }
        stereo.push(rendition(STEREO, path, map));
    }
    stereo.append(&mut surround);
    stereo
}

/// The channels of a map whose streams exist, by stream.
fn mapped(map: &ChannelMap, streams: &[AudioStream]) -> Vec<MappedChannel> {
    let channels = map.channels().iter().filter_map(|c| {
        let stream = streams.get(c.track as usize)?.index;
        let channel = c.channel;
        Some(MappedChannel { stream, channel })
    });
    channels.collect()
}

/// Most channels that a warning names.
const NAMED_CHANNELS: usize = 64;

/// The warning about channels that no map uses, of streams of which other channels are mapped.
pub(super) fn channels_left_out(tracks: &[AudioTrack], inspection: &Inspection) -> Option<Warning> {
    let whole = |n: u32| {
        let mut of_stream = tracks.iter().filter(|t| t.track_index == n);
        of_stream.any(|t| t.channel_map.is_none())
    };
    let maps = tracks
        .iter()
        .flat_map(|t| [&t.channel_map, &t.surround_map]);
    let used = maps.flatten().flat_map(ChannelMap::channels);
    let used: BTreeSet<(u32, u32)> = used.map(|c| (c.track, c.channel)).collect();
    let streams = (0u32..).zip(&inspection.probe.audio);
    let mapped = streams.filter(|(n, _)| !whole(*n) && used.iter().any(|(track, _)| track == n));
    let all = mapped.flat_map(|(n, stream)| (0..stream.channels).map(move |channel| (n, channel)));
    let unused = all.filter(|channel| !used.contains(channel));
    let names: Vec<String> = unused
        .map(|(track, channel)| format!("{track}:{channel}"))
        .take(NAMED_CHANNELS)
        .collect();
    let first = names.first()?;
    let warning = Warning::new(WarningName::AudioLeftOut, format!("channel {first}"));
    Some(warning.times(names.len() as u64).because(
        "every channel of a mapped stream in a ChannelMap",
        format!("no ChannelMap for {}", names.join(" ")),
        "these channels are not published",
    ))
}

/// The warning about audio streams that no track of the manifest uses.
pub(super) fn audio_left_out(tracks: &[AudioTrack], inspection: &Inspection) -> Option<Warning> {
    let used = |index: u32| {
        let maps = |t: &AudioTrack| {
            let maps = [&t.channel_map, &t.surround_map].into_iter().flatten();
            maps.flat_map(ChannelMap::channels)
                .any(|c| c.track == index)
        };
        tracks.iter().any(|t| t.track_index == index || maps(t))
    };
    let streams = (0u32..).zip(&inspection.probe.audio);
    let unused: Vec<_> = streams.filter(|(n, _)| !used(*n)).collect();
    let (_, first) = unused.first()?;
    let names = unused.iter().map(|(n, stream)| {
        let (codec, channels) = (&stream.codec, stream.channels);
        format!("{codec} with {channels} channels at TrackIndex {n}")
    });
    let found = match tracks {
        [] => "no AudioTracks in the manifest",
        _ => "no AudioTrack in the manifest",
    };
    let found = format!("{found} for {}", names.collect::<Vec<_>>().join(", "));
    let treatment = match tracks {
        [] => "the output has no audio",
        _ => "these streams are not published",
    };
    let warning = Warning::new(WarningName::AudioLeftOut, format!("stream {}", first.index));
    Some(warning.times(unused.len() as u64).because(
        "an AudioTrack for each audio stream to publish",
        found,
        treatment,
    ))
}

/// The folder of the stereo rendition of each track: its language and its role, and a number if an earlier track has the same.
/// A language tag cannot contain an underscore, so no other language has this folder.
fn audio_paths(tracks: &[AudioTrack]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for track in tracks {
        let role = match track.role {
            AudioRole::Main => String::new(),
            AudioRole::Description => "_described".to_owned(),
            role => format!("_{role}"),
        };
        let plain = format!("audio/{}{role}", track.language);
        let numbered = (2u32..).map(|n| format!("{plain}_{n}"));
        let mut free = std::iter::once(plain.clone()).chain(numbered);
        paths.extend(free.find(|path| !paths.contains(path)));
    }
    paths
}

/// ffmpeg's codec name of closed captions inside the pictures, and of QuickTime tracks of them.
pub const CLOSED_CAPTIONS: &str = "eia_608";

/// Longest time to decode a whole video for its captions, in seconds of one thread: ten of the fifteen minutes of a
/// function that has half a processor.
const MAX_DECODE_SECONDS: f64 = 300.0;

/// ffmpeg's codec names of subtitles that are pictures.
const PICTURE_SUBTITLES: [&str; 4] = ["hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"];

/// Caption renditions under construction: the manifest's files first, then what the mezzanine contains.
#[derive(Debug, Default)]
pub(super) struct Captions {
    pub(super) text: Vec<TextRendition>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Captions {
    /// The manifest's caption files, in its order.
    pub(super) fn of_files(tracks: &[SubtitleTrack], inspection: &Inspection) -> Self {
        let files = tracks.iter().zip(&inspection.captions);
        let text = files.map(|(track, source)| TextRendition {
            path: text_path(&track.language, track.forced, track.sdh),
            source: source.clone(),
            stream: None,
            service: None,
            format: track.format,
            language: track.language.clone(),
            label: track.label.clone(),
            default: track.default,
            forced: track.forced,
            sdh: track.sdh,
        });
        Self {
            text: text.collect(),
            left_out: Vec::new(),
        }
    }

    /// Adds the subtitle streams of the mezzanine. A caption file of the same language and kind replaces a stream
    /// without a warning; any other stream that cannot be used is left out with a reason.
    pub(super) fn add_streams(&mut self, inspection: &Inspection) {
        let files = self.text.len();
        let streams = inspection.probe.text.iter();
        for stream in streams.filter(|s| s.codec != CLOSED_CAPTIONS) {
            match self.embedded(stream, inspection) {
                Ok(rendition) => self.text.push(rendition),
                Err(taken) if taken.is_some_and(|at| at < files) => {}
                Err(taken) => self.left_out.push(LeftOut {
                    stream: stream.index,
                    codec: stream.codec.clone(),
                    language: stream.language.clone(),
                    reason: reason(stream, taken.and_then(|at| self.text.get(at))),
                }),
            }
        }
    }

    /// The rendition of a subtitle stream. The error is the position in `text` of the rendition that already has its
    /// language and kind, if that is the reason why there is none.
    fn embedded(
        &self,
        stream: &TextStream,
        inspection: &Inspection,
    ) -> Result<TextRendition, Option<usize>> {
        let language = stream.language.as_deref().map(language::tag);
        let language = language
            .filter(|tag| tag != language::UNKNOWN)
            .ok_or(None)?;
        // A stream with both flags holds the few lines that every viewer needs, so it counts as forced.
        let sdh = stream.sdh && !stream.forced;
        let path = text_path(&language, stream.forced, sdh);
        if let Some(at) = self.text.iter().position(|t| t.path == path) {
            return Err(Some(at));
        }
        Ok(TextRendition {
            format: embedded_format(&stream.codec).ok_or(None)?,
            label: self.free_label(&language, stream.forced, sdh),
            path,
            source: inspection.mezzanine.clone(),
            stream: Some(stream.index),
            service: None,
            language,
            default: false,
            forced: stream.forced,
            sdh,
        })
    }

    /// Adds the services of closed captions that the manifest states, from a QuickTime track (`c608`) or the pictures, or
    /// the reason why one is left out. A track that states its language needs no statement for CC1.
    ///
    /// `decode_seconds` is the time of one thread to decode the whole video.
    pub(super) fn add_closed_captions(
        &mut self,
        services: &[ClosedCaption],
        inspection: &Inspection,
        decode_seconds: f64,
    ) {
        let probe = &inspection.probe;
        let mut tracks = probe.text.iter().filter(|s| s.codec == CLOSED_CAPTIONS);
        let track = tracks.next();
        for more in tracks {
            let reason = "only the first track of closed captions is read".to_owned();
            self.leave_out(more.index, more.language.clone(), reason);
        }
        let mut services = services.to_vec();
        let known = track.and_then(|t| t.language.as_deref().map(language::tag));
        let known = known.filter(|tag| tag != language::UNKNOWN);
        let video = probe.video.as_ref();
        let captioned = video.filter(|v| v.captioned).map(|v| v.index);
        let at = track.map(|t| t.index).or(captioned);
        if let (true, Some(index)) = (services.is_empty(), at) {
            let Some(language) = known else {
                let reason = "their language is unknown; state ClosedCaptionLanguage or deliver a caption file";
                return self.leave_out(index, None, reason.to_owned());
            };
            let service = CaptionService::CC1;
            services.push(ClosedCaption { service, language });
        }
        for wanted in &services {
            let (stream, seconds) = match (wanted.service, track) {
                (CaptionService::Cea608(_), Some(track)) => (track.index, 0.0),
                _ => (video.map_or(0, |v| v.index), decode_seconds),
            };
            match self.closed_captions(wanted, stream, inspection, seconds) {
                Ok(found) => self.text.extend(found),
                Err(reason) => {
                    let reason = format!("{}: {reason}", wanted.service);
                    self.leave_out(stream, Some(wanted.language.clone()), reason);
                }
            }
        }
    }

    fn leave_out(&mut self, stream: u32, language: Option<String>, reason: String) {
        self.left_out.push(LeftOut {
            stream,
            codec: CLOSED_CAPTIONS.into(),
            language,
            reason,
        });
    }

    fn closed_captions(
        &self,
        wanted: &ClosedCaption,
        stream: u32,
        inspection: &Inspection,
        decode_seconds: f64,
    ) -> Result<Option<TextRendition>, String> {
        let probe = &inspection.probe;
        let track = probe.text.iter().any(|text| text.index == stream);
        if !track && !probe.video.as_ref().is_some_and(|v| v.captioned) {
            return Err("the first pictures contain none; deliver a caption file".into());
        }
        let language = &wanted.language;
        let path = text_path(language, false, true);
        match self.text.iter().find(|t| t.path == path).map(|t| t.stream) {
            Some(None) => return Ok(None),
            Some(Some(first)) => {
                return Err(format!("stream {first} has the same language and kind"));
            }
            None => {}
        }
        if decode_seconds > MAX_DECODE_SECONDS {
            return Err(format!(
                "decoding all pictures takes {decode_seconds:.0} s, and the limit is {MAX_DECODE_SECONDS:.0} s; deliver a caption file"
            ));
        }
        Ok(Some(TextRendition {
            format: CaptionFormat::Vtt,
            label: self.free_label(language, false, true),
            path,
            source: inspection.mezzanine.clone(),
            stream: Some(stream),
            service: Some(wanted.service),
            language: language.clone(),
            default: false,
            forced: false,
            sdh: true,
        }))
    }

    /// The label that a manifest track without a label would get, with a number if that label is taken.
    fn free_label(&self, language: &str, forced: bool, sdh: bool) -> String {
        let plain = match kind(forced, sdh) {
            "" => language.to_owned(),
            kind => format!("{language} ({kind})"),
        };
        let numbered = (2u32..).map(|n| format!("{plain} {n}"));
        let mut labels = std::iter::once(plain.clone()).chain(numbered);
        let free = labels.find(|label| self.text.iter().all(|t| t.label != *label));
        free.unwrap_or(plain)
    }
}

fn kind(forced: bool, sdh: bool) -> &'static str {
    match (forced, sdh) {
        (true, _) => "forced",
        (false, true) => "SDH",
        (false, false) => "",
    }
}

fn text_path(language: &str, forced: bool, sdh: bool) -> String {
    match kind(forced, sdh) {
        "" => format!("text/{language}"),
        kind => format!("text/{language}_{}", kind.to_lowercase()),
    }
}

/// The format that ffmpeg extracts a subtitle stream to; `None` if the codec is not text that this crate reads.
fn embedded_format(codec: &str) -> Option<CaptionFormat> {
    match codec {
        "mov_text" | "subrip" | "text" => Some(CaptionFormat::Srt),
        "ass" | "ssa" => Some(CaptionFormat::Ass),
        "webvtt" => Some(CaptionFormat::Vtt),
        _ => None,
    }
}

fn reason(stream: &TextStream, taken: Option<&TextRendition>) -> String {
    if PICTURE_SUBTITLES.contains(&stream.codec.as_str()) {
        return "pictures, not text; deliver a caption file".into();
    }
    if embedded_format(&stream.codec).is_none() {
        return "the format is not supported; deliver a caption file".into();
    }
    match taken.and_then(|t| t.stream) {
        Some(first) => format!("stream {first} has the same language and kind"),
        None => "its language is unknown; tag the stream or deliver a caption file".into(),
    }
}

#[cfg(test)]
mod tests;
