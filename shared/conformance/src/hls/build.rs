//! The strict pass: from lines to a [`Playlist`].

use super::attributes::{self, Attributes};
use super::tags::{self, Place};
use super::{At, Map, MediaTag, Playlist, Segment, Uri, Variant, decimal_nanos};
use crate::fault::Faults;
use crate::path::resolve;

/// Most variants and renditions of one playlist: rules compare them with each other.
const MAX_ENTRIES: usize = 1_000;

/// State of the pass: what was said of the segment or variant to come.
#[derive(Default)]
struct Builder<'a> {
    path: &'a str,
    out: Playlist,
    faults: Faults,
    line: u32,
    variant: Option<(u32, Attributes)>,
    duration: Option<At<i128>>,
    range: Option<(u64, Option<u64>)>,
    discontinuity: bool,
    /// End of the last byte range, and of which object.
    last_range: Option<(String, u64)>,
    first_media: Option<u32>,
    first_multivariant: Option<u32>,
    /// The version needed, and for what.
    needs: (u64, &'static str),
    float_durations: Option<u32>,
}

pub(super) fn build(path: &str, bytes: &[u8]) -> Playlist {
    let mut b = Builder {
        path,
        needs: (1, "a playlist"),
        ..Builder::default()
    };
    let text = b.decode(bytes);
    for line in text.split('\n') {
        b.line += 1;
        b.read_line(line.strip_suffix('\r').unwrap_or(line));
    }
    b.finish()
}

impl Builder<'_> {
    fn fault(&mut self, rule: &str, expected: impl Into<String>, found: impl Into<String>) {
        self.faults.add(rule, self.line, expected, found);
    }

    fn decode(&mut self, bytes: &[u8]) -> String {
        let body = bytes.strip_prefix(b"\xef\xbb\xbf");
        if body.is_some() {
            self.faults.add("HLS-G01", 1, "no byte order mark", "one");
        }
        let body = body.unwrap_or(bytes);
        match std::str::from_utf8(body) {
            Ok(text) => text.to_owned(),
            Err(e) => {
                let found = format!("other bytes at {}", e.valid_up_to());
                self.faults.add("HLS-G01", 1, "UTF-8", found);
                String::from_utf8_lossy(body).into_owned()
            }
        }
    }

    fn read_line(&mut self, line: &str) {
        if self.line == 1 && line != "#EXTM3U" {
            self.fault("HLS-G01", "#EXTM3U as the first line", format!("{line:?}"));
        }
        if let Some(c) = line.chars().find(|c| c.is_control()) {
            let found = format!("{:?}", c.to_string());
            self.fault("HLS-G01", "no control character", found);
        }
        if line.is_empty() {
            return;
        }
        if line.starts_with("#EXT") {
            self.orphaned_variant();
            let (name, value) = line[1..].split_once(':').unwrap_or((&line[1..], ""));
            self.read_tag(name, value);
        } else if !line.starts_with('#') {
            self.read_uri(line);
        }
    }

    fn orphaned_variant(&mut self) {
        if let Some((line, attributes)) = self.variant.take() {
            self.faults.add(
                "HLS-M02",
                line,
                "a URI on the line after EXT-X-STREAM-INF",
                "none",
            );
            self.out.variants.push(Variant {
                line,
                attributes,
                uri: None,
            });
        }
    }

    fn read_tag(&mut self, name: &str, value: &str) {
        let entries = self.out.variants.len() + self.out.i_frame_variants.len();
        if entries + self.out.media.len() > MAX_ENTRIES && name.starts_with("EXT-X-") {
            let expected = format!("at most {MAX_ENTRIES} variants and renditions");
            return self.fault("HLS-G04", expected, "more");
        }
        match tags::place(name) {
            Some(Place::Media) => self.first_media = self.first_media.or(Some(self.line)),
            Some(Place::Multivariant) => {
                self.first_multivariant = self.first_multivariant.or(Some(self.line));
            }
            Some(Place::Any) => {}
            None => self.fault("HLS-G05", "a tag of RFC 8216", format!("#{name}")),
        }
        match name {
            "EXT-X-VERSION" => self.version(value),
            "EXT-X-INDEPENDENT-SEGMENTS" => self.out.independent_segments = Some(self.line),
            "EXT-X-STREAM-INF" => {
                let attributes = self.attributes(name, value);
                self.bandwidth("HLS-M02", name, &attributes);
                self.variant = Some((self.line, attributes));
            }
            "EXT-X-I-FRAME-STREAM-INF" => self.i_frame_variant(name, value),
            "EXT-X-MEDIA" => self.media(name, value),
            _ => self.read_media_tag(name, value),
        }
    }

    fn read_media_tag(&mut self, name: &str, value: &str) {
        let line = self.line;
        match name {
            "EXTINF" => self.extinf(value),
            "EXT-X-BYTERANGE" => self.byte_range(value),
            "EXT-X-DISCONTINUITY" => self.discontinuity = true,
            "EXT-X-MAP" => self.map(name, value),
            "EXT-X-KEY" | "EXT-X-SESSION-KEY" => {
                let value = self.attributes(name, value);
                if value.get("KEYFORMAT").is_some() {
                    self.need(5, "KEYFORMAT");
                } else if value.get("IV").is_some() {
                    self.need(2, "IV");
                }
                self.out.keys.push(At { line, value });
            }
            "EXT-X-TARGETDURATION" => self.target_duration(value),
            "EXT-X-MEDIA-SEQUENCE" => self.media_sequence(value),
            "EXT-X-PLAYLIST-TYPE" => {
                let value = value.to_owned();
                self.out.playlist_type = Some(At { line, value });
            }
            "EXT-X-ENDLIST" => self.out.end_list = Some(line),
            "EXT-X-I-FRAMES-ONLY" => {
                self.out.i_frames_only = Some(line);
                self.need(4, "EXT-X-I-FRAMES-ONLY");
            }
            name if tags::is_live(name) => self.out.live_tags.push(At {
                line,
                value: name.to_owned(),
            }),
            _ => {}
        }
    }

    fn attributes(&mut self, tag: &str, value: &str) -> Attributes {
        attributes::parse(tag, value, self.line, &mut self.faults)
    }

    fn bandwidth(&mut self, rule: &str, tag: &str, attributes: &Attributes) {
        let found = attributes.get("BANDWIDTH");
        if found.is_none() || found == Some("0") {
            let expected = format!("a positive BANDWIDTH in {tag}");
            self.fault(rule, expected, found.unwrap_or("none").to_owned());
        }
    }

    fn need(&mut self, version: u64, what: &'static str) {
        if version > self.needs.0 {
            self.needs = (version, what);
        }
    }

    fn version(&mut self, value: &str) {
        if let Some(first) = &self.out.version {
            let expected = format!("EXT-X-VERSION once, on line {}", first.line);
            return self.fault("HLS-G03", expected, "another");
        }
        match value.parse() {
            Ok(value) => {
                let line = self.line;
                self.out.version = Some(At { line, value });
            }
            Err(_) => self.fault("HLS-G03", "a decimal integer", format!("{value:?}")),
        }
    }

    fn uri(&mut self, text: &str) -> Uri {
        let path = match resolve(self.path, text) {
            Ok(path) => Some(path),
            Err(found) => {
                self.fault("HLS-G06", "a relative URI inside the output prefix", found);
                None
            }
        };
        Uri {
            line: self.line,
            text: text.to_owned(),
            path,
        }
    }

    fn i_frame_variant(&mut self, name: &str, value: &str) {
        let attributes = self.attributes(name, value);
        self.bandwidth("HLS-M21", name, &attributes);
        let uri = attributes.get("URI").map(str::to_owned);
        if uri.is_none() {
            self.fault("HLS-M21", "URI in EXT-X-I-FRAME-STREAM-INF", "none");
        }
        let uri = uri.map(|text| self.uri(&text));
        self.out.i_frame_variants.push(Variant {
            line: self.line,
            attributes,
            uri,
        });
    }

    fn media(&mut self, name: &str, value: &str) {
        let attributes = self.attributes(name, value);
        let uri = attributes.get("URI").map(str::to_owned);
        let uri = uri.map(|text| self.uri(&text));
        self.out.media.push(MediaTag {
            line: self.line,
            attributes,
            uri,
        });
    }

    fn extinf(&mut self, value: &str) {
        if let Some(before) = self.duration.take() {
            self.faults.add(
                "HLS-P03",
                before.line,
                "a URI after EXTINF",
                "another EXTINF",
            );
        }
        let (number, title) = value.split_once(',').unwrap_or((value, "\n"));
        if title == "\n" {
            self.fault(
                "HLS-P03",
                "a comma after the duration",
                format!("{value:?}"),
            );
        }
        if number.contains('.') {
            self.float_durations = self.float_durations.or(Some(self.line));
        }
        let line = self.line;
        let value = decimal_nanos(number).unwrap_or_else(|| {
            self.fault(
                "HLS-P03",
                "a duration in seconds with at most nine decimals",
                format!("{number:?}"),
            );
            0
        });
        self.duration = Some(At { line, value });
    }

    fn byte_range(&mut self, value: &str) {
        self.need(4, "EXT-X-BYTERANGE");
        match parse_range(value) {
            Some(range) => self.range = Some(range),
            None => self.fault("HLS-P13", "a range such as 1000@200", format!("{value:?}")),
        }
    }

    fn map(&mut self, name: &str, value: &str) {
        self.need(5, "EXT-X-MAP");
        let attributes = self.attributes(name, value);
        let Some(text) = attributes.get("URI").map(str::to_owned) else {
            return self.fault("HLS-P10", "URI in EXT-X-MAP", "none");
        };
        let range = attributes.get("BYTERANGE").and_then(parse_range);
        let uri = self.uri(&text);
        self.out.maps.push(Map {
            uri,
            range: range.map(|(length, offset)| (offset.unwrap_or(0), length)),
        });
    }

    fn target_duration(&mut self, value: &str) {
        if let Some(first) = &self.out.target_duration {
            let expected = format!("EXT-X-TARGETDURATION once, on line {}", first.line);
            return self.fault("HLS-P01", expected, "another");
        }
        match value.parse() {
            Ok(value) if value > 0 => {
                let line = self.line;
                self.out.target_duration = Some(At { line, value });
            }
            _ => self.fault(
                "HLS-P01",
                "a positive decimal integer",
                format!("{value:?}"),
            ),
        }
    }

    fn media_sequence(&mut self, value: &str) {
        if !self.out.segments.is_empty() {
            self.fault(
                "HLS-P09",
                "EXT-X-MEDIA-SEQUENCE before the first segment",
                "it after one",
            );
        }
        match value.parse() {
            Ok(value) => {
                let line = self.line;
                self.out.media_sequence = Some(At { line, value });
            }
            Err(_) => self.fault("HLS-P09", "a decimal integer", format!("{value:?}")),
        }
    }

    fn read_uri(&mut self, text: &str) {
        let uri = self.uri(text);
        if let Some((line, attributes)) = self.variant.take() {
            let uri = Some(uri);
            self.out.variants.push(Variant {
                line,
                attributes,
                uri,
            });
        } else if let Some(duration) = self.duration.take() {
            self.segment(duration, uri);
        } else if self.first_multivariant.is_some() {
            self.fault(
                "HLS-M02",
                "EXT-X-STREAM-INF before a URI",
                format!("{text:?} alone"),
            );
        } else {
            self.fault("HLS-P03", "EXTINF before a URI", format!("{text:?} alone"));
        }
    }

    fn segment(&mut self, duration: At<i128>, uri: Uri) {
        let range = self.range.take();
        let range = range.map(|(length, offset)| (self.range_start(&uri, offset), length));
        self.last_range =
            range.map(|(offset, length)| (uri.text.clone(), offset.saturating_add(length)));
        self.out.segments.push(Segment {
            line: duration.line,
            duration: duration.value,
            uri,
            range,
            map: self.out.maps.len().checked_sub(1),
            discontinuity: std::mem::take(&mut self.discontinuity),
        });
    }

    /// A range without an offset goes on where the last one of the same object ended (RFC 8216, 4.3.2.2).
    fn range_start(&mut self, uri: &Uri, offset: Option<u64>) -> u64 {
        let last = self.last_range.take().filter(|(text, _)| *text == uri.text);
        offset.or(last.map(|(_, end)| end)).unwrap_or_else(|| {
            self.fault(
                "HLS-P13",
                "an offset, or a range of the same object before",
                "neither",
            );
            0
        })
    }

    fn finish(mut self) -> Playlist {
        self.orphaned_variant();
        if let Some(before) = self.duration.take() {
            self.faults.add(
                "HLS-P03",
                before.line,
                "a URI after EXTINF",
                "the end of the file",
            );
        }
        if let (Some(media), Some(multivariant)) = (self.first_media, self.first_multivariant) {
            let found =
                format!("media tags from line {media}, multivariant tags from line {multivariant}");
            self.faults.add(
                "HLS-G02",
                media.max(multivariant),
                "tags of one kind of playlist",
                found,
            );
        }
        self.out.is_multivariant = self.first_multivariant.is_some();
        self.check_version();
        self.out.lines = self.line;
        self.out.faults = self.faults.0;
        self.out.faults.sort_by_key(|f| f.line);
        self.out
    }

    fn check_version(&mut self) {
        if !self.out.maps.is_empty() && self.out.i_frames_only.is_none() {
            self.need(6, "EXT-X-MAP without EXT-X-I-FRAMES-ONLY");
        }
        let (line, version) = self
            .out
            .version
            .as_ref()
            .map_or((1, 1), |v| (v.line, v.value));
        let (needed, what) = self.needs;
        if version < needed {
            let expected = format!("EXT-X-VERSION of at least {needed} for {what}");
            self.faults
                .add("HLS-G03", line, expected, version.to_string());
        } else if let Some(at) = self.float_durations.filter(|_| version < 3) {
            self.faults.add(
                "HLS-P03",
                at,
                "integer durations below version 3",
                "decimals",
            );
        }
    }
}

/// `length[@offset]`.
fn parse_range(text: &str) -> Option<(u64, Option<u64>)> {
    match text.split_once('@') {
        Some((length, offset)) => Some((length.parse().ok()?, Some(offset.parse().ok()?))),
        None => Some((text.parse().ok()?, None)),
    }
}
