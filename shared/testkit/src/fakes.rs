//! The ports in memory. They keep the same promises as the AWS adapters, which the suites prove.

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

/// A test that panicked elsewhere must not hide its message behind a poisoned lock.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
