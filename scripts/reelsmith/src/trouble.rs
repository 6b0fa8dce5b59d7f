//! Errors as an operator reads them: what did not work, why, and what to do.

use std::fmt;
use std::path::Path;

use reelsmith_aws::operate::CloudError;

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

/// What did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
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
            action: action.into(),
            why: why.into(),
            remedy: remedy.into(),
            exit: Exit::Environment,
        }
    }

    /// A file or folder that cannot be used.
    pub fn file(doing: &str, path: &Path, error: &dyn fmt::Display) -> Self {
        Self::new(
            format!("{doing} {}", path.display()),
            error.to_string(),
            "check that the path exists and that you may use it",
        )
    }
}

impl From<CloudError> for Trouble {
    fn from(error: CloudError) -> Self {
        Self::new(
            error.action,
            error.detail,
            "look at `reelsmith status` and at .local/stack.log; `reelsmith down` and `reelsmith up` start afresh",
        )
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "could not {}", self.action)?;
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
    use super::*;

    #[test]
    fn it_reads_as_what_why_and_what_to_do() {
        let trouble = Trouble::new(
            "start the local stack",
            "expected a file\nfound none",
            "run it",
        );
        insta::assert_snapshot!(trouble, @r"
        could not start the local stack
          why:   expected a file
                 found none
          to do: run it
        ");
    }
}
