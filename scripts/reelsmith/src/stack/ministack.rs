//! Starting the programs of a stack: MiniStack, the AWS emulator, and the local S3 in front of it. Their command lines, their
//! environment, their ports, and whether they answer.

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

/// The local S3, which answers on the port of the stack and passes on what is for MiniStack.
pub const LOCAL_S3: &str = "local-s3";

/// `$0` is MiniStack, `$1` the folder of the stack, and the other arguments are the command line of the local S3. The shell
/// ignores SIGTERM, so that it can clean up after the other processes.
const GUARD: &str = r#"trap : TERM
folder=$1
shift
("$0"; kill -KILL 0) &
("$@"; kill -KILL 0) &
while read -r line; do :; done
kill -TERM 0
rm -rf -- "$folder"
kill -KILL 0"#;

/// The ports of a stack on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The port of the stack, on which the local S3 answers.
    pub stack: u16,
    /// The port of MiniStack itself.
    pub emulator: u16,
}

pub struct Launch {
    program: PathBuf,
    local_s3: PathBuf,
    python: PathBuf,
    ports: Ports,
    folder: PathBuf,
    extra: Vec<(String, String)>,
}

impl Launch {
    /// A launch on these ports, with a folder for the files of the stack.
    ///
    /// # Errors
    /// `ToolMissing` if MiniStack is not installed or the local S3 was not built; `FileUnusable` if the folder cannot be
    /// created.
    pub fn new(
        project: &Project,
        ports: Ports,
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
        let local_s3 = project.binary(LOCAL_S3);
        if !local_s3.is_file() {
            return Err(CliError::new(
                "start the local stack",
                format!(
                    "expected the local S3 at {}, found no such file",
                    local_s3.display()
                ),
                "build it with `cargo build --workspace`, or set REELSMITH_BINARIES to its folder",
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
            local_s3,
            python,
            ports,
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

    /// The local S3 as the leader of a new session.
    pub fn s3(&self) -> Command {
        let mut command = self.in_new_session();
        command.args(self.s3_command_line());
        command
    }

    /// MiniStack and the local S3 below a shell that leads a new session. When the standard input of the shell closes,
    /// because its owner drops it or dies, the shell ends the session and removes the folder. It also ends when one of the
    /// programs ends.
    pub fn guarded(&self) -> Command {
        let mut command = self.in_new_session();
        command.args(["/bin/sh", "-c", GUARD]);
        command.arg(&self.program).arg(&self.folder);
        command.args(self.s3_command_line());
        command
    }

    fn s3_command_line(&self) -> [OsString; 7] {
        [
            self.local_s3.clone().into(),
            "--port".into(),
            self.ports.stack.to_string().into(),
            "--emulator".into(),
            self.ports.emulator.to_string().into(),
            "--folder".into(),
            s3_folder(&self.folder).into(),
        ]
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
        let endpoint = endpoint(self.ports.stack);
        let port = self.ports.emulator.to_string();
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

/// The folder of the local S3 of a stack.
pub fn s3_folder(stack: &Path) -> PathBuf {
    stack.join("objects")
}

/// Longest time of one health check.
const ANSWER: Duration = Duration::from_secs(2);

/// Whether MiniStack answers on a port, its own or that of the stack; asks once.
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

/// `N` different ports that are free at this moment.
pub fn free_ports<const N: usize>() -> std::io::Result<[u16; N]> {
    let mut listeners = Vec::new();
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        // Kept open until all are found, so that none is found twice.
        listeners.push(listener);
    }
    Ok(ports)
}

pub fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}
