//! Rules about the pipeline's own promises.

mod r01_recorded_identity;
mod r02_everything_measured;
mod r03_report_stored;

use super::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &r01_recorded_identity::RULE,
    &r02_everything_measured::RULE,
    &r03_report_stored::RULE,
];
