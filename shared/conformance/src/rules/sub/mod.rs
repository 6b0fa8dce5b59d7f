//! Rules about captions.

mod r01;
mod r02;
mod r03;

use super::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[&r01::RULE, &r02::RULE, &r03::RULE];
