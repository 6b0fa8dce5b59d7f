//! A stand-in for AWS Elemental MediaConvert, which no emulator has: the calls that reelsmith makes (CreateJob, GetJob,
//! SearchJobs, ListJobs, CancelJob) in the service's own REST-JSON, a token that lasts one minute, jobs that go from
//! SUBMITTED over PROGRESSING to COMPLETE, ERROR or CANCELED, and real output: ffmpeg makes what the settings ask for and it
//! is written where they say.
//!
//! It belongs to the tests and to the local stack. What it says of MediaConvert is what the service's API model and
//! documentation say; it is no proof of what the service itself does.

mod api;
mod cut;
mod encode;
mod faults;
mod jobs;
mod playlist;
mod wanted;

use std::io;
use std::sync::Arc;

use reelsmith_core::ports::{Clock, ObjectStore};
use reelsmith_media::Tools;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use faults::Fault;
pub use jobs::{JobView, Status};

/// What it works with.
pub struct Options {
    /// Wall-clock time, by which tokens lapse.
    pub clock: Arc<dyn Clock>,
    /// Where outputs go.
    pub store: Arc<dyn ObjectStore>,
    /// Where S3 answers unsigned reads of the mezzanine.
    pub endpoint: String,
    /// ffmpeg; without it, jobs wait for ever.
    pub tools: Option<Tools>,
}

/// A stand-in that listens. Dropping it ends it, its jobs and their ffmpeg.
pub struct StandIn {
    port: u16,
    jobs: Arc<jobs::Jobs>,
    server: JoinHandle<()>,
}

impl StandIn {
    /// Listens on a port of 127.0.0.1; 0 chooses a free one.
    ///
    /// # Errors
    /// Where the port is taken.
    pub async fn start(port: u16, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let jobs = Arc::new(jobs::Jobs::new(options));
        let server = tokio::spawn(api::accept(listener, Arc::clone(&jobs)));
        Ok(Self { port, jobs, server })
    }

    /// Where it answers.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every job, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobView> {
        self.jobs.views()
    }

    /// Bodies of the accepted CreateJob requests, oldest first; repeats of a token are not among them.
    #[must_use]
    pub fn requests(&self) -> Vec<serde_json::Value> {
        self.jobs.requests()
    }

    /// Makes the next calls or jobs fail; faults come in the order in which they were given.
    pub fn inject(&self, fault: Fault) {
        self.jobs.inject(fault);
    }

    /// Waits until the server ends, which it does not by itself.
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
