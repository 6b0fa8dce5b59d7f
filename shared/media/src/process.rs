//! Running ffmpeg and ffprobe: confined, in a process group of their own, without environment, with limits on time, memory
//! and output. Progress is watched and processor time measured.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::{Instant, timeout_at};

use crate::command::Command;
use crate::confine::{self, AccessRules, Layers};
use crate::error::{MediaError, ProgramFailure};

mod pcm;

pub(crate) use pcm::{PcmFrame, run_pcm};

/// Limits of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time of the whole run.
    pub wall: Duration,
    /// Longest time without progress.
    pub stall: Duration,
    /// Address space in bytes.
    pub memory: u64,
    /// Processor time of all threads in seconds.
    pub cpu: Option<u64>,
    /// Size of each file that the program writes, in bytes.
    pub file_size: u64,
}

impl Default for Limits {
    /// For a function with a timeout of fifteen minutes.
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(840),
            stall: Duration::from_secs(60),
            memory: 16 << 30,
            cpu: None,
            file_size: 8 << 30,
        }
    }
}

impl Limits {
    /// For probing, which takes about a second: a file that takes much longer is hostile.
    #[must_use]
    pub fn probing() -> Self {
        Self {
            wall: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            memory: 2 << 30,
            cpu: Some(8),
            file_size: 0,
        }
    }

    /// For reading the times of all packets, which may take as long as reading the whole file.
    #[must_use]
    pub fn indexing() -> Self {
        Self {
            memory: 4 << 30,
            file_size: 0,
            ..Self::default()
        }
    }
}

/// The result of a successful run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompletedRun {
    /// Processor time of all threads in milliseconds, user and system, with the kernel's resolution of 10 ms.
    pub cpu_ms: u64,
    /// The end of its stderr.
    pub stderr: String,
}

/// What a line of stdout shows about a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    Progress,
    /// The program runs, but makes no progress.
    Idle,
}

/// Bytes of stderr that are kept.
const STDERR_TAIL: usize = 4 << 10;
/// Longest line of stdout in bytes.
const MAX_LINE: u64 = 64 << 10;

/// Runs a command to its end. Every line of its stdout goes to `on_line`, which decides whether it shows progress.
///
/// The child leads a process group of its own, which is killed when this future is dropped.
///
/// # Errors
/// [`MediaError::Program`], or the error of `on_line`.
pub async fn run<F>(
    command: &Command,
    limits: &Limits,
    mut on_line: F,
) -> Result<CompletedRun, MediaError>
where
    F: FnMut(&str) -> Result<Activity, MediaError> + Send,
{
    let wall = Instant::now() + limits.wall;
    let (mut child, mut group) = start(command).await?;
    apply_limits(group.pid, limits);
    let tail = tokio::spawn(keep_tail(child.stderr.take()));
    let exit = tokio::task::spawn_blocking({
        let pid = group.pid;
        move || cpu_ms_at_exit(pid)
    });
    let watched = async {
        let last = watch_output(child.stdout.take(), limits, wall, &mut on_line).await?;
        let deadline = wall.min(last + limits.stall);
        let cpu_ms = timeout_at(deadline, exit).await;
        cpu_ms.map_err(|_| StopReason::at(deadline, wall))
    };
    let watched = watched.await;
    // Also after success: a helper process that outlives its leader would keep stderr open.
    group.kill();
    let status = child.wait().await;
    group.reaped = true;
    let stderr = tail.await.unwrap_or_default();
    match watched {
        Ok(cpu_ms) => {
            let cpu_ms = cpu_ms.ok().flatten().unwrap_or_default();
            check_exit(command, status, CompletedRun { cpu_ms, stderr })
        }
        Err(reason) => Err(reason.into_error(command, limits, stderr)),
    }
}

/// Runs an ffmpeg command that prints its `-progress` to stdout.
///
/// # Errors
/// As [`run`].
pub async fn run_with_progress(
    command: &Command,
    limits: &Limits,
) -> Result<CompletedRun, MediaError> {
    let mut position = FfmpegPosition::default();
    // Boxed to keep the futures of the callers small.
    Box::pin(run(command, limits, |line| Ok(position.read(line)))).await
}

/// The process group of a child; killed when dropped before its leader is reaped.
struct Group {
    pid: Pid,
    reaped: bool,
}

impl Group {
    fn kill(&self) {
        // An error means that the group has ended already.
        let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
        }
    }
}

/// Why a run was stopped.
enum StopReason {
    Stalled,
    TimedOut,
    LineTooLong,
    Refused(MediaError),
    Unreadable(io::Error),
}

impl StopReason {
    fn at(deadline: Instant, wall: Instant) -> Self {
        if deadline == wall {
            Self::TimedOut
        } else {
            Self::Stalled
        }
    }

    fn into_error(self, command: &Command, limits: &Limits, stderr: String) -> MediaError {
        let failure = match self {
            Self::Stalled => ProgramFailure::Stalled {
                seconds: limits.stall.as_secs(),
                stderr,
            },
            Self::TimedOut => ProgramFailure::TimedOut {
                seconds: limits.wall.as_secs(),
                stderr,
            },
            Self::LineTooLong => ProgramFailure::LineTooLong { limit: MAX_LINE },
            Self::Refused(error) => return error,
            Self::Unreadable(error) => {
                return MediaError::io("reading the output of a program")(error);
            }
        };
        failed(command, failure)
    }
}

fn failed(command: &Command, failure: ProgramFailure) -> MediaError {
    MediaError::Program {
        command: Box::new(command.clone()),
        failure,
    }
}

fn not_started(command: &Command, error: io::Error) -> MediaError {
    failed(command, ProgramFailure::NotStarted(error))
}

/// Starts the program from a thread that confines itself first and ends afterwards.
async fn start(command: &Command) -> Result<(Child, Group), MediaError> {
    let (sender, started) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    let layers = Layers::active();
    let ours = command.clone();
    let thread = std::thread::Builder::new().name("confined".to_owned());
    let thread = thread.spawn(move || {
        let _entered = runtime.enter();
        let spawned = confine::confine(&AccessRules::of(&ours), layers).and_then(|()| spawn(&ours));
        // If the receiver is gone, dropping the group kills it.
        drop(sender.send(spawned));
    });
    thread.map_err(|e| not_started(command, e))?;
    let started = started.await;
    started.unwrap_or_else(|e| Err(not_started(command, io::Error::other(e))))
}

#[expect(clippy::disallowed_methods, reason = "this is where processes start")]
fn spawn(command: &Command) -> Result<(Child, Group), MediaError> {
    let mut process = tokio::process::Command::new(&command.program);
    process
        .args(&command.args)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(directory) = &command.directory {
        process.current_dir(directory);
    }
    let child = process.spawn().map_err(|e| not_started(command, e))?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    let pid = pid.and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| not_started(command, io::Error::other("no process id")))?;
    let group = Group { pid, reaped: false };
    Ok((child, group))
}

/// Limit of open files: libraries, outputs, connections.
const OPEN_FILES: u64 = 256;
/// Threads and processes that a program may add to those of the whole system. Encoders start a few dozen.
const TASKS: u64 = 512;

/// Sets the child's limits from outside, while it is loading its libraries. Failures are ignored, because they mean that
/// the child has ended already.
fn apply_limits(pid: Pid, limits: &Limits) {
    let set = |resource, value: u64| {
        let limit = Rlimit {
            current: Some(value),
            maximum: Some(value),
        };
        if let Err(error) = rustix::process::prlimit(Some(pid), resource, limit) {
            tracing::debug!(?resource, %error, "limit not set");
        }
    };
    set(Resource::Core, 0);
    set(Resource::Fsize, limits.file_size);
    set(Resource::As, limits.memory);
    set(Resource::Nofile, OPEN_FILES);
    if let Some(seconds) = limits.cpu {
        set(Resource::Cpu, seconds);
    }
    // The kernel counts all tasks of the user, so the limit is relative to the tasks that run now.
    if let Some(running) = running_tasks() {
        set(Resource::Nproc, running + TASKS);
    }
}

/// Threads and processes of the system, from `/proc/loadavg` (proc(5)): `0.20 0.18 0.12 1/80 11206`.
fn running_tasks() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let (_, total) = text.split_ascii_whitespace().nth(3)?.split_once('/')?;
    total.parse().ok()
}

/// Reads stdout to its end. Returns the instant of the last progress, or why the run must be stopped.
async fn watch_output<F>(
    stdout: Option<ChildStdout>,
    limits: &Limits,
    wall: Instant,
    on_line: &mut F,
) -> Result<Instant, StopReason>
where
    F: FnMut(&str) -> Result<Activity, MediaError> + Send,
{
    let mut last = Instant::now();
    let Some(stdout) = stdout else {
        return Ok(last);
    };
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        let deadline = wall.min(last + limits.stall);
        line.clear();
        let read = timeout_at(deadline, read_line(&mut reader, &mut line)).await;
        let more = read.map_err(|_| StopReason::at(deadline, wall))?;
        if !more? {
            return Ok(last);
        }
        let text = String::from_utf8_lossy(&line);
        if on_line(text.trim_end()).map_err(StopReason::Refused)? == Activity::Progress {
            last = Instant::now();
        }
    }
}

/// Reads one line of at most [`MAX_LINE`] bytes; false at the end.
async fn read_line<R>(reader: &mut BufReader<R>, line: &mut Vec<u8>) -> Result<bool, StopReason>
where
    R: AsyncRead + Unpin,
{
    let mut bounded = reader.take(MAX_LINE);
    let read = bounded.read_until(b'\n', line).await;
    let read = read.map_err(StopReason::Unreadable)? as u64;
    if read == MAX_LINE && line.last() != Some(&b'\n') {
        return Err(StopReason::LineTooLong);
    }
    Ok(read > 0)
}

/// Reads stderr to its end and keeps the last [`STDERR_TAIL`] bytes.
async fn keep_tail(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else {
        return String::new();
    };
    let mut tail = Vec::new();
    let mut buffer = vec![0; STDERR_TAIL];
    while let Ok(read) = stderr.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        tail.extend_from_slice(&buffer[..read]);
        let surplus = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..surplus);
    }
    String::from_utf8_lossy(&tail).trim().to_owned()
}

/// Waits for the exit without reaping the child, so that `/proc` still has its processor time.
fn cpu_ms_at_exit(pid: Pid) -> Option<u64> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(error) = rustix::process::waitid(WaitId::Pid(pid), options) {
        if error != rustix::io::Errno::INTR {
            return None;
        }
    }
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    cpu_ms(&stat, rustix::param::clock_ticks_per_second())
}

/// `utime` plus `stime`, fields 14 and 15 of `/proc/[pid]/stat` (proc(5)). The name before them may contain spaces and brackets.
fn cpu_ms(stat: &str, ticks_per_second: u64) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * 1_000 / ticks_per_second.max(1))
}

fn check_exit(
    command: &Command,
    status: io::Result<ExitStatus>,
    completed: CompletedRun,
) -> Result<CompletedRun, MediaError> {
    let status = status.map_err(MediaError::io("waiting for a program to exit"))?;
    if status.success() {
        return Ok(completed);
    }
    let stderr = completed.stderr;
    Err(failed(command, ProgramFailure::Exit { status, stderr }))
}

/// The position of ffmpeg from its `-progress` lines. Newer builds repeat a position when stuck, so only a change is progress.
#[derive(Default)]
struct FfmpegPosition {
    frame: String,
    time: String,
    size: String,
}

impl FfmpegPosition {
    fn read(&mut self, line: &str) -> Activity {
        let Some((key, value)) = line.split_once('=') else {
            return Activity::Idle;
        };
        let slot = match key {
            "frame" => &mut self.frame,
            "out_time_us" => &mut self.time,
            "total_size" => &mut self.size,
            "progress" if value == "end" => return Activity::Progress,
            _ => return Activity::Idle,
        };
        if slot == value {
            return Activity::Idle;
        }
        value.clone_into(slot);
        Activity::Progress
    }
}

#[cfg(test)]
mod tests;
