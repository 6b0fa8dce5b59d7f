//! The local stack of a checkout, which runs until `reelsmith down`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::ministack::{self, LOCAL_S3, Launch, Ports};
use super::{endpoint, processes};
use crate::error::{CliError, ResultExt};
use crate::project::Project;

/// The usual port of an AWS emulator.
const USUAL_PORT: u16 = 4566;
/// The program in place of MediaConvert, which the emulator does not have.
const STANDIN: &str = "mediaconvert-standin";
const START: Duration = Duration::from_secs(60);

/// The stack that was started, stored in `.local/stack.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackState {
    /// Process id of MiniStack, which leads its session and its process group.
    pub pid: i32,
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Process id of the local S3, which answers on the port; it leads its session and its process group.
    #[serde(default)]
    pub s3: Option<i32>,
    /// Time of the start, RFC 3339.
    pub started: String,
    /// The program in place of MediaConvert, if it was built.
    #[serde(default)]
    pub encoder: Option<Standin>,
}

/// The running program in place of MediaConvert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standin {
    /// Process id; the process leads its session and its process group.
    pub pid: i32,
    /// Port on 127.0.0.1.
    pub port: u16,
}

impl StackState {
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }
}

/// Locks the stack of a checkout while it is started, deployed to or ended. Waits for another command that holds the
/// lock. The lock is released when the file is dropped.
pub fn lock(project: &Project) -> Result<File, CliError> {
    let path = project.local("stack.lock");
    std::fs::create_dir_all(project.local("")).on_file("lock", &path)?;
    let file = File::create(&path).on_file("lock", &path)?;
    file.lock().on_file("lock", &path)?;
    Ok(file)
}

/// The stack, if it is running and answers.
pub async fn running(project: &Project) -> Option<StackState> {
    let state = recorded(project)?;
    let ours = processes::is_program(state.pid, "ministack");
    (ours && ministack::healthy(state.port).await).then_some(state)
}

/// Starts the stack if it is not running; also returns whether this call started it.
pub async fn up(project: &Project) -> Result<(StackState, bool), CliError> {
    if let Some(state) = running(project).await {
        return Ok((state, false));
    }
    let before = recorded(project);
    // A stack that no longer answers is ended first, because the new one uses the same files.
    down(project).await?;
    let state = start(project, pick_port(before.as_ref())?).await?;
    Ok((state, true))
}

/// Ends the stack and every process that it started; false if there was none.
pub async fn down(project: &Project) -> Result<bool, CliError> {
    let Some(state) = recorded(project) else {
        return Ok(false);
    };
    if let Some(standin) = &state.encoder {
        end(standin.pid, STANDIN).await?;
    }
    if let Some(s3) = state.s3 {
        end(s3, LOCAL_S3).await?;
    }
    end(state.pid, "ministack").await?;
    remove(project)?;
    Ok(true)
}

/// Ends a session that a program of this name leads. If the process id now belongs to another program, it is left alone;
/// if there is no process with the id, the session may still have orphans.
async fn end(pid: i32, name: &str) -> Result<(), CliError> {
    let ours = processes::is_program(pid, name) || !processes::exists(pid);
    if ours && !processes::end_session(pid).await {
        return Err(CliError::new(
            "end the local stack",
            format!("processes of session {pid} do not end"),
            format!("look at them with `ps -s {pid}` and end them"),
        ));
    }
    Ok(())
}

fn recorded(project: &Project) -> Option<StackState> {
    let text = std::fs::read_to_string(state_path(project)).ok()?;
    serde_json::from_str(&text).ok()
}

fn state_path(project: &Project) -> PathBuf {
    project.local("stack.json")
}

fn remove(project: &Project) -> Result<(), CliError> {
    let folder = project.local("stack");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).on_file("remove", &folder)?;
    }
    let path = state_path(project);
    std::fs::remove_file(&path).on_file("remove", &path)
}

fn pick_port(before: Option<&StackState>) -> Result<u16, CliError> {
    let wanted = before.map_or(USUAL_PORT, |s| s.port);
    if ministack::is_free(wanted) {
        return Ok(wanted);
    }
    let [port] = ministack::free_ports().map_err(|e| failed(&e.to_string()))?;
    Ok(port)
}

async fn start(project: &Project, port: u16) -> Result<StackState, CliError> {
    let free = ministack::free_ports();
    let [emulator, encoder_port] = free.map_err(|e| failed(&e.to_string()))?;
    let ports = Ports {
        stack: port,
        emulator,
    };
    let extra = [(
        "AWS_ENDPOINT_URL_MEDIACONVERT".to_owned(),
        endpoint(encoder_port),
    )];
    let launch = Launch::new(project, ports, &project.local("stack"), &extra)?;
    let log_path = project.local("stack.log");
    let mut child = spawn(launch.alone(), &log_path)?;
    let s3 = spawn(launch.s3(), &project.local(format!("{LOCAL_S3}.log")))?;
    let state = StackState {
        pid: i32::try_from(child.id()).unwrap_or(0),
        port,
        s3: i32::try_from(s3.id()).ok(),
        started: jiff::Timestamp::now().to_string(),
        encoder: start_standin(project, &launch, port, encoder_port)?,
    };
    write(project, &state)?;
    let end = Instant::now() + START;
    loop {
        let healthy = ministack::healthy(port).await;
        let ended = child.try_wait().map_err(|e| failed(&e.to_string()))?;
        if ended.is_some() || Instant::now() >= end {
            down(project).await?;
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            return Err(failed(&log));
        }
        if healthy {
            return Ok(state);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Starts the program in place of MediaConvert, if it was built. Without it, jobs for MediaConvert fail.
fn start_standin(
    project: &Project,
    launch: &Launch,
    stack: u16,
    port: u16,
) -> Result<Option<Standin>, CliError> {
    let program = project.binary(STANDIN);
    if !program.is_file() {
        return Ok(None);
    }
    let log_path = project.local(format!("{STANDIN}.log"));
    let media = project.media().display().to_string();
    let (port_text, endpoint) = (port.to_string(), endpoint(stack));
    let arguments = [
        "--port",
        &port_text,
        "--endpoint",
        &endpoint,
        "--media",
        &media,
    ];
    let command = launch.other(&program, &arguments.map(str::to_owned));
    let pid = i32::try_from(spawn(command, &log_path)?.id()).unwrap_or(0);
    Ok(Some(Standin { pid, port }))
}

/// Starts a program whose output goes to a log file.
fn spawn(mut command: Command, log: &Path) -> Result<Child, CliError> {
    let file = File::create(log).on_file("write", log)?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone().on_file("write", log)?)
        .stderr(file)
        .spawn()
        .map_err(|e| failed(&e.to_string()).with_source(e))
}

fn write(project: &Project, state: &StackState) -> Result<(), CliError> {
    let path = state_path(project);
    let text = serde_json::to_string_pretty(state).unwrap_or_default();
    // Renamed into place, so that a reader never sees an incomplete file.
    let draft = path.with_extension("json.new");
    std::fs::write(&draft, text)
        .and_then(|()| std::fs::rename(&draft, &path))
        .on_file("write", &path)
}

fn failed(log: &str) -> CliError {
    let tail: Vec<&str> = log.lines().rev().take(12).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    CliError::new(
        "start the local stack",
        format!(
            "MiniStack ended or did not answer in time; the last lines of its log:\n{}",
            tail.join("\n")
        ),
        "read .local/stack.log; if packages are missing, run scripts/setup again",
    )
}
