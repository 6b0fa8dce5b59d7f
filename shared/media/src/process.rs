//! Running a program: confined, own process group, no environment, bounded time, memory and output, progress watched,
//! processor time measured.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::{Instant, timeout_at};

use crate::command::Command;
use crate::confine::{self, Layers, Reach};
use crate::error::MediaError;

/// Bounds of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time of the whole run.
    pub wall: Duration,
    /// Longest time without progress.
    pub stall: Duration,
    /// Address space in bytes.
    pub memory: u64,
    /// Processor time in seconds, of all threads, where it is bounded.
    pub cpu: Option<u64>,
    /// Size of any one file the program writes, in bytes.
    pub file_size: u64,
}

impl Default for Limits {
    /// What fits into a function of fifteen minutes.
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
    /// Reading a file's facts, which takes a second where the file is honest: what takes more is ended before it costs.
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

    /// Reading the times of every packet: as long as the file takes to come, in the memory that its index takes.
    #[must_use]
    pub fn indexing() -> Self {
        Self {
            memory: 4 << 30,
            file_size: 0,
            ..Self::default()
        }
    }
}

/// A run that succeeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// Processor time in milliseconds, user and system, of all its threads; to the kernel's tick of 10 ms.
    pub cpu_ms: u64,
    /// The end of what it wrote to stderr.
    pub stderr: String,
}

/// What a line of a program's stdout means for the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It got on.
    Progress,
    /// It lives, but got no further.
    Idle,
}

/// Bytes of stderr that are kept.
const TAIL: usize = 4 << 10;
/// Longest line of stdout.
const LINE: u64 = 64 << 10;

/// Runs a command to its end. Every line of its stdout goes to `on_line`, which tells progress from mere life.
///
/// The child leads a process group of its own, which is killed when this future is dropped.
///
/// # Errors
/// Where it cannot start, ends with an error, stalls, exceeds its time, or `on_line` gives up.
pub async fn run<F>(
    command: &Command,
    limits: &Limits,
    mut on_line: F,
) -> Result<Finished, MediaError>
where
    F: FnMut(&str) -> Result<Sign, MediaError> + Send,
{
    let wall = Instant::now() + limits.wall;
    let (mut child, mut group) = start(command).await?;
    limit(group.pid, limits);
    let tail = tokio::spawn(keep_tail(child.stderr.take()));
    let exit = tokio::task::spawn_blocking({
        let pid = group.pid;
        move || cpu_ms_at_exit(pid)
    });
    let watched = async {
        let last = watch(child.stdout.take(), limits, wall, &mut on_line).await?;
        let deadline = wall.min(last + limits.stall);
        let cpu_ms = timeout_at(deadline, exit).await;
        cpu_ms.map_err(|_| Halt::at(deadline, wall))
    };
    let watched = watched.await;
    // Also after a good end: a helper process that outlives its leader would hold stderr open for ever.
    group.kill();
    let status = child.wait().await;
    group.reaped = true;
    let stderr = tail.await.unwrap_or_default();
    match watched {
        Ok(cpu_ms) => {
            let cpu_ms = cpu_ms.ok().flatten().unwrap_or_default();
            judge(command, status, Finished { cpu_ms, stderr })
        }
        Err(halt) => Err(halt.into_error(command, limits, stderr)),
    }
}

/// Runs an ffmpeg command whose stdout is its `-progress`.
///
/// # Errors
/// As [`run`].
pub async fn run_with_progress(command: &Command, limits: &Limits) -> Result<Finished, MediaError> {
    let mut position = Position::default();
    // Boxed, so that who waits for an encoder does not carry all of this in its own state.
    Box::pin(run(command, limits, |line| Ok(position.read(line)))).await
}

/// The process group of a child; killed when dropped before its leader is reaped.
struct Group {
    pid: Pid,
    reaped: bool,
}

impl Group {
    fn kill(&self) {
        // It may have ended already; then there is nobody to kill.
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

/// Why a run was ended.
enum Halt {
    Stalled,
    TimedOut,
    LineTooLong,
    Refused(MediaError),
    Unreadable(io::Error),
}

impl Halt {
    fn at(deadline: Instant, wall: Instant) -> Self {
        if deadline == wall {
            Self::TimedOut
        } else {
            Self::Stalled
        }
    }

    fn into_error(self, command: &Command, limits: &Limits, stderr: String) -> MediaError {
        let command = Box::new(command.clone());
        match self {
            Self::Stalled => MediaError::Stalled {
                command,
                seconds: limits.stall.as_secs(),
                stderr,
            },
            Self::TimedOut => MediaError::TimedOut {
                command,
                seconds: limits.wall.as_secs(),
                stderr,
            },
            Self::LineTooLong => MediaError::LineTooLong {
                command,
                limit: LINE,
            },
            Self::Refused(error) => error,
            Self::Unreadable(error) => MediaError::io("reading the output of a program")(error),
        }
    }
}

/// Starts the program from a thread that has confined itself, and that ends afterwards.
async fn start(command: &Command) -> Result<(Child, Group), MediaError> {
    let (sender, started) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    let layers = Layers::active();
    let ours = command.clone();
    let thread = std::thread::Builder::new().name("confined".to_owned());
    let thread = thread.spawn(move || {
        let _entered = runtime.enter();
        let spawned = confine::confine(&Reach::of(&ours), layers).and_then(|()| spawn(&ours));
        // Where nobody waits any more, the group is killed as it is dropped.
        drop(sender.send(spawned));
    });
    thread.map_err(|e| not_started(command, e))?;
    let started = started.await;
    started.unwrap_or_else(|e| Err(not_started(command, io::Error::other(e))))
}

fn not_started(command: &Command, source: io::Error) -> MediaError {
    MediaError::Start {
        command: Box::new(command.clone()),
        source,
    }
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

/// Files a program may have open: its libraries, its outputs, its connections.
const OPEN_FILES: u64 = 256;
/// Threads and processes it may add to those of the whole system. Encoders make a few dozen.
const TASKS: u64 = 512;

/// Sets the child's limits from outside, while it is still loading its libraries. A child that has ended already needs
/// none, so failures are not errors.
fn limit(pid: Pid, limits: &Limits) {
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
    // The kernel counts all tasks of the user, so that a fixed number would depend on what else the user runs.
    if let Some(running) = tasks() {
        set(Resource::Nproc, running + TASKS);
    }
}

/// Threads and processes of the system, by proc(5), loadavg: `0.20 0.18 0.12 1/80 11206`.
fn tasks() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let (_, total) = text.split_ascii_whitespace().nth(3)?.split_once('/')?;
    total.parse().ok()
}

/// Reads stdout to its end; the instant of the last progress, or why the run must be ended.
async fn watch<F>(
    stdout: Option<ChildStdout>,
    limits: &Limits,
    wall: Instant,
    on_line: &mut F,
) -> Result<Instant, Halt>
where
    F: FnMut(&str) -> Result<Sign, MediaError> + Send,
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
        let more = read.map_err(|_| Halt::at(deadline, wall))?;
        if !more? {
            return Ok(last);
        }
        let text = String::from_utf8_lossy(&line);
        if on_line(text.trim_end()).map_err(Halt::Refused)? == Sign::Progress {
            last = Instant::now();
        }
    }
}

/// Reads one line of bounded length; false at the end.
async fn read_line<R>(reader: &mut BufReader<R>, line: &mut Vec<u8>) -> Result<bool, Halt>
where
    R: AsyncRead + Unpin,
{
    let mut bounded = reader.take(LINE);
    let read = bounded.read_until(b'\n', line).await;
    let read = read.map_err(Halt::Unreadable)? as u64;
    if read == LINE && line.last() != Some(&b'\n') {
        return Err(Halt::LineTooLong);
    }
    Ok(read > 0)
}

/// Drains stderr, keeping its end.
async fn keep_tail(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else {
        return String::new();
    };
    let mut tail = Vec::new();
    let mut buffer = vec![0; TAIL];
    while let Ok(read) = stderr.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        tail.extend_from_slice(&buffer[..read]);
        let surplus = tail.len().saturating_sub(TAIL);
        tail.drain(..surplus);
    }
    String::from_utf8_lossy(&tail).trim().to_owned()
}

/// Waits for the exit without reaping, so that the kernel still tells the processor time of exactly this child.
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

/// `utime` and `stime` of proc(5), fields 14 and 15; the name before them may hold blanks and brackets.
fn cpu_ms(stat: &str, ticks_per_second: u64) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * 1_000 / ticks_per_second.max(1))
}

fn judge(
    command: &Command,
    status: io::Result<ExitStatus>,
    finished: Finished,
) -> Result<Finished, MediaError> {
    let status = status.map_err(MediaError::io("waiting for a program to exit"))?;
    if status.success() {
        return Ok(finished);
    }
    Err(MediaError::Failed {
        command: Box::new(command.clone()),
        status,
        stderr: finished.stderr,
    })
}

/// How far ffmpeg has got, by its own `-progress` lines. Newer builds repeat themselves when stuck, so only change counts.
#[derive(Default)]
struct Position {
    frame: String,
    time: String,
    size: String,
}

impl Position {
    fn read(&mut self, line: &str) -> Sign {
        let Some((key, value)) = line.split_once('=') else {
            return Sign::Idle;
        };
        let slot = match key {
            "frame" => &mut self.frame,
            "out_time_us" => &mut self.time,
            "total_size" => &mut self.size,
            "progress" if value == "end" => return Sign::Progress,
            _ => return Sign::Idle,
        };
        if slot == value {
            return Sign::Idle;
        }
        value.clone_into(slot);
        Sign::Progress
    }
}

#[cfg(test)]
mod tests;
