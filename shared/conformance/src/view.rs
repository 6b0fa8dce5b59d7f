//! What rules look at: the delivery as renditions, each with its playlist, its init segment and its measured segments.

use std::collections::BTreeSet;

use crate::dash::Mpd;
use crate::delivery::{Delivery, MULTIVARIANT, Part, map_part};
use crate::expectation::Expectation;
use crate::hls::{self, MediaTag, Playlist, Variant};
use crate::measure::{average_rate, nanos, peak_rate};
use reelsmith_isobmff::{Handler, Init, SegmentFacts};

/// Kind of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Video (or video and audio in one).
    Video,
    /// Audio.
    Audio,
    /// Captions.
    Text,
    /// An I-frame playlist.
    IFrames,
}

impl Kind {
    /// Lower-case name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Text => "text",
            Self::IFrames => "iframes",
        }
    }
}

/// A segment of a rendition, as its playlist gives it.
#[derive(Clone, Debug)]
pub struct TrackSegment<'a> {
    /// Number in the playlist from 1.
    pub number: u32,
    /// Line of its `EXTINF`.
    pub line: u32,
    /// The object, or its part; `None` where the URI leads nowhere.
    pub part: Option<Part>,
    /// `EXTINF` in nanoseconds.
    pub extinf: i128,
    /// What was measured.
    pub facts: Option<&'a SegmentFacts>,
    /// Bytes.
    pub size: Option<u64>,
}

/// A media playlist with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Track<'a> {
    /// Kind.
    pub kind: Kind,
    /// Path of the playlist.
    pub path: String,
    /// The playlist.
    pub playlist: &'a Playlist,
    /// Its init segments, in order; more than one only in odd playlists.
    pub maps: Vec<Part>,
    /// The first init segment, where it was measured.
    pub init: Option<&'a Init>,
    /// Its segments.
    pub segments: Vec<TrackSegment<'a>>,
    /// Variants that name it.
    pub variants: Vec<&'a Variant>,
    /// `EXT-X-MEDIA` that name it.
    pub media: Vec<&'a MediaTag>,
}

impl<'a> Track<'a> {
    /// Folder of the playlist below the output prefix.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The facts of all segments, where every one was measured.
    #[must_use]
    pub fn measured(&self) -> Option<Vec<&'a SegmentFacts>> {
        let all: Option<Vec<_>> = self.segments.iter().map(|s| s.facts).collect();
        all.filter(|v| !v.is_empty())
    }

    /// Timescale of the track.
    #[must_use]
    pub fn timescale(&self) -> Option<u32> {
        Some(self.init?.timescale)
    }

    /// Samples and ticks of all segments.
    #[must_use]
    pub fn totals(&self) -> Option<(u64, u64)> {
        let all = self.measured()?;
        let samples = all.iter().map(|f| f.samples()).sum();
        Some((samples, all.iter().map(|f| f.duration()).sum()))
    }

    /// Duration of one sample in nanoseconds: that of the first.
    #[must_use]
    pub fn frame(&self) -> Option<i128> {
        let facts = self.segments.iter().find_map(|s| s.facts)?;
        let sample = facts.fragments.first()?.samples.first()?;
        Some(nanos(sample.duration.into(), self.timescale()?))
    }

    /// Presentation start and end in nanoseconds, edit list applied.
    #[must_use]
    pub fn presented(&self) -> Option<(i128, i128)> {
        let (init, all) = (self.init?, self.measured()?);
        let shift = i128::from(init.media_start());
        let first = all.first()?.of_track().next()?;
        let start = i128::from(first.first_presentation()?);
        let end = all.last()?.of_track().map(end_of).max()?;
        // What an edit list cuts off before its media time is not presented.
        let start = (start - shift).max(0);
        Some((
            nanos(start, init.timescale),
            nanos(end - shift, init.timescale),
        ))
    }

    /// Bytes and measured duration of each segment, `EXTINF` where one was not measured; `None` where a size is not known.
    #[must_use]
    pub fn loads(&self) -> Option<Vec<(u64, i128)>> {
        let load = |s: &TrackSegment<'_>| {
            let measured = s.facts.zip(self.timescale());
            let duration = measured.map(|(f, t)| nanos(f.duration().into(), t));
            Some((s.size?, duration.unwrap_or(s.extinf)))
        };
        self.segments.iter().map(load).collect()
    }

    /// Peak segment bit rate in bits per second.
    #[must_use]
    pub fn peak(&self) -> Option<u64> {
        let target = self.playlist.target_duration.as_ref();
        let peak = peak_rate(&self.loads()?, target.map_or(1, |t| t.value));
        Some(peak.0)
    }

    /// Average bit rate in bits per second.
    #[must_use]
    pub fn average(&self) -> Option<u64> {
        Some(average_rate(&self.loads()?).0)
    }

    /// Frames per second in thousandths, measured.
    #[must_use]
    pub fn frame_rate_milli(&self) -> Option<u64> {
        let (samples, ticks) = self.totals()?;
        let scale = u128::from(self.timescale()?);
        let num = u128::from(samples) * 1_000 * scale;
        let den = u128::from(ticks).max(1);
        u64::try_from((num + den / 2) / den).ok()
    }

    /// Picture size: of the sequence parameter set, else of the sample entry.
    #[must_use]
    pub fn picture(&self) -> Option<(u32, u32)> {
        let init = self.init?;
        Some(
            init.sps
                .map_or((init.width, init.height), |s| (s.width, s.height)),
        )
    }
}

fn end_of(fragment: &reelsmith_isobmff::Fragment) -> i128 {
    let samples = fragment.presentations().zip(&fragment.samples);
    let ends = samples.map(|(pts, s)| i128::from(pts) + i128::from(s.duration));
    ends.max().unwrap_or(fragment.end().into())
}

/// The delivery as rules see it.
#[derive(Debug)]
pub struct View<'a> {
    /// What was found.
    pub delivery: &'a Delivery,
    /// What the job promises, where it is known.
    pub expected: Option<&'a Expectation>,
    /// The multivariant playlist.
    pub multivariant: Option<&'a Playlist>,
    /// The MPD.
    pub mpd: Option<&'a Mpd>,
    /// Every media playlist.
    pub tracks: Vec<Track<'a>>,
}

impl<'a> View<'a> {
    /// Puts together what belongs together.
    #[must_use]
    pub fn new(delivery: &'a Delivery, expected: Option<&'a Expectation>) -> Self {
        let multivariant = delivery.multivariant();
        let mut tracks: Vec<Track<'a>> = delivery
            .playlists()
            .filter(|(path, p)| *path != MULTIVARIANT && !p.is_multivariant)
            .map(|(path, playlist)| track(delivery, multivariant, path, playlist))
            .collect();
        tracks.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
        Self {
            delivery,
            expected,
            multivariant,
            mpd: delivery.mpd().filter(|m| m.readable),
            tracks,
        }
    }

    /// Tracks of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Track<'a>> {
        self.tracks.iter().filter(move |t| t.kind == kind)
    }

    /// Video and audio tracks.
    pub fn timed(&self) -> impl Iterator<Item = &Track<'a>> {
        let timed = |t: &&Track<'_>| matches!(t.kind, Kind::Video | Kind::Audio);
        self.tracks.iter().filter(timed)
    }

    /// The track of a playlist.
    #[must_use]
    pub fn track(&self, path: &str) -> Option<&Track<'a>> {
        self.tracks.iter().find(|t| t.path == path)
    }

    /// The track in a folder, I-frame playlists apart.
    #[must_use]
    pub fn in_folder(&self, folder: &str) -> Option<&Track<'a>> {
        let mut tracks = self.tracks.iter();
        tracks.find(|t| t.folder() == folder && t.kind != Kind::IFrames)
    }

    /// The track whose init segment is at `path`, I-frame playlists apart.
    #[must_use]
    pub fn of_init(&self, path: &str) -> Option<&Track<'a>> {
        let mut tracks = self.timed();
        tracks.find(|t| t.maps.first().is_some_and(|m| m.path == path))
    }

    /// The multivariant playlist's variants.
    #[must_use]
    pub fn variants(&self) -> &'a [Variant] {
        self.multivariant.map_or(&[], |m| &m.variants)
    }

    /// The multivariant playlist's renditions.
    #[must_use]
    pub fn media(&self) -> &'a [MediaTag] {
        self.multivariant.map_or(&[], |m| &m.media)
    }

    /// The track of a variant.
    #[must_use]
    pub fn track_of(&self, variant: &Variant) -> Option<&Track<'a>> {
        self.track(variant.uri.as_ref()?.path.as_deref()?)
    }

    /// A rate of a variant and of its loudest audio rendition together; `None` where not everything was measured.
    #[must_use]
    pub fn combined(
        &self,
        variant: &'a Variant,
        rate: fn(&Track<'a>) -> Option<u64>,
    ) -> Option<u64> {
        let track = self.track_of(variant)?;
        let audio = self.audio_of(variant).filter(|a| a.path != track.path);
        let audio: Option<Vec<u64>> = audio.map(rate).collect();
        let loudest = audio?.into_iter().max().unwrap_or(0);
        Some(rate(track)?.saturating_add(loudest)).filter(|r| *r > 0)
    }

    /// Tracks of the renditions in an audio group of a variant.
    pub fn audio_of(&self, variant: &'a Variant) -> impl Iterator<Item = &Track<'a>> {
        let group = variant.attributes.get("AUDIO");
        let members = self.media().iter();
        let members = members.filter(move |m| m.kind() == "AUDIO" && Some(m.group()) == group);
        members.filter_map(|m| self.track(m.uri.as_ref()?.path.as_deref()?))
    }
}

fn track<'a>(
    delivery: &'a Delivery,
    multivariant: Option<&'a Playlist>,
    path: &str,
    playlist: &'a Playlist,
) -> Track<'a> {
    let names = |uri: &Option<hls::Uri>| {
        let uri = uri.as_ref();
        uri.and_then(|u| u.path.as_deref()) == Some(path)
    };
    let variants: Vec<&Variant> = multivariant.map_or(Vec::new(), |m| {
        m.variants.iter().filter(|v| names(&v.uri)).collect()
    });
    let media: Vec<&MediaTag> = multivariant.map_or(Vec::new(), |m| {
        m.media.iter().filter(|t| names(&t.uri)).collect()
    });
    let i_frames = multivariant.is_some_and(|m| m.i_frame_variants.iter().any(|v| names(&v.uri)));
    let mut seen = BTreeSet::new();
    let maps: Vec<Part> = playlist
        .maps
        .iter()
        .filter_map(map_part)
        .filter(|p| seen.insert(p.clone()))
        .collect();
    let init = maps.first().and_then(|m| delivery.init(m));
    Track {
        kind: kind(i_frames, playlist, &media, init),
        path: path.to_owned(),
        playlist,
        segments: segments(delivery, playlist),
        maps,
        init,
        variants,
        media,
    }
}

fn kind(i_frames: bool, playlist: &Playlist, media: &[&MediaTag], init: Option<&Init>) -> Kind {
    if i_frames || playlist.i_frames_only.is_some() {
        return Kind::IFrames;
    }
    match media.first().map(|m| m.kind()) {
        Some("AUDIO") => return Kind::Audio,
        Some("SUBTITLES" | "CLOSED-CAPTIONS") => return Kind::Text,
        _ => {}
    }
    match init.map(|i| &i.handler) {
        Some(Handler::Audio) => Kind::Audio,
        Some(Handler::Text) => Kind::Text,
        _ => Kind::Video,
    }
}

fn segments<'a>(delivery: &'a Delivery, playlist: &'a Playlist) -> Vec<TrackSegment<'a>> {
    let numbered = (1u32..).zip(&playlist.segments);
    numbered
        .map(|(number, segment)| {
            let part = segment.uri.path.clone().map(|path| Part {
                path,
                range: segment.range,
            });
            TrackSegment {
                number,
                line: segment.line,
                extinf: segment.duration,
                facts: part.as_ref().and_then(|p| delivery.segment(p)),
                size: part.as_ref().and_then(|p| delivery.size_of(p)),
                part,
            }
        })
        .collect()
}
