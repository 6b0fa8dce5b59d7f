//! `reelsmith rules`: the conformance rules, listed and explained.

use clap::{Args, ValueEnum};
use reelsmith_conformance::{Rule, RuleSet, registry};
use serde_json::{Value, json};

use crate::error::Trouble;

/// How rules are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// An array of rules; one object where a rule was named.
    Json,
}

/// Which rules to show.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// A rule, as HLS-P02: what it asks for, why, and where that is written. Without one, all are listed.
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
    /// How they are written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The rules as text or JSON.
///
/// # Errors
/// Where there is no such rule.
pub fn show(request: &Request) -> Result<String, Trouble> {
    let one = request.rule.as_deref().map(find).transpose()?;
    Ok(match (one, request.format) {
        (Some(rule), Format::Text) => explained(rule),
        (Some(rule), Format::Json) => pretty(&as_json(rule)),
        (None, Format::Text) => registry().map(row).collect::<Vec<_>>().join("\n"),
        (None, Format::Json) => pretty(&Value::Array(registry().map(as_json).collect())),
    })
}

fn find(id: &str) -> Result<&'static Rule, Trouble> {
    let found = registry().find(|r| r.id.eq_ignore_ascii_case(id.trim()));
    found.ok_or_else(|| {
        let group = id.get(..3).unwrap_or_default();
        let alike =
            registry().filter(|r| r.id.get(..3).is_some_and(|g| g.eq_ignore_ascii_case(group)));
        let alike: Vec<&str> = alike.map(|r| r.id).collect();
        let expected = match alike.as_slice() {
            [] => "a rule of HLS, SEG, SUB, DSH, CMF, DLV or PIP, as HLS-P02".to_owned(),
            some => format!("one of {}", some.join(", ")),
        };
        Trouble::new(
            "explain a rule",
            format!("expected {expected}, found {id:?}"),
            "`reelsmith rules` lists all of them",
        )
    })
}

fn set(rule: &Rule) -> &'static str {
    match rule.set {
        RuleSet::Standard => "standard",
        RuleSet::Pipeline => "pipeline",
    }
}

fn row(rule: &Rule) -> String {
    format!(
        "{:<7} {}  {:<8}  {}",
        rule.id,
        rule.severity.as_str(),
        set(rule),
        rule.title
    )
}

fn explained(rule: &Rule) -> String {
    let severity = match rule.severity.as_str() {
        "fail" => "fail: an output that breaks it is not published",
        "warn" => "warn: the output plays, but is not as it should be",
        other => other,
    };
    let set = match rule.set {
        RuleSet::Standard => "standard: holds for anybody's HLS and DASH",
        RuleSet::Pipeline => "pipeline: a promise of reelsmith; checked where the job is given",
    };
    format!(
        "{}: {}\n\n{}\n\nseverity  {severity}\nset       {set}\nclause    {}",
        rule.id, rule.title, rule.doc, rule.spec
    )
}

fn as_json(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "severity": rule.severity.as_str(),
        "set": set(rule),
        "title": rule.title,
        "spec": rule.spec,
        "doc": rule.doc,
    })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rule: Option<&str>, format: Format) -> Result<String, Trouble> {
        show(&Request {
            rule: rule.map(str::to_owned),
            format,
        })
    }

    #[test]
    fn every_rule_is_listed_once_and_can_be_explained() {
        let list = shown(None, Format::Text).unwrap();
        assert_eq!(list.lines().count(), registry().count());
        for rule in registry() {
            let text = shown(Some(rule.id), Format::Text).unwrap();
            assert!(
                text.contains(rule.doc) && text.contains(rule.spec),
                "{text}"
            );
            assert!(list.contains(rule.title));
        }
        let all: Vec<Value> = serde_json::from_str(&shown(None, Format::Json).unwrap()).unwrap();
        assert_eq!(all.len(), registry().count());
    }

    #[test]
    fn a_rule_explained() {
        insta::assert_snapshot!(shown(Some("hls-p02"), Format::Text).unwrap());
        insta::assert_snapshot!(shown(Some("HLS-P02"), Format::Json).unwrap());
    }

    #[test]
    fn an_unknown_rule_is_an_error_that_names_those_there_are() {
        insta::assert_snapshot!(shown(Some("CMF-99"), Format::Text).unwrap_err());
        insta::assert_snapshot!(shown(Some("é"), Format::Text).unwrap_err());
    }
}
