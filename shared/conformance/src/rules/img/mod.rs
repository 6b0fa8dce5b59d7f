//! Rules about thumbnails and poster.

mod r01;
mod r02;

use super::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[&r01::RULE, &r02::RULE];
