//! The manifests that MediaConvert writes beside the segments.

use std::fmt::Write as _;

use crate::cut::Track;
use crate::wanted::Wanted;

/// An output that is done.
pub(crate) struct Made {
    /// What its file names begin with.
    pub(crate) stem: String,
    /// `cmfv` or `cmfa`.
    pub(crate) extension: &'static str,
    pub(crate) track: Track,
    /// `RESOLUTION` or language, for the multivariant playlist.
    pub(crate) label: String,
    pub(crate) bandwidth: u64,
}

impl Made {
    pub(crate) fn init_name(&self) -> String {
        format!("{}init.{}", self.stem, self.extension)
    }

    pub(crate) fn segment_name(&self, number: usize) -> String {
        format!("{}_{number:09}.{}", self.stem, self.extension)
    }

    fn is_video(&self) -> bool {
        self.extension == "cmfv"
    }

    fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / self.track.timescale as f64
    }

    /// The media playlist.
    pub(crate) fn media(&self) -> String {
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

/// The multivariant playlist.
pub(crate) fn multivariant(made: &[Made]) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n".to_owned();
    let audios: Vec<_> = made.iter().filter(|m| !m.is_video()).collect();
    for audio in &audios {
        let language = &audio.label;
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",LANGUAGE=\"{language}\",NAME=\"{language}\",URI=\"{}.m3u8\"",
            audio.stem
        );
    }
    let audio_codec = audios.first().map(|a| format!(",{}", a.track.codec));
    let group = audios.first().map_or("", |_| ",AUDIO=\"audio\"");
    for video in made.iter().filter(|m| m.is_video()) {
        let codecs = format!(
            "{}{}",
            video.track.codec,
            audio_codec.as_deref().unwrap_or("")
        );
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={},RESOLUTION={},CODECS=\"{codecs}\"{group}\n{}.m3u8",
            video.bandwidth, video.label, video.stem
        );
    }
    text
}

/// The MPD.
pub(crate) fn mpd(wanted: &Wanted, made: &[Made]) -> String {
    let longest = made.iter().map(|m| m.seconds(m.track.duration()));
    let duration = longest.fold(0.0, f64::max);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
         profiles=\"urn:mpeg:dash:profile:isoff-main:2011\" minBufferTime=\"PT{}S\" \
         mediaPresentationDuration=\"PT{duration:.3}S\">\n<Period id=\"1\">\n",
        wanted.segment_seconds
    );
    for (id, one) in (1..).zip(made) {
        let kind = if one.is_video() { "video" } else { "audio" };
        let _ = writeln!(
            text,
            "<AdaptationSet mimeType=\"{kind}/mp4\"><Representation id=\"{id}\" bandwidth=\"{}\" codecs=\"{}\">\
             <SegmentTemplate timescale=\"{}\" initialization=\"{}\" media=\"{}_$Number%09d$.{}\" startNumber=\"1\">\
             <SegmentTimeline>",
            one.bandwidth,
            one.track.codec,
            one.track.timescale,
            one.init_name(),
            one.stem,
            one.extension
        );
        for segment in &one.track.segments {
            let _ = write!(text, "<S d=\"{}\"/>", segment.duration);
        }
        text += "</SegmentTimeline></SegmentTemplate></Representation></AdaptationSet>\n";
    }
    text + "</Period>\n</MPD>\n"
}
