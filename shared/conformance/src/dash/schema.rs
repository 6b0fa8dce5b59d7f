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
