//! Synthetic deliveries for tests: bytes built by hand, as small as the rules allow.

pub mod boxes;
