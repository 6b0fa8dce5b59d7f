//! IMG: thumbnails and the poster.

mod r01_thumbnail_declaration;
mod r02_thumbnails_and_poster_exist;

use crate::rule::Rule;

pub(super) static RULES: &[Rule] = &[
    r01_thumbnail_declaration::RULE,
    r02_thumbnails_and_poster_exist::RULE,
];
