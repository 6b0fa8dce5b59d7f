//! The playlists and the MPD that MediaConvert writes next to the segments.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::segments::SegmentedTrack;
use crate::settings::JobSettings;

/// An output of a job, encoded and cut.
pub(crate) struct EncodedOutput {
    /// The start of its file names.
    pub(crate) stem: String,
    /// `cmfv` or `cmfa`.
    pub(crate) extension: &'static str,
    pub(crate) track: SegmentedTrack,
    /// `RESOLUTION` or language, for the multivariant playlist.
    pub(crate) label: String,
    pub(crate) bandwidth: u64,
}

impl EncodedOutput {
    fn init_name(&self) -> String {
        format!("{}init.{}", self.stem, self.extension)
    }

    fn segment_name(&self, number: usize) -> String {
        format!("{}_{number:09}.{}", self.stem, self.extension)
    }

    fn is_video(&self) -> bool {
        self.extension == "cmfv"
    }

    fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / self.track.timescale as f64
    }

    fn media_playlist(&self) -> String {
        let longest = self.track.segments.iter().map(|s| s.duration).max();
        let target = self.seconds(longest.unwrap_or(0)).round();
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:1\n\
             #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"{}\"\n",
            self.init_name()
        );
        for (number, segment) in (1..).zip(&self.track.segments) {
            let seconds = self.seconds(segment.duration);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "#EXTINF:{seconds:.6},\n{}", self.segment_name(number));
        }
        text + "#EXT-X-ENDLIST\n"
    }
}

/// Everything that the job writes: file names and contents.
pub(crate) fn objects(
    settings: &JobSettings,
    base: &str,
    outputs: &[EncodedOutput],
) -> Vec<(String, Bytes)> {
    let mut objects = Vec::new();
    for output in outputs {
        objects.push((output.init_name(), output.track.init.clone()));
        let segments = (1..).zip(&output.track.segments);
        objects.extend(segments.map(|(n, s)| (output.segment_name(n), s.bytes.clone())));
        objects.push((
            format!("{}.m3u8", output.stem),
            output.media_playlist().into(),
        ));
    }
    if settings.cmaf().write_dash_manifest == "ENABLED" {
        objects.push((format!("{base}.mpd"), mpd(settings, outputs).into()));
    }
    objects.push((format!("{base}.m3u8"), multivariant(outputs).into()));
    objects
}

fn multivariant(outputs: &[EncodedOutput]) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n".to_owned();
    let audios: Vec<_> = outputs.iter().filter(|o| !o.is_video()).collect();
    for audio in &audios {
        let language = &audio.label;
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",LANGUAGE=\"{language}\",NAME=\"{language}\",URI=\"{}.m3u8\"",
            audio.stem
        );
    }
    let (audio_codec, group) = audios.first().map_or_else(Default::default, |audio| {
        (format!(",{}", audio.track.codec), ",AUDIO=\"audio\"")
    });
    for video in outputs.iter().filter(|o| o.is_video()) {
        let codecs = format!("{}{audio_codec}", video.track.codec);
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={},RESOLUTION={},CODECS=\"{codecs}\"{group}\n{}.m3u8",
            video.bandwidth, video.label, video.stem
        );
    }
    text
}

fn mpd(settings: &JobSettings, outputs: &[EncodedOutput]) -> String {
    let longest = outputs.iter().map(|o| o.seconds(o.track.duration()));
    let duration = longest.fold(0.0, f64::max);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
         profiles=\"urn:mpeg:dash:profile:isoff-main:2011\" minBufferTime=\"PT{}S\" \
         mediaPresentationDuration=\"PT{duration:.3}S\">\n<Period id=\"1\">\n",
        settings.cmaf().segment_length
    );
    for (id, output) in (1..).zip(outputs) {
        let kind = if output.is_video() { "video" } else { "audio" };
        let _ = writeln!(
            text,
            "<AdaptationSet mimeType=\"{kind}/mp4\"><Representation id=\"{id}\" bandwidth=\"{}\" codecs=\"{}\">\
             <SegmentTemplate timescale=\"{}\" initialization=\"{}\" media=\"{}_$Number%09d$.{}\" startNumber=\"1\">\
             <SegmentTimeline>",
            output.bandwidth,
            output.track.codec,
            output.track.timescale,
            output.init_name(),
            output.stem,
            output.extension
        );
        for segment in &output.track.segments {
            let _ = write!(text, "<S d=\"{}\"/>", segment.duration);
        }
        text += "</SegmentTimeline></SegmentTemplate></Representation></AdaptationSet>\n";
    }
    text + "</Period>\n</MPD>\n"
}
