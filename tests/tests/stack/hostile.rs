//! Hostile media and manifests: the whole corpus through the functions in this process with real ffmpeg, and a part of it
//! through the local stack.
//!
//! `HOSTILE=full` takes every truncation and bit flip instead of a seeded sample, and with `UPDATE_DOCS=1` writes the results
//! into docs/security.md. `HOSTILE_KEEP=FOLDER` writes the corpus into a folder.

mod line;
mod manifests;
mod media;
mod stack;
mod tally;

use std::time::Duration;

/// Time limit for every attack.
const SOON: Duration = Duration::from_secs(10);

/// [`SOON`], longer if the load of this machine is higher than its number of processors.
fn soon() -> Duration {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load
        .split(' ')
        .next()
        .and_then(|l| l.parse().ok())
        .unwrap_or(0.0);
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    // Two cases run at once.
    SOON.mul_f64((load / processors as f64).max(1.0))
}

fn full() -> bool {
    std::env::var_os("HOSTILE").is_some_and(|v| v == "full")
}
