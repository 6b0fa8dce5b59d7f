//! The strict parser: from lines to a [`Playlist`].

use std::collections::BTreeMap;
use std::fmt::Display;

use super::attributes::{self, Attributes};
use super::variables::{self, Lookup};
use super::{
    At, Encryption, Map, MediaTag, Playlist, Segment, Uri, Variables, Variant, decimal_nanos,
};
use crate::fault::Faults;
use crate::path::{Unresolved, resolve};

/// Greatest number of variants and renditions, because rules compare them with each other.
const MAX_ENTRIES: usize = 1_000;

/// The kind of playlist to which a tag belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Any,
    Media,
    Multivariant,
}

/// The scope of a known tag, by its name without `#` (RFC 8216, 4.3, with the additions of RFC 8216bis).
fn scope(name: &str) -> Option<Scope> {
    Some(match name {
        "EXTM3U"
        | "EXT-X-VERSION"
        | "EXT-X-INDEPENDENT-SEGMENTS"
        | "EXT-X-START"
        | "EXT-X-DEFINE" => Scope::Any,
        "EXTINF"
        | "EXT-X-BYTERANGE"
        | "EXT-X-DISCONTINUITY"
        | "EXT-X-KEY"
        | "EXT-X-MAP"
        | "EXT-X-PROGRAM-DATE-TIME"
        | "EXT-X-DATERANGE"
        | "EXT-X-GAP"
        | "EXT-X-BITRATE"
        | "EXT-X-TARGETDURATION"
        | "EXT-X-MEDIA-SEQUENCE"
        | "EXT-X-DISCONTINUITY-SEQUENCE"
        | "EXT-X-ENDLIST"
        | "EXT-X-PLAYLIST-TYPE"
        | "EXT-X-I-FRAMES-ONLY" => Scope::Media,
        name if LIVE.contains(&name) => Scope::Media,
        "EXT-X-MEDIA"
        | "EXT-X-STREAM-INF"
        | "EXT-X-I-FRAME-STREAM-INF"
        | "EXT-X-SESSION-DATA"
        | "EXT-X-SESSION-KEY"
        | "EXT-X-CONTENT-STEERING" => Scope::Multivariant,
        _ => return None,
    })
}

/// Tags of live and low-latency playlists.
const LIVE: [&str; 6] = [
    "EXT-X-PART",
    "EXT-X-PART-INF",
    "EXT-X-SERVER-CONTROL",
    "EXT-X-SKIP",
    "EXT-X-PRELOAD-HINT",
    "EXT-X-RENDITION-REPORT",
];

/// The playlist so far, and the tags that apply to the next URI line.
#[derive(Default)]
struct Parser<'a> {
    path: &'a str,
    out: Playlist,
    faults: Faults,
    line: u32,
    variant: Option<(u32, Attributes)>,
    duration: Option<At<i128>>,
    /// Length and offset.
    range: Option<(u64, Option<u64>)>,
    discontinuity: bool,
    gap: bool,
    date_time: Option<At<String>>,
    /// `METHOD` of the keys that apply, by `KEYFORMAT`.
    keys: BTreeMap<String, Encryption>,
    /// Variables of the multivariant playlist; `None` if it is not known.
    imports: Option<&'a Variables>,
    /// The object of the last byte range, and its end.
    last_range: Option<(String, u64)>,
    /// Lines of the first tag of each kind of playlist.
    first_media: Option<u32>,
    first_multivariant: Option<u32>,
    /// The version that the features so far need, and the feature that needs it.
    needed: (u64, &'static str),
    /// Line of the first `EXTINF` with decimals.
    first_decimal: Option<u32>,
}

pub(super) fn parse(path: &str, bytes: &[u8], imports: Option<&Variables>) -> Playlist {
    let mut parser = Parser {
        path,
        imports,
        needed: (1, "a playlist"),
        ..Parser::default()
    };
    let text = parser.decode(bytes);
    for line in text.split('\n') {
        parser.line += 1;
        parser.read_line(line.strip_suffix('\r').unwrap_or(line));
    }
    parser.finish()
}

impl Parser<'_> {
    fn fault(&mut self, rule: &'static str, expected: impl Display, found: impl Display) {
        self.faults.add(rule, self.line, expected, found);
    }

    fn at<T>(&self, value: T) -> At<T> {
        let line = self.line;
        At { line, value }
    }

    fn decode(&mut self, bytes: &[u8]) -> String {
        let body = bytes.strip_prefix(b"\xef\xbb\xbf");
        if body.is_some() {
            self.faults.add("HLS-G01", 1, "no byte order mark", "one");
        }
        let body = body.unwrap_or(bytes);
        if let Err(e) = std::str::from_utf8(body) {
            let found = format!("other bytes at {}", e.valid_up_to());
            self.faults.add("HLS-G01", 1, "UTF-8", found);
        }
        String::from_utf8_lossy(body).into_owned()
    }

    fn read_line(&mut self, line: &str) {
        if self.line == 1 && line != "#EXTM3U" {
            self.fault("HLS-G01", "#EXTM3U as the first line", format!("{line:?}"));
        }
        if let Some(c) = line.chars().find(|c| c.is_control()) {
            let found = format!("{:?}", c.to_string());
            self.fault("HLS-G01", "no control character", found);
        }
        if line.starts_with("#EXT") {
            self.variant_without_uri();
            let (name, value) = line[1..].split_once(':').unwrap_or((&line[1..], ""));
            self.read_tag(name, value);
        } else if !line.is_empty() && !line.starts_with('#') {
            self.read_uri(line);
        }
    }

    fn variant_without_uri(&mut self) {
        if let Some((line, attributes)) = self.variant.take() {
            let expected = "a URI on the line after EXT-X-STREAM-INF";
            self.faults.add("HLS-M02", line, expected, "none");
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
        let line = self.line;
        match scope(name) {
            Some(Scope::Media) => self.first_media = self.first_media.or(Some(line)),
            Some(Scope::Multivariant) => {
                self.first_multivariant = self.first_multivariant.or(Some(line));
            }
            Some(Scope::Any) => {}
            None => self.fault("HLS-G05", "a tag of RFC 8216", format!("#{name}")),
        }
        match name {
            "EXT-X-VERSION" => self.version(value),
            "EXT-X-INDEPENDENT-SEGMENTS" => self.out.independent_segments = Some(line),
            "EXT-X-STREAM-INF" => {
                let attributes = self.attributes(name, value);
                self.check_bandwidth("HLS-M02", name, &attributes);
                self.variant = Some((line, attributes));
            }
            "EXT-X-I-FRAME-STREAM-INF" => self.i_frame_variant(name, value),
            "EXT-X-MEDIA" => {
                let attributes = self.attributes(name, value);
                let uri = self.uri_attribute(&attributes);
                self.out.media.push(MediaTag {
                    line,
                    attributes,
                    uri,
                });
            }
            _ => self.read_media_tag(name, value),
        }
    }

    fn read_media_tag(&mut self, name: &str, value: &str) {
        match name {
            "EXTINF" => self.extinf(value),
            "EXT-X-BYTERANGE" => {
                self.need(4, "EXT-X-BYTERANGE");
                self.range = parse_range(value);
                if self.range.is_none() {
                    self.fault("HLS-P13", "a range such as 1000@200", format!("{value:?}"));
                }
            }
            "EXT-X-DISCONTINUITY" => self.discontinuity = true,
            "EXT-X-GAP" => self.gap = true,
            "EXT-X-MAP" => self.map(name, value),
            "EXT-X-DEFINE" => self.define(name, value),
            "EXT-X-PROGRAM-DATE-TIME" => self.date_time = Some(self.at(value.to_owned())),
            "EXT-X-DATERANGE" => {
                let attributes = self.attributes(name, value);
                self.out.date_ranges.push(self.at(attributes));
            }
            "EXT-X-KEY" | "EXT-X-SESSION-KEY" => self.key(name, value),
            "EXT-X-TARGETDURATION" => self.target_duration(value),
            "EXT-X-MEDIA-SEQUENCE" => self.media_sequence(value),
            "EXT-X-PLAYLIST-TYPE" => self.out.playlist_type = Some(self.at(value.to_owned())),
            "EXT-X-ENDLIST" => self.out.end_list = Some(self.line),
            "EXT-X-I-FRAMES-ONLY" => {
                self.out.i_frames_only = Some(self.line);
                self.need(4, "EXT-X-I-FRAMES-ONLY");
            }
            name if LIVE.contains(&name) => self.out.live_tags.push(self.at(name.to_owned())),
            _ => {}
        }
    }

    fn attributes(&mut self, tag: &str, value: &str) -> Attributes {
        let mut attributes = attributes::parse(tag, value, self.line, &mut self.faults);
        for attribute in attributes.0.iter_mut().filter(|a| a.quoted) {
            attribute.value = self.substitute(&attribute.value);
        }
        attributes
    }

    /// Replaces variable references (RFC 8216bis, 4.3). A reference to a variable without a known value stays.
    fn substitute(&mut self, text: &str) -> String {
        let (text, undefined) = variables::substitute(text, &self.out.variables);
        if let Some(name) = undefined {
            let expected = format!("EXT-X-DEFINE of {name:?} before its use");
            self.fault("HLS-G04", expected, "none");
        }
        text
    }

    fn define(&mut self, tag: &str, value: &str) {
        let attributes = self.attributes(tag, value);
        self.need(8, "EXT-X-DEFINE");
        let get = |name: &str| attributes.get(name).map(str::to_owned);
        let (name, value) = match (get("NAME"), get("IMPORT"), get("QUERYPARAM")) {
            (Some(name), None, None) => {
                let value = get("VALUE");
                if value.is_none() {
                    self.fault("HLS-G04", "VALUE with NAME in EXT-X-DEFINE", "none");
                }
                (name, Some(value.unwrap_or_default()))
            }
            (None, Some(name), None) => {
                let value = match self.imports.map(|i| variables::lookup(&name, i)) {
                    Some(Lookup::Undefined) => {
                        let expected = format!("{name:?} in the multivariant playlist");
                        self.fault("HLS-G04", expected, "no EXT-X-DEFINE of it");
                        None
                    }
                    Some(Lookup::Known(value)) => Some(value.to_owned()),
                    Some(Lookup::Unknown) | None => None,
                };
                (name, value)
            }
            // The parameters of a request are not known from the files.
            (None, None, Some(name)) => {
                self.need(11, "EXT-X-DEFINE with QUERYPARAM");
                (name, None)
            }
            _ => {
                let expected = "one of NAME, IMPORT and QUERYPARAM in EXT-X-DEFINE";
                return self.fault("HLS-G04", expected, "another number");
            }
        };
        if self.out.variables.insert(name.clone(), value).is_some() {
            self.fault("HLS-G04", format!("{name:?} defined once"), "twice");
        }
    }

    fn key(&mut self, tag: &str, value: &str) {
        let attributes = self.attributes(tag, value);
        if attributes.get("KEYFORMAT").is_some() || attributes.get("KEYFORMATVERSIONS").is_some() {
            self.need(5, "KEYFORMAT");
        } else if attributes.get("IV").is_some() {
            self.need(2, "IV");
        }
        if tag == "EXT-X-KEY" {
            let format = attributes.get("KEYFORMAT").unwrap_or("identity").to_owned();
            match Encryption::of(attributes.get("METHOD").unwrap_or("NONE")) {
                Encryption::None => self.keys.clear(),
                method => drop(self.keys.insert(format, method)),
            }
        }
        self.out.keys.push(self.at(attributes));
    }

    fn encryption(&self) -> Encryption {
        self.keys.values().copied().max().unwrap_or_default()
    }

    fn check_bandwidth(&mut self, rule: &'static str, tag: &str, attributes: &Attributes) {
        let found = attributes.get("BANDWIDTH").unwrap_or("none");
        if matches!(found, "none" | "0") {
            self.fault(rule, format!("a positive BANDWIDTH in {tag}"), found);
        }
    }

    fn need(&mut self, version: u64, feature: &'static str) {
        if version > self.needed.0 {
            self.needed = (version, feature);
        }
    }

    fn version(&mut self, value: &str) {
        if let Some(first) = &self.out.version {
            let expected = format!("EXT-X-VERSION once, on line {}", first.line);
            return self.fault("HLS-G03", expected, "a second one");
        }
        match value.parse() {
            Ok(value) => self.out.version = Some(self.at(value)),
            Err(_) => self.fault("HLS-G03", "a decimal integer", format!("{value:?}")),
        }
    }

    fn uri(&mut self, text: &str) -> Uri {
        let text = self.substitute(text);
        if variables::has_reference(&text) {
            // The value is not known from the files.
            return Uri {
                line: self.line,
                text,
                path: None,
                outside: true,
            };
        }
        let path = resolve(self.path, &text);
        if let Err(found) = &path {
            self.fault("HLS-G06", "a relative URI inside the output prefix", found);
        }
        Uri {
            line: self.line,
            text,
            outside: matches!(path, Err(Unresolved::Outside(_))),
            path: path.ok(),
        }
    }

    fn uri_attribute(&mut self, attributes: &Attributes) -> Option<Uri> {
        Some(self.uri(attributes.get("URI")?))
    }

    fn i_frame_variant(&mut self, name: &str, value: &str) {
        let attributes = self.attributes(name, value);
        self.check_bandwidth("HLS-M21", name, &attributes);
        let uri = self.uri_attribute(&attributes);
        if uri.is_none() {
            self.fault("HLS-M21", "URI in EXT-X-I-FRAME-STREAM-INF", "none");
        }
        self.out.i_frame_variants.push(Variant {
            line: self.line,
            attributes,
            uri,
        });
    }

    fn extinf(&mut self, value: &str) {
        self.duration_without_uri("another EXTINF");
        let number = match value.split_once(',') {
            Some((number, _)) => number,
            None => {
                let found = format!("{value:?}");
                self.fault("HLS-P03", "a comma after the duration", found);
                value
            }
        };
        if number.contains('.') {
            self.first_decimal = self.first_decimal.or(Some(self.line));
        }
        let duration = decimal_nanos(number);
        if duration.is_none() {
            let expected = "a duration in seconds with at most nine decimals";
            self.fault("HLS-P03", expected, format!("{number:?}"));
        }
        self.duration = Some(self.at(duration.unwrap_or(0)));
    }

    fn duration_without_uri(&mut self, found: &str) {
        if let Some(before) = self.duration.take() {
            let expected = "a URI after EXTINF";
            self.faults.add("HLS-P03", before.line, expected, found);
        }
    }

    fn map(&mut self, name: &str, value: &str) {
        self.need(5, "EXT-X-MAP");
        let attributes = self.attributes(name, value);
        let Some(uri) = self.uri_attribute(&attributes) else {
            return self.fault("HLS-P10", "URI in EXT-X-MAP", "none");
        };
        let range = attributes.get("BYTERANGE").and_then(parse_range);
        if let Some(text) = attributes.get("BYTERANGE").filter(|_| range.is_none()) {
            self.fault("HLS-P13", "a range such as 1000@200", format!("{text:?}"));
        }
        let range = range.map(|(length, offset)| (offset.unwrap_or(0), length));
        let encryption = self.encryption();
        self.out.maps.push(Map {
            uri,
            range,
            encryption,
        });
    }

    fn target_duration(&mut self, value: &str) {
        if let Some(first) = &self.out.target_duration {
            let expected = format!("EXT-X-TARGETDURATION once, on line {}", first.line);
            return self.fault("HLS-P01", expected, "a second one");
        }
        match value.parse() {
            Ok(value) if value > 0 => self.out.target_duration = Some(self.at(value)),
            _ => self.fault(
                "HLS-P01",
                "a positive decimal integer",
                format!("{value:?}"),
            ),
        }
    }

    fn media_sequence(&mut self, value: &str) {
        if !self.out.segments.is_empty() {
            let expected = "EXT-X-MEDIA-SEQUENCE before the first segment";
            self.fault("HLS-P09", expected, "it after a segment");
        }
        match value.parse() {
            Ok(value) => self.out.media_sequence = Some(self.at(value)),
            Err(_) => self.fault("HLS-P09", "a decimal integer", format!("{value:?}")),
        }
    }

    fn read_uri(&mut self, text: &str) {
        let uri = self.uri(text);
        if let Some((line, attributes)) = self.variant.take() {
            self.out.variants.push(Variant {
                line,
                attributes,
                uri: Some(uri),
            });
        } else if let Some(duration) = self.duration.take() {
            self.segment(&duration, uri);
        } else {
            let found = format!("{text:?} alone");
            match self.first_multivariant {
                Some(_) => self.fault("HLS-M02", "EXT-X-STREAM-INF before a URI", found),
                None => self.fault("HLS-P03", "EXTINF before a URI", found),
            }
        }
    }

    fn segment(&mut self, duration: &At<i128>, uri: Uri) {
        let range = self.range.take();
        let range = range.map(|(length, offset)| (self.range_start(&uri, offset), length));
        let end = range.map(|(offset, length)| offset.saturating_add(length));
        self.last_range = end.map(|end| (uri.text.clone(), end));
        self.out.segments.push(Segment {
            line: duration.line,
            duration: duration.value,
            uri,
            range,
            map: self.out.maps.len().checked_sub(1),
            discontinuity: std::mem::take(&mut self.discontinuity),
            gap: std::mem::take(&mut self.gap),
            date_time: self.date_time.take(),
            encryption: self.encryption(),
        });
    }

    /// A range without an offset starts where the previous range of the same object ends (RFC 8216, 4.3.2.2).
    fn range_start(&mut self, uri: &Uri, offset: Option<u64>) -> u64 {
        let last = self.last_range.take().filter(|(text, _)| *text == uri.text);
        let start = offset.or(last.map(|(_, end)| end));
        if start.is_none() {
            let expected = "an offset, or a previous range of the same object";
            self.fault("HLS-P13", expected, "neither");
        }
        start.unwrap_or(0)
    }

    fn finish(mut self) -> Playlist {
        self.variant_without_uri();
        self.duration_without_uri("the end of the file");
        if let (Some(media), Some(multivariant)) = (self.first_media, self.first_multivariant) {
            let line = media.max(multivariant);
            let found =
                format!("media tags from line {media}, multivariant tags from line {multivariant}");
            let expected = "tags of one kind of playlist";
            self.faults.add("HLS-G02", line, expected, found);
        }
        self.check_version();
        self.out.is_multivariant = self.first_multivariant.is_some();
        self.out.lines = self.line;
        self.out.faults = self.faults.0;
        self.out.faults.sort_by_key(|f| f.line);
        self.out
    }

    fn check_version(&mut self) {
        if !self.out.maps.is_empty() && self.out.i_frames_only.is_none() {
            self.need(6, "EXT-X-MAP without EXT-X-I-FRAMES-ONLY");
        }
        let version = self.out.version.as_ref();
        let (line, version) = version.map_or((1, 1), |v| (v.line, v.value));
        let (needed, feature) = self.needed;
        if version < needed {
            let expected = format!("EXT-X-VERSION of at least {needed} for {feature}");
            self.faults.add("HLS-G03", line, expected, version);
        } else if let Some(line) = self.first_decimal.filter(|_| version < 3) {
            let expected = "integer durations below version 3";
            self.faults.add("HLS-P03", line, expected, "decimals");
        }
    }
}

/// Parses `length[@offset]`.
fn parse_range(text: &str) -> Option<(u64, Option<u64>)> {
    match text.split_once('@') {
        Some((length, offset)) => Some((length.parse().ok()?, Some(offset.parse().ok()?))),
        None => Some((text.parse().ok()?, None)),
    }
}
