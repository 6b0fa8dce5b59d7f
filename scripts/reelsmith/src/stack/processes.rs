//! Finding and ending the processes that a stack started, and no others.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

/// Time that processes have to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(25);

/// Whether a process exists and its command line contains a name: the system may have given its id to another program
/// since.
pub fn is_program(pid: i32, name: &str) -> bool {
    command_line(pid).is_some_and(|line| line.contains(name))
}

/// Whether a process with this id is alive. A zombie is not.
pub fn exists(pid: i32) -> bool {
    if Path::new("/proc/self").exists() {
        return living_session(pid).is_some();
    }
    Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

fn command_line(pid: i32) -> Option<String> {
    let proc = Path::new("/proc").join(pid.to_string()).join("cmdline");
    if let Ok(bytes) = std::fs::read(proc) {
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    if Path::new("/proc/self").exists() {
        return None;
    }
    let output = std::process::Command::new("ps")
        .args(["-o", "command=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// The living processes of a session; none on a system without /proc.
pub fn members(session: i32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| living_session(*pid) == Some(session))
        .collect()
}

/// The session of a process that is not a zombie.
fn living_session(pid: i32) -> Option<i32> {
    living_field(pid, 2)
}

/// The parent of a process that is not a zombie.
pub fn parent(pid: i32) -> Option<i32> {
    living_field(pid, 0)
}

/// A field of `/proc/PID/stat`, counted from the one after the state. The command before the state may contain any
/// character.
fn living_field(pid: i32, index: usize) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    (state != "Z")
        .then(|| fields.nth(index)?.parse().ok())
        .flatten()
}

/// Resident memory of a process in KiB; 0 if it has ended.
pub fn resident_kib(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let number = line.and_then(|l| l.split_ascii_whitespace().next());
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn alive(session: i32) -> bool {
    if Path::new("/proc/self").exists() {
        return !members(session).is_empty();
    }
    exists(session)
}

/// Ends the session with the leader `session`: by SIGTERM, then by SIGKILL. True if no process of it is left.
pub async fn end_session(session: i32) -> bool {
    signal(session, Signal::TERM);
    if gone_within(session, GRACE).await {
        return true;
    }
    kill_now(session);
    gone_within(session, GRACE).await
}

/// Kills everything in a session at once.
pub fn kill_now(session: i32) {
    signal(session, Signal::KILL);
}

fn signal(session: i32, signal: Signal) {
    // The result is ignored: the processes may have ended already.
    if let Some(group) = Pid::from_raw(session) {
        let _ = kill_process_group(group, signal);
    }
    // An encoder may lead its own group within the session.
    for pid in members(session).into_iter().filter_map(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

async fn gone_within(session: i32, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    while alive(session) {
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}

/// Waits until a session has ended, without async, for `Drop`.
pub fn wait_gone(session: i32) {
    let end = Instant::now() + GRACE;
    while alive(session) && Instant::now() < end {
        kill_now(session);
        std::thread::sleep(POLL);
    }
}
