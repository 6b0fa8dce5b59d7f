//! A stand-in for AWS Elemental MediaConvert, which no emulator has.
//!
//! It has the calls that reelsmith makes (CreateJob, GetJob, SearchJobs, ListJobs, CancelJob) in the service's REST-JSON, a
//! client token that lasts one minute, jobs that go from SUBMITTED through PROGRESSING to COMPLETE, ERROR or CANCELED, and
//! real output: ffmpeg encodes what the settings ask for, and the result is written where they say. [`Fault`]s make calls
//! and jobs fail on demand.
//!
//! It follows the service's API model and documentation, and proves nothing about the service itself.

mod api;
mod encode;
mod jobs;
mod playlist;
mod segments;
mod settings;

use std::io;
use std::sync::Arc;

use reelsmith_core::ports::{Clock, ObjectStore};
use reelsmith_media::Tools;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use jobs::{Fault, Job, Status};

/// What the stand-in works with.
pub struct Options {
    /// The clock by which client tokens expire.
    pub clock: Arc<dyn Clock>,
    /// Where outputs are written.
    pub store: Arc<dyn ObjectStore>,
    /// Address of the S3 that answers unsigned reads of the mezzanine.
    pub endpoint: String,
    /// ffmpeg; without it, jobs stay SUBMITTED.
    pub tools: Option<Tools>,
}

/// A running stand-in. Dropping it ends the server, its jobs and their ffmpeg.
pub struct StandIn {
    port: u16,
    jobs: Arc<jobs::Jobs>,
    server: JoinHandle<()>,
}

impl StandIn {
    /// Listens on a port of 127.0.0.1; 0 chooses a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(port: u16, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let jobs = Arc::new(jobs::Jobs::new(options));
        let router = api::router(Arc::clone(&jobs));
        let server = tokio::spawn(async move {
            // It never ends by itself.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, jobs, server })
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every job, oldest first.
    pub fn jobs(&self) -> Vec<Job> {
        self.jobs.all()
    }

    /// Adds a fault; faults happen in the order in which they are added.
    pub fn inject(&self, fault: Fault) {
        self.jobs.inject(fault);
    }

    /// Waits until the server ends, which it never does by itself.
    pub async fn ended(mut self) {
        // An aborted or panicked server has ended too.
        let _ = (&mut self.server).await;
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
        self.jobs.end();
    }
}

#[cfg(test)]
mod tests;
