//! The functions' own metrics, as log lines in the embedded metric format, which CloudWatch turns into metrics.
//!
//! The dashboard (terraform/modules/monitoring) shows them by namespace, name and dimensions. A local stack only logs them.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::Invocation;

/// Namespace of every metric.
pub const NAMESPACE: &str = "reelsmith";

/// A metric. The variant's name is the name in CloudWatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Wall-clock seconds of one invocation, by function.
    Seconds,
    /// Invocations that ended with an error, by error name.
    Failures,
    /// Bytes of the mezzanine that one invocation read, by function.
    BytesRead,
    /// Processor seconds of one invocation's encoder, by function.
    EncoderSeconds,
    /// Estimated cost of a job, in US dollars.
    EstimatedUsd,
    /// Estimated cost per minute of programme, in US dollars.
    EstimatedUsdPerMinute,
}

impl Metric {
    /// The unit in CloudWatch, and the dimension in addition to `Deployment`.
    fn unit_and_dimension(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Seconds | Self::EncoderSeconds => ("Seconds", Some("Function")),
            Self::Failures => ("Count", Some("Error")),
            Self::BytesRead => ("Bytes", Some("Function")),
            Self::EstimatedUsd | Self::EstimatedUsdPerMinute => ("None", None),
        }
    }
}

/// Writes metrics of one invocation. `value` is the value of the metric's own dimension; a metric without one ignores it.
#[expect(
    clippy::disallowed_methods,
    reason = "the timestamp of a metric is wall-clock time"
)]
pub fn emit(invocation: &Invocation, metrics: &[(Metric, f64)], value: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = now.map_or(0, |n| n.as_millis());
    let mut out = std::io::stdout().lock();
    for (metric, amount) in metrics {
        let line = line(invocation, *metric, *amount, value, millis);
        // A metric that cannot be written must not fail the job.
        let _ = writeln!(out, "{line}");
    }
}

fn line(invocation: &Invocation, metric: Metric, amount: f64, value: &str, millis: u128) -> Value {
    let name = format!("{metric:?}");
    let (unit, dimension) = metric.unit_and_dimension();
    let mut dimensions = vec!["Deployment"];
    dimensions.extend(dimension);
    let mut line = json!({
        "Deployment": invocation.function.deployment,
        "request_id": invocation.request_id,
        (name.as_str()): amount,
        "_aws": {
            "Timestamp": u64::try_from(millis).unwrap_or_default(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE, "Dimensions": [dimensions],
                "Metrics": [{"Name": name, "Unit": unit}],
            }],
        },
    });
    if let Some(dimension) = dimension {
        line[dimension] = json!(value);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_embedded_metric_format() {
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
}
