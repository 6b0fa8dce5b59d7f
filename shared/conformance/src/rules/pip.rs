//! PIP: promises of the pipeline itself.

mod r01_recorded_identity;
mod r02_everything_measured;
mod r03_report_stored;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    r01_recorded_identity::RULE,
    r02_everything_measured::RULE,
    r03_report_stored::RULE,
];
