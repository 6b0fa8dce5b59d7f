//! The ports in memory. The suites check that they behave like the AWS adapters.

mod admissions;
mod clock;
mod encodes;
mod messages;
mod store;
mod submissions;

pub use admissions::MemoryAdmissions;
pub use clock::ManualClock;
pub use encodes::MemoryEncodes;
pub use messages::{MemoryAnnouncer, MemoryWorkflow};
pub use store::MemoryStore;
pub use submissions::MemorySubmissions;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex even if a test panicked while holding it, so that the message of that test is not hidden.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
