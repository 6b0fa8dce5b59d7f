//! Landlock: files, ports and signals by allow-list.

use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::Reach;

/// The newest ABI whose rights are asked for; older kernels grant what they know.
const NEWEST: ABI = ABI::V6;

/// The kernel's ABI, 0 where it has none. Runs on a thread that ends afterwards.
pub(super) fn abi() -> u32 {
    let nothing = Ruleset::default().handle_access(AccessFs::Execute);
    let status = nothing.and_then(|r| r.create()?.restrict_self());
    match status.map(|s| s.landlock) {
        Ok(LandlockStatus::Available { effective_abi, .. }) => effective_abi as u32,
        _ => 0,
    }
}

/// Confines this thread and what it starts.
///
/// # Errors
/// What the kernel said.
pub(super) fn allow_only(reach: &Reach) -> io::Result<()> {
    match apply(reach) {
        Ok(RulesetStatus::NotEnforced) => Err(io::Error::other("the rules are not enforced")),
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

fn apply(reach: &Reach) -> Result<RulesetStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let execute = AccessFs::Execute | AccessFs::ReadFile;
    // Rights that a transcoder's folder has no use for stay refused: devices, sockets, links out of it.
    let write =
        read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(&reach.read, read))?
        .add_rules(path_beneath_rules(&reach.execute, execute))?
        .add_rules(path_beneath_rules(LOADERS, execute))?
        .add_rules(path_beneath_rules(["/dev/null"], AccessFs::WriteFile))?
        .add_rules(path_beneath_rules(&reach.write, write))?;
    let port = reach.port.map(|p| NetPort::new(p, AccessNet::ConnectTcp));
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
