//! A local stack for one test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use reelsmith_aws::Sdk;
use reelsmith_aws::provision::Cloud;
use tempfile::TempDir;

use super::ministack::{self, Launch, Ports};
use super::{endpoint, processes};
use crate::error::CliError;
use crate::project::Project;

/// Longest time that a start takes on a busy machine.
const START: Duration = Duration::from_secs(60);
/// Number of starts that are tried: two tests can find the same free port before one of them opens it.
const TRIES: u32 = 4;

/// A running MiniStack with its local S3. When it is dropped, or its owner dies, all of its processes end and its folder is removed.
pub struct Stack {
    guard: Child,
    port: u16,
    folder: TempDir,
}

/// Resident memory of a stack's processes, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// MiniStack, which keeps the history of every execution, and the local S3, which keeps the list of the objects.
    pub stack_kib: u64,
    /// The largest process of a function.
    pub largest_function_kib: u64,
}

impl Stack {
    /// Starts a stack on a free port.
    pub async fn ephemeral() -> Result<Self, CliError> {
        Self::with(&[]).await
    }

    /// Starts a stack with additional environment variables, for example `SFN_WAIT_SCALE`.
    pub async fn with(extra: &[(&str, &str)]) -> Result<Self, CliError> {
        let project = Project::find()?;
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let extra: Vec<_> = extra.iter().map(own).collect();
        let mut last = None;
        for _ in 0..TRIES {
            match Self::start(&project, &extra).await {
                Ok(stack) => return Ok(stack),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| failed("no start was tried")))
    }

    async fn start(project: &Project, extra: &[(String, String)]) -> Result<Self, CliError> {
        let folder = TempDir::with_prefix("reelsmith-stack-").map_err(failed)?;
        let [port, emulator] = ministack::free_ports().map_err(failed)?;
        let ports = Ports {
            stack: port,
            emulator,
        };
        let launch = Launch::new(project, ports, folder.path(), extra)?;
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

    async fn ready(&mut self) -> Result<(), CliError> {
        let end = Instant::now() + START;
        while Instant::now() < end {
            // In this order, because another process may answer on the port that ours did not get.
            let healthy = ministack::healthy(self.port).await;
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

    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its log and its files, removed with it.
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

    /// The resident memory of the servers and of the functions now; zeros on a system without /proc.
    pub fn memory(&self) -> Memory {
        let guard = i32::try_from(self.guard.id()).unwrap_or(0);
        let below = |parents: &[i32]| {
            let mut members = processes::members(guard);
            members.retain(|pid| processes::parent(*pid).is_some_and(|p| parents.contains(&p)));
            members
        };
        // The children of the guard are shells, and the servers are their children.
        let servers = below(&below(&[guard]));
        let resident =
            |of: &[i32]| -> Vec<u64> { of.iter().map(|p| processes::resident_kib(*p)).collect() };
        Memory {
            stack_kib: resident(&servers).iter().sum(),
            largest_function_kib: resident(&below(&servers)).into_iter().max().unwrap_or(0),
        }
    }

    /// Its log so far, with the output of the functions.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("stack.log")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // The guard leads the session, so its process id is the id of the session.
        let session = i32::try_from(self.guard.id()).unwrap_or(0);
        drop(self.guard.stdin.take());
        processes::kill_now(session);
        let _ = self.guard.wait();
        processes::wait_gone(session);
    }
}

fn failed(why: impl ToString) -> CliError {
    CliError::new(
        "start a local stack for a test",
        why.to_string(),
        "run scripts/setup; if MiniStack is installed, its output above gives the reason",
    )
}
