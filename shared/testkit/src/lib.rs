//! Fakes, one behaviour suite per port, fault injection.
//!
//! A fake is only worth what the suite says of it: [`suites`] hold every promise of the ports, and the fakes here and
//! the AWS adapters both pass them. [`faults`] wraps any port and fails, delays or loses answers by a script.
//! [`fuzz`] damages files.

pub mod fakes;
pub mod faults;
pub mod fuzz;
pub mod orders;
pub mod suites;
