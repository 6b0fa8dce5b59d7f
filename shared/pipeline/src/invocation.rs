//! What a handler may know about its own invocation.

use std::time::Duration;

use reelsmith_contract::step::STEPS;

/// One invocation of a function.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub request_id: String,
    /// Name of the execution environment: its log stream.
    pub worker: String,
    pub function: DeployedFunction,
    /// Remaining time of the handler, measured at the start.
    pub remaining: Duration,
}

impl Invocation {
    /// An invocation for tests and tools, with one hour left.
    pub fn of_test(request_id: &str) -> Self {
        Self {
            request_id: request_id.to_owned(),
            worker: "test".to_owned(),
            function: DeployedFunction::parse("test"),
            remaining: Duration::from_secs(3_600),
        }
    }
}

/// A function of a deployment: the dimensions of its metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedFunction {
    pub deployment: String,
    /// The folder below `functions/`.
    pub name: String,
}

impl DeployedFunction {
    /// Splits a deployed name, `{deployment}-{function}`. If it does not end in a known function, the whole name is both.
    pub fn parse(deployed: &str) -> Self {
        let parts = STEPS.iter().find_map(|step| {
            let deployment = deployed.strip_suffix(step.function)?.strip_suffix('-')?;
            Some((deployment, step.function))
        });
        let (deployment, name) = parts.unwrap_or((deployed, deployed));
        Self {
            deployment: deployment.to_owned(),
            name: name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DeployedFunction;

    #[test]
    fn a_deployed_name_is_split_into_deployment_and_function() {
        let function = DeployedFunction::parse("acme-vod-dev-transcode-chunk");
        assert_eq!(
            (function.deployment.as_str(), function.name.as_str()),
            ("acme-vod-dev", "transcode-chunk")
        );
        assert_eq!(DeployedFunction::parse("something").name, "something");
    }
}
