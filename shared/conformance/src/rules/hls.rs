//! HLS-G: both kinds of playlist; HLS-M: the multivariant playlist; HLS-P: media playlists.

mod g01_utf8_without_bom;
mod g02_one_kind_of_playlist;
mod g03_version_suffices;
mod g04_attribute_lists;
mod g05_known_tags;
mod g06_relative_uris;
mod m01_two_video_variants;
mod m02_bandwidth_and_uri;
mod m03_codecs_complete;
mod m04_resolution_is_decoded_size;
mod m05_frame_rate_is_measured;
mod m06_average_bandwidth_present;
mod m07_bandwidth_near_peak;
mod m08_average_bandwidth_near_average;
mod m09_bandwidth_covers_sum;
mod m10_peak_at_most_twice_average;
mod m11_groups_exist;
mod m12_media_tags_complete;
mod m13_languages;
mod m14_parallel_groups_match;
mod m15_uri_and_instream_id_fit_type;
mod m16_forced_subtitles;
mod m17_accessibility_characteristics;
mod m18_separate_audio_languages;
mod m19_independent_segments;
mod m20_video_range;
mod m21_i_frame_playlists;
mod m22_renditions_match_job;
mod m23_distinct_variants;
mod m24_one_aspect_ratio;
mod m25_no_upscaling;
mod m26_score_on_all_or_none;
mod m27_references_are_media_playlists;
mod m28_declared_values_are_measured;
mod m29_distinct_content;
mod p01_target_duration;
mod p02_segments_within_target;
mod p03_extinf_well_formed;
mod p04_vod_with_endlist;
mod p05_extinf_matches_media;
mod p06_one_target_duration;
mod p07_equal_durations;
mod p08_aligned_video_segments;
mod p09_media_sequence;
mod p10_map_before_segments;
mod p11_discontinuities_match;
mod p12_keys_complete;
mod p13_byte_ranges;
mod p14_i_frame_entries;
mod p15_no_live_tags;
mod p16_segment_names_in_order;
mod p17_program_date_time;
mod p18_date_ranges;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    g01_utf8_without_bom::RULE,
    g02_one_kind_of_playlist::RULE,
    g03_version_suffices::RULE,
    g04_attribute_lists::RULE,
    g05_known_tags::RULE,
    g06_relative_uris::RULE,
    m01_two_video_variants::RULE,
    m02_bandwidth_and_uri::RULE,
    m03_codecs_complete::RULE,
    m04_resolution_is_decoded_size::RULE,
    m05_frame_rate_is_measured::RULE,
    m06_average_bandwidth_present::RULE,
    m07_bandwidth_near_peak::RULE,
    m08_average_bandwidth_near_average::RULE,
    m09_bandwidth_covers_sum::RULE,
    m10_peak_at_most_twice_average::RULE,
    m11_groups_exist::RULE,
    m12_media_tags_complete::RULE,
    m13_languages::RULE,
    m14_parallel_groups_match::RULE,
    m15_uri_and_instream_id_fit_type::RULE,
    m16_forced_subtitles::RULE,
    m17_accessibility_characteristics::RULE,
    m18_separate_audio_languages::RULE,
    m19_independent_segments::RULE,
    m20_video_range::RULE,
    m21_i_frame_playlists::RULE,
    m22_renditions_match_job::RULE,
    m23_distinct_variants::RULE,
    m24_one_aspect_ratio::RULE,
    m25_no_upscaling::RULE,
    m26_score_on_all_or_none::RULE,
    m27_references_are_media_playlists::RULE,
    m28_declared_values_are_measured::RULE,
    m29_distinct_content::RULE,
    p01_target_duration::RULE,
    p02_segments_within_target::RULE,
    p03_extinf_well_formed::RULE,
    p04_vod_with_endlist::RULE,
    p05_extinf_matches_media::RULE,
    p06_one_target_duration::RULE,
    p07_equal_durations::RULE,
    p08_aligned_video_segments::RULE,
    p09_media_sequence::RULE,
    p10_map_before_segments::RULE,
    p11_discontinuities_match::RULE,
    p12_keys_complete::RULE,
    p13_byte_ranges::RULE,
    p14_i_frame_entries::RULE,
    p15_no_live_tags::RULE,
    p16_segment_names_in_order::RULE,
    p17_program_date_time::RULE,
    p18_date_ranges::RULE,
];
