//! Errors as an operator reads them: what did not work, why, and what to do.

use std::fmt;
use std::path::Path;

use reelsmith_aws::operate::CloudError;
use reelsmith_core::ports::PortErrorKind;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; for `run`, the job is COMPLETE.
    Done = 0,
    /// 1: the job failed, the manifest has defects, or the output breaks a rule.
    Failed = 1,
    /// 2: the command or its environment is at fault.
    Environment = 2,
}

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        /// The name of an error of this command, for scripts. Never renamed once released. Errors of the pipeline have
        /// names of their own: [`reelsmith_contract::ErrorName`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Name {
            /// Every name, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name as text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What the name means.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

names! {
    /// The command could not do its work; the text says why.
    CommandFailed;
    /// A file or folder cannot be read or written.
    FileUnusable;
    /// There is no checkout of reelsmith here.
    CheckoutMissing;
    /// ffmpeg, ffprobe, MiniStack, Terraform or another tool is missing or does not work.
    ToolMissing;
    /// The local stack is asked for and does not run.
    StackNotRunning;
    /// The environment named is neither `local`, `aws` nor a folder of terraform/environments.
    EnvironmentUnknown;
    /// Terraform does not give the outputs of the environment.
    TerraformFailed;
    /// No deployment of that name is where it is looked for.
    NotDeployed;
    /// A call to AWS, or to what stands in for it, failed.
    CallFailed;
    /// AWS is asked without credentials, or with ones that have lapsed.
    CredentialsMissing;
    /// No execution, job or title is known by what was given.
    JobUnknown;
    /// What was given fits more than one job.
    JobAmbiguous;
    /// The job is running, and what was asked needs one that has ended.
    JobRunning;
    /// The job has ended, and what was asked needs one that is running.
    JobEnded;
    /// The job has published nothing.
    NothingPublished;
    /// The job was not planned, and what was asked tells of the plan.
    NothingPlanned;
    /// The manifest was delivered, and no execution began.
    NotStarted;
    /// The manifest has defects, and what was asked needs one without.
    ManifestDefective;
    /// What a job wrote is not what this version reads.
    RecordUnreadable;
}

/// What did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Stable name.
    pub name: Name,
    /// What was being done, as `start the local stack`.
    pub action: String,
    /// Why it did not work: what was expected and what was found.
    pub why: String,
    /// What to do.
    pub remedy: String,
    /// How the command ends.
    pub exit: Exit,
}

impl Trouble {
    /// Trouble with the command or its environment.
    pub fn new(
        action: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            name: Name::CommandFailed,
            action: action.into(),
            why: why.into(),
            remedy: remedy.into(),
            exit: Exit::Environment,
        }
    }

    /// The same trouble under a name of its own.
    #[must_use]
    pub fn named(self, name: Name) -> Self {
        Self { name, ..self }
    }

    /// A file or folder that cannot be used.
    pub fn file(doing: &str, path: &Path, error: &dyn fmt::Display) -> Self {
        Self::new(
            format!("{doing} {}", path.display()),
            error.to_string(),
            "check that the path exists and that you may use it",
        )
        .named(Name::FileUnusable)
    }
}

impl From<CloudError> for Trouble {
    fn from(error: CloudError) -> Self {
        let (name, remedy) = if error.kind() == PortErrorKind::Unauthenticated {
            (
                Name::CredentialsMissing,
                "sign in (`aws sso login`, `aws configure`), name a profile with --profile, or start the local stack with \
                 `reelsmith up`",
            )
        } else {
            (
                Name::CallFailed,
                "locally: `reelsmith status` and .local/stack.log tell more, `reelsmith down` and `reelsmith up` start afresh; \
                 in AWS: compare the call with what your role may do",
            )
        };
        Self::new(error.action(), error.detail(), remedy).named(name)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: could not {}", self.name.as_str(), self.action)?;
        writeln!(f, "  why:   {}", indented(&self.why))?;
        write!(f, "  to do: {}", indented(&self.remedy))
    }
}

fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n         ")
}

impl std::error::Error for Trouble {}

#[cfg(test)]
mod tests {
    use reelsmith_core::ports::PortError;

    use super::*;

    #[test]
    fn it_reads_as_what_why_and_what_to_do() {
        let trouble = Trouble::new(
            "start the local stack",
            "expected a file\nfound none",
            "run it",
        );
        insta::assert_snapshot!(trouble, @r"
        CommandFailed: could not start the local stack
          why:   expected a file
                 found none
          to do: run it
        ");
    }

    #[test]
    fn a_call_without_credentials_is_told_from_one_that_failed() {
        let of = |kind| {
            let error = PortError::new(kind, "why");
            Trouble::from(CloudError::port("list the executions", error)).name
        };
        assert_eq!(of(PortErrorKind::Unauthenticated), Name::CredentialsMissing);
        assert_eq!(of(PortErrorKind::Unavailable), Name::CallFailed);
    }

    #[test]
    fn names_are_their_own_text_and_have_a_meaning() {
        for name in Name::ALL {
            assert_eq!(format!("{name:?}"), name.as_str());
            assert!(name.meaning().ends_with('.'), "{name:?}");
        }
    }
}
