//! DSH: the MPD.

mod r01_well_formed_xml;
mod r02_static_with_duration;
mod r03_buffer_time_and_profiles;
mod r04_duration_matches_periods;
mod r05_durations_without_months;
mod r06_unique_ids;
mod r07_one_codec_per_set;
mod r08_required_attributes;
mod r09_representations_match_set;
mod r10_one_addressing_mode;
mod r11_template_identifiers;
mod r12_timeline_matches_segments;
mod r13_urls_exist;
mod r14_alignment_declared;
mod r15_bandwidth_suffices;
mod r16_roles_distinguish_sets;
mod r17_content_protection;
mod r18_renditions_match_job;
mod r19_references_inside_output;
mod r20_declared_alignment_is_true;
mod r21_declared_values_are_measured;
mod r22_distinct_content;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    r01_well_formed_xml::RULE,
    r02_static_with_duration::RULE,
    r03_buffer_time_and_profiles::RULE,
    r04_duration_matches_periods::RULE,
    r05_durations_without_months::RULE,
    r06_unique_ids::RULE,
    r07_one_codec_per_set::RULE,
    r08_required_attributes::RULE,
    r09_representations_match_set::RULE,
    r10_one_addressing_mode::RULE,
    r11_template_identifiers::RULE,
    r12_timeline_matches_segments::RULE,
    r13_urls_exist::RULE,
    r14_alignment_declared::RULE,
    r15_bandwidth_suffices::RULE,
    r16_roles_distinguish_sets::RULE,
    r17_content_protection::RULE,
    r18_renditions_match_job::RULE,
    r19_references_inside_output::RULE,
    r20_declared_alignment_is_true::RULE,
    r21_declared_values_are_measured::RULE,
    r22_distinct_content::RULE,
];
