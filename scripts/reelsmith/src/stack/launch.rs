//! The command line and the environment of MiniStack.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{REGION, endpoint};
use crate::error::{Name, Trouble};
use crate::project::Project;

/// Begins a session and becomes the program: neither a library call without `unsafe` nor a command of every system does.
const NEW_SESSION: &str = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])";

/// `$0` is the program, `$1` its folder. The shell itself outlives SIGTERM, so that it can clean up after the others.
const GUARD: &str = r#"trap : TERM
("$0"; kill -KILL 0) &
while read -r line; do :; done
kill -TERM 0
rm -rf -- "$1"
kill -KILL 0"#;

/// Where and with what MiniStack runs.
pub struct Launch {
    program: PathBuf,
    python: PathBuf,
    port: u16,
    folder: PathBuf,
    extra: Vec<(String, String)>,
}

impl Launch {
    /// A launch on a port, with a folder for its files.
    ///
    /// # Errors
    /// Where MiniStack is not installed or the folder cannot be made.
    pub fn new(
        project: &Project,
        port: u16,
        folder: &Path,
        extra: &[(String, String)],
    ) -> Result<Self, Trouble> {
        let program = project.ministack().to_path_buf();
        if !program.is_file() {
            return Err(Trouble::new(
                "start the local stack",
                format!("expected MiniStack at {}, found none", program.display()),
                "run scripts/setup, or set REELSMITH_MINISTACK to the program",
            )
            .named(Name::ToolMissing));
        }
        let temporary = folder.join("tmp");
        std::fs::create_dir_all(&temporary)
            .map_err(|e| Trouble::file("make the folder", &temporary, &e))?;
        let beside = program.with_file_name("python");
        let python = if beside.is_file() {
            beside
        } else {
            "python3".into()
        };
        Ok(Self {
            program,
            python,
            port,
            folder: folder.to_path_buf(),
            extra: extra.to_vec(),
        })
    }

    /// The program, leading a session of its own.
    #[must_use]
    pub fn alone(&self) -> Command {
        let mut command = self.in_new_session();
        command.arg(&self.program);
        command
    }

    /// The program below a shell that leads the session, ends all of it and removes the folder when its standard input
    /// closes, that is when its owner drops it or dies; and ends itself when the program ends.
    #[must_use]
    pub fn guarded(&self) -> Command {
        let mut command = self.in_new_session();
        command.args(["/bin/sh", "-c", GUARD]);
        command.arg(&self.program).arg(&self.folder);
        command
    }

    /// Another program in the same environment, leading a session of its own.
    #[must_use]
    pub fn beside(&self, program: &Path, arguments: &[String]) -> Command {
        let mut command = self.in_new_session();
        command.arg(program).args(arguments);
        command
    }

    fn in_new_session(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-c", NEW_SESSION]).current_dir(&self.folder);
        // Functions inherit this environment, so nothing of the operator's may be in it.
        command.env_clear().envs(self.environment());
        command
    }

    fn environment(&self) -> Vec<(String, OsString)> {
        let mut environment: Vec<(String, OsString)> = ["PATH", "HOME", "LD_LIBRARY_PATH"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)))
            .collect();
        let endpoint = endpoint(self.port);
        let port = self.port.to_string();
        let own = [
            ("LANG", "C.UTF-8"),
            ("BIND_HOST", "127.0.0.1"),
            ("GATEWAY_PORT", &port),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("MINISTACK_REGION", REGION),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            // The transfer service would listen on a port of its own.
            ("SFTP_ENABLED", "0"),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value.into())));
        let folders = [
            ("TMPDIR", "tmp"),
            ("STATE_DIR", "state"),
            ("S3_DATA_DIR", "s3"),
        ];
        environment.extend(folders.map(|(name, f)| (name.to_owned(), self.folder.join(f).into())));
        let extra = self.extra.iter().map(|(n, v)| (n.clone(), v.into()));
        environment.extend(extra);
        environment
    }
}
