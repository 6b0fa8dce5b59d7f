//! SEG: media segments.

mod r01_objects_exist;
mod r02_checksums_match;
mod r03_starts_with_idr;
mod r04_idr_interval;
mod r05_transport_stream_continuity;
mod r06_decode_times_continuous;
mod r07_frame_count;
mod r08_audio_sample_count;
mod r09_audio_and_video_equally_long;
mod r10_profile_and_level;
mod r11_sample_entries;
mod r12_one_encoding_per_rung;
mod r13_one_colour_description;
mod r14_square_and_progressive;
mod r15_stereo_aac;
mod r16_loudness;
mod r17_chunk_quality;
mod r18_dead_media;
mod r19_whole_units;
mod r20_plausible_pictures;
mod r21_sync_flags;
mod r22_parameter_sets;
mod r23_whole_audio_frames;
mod r24_presentation_order;
mod r25_sample_entry_matches;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    r01_objects_exist::RULE,
    r02_checksums_match::RULE,
    r03_starts_with_idr::RULE,
    r04_idr_interval::RULE,
    r05_transport_stream_continuity::RULE,
    r06_decode_times_continuous::RULE,
    r07_frame_count::RULE,
    r08_audio_sample_count::RULE,
    r09_audio_and_video_equally_long::RULE,
    r10_profile_and_level::RULE,
    r11_sample_entries::RULE,
    r12_one_encoding_per_rung::RULE,
    r13_one_colour_description::RULE,
    r14_square_and_progressive::RULE,
    r15_stereo_aac::RULE,
    r16_loudness::RULE,
    r17_chunk_quality::RULE,
    r18_dead_media::RULE,
    r19_whole_units::RULE,
    r20_plausible_pictures::RULE,
    r21_sync_flags::RULE,
    r22_parameter_sets::RULE,
    r23_whole_audio_frames::RULE,
    r24_presentation_order::RULE,
    r25_sample_entry_matches::RULE,
];
