//! `reelsmith rules`: the conformance rules, listed and explained.

use clap::{Args, ValueEnum};
use reelsmith_conformance::{Rule, RuleSet, Severity, registry};
use serde_json::{Value, json};

use crate::error::{CliError, CommandResult, Exit};
use crate::view::text::{self, say};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// An array of rules; one object if a rule is given.
    Json,
}

#[derive(Args, Clone, Debug)]
pub struct RulesArgs {
    /// A rule, for example HLS-P02, to explain with its reason and its clause. Default: list all rules.
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

pub fn run(args: &RulesArgs) -> CommandResult {
    say(&rules(args)?);
    Ok(Exit::Done)
}

fn rules(args: &RulesArgs) -> Result<String, CliError> {
    let one = args.rule.as_deref().map(find).transpose()?;
    Ok(match (one, args.format) {
        (Some(rule), Format::Text) => explain(rule),
        (Some(rule), Format::Json) => text::json(&as_json(rule)),
        (None, Format::Text) => registry().map(row).collect::<Vec<_>>().join("\n"),
        (None, Format::Json) => text::json(&registry().map(as_json).collect::<Vec<_>>()),
    })
}

fn find(id: &str) -> Result<&'static Rule, CliError> {
    let found = registry().find(|r| r.id.eq_ignore_ascii_case(id.trim()));
    found.ok_or_else(|| {
        let group = id.get(..3).unwrap_or_default();
        let similar =
            registry().filter(|r| r.id.get(..3).is_some_and(|g| g.eq_ignore_ascii_case(group)));
        let similar: Vec<&str> = similar.map(|r| r.id).collect();
        let expected = match similar.as_slice() {
            [] => "a rule of HLS, SEG, SUB, DSH, CMF, DLV or PIP, for example HLS-P02".to_owned(),
            some => format!("one of {}", some.join(", ")),
        };
        CliError::new(
            "explain a rule",
            format!("expected {expected}, found {id:?}"),
            "list all rules with `reelsmith rules`",
        )
    })
}

fn row(rule: &Rule) -> String {
    format!(
        "{:<7} {}  {:<8}  {}",
        rule.id, rule.severity, rule.set, rule.title
    )
}

fn explain(rule: &Rule) -> String {
    let severity = match rule.severity {
        Severity::Fail => "fail: an output that breaks the rule is not published",
        Severity::Warn => "warn: the output plays, but should be corrected",
        Severity::Info => "info",
    };
    let set = match rule.set {
        RuleSet::Standard => "standard: applies to all HLS and DASH",
        RuleSet::Pipeline => "pipeline: a promise of reelsmith, checked if the job is given",
    };
    format!(
        "{}: {}\n\n{}\n\nseverity  {severity}\nset       {set}\nclause    {}",
        rule.id, rule.title, rule.doc, rule.spec
    )
}

fn as_json(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "severity": rule.severity,
        "set": rule.set,
        "title": rule.title,
        "spec": rule.spec,
        "doc": rule.doc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rule: Option<&str>, format: Format) -> Result<String, CliError> {
        rules(&RulesArgs {
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
    fn a_rule_is_explained() {
        insta::assert_snapshot!(shown(Some("hls-p02"), Format::Text).unwrap());
        insta::assert_snapshot!(shown(Some("HLS-P02"), Format::Json).unwrap());
    }

    #[test]
    fn an_unknown_rule_is_refused_and_similar_ones_are_listed() {
        insta::assert_snapshot!(shown(Some("CMF-99"), Format::Text).unwrap_err());
        insta::assert_snapshot!(shown(Some("é"), Format::Text).unwrap_err());
    }
}
