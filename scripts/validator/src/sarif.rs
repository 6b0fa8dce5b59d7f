//! The report as SARIF 2.1.0 (OASIS), which code scanning services read.

use std::collections::BTreeSet;

use reelsmith_conformance::{Location, Report, Rule, Severity, Violation, rule};
use serde_json::{Value, json};

/// One run with the rules that were applied and a result for each violation.
pub(crate) fn sarif(report: &Report, target: &str) -> String {
    let applied: Vec<&Rule> = report.rules.iter().filter_map(|r| rule(&r.rule)).collect();
    let index = |id: &str| applied.iter().position(|r| r.id == id);
    let results = report.violations.iter();
    let results: Vec<Value> = results.map(|v| result(v, index(&v.rule))).collect();
    let unjudged = report.not_judged();
    let notifications = unjudged.map(|(rule, reason)| {
        json!({
            "level": "note",
            "message": {"text": format!("{rule} was not judged: {reason}")},
            "associatedRule": {"id": rule},
        })
    });
    let notifications: Vec<Value> = notifications.collect();
    let run = json!({
        "tool": {"driver": {
            "name": "reelsmith-validate",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": applied.iter().map(|r| described(r)).collect::<Vec<_>>(),
        }},
        "invocations": [{
            "executionSuccessful": true,
            "toolExecutionNotifications": notifications,
        }],
        "automationDetails": {"id": format!("reelsmith-validate/{target}")},
        "properties": {"verdict": report.verdict, "profiles": report.profiles},
        "results": results,
    });
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn described(rule: &Rule) -> Value {
    let clauses: BTreeSet<&str> = rule.clauses().map(|c| c.text).collect();
    let clauses: Vec<&str> = clauses.into_iter().collect();
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.doc},
        "help": {"text": format!("{}\n\nClauses: {}", rule.doc, clauses.join("; "))},
    })
}

fn result(violation: &Violation, index: Option<usize>) -> Value {
    let level = match violation.severity {
        Severity::Fail => "error",
        Severity::Warn => "warning",
        Severity::Info => "note",
    };
    let (expected, found) = (&violation.expected, &violation.found);
    let mut result = json!({
        "ruleId": violation.rule,
        "level": level,
        "message": {"text": format!("expected {expected}, found {found}")},
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if !violation.path.is_empty() {
        let mut place = json!({"artifactLocation": {"uri": encoded(&violation.path)}});
        match violation.location {
            Some(Location::Line(line)) => place["region"] = json!({"startLine": line.max(1)}),
            Some(Location::Byte(byte)) => place["region"] = json!({"byteOffset": byte}),
            Some(Location::Segment(_)) | None => {}
        }
        let mut location = json!({"physicalLocation": place});
        if let Some(Location::Segment(number)) = violation.location {
            location["message"] = json!({"text": format!("segment {number}")});
        }
        result["locations"] = json!([location]);
    }
    result
}

/// A path as a relative URI reference (RFC 3986).
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => text += &format!("%{byte:02X}"),
        }
    }
    text
}
