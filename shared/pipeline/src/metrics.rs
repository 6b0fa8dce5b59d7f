//! The functions' own metrics, in CloudWatch's embedded metric format: a log line that CloudWatch turns into a metric.
//!
//! The dashboard (terraform/modules/monitoring) shows them; their namespace and dimensions are part of that agreement. A
//! local stack only logs them.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use reelsmith_contract::step::STEPS;
use serde_json::{Map, Value, json};

use crate::Invocation;

/// Namespace of every metric.
pub const NAMESPACE: &str = "reelsmith";

/// A metric: its name and its unit as CloudWatch knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Wall seconds of one invocation, by function.
    Seconds,
    /// Invocations that ended with an error, by the error's name.
    Failures,
    /// Bytes of the mezzanine that one invocation read, by function.
    BytesRead,
    /// Processor seconds of one invocation's encoder, by function.
    EncoderSeconds,
    /// What a job was estimated to cost, in US dollars.
    EstimatedUsd,
    /// The same for a minute of its programme.
    EstimatedUsdPerMinute,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 6] = [
        Self::Seconds,
        Self::Failures,
        Self::BytesRead,
        Self::EncoderSeconds,
        Self::EstimatedUsd,
        Self::EstimatedUsdPerMinute,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seconds => "Seconds",
            Self::Failures => "Failures",
            Self::BytesRead => "BytesRead",
            Self::EncoderSeconds => "EncoderSeconds",
            Self::EstimatedUsd => "EstimatedUsd",
            Self::EstimatedUsdPerMinute => "EstimatedUsdPerMinute",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Seconds | Self::EncoderSeconds => "Seconds",
            Self::Failures => "Count",
            Self::BytesRead => "Bytes",
            Self::EstimatedUsd | Self::EstimatedUsdPerMinute => "None",
        }
    }

    /// The dimension beside `Deployment`, where it has one.
    fn dimension(self) -> Option<&'static str> {
        match self {
            Self::Seconds | Self::BytesRead | Self::EncoderSeconds => Some("Function"),
            Self::Failures => Some("Error"),
            Self::EstimatedUsd | Self::EstimatedUsdPerMinute => None,
        }
    }
}

/// Which deployment and which function: what the metrics are told apart by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The deployment.
    pub deployment: String,
    /// The function's folder.
    pub function: String,
}

impl Place {
    /// From a deployed name, `{deployment}-{function}`; the whole name stands for both where it is another.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let parts = STEPS.iter().find_map(|step| {
            let deployment = name.strip_suffix(step.function)?.strip_suffix('-')?;
            Some((deployment, step.function))
        });
        let (deployment, function) = parts.unwrap_or((name, name));
        Self {
            deployment: deployment.to_owned(),
            function: function.to_owned(),
        }
    }
}

/// Writes metrics of one invocation; `value` of the metric's own dimension is ignored where it has none.
#[expect(
    clippy::disallowed_methods,
    reason = "the timestamp of a metric is a time of the wall clock"
)]
pub fn emit(invocation: &Invocation, metrics: &[(Metric, f64)], value: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = now.map_or(0, |n| n.as_millis());
    let mut out = std::io::stdout().lock();
    for (metric, amount) in metrics {
        let line = line(invocation, *metric, *amount, value, millis);
        // A metric that cannot be written is no reason for a job to fail.
        let _ = writeln!(out, "{line}");
    }
}

fn line(invocation: &Invocation, metric: Metric, amount: f64, value: &str, millis: u128) -> Value {
    let mut dimensions = vec!["Deployment"];
    let mut line = Map::new();
    line.insert("Deployment".into(), json!(invocation.place.deployment));
    if let Some(name) = metric.dimension() {
        dimensions.push(name);
        line.insert(name.into(), json!(value));
    }
    line.insert(metric.name().into(), json!(amount));
    line.insert("request_id".into(), json!(invocation.request_id));
    let declared = json!([{"Name": metric.name(), "Unit": metric.unit()}]);
    line.insert(
        "_aws".into(),
        json!({"Timestamp": u64::try_from(millis).unwrap_or_default(), "CloudWatchMetrics": [
            {"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": declared}
        ]}),
    );
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_metric_of_the_embedded_format() {
        let invocation = Invocation::of_test("r-1");
        let failed = line(
            &invocation,
            Metric::Failures,
            1.0,
            "EncoderFailed",
            1_700_000_000_000,
        );
        let expected = json!({
            "Deployment": "test", "Error": "EncoderFailed", "Failures": 1.0, "request_id": "r-1",
            "_aws": {"Timestamp": 1_700_000_000_000_u64, "CloudWatchMetrics": [{
                "Namespace": "reelsmith", "Dimensions": [["Deployment", "Error"]],
                "Metrics": [{"Name": "Failures", "Unit": "Count"}],
            }]},
        });
        assert_eq!(failed, expected);
        let cost = line(&invocation, Metric::EstimatedUsd, 1.25, "", 1);
        assert_eq!(
            cost["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            json!([["Deployment"]])
        );
    }

    #[test]
    fn a_place_is_read_from_the_deployed_name() {
        let place = Place::of("acme-vod-dev-transcode-chunk");
        assert_eq!(
            (place.deployment.as_str(), place.function.as_str()),
            ("acme-vod-dev", "transcode-chunk")
        );
        assert_eq!(Place::of("something").function, "something");
    }
}
