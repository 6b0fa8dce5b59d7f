//! The stack that stays: `reelsmith up`, `status`, `down`.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::launch::Launch;
use super::{endpoint, health, processes};
use crate::error::Trouble;
use crate::project::Project;

/// The port where people look for a local AWS.
const USUAL_PORT: u16 = 4566;
/// The stand-in for MediaConvert, which no emulator has.
const STANDIN: &str = "mediaconvert-standin";
const START: Duration = Duration::from_secs(60);

/// `.local/stack.json`: the stack that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackState {
    /// Process of MiniStack; it leads its session and its process group.
    pub pid: i32,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// When it was started, RFC 3339.
    pub started: String,
    /// The stand-in for MediaConvert beside it, where it was built.
    #[serde(default)]
    pub encoder: Option<Beside>,
}

/// A program beside the emulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Its process; it leads its session and its process group.
    pub pid: i32,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
}

impl StackState {
    /// Its endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }
}

/// Held while the stack is started, deployed to or ended; released when dropped. Waits for whoever holds it.
///
/// # Errors
/// Where `.local` cannot be written.
pub fn lock(project: &Project) -> Result<File, Trouble> {
    let path = project.local("stack.lock");
    let folder = project.local("");
    let trouble = |e| Trouble::file("lock", &path, &e);
    std::fs::create_dir_all(folder).map_err(trouble)?;
    let file = File::create(&path).map_err(trouble)?;
    file.lock().map_err(trouble)?;
    Ok(file)
}

/// The stack that runs, if one does and answers.
pub async fn running(project: &Project) -> Option<StackState> {
    let state = recorded(project)?;
    (processes::is_ministack(state.pid) && health::healthy(state.port).await).then_some(state)
}

/// The running stack, started if need be; and whether this call started it.
///
/// # Errors
/// Where MiniStack is not installed or does not come up.
pub async fn up(project: &Project) -> Result<(StackState, bool), Trouble> {
    if let Some(state) = running(project).await {
        return Ok((state, false));
    }
    let before = recorded(project);
    // What answers no more is ended before another is started over its files.
    down(project).await?;
    let state = start(project, pick_port(before.as_ref())?).await?;
    Ok((state, true))
}

/// Ends the stack and everything it started; false where there was none.
///
/// # Errors
/// Where something of it does not end.
pub async fn down(project: &Project) -> Result<bool, Trouble> {
    let Some(state) = recorded(project) else {
        return Ok(false);
    };
    // A leader of this number that is not MiniStack is somebody else's; no leader at all may have left orphans.
    if let Some(beside) = &state.encoder {
        end(beside.pid, STANDIN).await?;
    }
    end(state.pid, "ministack").await?;
    remove(project)?;
    Ok(true)
}

/// Ends a session that a program of this name leads.
async fn end(pid: i32, name: &str) -> Result<(), Trouble> {
    let ours = processes::is_program(pid, name) || !processes::exists(pid);
    if ours && !processes::end_session(pid).await {
        return Err(Trouble::new(
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

fn remove(project: &Project) -> Result<(), Trouble> {
    let folder = project.local("stack");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|e| Trouble::file("remove", &folder, &e))?;
    }
    let path = state_path(project);
    std::fs::remove_file(&path).map_err(|e| Trouble::file("remove", &path, &e))
}

fn pick_port(before: Option<&StackState>) -> Result<u16, Trouble> {
    let wanted = before.map_or(USUAL_PORT, |s| s.port);
    if health::is_free(wanted) {
        return Ok(wanted);
    }
    health::free_port().map_err(|e| failed(&e.to_string()))
}

async fn start(project: &Project, port: u16) -> Result<StackState, Trouble> {
    let beside = health::free_port().map_err(|e| failed(&e.to_string()))?;
    let extra = [("AWS_ENDPOINT_URL_MEDIACONVERT".to_owned(), endpoint(beside))];
    let launch = Launch::new(project, port, &project.local("stack"), &extra)?;
    let log_path = project.local("stack.log");
    let open = |e| Trouble::file("write", &log_path, &e);
    let log = File::create(&log_path).map_err(open)?;
    let mut child = launch
        .alone()
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(open)?)
        .stderr(log)
        .spawn()
        .map_err(|e| failed(&e.to_string()))?;
    let state = StackState {
        pid: i32::try_from(child.id()).unwrap_or(0),
        port,
        started: jiff::Timestamp::now().to_string(),
        encoder: standin(project, &launch, port, beside)?,
    };
    write(project, &state)?;
    let end = Instant::now() + START;
    loop {
        let healthy = health::healthy(port).await;
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

/// Starts the stand-in for MediaConvert where it was built; without it, jobs that ask for MediaConvert fail.
fn standin(
    project: &Project,
    launch: &Launch,
    stack: u16,
    port: u16,
) -> Result<Option<Beside>, Trouble> {
    let program = project.binary(STANDIN);
    if !program.is_file() {
        return Ok(None);
    }
    let log_path = project.local(format!("{STANDIN}.log"));
    let open = |e| Trouble::file("write", &log_path, &e);
    let log = File::create(&log_path).map_err(open)?;
    let arguments = ["--port", &port.to_string(), "--endpoint", &endpoint(stack)];
    let child = launch
        .beside(&program, &arguments.map(str::to_owned))
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(open)?)
        .stderr(log)
        .spawn()
        .map_err(|e| failed(&e.to_string()))?;
    let pid = i32::try_from(child.id()).unwrap_or(0);
    Ok(Some(Beside { pid, port }))
}

fn write(project: &Project, state: &StackState) -> Result<(), Trouble> {
    let path = state_path(project);
    let text = serde_json::to_string_pretty(state).unwrap_or_default();
    // Renamed into place, so that a reader never sees half of it.
    let draft = path.with_extension("json.new");
    std::fs::write(&draft, text)
        .and_then(|()| std::fs::rename(&draft, &path))
        .map_err(|e| Trouble::file("write", &path, &e))
}

fn failed(log: &str) -> Trouble {
    let tail: Vec<&str> = log.lines().rev().take(12).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Trouble::new(
        "start the local stack",
        format!(
            "MiniStack ended or did not answer in time; the end of its log:\n{}",
            tail.join("\n")
        ),
        "read .local/stack.log; run scripts/setup again if packages are missing",
    )
}
