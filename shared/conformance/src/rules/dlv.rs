//! DLV: how the objects are stored and served.

mod r01_content_types;
mod r02_playlists_gzipped;
mod r03_cache_control;
mod r04_written_last;
mod r05_no_orphans;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    r01_content_types::RULE,
    r02_playlists_gzipped::RULE,
    r03_cache_control::RULE,
    r04_written_last::RULE,
    r05_no_orphans::RULE,
];
