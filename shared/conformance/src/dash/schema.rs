//! Which elements an element of the MPD may contain: the part of the schema that VOD presentations use.
//!
//! This is not the whole XSD. The types of attributes are checked by the rules that need them.

/// Elements of `RepresentationBaseType`, which `AdaptationSet` and `Representation` extend.
const DESCRIPTORS: &[&str] = &[
    "FramePacking",
    "AudioChannelConfiguration",
    "ContentProtection",
    "OutputProtection",
    "EssentialProperty",
    "SupplementalProperty",
    "InbandEventStream",
    "Switching",
    "RandomAccess",
    "GroupLabel",
    "Label",
    "ProducerReferenceTime",
    "ContentPopularityRate",
    "Resync",
];

const ADDRESSING: &[&str] = &["BaseURL", "SegmentBase", "SegmentList", "SegmentTemplate"];

/// Whether the schema allows `child` in `parent`.
pub(super) fn allows(parent: &str, child: &str) -> bool {
    let own: &[&str] = match parent {
        "MPD" => &[
            "ProgramInformation",
            "BaseURL",
            "Location",
            "PatchLocation",
            "ServiceDescription",
            "InitializationSet",
            "InitializationGroup",
            "InitializationPresentation",
            "ContentProtection",
            "Period",
            "Metrics",
            "EssentialProperty",
            "SupplementalProperty",
            "UTCTiming",
            "ContentSteering",
            "LeapSecondInformation",
        ],
        "Period" => &[
            "AssetIdentifier",
            "EventStream",
            "ServiceDescription",
            "ContentProtection",
            "AdaptationSet",
            "Subset",
            "SupplementalProperty",
            "EmptyAdaptationSet",
            "GroupLabel",
            "Preselection",
        ],
        "AdaptationSet" => &[
            "Accessibility",
            "Role",
            "Rating",
            "Viewpoint",
            "ContentComponent",
            "Representation",
        ],
        "Representation" => &["SubRepresentation", "ExtendedBandwidth"],
        "SegmentTemplate" => &[
            "Initialization",
            "RepresentationIndex",
            "FailoverContent",
            "SegmentTimeline",
            "BitstreamSwitching",
        ],
        "SegmentList" => &[
            "Initialization",
            "RepresentationIndex",
            "FailoverContent",
            "SegmentTimeline",
            "BitstreamSwitching",
            "SegmentURL",
        ],
        "SegmentBase" => &["Initialization", "RepresentationIndex", "FailoverContent"],
        "SegmentTimeline" => &["S", "Pattern"],
        "ProgramInformation" => &["Title", "Source", "Copyright"],
        "S" | "BaseURL" | "Role" => &[],
        // Elements that no rule reads may contain anything.
        _ => return true,
    };
    own.contains(&child)
        || (matches!(parent, "AdaptationSet" | "Representation") && DESCRIPTORS.contains(&child))
        || (matches!(parent, "Period" | "AdaptationSet" | "Representation")
            && ADDRESSING.contains(&child))
}

/// What an attribute must be, if its value has another type (ISO/IEC 23009-1, 5.3, and annex B). Attributes whose values
/// other rules read are not judged here.
pub(super) fn wrong_type(element: &str, attribute: &str, value: &str) -> Option<&'static str> {
    let integer = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fraction = |text: &str| match text.split_once('/') {
        Some((num, den)) => integer(num) && integer(den) && den.bytes().any(|b| b != b'0'),
        None => integer(text),
    };
    let ratio = |text: &str| {
        let parts = text.split_once(':');
        parts.is_some_and(|(w, h)| integer(w) && integer(h))
    };
    let range = |text: &str| {
        let parts = text.split_once('-');
        let numbers = parts.and_then(|(a, b)| a.parse::<u64>().ok().zip(b.parse::<u64>().ok()));
        numbers.is_some_and(|(a, b)| a <= b)
    };
    let boolean = |text: &str| matches!(text, "true" | "false" | "0" | "1");
    let (valid, kind) = match (element, attribute) {
        ("MPD", "type") => (matches!(value, "static" | "dynamic"), "static or dynamic"),
        (
            "AdaptationSet" | "Representation",
            "width" | "height" | "minWidth" | "maxWidth" | "minHeight" | "maxHeight"
            | "minBandwidth" | "maxBandwidth" | "qualityRanking" | "selectionPriority",
        )
        | (
            "SegmentBase" | "SegmentList" | "SegmentTemplate",
            "timescale" | "startNumber" | "endNumber" | "duration" | "presentationTimeOffset",
        ) => (integer(value), "an unsigned integer"),
        ("AdaptationSet" | "Representation", "audioSamplingRate") => (
            value.split_whitespace().all(integer) && !value.is_empty(),
            "one or two unsigned integers",
        ),
        ("AdaptationSet" | "Representation", "frameRate" | "minFrameRate" | "maxFrameRate") => {
            (fraction(value), "a number or a fraction such as 30000/1001")
        }
        ("AdaptationSet" | "Representation", "par" | "sar") => {
            (ratio(value), "a ratio such as 16:9")
        }
        ("AdaptationSet" | "Representation", "scanType") => (
            matches!(value, "progressive" | "interlaced" | "unknown"),
            "progressive, interlaced or unknown",
        ),
        ("AdaptationSet", "segmentAlignment" | "subsegmentAlignment") => (
            boolean(value) || integer(value),
            "true, false or an unsigned integer",
        ),
        ("AdaptationSet" | "Representation", "startWithSAP" | "subsegmentStartsWithSAP") => (
            matches!(value, "0" | "1" | "2" | "3" | "4" | "5" | "6"),
            "a type of stream access point from 0 to 6",
        ),
        ("AdaptationSet", "bitstreamSwitching") => (boolean(value), "true or false"),
        ("SegmentBase" | "SegmentURL", "indexRange")
        | ("SegmentURL", "mediaRange")
        | ("Initialization" | "RepresentationIndex", "range") => {
            (range(value), "a byte range such as 0-999")
        }
        _ => return None,
    };
    (!valid).then_some(kind)
}
