//! Which elements may stand where (the part of the MPD schema that a VOD presentation uses).
//!
//! Not the whole XSD: an element of the MPD namespace that the schema does not have at that place is found, the types of
//! attributes are checked by the rules that need them.

/// Attributes and elements that any descriptor may have.
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

/// Whether the schema has `child` in `parent`.
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
        // Places that no rule reads are not judged.
        _ => return true,
    };
    own.contains(&child)
        || (matches!(parent, "AdaptationSet" | "Representation") && DESCRIPTORS.contains(&child))
        || (matches!(parent, "Period" | "AdaptationSet" | "Representation")
            && ADDRESSING.contains(&child))
}
