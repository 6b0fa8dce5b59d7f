//! SUB: captions.

mod r01_webvtt_segments;
mod r02_captions_match_manifest;
mod r03_no_subtitles_left_out;
mod r04_timestamp_map;
mod r05_captions_in_samples;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    r01_webvtt_segments::RULE,
    r02_captions_match_manifest::RULE,
    r03_no_subtitles_left_out::RULE,
    r04_timestamp_map::RULE,
    r05_captions_in_samples::RULE,
];
