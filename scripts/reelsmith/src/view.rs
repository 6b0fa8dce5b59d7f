//! Output for people: text, progress, timelines and the local web pages.

pub mod console;
pub mod follow;
pub mod play;
pub mod text;
pub mod timeline;
pub mod web;
