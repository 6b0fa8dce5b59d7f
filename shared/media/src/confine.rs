//! What a media program may reach: its libraries, its working folder, one port of the loopback, and nothing else.
//!
//! A decoder is C code that reads strangers' files next to credentials. Whoever takes one over finds itself in a process
//! without environment that may open neither the function's files nor its `/proc`, start no program, send no signal, and
//! connect nowhere but to the proxy that serves the one object it was given anyway.
//!
//! Landlock and seccomp bind a thread and what it starts. So every program is started by a thread of its own, which
//! confines itself first and ends afterwards: nothing has to run between fork and exec.

mod calls;
mod files;

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::command::{Addressed, Command, LOOPBACK};
use crate::error::MediaError;

/// Which layers this kernel has. All of them hold for every program that is started, or it is not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers {
    /// seccomp-bpf: system calls a decoder has no use for are refused, among them sockets other than TCP over IPv4.
    pub calls: bool,
    /// Landlock, ABI 1 (Linux 5.13): files outside the working folder and the libraries cannot be opened.
    pub files: bool,
    /// Landlock, ABI 4 (Linux 6.7): TCP reaches the proxy's port only.
    pub ports: bool,
    /// Landlock, ABI 6 (Linux 6.12): signals reach only the program itself.
    pub signals: bool,
}

impl Layers {
    /// What the kernel offers, asked once by confining a thread. What is missing is logged once, as a warning.
    pub fn active() -> Self {
        static ACTIVE: OnceLock<Layers> = OnceLock::new();
        *ACTIVE.get_or_init(|| {
            let asked = std::thread::spawn(Self::ask).join();
            let layers = asked.unwrap_or_else(|_| Self::none());
            layers.tell();
            layers
        })
    }

    fn none() -> Self {
        Self {
            calls: false,
            files: false,
            ports: false,
            signals: false,
        }
    }

    /// Runs on a thread that ends afterwards.
    fn ask() -> Self {
        let abi = files::abi();
        Self {
            calls: calls::refuse().is_ok(),
            files: abi >= 1,
            ports: abi >= 4,
            signals: abi >= 6,
        }
    }

    fn tell(self) {
        let Self {
            calls,
            files,
            ports,
            signals,
        } = self;
        if calls && files && ports && signals {
            tracing::debug!("media programs are confined by every layer");
        } else {
            tracing::warn!(
                calls,
                files,
                ports,
                signals,
                "this kernel lacks layers of the confinement of media programs; the others hold"
            );
        }
    }
}

/// What one program may reach.
#[derive(Debug)]
pub(crate) struct Reach {
    /// Programs it is or may start.
    execute: Vec<PathBuf>,
    /// Files and folders it may read.
    read: Vec<PathBuf>,
    /// Folder it may write.
    write: Option<PathBuf>,
    /// Port it may connect to.
    port: Option<u16>,
}

/// Where systems keep shared libraries, and the few files that these read when they are loaded.
const LIBRARIES: [&str; 12] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/opt/lib",
    "/nix/store",
    "/etc/ld.so.cache",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/sys/devices/system",
];

impl Reach {
    pub(crate) fn of(command: &Command) -> Self {
        let mut execute = command.helpers.clone();
        execute.push(command.program.clone());
        let mut read: Vec<PathBuf> = LIBRARIES.map(PathBuf::from).to_vec();
        read.extend(own_libraries(command));
        Self {
            execute,
            read,
            write: command.directory.clone(),
            port: command.args.iter().find_map(|arg| port(arg)),
        }
    }
}

/// Where a program that is no part of the system has its libraries: beside it, or in `../lib`.
fn own_libraries(command: &Command) -> Vec<PathBuf> {
    let program = command.program.canonicalize();
    let folder = program.ok().and_then(|p| Some(p.parent()?.to_owned()));
    let folder = folder.filter(|f| !f.starts_with("/usr") && !f.starts_with("/bin"));
    let beside = |f: PathBuf| [f.parent().map(|p| p.join("lib")), Some(f)];
    folder.into_iter().flat_map(beside).flatten().collect()
}

/// The port of an argument that is an address of the range proxy.
fn port(arg: &str) -> Option<u16> {
    let Addressed { address, .. } = Addressed::of(arg)?;
    let rest = address.strip_prefix(LOOPBACK)?;
    rest.split('/').next()?.parse().ok()
}

/// Confines the calling thread, and everything it starts from now on. There is no way back.
///
/// # Errors
/// Where a layer that this kernel has cannot be put up: then nothing may be started.
pub(crate) fn confine(reach: &Reach, layers: Layers) -> Result<(), MediaError> {
    fn failed<E: Into<std::io::Error>>(layer: &str) -> impl FnOnce(E) -> MediaError {
        MediaError::io(format!("confining a media program ({layer})"))
    }
    if layers.files {
        files::allow_only(reach).map_err(failed("Landlock"))?;
    }
    if layers.calls {
        calls::refuse().map_err(failed("seccomp"))?;
    }
    // Both layers set this themselves; it needs neither.
    rustix::thread::set_no_new_privs(true).map_err(failed("no new privileges"))
}

/// Keeps other processes of the same user out of this one: its memory and, under `/proc`, its environment with the
/// credentials of the function. Children are not affected.
///
/// # Errors
/// Where the kernel refuses.
pub fn close_to_others() -> Result<(), MediaError> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(MediaError::io("closing the process to others"))
}

#[cfg(test)]
mod tests;
