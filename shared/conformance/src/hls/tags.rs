//! Which tags there are (RFC 8216, 4.3, and the second edition's additions), and in which kind of playlist they belong.

/// Where a tag belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Any,
    Media,
    Multivariant,
}

/// The place of a known tag, by its name without `#`.
pub(super) fn place(name: &str) -> Option<Place> {
    Some(match name {
        "EXTM3U"
        | "EXT-X-VERSION"
        | "EXT-X-INDEPENDENT-SEGMENTS"
        | "EXT-X-START"
        | "EXT-X-DEFINE" => Place::Any,
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
        | "EXT-X-I-FRAMES-ONLY" => Place::Media,
        name if is_live(name) => Place::Media,
        "EXT-X-MEDIA"
        | "EXT-X-STREAM-INF"
        | "EXT-X-I-FRAME-STREAM-INF"
        | "EXT-X-SESSION-DATA"
        | "EXT-X-SESSION-KEY"
        | "EXT-X-CONTENT-STEERING" => Place::Multivariant,
        _ => return None,
    })
}

/// Whether a tag serves live and low-latency playlists only.
pub(super) fn is_live(name: &str) -> bool {
    matches!(
        name,
        "EXT-X-PART"
            | "EXT-X-PART-INF"
            | "EXT-X-SERVER-CONTROL"
            | "EXT-X-SKIP"
            | "EXT-X-PRELOAD-HINT"
            | "EXT-X-RENDITION-REPORT"
    )
}
