//! The table of the elements of a manifest. The parser walks it, and tests compare the XSD and docs/manifest.md with it. The
//! meaning of an element is documented in the XSD.

/// One element of the format.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub occurs: Occurs,
    pub kind: Kind,
}

/// How often an element must occur in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Exactly once.
    Required,
    /// At most once.
    Optional,
    /// At least `min` and at most `max` times.
    Repeated { min: usize, max: usize },
}

/// The content of an element. [`Kind::expected`] describes the valid values; white space around a value is ignored.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Elements, in any order.
    Group(&'static [Field]),
    /// Anything; it is ignored.
    Anything,
    Id,
    SeriesId,
    Text {
        max: usize,
    },
    /// Without `"`, which a quoted string of HLS cannot contain (RFC 8216, 4.2).
    Label,
    Integer {
        min: u64,
        max: u64,
    },
    Boolean,
    /// Rounded to the nearest millisecond.
    Seconds,
    Date,
    FrameRate,
    /// A point of the mezzanine.
    Point,
    /// The allowed numbers of digits.
    Hex(&'static [usize]),
    Key,
    HttpsUrl,
    Language,
    CaptionFormat,
    CaptionService,
    Encoder,
    AudioRole,
    ChannelMap,
    TailPolicy,
}

impl Kind {
    /// A description of valid values, as the object of "expected …".
    pub fn expected(self) -> String {
        match self {
            Self::Group(_) => "elements".into(),
            Self::Anything => "anything".into(),
            Self::Id => "1 to 128 of the characters A-Z a-z 0-9 . _ -".into(),
            Self::SeriesId => "1 to 90 characters without control characters".into(),
            Self::Text { max } => format!("1 to {max} characters without control characters"),
            Self::Label => "1 to 64 characters without control characters and without '\"'".into(),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Boolean => "true, false, 1 or 0".into(),
            Self::Seconds => "decimal seconds, more than 0 and at most 360000, for example 1440.5".into(),
            Self::Date => "an existing date as YYYY-MM-DD".into(),
            Self::FrameRate => "frames per second from 1 to 300, for example 25, 23.976 or 24000/1001".into(),
            Self::Point => "a timecode such as 10:00:02:05, or seconds such as 2.2, at most 100 hours".into(),
            Self::Hex(lengths) => format!("{} hexadecimal digits", either(lengths)),
            Self::Key => "a key of 1 to 1024 bytes without backslashes, control and invisible characters, whose components between '/' are not empty, '.' or '..'".into(),
            Self::HttpsUrl => "an absolute https URL without a user name, at most 2048 characters".into(),
            Self::Language => "a BCP 47 tag whose language has 2 or 3 letters, for example ja or pt-BR".into(),
            Self::CaptionFormat => "srt, vtt, webvtt, ass, ssa, ttml, dfxp or imsc".into(),
            Self::CaptionService => "CC1 to CC4 or SERVICE1 to SERVICE63".into(),
            Self::Encoder => "lambda or mediaconvert".into(),
            Self::AudioRole => "main, alternate, commentary or description".into(),
            Self::ChannelMap => crate::audio_track::ChannelMap::EXPECTED.into(),
            Self::TailPolicy => "hold, trim or refuse".into(),
        }
    }
}

fn either(lengths: &[usize]) -> String {
    let words: Vec<String> = lengths.iter().map(ToString::to_string).collect();
    words.join(" or ")
}

const fn required(name: &'static str, kind: Kind) -> Field {
    let occurs = Occurs::Required;
    Field { name, occurs, kind }
}

const fn optional(name: &'static str, kind: Kind) -> Field {
    let occurs = Occurs::Optional;
    Field { name, occurs, kind }
}

const fn repeated(name: &'static str, min: usize, max: usize, kind: Kind) -> Field {
    let occurs = Occurs::Repeated { min, max };
    Field { name, occurs, kind }
}

const fn integer(min: u64, max: u64) -> Kind {
    Kind::Integer { min, max }
}

const TITLE: Kind = Kind::Text { max: 256 };
const SHORT: Kind = Kind::Text { max: 64 };
/// S3 holds objects of at most 50 TiB.
const LARGEST_OBJECT: u64 = 50 << 40;

/// The root element. Its attribute `version` is required and is `1.0`.
pub const ROOT: Field = required(
    "AnimeTranscodeManifest",
    Kind::Group(&[
        required("ManifestId", Kind::Id),
        required("Episode", Kind::Group(EPISODE)),
        required("Mezzanine", Kind::Group(MEZZANINE)),
        optional(
            "AudioTracks",
            Kind::Group(&[repeated("AudioTrack", 0, 32, Kind::Group(AUDIO_TRACK))]),
        ),
        optional(
            "SubtitleTracks",
            Kind::Group(&[repeated(
                "SubtitleTrack",
                0,
                128,
                Kind::Group(SUBTITLE_TRACK),
            )]),
        ),
        optional("Priority", integer(0, 10)),
        optional("CallbackUrl", Kind::HttpsUrl),
        optional("TranscodeSettings", Kind::Group(SETTINGS)),
        optional("Extensions", Kind::Anything),
    ]),
);

const EPISODE: &[Field] = &[
    required("SeriesId", Kind::SeriesId),
    required("SeriesTitle", TITLE),
    optional("SeriesTitleJa", TITLE),
    required("SeasonNumber", integer(0, 9_999)),
    required("EpisodeNumber", integer(0, 99_999)),
    required("EpisodeTitle", TITLE),
    optional("EpisodeTitleJa", TITLE),
    optional("DurationSeconds", Kind::Seconds),
    optional("ReleaseDate", Kind::Date),
    optional("ContentRating", SHORT),
    optional("Studio", TITLE),
    optional("SeasonTag", SHORT),
    optional("Genres", Kind::Group(&[repeated("Genre", 0, 32, SHORT)])),
    optional("IsSimulcast", Kind::Boolean),
    optional("IsDubbed", Kind::Boolean),
];

const MEZZANINE: &[Field] = &[
    required("FilePath", Kind::Key),
    required("ChecksumMD5", Kind::Hex(&[32])),
    optional("ChecksumXXHash", Kind::Hex(&[16, 32])),
    required("FileSizeBytes", integer(1, LARGEST_OBJECT)),
    optional("DurationSeconds", Kind::Seconds),
    optional("VideoCodec", SHORT),
    optional("AudioCodec", SHORT),
    optional("ResolutionWidth", integer(16, 16_384)),
    optional("ResolutionHeight", integer(16, 16_384)),
    optional("FrameRate", Kind::FrameRate),
    optional("BitrateKbps", integer(1, 100_000_000)),
    optional("ColorSpace", SHORT),
    optional("BitDepth", integer(8, 16)),
    optional("VideoTrackIndex", integer(0, 63)),
    optional("InPoint", Kind::Point),
    optional("OutPoint", Kind::Point),
];

const AUDIO_TRACK: &[Field] = &[
    required("Language", Kind::Language),
    optional("Label", Kind::Label),
    optional("IsDefault", Kind::Boolean),
    optional("Channels", integer(1, 64)),
    optional("TrackIndex", integer(0, 63)),
    optional("IsDescriptive", Kind::Boolean),
    optional("Role", Kind::AudioRole),
    optional("ChannelMap", Kind::ChannelMap),
    optional("SurroundChannelMap", Kind::ChannelMap),
];

const SUBTITLE_TRACK: &[Field] = &[
    required("Language", Kind::Language),
    optional("Label", Kind::Label),
    required("FilePath", Kind::Key),
    optional("IsDefault", Kind::Boolean),
    optional("IsForced", Kind::Boolean),
    optional("IsSDH", Kind::Boolean),
    optional("Format", Kind::CaptionFormat),
];

const CLOSED_CAPTION: &[Field] = &[
    required("Service", Kind::CaptionService),
    required("Language", Kind::Language),
];

const SETTINGS: &[Field] = &[
    optional("EnableH265", Kind::Boolean),
    optional("EnableDASH", Kind::Boolean),
    optional("EnableProgressive", Kind::Boolean),
    optional("EnableEmbeddedCaptions", Kind::Boolean),
    optional("ClosedCaptionLanguage", Kind::Language),
    optional(
        "ClosedCaptions",
        Kind::Group(&[repeated(
            "ClosedCaption",
            0,
            16,
            Kind::Group(CLOSED_CAPTION),
        )]),
    ),
    optional("StrictCaptions", Kind::Boolean),
    optional("TailPolicy", Kind::TailPolicy),
    optional("MaxCorruptFrames", integer(0, 1_000_000)),
    optional("MaxBitrateCap", integer(1, 1_000_000)),
    optional("Encoder", Kind::Encoder),
    optional("ForceReprocess", Kind::Boolean),
];
