//! Values of `CHARACTERISTICS` (RFC 8216, 4.3.4.1; Apple HLS Authoring 2.12, 4.5): what is written and what is checked.

/// Of an audio description.
pub const DESCRIBES_VIDEO: &str = "public.accessibility.describes-video";
/// Of captions for the deaf and hard of hearing, with [`DESCRIBES_SOUND`].
pub const TRANSCRIBES_DIALOG: &str = "public.accessibility.transcribes-spoken-dialog";
/// Of captions for the deaf and hard of hearing, with [`TRANSCRIBES_DIALOG`].
pub const DESCRIBES_SOUND: &str = "public.accessibility.describes-music-and-sound";

/// Both characteristics of captions for the deaf and hard of hearing.
#[must_use]
pub fn sdh() -> String {
    format!("{TRANSCRIBES_DIALOG},{DESCRIBES_SOUND}")
}
