//! Rules about the pipeline's own promises.

mod r02;

use super::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[&r02::RULE];
