//! Proving an output: what was measured of it, what the records say, and the page that shows both.

pub mod evidence;
pub mod gather;
pub mod measure;
pub mod page;

#[cfg(test)]
mod tests;
