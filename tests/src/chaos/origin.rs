//! Finds the process behind a connection from its port. Linux only, like the stack tests.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// The process of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    pub pid: i32,
    /// The function's folder name.
    pub function: String,
}

impl Worker {
    /// The process behind a loopback connection from `port` to `proxy`, if it belongs to a function of the deployment.
    #[must_use]
    pub fn behind(port: u16, proxy: u16, deployment: &str) -> Option<Self> {
        let socket = format!("socket:[{}]", inode(port, proxy)?);
        let workers = workers_of(deployment, proxy);
        workers
            .into_iter()
            .find(|worker| holds(worker.pid, &socket))
    }

    /// Kills the process, like a crash.
    pub fn kill(&self) {
        signal(self.pid, Signal::KILL);
    }

    /// Suspends the process, so that it neither answers nor ends.
    pub fn freeze(&self) {
        signal(self.pid, Signal::STOP);
    }
}

fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // If the process has already ended, the goal is reached.
        let _ = kill_process(pid, signal);
    }
}

/// The processes of a deployment's functions. They are found by the name that the runtime sets and by the proxy that they
/// call, because another stack on this machine may have a deployment of the same name.
#[must_use]
pub fn workers_of(deployment: &str, proxy: u16) -> Vec<Worker> {
    let prefix = format!("AWS_LAMBDA_FUNCTION_NAME={deployment}-");
    let asks = format!("=http://127.0.0.1:{proxy}");
    let named = |pid: i32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let text = String::from_utf8_lossy(&environ);
        let mut variables = text.split('\0');
        variables.find(|v| v.starts_with("AWS_ENDPOINT_URL") && v.ends_with(&asks))?;
        let name = text.split('\0').find_map(|v| v.strip_prefix(&prefix))?;
        Some(Worker {
            pid,
            function: name.to_owned(),
        })
    };
    pids().filter_map(named).collect()
}

/// Running encoder processes that a deployment's functions have started.
#[must_use]
pub fn encoders_of(deployment: &str, proxy: u16) -> Vec<i32> {
    let workers = workers_of(deployment, proxy);
    let workers: Vec<i32> = workers.iter().map(|w| w.pid).collect();
    let parent = |pid: i32| -> Option<i32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?
            .1
            .split_ascii_whitespace()
            .nth(1)?
            .parse()
            .ok()
    };
    let is_ffmpeg = |pid: i32| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "ffmpeg")
    };
    let below = |pid: &i32| {
        let mut at = *pid;
        // There may be a launcher between the encoder and the function.
        (0..4).any(|_| match parent(at) {
            Some(up) => {
                at = up;
                workers.contains(&up)
            }
            None => false,
        })
    };
    pids().filter(|pid| is_ffmpeg(*pid)).filter(below).collect()
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn holds(pid: i32, socket: &str) -> bool {
    let links = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    links
        .filter_map(|link| fs::read_link(link.ok()?.path()).ok())
        .any(|target| target.as_os_str() == socket)
}

/// The socket inode of a connection, from its two ports: proc(5), /proc/net/tcp.
fn inode(local: u16, remote: u16) -> Option<u64> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let ends = |field: &str| {
        field
            .rsplit_once(':')
            .and_then(|(_, p)| u16::from_str_radix(p, 16).ok())
    };
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let found = ends(fields.get(1)?) == Some(local) && ends(fields.get(2)?) == Some(remote);
        found.then(|| fields.get(9)?.parse().ok())?
    })
}
