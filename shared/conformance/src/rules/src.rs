//! SRC: comparisons with the mezzanine.

mod r01_pictures_of_their_time;
mod r02_every_frame_compared;
mod r03_sound_in_sync;
mod r04_sound_content;
mod r05_sound_length_and_level;
mod r06_captions;
mod sound;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    r01_pictures_of_their_time::RULE,
    r02_every_frame_compared::RULE,
    r03_sound_in_sync::RULE,
    r04_sound_content::RULE,
    r05_sound_length_and_level::RULE,
    r06_captions::RULE,
];
