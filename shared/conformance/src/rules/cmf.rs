//! CMF: CMAF init segments, fragments and tracks.

mod r01_brands;
mod r02_one_track_per_file;
mod r03_samples_inside_mdat;
mod r04_independent_fragments;
mod r05_switching_sets;
mod r06_constant_rate;
mod r07_edit_lists;
mod r08_encryption_declared;
mod r09_sample_encryption;
mod r10_segment_index;
mod r11_movie_extends;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    r01_brands::RULE,
    r02_one_track_per_file::RULE,
    r03_samples_inside_mdat::RULE,
    r04_independent_fragments::RULE,
    r05_switching_sets::RULE,
    r06_constant_rate::RULE,
    r07_edit_lists::RULE,
    r08_encryption_declared::RULE,
    r09_sample_encryption::RULE,
    r10_segment_index::RULE,
    r11_movie_extends::RULE,
];
