//! seccomp-bpf: the system calls that no decoder makes.
//!
//! A list of what is refused, not of what is allowed: which calls an ffmpeg build makes depends on its libraries, and a
//! missing one would show as a broken picture in somebody's deployment. Refused calls fail with `EPERM`.

use std::collections::BTreeMap;
use std::io;

use libc::{AF_INET, SOCK_STREAM, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// Reaching into other processes, other namespaces or the kernel, and serving.
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
    // Calls that go past this filter, or that widen what a fault in the kernel costs.
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
    // Namespaces, mounts, the machine.
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
    // Serving instead of asking.
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // Datagrams without a connection.
    libc::SYS_sendmmsg,
];

/// The x32 numbering of the same calls, which kernels built for it accept beside the usual one.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

/// The bits of a socket's type that are not flags.
const TYPE: u64 = 0xF;

/// Refuses the calls on this thread and on what it starts.
///
/// # Errors
/// Where the kernel has no seccomp filters, or this architecture none here.
pub(super) fn refuse() -> io::Result<()> {
    let program = program().map_err(io::Error::other)?;
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}

fn program() -> Result<BpfProgram, seccompiler::BackendError> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(
        rules()?,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        arch,
    )?
    .try_into()
}

fn rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    // No rule means: whatever the arguments.
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_socket, sockets()?);
    #[cfg(target_arch = "x86_64")]
    {
        let twins: Vec<_> = rules.iter().map(|(n, r)| (n | X32, r.clone())).collect();
        rules.extend(twins);
        // Numbers of their own: ptrace, process_vm_readv, process_vm_writev.
        rules.extend([521, 539, 540].map(|n| (n | X32, Vec::new())));
    }
    Ok(rules)
}

/// Sockets of another family than IPv4, or of another type than a stream: no names are looked up, nothing is broadcast.
fn sockets() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let is = |argument, operator, value: i32| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value as u64)
    };
    let family = is(0, SeccompCmpOp::Ne, AF_INET)?;
    let streams = (1..=TYPE as i32).filter(|kind| *kind != SOCK_STREAM);
    let kinds = streams.map(|kind| {
        let condition = is(1, SeccompCmpOp::MaskedEq(TYPE), kind)?;
        SeccompRule::new(vec![condition])
    });
    let mut rules = vec![SeccompRule::new(vec![family])?];
    for kind in kinds {
        rules.push(kind?);
    }
    Ok(rules)
}
