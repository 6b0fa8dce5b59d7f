//! Samples of captions (ISO/IEC 14496-30).

use crate::sample::{DefectKind, Defects, SampleView};
use crate::{boxes, fourcc};

/// Kind of the samples of a track of captions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// WebVTT: boxes of cues.
    Wvtt,
    /// TTML: an XML document.
    Stpp,
}

impl Text {
    pub(super) fn sample(self, sample: SampleView<'_>, defects: &mut Defects) {
        match self {
            Self::Wvtt => cues(sample.data, defects),
            Self::Stpp => document(sample.data, defects),
        }
    }
}

fn cues(data: &[u8], defects: &mut Defects) {
    let mut walk = boxes(data);
    for found in walk.by_ref() {
        let at = usize::try_from(found.start).unwrap_or(usize::MAX);
        match &found.kind {
            b"vttc" => {
                let from = usize::try_from(found.body).unwrap_or(usize::MAX);
                let to = usize::try_from(found.end).unwrap_or(usize::MAX);
                cue(data.get(from..to).unwrap_or_default(), from, defects);
            }
            b"vtte" | b"vtta" => {}
            other => {
                defects.add(DefectKind::Text, at, "vttc, vtte or vtta", fourcc(*other));
                return;
            }
        }
    }
    if walk.fault().is_some() || data.is_empty() {
        defects.add(
            DefectKind::Text,
            0,
            "boxes that fill the sample",
            "other bytes",
        );
    }
}

/// A cue has its text in UTF-8.
fn cue(data: &[u8], at: usize, defects: &mut Defects) {
    let mut walk = boxes(data);
    let mut has_text = false;
    for found in walk.by_ref() {
        let known = matches!(&found.kind, b"vsid" | b"iden" | b"ctim" | b"sttg" | b"payl");
        let from = usize::try_from(found.body).unwrap_or(usize::MAX);
        let to = usize::try_from(found.end).unwrap_or(usize::MAX);
        let body = data.get(from..to).unwrap_or_default();
        let text = &found.kind == b"vsid" || std::str::from_utf8(body).is_ok();
        has_text |= &found.kind == b"payl";
        if !known || !text {
            let expected = "a box of a cue with text in UTF-8";
            defects.add(DefectKind::Text, at + from, expected, fourcc(found.kind));
        }
    }
    if walk.fault().is_some() || !has_text {
        defects.add(DefectKind::Text, at, "a cue with payl", "none");
    }
}

fn document(data: &[u8], defects: &mut Defects) {
    let text = match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(e) => return defects.add(DefectKind::Text, e.valid_up_to(), "UTF-8", "other bytes"),
    };
    let options = roxmltree::ParsingOptions {
        nodes_limit: 1 << 20,
        ..roxmltree::ParsingOptions::default()
    };
    match roxmltree::Document::parse_with_options(text, options) {
        Ok(document) if document.root_element().tag_name().name() == "tt" => {}
        Ok(document) => {
            let root = document.root_element().tag_name().name().to_owned();
            defects.add(DefectKind::Text, 0, "the root element tt", root);
        }
        Err(e) => defects.add(DefectKind::Text, 0, "well-formed XML", e.to_string()),
    }
}
