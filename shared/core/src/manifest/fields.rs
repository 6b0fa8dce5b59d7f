//! The one table of what a manifest may hold. The parser walks it; the XSD and the user's documentation are held
//! against it by tests.

/// One element: its name, how often it occurs, what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name of the element.
    pub name: &'static str,
    /// How often it occurs in its parent.
    pub occurs: Occurs,
    /// What it holds.
    pub kind: Kind,
    /// What it means, as a sentence for the user.
    pub doc: &'static str,
}

/// How often an element occurs in its parent. More than it may is an error, as is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Exactly once.
    Required,
    /// At most once.
    Optional,
    /// At least `min`, at most `max` times.
    Repeated {
        /// Least number.
        min: usize,
        /// Greatest number.
        max: usize,
    },
}

/// What an element holds. White space around a value never counts.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Elements, in any order.
    Group(&'static [Field]),
    /// Anything; it is not read.
    Anything,
    /// 1 to 128 characters of `A-Z a-z 0-9 . _ -`.
    Id,
    /// 1 to 90 characters, at least one of them of `A-Z a-z 0-9`, because an S3 prefix is made of these.
    SeriesId,
    /// 1 to `max` characters without control characters.
    Text {
        /// Greatest length in characters.
        max: usize,
    },
    /// 1 to 64 characters without control characters and without `"`, which an HLS quoted string cannot hold
    /// (RFC 8216, 4.2).
    Label,
    /// A whole number.
    Integer {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
    },
    /// `true`, `false`, `1` or `0`.
    Boolean,
    /// Decimal seconds, more than 0 and at most 360,000 (100 hours); kept as milliseconds, rounded to nearest.
    Seconds,
    /// A date of the Gregorian calendar as `YYYY-MM-DD`.
    Date,
    /// Frames per second as `N`, `N/D` or a decimal, 1 to 300.
    FrameRate,
    /// Hexadecimal digits of one of these lengths.
    Hex(&'static [usize]),
    /// An object key in the input bucket.
    Key,
    /// An absolute `https` URL.
    HttpsUrl,
    /// A well-formed BCP 47 tag of at most 35 characters whose language has two or three letters.
    Language,
    /// The name of a caption format.
    CaptionFormat,
    /// `lambda` or `mediaconvert`.
    Encoder,
}

impl Kind {
    /// What a value must be, as the object of "expected".
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Group(_) => "elements".into(),
            Self::Anything => "anything".into(),
            Self::Id => "1 to 128 characters of A-Z a-z 0-9 . _ -".into(),
            Self::SeriesId => "1 to 90 characters, at least one of them of A-Z a-z 0-9, none a control character".into(),
            Self::Text { max } => format!("1 to {max} characters, none a control character"),
            Self::Label => "1 to 64 characters, none a control character or '\"'".into(),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Boolean => "true, false, 1 or 0".into(),
            Self::Seconds => "decimal seconds above 0, at most 360000, for example 1440.5".into(),
            Self::Date => "a date as YYYY-MM-DD".into(),
            Self::FrameRate => "frames per second from 1 to 300, for example 25, 23.976 or 24000/1001".into(),
            Self::Hex(lengths) => format!("{} hexadecimal digits", either(lengths)),
            Self::Key => "a relative key of 1 to 512 bytes of letters, digits, space and . _ ( ) + @ = & , ' - /, no component empty, '.' or '..'".into(),
            Self::HttpsUrl => "an absolute https URL without user name, at most 2048 characters".into(),
            Self::Language => "a BCP 47 tag of a language of 2 or 3 letters, for example ja or pt-BR".into(),
            Self::CaptionFormat => "srt, vtt, webvtt, ass, ssa, ttml, dfxp or imsc".into(),
            Self::Encoder => "lambda or mediaconvert".into(),
        }
    }
}

fn either(lengths: &[usize]) -> String {
    let words: Vec<String> = lengths.iter().map(ToString::to_string).collect();
    words.join(" or ")
}

const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        occurs: Occurs::Required,
        kind,
        doc,
    }
}

const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        occurs: Occurs::Optional,
        kind,
        doc,
    }
}

const fn repeated(
    name: &'static str,
    min: usize,
    max: usize,
    kind: Kind,
    doc: &'static str,
) -> Field {
    Field {
        name,
        occurs: Occurs::Repeated { min, max },
        kind,
        doc,
    }
}

const TITLE: Kind = Kind::Text { max: 256 };
const SHORT: Kind = Kind::Text { max: 64 };
/// S3 holds objects of at most 50 TiB.
const LARGEST_OBJECT: u64 = 50 << 40;

/// The root element. Its attribute `version` is required and is `1.0`.
pub const ROOT: Field = required(
    "AnimeTranscodeManifest",
    Kind::Group(&[
        required("ManifestId", Kind::Id, "Identity of the delivery."),
        required("Episode", Kind::Group(EPISODE), "What is delivered."),
        required(
            "Mezzanine",
            Kind::Group(MEZZANINE),
            "The file to encode, as described by the delivery.",
        ),
        required(
            "AudioTracks",
            Kind::Group(&[repeated(
                "AudioTrack",
                1,
                32,
                Kind::Group(AUDIO_TRACK),
                "One audio rendition.",
            )]),
            "Audio renditions, in display order.",
        ),
        optional(
            "SubtitleTracks",
            Kind::Group(&[repeated(
                "SubtitleTrack",
                0,
                128,
                Kind::Group(SUBTITLE_TRACK),
                "One sidecar caption file.",
            )]),
            "Caption files, in display order.",
        ),
        optional(
            "Priority",
            Kind::Integer { min: 0, max: 10 },
            "Higher runs first; default 5.",
        ),
        optional("CallbackUrl", Kind::HttpsUrl, "Stored, but not called."),
        optional(
            "TranscodeSettings",
            Kind::Group(SETTINGS),
            "Settings of this job that differ from the deployment's.",
        ),
        optional(
            "Extensions",
            Kind::Anything,
            "Elements of the sender; not read.",
        ),
    ]),
    "One job.",
);

const EPISODE: &[Field] = &[
    required(
        "SeriesId",
        Kind::SeriesId,
        "The series; names the published asset together with season and episode.",
    ),
    required("SeriesTitle", TITLE, "The series' title."),
    optional("SeriesTitleJa", TITLE, "The series' title in Japanese."),
    required(
        "SeasonNumber",
        Kind::Integer { min: 0, max: 9_999 },
        "The season; 0 for specials.",
    ),
    required(
        "EpisodeNumber",
        Kind::Integer {
            min: 0,
            max: 99_999,
        },
        "The episode.",
    ),
    required("EpisodeTitle", TITLE, "The episode's title."),
    optional("EpisodeTitleJa", TITLE, "The episode's title in Japanese."),
    optional(
        "DurationSeconds",
        Kind::Seconds,
        "The episode's running time.",
    ),
    optional("ReleaseDate", Kind::Date, "The day of release."),
    optional("ContentRating", SHORT, "The rating, for example `TV-14`."),
    optional("Studio", TITLE, "The studio."),
    optional("SeasonTag", SHORT, "For example `FALL-2026`."),
    optional(
        "Genres",
        Kind::Group(&[repeated("Genre", 0, 32, SHORT, "One genre.")]),
        "The genres.",
    ),
    optional("IsSimulcast", Kind::Boolean, "Whether it is a simulcast."),
    optional("IsDubbed", Kind::Boolean, "Whether it is a dub."),
];

const MEZZANINE: &[Field] = &[
    required("FilePath", Kind::Key, "The file's key in the input bucket."),
    required("ChecksumMD5", Kind::Hex(&[32]), "MD5 of the file."),
    optional(
        "ChecksumXXHash",
        Kind::Hex(&[16, 32]),
        "xxHash64 or XXH3-64 (16 digits) or XXH3-128 (32 digits) of the file.",
    ),
    required(
        "FileSizeBytes",
        Kind::Integer {
            min: 1,
            max: LARGEST_OBJECT,
        },
        "Size of the file in bytes.",
    ),
    optional("DurationSeconds", Kind::Seconds, "Duration of the file."),
    optional(
        "VideoCodec",
        SHORT,
        "The video codec, for example `ProRes 422 HQ`.",
    ),
    optional("AudioCodec", SHORT, "The audio codec."),
    optional(
        "ResolutionWidth",
        Kind::Integer {
            min: 16,
            max: 16_384,
        },
        "Width in pixels; requires `ResolutionHeight`.",
    ),
    optional(
        "ResolutionHeight",
        Kind::Integer {
            min: 16,
            max: 16_384,
        },
        "Height in pixels; requires `ResolutionWidth`.",
    ),
    optional("FrameRate", Kind::FrameRate, "Frames per second."),
    optional(
        "BitrateKbps",
        Kind::Integer {
            min: 1,
            max: 100_000_000,
        },
        "Bit rate of the file in kbit/s.",
    ),
    optional(
        "ColorSpace",
        SHORT,
        "The colour space, for example `BT.709`.",
    ),
    optional(
        "BitDepth",
        Kind::Integer { min: 8, max: 16 },
        "Bits per video sample.",
    ),
];

const AUDIO_TRACK: &[Field] = &[
    required(
        "Language",
        Kind::Language,
        "Language; unique among descriptive and among other tracks.",
    ),
    optional(
        "Label",
        Kind::Label,
        "Name in players; unique among the audio tracks; default: the language, with `(description)` if it applies.",
    ),
    optional(
        "IsDefault",
        Kind::Boolean,
        "Whether players start with it; at most one; default: the first track.",
    ),
    optional(
        "Channels",
        Kind::Integer { min: 1, max: 64 },
        "Number of channels in the mezzanine.",
    ),
    optional(
        "TrackIndex",
        Kind::Integer { min: 0, max: 63 },
        "Index of the mezzanine's audio stream, from 0; unique; default: the position of this track.",
    ),
    optional(
        "IsDescriptive",
        Kind::Boolean,
        "Whether it is an audio description.",
    ),
];

const SUBTITLE_TRACK: &[Field] = &[
    required(
        "Language",
        Kind::Language,
        "Language; unique among forced, among SDH and among other tracks.",
    ),
    optional(
        "Label",
        Kind::Label,
        "Name in players; unique; default: the language, with `(forced)` or `(SDH)` if it applies.",
    ),
    required(
        "FilePath",
        Kind::Key,
        "The caption file's key in the input bucket.",
    ),
    optional(
        "IsDefault",
        Kind::Boolean,
        "Whether players show it by default; at most one.",
    ),
    optional(
        "IsForced",
        Kind::Boolean,
        "Whether it has only what every viewer needs, such as signs.",
    ),
    optional(
        "IsSDH",
        Kind::Boolean,
        "Whether it is for the deaf and hard of hearing and describes sounds; not with `IsForced`.",
    ),
    optional(
        "Format",
        Kind::CaptionFormat,
        "Format, in either case; default: by the file's extension.",
    ),
];

const SETTINGS: &[Field] = &[
    optional("EnableH265", Kind::Boolean, "Also encode the H.265 rungs."),
    optional("EnableDASH", Kind::Boolean, "Also write the MPD."),
    optional(
        "EnableProgressive",
        Kind::Boolean,
        "Also join a progressive MP4 of each video rendition.",
    ),
    optional(
        "EnableEmbeddedCaptions",
        Kind::Boolean,
        "Also publish the mezzanine's text streams, if no subtitle track has the same language and kind; default true.",
    ),
    optional(
        "ClosedCaptionLanguage",
        Kind::Language,
        "Language of the closed captions within the pictures (CEA-608, CC1), which become SDH captions; without it they are left out.",
    ),
    optional(
        "MaxBitrateCap",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
        "Maximum peak bit rate of any rendition, in kbit/s.",
    ),
    optional("Encoder", Kind::Encoder, "Which encoder runs the job."),
    optional(
        "ForceReprocess",
        Kind::Boolean,
        "Encode again although the job is complete; default false.",
    ),
];
