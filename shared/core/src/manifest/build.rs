//! Builds the manifest from valid values.

use super::rules;
use super::value::Value;
use super::walk::Group;
use super::{
    AudioTrack, ClosedCaption, Episode, Manifest, Mezzanine, SubtitleTrack, TranscodeSettings,
};
use crate::admission::DEFAULT_PRIORITY;
use crate::caption_service::CaptionService;
use crate::units::{BitsPerSecond, Bytes, Resolution};

/// The manifest of a root element. `None` if a required value is missing, which has been reported as an error before.
pub(super) fn manifest(root: &Group) -> Option<Manifest> {
    Some(Manifest {
        manifest_id: root.text("ManifestId")?,
        episode: episode(root.group("Episode")?)?,
        mezzanine: mezzanine(root.group("Mezzanine")?)?,
        audio_tracks: match root.group("AudioTracks") {
            Some(tracks) => audio_tracks(tracks)?,
            None => Vec::new(),
        },
        subtitle_tracks: match root.group("SubtitleTracks") {
            Some(tracks) => subtitle_tracks(tracks)?,
            None => Vec::new(),
        },
        priority: root.narrow("Priority").unwrap_or(DEFAULT_PRIORITY),
        callback_url: root.text("CallbackUrl"),
        settings: root
            .group("TranscodeSettings")
            .map(settings)
            .unwrap_or_default(),
    })
}

fn episode(group: &Group) -> Option<Episode> {
    let genres = group.group("Genres");
    Some(Episode {
        series_id: group.text("SeriesId")?,
        series_title: group.text("SeriesTitle")?,
        series_title_ja: group.text("SeriesTitleJa"),
        season_number: group.narrow("SeasonNumber")?,
        episode_number: group.narrow("EpisodeNumber")?,
        episode_title: group.text("EpisodeTitle")?,
        episode_title_ja: group.text("EpisodeTitleJa"),
        duration_ms: group.number("DurationSeconds"),
        release_date: group.text("ReleaseDate"),
        rating: group.text("ContentRating"),
        studio: group.text("Studio"),
        season_tag: group.text("SeasonTag"),
        genres: genres.map_or_else(Vec::new, |g| g.texts("Genre").collect()),
        simulcast: group.flag("IsSimulcast"),
        dubbed: group.flag("IsDubbed"),
    })
}

fn mezzanine(group: &Group) -> Option<Mezzanine> {
    let width = group.narrow("ResolutionWidth");
    let height = group.narrow("ResolutionHeight");
    Some(Mezzanine {
        file_path: group.text("FilePath")?,
        checksum_md5: group.text("ChecksumMD5")?,
        checksum_xxhash: group.text("ChecksumXXHash"),
        file_size: Bytes(group.number("FileSizeBytes")?),
        duration_ms: group.number("DurationSeconds"),
        video_codec: group.text("VideoCodec"),
        audio_codec: group.text("AudioCodec"),
        resolution: width
            .zip(height)
            .map(|(width, height)| Resolution { width, height }),
        frame_rate: value(group, "FrameRate", Value::try_as_rate_ref).copied(),
        bitrate: group.number("BitrateKbps").map(kilobits),
        color_space: group.text("ColorSpace"),
        bit_depth: group.narrow("BitDepth"),
        video_track_index: group.narrow("VideoTrackIndex"),
        in_point: value(group, "InPoint", Value::try_as_point_ref).copied(),
        out_point: value(group, "OutPoint", Value::try_as_point_ref).copied(),
    })
}

fn value<'a, T>(group: &'a Group, name: &str, of: fn(&Value) -> Option<&T>) -> Option<&'a T> {
    of(group.item(name)?.value()?)
}

fn kilobits(per_second: u64) -> BitsPerSecond {
    BitsPerSecond(per_second.saturating_mul(1_000))
}

fn audio_tracks(group: &Group) -> Option<Vec<AudioTrack>> {
    let tracks = group.groups("AudioTrack").zip(0..);
    let mut tracks: Vec<AudioTrack> = tracks
        .map(|(track, position)| audio_track(track, position))
        .collect::<Option<_>>()?;
    let stated = tracks.iter().any(|t| t.default);
    if let Some(first) = tracks.first_mut().filter(|_| !stated) {
        first.default = true;
    }
    Some(tracks)
}

fn audio_track(track: &Group, position: u64) -> Option<AudioTrack> {
    let channel_map = value(track, "ChannelMap", Value::try_as_map_ref).cloned();
    Some(AudioTrack {
        language: track.text("Language")?,
        label: rules::label(track)?,
        default: track.flag("IsDefault").unwrap_or(false),
        channels: track.narrow("Channels"),
        track_index: match &channel_map {
            Some(map) => map.channels().first()?.track,
            None => u32::try_from(rules::track_index(track, position)?).ok()?,
        },
        role: rules::role(track),
        surround_map: value(track, "SurroundChannelMap", Value::try_as_map_ref).cloned(),
        channel_map,
    })
}

fn subtitle_tracks(group: &Group) -> Option<Vec<SubtitleTrack>> {
    group.groups("SubtitleTrack").map(subtitle_track).collect()
}

fn subtitle_track(track: &Group) -> Option<SubtitleTrack> {
    Some(SubtitleTrack {
        language: track.text("Language")?,
        label: rules::label(track)?,
        file_path: track.text("FilePath")?,
        default: track.flag("IsDefault").unwrap_or(false),
        forced: track.flag("IsForced").unwrap_or(false),
        sdh: track.flag("IsSDH").unwrap_or(false),
        format: rules::format(track)?,
    })
}

fn settings(group: &Group) -> TranscodeSettings {
    TranscodeSettings {
        enable_h265: group.flag("EnableH265"),
        enable_dash: group.flag("EnableDASH"),
        enable_progressive: group.flag("EnableProgressive"),
        enable_embedded_captions: group.flag("EnableEmbeddedCaptions"),
        closed_captions: closed_captions(group),
        strict_captions: group.flag("StrictCaptions"),
        tail_policy: value(group, "TailPolicy", Value::try_as_tail_ref).copied(),
        max_corrupt_frames: group.number("MaxCorruptFrames"),
        max_bitrate_cap: group.number("MaxBitrateCap").map(kilobits),
        encoder: value(group, "Encoder", Value::try_as_encoder_ref).copied(),
        force_reprocess: group.flag("ForceReprocess").unwrap_or(false),
    }
}

/// `ClosedCaptionLanguage` is that of CC1.
fn closed_captions(group: &Group) -> Vec<ClosedCaption> {
    let main = group
        .text("ClosedCaptionLanguage")
        .map(|language| ClosedCaption {
            service: CaptionService::CC1,
            language,
        });
    let stated = group.group("ClosedCaptions");
    let stated = stated.into_iter().flat_map(|g| g.groups("ClosedCaption"));
    let stated = stated.filter_map(|caption| {
        Some(ClosedCaption {
            service: *value(caption, "Service", Value::try_as_service_ref)?,
            language: caption.text("Language")?,
        })
    });
    main.into_iter().chain(stated).collect()
}
