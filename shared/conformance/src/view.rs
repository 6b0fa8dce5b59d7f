//! The delivery as rules see it: each rendition with its playlist, its init segment, its measured segments and the tags
//! that reference it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use reelsmith_core::record::RungOutput;
use reelsmith_isobmff::{Fragment, Handler, Init, SegmentFacts};

use crate::dash::{AdaptationSet, ContentType, Mpd, Representation};
use crate::delivery::{Delivery, MULTIVARIANT, Object};
use crate::evidence::Evidence;
use crate::expectation::Expectation;
use crate::hls::{Encryption, Map, MediaTag, Playlist, Uri, Variant};
use crate::measure::{average_rate, nanos, peak_rate};
use crate::path::Part;
use crate::ts::ElementaryFacts;

/// What a media playlist plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum MediaKind {
    /// Video, or video and audio muxed.
    Video,
    Audio,
    /// Captions.
    Text,
    IFrames,
}

#[derive(Debug)]
pub(crate) struct RenditionSegment<'a> {
    /// Number in the playlist, from 1.
    pub number: u32,
    /// Line of its `EXTINF`.
    pub line: u32,
    /// The object or its part; `None` if the URI is refused.
    pub part: Option<Part>,
    /// `EXTINF` in nanoseconds.
    pub extinf: i128,
    /// What was measured, if it could be measured without a fault.
    pub facts: Option<&'a SegmentFacts>,
    /// The init segment that applies, if it was measured.
    pub init: Option<&'a Init>,
    /// Whether the times of the media need not continue those of the segment before.
    pub discontinuity: bool,
    /// Whether the playlist states that it is absent.
    pub gap: bool,
    pub encryption: Encryption,
    /// Size in bytes, if the object exists.
    pub size: Option<u64>,
}

impl RenditionSegment<'_> {
    /// Ticks per second.
    pub fn timescale(&self) -> Option<u32> {
        Some(self.init?.timescale)
    }

    /// The measured duration in nanoseconds.
    pub fn measured(&self) -> Option<i128> {
        Some(nanos(self.facts?.duration().into(), self.timescale()?))
    }
}

/// A media playlist, or a representation of an MPD that no media playlist has, with everything that belongs to it.
#[derive(Debug)]
pub(crate) struct Rendition<'a> {
    pub kind: MediaKind,
    /// Path of the playlist, or of the init segment of a representation.
    pub path: String,
    /// The media playlist; an empty one for a representation.
    pub playlist: &'a Playlist,
    /// Its representation, if no media playlist has it.
    pub representation: Option<(&'a AdaptationSet, &'a Representation)>,
    /// The period of the representation, from 0. Renditions of different periods are not compared with each other.
    pub period: usize,
    /// What must be added to a media time to obtain the time in the period, in nanoseconds.
    pub offset: i128,
    /// The distinct init segments in order. A playlist rarely has more than one.
    pub maps: Vec<Part>,
    /// The first init segment, if it was measured.
    pub init: Option<&'a Init>,
    pub segments: Vec<RenditionSegment<'a>>,
    /// The `EXT-X-STREAM-INF` that reference it.
    pub variants: Vec<&'a Variant>,
    /// The `EXT-X-MEDIA` that reference it.
    pub media_tags: Vec<&'a MediaTag>,
}

impl<'a> Rendition<'a> {
    /// Folder of the playlist below the output prefix.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The measured segments with their facts.
    pub fn measured_segments(
        &self,
    ) -> impl Iterator<Item = (&RenditionSegment<'a>, &'a SegmentFacts)> {
        self.segments.iter().filter_map(|s| Some((s, s.facts?)))
    }

    /// The facts of all segments, if every one was measured.
    pub fn all_measured(&self) -> Option<Vec<&'a SegmentFacts>> {
        let all: Option<Vec<_>> = self.segments.iter().map(|s| s.facts).collect();
        all.filter(|v| !v.is_empty())
    }

    /// The init segment and its path, if it was measured.
    pub fn init_at(&self) -> Option<(&'a Init, &str)> {
        Some((self.init?, &self.maps.first()?.path))
    }

    /// Path of the init segment, or of the playlist if there is none.
    pub fn init_path(&self) -> &str {
        self.maps.first().map_or(&self.path, |m| &m.path)
    }

    /// Ticks per second.
    pub fn timescale(&self) -> Option<u32> {
        Some(self.init?.timescale)
    }

    /// Samples and ticks of all segments.
    pub fn totals(&self) -> Option<(u64, u64)> {
        let all = self.all_measured()?;
        let samples = all.iter().map(|f| f.samples()).sum();
        let scale = u128::from(self.timescale()?);
        let mut ticks = self.segments.iter().map(|s| {
            let own = u128::from(s.timescale()?.max(1));
            let ticks = u128::from(s.facts?.duration()).saturating_mul(scale) / own;
            u64::try_from(ticks).ok()
        });
        let ticks = ticks.try_fold(0u64, |sum, t| Some(sum.saturating_add(t?)));
        Some((samples, ticks?))
    }

    /// Duration of the first sample in nanoseconds.
    pub fn sample_duration(&self) -> Option<i128> {
        let segment = self.segments.iter().find(|s| s.facts.is_some())?;
        let sample = segment.facts?.fragments.first()?.samples.first()?;
        Some(nanos(sample.duration.into(), segment.timescale()?))
    }

    /// Start and end of the presentation in nanoseconds, with the edit list applied; `None` with discontinuities.
    pub fn presentation_span(&self) -> Option<(i128, i128)> {
        let (init, all) = (self.init?, self.all_measured()?);
        if self.segments.iter().skip(1).any(|s| s.discontinuity) {
            return None;
        }
        let shift = i128::from(init.media_start());
        let first = all.first()?.of_track().next()?;
        let start = i128::from(first.first_presentation()?);
        let end = all.last()?.of_track().map(presentation_end).max()?;
        // Media before the start of the edit is not presented.
        let start = (start - shift).max(0);
        let scale = init.timescale;
        let offset = self.offset;
        Some((
            nanos(start, scale) + offset,
            nanos(end - shift, scale) + offset,
        ))
    }

    /// Bytes and duration in nanoseconds of each segment. The duration is `EXTINF` for a segment that was not measured.
    /// `None` if a size is unknown.
    pub fn segment_loads(&self) -> Option<Vec<(u64, i128)>> {
        let load = |s: &RenditionSegment<'_>| Some((s.size?, s.measured().unwrap_or(s.extinf)));
        self.segments.iter().map(load).collect()
    }

    /// Peak segment bit rate in bits per second.
    pub fn peak(&self) -> Option<u64> {
        let target = self.playlist.target_duration.as_ref();
        let peak = peak_rate(&self.segment_loads()?, target.map_or(1, |t| t.value));
        Some(peak.0)
    }

    /// Average bit rate in bits per second.
    pub fn average(&self) -> Option<u64> {
        Some(average_rate(&self.segment_loads()?).0)
    }

    /// The measured frame rate in thousandths of a frame per second.
    pub fn frame_rate_milli(&self) -> Option<u64> {
        let (samples, ticks) = self.totals()?;
        let scale = u128::from(self.timescale()?);
        let num = u128::from(samples) * 1_000 * scale;
        let den = u128::from(ticks).max(1);
        u64::try_from((num + den / 2) / den).ok()
    }

    /// The highest frame rate, that of the shortest sample, in thousandths of a frame per second.
    pub fn highest_rate_milli(&self) -> Option<u64> {
        let facts = self.segments.iter().filter_map(|s| s.facts);
        let samples = facts
            .flat_map(SegmentFacts::of_track)
            .flat_map(|f| &f.samples);
        let shortest = samples.map(|s| s.duration).filter(|d| *d > 0).min()?;
        let scale = u64::from(self.timescale()?);
        Some((scale * 1_000 + u64::from(shortest) / 2) / u64::from(shortest))
    }

    /// Width and height by the sequence parameter set, or by the sample entry if the set is not read.
    pub fn picture_size(&self) -> Option<(u32, u32)> {
        let init = self.init?;
        let coded = init.sps.map(|s| (s.width, s.height));
        Some(coded.unwrap_or((init.width, init.height)))
    }
}

fn presentation_end(fragment: &Fragment) -> i128 {
    let samples = fragment.presentations().zip(&fragment.samples);
    let ends = samples.map(|(pts, s)| i128::from(pts) + i128::from(s.duration));
    ends.max().unwrap_or(fragment.end().into())
}

/// What a check looks at.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub delivery: &'a Delivery,
    /// What the job promises, if it is known.
    pub expected: Option<&'a Expectation>,
    pub multivariant: Option<&'a Playlist>,
    /// The MPD, if it is well-formed XML.
    pub mpd: Option<&'a Mpd>,
    /// Every media playlist, sorted by kind and path.
    pub renditions: Vec<Rendition<'a>>,
    /// The representations that no media playlist has, in the order of the MPD.
    pub representations: Vec<Rendition<'a>>,
}

impl<'a> View<'a> {
    pub fn new(delivery: &'a Delivery, expected: Option<&'a Expectation>) -> Self {
        let multivariant = delivery.multivariant();
        let mut renditions: Vec<Rendition<'a>> = delivery
            .playlists()
            .filter(|(path, p)| {
                let media = *path != MULTIVARIANT || !p.segments.is_empty();
                media && !p.is_multivariant
            })
            .map(|(path, playlist)| join(delivery, multivariant, path, playlist))
            .collect();
        renditions.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
        let mpd = delivery.mpd().filter(|m| m.readable);
        Self {
            delivery,
            expected,
            multivariant,
            mpd,
            representations: mpd.map_or_else(Vec::new, |m| uncovered(delivery, m, &renditions)),
            renditions,
        }
    }

    /// Every media playlist, and every representation that no media playlist has.
    pub fn all_renditions(&self) -> impl Iterator<Item = &Rendition<'a>> + Clone {
        self.renditions.iter().chain(&self.representations)
    }

    /// The renditions of a kind, of HLS and DASH.
    pub fn of_kind(&self, kind: MediaKind) -> impl Iterator<Item = &Rendition<'a>> + Clone {
        self.all_renditions().filter(move |r| r.kind == kind)
    }

    /// The media playlists of a kind.
    pub fn playlists(&self, kind: MediaKind) -> impl Iterator<Item = &Rendition<'a>> + Clone {
        self.renditions.iter().filter(move |r| r.kind == kind)
    }

    /// The media playlists of video and audio.
    pub fn media_playlists(&self) -> impl Iterator<Item = &Rendition<'a>> + Clone {
        let video = self.playlists(MediaKind::Video);
        video.chain(self.playlists(MediaKind::Audio))
    }

    pub fn video(&self) -> impl Iterator<Item = &Rendition<'a>> + Clone {
        self.of_kind(MediaKind::Video)
    }

    pub fn audio(&self) -> impl Iterator<Item = &Rendition<'a>> + Clone {
        self.of_kind(MediaKind::Audio)
    }

    pub fn video_and_audio(&self) -> impl Iterator<Item = &Rendition<'a>> + Clone {
        self.video().chain(self.audio())
    }

    /// The rendition of the playlist at `path`.
    pub fn rendition(&self, path: &str) -> Option<&Rendition<'a>> {
        self.renditions.iter().find(|r| r.path == path)
    }

    /// The rendition in a folder, except I-frame playlists.
    pub fn in_folder(&self, folder: &str) -> Option<&Rendition<'a>> {
        let mut renditions = self.renditions.iter();
        renditions.find(|r| r.folder() == folder && r.kind != MediaKind::IFrames)
    }

    /// The rendition of a variant.
    pub fn rendition_of(&self, variant: &Variant) -> Option<&Rendition<'a>> {
        self.rendition(variant.path()?)
    }

    /// The rendition of a representation: the media playlist of video or audio with the same init segment, if there is
    /// one.
    pub fn rendition_of_representation(&self, of: &Representation) -> Option<&Rendition<'a>> {
        let covering = covering(&self.renditions, of);
        let mut own = self.representations.iter();
        covering
            .or_else(|| own.find(|r| r.representation.is_some_and(|(_, x)| std::ptr::eq(x, of))))
    }

    /// The renditions in the audio group of a variant.
    pub fn audio_of(&self, variant: &'a Variant) -> impl Iterator<Item = &Rendition<'a>> {
        let group = variant.get("AUDIO");
        let tags = self.media_tags().iter();
        let members =
            tags.filter(move |t| t.media_type() == "AUDIO" && Some(t.group_id()) == group);
        members.filter_map(|t| self.rendition(t.uri.as_ref()?.path.as_deref()?))
    }

    /// A bit rate of a variant plus the highest one of its audio group; `None` if not everything was measured.
    pub fn combined_rate(
        &self,
        variant: &'a Variant,
        rate: fn(&Rendition<'a>) -> Option<u64>,
    ) -> Option<u64> {
        let video = self.rendition_of(variant)?;
        let audio = self.audio_of(variant).filter(|a| a.path != video.path);
        let audio: Option<Vec<u64>> = audio.map(rate).collect();
        let highest = audio?.into_iter().max().unwrap_or(0);
        Some(rate(video)?.saturating_add(highest)).filter(|r| *r > 0)
    }

    /// The variants of the multivariant playlist.
    pub fn variants(&self) -> &'a [Variant] {
        self.multivariant.map_or(&[], |m| &m.variants)
    }

    /// The `EXT-X-MEDIA` of the multivariant playlist.
    pub fn media_tags(&self) -> &'a [MediaTag] {
        self.multivariant.map_or(&[], |m| &m.media)
    }

    /// Language, name and a YES/NO attribute of every `EXT-X-MEDIA` of a TYPE.
    pub fn labels(&self, media_type: &str, flag: &str) -> BTreeSet<(&'a str, &'a str, bool)> {
        let tags = self.media_tags().iter();
        let tags = tags.filter(|t| t.media_type() == media_type);
        let label = |t: &'a MediaTag| {
            let language = t.get("LANGUAGE").unwrap_or_default();
            (language, t.name(), t.is_yes(flag))
        };
        tags.map(label).collect()
    }

    /// Every adaptation set of the MPD.
    pub fn adaptation_sets(&self) -> impl Iterator<Item = &'a AdaptationSet> {
        let periods = self.mpd.into_iter().flat_map(|m| &m.periods);
        periods.flat_map(|p| &p.sets)
    }

    /// Every representation of the MPD with its adaptation set.
    pub fn representations(&self) -> impl Iterator<Item = (&'a AdaptationSet, &'a Representation)> {
        self.mpd.into_iter().flat_map(Mpd::representations)
    }

    /// The init segment of a representation, if it was measured.
    pub fn init_of(&self, representation: &Representation) -> Option<&'a Init> {
        self.delivery.init(representation.init.as_ref()?)
    }

    /// An object of the listing.
    pub fn object(&self, path: &str) -> Option<&'a Object> {
        self.delivery.objects.get(path)
    }

    pub fn evidence(&self) -> Option<&'a Evidence> {
        Some(&self.expected?.evidence)
    }

    /// The records of the renditions of the job.
    pub fn recorded(&self) -> impl Iterator<Item = &'a RungOutput> {
        self.expected.into_iter().flat_map(|e| &e.recorded)
    }
}

/// Joins a media playlist with what belongs to it.
fn join<'a>(
    delivery: &'a Delivery,
    multivariant: Option<&'a Playlist>,
    path: &str,
    playlist: &'a Playlist,
) -> Rendition<'a> {
    let references = |uri: &Option<Uri>| {
        let uri = uri.as_ref();
        uri.and_then(|u| u.path.as_deref()) == Some(path)
    };
    let tags = multivariant.into_iter();
    let media_tags: Vec<_> = tags
        .flat_map(|m| &m.media)
        .filter(|t| references(&t.uri))
        .collect();
    let variants = multivariant.into_iter().flat_map(|m| &m.variants);
    let mut i_frames = multivariant.into_iter().flat_map(|m| &m.i_frame_variants);
    let i_frames = i_frames.any(|v| references(&v.uri)) || playlist.i_frames_only.is_some();
    let mut seen = BTreeSet::new();
    let maps = playlist.maps.iter().filter_map(Map::part);
    let maps: Vec<Part> = maps.filter(|p| seen.insert(p.clone())).collect();
    let init = match maps.first() {
        Some(map) => delivery.init(map),
        // A segment of MPEG-TS states in itself what an init segment states.
        None => streams(delivery, playlist).map(|s| &s.init).next(),
    };
    let kind = if i_frames {
        MediaKind::IFrames
    } else {
        media_kind(media_tags.first().copied(), init)
    };
    Rendition {
        kind,
        path: path.to_owned(),
        playlist,
        representation: None,
        period: 0,
        offset: 0,
        segments: segments(delivery, playlist),
        maps,
        init,
        variants: variants.filter(|v| references(&v.uri)).collect(),
        media_tags,
    }
}

/// The media playlist of video or audio with the same init segment as a representation.
fn covering<'v, 'a>(
    renditions: &'v [Rendition<'a>],
    of: &Representation,
) -> Option<&'v Rendition<'a>> {
    let path = &of.init.as_ref()?.path;
    let kinds = [MediaKind::Video, MediaKind::Audio];
    let mut renditions = renditions.iter().filter(|r| kinds.contains(&r.kind));
    renditions.find(|r| r.maps.first().is_some_and(|m| m.path == *path))
}

/// The representations that no media playlist has. Images, texts of their own and what lies outside of the package are
/// left out.
fn uncovered<'a>(
    delivery: &'a Delivery,
    mpd: &'a Mpd,
    renditions: &[Rendition<'a>],
) -> Vec<Rendition<'a>> {
    static NO_PLAYLIST: LazyLock<Playlist> = LazyLock::new(Playlist::default);
    let mut found = Vec::new();
    for (number, period) in mpd.periods.iter().enumerate() {
        let sets = period.sets.iter();
        let all = sets.flat_map(|s| s.representations.iter().map(move |r| (s, r)));
        for (set, representation) in all {
            if covering(renditions, representation).is_some() {
                continue;
            }
            let part = representation.init.as_ref();
            let media = matches!(set.content_type(), ContentType::Video | ContentType::Audio);
            let first = representation.segments.first().map(|s| &s.path);
            let path = part.map(|p| &p.path).or(first);
            let path = path.or(representation.element.attributes.get("id"));
            // Texts and images without an init segment are judged by rules of their own.
            let Some(path) = path.filter(|_| media || part.is_some()) else {
                continue;
            };
            let init = part.and_then(|p| delivery.init(p));
            let kind = match set.content_type() {
                _ if set.is_trick_mode => MediaKind::IFrames,
                ContentType::Video => MediaKind::Video,
                ContentType::Audio => MediaKind::Audio,
                ContentType::Text => MediaKind::Text,
                ContentType::Other => media_kind(None, init),
            };
            let scale = representation.timescale;
            let ticks = |ticks: u64| nanos(ticks.into(), u32::try_from(scale).unwrap_or(u32::MAX));
            let numbered = (1u32..).zip(&representation.segments);
            let segments = numbered.map(|(number, segment)| {
                let part = segment.part();
                RenditionSegment {
                    number,
                    line: segment.line,
                    extinf: segment.duration.map_or(0, ticks),
                    facts: delivery.segment(&part),
                    size: delivery.size_of(&part),
                    init,
                    discontinuity: false,
                    gap: false,
                    encryption: Encryption::None,
                    part: Some(part),
                }
            });
            found.push(Rendition {
                kind,
                path: path.clone(),
                playlist: &NO_PLAYLIST,
                representation: Some((set, representation)),
                period: number,
                offset: -ticks(representation.offset),
                maps: part.into_iter().cloned().collect(),
                init,
                segments: segments.collect(),
                variants: Vec::new(),
                media_tags: Vec::new(),
            });
        }
    }
    found
}

fn media_kind(tag: Option<&MediaTag>, init: Option<&Init>) -> MediaKind {
    match tag.map(MediaTag::media_type) {
        Some("AUDIO") => return MediaKind::Audio,
        Some("SUBTITLES" | "CLOSED-CAPTIONS") => return MediaKind::Text,
        _ => {}
    }
    match init.map(|i| &i.handler) {
        Some(Handler::Audio) => MediaKind::Audio,
        Some(Handler::Text) => MediaKind::Text,
        _ => MediaKind::Video,
    }
}

/// The elementary streams by which the segments of MPEG-TS are judged.
fn streams<'a>(
    delivery: &'a Delivery,
    playlist: &'a Playlist,
) -> impl Iterator<Item = &'a ElementaryFacts> {
    let segments = playlist.segments.iter();
    segments.filter_map(|s| delivery.elementary(&s.part()?))
}

fn segments<'a>(delivery: &'a Delivery, playlist: &'a Playlist) -> Vec<RenditionSegment<'a>> {
    let maps = playlist.maps.iter().map(Map::part);
    let maps: Vec<Option<&Init>> = maps.map(|m| delivery.init(&m?)).collect();
    let numbered = (1u32..).zip(&playlist.segments);
    let segments = numbered.map(|(number, segment)| {
        let part = segment.part();
        let stream = part.as_ref().and_then(|p| delivery.elementary(p));
        let facts = part.as_ref().and_then(|p| delivery.segment(p));
        RenditionSegment {
            number,
            line: segment.line,
            extinf: segment.duration,
            facts: facts.or_else(|| stream.map(|s| &s.facts)),
            size: part.as_ref().and_then(|p| delivery.size_of(p)),
            init: maps
                .get(segment.map.unwrap_or(usize::MAX))
                .copied()
                .flatten()
                .or_else(|| stream.map(|s| &s.init)),
            discontinuity: segment.discontinuity,
            gap: segment.gap,
            encryption: segment.encryption,
            part,
        }
    });
    segments.collect()
}
