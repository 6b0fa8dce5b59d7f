//! `reelsmith rules`: the conformance rules, listed and explained.

use clap::{Args, ValueEnum};
use reelsmith_conformance::{Clause, Profiles, Rule, registry};
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
    let mut profiles: Vec<String> = rule.clauses().map(|c| c.profile.to_string()).collect();
    let mut seen = std::collections::BTreeSet::new();
    profiles.retain(|p| seen.insert(p.clone()));
    format!("{:<7} {:<22}  {}", rule.id, profiles.join(","), rule.title)
}

fn explain(rule: &Rule) -> String {
    let clause = |c: &Clause| {
        let severity = c.level.severity();
        format!(
            "{:<10} {:<6}  {severity:<4}  {}",
            c.profile, c.level, c.text
        )
    };
    let mut lines = vec![format!("{}: {}\n\n{}\n", rule.id, rule.title, rule.doc)];
    lines.extend(rule.basis.iter().map(clause));
    for part in rule.parts {
        lines.push(format!("\nFor this part: {}", part.title));
        lines.extend(part.basis.iter().map(clause));
    }
    lines.join("\n")
}

fn as_json(rule: &Rule) -> Value {
    let parts = rule.parts.iter();
    let parts = parts.map(|p| json!({"title": p.title, "basis": p.basis}));
    json!({
        "id": rule.id,
        "title": rule.title,
        "doc": rule.doc,
        "severity": rule.severity(Profiles::REELSMITH),
        "basis": rule.basis,
        "parts": parts.collect::<Vec<_>>(),
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
                text.contains(rule.doc) && rule.clauses().all(|c| text.contains(c.text)),
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
