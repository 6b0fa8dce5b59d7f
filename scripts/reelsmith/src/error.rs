//! Errors of the command: what failed, why, and what to do.
//!
//! A [`CliError`] is created where the reason is known and keeps its cause as `source()`. [`ResultExt`] and [`CallExt`]
//! are the conversions that most commands need: for files, for JSON, and for calls to a deployment.

use std::error::Error;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use reelsmith_aws::operate::CloudError;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::ports::{PortError, PortErrorKind};
use strum::{EnumMessage, IntoStaticStr, VariantArray};

/// How the command ends. The discriminant is the exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// The job failed, the manifest has defects, or the output breaks a rule.
    Failed = 1,
    /// The command or its environment is at fault.
    Environment = 2,
    /// `validate` could judge nothing or only a part, because the kind of package is not supported.
    Unsupported = 3,
}

pub type CommandResult = Result<Exit, CliError>;

/// The name of an error of this command, for scripts. A released name never changes. Errors of the pipeline have their
/// own names: [`ErrorName`].
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumMessage, IntoStaticStr, VariantArray,
)]
pub enum ErrorCode {
    /// The command failed; the text gives the reason.
    CommandFailed,
    /// A file or folder cannot be read or written.
    FileUnusable,
    /// No checkout of reelsmith was found.
    CheckoutMissing,
    /// ffmpeg, ffprobe, MiniStack, Terraform or another tool is missing or does not work.
    ToolMissing,
    /// The command needs the local stack, which is not running.
    StackNotRunning,
    /// The environment is not `local`, `aws` or a folder of terraform/environments.
    EnvironmentUnknown,
    /// Terraform did not return the outputs of the environment.
    TerraformFailed,
    /// No deployment of that name was found.
    NotDeployed,
    /// A call to AWS or to the local stack failed.
    CallFailed,
    /// AWS credentials are missing or have expired.
    CredentialsMissing,
    /// No execution, job or title has that name.
    JobUnknown,
    /// The name matches more than one job.
    JobAmbiguous,
    /// The job is running, but the command needs one that has ended.
    JobRunning,
    /// The job has ended, but the command needs one that is running.
    JobEnded,
    /// The job has not published anything.
    NothingPublished,
    /// The job has no plan yet, or failed before it was planned.
    NothingPlanned,
    /// The manifest was delivered, but no execution started.
    NotStarted,
    /// The manifest has defects.
    ManifestDefective,
    /// The pipeline would refuse the mezzanine; the text begins with its error name.
    MezzanineRefused,
    /// This version cannot read a record of the job.
    RecordUnreadable,
}

impl ErrorCode {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What the name means, as one sentence.
    pub fn meaning(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

/// An error as an operator reads it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: could not {action}\n  why:   {}\n  to do: {}", .code.as_str(), indent(.why), indent(.remedy))]
pub struct CliError {
    pub code: ErrorCode,
    /// What the command tried to do, as `start the local stack`.
    pub action: String,
    /// Why it failed: what was expected and what was found.
    pub why: String,
    pub remedy: String,
    pub exit: Exit,
    #[source]
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}

impl CliError {
    /// An error of the command or its environment, with the code `CommandFailed`.
    pub fn new(
        action: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code: ErrorCode::CommandFailed,
            action: action.into(),
            why: why.into(),
            remedy: remedy.into(),
            exit: Exit::Environment,
            source: None,
        }
    }

    pub fn with_code(self, code: ErrorCode) -> Self {
        Self { code, ..self }
    }

    pub fn with_source(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Arc::new(source)),
            ..self
        }
    }

    /// A file or folder that cannot be used.
    pub fn file(action: &str, path: &Path, reason: impl Display) -> Self {
        Self::new(
            format!("{action} {}", path.display()),
            reason.to_string(),
            "check that the path exists and that you have permission to use it",
        )
        .with_code(ErrorCode::FileUnusable)
    }
}

impl From<reelsmith_validate::Error> for CliError {
    fn from(error: reelsmith_validate::Error) -> Self {
        let code = match error.is_file {
            true => ErrorCode::FileUnusable,
            false => ErrorCode::CommandFailed,
        };
        Self {
            source: error.source,
            ..Self::new(error.action, error.why, error.remedy).with_code(code)
        }
    }
}

/// Conversions of the errors of files and of JSON.
pub trait ResultExt<T> {
    /// Names the file or folder, and what was done with it, as `read the manifest`.
    fn on_file(self, action: &str, path: &Path) -> Result<T, CliError>;

    /// Names what was read and what to do.
    ///
    /// # Errors
    /// `RecordUnreadable`.
    fn on_json(self, action: impl Into<String>, remedy: &str) -> Result<T, CliError>;
}

impl<T, E: Error + Send + Sync + 'static> ResultExt<T> for Result<T, E> {
    fn on_file(self, action: &str, path: &Path) -> Result<T, CliError> {
        self.map_err(|e| CliError::file(action, path, &e).with_source(e))
    }

    fn on_json(self, action: impl Into<String>, remedy: &str) -> Result<T, CliError> {
        self.map_err(|e| {
            CliError::new(action, e.to_string(), remedy)
                .with_code(ErrorCode::RecordUnreadable)
                .with_source(e)
        })
    }
}

/// Conversions of the errors of ports and of a job's records.
pub trait CallExt<T> {
    /// Names what was called, as `list outputs/`.
    ///
    /// # Errors
    /// `CredentialsMissing`, `RecordUnreadable` or `CallFailed`.
    fn on_call(self, action: impl Into<String>) -> Result<T, CliError>;
}

impl<T> CallExt<T> for Result<T, PortError> {
    fn on_call(self, action: impl Into<String>) -> Result<T, CliError> {
        self.map_err(|e| CloudError::port(action, e).into())
    }
}

impl<T> CallExt<T> for Result<T, Failure> {
    fn on_call(self, action: impl Into<String>) -> Result<T, CliError> {
        self.map_err(|e| match e.name {
            ErrorName::StorageInconsistent => {
                let remedy = "use the version of reelsmith that ran the job";
                CliError::new(action, e.to_string(), remedy)
                    .with_code(ErrorCode::RecordUnreadable)
                    .with_source(e)
            }
            _ => CloudError::new(action, e.to_string()).into(),
        })
    }
}

impl From<CloudError> for CliError {
    fn from(error: CloudError) -> Self {
        let (code, remedy) = if error.kind() == PortErrorKind::Unauthenticated {
            (
                ErrorCode::CredentialsMissing,
                "sign in (`aws sso login` or `aws configure`), select a profile with --profile, or start the local stack \
                 with `reelsmith up`",
            )
        } else {
            (
                ErrorCode::CallFailed,
                "local stack: see `reelsmith status` and .local/stack.log, or restart it with `reelsmith down` and \
                 `reelsmith up`; AWS: check that your role allows the call",
            )
        };
        Self::new(error.action(), error.detail(), remedy)
            .with_code(code)
            .with_source(error)
    }
}

fn indent(text: &str) -> String {
    text.trim_end().replace('\n', "\n         ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_action_reason_and_remedy() {
        let error = CliError::new(
            "start the local stack",
            "expected a file\nfound none",
            "run it",
        );
        insta::assert_snapshot!(error, @r"
        CommandFailed: could not start the local stack
          why:   expected a file
                 found none
          to do: run it
        ");
    }

    #[test]
    fn missing_credentials_have_a_code_of_their_own() {
        let of = |kind| {
            let failed: Result<(), _> = Err(PortError::new(kind, "why"));
            failed.on_call("list the executions").unwrap_err()
        };
        let error = of(PortErrorKind::Unauthenticated);
        assert_eq!(error.code, ErrorCode::CredentialsMissing);
        assert!(error.source().is_some());
        assert_eq!(of(PortErrorKind::Unavailable).code, ErrorCode::CallFailed);
    }

    #[test]
    fn every_code_has_a_meaning() {
        for code in ErrorCode::VARIANTS {
            assert!(code.meaning().ends_with('.'), "{code:?}");
        }
    }
}
