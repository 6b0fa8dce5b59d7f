//! Confinement of ffmpeg and ffprobe: which files, ports, processes and system calls they may use.
//!
//! A decoder is C code that parses untrusted files next to credentials. If a file takes a decoder over, it controls a
//! process that has no environment, cannot read the function's files or its `/proc` entries, can start no program and
//! send no signal, and can connect only to the proxy that serves the one object it was given anyway.
//!
//! Landlock and seccomp apply to a thread and to everything that the thread starts. So [`crate::process`] starts every
//! program from a thread of its own, which calls [`confine`] first and ends afterwards. No code runs between fork and
//! exec, no launcher binary is needed, and the function itself stays unconfined:
//!
//! ```text
//! function ── spawns ──▶ thread: confine(access, layers) ── fork, exec ──▶ ffmpeg
//! ```
//!
//! The access rules are derived from the command line. For `ffmpeg -i http://127.0.0.1:4242/… 0.mp4` in the folder
//! `/tmp/work`, ffmpeg may execute itself, read the system's shared libraries, read and write below `/tmp/work`, and
//! connect to TCP port 4242.
//!
//! Invariant: a layer that the kernel offers is applied, or the program does not start. A layer that the kernel lacks is
//! logged once as a warning (docs/security.md).

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use libc::{AF_INET, SOCK_STREAM, c_long};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use crate::command::{Command, LOOPBACK, ProxyArgument};
use crate::error::MediaError;

/// The confinement layers that this kernel offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// seccomp-bpf: refuses system calls that no decoder makes, among them sockets other than TCP over IPv4.
    pub calls: bool,
    /// Landlock ABI 1 (Linux 5.13): no files outside the working folder and the libraries.
    pub files: bool,
    /// Landlock ABI 4 (Linux 6.7): TCP connections to the proxy's port only.
    pub ports: bool,
    /// Landlock ABI 6 (Linux 6.12): no signals to other processes.
    pub signals: bool,
}

impl Layers {
    /// Detects the layers once, by confining a thread, and logs missing layers as a warning.
    pub fn active() -> Self {
        static ACTIVE: OnceLock<Layers> = OnceLock::new();
        *ACTIVE.get_or_init(|| {
            let detected = std::thread::spawn(Self::detect).join();
            let layers = detected.unwrap_or_default();
            layers.log();
            layers
        })
    }

    /// Confines the calling thread, which must end afterwards.
    fn detect() -> Self {
        let abi = landlock_abi();
        Self {
            calls: apply_seccomp().is_ok(),
            files: abi >= 1,
            ports: abi >= 4,
            signals: abi >= 6,
        }
    }

    fn log(self) {
        if self.calls && self.files && self.ports && self.signals {
            tracing::debug!("media programs are confined by every layer");
        } else {
            let message = "this kernel lacks some confinement layers for media programs";
            tracing::warn!(layers = ?self, "{message}; the others are applied");
        }
    }
}

/// What one program may access.
#[derive(Debug)]
pub(crate) struct AccessRules {
    execute: Vec<PathBuf>,
    read: Vec<PathBuf>,
    write: Option<PathBuf>,
    port: Option<u16>,
}

/// Where systems keep shared libraries, and the few files that libraries read when they are loaded.
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

impl AccessRules {
    pub(crate) fn of(command: &Command) -> Self {
        let mut execute = command.helpers.clone();
        execute.push(command.program.clone());
        let mut read: Vec<PathBuf> = LIBRARIES.map(PathBuf::from).to_vec();
        read.extend(bundled_libraries(command));
        Self {
            execute,
            read,
            write: command.directory.clone(),
            port: command.args.iter().find_map(|arg| proxy_port(arg)),
        }
    }
}

/// The library folders of a program outside the system folders: its own folder, and `../lib`.
fn bundled_libraries(command: &Command) -> Vec<PathBuf> {
    let program = command.program.canonicalize();
    let folder = program.ok().and_then(|p| Some(p.parent()?.to_owned()));
    let folder = folder.filter(|f| !f.starts_with("/usr") && !f.starts_with("/bin"));
    let folders = |f: PathBuf| [f.parent().map(|p| p.join("lib")), Some(f)];
    folder.into_iter().flat_map(folders).flatten().collect()
}

/// The port, if the argument is an address of the range proxy.
fn proxy_port(arg: &str) -> Option<u16> {
    let ProxyArgument { address, .. } = ProxyArgument::of(arg)?;
    let rest = address.strip_prefix(LOOPBACK)?;
    rest.split('/').next()?.parse().ok()
}

/// Confines the calling thread and everything it starts from now on. This cannot be undone.
///
/// # Errors
/// [`MediaError::Io`] if a layer that this kernel has cannot be applied; then the program must not be started.
pub(crate) fn confine(access: &AccessRules, layers: Layers) -> Result<(), MediaError> {
    fn failed<E: Into<io::Error>>(layer: &str) -> impl FnOnce(E) -> MediaError {
        MediaError::io(format!("confining a media program ({layer})"))
    }
    if layers.files {
        apply_landlock(access).map_err(failed("Landlock"))?;
    }
    if layers.calls {
        apply_seccomp().map_err(failed("seccomp"))?;
    }
    // Both layers set this themselves; it must also hold without them.
    rustix::thread::set_no_new_privs(true).map_err(failed("no new privileges"))
}

/// Prevents other processes of the same user from reading this process: its memory and, under `/proc`, its environment
/// with the credentials of the function. Does not affect child processes.
///
/// # Errors
/// [`MediaError::Io`] if the kernel refuses.
pub fn close_to_others() -> Result<(), MediaError> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(MediaError::io("closing the process to others"))
}

/// The newest Landlock ABI whose rights are requested; older kernels apply the rights that they know.
const NEWEST: ABI = ABI::V6;

/// The kernel's Landlock ABI, 0 if it has none. Confines the calling thread, which must end afterwards.
fn landlock_abi() -> u32 {
    let ruleset = Ruleset::default().handle_access(AccessFs::Execute);
    let status = ruleset.and_then(|r| r.create()?.restrict_self());
    match status.map(|s| s.landlock) {
        Ok(LandlockStatus::Available { effective_abi, .. }) => effective_abi as u32,
        _ => 0,
    }
}

/// Confines the calling thread by Landlock: files, ports and signals by an allow-list.
fn apply_landlock(access: &AccessRules) -> io::Result<()> {
    match landlock_status(access) {
        Ok(RulesetStatus::NotEnforced) => Err(io::Error::other("the rules are not enforced")),
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

fn landlock_status(access: &AccessRules) -> Result<RulesetStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let execute = AccessFs::Execute | AccessFs::ReadFile;
    // A transcoder needs no devices, sockets or links in its folder, so these rights stay refused.
    let write =
        read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(&access.read, read))?
        .add_rules(path_beneath_rules(&access.execute, execute))?
        .add_rules(path_beneath_rules(LOADERS, execute))?
        .add_rules(path_beneath_rules(["/dev/null"], AccessFs::WriteFile))?
        .add_rules(path_beneath_rules(&access.write, write))?;
    let port = access.port.map(|p| NetPort::new(p, AccessNet::ConnectTcp));
    let ruleset = ruleset.add_rules(port.into_iter().map(Ok::<_, RulesetError>))?;
    Ok(ruleset.restrict_self()?.ruleset)
}

/// The dynamic loaders, which the kernel executes for the program.
const LOADERS: [&str; 4] = [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

/// The system calls that fail with `EPERM`: those that reach other processes, other namespaces or the kernel, and those
/// of a server. This is a deny-list, because the calls that an ffmpeg build makes depend on its libraries, and a call
/// missing from an allow-list would break encodes in some deployments.
const REFUSED: &[c_long] = &[
    // Other processes. `tgkill` stays: abort(3) needs it.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_kcmp,
    // Calls that bypass this filter, or that widen the attack surface of the kernel.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_personality,
    // Namespaces, mounts, system settings.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_by_handle_at,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_acct,
    libc::SYS_quotactl,
    // Servers.
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // Datagrams without a connection.
    libc::SYS_sendmmsg,
];

/// The x32 numbering of the same calls, which kernels built for it accept as well.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

/// The bits of a socket's type that are not flags.
const TYPE: u64 = 0xF;

/// Applies the system call filter to the calling thread.
fn apply_seccomp() -> io::Result<()> {
    let program = seccomp_program().map_err(io::Error::other)?;
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}

fn seccomp_program() -> Result<BpfProgram, BackendError> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(
        seccomp_rules()?,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        arch,
    )?
    .try_into()
}

fn seccomp_rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    // An empty list of rules matches the call with any arguments.
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_socket, refused_sockets()?);
    #[cfg(target_arch = "x86_64")]
    {
        let twins: Vec<_> = rules.iter().map(|(n, r)| (n | X32, r.clone())).collect();
        rules.extend(twins);
        // Calls with x32 numbers of their own: ptrace, process_vm_readv, process_vm_writev.
        rules.extend([521, 539, 540].map(|n| (n | X32, Vec::new())));
    }
    Ok(rules)
}

/// Matches sockets of any family but IPv4 and of any type but stream: no name lookups, no datagrams.
fn refused_sockets() -> Result<Vec<SeccompRule>, BackendError> {
    let matches = |argument, operator, value: i32| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value as u64)
    };
    let family = matches(0, SeccompCmpOp::Ne, AF_INET)?;
    let types = (1..=TYPE as i32).filter(|kind| *kind != SOCK_STREAM);
    let types =
        types.map(|kind| SeccompRule::new(vec![matches(1, SeccompCmpOp::MaskedEq(TYPE), kind)?]));
    std::iter::once(SeccompRule::new(vec![family]))
        .chain(types)
        .collect()
}

#[cfg(test)]
mod tests;
