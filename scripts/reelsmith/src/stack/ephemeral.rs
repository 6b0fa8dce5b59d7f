//! A stack for one test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use reelsmith_aws::Sdk;
use reelsmith_aws::provision::Cloud;
use tempfile::TempDir;

use super::launch::Launch;
use super::{endpoint, health, processes};
use crate::error::Trouble;
use crate::project::Project;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);
/// Two tests may be given the same free port in the moment before it is taken.
const TRIES: u32 = 4;

/// A MiniStack of one's own. Dropping it ends it and everything it started; so does the death of its owner.
pub struct Stack {
    guard: Child,
    port: u16,
    folder: TempDir,
}

/// Resident memory of a stack's processes, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Of MiniStack itself, which keeps every object and the history of every execution.
    pub stack_kib: u64,
    /// Of the largest process of a function.
    pub largest_function_kib: u64,
}

impl Stack {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// Where MiniStack is not installed or does not come up.
    pub async fn ephemeral() -> Result<Self, Trouble> {
        Self::with(&[]).await
    }

    /// Starts one with more in its environment, for example `SFN_WAIT_SCALE`.
    ///
    /// # Errors
    /// As [`Stack::ephemeral`].
    pub async fn with(extra: &[(&str, &str)]) -> Result<Self, Trouble> {
        let project = Project::find()?;
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let extra: Vec<_> = extra.iter().map(own).collect();
        let mut last = None;
        for _ in 0..TRIES {
            match Self::start(&project, &extra).await {
                Ok(stack) => return Ok(stack),
                Err(trouble) => last = Some(trouble),
            }
        }
        Err(last.unwrap_or_else(|| failed("it was not tried")))
    }

    async fn start(project: &Project, extra: &[(String, String)]) -> Result<Self, Trouble> {
        let folder = TempDir::with_prefix("reelsmith-stack-").map_err(failed)?;
        let port = health::free_port().map_err(failed)?;
        let launch = Launch::new(project, port, folder.path(), extra)?;
        let log = File::create(folder.path().join("stack.log")).map_err(failed)?;
        let guard = launch
            .guarded()
            .stdin(Stdio::piped())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let mut stack = Self {
            guard,
            port,
            folder,
        };
        stack.ready().await?;
        Ok(stack)
    }

    async fn ready(&mut self) -> Result<(), Trouble> {
        let end = Instant::now() + START;
        while Instant::now() < end {
            // The order matters: another process may answer on the port after ours failed to get it.
            let healthy = health::healthy(self.port).await;
            if self.guard.try_wait().map_err(failed)?.is_some() {
                return Err(failed(self.log()));
            }
            if healthy {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(failed(format!("no answer in {START:?}\n{}", self.log())))
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds its log and its files, and goes with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The SDK's configuration for it.
    pub async fn sdk(&self) -> Sdk {
        Sdk::emulator(&self.endpoint()).await
    }

    /// The operator's clients for it.
    pub async fn cloud(&self) -> Cloud {
        Cloud::new(&self.sdk().await)
    }

    /// What MiniStack and its functions hold in memory now. Nothing where there is no /proc.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let guard = i32::try_from(self.guard.id()).unwrap_or(0);
        let below = |parents: &[i32]| {
            let mut members = processes::members(guard);
            members.retain(|pid| processes::parent(*pid).is_some_and(|p| parents.contains(&p)));
            members
        };
        // The guard's own child is a shell, and MiniStack is below it.
        let server = below(&below(&[guard]));
        let largest = |of: &[i32]| of.iter().map(|p| processes::resident_kib(*p)).max();
        Memory {
            stack_kib: largest(&server).unwrap_or(0),
            largest_function_kib: largest(&below(&server)).unwrap_or(0),
        }
    }

    /// What it has written so far, the output of functions included.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("stack.log")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // The guard leads the session, so its number is the session's.
        let session = i32::try_from(self.guard.id()).unwrap_or(0);
        drop(self.guard.stdin.take());
        processes::kill_now(session);
        let _ = self.guard.wait();
        processes::wait_gone(session);
    }
}

fn failed(why: impl ToString) -> Trouble {
    Trouble::new(
        "start a local stack for a test",
        why.to_string(),
        "run scripts/setup; if it is installed, its output above says what it misses",
    )
}
