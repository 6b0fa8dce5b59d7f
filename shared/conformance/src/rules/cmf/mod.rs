//! Rules about CMAF files.

mod r01;
mod r02;
mod r03;
mod r04;
mod r05;
mod r06;
mod r07;
mod r08;

use super::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &r01::RULE,
    &r02::RULE,
    &r03::RULE,
    &r04::RULE,
    &r05::RULE,
    &r06::RULE,
    &r07::RULE,
    &r08::RULE,
];
