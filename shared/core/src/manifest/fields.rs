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
        required("ManifestId", Kind::Id, "The delivery's own identity."),
        required("Episode", Kind::Group(EPISODE), "What is delivered."),
        required(
            "Mezzanine",
            Kind::Group(MEZZANINE),
            "The file to encode and what the delivery says of it.",
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
            "The audio renditions, in the order players show them.",
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
            "The caption files, in the order players show them.",
        ),
        optional(
            "Priority",
            Kind::Integer { min: 0, max: 10 },
            "Higher goes first; 5 where not stated.",
        ),
        optional(
            "CallbackUrl",
            Kind::HttpsUrl,
            "Where to announce the end of the job.",
        ),
        optional(
            "TranscodeSettings",
            Kind::Group(SETTINGS),
            "What this job wants otherwise than the deployment.",
        ),
        optional(
            "Extensions",
            Kind::Anything,
            "Room for the deliverer's own elements; nothing in it is read.",
        ),
    ]),
    "One job.",
);

const EPISODE: &[Field] = &[
    required(
        "SeriesId",
        Kind::SeriesId,
        "The series; with season and episode it names the published asset.",
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
    optional(
        "IsSimulcast",
        Kind::Boolean,
        "Whether it is shown as it airs.",
    ),
    optional("IsDubbed", Kind::Boolean, "Whether it is a dub."),
];

const MEZZANINE: &[Field] = &[
    required("FilePath", Kind::Key, "The file's key in the input bucket."),
    required(
        "ChecksumMD5",
        Kind::Hex(&[32]),
        "MD5 of the file, in either case.",
    ),
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
        "Width in pixels; with `ResolutionHeight` or not at all.",
    ),
    optional(
        "ResolutionHeight",
        Kind::Integer {
            min: 16,
            max: 16_384,
        },
        "Height in pixels; with `ResolutionWidth` or not at all.",
    ),
    optional(
        "FrameRate",
        Kind::FrameRate,
        "Frames per second; decimals of NTSC rates (`23.976`, `29.97`, `59.94`) mean the exact fraction.",
    ),
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
        "Bits of a video sample.",
    ),
];

const AUDIO_TRACK: &[Field] = &[
    required(
        "Language",
        Kind::Language,
        "The language; unique among the descriptive and among the other tracks.",
    ),
    optional(
        "Label",
        Kind::Label,
        "What a player shows; the language (with `(description)` where it is) where not stated; unique among the audio tracks.",
    ),
    optional(
        "IsDefault",
        Kind::Boolean,
        "Whether a player starts with it; at most one, and the first where none is.",
    ),
    optional(
        "Channels",
        Kind::Integer { min: 1, max: 64 },
        "Number of channels in the mezzanine.",
    ),
    optional(
        "TrackIndex",
        Kind::Integer { min: 0, max: 63 },
        "Position among the mezzanine's audio streams from 0; unique; the track's own position where not stated.",
    ),
    optional(
        "IsDescriptive",
        Kind::Boolean,
        "Whether it is an audio description for those who do not see the picture.",
    ),
];

const SUBTITLE_TRACK: &[Field] = &[
    required(
        "Language",
        Kind::Language,
        "The language; unique among the forced, among the SDH and among the other tracks.",
    ),
    optional(
        "Label",
        Kind::Label,
        "What a player shows; the language (with `(forced)` or `(SDH)` where it is) where not stated; unique.",
    ),
    required(
        "FilePath",
        Kind::Key,
        "The caption file's key in the input bucket.",
    ),
    optional(
        "IsDefault",
        Kind::Boolean,
        "Whether a player shows it unasked; at most one.",
    ),
    optional(
        "IsForced",
        Kind::Boolean,
        "Whether it holds only what every viewer needs, such as signs.",
    ),
    optional(
        "IsSDH",
        Kind::Boolean,
        "Whether it is for the deaf and hard of hearing and tells sounds too; not with `IsForced`.",
    ),
    optional(
        "Format",
        Kind::CaptionFormat,
        "The format, in either case; told by the file's extension where not stated.",
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
        "Also put out the mezzanine's own text subtitle streams, each whose language and kind no subtitle track has; true where not stated.",
    ),
    optional(
        "ClosedCaptionLanguage",
        Kind::Language,
        "The language of the closed captions within the pictures (CEA-608, CC1), which become captions for the deaf and hard of hearing; left out where not stated.",
    ),
    optional(
        "MaxBitrateCap",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
        "No rendition's peak bit rate is above this many kbit/s.",
    ),
    optional("Encoder", Kind::Encoder, "Which encoder runs the job."),
    optional(
        "ForceReprocess",
        Kind::Boolean,
        "Encode again although the job is complete; false where not stated.",
    ),
];
