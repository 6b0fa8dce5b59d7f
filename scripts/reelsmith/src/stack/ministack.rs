//! Starting MiniStack, the AWS emulator: its command line, its environment, its port, and whether it answers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{REGION, endpoint};
use crate::error::{CliError, ErrorCode, ResultExt};
use crate::project::Project;

/// Starts a session and replaces itself with the program. Rust has no safe call for this, and not every system has a
/// command for it.
const NEW_SESSION: &str = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])";

/// `$0` is the program, `$1` its folder. The shell ignores SIGTERM, so that it can clean up after the other processes.
const GUARD: &str = r#"trap : TERM
("$0"; kill -KILL 0) &
while read -r line; do :; done
kill -TERM 0
rm -rf -- "$1"
kill -KILL 0"#;

pub struct Launch {
    program: PathBuf,
    python: PathBuf,
    port: u16,
    folder: PathBuf,
    extra: Vec<(String, String)>,
}

impl Launch {
    /// A launch on a port, with a folder for the files of MiniStack.
    ///
    /// # Errors
    /// `ToolMissing` if MiniStack is not installed; `FileUnusable` if the folder cannot be created.
    pub fn new(
        project: &Project,
        port: u16,
        folder: &Path,
        extra: &[(String, String)],
    ) -> Result<Self, CliError> {
        let program = project.ministack().to_path_buf();
        if !program.is_file() {
            return Err(CliError::new(
                "start the local stack",
                format!(
                    "expected MiniStack at {}, found no such file",
                    program.display()
                ),
                "run scripts/setup, or set REELSMITH_MINISTACK to the path of MiniStack",
            )
            .with_code(ErrorCode::ToolMissing));
        }
        let temporary = folder.join("tmp");
        std::fs::create_dir_all(&temporary).on_file("create the folder", &temporary)?;
        let of_environment = program.with_file_name("python");
        let python = match of_environment.is_file() {
            true => of_environment,
            false => "python3".into(),
        };
        Ok(Self {
            program,
            python,
            port,
            folder: folder.to_path_buf(),
            extra: extra.to_vec(),
        })
    }

    /// MiniStack as the leader of a new session.
    pub fn alone(&self) -> Command {
        let mut command = self.in_new_session();
        command.arg(&self.program);
        command
    }

    /// MiniStack below a shell that leads a new session. When the standard input of the shell closes, because its owner
    /// drops it or dies, the shell ends the session and removes the folder. It also ends when MiniStack ends.
    pub fn guarded(&self) -> Command {
        let mut command = self.in_new_session();
        command.args(["/bin/sh", "-c", GUARD]);
        command.arg(&self.program).arg(&self.folder);
        command
    }

    /// Another program in the same environment, as the leader of a new session.
    pub fn other(&self, program: &Path, arguments: &[String]) -> Command {
        let mut command = self.in_new_session();
        command.arg(program).args(arguments);
        command
    }

    fn in_new_session(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-c", NEW_SESSION]).current_dir(&self.folder);
        // Functions inherit this environment, so it contains nothing of the operator's.
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
            // The transfer service would open another port.
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

/// Longest time of one health check.
const ANSWER: Duration = Duration::from_secs(2);

/// Whether MiniStack answers on a port; asks once.
pub async fn healthy(port: u16) -> bool {
    matches!(timeout(ANSWER, ask(port)).await, Ok(Ok(true)))
}

async fn ask(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = "GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // Another program on this port may send without end.
    stream.take(64 * 1024).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.starts_with("HTTP/1.1 200") && answer.contains("services"))
}

/// A port that is free at this moment.
pub fn free_port() -> std::io::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}

pub fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}
