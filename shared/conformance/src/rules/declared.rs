//! Comparisons of declared with measured values that rules of HLS and DASH share.

use reelsmith_core::language;
use reelsmith_isobmff::{Init, SegmentFacts};

use crate::delivery::Text;
use crate::fault::Mismatch;
use crate::view::{Rendition, RenditionSegment, View};

/// The declared language, if it is another one than that of the track. A track without a language contradicts nothing,
/// and codes that have no two-letter code are only compared if both have three letters.
pub(super) fn contradicts_language(declared: &str, init: &Init) -> Option<Mismatch> {
    let primary = |tag: &str| {
        let tag = language::tag(tag.split('-').next().unwrap_or(tag));
        tag.split('-').next().unwrap_or(&tag).to_owned()
    };
    let (declared_language, measured) = (primary(declared), primary(&init.language));
    let special =
        |tag: &str| matches!(tag, "und" | "mul" | "mis" | "zxx" | "") || tag.starts_with('q');
    let comparable = declared_language.len() == measured.len();
    let different = declared_language != measured && comparable;
    let judged = !special(&declared_language) && !special(&measured);
    (different && judged).then(|| Mismatch::new(&init.language, declared))
}

/// The declared number of channels, if it is another one than that of the codec configuration. Sample entries of AC-3 do
/// not state it.
pub(super) fn contradicts_channels(declared: &str, init: &Init) -> Option<Mismatch> {
    let reliable =
        init.codec.starts_with("mp4a.40.2") || init.entry == "Opus" || init.entry == "fLaC";
    // HE-AAC version 2 (mp4a.40.29) codes stereo as one channel.
    let reliable = reliable && init.codec != "mp4a.40.29";
    let declared = declared.trim().parse::<u32>().ok()?;
    let different = reliable && init.channels > 0 && declared != init.channels;
    (different).then(|| Mismatch::new(init.channels, declared))
}

/// The sizes that may be declared for a picture: as displayed, with square samples in either direction, and as coded.
pub(super) fn display_sizes(rendition: &Rendition<'_>) -> Vec<(u32, u32)> {
    let Some((init, (width, height))) = rendition.init.zip(rendition.picture_size()) else {
        return Vec::new();
    };
    let aspects = [init.pixel_aspect, init.sps.as_ref().and_then(|s| s.vui.sar)];
    let mut sizes = Vec::new();
    for (w, h) in aspects
        .into_iter()
        .flatten()
        .filter(|(w, h)| *w > 0 && *h > 0 && w != h)
    {
        let scaled = |side: u32, num: u32, den: u32| {
            let side = u64::from(side) * u64::from(num);
            let den = u64::from(den.max(1));
            u32::try_from((side + den / 2) / den).unwrap_or(u32::MAX)
        };
        sizes.push((scaled(width, w, h), height));
        sizes.push((width, scaled(height, h, w)));
    }
    sizes.push((width, height));
    sizes
}

/// Segments that are compared to find equal content.
const COMPARED: usize = 64;

/// Whether two renditions consist of the same segments, or of segments whose samples all have the same sizes. Samples of
/// few different sizes prove nothing.
pub(super) fn same_content(a: &Rendition<'_>, b: &Rendition<'_>) -> bool {
    if a.segments.is_empty() || a.segments.len() != b.segments.len() {
        return false;
    }
    let mut pairs = a.segments.iter().zip(&b.segments);
    if pairs
        .clone()
        .all(|(a, b)| a.part.is_some() && a.part == b.part)
    {
        return true;
    }
    let mut sizes = std::collections::BTreeSet::new();
    let same = pairs.by_ref().take(COMPARED).all(|(a, b)| {
        let (Some(a), Some(b)) = (a.facts, b.facts) else {
            return false;
        };
        sizes.extend(sample_sizes(a));
        sample_sizes(a).eq(sample_sizes(b))
    });
    same && sizes.len() >= DISTINCT
}

/// The first segment of `a` that has the samples of the segment of `b` with the same number. Pictures of different sizes have
/// samples of different sizes, unless they are almost empty.
pub(super) fn shared_segment<'r, 'a>(
    a: &'r Rendition<'a>,
    b: &Rendition<'_>,
) -> Option<&'r RenditionSegment<'a>> {
    let mut pairs = a.segments.iter().zip(&b.segments);
    let same = pairs.find(|(a, b)| {
        let (Some(a), Some(b)) = (a.facts, b.facts) else {
            return false;
        };
        if !sample_sizes(a).eq(sample_sizes(b)) {
            return false;
        }
        let sizes: std::collections::BTreeSet<u32> = sample_sizes(a).collect();
        sizes.len() >= DISTINCT
    });
    same.map(|(a, _)| a)
}

/// Different sample sizes that prove that equal sizes are no coincidence.
const DISTINCT: usize = 8;

fn sample_sizes(facts: &SegmentFacts) -> impl Iterator<Item = u32> {
    facts
        .of_track()
        .flat_map(|f| f.samples.iter().map(|s| s.size))
}

/// Whether two renditions have the same texts, with at least one cue.
pub(super) fn same_text(view: &View<'_>, a: &Rendition<'_>, b: &Rendition<'_>) -> bool {
    let texts = |of: &Rendition<'_>| -> Option<Vec<u8>> {
        let mut all = Vec::new();
        for segment in of.segments.iter().take(COMPARED) {
            match view.delivery.texts.get(&segment.part.as_ref()?.path)? {
                Ok(Text::Other(bytes)) => all.extend(bytes),
                _ => return None,
            }
        }
        Some(all)
    };
    let both = texts(a).zip(texts(b));
    both.is_some_and(|(a, b)| a == b && a.windows(3).any(|w| w == b"-->"))
}
